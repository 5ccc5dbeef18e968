"""What was meant by tags that are wrong."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Collection, Sequence

from adaseq.data.tags import is_tag_of, may_follow, tags_to_spans
from adaseq.utils.tag_schemes import OUTSIDE, PLAIN, SCHEMES, join_tag, spans_to_tags


def nearest_tag(tag: str, known: Collection[str], scheme: str) -> str:
    """The tag of the scheme that is most like one that is not.

    Args:
        tag: what is no tag of the scheme.
        known: the tags of the corpus.
        scheme: their scheme.
    """
    folded = unicodedata.normalize("NFKC", tag).replace("_", "-").replace("—", "-").strip()
    folded = OUTSIDE if folded in ("0", "o") else folded[:1].upper() + folded[1:]
    if folded in known or (folded[1:2] == "-" and is_tag_of(folded, scheme)):
        return folded
    begin = SCHEMES[scheme].begin if scheme in SCHEMES else ""
    likely = [begin, *(each for each in sorted(known) if each.startswith(begin))]
    label = folded.partition("-")[2] or folded
    found = difflib.get_close_matches(join_tag(begin, label), likely, n=1, cutoff=0.75)
    if found:
        return found[0]
    if scheme in SCHEMES and SCHEMES[scheme].has_outside:
        return OUTSIDE
    return min(known, default=tag)


def illegal_places(tags: Sequence[str], scheme: str, free: Collection[str] = ()) -> list[int]:
    """The words whose tags stand where the scheme does not allow them; the last word, if the sentence ends too early.

    Args:
        tags: the tags.
        scheme: their scheme.
        free: tags that may stand anywhere and end what is before them.
    """
    if scheme in (PLAIN, "IO"):
        return []
    places, left = [], ""
    for word, tag in enumerate(tags):
        right = "" if tag in free else tag
        if not may_follow(right, left, scheme):
            # What does not end is wrong itself; what does not begin is wrong where it stands.
            is_open = bool(left) and not may_follow("", left, scheme)
            places.append(word - 1 if is_open and (not right or _may_begin(right, scheme)) else word)
        left = right
    if left and not may_follow("", left, scheme):
        places.append(len(tags) - 1)
    return list(dict.fromkeys(places))


def as_read(tags: Sequence[str], scheme: str, free: Collection[str] = ()) -> list[str]:
    """The tags that say what lenient reading makes of a sentence.

    Args:
        tags: as they stand there.
        scheme: their scheme.
        free: tags that may stand anywhere, and stay as they are.
    """
    spans = tags_to_spans([OUTSIDE if tag in free else tag for tag in tags], scheme)
    written = spans_to_tags(spans, len(tags), scheme)
    return [tag if tag in free else new for tag, new in zip(tags, written, strict=True)]


def _may_begin(tag: str, scheme: str) -> bool:
    return may_follow(tag, "", scheme)
