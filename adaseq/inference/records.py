"""What a task needs of an input beside its words: two entities, mentions, a second text."""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from adaseq.data.entity_markers import OBJECT, SUBJECT
from adaseq.data.example import Example, Span
from adaseq.errors import AdaSeqError
from adaseq.inference.inputs import refuse_surrogates
from adaseq.metainfo import Tasks

Split = Callable[[str], tuple[list[str], list[tuple[int, int]]]]

# What may stand before and behind the subject, and the object; the first pair is the one that messages show.
_SUBJECT = (("<e1>", "</e1>"), SUBJECT)
_OBJECT = (("<e2>", "</e2>"), OBJECT)
_MARKERS = re.compile("|".join(re.escape(marker) for pair in (*_SUBJECT, *_OBJECT) for marker in pair))


def complete(example: Example, task: str, split: Split) -> Example:
    """The example with what its task needs.

    Args:
        example: the words, with what else the input held in `fields`.
        task: the task of the model.
        split: cuts raw text into words.

    Raises:
        AdaSeqError: something that is needed is missing, or is not what it should be.
    """
    if task == Tasks.RELATION_EXTRACTION:
        return _with_entities(example, split)
    if task == Tasks.ENTITY_TYPING:
        return _with_mentions(example)
    return _with_pair(example, split) if task == Tasks.TEXT_CLASSIFICATION else example


def given_fields(example: Example, task: str) -> dict[str, Any]:
    """What the input held beside its text, in the form in which it was given: characters for raw text.

    Args:
        example: what `complete` made of it.
        task: the task of the model.
    """
    fields = dict(example.fields)
    if task == Tasks.RELATION_EXTRACTION and example.offsets is not None:
        for name in ("subject", "object"):
            if fields.get(name) is not None:
                start, end = fields[name]
                fields[name] = [example.offsets[start][0], example.offsets[end - 1][1]]
    if task == Tasks.TEXT_CLASSIFICATION and "pair_text" in fields:
        fields.pop("pair", None)
    return fields


def _with_entities(example: Example, split: Split) -> Example:
    fields = dict(example.fields)
    given = [name for name in ("subject", "object") if fields.get(name) is not None]
    if len(given) == 1:
        missing = "object" if given == ["subject"] else "subject"
        raise AdaSeqError(f'a relation is between two entities; there is a "{given[0]}", but no "{missing}"')
    if example.text is None:
        if given:
            ranges = {name: _range(f"the {name}", fields[name], len(example.tokens), "words") for name in given}
            return replace(example, fields={**fields, **ranges})
        return _unmark_words(example)
    text = example.text
    if given:
        places = {name: _range(f"the {name}", fields[name], len(text), "characters") for name in given}
    else:
        text, places = _unmark(text)
    return _cut(text, places, fields, split)


def _with_mentions(example: Example) -> Example:
    mentions = example.fields.get("mentions", example.fields.get("spans"))
    if not isinstance(mentions, (list, tuple)):
        raise AdaSeqError(
            'entity typing needs the mentions that are to be typed: {"text": "…", "mentions": [[start, end], …]}, in characters of '
            'the text, or in words with "tokens"'
        )
    is_raw = example.text is not None
    limit = len(example.text or "") if is_raw else len(example.tokens)
    unit = "characters" if is_raw else "words"
    spans: list[Any] = []
    tokens, offsets = example.tokens, example.offsets
    ranges = [_range("a mention", _bounds(mention), limit, unit) for mention in mentions]
    if example.text is not None and offsets is not None:
        tokens, offsets = _cut_words(example.text, offsets, [place for each in ranges for place in each])
        ranges = [_words_at(offsets, each, example.text) for each in ranges]
    for mention, (start, end) in zip(mentions, ranges, strict=True):
        span: Span = {"start": start, "end": end, "type": ""}
        if isinstance(mention, dict) and mention.get("candidates") is not None:
            span["candidates"] = list(mention["candidates"])
        spans.append(span)
    return replace(example, tokens=tokens, offsets=offsets, spans=spans)


