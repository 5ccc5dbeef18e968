"""Ranges of numbers, for the annotations of arguments that a configuration sets.

A configuration is checked by them, and its JSON Schema is made of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any


class Bounds:
    """What `annotated_types` says of ranges, imported only when a configuration is checked: exported models run without it.

    Args:
        bounds: `ge`, `gt`, `le`, `lt`, `min_length`.
    """

    __is_annotated_types_grouped_metadata__ = True

    def __init__(self, **bounds: float) -> None:
        self._bounds = bounds

    def __iter__(self) -> Iterator[Any]:
        from annotated_types import Ge, Gt, Le, Lt, MinLen

        kinds: dict[str, Any] = {"ge": Ge, "gt": Gt, "le": Le, "lt": Lt, "min_length": MinLen}
        return (kinds[name](bound) for name, bound in self._bounds.items())


Count = Annotated[int, Bounds(ge=1)]
"""How many, or how wide: at least one."""
Natural = Annotated[int, Bounds(ge=0)]
"""How many, perhaps none."""
Counts = Annotated[list[Count], Bounds(min_length=1)]
"""A list of sizes, at least one."""
Names = Annotated[list[str], Bounds(min_length=1)]
"""A list of names, at least one."""
Rate = Annotated[float, Bounds(ge=0, lt=1)]
"""A share that leaves something, such as that of a dropout."""
Share = Annotated[float, Bounds(ge=0, le=1)]
"""A share, perhaps all."""
Probability = Annotated[float, Bounds(gt=0, lt=1)]
"""A probability that is not certain."""
Positive = Annotated[float, Bounds(gt=0)]
"""More than 0."""
NonNegative = Annotated[float, Bounds(ge=0)]
"""0 or more."""
