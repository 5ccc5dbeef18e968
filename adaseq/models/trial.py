"""Whether the parts of a model fit together, as far as its configuration and that of its backbone tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adaseq.errors import AdaSeqError, MisfitError
from adaseq.metainfo import Inputs
from adaseq.models.assembly import block_with_type, class_of_embedder, input_blocks, leaves
from adaseq.registry import ENCODERS, MODELS, component_hint, parameter_hints

# Labels by their numbers.
_NUMBERED = ("id_to_label", "typing_id_to_label", "ident_id_to_label")


def try_model(model: Mapping[str, Any], preprocessor: Mapping[str, Any]) -> None:
    """Compare the widths of embedders and encoders, and the options of a backbone with its layers.

    Args:
        model: the section `model`, with all its defaults.
        preprocessor: the section `preprocessor`, likewise.

    Raises:
        MisfitError: something does not fit.
    """
    component: Any = MODELS.get(model["type"])
    for name in _NUMBERED:
        given = model.get(name)
        if given is not None and (not given or sorted(given) != list(range(len(given)))):
            raise MisfitError(f"has the numbers {sorted(given)}; they must go from 0 on without gaps", name)
    embedder = model.get("embedder")
    if embedder is None:
        return
    for numbers, block in leaves(embedder):
        place = [key for number in numbers for key in ("embedders", number)]
        _try(lambda block=block: class_of_embedder(block).check_backbone(block), "embedder", *place)
    _try(lambda: component.check_embedder(model, preprocessor), "embedder")
    width = class_of_embedder(block_with_type(embedder)).width_of(block_with_type(embedder))
    for name, annotation in parameter_hints(component).items():
        hint, encoder = component_hint(annotation), model.get(name)
        if hint is not None and hint.registry is ENCODERS and encoder is not None and width is not None:
            block = {"type": encoder} if isinstance(encoder, str) else encoder
            check: Any = getattr(ENCODERS.get(block["type"]), "check_width", None)
            if check is not None:
                _try(lambda block=block, check=check: check(block, width), name)


def try_preprocessor(preprocessor: Mapping[str, Any], model: Mapping[str, Any]) -> None:
    """Compare what a preprocessor makes with what the embedder reads.

    Args:
        preprocessor: the section `preprocessor`, with all its defaults.
        model: the section `model`, likewise.

    Raises:
        MisfitError: these are different things.
    """
    given = preprocessor.get("is_word2vec")
    if given is None or model.get("embedder") is None:
        return
    wanted = input_blocks(model)[0]["type"] != Inputs.PIECES
    if given != wanted:
        reads = "whole words" if wanted else "the pieces of a backbone"
        raise MisfitError(f"must be {str(wanted).lower()}: the embedder reads {reads}; leave it out", "is_word2vec")


def _try(check: Any, *place: str | int) -> None:
    try:
        check()
    except AdaSeqError as error:
        raise MisfitError(str(error), *place) from error
