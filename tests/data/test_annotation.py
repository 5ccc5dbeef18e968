from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaseq.data.annotation import annotate, has_type_x
from adaseq.data.example import Span
from adaseq.data.tags import TagError, tags_to_spans


def span(start: int, end: int, kind: str) -> Span:
    return {"start": start, "end": end, "type": kind}


def words(tags: list[str]) -> list[str]:
    return ["w"] * len(tags)


@given(st.lists(st.sampled_from(["O", "B-A", "I-A", "I-B"])))
def test_nothing_is_masked_where_there_is_no_context(tags: list[str]) -> None:
    assert annotate(words(tags), tags, "BIO", "UNK") == (tags_to_spans(tags, "BIO"), None)


def test_context_is_masked_and_ends_spans() -> None:
    tags = ["X", "B-A", "X", "I-A", "B-X", "S-X", "I-A"]
    assert annotate(words(tags), tags, "BIO") == (
        [span(1, 2, "A"), span(3, 4, "A"), span(6, 7, "A")],
        [False, True, False, True, False, False, True],
    )


def test_x_may_be_a_label() -> None:
    tags = ["B-X", "I-X", "X", "B-X"]
    assert has_type_x(tags) and not has_type_x(["B-X", "S-X", "X", "O"])
    assert annotate(words(tags), tags, "BIO", type_x=True) == (
        [span(0, 2, "X"), span(3, 4, "X")],
        [True, True, False, True],
    )


def test_everything_from_the_end_of_sentence_on_is_context() -> None:
    tokens = ["a", "b", "<EOS>", "c", "d"]
    tags = ["O", "B-A", "I-A", "B-A", "UNK"]
    assert annotate(tokens, tags, "BIO", "UNK") == ([span(1, 2, "A")], [True, True, False, False, False])


def test_a_run_of_words_that_are_not_annotated_is_one_span() -> None:
    tags = ["UNK", "UNK", "B-A", "UNK", "I-A", "O"]
    spans = [span(0, 2, "PARTIAL"), span(2, 3, "A"), span(3, 4, "PARTIAL"), span(4, 5, "A")]
    assert annotate(words(tags), tags, "BIO", "UNK") == (spans, None)


def test_partial_spans_may_be_written_as_tags() -> None:
    tags = ["B-PARTIAL", "I-PARTIAL", "B-A"]
    assert annotate(words(tags), tags, "BIO") == ([span(0, 2, "PARTIAL"), span(2, 3, "A")], None)


def test_labels_of_words() -> None:
    tags = ["DET", "X", "UNK", "NOUN"]
    assert annotate(words(tags), tags, "PLAIN", "UNK") == (
        [span(0, 1, "DET"), span(1, 2, "X"), span(2, 3, "PARTIAL"), span(3, 4, "NOUN")],
        None,
    )


@given(st.lists(st.sampled_from(["O", "B-A", "I-A", "I-B", "X", "UNK"])), st.sampled_from([False, True]))
def test_each_word_is_context_or_read(tags: list[str], has_end: bool) -> None:
    tokens = [*words(tags), "<EOS>"] if has_end else words(tags)
    spans, mask = annotate(tokens, [*tags, "B-A"] if has_end else tags, "BIO", "UNK")
    expected = [tag != "X" for tag in tags] + [False] * has_end
    assert (mask or [True] * len(tokens)) == expected
    covered = [i for each in spans for i in range(each["start"], each["end"])]
    assert covered == [i for i, tag in enumerate(tags) if tag not in ("O", "X")]
    partial = [i for each in spans if each["type"] == "PARTIAL" for i in range(each["start"], each["end"])]
    assert partial == [i for i, tag in enumerate(tags) if tag == "UNK"]


def test_an_error_names_the_word_of_the_sentence() -> None:
    with pytest.raises(TagError, match=r"^word 3: 'I-A' follows 'O', which the scheme BIO does not allow$"):
        annotate(words(["X", "UNK", "O", "I-A"]), ["X", "UNK", "O", "I-A"], "BIO", "UNK", strict=True)
