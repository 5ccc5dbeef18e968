"""One corpus or several: the blocks of the `dataset` section, wherever they stand."""

from __future__ import annotations

from typing import Any

from adaseq.config.document import Document, Place

CORPORA: Place = ("dataset", "corpora")


def gather_corpora(document: Document) -> None:
    """Write `dataset: [a, b]` as `dataset: {corpora: [a, b]}`; to be called before anything else looks at it."""
    data = document.data
    if isinstance(data, dict) and isinstance(data.get("dataset"), list):
        document.move(("dataset",), CORPORA)
        data["dataset"] = {"corpora": data["dataset"]}


def dataset_blocks(document: Document) -> list[tuple[Place, dict[str, Any]]]:
    """The place and the content of the block of each corpus; one that is no mapping is passed over."""
    dataset = document.at(("dataset",))
    if not isinstance(dataset, dict):
        return []
    corpora = dataset.get("corpora")
    if not isinstance(corpora, list):
        return [(("dataset",), dataset)]
    return [((*CORPORA, number), each) for number, each in enumerate(corpora) if isinstance(each, dict)]
