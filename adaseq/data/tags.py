"""Reading tags: the spans that they spell, their scheme, and what may follow what.

A tag is a prefix and a type, `B-PER`, or the prefix alone where there is only one type. Reading is lenient by the rule of
the conlleval script (Tjong Kim Sang and Buchholz 2000): a B or S, a new type, or an I or E without a beginning starts a
span, so that nothing is lost or merged. Strict reading refuses what the scheme does not allow.
"""

from __future__ import annotations

import functools
import itertools
from collections import Counter
from collections.abc import Collection, Sequence

from adaseq.data.example import Span
from adaseq.errors import AdaSeqError
from adaseq.utils.tag_schemes import OUTSIDE, PLAIN, SCHEMES, find_scheme, join_tag, split_tag

# What a letter means, whatever the scheme: M is another word for I, L for E, U for S.
_MEANING = {"B": "B", "I": "I", "M": "I", "E": "E", "L": "E", "S": "S", "U": "S"}


class TagError(AdaSeqError):
    """A tag, or a sequence of tags, that cannot be read.

    Args:
        reason: what is wrong.
        tag: the tag.
        index: the word that has it; None if it is not known.
        advice: what to do about it, in formats with the options of `TaggedFormat`.
    """

    def __init__(self, reason: str, tag: str, index: int | None = None, advice: str = "") -> None:
        self.reason, self.tag, self.index, self.advice = reason, tag, index, advice
        super().__init__(reason if index is None else f"word {index}: {reason}")

    def __reduce__(self) -> tuple:
        return type(self), (self.reason, self.tag, self.index, self.advice)


def tags_to_spans(tags: Sequence[str], scheme: str, strict: bool = False) -> list[Span]:
    """The spans that tags spell, in order.

    Where tags have no prefix, PLAIN makes a span of each word, whatever its tag; IO makes one of neighbours with the same tag,
    and none of `O`.

    Args:
        tags: one for each word.
        scheme: the scheme that they are written in.
        strict: refuse sequences that the scheme does not allow.

    Raises:
        TagError: a tag without prefix, or in strict mode a sequence that the scheme does not allow; names the word.
    """
    if scheme == PLAIN:
        return [{"start": i, "end": i + 1, "type": tag} for i, tag in enumerate(tags)]
    if strict:
        _refuse_illegal(tags, scheme)
    spans: list[Span] = []
    start, kind = -1, ""  # the open span; none if start is negative
    for i, tag in enumerate(tags):
        if tag == OUTSIDE:
            if start >= 0:
                spans.append({"start": start, "end": i, "type": kind})
                start = -1
            continue
        prefix, label = split_tag(tag)
        meaning = _MEANING.get(prefix, "I" if scheme == "IO" else None)
        if meaning is None:
            raise TagError(f"'{tag}' is no tag of the scheme {scheme}", tag, i)
        if start < 0 or meaning in "BS" or label != kind:
            if start >= 0:
                spans.append({"start": start, "end": i, "type": kind})
            start, kind = i, label
        if meaning in "ES":
            spans.append({"start": start, "end": i + 1, "type": kind})
            start = -1
    if start >= 0:
        spans.append({"start": start, "end": len(tags), "type": kind})
    return spans


def is_tag_of(tag: str, scheme: str) -> bool:
    """Whether a scheme has a tag, of whatever type.

    Args:
        tag: the tag.
        scheme: the scheme.
    """
    if scheme == PLAIN:
        return True
    letters = SCHEMES[scheme]
    if tag == OUTSIDE:
        return letters.has_outside
    prefix, _ = split_tag(tag)
    more = {"IOB1": "B", "IO": ""}.get(scheme)
    return prefix in {letters.begin, letters.inside, letters.end, letters.single, more}


def tag_inventory(labels: Sequence[str], scheme: str) -> list[str]:
    """All tags of a scheme: `O` first where it has one, then for each label its tags in the order B, I, E, S.

    Args:
        labels: the types.
        scheme: the scheme.
    """
    if scheme == PLAIN:
        return list(labels)
    letters = SCHEMES[find_scheme(scheme)]
    prefixes = list(dict.fromkeys([letters.begin, letters.inside, letters.end, letters.single]))
    if scheme == "IOB1":
        prefixes = ["B", "I"]
    tags = [join_tag(prefix, label) for label in labels for prefix in prefixes]
    return [OUTSIDE, *tags] if letters.has_outside else tags


def allowed_transitions(tags: Sequence[str], scheme: str) -> tuple[list[bool], list[bool], list[list[bool]]]:
    """Which tags may stand first, last, and next to each other.

    Args:
        tags: the tags, in the order of their ids.
        scheme: their scheme.

    Returns:
        `start` (K), `end` (K) and `pairs` (K, K): `pairs[i][j]` says whether `tags[j]` may follow `tags[i]`.
    """
    if scheme in (PLAIN, "IO"):
        return [True] * len(tags), [True] * len(tags), [[True] * len(tags) for _ in tags]
    parts = [(OUTSIDE, "") if tag == OUTSIDE else split_tag(tag) for tag in tags]
    if scheme == "IOB1":
        # An I may stand anywhere; a B does nothing but part two spans of the same type.
        pairs = [[b != "B" or (a != OUTSIDE and left == right) for b, right in parts] for a, left in parts]
        return [prefix != "B" for prefix, _ in parts], [True] * len(tags), pairs
    letters = SCHEMES[scheme]
    has_end = letters.end != letters.inside
    meanings = [(OUTSIDE if prefix == OUTSIDE else _MEANING[prefix], label) for prefix, label in parts]

    def continues(meaning: str) -> bool:
        return meaning in "IE"

    def must_go_on(meaning: str) -> bool:
        return has_end and meaning in "BI"

    def may_go_on(meaning: str) -> bool:
        return meaning in "BI"

    def may_follow(left: tuple[str, str], right: tuple[str, str]) -> bool:
        if continues(right[0]):
            return may_go_on(left[0]) and left[1] == right[1]
        return not must_go_on(left[0])

    start = [not continues(meaning) for meaning, _ in meanings]
    end = [not must_go_on(meaning) for meaning, _ in meanings]
    return start, end, [[may_follow(left, right) for right in meanings] for left in meanings]


