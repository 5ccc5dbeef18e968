"""Labels that are given with their ids."""

from __future__ import annotations

from collections.abc import Mapping

from adaseq.errors import AdaSeqError


def in_order_of_ids(label_to_id: Mapping[str, int]) -> list[str]:
    """The labels in the order of their ids.

    Raises:
        AdaSeqError: the ids are not 0, 1, 2, …
    """
    if not label_to_id:
        raise AdaSeqError("preprocessor.label_to_id is empty; leave it out for the labels of the data")
    if sorted(label_to_id.values()) != list(range(len(label_to_id))):
        raise AdaSeqError(
            f"preprocessor.label_to_id must give the ids 0 to {len(label_to_id) - 1}, each once; received "
            f"{sorted(label_to_id.values())[:20]}"
        )
    return sorted(label_to_id, key=lambda label: label_to_id[label])
