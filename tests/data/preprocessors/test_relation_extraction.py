"""Texts with marked entities as features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adaseq.data.data_collators.whole_text import DataCollatorWithPadding
from adaseq.data.entity_markers import MARKERS
from adaseq.data.example import Example
from adaseq.data.preprocessors.relation_extraction import RelationExtractionPreprocessor
from adaseq.errors import AdaSeqError, DataError


def make(tiny_bert: Path | None = None, **options: Any) -> RelationExtractionPreprocessor:
    options.setdefault("labels", ["A", "None", "B"])
    if tiny_bert is not None:
        options["model_dir"] = str(tiny_bert)
    return RelationExtractionPreprocessor(**options)


def example(text: str, subject: Any = None, object: Any = None, label: Any = "A", **more: Any) -> Example:
    return Example("1", text.split(), fields={"subject": subject, "object": object, "label": label}, **more)


def pieces(preprocessor: RelationExtractionPreprocessor, ids: Any) -> list[str]:
    return preprocessor.tokenizer.tokenizer.convert_ids_to_tokens(np.asarray(ids).tolist())


def test_markers_are_pieces_of_their_own(tiny_bert: Path) -> None:
    preprocessor = make(tiny_bert)
    (features,) = preprocessor.encode([example("john works in new york", [0, 1], [3, 5], "B")], training=True)
    shown = ["[CLS]", "<E>", "john", "</E>", "works", "in", "<O>", "new", "york", "</O>", "[SEP]"]
    assert pieces(preprocessor, features["input_ids"]) == shown
    assert features["entities"].tolist() == [1, 3, 6, 9]
    assert features["label_ids"].tolist() == [2]
    assert preprocessor.id_to_label == {0: "None", 1: "A", 2: "B"}
    assert len(features["input_ids"]) == features["num_words"] + 1
    assert preprocessor.num_pieces == len(preprocessor.tokenizer.tokenizer)


def test_markers_stay_what_they_are_in_lower_case(tiny_bert: Path) -> None:
    preprocessor = make(tiny_bert, lowercase=True)
    (features,) = preprocessor.encode([example("JOHN works", [0, 1], [1, 2])], training=True)
    assert pieces(preprocessor, features["input_ids"]) == [
        "[CLS]",
        "<e>",
        "john",
        "</e>",
        "<o>",
        "works",
        "</o>",
        "[SEP]",
    ]


def test_a_marker_in_the_text_is_text(tiny_bert: Path) -> None:
    preprocessor = make(tiny_bert)
    (features,) = preprocessor.encode([example("<E> in x</O>y", [1, 2], None)], training=True)
    found = pieces(preprocessor, features["input_ids"])
    assert [piece for piece in found if piece in MARKERS] == ["<E>", "</E>"]
    assert found[features["first_piece"][features["entities"][0]]] == "<E>"


def test_absent_entities(tiny_bert: Path) -> None:
    preprocessor = make(tiny_bert)
    (features,) = preprocessor.encode([example("of", label="None")], training=True)
    assert features["entities"].tolist() == [-1] * 4 and features["label_ids"].tolist() == [0]


def test_without_a_backbone_the_markers_are_words() -> None:
    preprocessor = make(min_count=2)
    preprocessor.fit([["a", "b"], ["a"]])
    (features,) = preprocessor.encode([example("a b", [0, 1], [1, 2])], training=True)
    words = [preprocessor.vocabulary.words[i] for i in features["input_ids"]]
    assert words == ["<E>", "a", "</E>", "<O>", "[UNK]", "</O>"]
    assert features["entities"].tolist() == [0, 2, 3, 5] and preprocessor.num_pieces is None


ranges = st.tuples(st.integers(0, 39), st.integers(1, 4)).map(lambda pair: [pair[0], min(pair[0] + pair[1], 40)])
vocabularies = st.lists(st.sampled_from(["the", "in", "london", "x1y2z3", "q" * 30]), min_size=40, max_size=40)


@given(words=vocabularies, subject=ranges, object=ranges, max_length=st.integers(14, 40), training=st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_a_text_of_any_length_keeps_its_entities(tiny_bert, words, subject, object, max_length, training) -> None:
    preprocessor = make(tiny_bert, max_length=max_length)
    text = Example("1", words, fields={"subject": subject, "object": object, "label": "A"})
    (features,) = preprocessor.encode([text], training)
    assert len(features["input_ids"]) <= max_length and not len(features["stitch"])
    found = pieces(preprocessor, features["input_ids"])
    assert [found[features["first_piece"][place]] for place in features["entities"]] == list(MARKERS)
    marked = features["num_words"] - features["summaries"] - len(MARKERS)
    assert features["left_out"] == len(words) - marked
    for start, end, entity in ((*features["entities"][:2], subject), (*features["entities"][2:], object)):
        assert 1 <= end - start - 1 <= entity[1] - entity[0] + 2


def test_words_that_are_looked_up_are_left_out_in_training_only() -> None:
    preprocessor = make(max_length=8)
    text = example("a " * 20, [3, 4], [10, 11])
    preprocessor.fit([text.tokens])
    trained, evaluated = (preprocessor.encode([text], training)[0] for training in (True, False))
    assert (trained["num_words"], trained["left_out"]) == (8, 16)
    assert (evaluated["num_words"], evaluated["left_out"]) == (24, 0)


def test_the_view_without_context(tiny_bert: Path) -> None:
    preprocessor = make(tiny_bert, return_original_view=True)
    text = example("in john works at london of", [1, 2], [4, 5], mask=[True, True, True, False, False, False])
    features = preprocessor.encode([text, example("of", label="None")], training=True)
    batch = DataCollatorWithPadding(0)([{**each, "index": i} for i, each in enumerate(features)])
    shown = pieces(preprocessor, batch["origin"]["tokens"]["input_ids"][0])
    assert shown == ["[CLS]", "in", "<E>", "john", "</E>", "works", "<O>", "london", "</O>", "[SEP]"]
    assert batch["origin"]["entities"].tolist() == [[2, 4, 6, 8], [-1] * 4]
    assert batch["entities"].tolist()[0] == [2, 4, 7, 9]


@pytest.mark.parametrize(
    ("subject", "label", "message"),
    [
        ([1, 5], "A", "x.txt:1: the subject is from word 1 to word 5, which the 2 words do not have"),
        ([1, 1], "A", "x.txt:1: the subject is from word 1 to word 1, which the 2 words do not have"),
        ([0, 1], "C", "x.txt:1: the relation 'C' is not among the labels; they are None, A, B"),
    ],
)
def test_what_cannot_be_trained_on(tiny_bert: Path, subject: Any, label: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        make(tiny_bert).encode([example("a b", subject, [1, 2], label, origin="x.txt:1")], training=True)
    assert str(caught.value) == message


def test_the_markers_need_some_room(tiny_bert: Path) -> None:
    with pytest.raises(AdaSeqError) as caught:
        make(tiny_bert, max_length=7)
    assert str(caught.value) == (
        "preprocessor.max_length is 7: two entities and their 4 markers do not fit; give at least 8"
    )
    (features,) = make(tiny_bert, max_length=8).encode([example("a b c d", [0, 2], [3, 4])], training=True)
    assert (len(features["input_ids"]), features["left_out"]) == (8, 2)