@functools.lru_cache(maxsize=100_000)
def may_follow(right: str, left: str, scheme: str) -> bool:
    """Whether a tag may follow another one.

    Args:
        right: the tag; empty for the end of a sentence.
        left: the one before it; empty for the beginning.
        scheme: their scheme.
    """
    if left and right:
        return allowed_transitions([left, right], scheme)[2][0][1]
    if right:
        return allowed_transitions([right], scheme)[0][0]
    return not left or allowed_transitions([left], scheme)[1][0]


class SchemeDetector:
    """Finds the scheme of a corpus from all of its tags, in one pass and constant memory."""

    def __init__(self) -> None:
        # How often a tag follows another; "" stands before the first and behind the last. Counting pairs is done in C.
        self._pairs: Counter[tuple[str, str]] = Counter()

    def add(self, tags: Sequence[str]) -> None:
        """Look at the tags of a sentence, or of several with an empty tag between them.

        Args:
            tags: the tags.
        """
        self._pairs.update(zip(("", *tags), (*tags, ""), strict=True))

    def clear(self) -> None:
        """Forget what was seen."""
        self._pairs.clear()

    @property
    def tags(self) -> set[str]:
        """All tags seen."""
        return {tag for _, tag in self._pairs} - {""}

    def result(self, ignored: Collection[str] = ()) -> str:
        """The scheme.

        Args:
            ignored: tags that belong to no scheme: those of context and of words that are not annotated.

        Raises:
            TagError: some tags have a prefix and some have none; names one of these.
        """
        pairs = {
            ("" if left in ignored else left, tag): n
            for (left, tag), n in self._pairs.items()
            if tag and tag not in ignored
        }
        counts: Counter[str] = Counter()
        for (_, tag), n in pairs.items():
            counts[tag] += n
        # A word that is not annotated might be outside as well.
        has_outside = counts.pop(OUTSIDE, 0) > 0 or not self.tags.isdisjoint(ignored)
        odd = {tag: n for tag, n in counts.items() if split_tag(tag)[0] in ("", OUTSIDE)}
        if len(odd) * 2 > len(counts) and sum(odd.values()) * 2 > sum(counts.values()):
            return PLAIN
        if odd:
            tag = min(odd, key=lambda tag: (odd[tag], tag))
            raise TagError(
                f"the tag '{tag}' has no prefix such as B- or I-, while other tags have one",
                tag,
                advice=f"If it marks words that are not annotated, say so with 'partial_label: {tag}'; if tags are labels of "
                f"words, with 'source_scheme: {PLAIN}'",
            )
        prefixes = {split_tag(tag)[0] for tag in counts}
        if "M" in prefixes:
            return "BMES"
        if prefixes & {"L", "U"}:
            return "BILOU"
        if prefixes & {"E", "S"}:
            return "BIOES" if has_outside else "BIES"
        if prefixes == {"I"}:
            return "IO"
        # The tags that begin a span which continues nothing: only I in IOB1, where B parts neighbours of the same type.
        if {tag[0] for left, tag in pairs if tag != OUTSIDE and (left in ("", OUTSIDE) or left[1:] != tag[1:])} == {
            "I"
        }:
            return "IOB1"
        return "BIO" if has_outside or not prefixes else "BI"

    def count_illegal(self, scheme: str, ignored: Collection[str] = ()) -> int:
        """How often a tag stands where a scheme does not allow it.

        Args:
            scheme: the scheme.
            ignored: tags that belong to no scheme.
        """
        if scheme in (PLAIN, "IO"):
            return 0

        def read(tag: str) -> str:
            return "" if tag in ignored else tag

        return sum(n for (left, right), n in self._pairs.items() if not may_follow(read(right), read(left), scheme))


def _refuse_illegal(tags: Sequence[str], scheme: str) -> None:
    for i, tag in enumerate(tags):
        if not is_tag_of(tag, scheme):
            raise TagError(f"'{tag}' is no tag of the scheme {scheme}", tag, i)
    for i, (left, right) in enumerate(itertools.pairwise(["", *tags, ""])):
        if may_follow(right, left, scheme):
            continue
        if not left:
            raise TagError(f"'{right}' begins the sentence, which the scheme {scheme} does not allow", right, i)
        if not right:
            raise TagError(f"'{left}' ends the sentence, which the scheme {scheme} does not allow", left, i - 1)
        raise TagError(f"'{right}' follows '{left}', which the scheme {scheme} does not allow", right, i)
