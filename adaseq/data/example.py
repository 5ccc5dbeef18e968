"""What a reader yields and a metric is scored against."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypedDict

from typing_extensions import NotRequired


class Span(TypedDict):
    """A typed range of words, half-open. `allowed` lists the types that a span of type `PARTIAL` may have."""

    start: int
    end: int
    type: str
    allowed: NotRequired[list[str]]


@dataclass(slots=True)
class Example:
    """One sentence with its annotation.

    Args:
        id: unique in its split.
        tokens: the words.
        spans: the annotation.
        mask: False for words that are context only, neither labelled nor scored; None if there are none.
        text: the raw text, where there was one.
        offsets: where in `text` each word begins and ends.
        origin: file and line, for messages.
        fields: what else the task needs, JSON-serialisable.
    """

    id: str
    tokens: list[str]
    spans: list[Span] = field(default_factory=list)
    mask: list[bool] | None = None
    text: str | None = None
    offsets: list[tuple[int, int]] | None = None
    origin: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