def _with_pair(example: Example, split: Split) -> Example:
    fields = dict(example.fields)
    pair = fields.get("pair_text", fields.get("pair"))
    if pair is None:
        return example
    if isinstance(pair, str):
        refuse_surrogates(pair)
        return replace(example, fields={**fields, "pair_text": pair, "pair": split(pair)[0]})
    if not (isinstance(pair, (list, tuple)) and all(isinstance(word, str) for word in pair)):
        raise AdaSeqError(f"the second text of a pair is a string or a list of words; received {repr(pair)[:100]}")
    refuse_surrogates("".join(pair))
    return replace(example, fields={**fields, "pair": list(pair)})


def _bounds(mention: Any) -> Any:
    return [mention.get("start"), mention.get("end")] if isinstance(mention, dict) else mention


def _range(name: str, given: Any, limit: int, unit: str) -> list[int]:
    bounds = _bounds(given)
    is_pair = isinstance(bounds, (list, tuple)) and len(bounds) == 2 and all(type(each) is int for each in bounds)
    if not is_pair or not 0 <= bounds[0] < bounds[1] <= limit:
        raise AdaSeqError(f"{name} is [start, end] in {unit}, of which there are {limit}; received {repr(given)[:60]}")
    return list(bounds)


def _unmark(text: str) -> tuple[str, dict[str, list[int]]]:
    """The text without its markers, and where in it the entities are."""
    parts: list[str] = []
    found: dict[str, list[int]] = {}
    last = length = 0
    for match in _MARKERS.finditer(text):
        parts.append(text[last : match.start()])
        length += len(parts[-1])
        found.setdefault(match.group(), []).append(length)
        last = match.end()
    return "".join([*parts, text[last:]]), _entities(found)


def _unmark_words(example: Example) -> Example:
    """The same for words among which there are markers."""
    found: dict[str, list[int]] = {}
    kept: list[int] = []
    for place, word in enumerate(example.tokens):
        if _MARKERS.fullmatch(word):
            found.setdefault(word, []).append(len(kept))
        else:
            kept.append(place)
    entities = _entities(found)
    mask = None if example.mask is None else [example.mask[place] for place in kept]
    tokens = [example.tokens[place] for place in kept]
    return replace(example, tokens=tokens, mask=mask, fields={**example.fields, **entities})


def _entities(markers: dict[str, list[int]]) -> dict[str, list[int]]:
    """The ranges of the entities, from the places of each marker."""
    entities = {}
    for name, pairs in (("subject", _SUBJECT), ("object", _OBJECT)):
        ranges = [
            [*markers.get(before, []), *markers.get(behind, [])]
            for before, behind in pairs
            if before in markers or behind in markers
        ]
        if len(ranges) != 1 or len(ranges[0]) != 2 or not ranges[0][0] < ranges[0][1]:
            before, behind = pairs[0]
            raise AdaSeqError(
                f"a relation needs its two entities: mark them in the text, as in 'The <e1>school</e1> is in <e2>Rome</e2>.', or "
                f'give "subject" and "object" as [start, end]; here the {name} is not once between {before} and {behind}'
            )
        entities[name] = ranges[0]
    return entities


def _cut(text: str, places: dict[str, list[int]], fields: dict[str, Any], split: Split) -> Example:
    """The example of a text, words cut so that the entities begin and end with words."""
    tokens, offsets = _cut_words(text, split(text)[1], [place for each in places.values() for place in each])
    ranges = {name: list(_words_at(offsets, each, text)) for name, each in places.items()}
    return Example(id="", tokens=tokens, text=text, offsets=offsets, fields={**fields, **ranges})


def _cut_words(
    text: str, offsets: Sequence[tuple[int, int]], places: Sequence[int]
) -> tuple[list[str], list[tuple[int, int]]]:
    """Words cut at some places in the text."""
    cuts = sorted(set(places))
    result = []
    for start, end in offsets:
        inside = cuts[bisect_right(cuts, start) : bisect_left(cuts, end)]
        bounds = [start, *inside, end]
        result += list(itertools.pairwise(bounds))
    return [text[start:end] for start, end in result], result


def _words_at(offsets: Sequence[tuple[int, int]], place: Sequence[int], text: str) -> list[int]:
    """The range of the words in a range of characters."""
    start = bisect_right([end for _, end in offsets], place[0])
    end = bisect_left([start for start, _ in offsets], place[1])
    if start >= end:
        raise AdaSeqError(
            f"from character {place[0]} to {place[1]} of the text there is no word: {text[place[0] : place[1]]!r}"
        )
    return [start, end]
