"""What goes with what: the partners of each model, and the defaults that depend on the rest of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adaseq.metainfo import DataCollators, Embedders, Hooks, Metrics, Models, Preprocessors, Tasks
from adaseq.registry import EMBEDDERS, Registry


@dataclass(frozen=True)
class Partners:
    """The components that a model works with.

    A model class of a user's own that is not derived from one of ours may have one as its attribute `partners`.

    Args:
        preprocessor: its preprocessor.
        data_collator: its data collator.
        metrics: its metrics by default.
        dumper: writes its predictions.
    """

    preprocessor: str
    data_collator: str
    metrics: tuple[str, ...]
    dumper: Mapping[str, Any]


_TAGGER = Partners(
    Preprocessors.SEQUENCE_LABELING,
    DataCollators.SEQUENCE_LABELING,
    (Metrics.NER,),
    {"type": Metrics.NER_DUMPER, "model_type": "sequence_labeling", "dump_format": "conll"},
)
PARTNERS = {Models.SEQUENCE_LABELING: _TAGGER}
MODEL_OF_TASK = {
    Tasks.NAMED_ENTITY_RECOGNITION: Models.SEQUENCE_LABELING,
    Tasks.PART_OF_SPEECH: Models.SEQUENCE_LABELING,
    Tasks.CHUNKING: Models.SEQUENCE_LABELING,
    Tasks.WORD_SEGMENTATION: Models.SEQUENCE_LABELING,
}

_EVALUATION_HOOK = {"type": Hooks.EVALUATION}
# Without an evaluation the last weights count as the best, so that hook is always there.
_HOOKS: tuple[dict[str, Any], ...] = (
    {"type": Hooks.ITER_TIMER},
    {"type": Hooks.BEST_CHECKPOINT},
    {"type": Hooks.TEXT_LOGGER, "interval": 50},
    {"type": Hooks.PROGRESS},
)
NEED_EVALUATION = frozenset({Hooks.EVALUATION, Hooks.EARLY_STOP})

# A backbone keeps what it knows only if it is trained slowly; a CRF has few parameters and starts from nothing.
_BACKBONE_LR = 5e-5
_CRF_LR = 5e-2
LR_SCHEDULER = {"type": "linear", "warmup_rate": 0.1}


def default_type(registry: Registry, block: Mapping[str, Any]) -> str | None:
    """The type of a block that names none; None if it must."""
    if registry is EMBEDDERS and block.get("model_name_or_path"):
        return Embedders.TRANSFORMER
    return None


def partners_of(model: str, component: type | None, task: str) -> Partners:
    """The partners of a model: those of its type, of a class that it is derived from, or of the task.

    Args:
        model: the type.
        component: its class, if it is known.
        task: the task.
    """
    if model in PARTNERS:
        return PARTNERS[model]
    own = getattr(component, "partners", None)
    if isinstance(own, Partners):
        return own
    return PARTNERS[MODEL_OF_TASK.get(task, Models.SEQUENCE_LABELING)]


def default_optimizer(model: Mapping[str, Any]) -> dict[str, Any]:
    """The optimizer where the configuration says nothing about it."""
    block: dict[str, Any] = {"type": "AdamW"}
    if is_pretrained(model) and model.get("type") == Models.SEQUENCE_LABELING and model.get("use_crf", True):
        block["param_groups"] = [{"regex": "crf", "lr": _CRF_LR}]
    return block


def default_lr(optimizer: str, model: Mapping[str, Any]) -> float | None:
    """The learning rate where none is given; None for that of the optimizer's class."""
    return _BACKBONE_LR if optimizer.startswith("Adam") and is_pretrained(model) else None


def is_pretrained(model: Mapping[str, Any]) -> bool:
    """Whether a model stands on a pretrained backbone."""
    embedder = model.get("embedder")
    return isinstance(embedder, Mapping) and embedder.get("type", Embedders.TRANSFORMER) == Embedders.TRANSFORMER


def default_hooks(has_evaluation: bool) -> list[dict[str, Any]]:
    """The hooks that every run has."""
    return [dict(each) for each in (*([_EVALUATION_HOOK] if has_evaluation else []), *_HOOKS)]
