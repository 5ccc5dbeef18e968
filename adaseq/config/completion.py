"""The components of a configuration: checked, partners chosen, defaults filled in."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from adaseq import metainfo
from adaseq.config.components import Catalogue, check_component, find_class
from adaseq.config.document import Document, Place, plain
from adaseq.config.pairing import (
    LR_SCHEDULER,
    MODEL_OF_TASK,
    NEED_EVALUATION,
    PARTNERS,
    Partners,
    default_hooks,
    default_lr,
    default_optimizer,
    partners_of,
)
from adaseq.config.problems import shown
from adaseq.config.sections import OptimizerExtras, ParameterGroup, SchedulerExtras
from adaseq.config.signatures import Signature
from adaseq.config.validation import INVALID, Section, check_value, unknown_key
from adaseq.metainfo import Models
from adaseq.registry import (
    DATA_COLLATORS,
    HOOKS,
    LR_SCHEDULERS,
    METRICS,
    MODELS,
    OPTIMIZERS,
    PREPROCESSORS,
    TRAINERS,
    Registry,
)
from adaseq.utils.safe_regex import SafePattern, UnsafePattern

Block = dict[str, Any]


class Components:
    """Checks the components of a configuration and completes them.

    Args:
        document: is told what is wrong. Values that are no components at all have been reported before and are passed
            over.
        catalogue: where the components' signatures come from.
    """

    def __init__(self, document: Document, catalogue: Catalogue) -> None:
        self._document = document
        self._catalogue = catalogue
        task = document.data.get("task")
        self._task = task if isinstance(task, str) else ""
        self._has_evaluation = document.data.get("evaluation", {}) is not None

    def check(self) -> dict[str, Any]:
        """Check everything.

        Returns:
            The components by the names of their keys, with all their arguments; None for one that is wrong.
        """
        block = self._block(("model",), {})
        model_type = (block or {}).get("type") or MODEL_OF_TASK.get(self._task, Models.SEQUENCE_LABELING)
        is_given = block is not None and "model" in self._document.data
        model = self._component(MODELS, {**(block or {}), "type": model_type}, ("model",)) if is_given else None
        partners = self._partners(model_type, is_right=model is not None)
        trainer = self._document.at(("train", "trainer"))
        if isinstance(trainer, (str, int)) and trainer not in vars(metainfo.Trainers).values():
            self._catalogue.find(self._document, TRAINERS, trainer, ("train", "trainer"))
        preprocessor = self._partner(PREPROCESSORS, "preprocessor", partners.preprocessor, model_type, model)
        self._check_views(model or {}, preprocessor or {})
        return {
            "model": model,
            "preprocessor": preprocessor,
            "data_collator": self._partner(DATA_COLLATORS, "data_collator", partners.data_collator, model_type),
            "optimizer": self._optimizer(model or block or {}),
            "lr_scheduler": self._scheduler(),
            "hooks": self._hooks(partners.score),
            "metrics": self._metrics(partners),
        }

    def _component(
        self, registry: Registry, block: Mapping[str, Any], path: Place, other_keys: Collection[str] = ()
    ) -> Block | None:
        return check_component(self._document, registry, dict(block), path, other_keys, self._catalogue)

    def _partners(self, model_type: str, is_right: bool) -> Partners:
        is_own = is_right and model_type not in PARTNERS
        model_class = find_class(self._document, MODELS, model_type, ("model", "type")) if is_own else None
        return partners_of(model_type, model_class, self._task)

    def _partner(
        self, registry: Registry, section: str, partner: str, model: str, arguments: Block | None = None
    ) -> Block | None:
        block = self._block((section,), {})
        if block is None:
            return None
        if (arguments or {}).get("multiview") and model in PARTNERS:
            block.setdefault("return_original_view", True)
        given = block.setdefault("type", partner)
        known = [getattr(each, section) for each in PARTNERS.values()]
        if given != partner and given in known and model in PARTNERS:
            message = f"received {shown(given)}, which does not fit the model '{model}'; it works with '{partner}'"
            is_name = isinstance(self._document.at((section,)), str)
            self._document.report((section,) if is_name else (section, "type"), message)
            return None
        return self._component(registry, block, (section,))

    def _check_views(self, model: Mapping[str, Any], preprocessor: Mapping[str, Any]) -> None:
        """Whether the preprocessor makes what a model with several views, or with chunks of context, reads."""
        if (
            model.get("multiview")
            and "return_original_view" in preprocessor
            and not preprocessor["return_original_view"]
        ):
            self._document.report(
                ("preprocessor", "return_original_view"),
                f"received {shown(preprocessor['return_original_view'])}; model.multiview: true needs it to be true, so that there "
                "is a view without the context words",
            )
        has_chunks = preprocessor.get("chunk_size") is not None
        if model.get("chunk") and "chunk_size" in preprocessor and not has_chunks:
            self._document.report(("model", "chunk"), "needs the context in chunks: set preprocessor.chunk_size")
        if has_chunks and "chunk" in model and not model["chunk"]:
            self._document.report(
                ("preprocessor", "chunk_size"),
                "cuts the context into chunks, which only a model with chunk: true reads",
            )

    def _optimizer(self, model: Mapping[str, Any]) -> Block | None:
        path: Place = ("train", "optimizer")
        block = self._block(path, default_optimizer(model))
        if block is None:
            return None
        block.setdefault("type", "AdamW")
        lr = default_lr(str(block["type"]), model)
        if "lr" not in block and lr is not None:
            block["lr"] = lr
        optimizer, extras = self._with_extras(OPTIMIZERS, block, path, OptimizerExtras)
        known = self._catalogue.find(Document(), OPTIMIZERS, block["type"], ())
        groups = extras.get("param_groups", block.get("param_groups"))
        for index, group in enumerate(groups if isinstance(groups, list) else []):
            if isinstance(group, dict):
                self._check_group(group, known, (*path, "param_groups", index))
        return optimizer and {**optimizer, **extras}

    def _check_group(self, group: Block, known: Signature | None, place: Place) -> None:
        own = ParameterGroup.model_fields
        for name, value in group.items():
            if known and name in known.arguments:
                group[name] = plain(
                    check_value(known.arguments[name].annotation, value, self._document, (*place, name))
                )
            elif known and name not in own:
                allowed = sorted({*own, *known.arguments})
                self._document.report((*place, name), unknown_key(name, allowed), at_key=True)
        regex = group.get("regex")
        if regex == [] or regex == "":
            self._document.report((*place, "regex"), f"received {shown(regex)}; expected which parameters are meant")
        for number, pattern in enumerate(regex if isinstance(regex, list) else [regex]):
            where: Place = (*place, "regex", number) if isinstance(regex, list) else (*place, "regex")
            try:
                SafePattern(pattern if isinstance(pattern, str) else "")
            except UnsafePattern as error:
                self._document.report(where, f"the expression {shown(pattern)} is refused: {error}")
            except re.error as error:
                self._document.report(where, f"{shown(pattern)} is no regular expression: {error}")

    def _scheduler(self) -> Block | None:
        path: Place = ("train", "lr_scheduler")
        block = self._block(path, LR_SCHEDULER)
        if block is None:
            return None
        block.setdefault("type", LR_SCHEDULER["type"])
        scheduler, extras = self._with_extras(LR_SCHEDULERS, block, path, SchedulerExtras)
        if extras.get("warmup_rate") and extras.get("warmup_steps"):
            self._document.report((*path, "warmup_steps"), "give it or warmup_rate, not both", at_key=True)
        return scheduler and {**scheduler, **extras}

    def _with_extras(
        self, registry: Registry, block: Block, path: Place, extras: type[Section]
    ) -> tuple[Block | None, Block]:
        """Check a component whose block has keys that are not for its constructor; the two sorts come back apart."""
        own = {key: value for key, value in block.items() if key in extras.model_fields}
        checked_own = check_value(extras, own, self._document, path)
        checked = self._component(registry, block, path, extras.model_fields)
        return checked, {} if checked_own is INVALID else checked_own.model_dump(exclude_none=True)

    def _hooks(self, score: str) -> list[Block | None]:
        path: Place = ("train", "hooks")
        listed = self._document.at(path)
        places = [(*path, index) for index in range(len(listed) if isinstance(listed, list) else 0)]
        given = [(block, place) for place in places if (block := self._block(place, {})) is not None]
        merged: list[tuple[Block, Place]] = []
        for default in default_hooks(self._has_evaluation, score):
            own = next((each for each in given if each[0].get("type") == default["type"]), ({}, path))
            merged.append(({**default, **own[0]}, own[1]))
        taken = [place for _, place in merged]
        merged += [each for each in given if each[1] not in taken]
        for block, place in merged:
            if not self._has_evaluation and block.get("type") in NEED_EVALUATION:
                self._document.report(
                    place, f"{block['type']} needs an evaluation, which 'evaluation: null' switches off"
                )
        return [self._component(HOOKS, block, place) for block, place in merged]

    def _metrics(self, partners: Partners) -> list[Block | None]:
        if not self._has_evaluation:
            return []
        path: Place = ("evaluation", "metrics")
        given = self._document.at(path)
        if given is None:
            blocks: list[tuple[Block, Place]] = [({"type": name}, path) for name in partners.metrics]
        else:
            places = [(*path, index) for index in range(len(given))] if isinstance(given, list) else [path]
            blocks = [(block, place) for place in places if (block := self._block(place, {})) is not None]
        metrics = [self._component(METRICS, block, place) for block, place in blocks]
        if partners.dumper and not any(each and self._catalogue.is_dumper(each["type"]) for each in metrics):
            metrics.append(self._component(METRICS, partners.dumper, path))
        return metrics

    def _block(self, path: Place, default: Mapping[str, Any]) -> Block | None:
        """A copy of the block at a path; the default if there is none; None, with a report, for what is no block."""
        value = self._document.at(path)
        if value is None:
            return dict(default)
        if isinstance(value, str):
            return {"type": value}
        if not isinstance(value, dict):
            message = f"received {shown(value, path)}; expected a component: its name, or a mapping with 'type'"
            self._document.report(path, message)
            return None
        if not isinstance(value.get("type"), (str, type(None))):
            self._document.report((*path, "type"), f"received {shown(value['type'])}; expected the name of a component")
            return None
        return {key: each for key, each in value.items() if key != "type" or each is not None}
