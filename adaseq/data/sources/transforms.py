"""The transforms of AdaSeq 0.6, as options of the reader of tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adaseq.errors import AdaSeqError, nearest

HF_NER = "hf_ner_to_adaseq"
_ARGUMENTS = {"key": "ner_tags", "scheme": "bio", "classes_to_ignore": None}


def read_transform(transform: str | Mapping[str, Any] | None) -> dict[str, Any]:
    """The options that a transform means.

    Args:
        transform: its name, or a mapping of `name` and arguments; None means no option.

    Raises:
        AdaSeqError: there is no such transform or argument.
    """
    if transform is None:
        return {}
    given = {"name": transform} if isinstance(transform, str) else dict(transform)
    name = given.pop("name", None)
    if name != HF_NER:
        raise AdaSeqError(
            f"there is no dataset.transform '{name}'{nearest(str(name), [HF_NER]) or ';'} known: {HF_NER}"
        )
    for argument in given:
        if argument not in _ARGUMENTS:
            raise AdaSeqError(
                f"dataset.transform has no '{argument}'{nearest(argument, _ARGUMENTS) or ';'} known: {', '.join(_ARGUMENTS)}"
            )
    arguments = {**_ARGUMENTS, **given}
    return {
        "columns": {"tags": arguments["key"]},
        "source_scheme": arguments["scheme"],
        "ignored_types": arguments["classes_to_ignore"] or [],
    }
