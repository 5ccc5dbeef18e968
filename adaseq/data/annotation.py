"""From the tags of a corpus to spans and masks: which words are context, which are not annotated, what the others spell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from adaseq.data.example import Span
from adaseq.data.tags import SchemeDetector, TagError, is_tag_of, tags_to_spans
from adaseq.utils.tag_schemes import OUTSIDE, PARTIAL, PLAIN

END_OF_SENTENCE = "<EOS>"
"""From this word on all is context."""

CONTEXT_TAG = "X"
"""The tag of words that are context only."""

_CONTEXT = frozenset({CONTEXT_TAG})
_CONTEXT_IN_SCHEME = frozenset({CONTEXT_TAG, "B-X", "S-X", "U-X"})


def context_tags(type_x: bool, scheme: str | None = None) -> frozenset[str]:
    """The tags of words that are context only; where each word has a label, as for parts of speech, X is one of them.

    Args:
        type_x: `X` is a label of the corpus.
        scheme: of the tags; None if it is not known.
    """
    return frozenset() if scheme == PLAIN else _CONTEXT if type_x else _CONTEXT_IN_SCHEME


def has_type_x(tags: Iterable[str]) -> bool:
    """Whether `X` is a label of a corpus: spans of several words have it.

    Args:
        tags: all tags that occur.
    """
    return not {"I-X", "M-X", "E-X", "L-X"}.isdisjoint(tags)


class Reading(NamedTuple):
    """How the tags of a file are to be read.

    Attributes:
        scheme: their scheme.
        type_x: `X` is a label of the corpus.
        warnings: what is odd about them.
    """

    scheme: str
    type_x: bool
    warnings: list[str]


def find_reading(detector: SchemeDetector, source_scheme: str | None, partial_label: str | None = None) -> Reading:
    """How tags are to be read, from all of a file.

    Args:
        detector: has seen them.
        source_scheme: their scheme; None if it is to be found out.
        partial_label: the tag of words that are not annotated; None if there is none.

    Raises:
        TagError: the scheme cannot be found out, or has no such tag.
    """
    type_x = has_type_x(detector.tags)
    ignored = {*context_tags(type_x), partial_label or ""}
    scheme = detector.result(ignored) if source_scheme is None else source_scheme
    for tag in sorted(detector.tags - ignored) if source_scheme is not None else ():
        if not is_tag_of(tag, scheme):
            raise TagError(f"'{tag}' is no tag of the source_scheme {scheme}", tag)
    illegal = detector.count_illegal(scheme, ignored)
    odd = f"{illegal} tags stand where {scheme} does not allow them: read as the conlleval script does"
    return Reading(scheme, type_x, [odd] if illegal else [])


def annotate(
    tokens: Sequence[str],
    tags: Sequence[str],
    scheme: str,
    partial_label: str | None = None,
    type_x: bool = False,
    strict: bool = False,
) -> tuple[list[Span], list[bool] | None]:
    """What the tags of a sentence say.

    Context words belong to no span. A run of words with the partial label is one span of type `PARTIAL`. Both end the span
    before them.

    Args:
        tokens: the words.
        tags: one for each word.
        scheme: what they are written in.
        partial_label: the tag of words that are not annotated; None if there is none.
        type_x: `X` is a label, so that `B-X` does not mean context.
        strict: refuse sequences that the scheme does not allow.

    Returns:
        The spans; and for each word whether it is labelled at all, or None if all are.

    Raises:
        TagError: a tag that is none of the scheme, or in strict mode a forbidden sequence.
    """
    if (
        scheme != PLAIN
        and tags.count(OUTSIDE) == len(tags)
        and END_OF_SENTENCE not in tokens
        and partial_label != OUTSIDE
    ):
        return [], None  # quickly, since most sentences of most corpora are so
    context = context_tags(type_x, scheme)
    ends_early = END_OF_SENTENCE in tokens
    if not ends_early and context.isdisjoint(tags) and (partial_label is None or partial_label not in tags):
        return tags_to_spans(tags, scheme, strict), None
    last = tokens.index(END_OF_SENTENCE) if ends_early else len(tags)
    spans: list[Span] = []
    mask = [False] * len(tags)
    for kind, start, end in _runs(tags[:last], context, partial_label):
        if kind == "context":
            continue
        mask[start:end] = [True] * (end - start)
        if kind == "partial":
            spans.append({"start": start, "end": end, "type": PARTIAL})
            continue
        try:
            found = tags_to_spans(tags[start:end], scheme, strict)
        except TagError as error:
            raise TagError(error.reason, error.tag, start + (error.index or 0)) from None
        spans += [{"start": start + span["start"], "end": start + span["end"], "type": span["type"]} for span in found]
    return spans, None if all(mask) else mask


def leave_out_context(tokens: Sequence[str], spans: list[Span]) -> tuple[list[Span], list[bool] | None]:
    """The spans that end before `<EOS>`, and for each word whether it is labelled at all; None if all are.

    Args:
        tokens: the words.
        spans: the spans.
    """
    if END_OF_SENTENCE not in tokens:
        return spans, None
    last = tokens.index(END_OF_SENTENCE)
    return [span for span in spans if span["end"] <= last], [i < last for i in range(len(tokens))]


def _runs(tags: Sequence[str], context: frozenset[str], partial_label: str | None) -> Iterator[tuple[str, int, int]]:
    """The stretches of words of one kind: `context`, `partial` or `plain`."""

    def kind_of(tag: str) -> str:
        return "partial" if tag == partial_label else "context" if tag in context else "plain"

    start = 0
    for kind, run in groupby(tags, kind_of):
        end = start + sum(1 for _ in run)
        yield kind, start, end
        start = end
