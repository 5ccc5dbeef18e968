"""The names of classes, in the descriptions of columns that data sets carry."""

from __future__ import annotations

from typing import Any


def class_names_in(feature: Any) -> list[str] | None:
    """The names of a column's numbers, wherever in the description of the column they stand; None if there are none.

    Args:
        feature: the description, as cards of data sets or the files of `datasets` have it.
    """
    if isinstance(feature, dict):
        names = feature.get("names")
        if isinstance(names, dict) and names and all(str(key).isdigit() for key in names):
            return [str(names[key]) for key in sorted(names, key=lambda key: int(str(key)))]
        if isinstance(names, list) and names and all(isinstance(name, str) for name in names):
            return list(names)
        return next((found for each in feature.values() if (found := class_names_in(each))), None)
    if isinstance(feature, list):
        return next((found for each in feature if (found := class_names_in(each))), None)
    return None
