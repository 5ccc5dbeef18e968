"""What a reader yields and a metric is scored against."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from adaseq.utils.tag_schemes import PARTIAL

if TYPE_CHECKING:
    from typing_extensions import NotRequired


Context = tuple[list[str], list[str]] | None
"""The words before and behind a sentence in its document."""

EntityForm = Literal["nested", "crossing", "several types", "discontinuous"]
"""What tags cannot spell: entities that lie in another one, cross one, are of several types, have gaps."""


class Span(TypedDict):
    """A typed range of words, half-open.

    `allowed` lists the types that a span of type `PARTIAL` may have. A mention of entity typing has an empty `type` and all
    its `types`; `candidates` are those among which they are chosen. The `parts` of a discontinuous entity are its ranges in
    order, and the span is their hull.
    """

    start: int
    end: int
    type: str
    allowed: NotRequired[list[str]]
    types: NotRequired[list[str]]
    candidates: NotRequired[list[str]]
    parts: NotRequired[list[tuple[int, int]]]


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
        fields: what else the task needs, JSON-serialisable. Relations: `subject` and `object` (`[start, end]`) and `label`;
            texts: `label`, a string or a list, and of a pair `pair` (words) and `pair_text`. `document` stands for the document
            that a sentence is from, where a file has several.
        context: the words before and behind it in its document, for models that look at them; never stored.
    """

    id: str
    tokens: list[str]
    spans: list[Span] = field(default_factory=list)
    mask: list[bool] | None = None
    text: str | None = None
    offsets: list[tuple[int, int]] | None = None
    origin: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    context: Context = None


def labelled_words(example: Example) -> list[str]:
    """The words of an example without those that are context only.

    Args:
        example: the example.
    """
    mask = example.mask
    return example.tokens if mask is None else [word for word, own in zip(example.tokens, mask, strict=True) if own]


def in_order(spans: Iterable[Span]) -> Iterator[tuple[Span, list[Span]]]:
    """Spans by their start, longer ones first, each with those of them before it that hold its first word.

    Args:
        spans: without gaps.
    """
    around: list[Span] = []
    for span in sorted(spans, key=lambda span: (span["start"], -span["end"])):
        around = [each for each in around if each["end"] > span["start"]]
        yield span, around
        around = [*around, span]


def labels_of_span(span: Span) -> list[str]:
    """The types that annotate a span: those of a mention, or its own; none if it is not annotated.

    Args:
        span: the span.
    """
    if "types" in span:
        return span["types"]
    return [] if span["type"] == PARTIAL else [span["type"]]


def labels_of(example: Example) -> list[str]:
    """All labels of an example, as often as they occur: those of its spans, and its own.

    Args:
        example: the example.
    """
    labels = [label for span in example.spans for label in labels_of_span(span)]
    own = example.fields.get("label")
    if own is not None:
        labels += [own] if isinstance(own, str) else own
    return labels
