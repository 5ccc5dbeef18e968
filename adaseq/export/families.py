"""How each family of models is exported: what its graph computes, and what numpy has to know to decode that.

What is not here cannot be exported; `WHY_NOT` says why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import Tensor

from adaseq.errors import ModelError
from adaseq.metainfo import Models
from adaseq.models.base import Batch, Model
from adaseq.models.biaffine_ner import BiaffineNerModel
from adaseq.models.global_pointer import GlobalPointerModel
from adaseq.models.multilabel_span_typing import MultiLabelSpanTypingModel
from adaseq.models.relation_extraction import RelationExtractionModel
from adaseq.models.sequence_labeling import SequenceLabelingModel
from adaseq.models.text_classification import TextClassificationModel
from adaseq.registry import MODELS

WHY_NOT = {
    Models.W2NER: "its convolutions run over grids of all pairs of words, which for long texts would not fit into memory in one graph",
    Models.TWOSTAGE_NER: "which mentions its second stage types is known only when the first one has decoded its tags",
    Models.CONCAT_TYPING: "its sequences depend on mentions in ways that the runtime does not encode yet",
    Models.CONCAT_TYPING_MCCE: "its attention masks depend on the candidates of each mention",
    Models.PRETRAINING: "its types are asked for when it predicts",
    Models.MASKED_LANGUAGE: "it only trains backbones for other models",
}


@dataclass
class Plan:
    """How a model is exported.

    Attributes:
        family: the name of what decodes its outputs.
        outputs: computes them from a batch.
        facts: what else the runtime must know.
        arrays: the same, where it is arrays.
        is_by_word: whether the outputs of a word depend on its vector alone, and are thus those of its window.
        needs: the arrays of a batch that the outputs are computed from, beside the tokens.
    """

    family: str
    outputs: Callable[[Batch], tuple[Tensor, ...]]
    facts: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    is_by_word: bool = False
    needs: tuple[str, ...] = ()


def plan_for(model: Model) -> Plan:
    """How a model is exported.

    Raises:
        ModelError: it cannot be; says why.
    """
    for cls, make in _PLANS.items():
        if type(model) is cls:
            plan = make(model)
            plan.facts["labels"] = _labels(model)
            return plan
    name = next((each for each in MODELS.names() if MODELS.get(each) is type(model)), type(model).__name__)
    why = WHY_NOT.get(name, "nothing is known of what it computes")
    able = sorted(each for each in MODELS.names() if MODELS.get(each) in _PLANS)
    raise ModelError(f"a {name} cannot be exported: {why}. These models can: {', '.join(able)}")


def _tagger(model: Any) -> Plan:
    if model.chunk:
        raise ModelError("a tagger with model.chunk cannot be exported: how a sentence is cut depends on its context")
    arrays = {}
    if model.use_crf:
        crf = model.crf
        arrays = {
            "start": _array(crf.start_transitions),
            "end": _array(crf.end_transitions),
            "transitions": _array(crf.transitions),
        }
        if crf.constraints is not None:
            for name in ("start", "end", "transitions"):
                arrays[f"allowed_{name}"] = _array(getattr(crf, f"allowed_{name}"))
    return Plan(
        "tagger",
        lambda batch: (model.emissions(batch)[0],),
        {"tag_scheme": model.tag_scheme, "use_crf": model.use_crf},
        arrays,
        is_by_word=model.encoder is None,
    )


def _biaffine(model: Any) -> Plan:
    facts = {"is_exclusive": not model.multi_label, "nesting": "flat" if model.flat_ner else "nested"}
    return Plan(
        "biaffine",
        lambda batch: tuple(each for each in model.vectors(*model.words(batch)) if each is not None),
        facts,
        {"biaffine": _array(model.scorer.biaffine.weight), "lengths": _array(model.scorer.length_scores())},
        needs=("label_positions", "label_mask"),
    )


def _pointer(model: Any) -> Plan:
    return Plan(
        "pointer",
        lambda batch: tuple(model.vectors(*model.words(batch))),
        {"is_exclusive": False, "nesting": "flat" if model.flat_ner else "any"},
        needs=("label_positions", "label_mask"),
    )


def _text(model: Any) -> Plan:
    return Plan(
        "text",
        lambda batch: (model.scores(batch),),
        {"multi_label": model.multi_label, "class_threshold": model.class_threshold},
        needs=("text_mask", "summary_mask"),
    )


def _relation(model: Any) -> Plan:
    needs = ("entities",) if model.pooling is None else ("entities", "text_mask", "summary_mask")
    return Plan("relation", lambda batch: (model.scores(batch),), needs=needs)


def _typing(model: Any) -> Plan:
    facts = {"class_threshold": float(model.threshold), "fewest_types": model.fewest_types}
    return Plan("typing", lambda batch: (model.type_scores(batch),), facts, needs=("mentions",))


_PLANS: dict[type[Model], Callable[[Any], Plan]] = {
    SequenceLabelingModel: _tagger,
    BiaffineNerModel: _biaffine,
    GlobalPointerModel: _pointer,
    TextClassificationModel: _text,
    RelationExtractionModel: _relation,
    MultiLabelSpanTypingModel: _typing,
}


def _labels(model: Model) -> list[str]:
    names: dict[int, str] = model.id_to_label  # type: ignore[assignment]
    return [names[number] for number in range(len(names))]


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()
