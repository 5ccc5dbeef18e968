from __future__ import annotations

import itertools
import pickle
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaseq.data.example import Span
from adaseq.data.tags import (
    SchemeDetector,
    TagError,
    allowed_transitions,
    is_tag_of,
    tag_inventory,
    tags_to_spans,
)
from adaseq.errors import AdaSeqError
from adaseq.utils.tag_schemes import PLAIN, SCHEMES, find_scheme, spans_to_tags

WITH_OUTSIDE = [name for name, scheme in SCHEMES.items() if scheme.has_outside]


def detect(*sentences: str, ignored: tuple[str, ...] = ()) -> str:
    detector = SchemeDetector()
    for tags in sentences:
        detector.add(tags.split())
    return detector.result(ignored)


@st.composite
def annotations(draw: st.DrawFn, covers_all: bool = False) -> tuple[int, list[Span]]:
    """A number of words, and spans over them that do not overlap."""
    spans: list[Span] = []
    length = 0
    kinds = st.sampled_from(["", "A", "B-C"])
    for gap, width, kind in draw(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4), kinds), max_size=6)):
        start = length if covers_all else length + gap
        length = start + width
        spans.append({"start": start, "end": length, "type": kind})
    return (length if covers_all else length + draw(st.integers(0, 2))), spans


@pytest.mark.parametrize("scheme", [name for name in SCHEMES if name != "IO"])
@given(data=st.data())
def test_spans_survive_writing_and_reading(scheme: str, data: st.DataObject) -> None:
    length, spans = data.draw(annotations(covers_all=scheme not in WITH_OUTSIDE))
    tags = spans_to_tags(spans, length, scheme)
    assert tags_to_spans(tags, scheme) == spans
    assert tags_to_spans(tags, scheme, strict=True) == spans
    assert {*tags} <= {*tag_inventory(["", "A", "B-C"], scheme)}


@given(annotations())
def test_io_merges_neighbours_of_one_type_and_keeps_all_else(annotation: tuple[int, list[Span]]) -> None:
    length, spans = annotation
    tags = spans_to_tags(spans, length, "IO")
    read = tags_to_spans(tags, "IO")
    assert spans_to_tags(read, length, "IO") == tags
    assert {span["start"] for span in read} <= {span["start"] for span in spans}


def test_plain_tags_are_the_labels_of_words() -> None:
    spans = tags_to_spans(["DET", "NOUN", "O"], PLAIN)
    assert [span["type"] for span in spans] == ["DET", "NOUN", "O"]
    assert [(span["start"], span["end"]) for span in spans] == [(0, 1), (1, 2), (2, 3)]
    assert spans_to_tags(spans, 3, PLAIN) == ["DET", "NOUN", "O"]


@pytest.mark.parametrize("letters", ["BI", "BIES"])
def test_lenient_reading_is_that_of_seqeval(letters: str) -> None:
    from seqeval.metrics.sequence_labeling import get_entities

    generator = random.Random(0)
    for labels in (["A", "B"], ["A", "B-C", "S"]):
        inventory = ["O", *(f"{letter}-{label}" for letter in letters for label in labels)]
        for _ in range(3000):
            tags = generator.choices(inventory, k=generator.randrange(1, 9))
            expected = [(kind, start, end + 1) for kind, start, end in get_entities(tags)]
            assert [(s["type"], s["start"], s["end"]) for s in tags_to_spans(tags, "BIOES")] == expected, tags


def test_lenient_reading_of_untyped_tags_is_that_of_seqeval() -> None:
    from seqeval.metrics.sequence_labeling import get_entities

    for tags in itertools.product(["O", "B", "I", "E", "S"], repeat=5):
        expected = [(start, end + 1) for _, start, end in get_entities(list(tags))]
        assert [(s["start"], s["end"]) for s in tags_to_spans(tags, "BIOES")] == expected, tags


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_path_is_allowed_exactly_if_it_is_how_spans_are_written(scheme: str) -> None:
    inventory = tag_inventory(["A", "B"], scheme)
    start, end, pairs = allowed_transitions(inventory, scheme)
    for length in (1, 2, 3, 4):
        for path in itertools.product(range(len(inventory)), repeat=length):
            tags = [inventory[i] for i in path]
            is_allowed = start[path[0]] and end[path[-1]] and all(pairs[i][j] for i, j in itertools.pairwise(path))
            assert is_allowed == (spans_to_tags(tags_to_spans(tags, scheme), length, scheme) == tags), tags
            assert is_allowed == _is_accepted(tags, scheme), tags


def _is_accepted(tags: list[str], scheme: str) -> bool:
    try:
        tags_to_spans(tags, scheme, strict=True)
    except TagError:
        return False
    return True


def test_transitions_do_not_depend_on_the_order_of_the_tags() -> None:
    tags = ["S-A", "I-A", "O", "E-A", "B-A"]
    start, end, pairs = allowed_transitions(tags, "BIOES")
    assert [tag for tag, may in zip(tags, start, strict=True) if may] == ["S-A", "O", "B-A"]
    assert [tag for tag, may in zip(tags, end, strict=True) if may] == ["S-A", "O", "E-A"]
    assert [tag for tag, may in zip(tags, pairs[4], strict=True) if may] == ["I-A", "E-A"]


def test_any_label_may_follow_any_other() -> None:
    assert allowed_transitions(["DET", "NOUN"], PLAIN) == ([True] * 2, [True] * 2, [[True] * 2] * 2)


