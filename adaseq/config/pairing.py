"""What goes with what: the partners of each model, and the defaults that depend on the rest of the configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
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
        dumper: writes its predictions; None where there are none to write.
        score: the score by which the best model is chosen.
    """

    preprocessor: str
    data_collator: str
    metrics: tuple[str, ...]
    dumper: Mapping[str, Any] | None
    score: str = "f1"


_TAGGER = Partners(
    Preprocessors.SEQUENCE_LABELING,
    DataCollators.SEQUENCE_LABELING,
    (Metrics.NER,),
    {"type": Metrics.NER_DUMPER, "model_type": "sequence_labeling", "dump_format": "conll"},
)
_SPAN_DUMPER = {"type": Metrics.NER_DUMPER, "model_type": "span_based", "dump_format": "jsonline"}
_SPANS = Partners(
    Preprocessors.SPAN_EXTRACTION, DataCollators.SPAN_EXTRACTION, (Metrics.SPAN_EXTRACTION,), _SPAN_DUMPER
)
_WORD_PAIRS = Partners(
    Preprocessors.WORD_EXTRACTION, DataCollators.WORD_EXTRACTION, (Metrics.SPAN_EXTRACTION,), _SPAN_DUMPER
)
_TWOSTAGE = Partners(Preprocessors.TWOSTAGE, DataCollators.TWOSTAGE, (Metrics.SPAN_EXTRACTION,), _SPAN_DUMPER)
_RELATION = Partners(
    Preprocessors.RELATION_EXTRACTION,
    DataCollators.WHOLE_TEXT,
    (Metrics.RELATION_EXTRACTION,),
    {"type": Metrics.LABEL_DUMPER},
)
_TEXT = Partners(
    Preprocessors.TEXT_CLASSIFICATION,
    DataCollators.WHOLE_TEXT,
    (Metrics.TEXT_CLASSIFICATION,),
    {"type": Metrics.LABEL_DUMPER},
)
_SPAN_TYPING = Partners(
    Preprocessors.SPAN_TYPING,
    DataCollators.SPAN_TYPING,
    (Metrics.TYPING,),
    {"type": Metrics.TYPING_DUMPER},
)
_CONCAT_TYPING = replace(
    _SPAN_TYPING, preprocessor=Preprocessors.CONCAT_TYPING, data_collator=DataCollators.CONCAT_TYPING
)
_PRETRAINING = Partners(Preprocessors.PRETRAINING, DataCollators.PRETRAINING, (Metrics.PRETRAINING,), _SPAN_DUMPER)
_MASKED_LANGUAGE = Partners(
    Preprocessors.MASKED_LANGUAGE, DataCollators.MASKED_LANGUAGE, (Metrics.MASKED_LANGUAGE,), None, "accuracy"
)
PARTNERS = {
    Models.SPAN_TYPING: _SPAN_TYPING,
    Models.CONCAT_TYPING: _CONCAT_TYPING,
    Models.CONCAT_TYPING_MCCE: replace(_CONCAT_TYPING, preprocessor=Preprocessors.CONCAT_TYPING_MCCE),
    Models.SEQUENCE_LABELING: _TAGGER,
    Models.BIAFFINE_NER: _SPANS,
    Models.GLOBAL_POINTER: _SPANS,
    Models.W2NER: _WORD_PAIRS,
    Models.TWOSTAGE_NER: _TWOSTAGE,
    Models.PRETRAINING: _PRETRAINING,
    Models.MASKED_LANGUAGE: _MASKED_LANGUAGE,
    Models.RELATION_EXTRACTION: _RELATION,
    Models.TEXT_CLASSIFICATION: _TEXT,
}
MODEL_OF_TASK = {
    Tasks.NAMED_ENTITY_RECOGNITION: Models.SEQUENCE_LABELING,
    Tasks.PART_OF_SPEECH: Models.SEQUENCE_LABELING,
    Tasks.CHUNKING: Models.SEQUENCE_LABELING,
    Tasks.WORD_SEGMENTATION: Models.SEQUENCE_LABELING,
    Tasks.RELATION_EXTRACTION: Models.RELATION_EXTRACTION,
    Tasks.TEXT_CLASSIFICATION: Models.TEXT_CLASSIFICATION,
    Tasks.ENTITY_TYPING: Models.SPAN_TYPING,
    Tasks.PRETRAINING: Models.MASKED_LANGUAGE,
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
# What learns fast in a model that stands on a backbone: the parts that start from nothing.
_HEADS: dict[str, tuple[str, float]] = {
    Models.SEQUENCE_LABELING: ("crf", _CRF_LR),
    Models.BIAFFINE_NER: ("^scorer", 1e-3),
    Models.GLOBAL_POINTER: ("^scorer", 1e-3),
    Models.W2NER: ("^(encoder|scorer)", 1e-3),
    Models.TWOSTAGE_NER: ("^crf", _CRF_LR),
    Models.PRETRAINING: ("^crf", _CRF_LR),
}
# Adapters start from nothing too.
_ADAPTER_LR = 5e-4
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
    groups = []
    head = _HEADS.get(str(model.get("type")))
    if _is_stacked(model) and any(_is_trained_backbone(each) for each in leaves(model.get("embedder"))):
        groups.append({"regex": "transformer_model", "lr": _BACKBONE_LR})
    elif is_pretrained(model) and head is not None and model.get("use_crf", True):
        regex, lr = head
        groups.append({"regex": regex, "lr": lr})
    return {**block, "param_groups": groups} if groups else block


def default_lr(optimizer: str, model: Mapping[str, Any]) -> float | None:
    """The learning rate where none is given; None for that of the optimizer's class."""
    if not optimizer.startswith("Adam") or not is_pretrained(model):
        return None
    return _ADAPTER_LR if model["embedder"].get("peft") else _BACKBONE_LR


def is_pretrained(model: Mapping[str, Any]) -> bool:
    """Whether a model as a whole stands on a pretrained backbone that is trained; a stack has other parts beside it."""
    return not _is_stacked(model) and _is_trained_backbone(model.get("embedder"))


def _is_stacked(model: Mapping[str, Any]) -> bool:
    embedder = model.get("embedder")
    return isinstance(embedder, Mapping) and embedder.get("type") == Embedders.STACKED


def _is_trained_backbone(embedder: Any) -> bool:
    """Whether an embedder's block is one of a backbone that is not frozen."""
    return is_backbone(embedder) and embedder.get("train_parameters") is not False


def is_backbone(embedder: Any) -> bool:
    """Whether an embedder's block is one of a backbone.

    Args:
        embedder: the block.
    """
    return isinstance(embedder, Mapping) and embedder.get("type", Embedders.TRANSFORMER) == Embedders.TRANSFORMER


def leaves(embedder: Any) -> Iterator[Any]:
    """The embedders that a stack is made of in the end.

    Args:
        embedder: the block.
    """
    parts = embedder.get("embedders") if isinstance(embedder, Mapping) else None
    if isinstance(parts, list):
        for part in parts:
            yield from leaves(part)
    else:
        yield embedder


def default_hooks(has_evaluation: bool, score: str = "f1") -> list[dict[str, Any]]:
    """The hooks that every run has.

    Args:
        has_evaluation: whether there is an evaluation.
        score: the score by which the best model is chosen.
    """
    hooks = [dict(each) for each in (*([_EVALUATION_HOOK] if has_evaluation else []), *_HOOKS)]
    if score != "f1":
        next(each for each in hooks if each["type"] == Hooks.BEST_CHECKPOINT)["metric_key"] = score
    return hooks
