"""From the checked configuration to connected components: who supplies what to whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from adaseq.data.data_collators.base import DataCollator
from adaseq.data.inputs.base import InputEncoder
from adaseq.data.inputs.words import WordInput
from adaseq.data.preprocessors.base import Preprocessor, folder_of_part
from adaseq.metainfo import Embedders, Inputs
from adaseq.models.base import Model
from adaseq.modules.embedders.base import Embedder
from adaseq.registry import DATA_COLLATORS, EMBEDDERS, INPUTS, LOSSES, MODELS, PREPROCESSORS

Block = Mapping[str, Any]


def build_preprocessor(
    preprocessor: Block, model: Block, labels: list[str], folder: Path | None = None, **supplied: Any
) -> Preprocessor:
    """The preprocessor of a configuration, which makes all that the embedder reads.

    Of the embedders of a stack, the first with a backbone, or else the first with a vocabulary, reads the pieces or words
    that every preprocessor encodes; each of the others has an input encoder of its own.

    Args:
        preprocessor: the section `preprocessor`.
        model: the section `model`; its embedder names the backbone whose tokenizer is used.
        labels: the label types of the data.
        folder: the model folder that is loaded; None when a model is built anew.
        supplied: what else the data says: `one_label_per_word`, `text_splitter`.
    """
    block, leaves = input_blocks(model)
    built: Preprocessor = PREPROCESSORS.build(
        preprocessor,
        labels=labels,
        model_dir=block.get("model_dir"),
        is_word2vec=block["type"] != Inputs.PIECES,
        multi_label=bool(model.get("multi_label")),
        **supplied,
    )
    inputs: dict[str, InputEncoder] = {}
    for name, each in leaves.items():
        inputs[name] = _build_input(each, built)
        if folder is not None:
            inputs[name].load(folder_of_part(folder, name))
    words = _build_input(block, built) if block["type"] == Inputs.WORDS else None
    built.connect(inputs, words if isinstance(words, WordInput) else None)
    return built


def input_blocks(model: Block) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The blocks of the input encoders of a configuration: what every preprocessor encodes; and the others, by their places.

    Args:
        model: the section `model`.
    """
    inputs = {
        ".".join(map(str, numbers)): class_of_embedder(block).input_block(block)
        for numbers, block in leaves(model.get("embedder") or {})
    }
    kinds = [each["type"] for each in inputs.values()]
    kind = next((each for each in (Inputs.PIECES, Inputs.WORDS) if each in kinds), None)
    if kind is None:
        return {"type": Inputs.WORDS}, inputs
    return inputs.pop(list(inputs)[kinds.index(kind)]), inputs


def build_model(
    model: Block, preprocessor: Preprocessor, class_counts: Callable[[], list[int] | None] | None = None
) -> Model:
    """The model of a configuration, for the tags and the vocabulary of a preprocessor.

    Args:
        model: the section `model`.
        preprocessor: its preprocessor, fitted.
        class_counts: counts the classes in the training data; called only for a loss that asks for them.
    """
    supplied: dict[str, Any] = {
        "labels": preprocessor.labels,
        "id_to_label": getattr(preprocessor, "id_to_label", None),
        "tag_scheme": getattr(preprocessor, "tag_scheme", None),
        "vocabulary": preprocessor.vocabulary.words if preprocessor.vocabulary else None,
        "num_pieces": preprocessor.num_pieces,
        "label_pieces": getattr(preprocessor, "label_pieces", None),
        "prompt_pieces": getattr(preprocessor, "prompt_pieces", None),
        "asked_pieces": getattr(preprocessor, "asked_pieces", None),
        "mask_piece": getattr(preprocessor, "mask_piece", None),
        "boundary_size": getattr(preprocessor, "boundary_size", 0),
    }
    if class_counts is not None and _asks_for_counts(model):
        supplied["class_counts"] = class_counts()
    if preprocessor.inputs:
        model = {**model, "embedder": _build_embedder(model["embedder"], "", preprocessor, supplied)}
    return MODELS.build(model, **supplied)


def build_collator(data_collator: Block | str, preprocessor: Preprocessor) -> DataCollator:
    """The data collator of a configuration."""
    collator: DataCollator = DATA_COLLATORS.build(data_collator, pad_token_id=preprocessor.pad_token_id)
    collator.inputs = preprocessor.inputs
    return collator


def leaves(block: Block | str, *numbers: int) -> Iterator[tuple[tuple[int, ...], dict[str, Any]]]:
    """The embedders that read tokens, with the numbers that lead to them in stacks.

    Args:
        block: the block of an embedder.
        numbers: those that lead to it.
    """
    named = block_with_type(block)
    parts = class_of_embedder(named).parts(named)
    if not parts:
        yield numbers, named
    for number, part in enumerate(parts):
        yield from leaves(part, *numbers, number)


def _build_embedder(block: Block | str, name: str, preprocessor: Preprocessor, supplied: Block) -> Embedder:
    """An embedder whose parts get what their own input encoders know."""
    named = block_with_type(block)
    parts = class_of_embedder(named).parts(named)
    if parts:
        built = [
            _build_embedder(part, _part(name, number), preprocessor, supplied) for number, part in enumerate(parts)
        ]
        named["embedders"] = built
    # Pieces are added to the vocabulary of the preprocessor's own backbone alone.
    own = {"num_pieces": None, **preprocessor.inputs[name].supplies()} if name in preprocessor.inputs else {}
    embedder: Embedder = EMBEDDERS.build(named, **{**supplied, **own})
    return embedder


def _build_input(block: Block, preprocessor: Preprocessor) -> InputEncoder:
    encoder: InputEncoder = INPUTS.build(
        {key: value for key, value in block.items() if value is not None},
        max_length=preprocessor.max_length,
        lowercase=preprocessor.lowercase,
        min_count=preprocessor.min_count,
    )
    return encoder


def block_with_type(block: Block | str) -> dict[str, Any]:
    """A copy of an embedder's block, with its type.

    Args:
        block: the block, or the type alone.
    """
    return {"type": block} if isinstance(block, str) else {"type": Embedders.TRANSFORMER, **block}


def class_of_embedder(block: Block) -> type[Embedder]:
    """The class of an embedder's block.

    Args:
        block: the block.
    """
    return EMBEDDERS.get(block["type"] or Embedders.TRANSFORMER)


def _part(name: str, number: int) -> str:
    return f"{name}.{number}" if name else str(number)


def _asks_for_counts(model: Block) -> bool:
    loss = model.get("loss")
    name = loss.get("type") if isinstance(loss, Mapping) else loss
    return isinstance(name, str) and "class_counts" in getattr(LOSSES.get(name), "_supplied", ())