@pytest.mark.parametrize(
    ("scheme", "tags"),
    [
        ("BIO", ["O", "B-A", "I-A", "B-B", "I-B"]),
        ("IOB1", ["O", "B-A", "I-A", "B-B", "I-B"]),
        ("BIOES", ["O", "B-A", "I-A", "E-A", "S-A", "B-B", "I-B", "E-B", "S-B"]),
        ("BMES", ["O", "B-A", "M-A", "E-A", "S-A", "B-B", "M-B", "E-B", "S-B"]),
        ("BILOU", ["O", "B-A", "I-A", "L-A", "U-A", "B-B", "I-B", "L-B", "U-B"]),
        ("IO", ["O", "I-A", "I-B"]),
        ("BI", ["B-A", "I-A", "B-B", "I-B"]),
        ("BIES", ["B-A", "I-A", "E-A", "S-A", "B-B", "I-B", "E-B", "S-B"]),
        ("PLAIN", ["A", "B"]),
    ],
)
def test_inventory(scheme: str, tags: list[str]) -> None:
    assert tag_inventory(["A", "B"], scheme) == tags
    assert all(is_tag_of(tag, scheme) for tag in tags)


def test_inventory_without_types() -> None:
    assert tag_inventory([""], "BIES") == ["B", "I", "E", "S"]


@pytest.mark.parametrize(
    ("scheme", "tags"),
    [
        ("BIO", "B-A I-A O B-A B-B"),
        ("BIO", "O O"),
        ("IOB1", "I-A I-A B-A O I-B"),
        ("IO", "I-A I-B O"),
        ("BIOES", "S-A O B-A E-A"),
        ("BMES", "B-A M-A E-A S-A"),
        ("BMES", "B M E S"),
        ("BILOU", "B-A L-A U-B O"),
        ("BILOU", "O U-B"),
        ("BI", "B I I B"),
        ("BIES", "B E S B I E"),
        ("PLAIN", "DET NOUN VERB O"),
        ("PLAIN", "NN M VV E JJ -LRB-"),
    ],
)
def test_detection(scheme: str, tags: str) -> None:
    assert detect(tags) == scheme


def test_detection_looks_at_the_whole_corpus() -> None:
    assert detect("O I-A", "O I-A I-A", "B-A I-A") == "BIO"
    assert detect("O B-A", "S-B O") == "BIOES"


def test_detection_leaves_out_what_is_not_annotated() -> None:
    assert detect("B-A UNK I-A X S-X O", ignored=("UNK", "X", "S-X")) == "BIO"
    assert detect("UNK B-A I-A UNK", ignored=("UNK",)) == "BIO"


def test_a_tag_without_prefix_among_others_is_named() -> None:
    detector = SchemeDetector()
    detector.add(["B-A", "I-A"])
    detector.add(["UNK"] * 5 + ["B-A", "I-B", "B-B"])
    with pytest.raises(TagError) as error:
        detector.result()
    assert str(error.value) == "the tag 'UNK' has no prefix such as B- or I-, while other tags have one"
    assert error.value.advice == (
        "If it marks words that are not annotated, say so with 'partial_label: UNK'; if tags are labels of words, with "
        "'source_scheme: PLAIN'"
    )
    assert error.value.tag == "UNK"


@pytest.mark.parametrize(
    ("tags", "scheme", "message"),
    [
        ("O I-A", "BIO", "word 1: 'I-A' follows 'O', which the scheme BIO does not allow"),
        ("I-A", "BIO", "word 0: 'I-A' begins the sentence, which the scheme BIO does not allow"),
        ("O B-A", "BIOES", "word 1: 'B-A' ends the sentence, which the scheme BIOES does not allow"),
        ("B-A E-B", "BIOES", "word 1: 'E-B' follows 'B-A', which the scheme BIOES does not allow"),
        ("B-A E-A", "BIO", "word 1: 'E-A' is no tag of the scheme BIO"),
        ("B O", "BI", "word 1: 'O' is no tag of the scheme BI"),
        ("O B-A", "IOB1", "word 1: 'B-A' follows 'O', which the scheme IOB1 does not allow"),
    ],
)
def test_strict_reading_names_the_word(tags: str, scheme: str, message: str) -> None:
    with pytest.raises(TagError) as error:
        tags_to_spans(tags.split(), scheme, strict=True)
    assert str(error.value) == message
    assert str(pickle.loads(pickle.dumps(error.value))) == message


def test_a_tag_without_prefix_cannot_be_read() -> None:
    with pytest.raises(TagError, match=r"^word 1: 'PER' is no tag of the scheme BIO$"):
        tags_to_spans(["O", "PER"], "BIO")


def test_unknown_scheme() -> None:
    assert find_scheme("bioes") == "BIOES"
    with pytest.raises(AdaSeqError) as error:
        find_scheme("BIOE")
    assert str(error.value) == (
        "there is no tag scheme 'BIOE'; did you mean 'BIOES'? Known: BIO, IOB1, BIOES, BMES, BILOU, IO, BI, BIES, PLAIN"
    )


@pytest.mark.parametrize(("prefix", "scheme", "illegal"), [("", "PLAIN", 0), ("I-", "BIO", 49_999)])
def test_a_column_that_is_no_tags_at_all_takes_no_table_of_all_pairs(prefix: str, scheme: str, illegal: int) -> None:
    detector = SchemeDetector()
    detector.add(["B-0" if prefix else "0", *(f"{prefix}{number}" for number in range(1, 50_000))])
    assert detector.count_illegal(scheme) == illegal
