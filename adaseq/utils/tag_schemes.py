"""Tag schemes, and how spans are written in them: what the data and the metrics share.

A tag is a prefix and a type, `B-PER`, or the prefix alone where there is only one type.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from adaseq.errors import AdaSeqError, nearest


class Scheme(NamedTuple):
    """The letters of a scheme; the same letter twice where it does not tell two places apart.

    Attributes:
        begin: first word of a span of several words.
        inside: a word that is neither first nor last.
        end: last word of a span of several words.
        single: the only word of a span.
        has_outside: words outside spans have the tag `O`.
    """

    begin: str
    inside: str
    end: str
    single: str
    has_outside: bool = True


SCHEMES = {
    "BIO": Scheme("B", "I", "I", "B"),
    "IOB1": Scheme("I", "I", "I", "I"),
    "BIOES": Scheme("B", "I", "E", "S"),
    "BMES": Scheme("B", "M", "E", "S"),
    "BILOU": Scheme("B", "I", "L", "U"),
    "IO": Scheme("I", "I", "I", "I"),
    "BI": Scheme("B", "I", "I", "B", has_outside=False),
    "BIES": Scheme("B", "I", "E", "S", has_outside=False),
}
PLAIN = "PLAIN"
"""The scheme without prefixes: the tag of a word is its label, as for parts of speech."""
OUTSIDE = "O"
PARTIAL = "PARTIAL"
"""The type of a span whose words may carry any tag: never a label, never scored."""
MENTION_TAGS = ("O", "B-SPAN", "I-SPAN", "E-SPAN", "S-SPAN")
"""The tags of mentions whose type is asked for later, in the order of their ids."""

_LETTERS = frozenset("BIOESMLU")


def find_scheme(name: str) -> str:
    """The canonical name of a scheme.

    Raises:
        AdaSeqError: there is none of that name.
    """
    known = [*SCHEMES, PLAIN]
    if name.upper() in known:
        return name.upper()
    raise AdaSeqError(f"there is no tag scheme '{name}'{nearest(name, known) or '.'} Known: {', '.join(known)}")


def split_tag(tag: str) -> tuple[str, str]:
    """Prefix and type of a tag; `("", tag)` for a tag without prefix.

    >>> split_tag("B-PER"), split_tag("S"), split_tag("NOUN")
    (('B', 'PER'), ('S', ''), ('', 'NOUN'))
    """
    if tag[:1] in _LETTERS:
        if len(tag) == 1:
            return tag, ""
        if tag[1] == "-":
            return tag[0], tag[2:]
    return "", tag


def join_tag(prefix: str, label: str) -> str:
    """The tag of a prefix and a type; the prefix alone for the empty type."""
    return f"{prefix}-{label}" if label else prefix


def spans_to_tags(spans: Iterable[Mapping[str, Any]], length: int, scheme: str) -> list[str]:
    """The tags that spell spans.

    A tag sequence cannot spell spans that overlap: longer ones come first, and a span that overlaps one of them is left
    out, as is one with gaps.

    Args:
        spans: within the sentence.
        length: the number of words.
        scheme: the scheme to write.
    """
    tags = [OUTSIDE] * length
    ends: dict[int, str] = {}  # where spans end, and their types
    for span in sorted(spans, key=lambda span: (span["start"] - span["end"], span["start"])):
        start, end, label = span["start"], span["end"], span["type"]
        if "parts" in span or any(tag != OUTSIDE for tag in tags[start:end]):
            continue
        if scheme == PLAIN:
            tags[start:end] = [label] * (end - start)
            continue
        letters = SCHEMES[scheme]
        if end - start == 1:
            tags[start] = join_tag(letters.single, label)
        else:
            middle = [join_tag(letters.inside, label)] * (end - start - 2)
            tags[start:end] = [join_tag(letters.begin, label), *middle, join_tag(letters.end, label)]
        ends[end] = label
    if scheme == "IOB1":
        # B is for spans directly behind another one of the same type.
        for place, label in ends.items():
            if place < length and tags[place] == join_tag("I", label):
                tags[place] = join_tag("B", label)
    return tags
