"""What inputs hold beside their words."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaseq.data.example import Example
from adaseq.errors import AdaSeqError
from adaseq.inference.records import complete, given_fields

RELATION, TYPING, TEXT = "relation-extraction", "entity-typing", "text-classification"


def split(text: str) -> tuple[list[str], list[tuple[int, int]]]:
    found = list(re.finditer(r"\w+|[^\w\s]", text))
    return [each.group() for each in found], [each.span() for each in found]


def made(task: str, content: Any, **fields: Any) -> Example:
    if isinstance(content, str):
        tokens, offsets = split(content)
        return complete(Example("", tokens, text=content, offsets=offsets, fields=fields), task, split)
    return complete(Example("", content, fields=fields), task, split)


def entities(example: Example) -> list[list[str]]:
    return [example.tokens[slice(*example.fields[name])] for name in ("subject", "object")]


@pytest.mark.parametrize(
    "text",
    ["The <e1>high school</e1> is in <e2>Rome</e2>.", "The <E> high school </E> is in <O> Rome </O>."],
)
def test_marked_text(text: str) -> None:
    example = made(RELATION, text, id=3)
    assert entities(example) == [["high", "school"], ["Rome"]] and example.fields["id"] == 3
    assert not set(example.text) & set("<>")
    assert [example.text[slice(*place)] for place in example.offsets] == example.tokens


def test_the_object_may_come_first() -> None:
    assert entities(made(RELATION, "<e2>Rome</e2> has a <e1>school</e1>")) == [["school"], ["Rome"]]


def test_entities_in_characters_cut_words() -> None:
    example = made(RELATION, "post-war Rome2", subject=[5, 8], object=[9, 13], note="x")
    assert entities(example) == [["war"], ["Rome"]]
    assert example.tokens == ["post", "-", "war", "Rome", "2"]
    assert given_fields(example, RELATION) == {"subject": [5, 8], "object": [9, 13], "note": "x"}


def test_entities_in_words() -> None:
    example = made(RELATION, ["the", "school", "in", "Rome"], subject=[1, 2], object={"start": 3, "end": 4})
    assert entities(example) == [["school"], ["Rome"]]
    assert given_fields(example, RELATION) == {"subject": [1, 2], "object": [3, 4]}


def test_marked_words() -> None:
    example = made(RELATION, ["the", "<E>", "school", "</E>", "in", "<O>", "Rome", "</O>"])
    assert example.tokens == ["the", "school", "in", "Rome"] and entities(example) == [["school"], ["Rome"]]


NEED = (
    "a relation needs its two entities: mark them in the text, as in 'The <e1>school</e1> is in <e2>Rome</e2>.', or give "
    '"subject" and "object" as [start, end]; here the {} is not once between <{}> and </{}>'
)


@pytest.mark.parametrize(
    ("content", "fields", "message"),
    [
        ("no marks", {}, NEED.format("subject", "e1", "e1")),
        ("<e1>a</e1> b", {}, NEED.format("object", "e2", "e2")),
        ("<e1>a</e1> <e1>b</e1> <e2>c</e2>", {}, NEED.format("subject", "e1", "e1")),
        ("<e1></e1> <e2>c</e2>", {}, NEED.format("subject", "e1", "e1")),
        ("a b", {"subject": [0, 1]}, 'a relation is between two entities; there is a "subject", but no "object"'),
        ("a b", {"subject": [0, 9], "object": [2, 3]}, ("the subject is [start, end] in characters, of which there are 3; "
         "received [0, 9]")),
        (["a", "b"], {"subject": [0, 1], "object": "b"}, ("the object is [start, end] in words, of which there are 2; "
         "received 'b'")),
        ("a   b", {"subject": [1, 3], "object": [4, 5]}, "from character 1 to 3 of the text there is no word: '  '"),
    ],
)  # fmt: skip
def test_what_is_no_relation(content: Any, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(AdaSeqError) as caught:
        made(RELATION, content, **fields)
    assert str(caught.value) == message


@given(st.text("ab -.\n", max_size=20), st.data())
def test_mentions_point_at_the_same_characters(text: str, data: st.DataObject) -> None:
    places = st.tuples(st.integers(0, len(text)), st.integers(0, len(text))).map(sorted)
    mentions = data.draw(st.lists(places.filter(lambda place: text[place[0] : place[1]].strip()), max_size=3))
    example = made(TYPING, text, mentions=mentions)
    for (start, end), span in zip(mentions, example.spans, strict=True):
        first, last = example.offsets[span["start"]][0], example.offsets[span["end"] - 1][1]
        assert text[start:end].strip() == text[first:last] and span["type"] == ""


def test_mentions_may_have_candidates() -> None:
    example = made(TYPING, ["a", "b"], spans=[{"start": 1, "end": 2, "candidates": ["x", "y"]}])
    assert example.spans == [{"start": 1, "end": 2, "type": "", "candidates": ["x", "y"]}]


def test_typing_needs_mentions() -> None:
    with pytest.raises(AdaSeqError, match=r'^entity typing needs the mentions that are to be typed: \{"text"'):
        made(TYPING, "a b")


def test_the_second_text() -> None:
    raw = made(TEXT, "a b", pair_text="c, d")
    assert raw.fields == {"pair_text": "c, d", "pair": ["c", ",", "d"]}
    assert given_fields(raw, TEXT) == {"pair_text": "c, d"}
    assert made(TEXT, ["a"], pair=("b", "c")).fields == {"pair": ["b", "c"]}
    assert made(TEXT, "a", pair="b c").fields["pair"] == ["b", "c"]
    assert made(TEXT, "a").fields == {}
    with pytest.raises(AdaSeqError) as caught:
        made(TEXT, "a", pair=[1])
    assert str(caught.value) == "the second text of a pair is a string or a list of words; received [1]"


def test_other_tasks_leave_everything_as_it_is() -> None:
    example = Example("", ["<E>", "a"], fields={"mentions": 3, "subject": 4})
    assert complete(example, "named-entity-recognition", split) is example
