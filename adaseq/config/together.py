"""What the components of a configuration ask of each other; found out with their classes, once each of them is right.

The classes are reached through the registries alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from adaseq.config.dataset_blocks import dataset_blocks
from adaseq.config.document import Document, Place
from adaseq.config.pairing import is_backbone, leaves
from adaseq.config.problems import listed, shown
from adaseq.errors import AdaSeqError, MissingError, nearest
from adaseq.metainfo import Hooks
from adaseq.registry import HOOKS, LR_SCHEDULERS, METRICS, MODELS, OPTIMIZERS, PREPROCESSORS

Block = Mapping[str, Any]

_WATCHING = (Hooks.BEST_CHECKPOINT, Hooks.EARLY_STOP)


def check_together(document: Document, components: Mapping[str, Any], check_files: bool) -> None:
    """Report what does not go together.

    Args:
        document: is told what is wrong.
        components: the checked components by the names of their keys, with all their arguments.
        check_files: report what a component needs and is not there.
    """
    _check_training_data(document)
    model, optimizer, metrics = components["model"], components["optimizer"], components["metrics"]
    preprocessor = components["preprocessor"]
    before = len(document.problems)
    _try(document, ("model",), lambda: MODELS.try_out(model, preprocessor), check_files)
    _try(document, ("preprocessor",), lambda: PREPROCESSORS.try_out(preprocessor, model))
    has_backbone = any(is_backbone(each) for each in leaves(model.get("embedder")))
    if optimizer.get("layer_decay") not in (None, 1) and not has_backbone:
        document.report(("train", "optimizer", "layer_decay"), "the model has no backbone with layers; leave it out")
    _try(document, ("train", "optimizer"), lambda: OPTIMIZERS.try_out(optimizer))
    if len(document.problems) == before:
        schedule = components["lr_scheduler"]
        _try(document, ("train", "lr_scheduler"), lambda: LR_SCHEDULERS.try_out(schedule, optimizer))
    _check_outputs(document, components["hooks"])
    if document.data.get("evaluation", {}) is not None:
        _check_metrics(document, metrics, model)
        _check_watched(document, metrics, components["hooks"])


def _check_training_data(document: Document) -> None:
    """Whether some corpus can have training data, as far as that is seen without reading any."""
    blocks = dataset_blocks(document)
    named = [block["data_file"] for _, block in blocks if "data_file" in block]
    if named and len(named) == len(blocks) and not any(_names_training_data(each) for each in named):
        message = f"received {shown(named[0])}, in which no 'train' names a file: there is nothing to train on"
        document.report((*blocks[0][0], "data_file"), message, at_key=True)


def _names_training_data(data_file: Any) -> bool:
    return bool(data_file.get("train") if isinstance(data_file, Mapping) else data_file)


def _try(document: Document, path: Place, trial: Callable[[], None], check_files: bool = True) -> None:
    try:
        trial()
    except AdaSeqError as error:
        if isinstance(error.__cause__, MissingError) and not check_files:
            return
        message = str(error).removeprefix(f"{'.'.join(map(str, path))}: ")
        document.report((*path, *getattr(error, "place", ())), message, at_key=True)


def _check_metrics(document: Document, metrics: Sequence[Block], model: Block) -> None:
    """Whether the metrics can read what the model predicts."""
    component = MODELS.get(model["type"])
    predicted: frozenset[str] = getattr(component, "predicts", frozenset())
    built = [_built(block) for block in metrics]
    tuning = next((each for each in built if getattr(each, "tunes_threshold", False)), None)
    for number, (block, metric) in enumerate(zip(metrics, built, strict=True)):
        place = _place_of_metric(document, number)
        reads: frozenset[str] = getattr(metric, "reads", frozenset())
        if reads and predicted and not reads & predicted:
            fitting = [name for name in METRICS.names() if getattr(METRICS.get(name), "reads", set()) & predicted]
            document.report(
                place,
                f"{block['type']} reads {listed(sorted(reads))} of predictions, which a '{model['type']}' does not make; choose "
                f"among {listed(fitting)}",
            )
        is_scorer = not hasattr(metric, "write")
        if tuning is not None and metric is not tuning and is_scorer and reads & tuning.reads:
            names = (block["type"], next(b["type"] for b, each in zip(metrics, built, strict=True) if each is tuning))
            document.report(
                place, f"{names[0]} cannot stand beside {names[1]}, which gives the same scores; leave one out"
            )
    if tuning is not None and model.get("top_k", -1) > 0:
        document.report(
            ("model", "top_k"),
            f"received {shown(model['top_k'])}, which predicts so many types whatever their probability: there is no threshold for "
            "a metric to tune",
        )


def _check_watched(document: Document, metrics: Sequence[Block], hooks: Sequence[Block]) -> None:
    """Whether there are the scores that hooks and schedules watch."""
    watched: list[tuple[str, Place]] = []
    given = document.at(("train", "hooks")) or []
    for block in hooks:
        if block["type"] in _WATCHING:
            numbers = [
                n for n, each in enumerate(given) if isinstance(each, dict) and each.get("type") == block["type"]
            ]
            place: Place = ("train", "hooks", numbers[0], "metric_key") if numbers else ("evaluation", "metrics")
            watched.append((block["metric_key"], place))
    plateau = document.at(("train", "lr_scheduler_hook"))
    if isinstance(plateau, dict) and "metric_key" in plateau:
        watched.append((plateau["metric_key"], ("train", "lr_scheduler_hook", "metric_key")))
    built = [_built(block) for block in metrics]
    for name, place in watched:
        # Where there are several corpora, each has scores of its own.
        key = name.rpartition("/")[2] if document.at(("dataset", "corpora")) else name
        if not any(isinstance(each, type) or each.may_give(key) for each in built):
            known = [
                key for each in built for key, value in each.compute([]).items() if isinstance(value, (int, float))
            ]
            there = f"{nearest(name, known) or ';'} there are: {listed(known)}" if known else ""
            document.report(place, f"watches the score {shown(name)}, which no metric gives{there}")


def _check_outputs(document: Document, hooks: Sequence[Block]) -> None:
    """Whether each hook writes files and folders of its own; folders are replaced with all that is in them."""
    writers: dict[PurePath, str] = {}
    for block in hooks:
        if HOOKS.get(block["type"]).__module__.startswith("adaseq."):
            for name in map(PurePath, HOOKS.build(block).outputs):
                taken = next((each for each in writers if each in (name, *name.parents) or name in each.parents), None)
                if taken is not None:
                    message = (
                        f"{block['type']} writes {name}, and {writers[taken]} {taken}; give one of them another name"
                    )
                    document.report(("train", "hooks"), message, at_key=True)
                writers[name] = block["type"]


def _built(block: Block) -> Any:
    """A metric; of one of a user's own only the class, since building it may do anything."""
    component = METRICS.get(block["type"])
    return METRICS.build(block) if component.__module__.startswith("adaseq.") else component


def _place_of_metric(document: Document, number: int) -> Place:
    path: Place = ("evaluation", "metrics")
    given = document.at(path)
    return (*path, number) if isinstance(given, list) and number < len(given) else path
