"""A list of corpora, and what is said about the labels of each, checked."""

from __future__ import annotations

import re
from typing import Any

from adaseq.config.dataset_blocks import CORPORA, dataset_blocks
from adaseq.config.document import Document, Place
from adaseq.config.problems import listed, shown
from adaseq.config.sections import Dataset
from adaseq.config.validation import INVALID, check_value
from adaseq.utils.safe_regex import SafePattern, UnsafePattern

_FOR_ALL = ("labels", "task")
_OF_ONE = ("corpus_name", "weight")


def check_corpora(document: Document) -> list[Dataset] | None:
    """Check the list of corpora, as sections; the formats and files in them are checked as those of a single one.

    Returns:
        The sections of the corpora; None if there is no such list, or something is wrong with it.
    """
    dataset = document.at(("dataset",))
    if not isinstance(dataset, dict):
        return None
    for path, block in dataset_blocks(document):
        _check_label_map(document, path, block)
    corpora = dataset.get("corpora")
    if corpora is None:
        for key in _OF_ONE:
            if dataset.get(key) is not None:
                document.report(
                    ("dataset", key), "is for one of several corpora: dataset is then a list of them", at_key=True
                )
        return None
    for key in dataset:
        if key not in ("corpora", *_FOR_ALL):
            document.report(
                ("dataset", key),
                f"belongs to one of the corpora; beside 'corpora' stand {listed(_FOR_ALL)}",
                at_key=True,
            )
    if not isinstance(corpora, list):
        return None  # reported with the section
    if not corpora:
        document.report(CORPORA, "is empty; it lists the corpora, each with data_file and data_type")
    names: dict[str, int] = {}
    sections = []
    for number, block in enumerate(corpora):
        section = check_value(Dataset, block, document, (*CORPORA, number))
        sections += [] if section is INVALID else [section]
        if not isinstance(block, dict):
            continue
        for key in ("corpora", *_FOR_ALL):
            if block.get(key) is not None:
                document.report((*CORPORA, number, key), "stands beside 'corpora', for all of them", at_key=True)
        name = block.get("corpus_name")
        if isinstance(name, str) and names.setdefault(name, number) != number:
            document.report(
                (*CORPORA, number, "corpus_name"),
                f"received {shown(name)}, which is the name of another corpus; results need names of their own",
            )
    return sections if len(sections) == len(corpora) else None


def _check_label_map(document: Document, path: Place, block: dict[str, Any]) -> None:
    entries = block.get("label_map")
    for key, value in entries.items() if isinstance(entries, dict) else ():
        place: Place = (*path, "label_map", key)
        try:
            SafePattern(str(key))
        except UnsafePattern as error:
            document.report(place, f"the expression is refused: {error}", at_key=True)
        except re.error:
            pass  # a label with signs in it
        if value == "":
            document.report(place, "received '', which is no label; null drops the label")
