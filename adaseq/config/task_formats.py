"""Which format the data of a task is read in, where the name that is given means something else for other tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adaseq.metainfo import Formats, Tasks

_EXPORTS = (Formats.DOCCANO, Formats.LABEL_STUDIO)
_TYPING = (Tasks.ENTITY_TYPING, f"mcce-{Tasks.ENTITY_TYPING}")


def format_of(task: Any, dataset: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a `dataset` section that follow from the task; none where the section says it all.

    AdaSeq 0.6 read `conll` with other eyes for relation extraction, and had one format for entity typing, whatever
    `data_type` said.

    Args:
        task: the task.
        dataset: the section.
    """
    given = dataset.get("data_type")
    if task == Tasks.RELATION_EXTRACTION:
        if given == Formats.CONLL:
            return {"data_type": Formats.RELATION_CONLL}
        return {"relations": True} if given in _EXPORTS and "relations" not in dataset else {}
    if task in _TYPING:
        is_local = dataset.get("data_file") is not None and dataset.get("transform") is None
        if (given is None and is_local) or given in (Formats.CONLL, Formats.JSON_SPANS):
            return {"data_type": Formats.ENTITY_TYPING}
        return {"multi_type": True} if given in _EXPORTS and "multi_type" not in dataset else {}
    return {}
