"""Features for models of spans, of pairs of words, and of two stages."""

from __future__ import annotations

import numpy as np
import pytest

from adaseq.data.example import Example
from adaseq.data.preprocessors.span_extraction import SpanExtractionPreprocessor
from adaseq.data.preprocessors.twostage import TwostagePreprocessor
from adaseq.data.preprocessors.word_extraction import WordExtractionPreprocessor
from adaseq.errors import AdaSeqError, DataError

ALL = [SpanExtractionPreprocessor, WordExtractionPreprocessor, TwostagePreprocessor]
LABELS = ["LOC", "PER"]
EXAMPLE = Example("1", ["mary", "smith", "lives", "in", "london"], [
    {"start": 0, "end": 2, "type": "PER"},
    {"start": 4, "end": 5, "type": "LOC"},
    {"start": 0, "end": 5, "type": "LOC", "parts": [(0, 1), (3, 5)]},
])  # fmt: skip


def encode(cls, folder, example, training=True, **options):
    (features,) = cls(str(folder), labels=LABELS, **options).encode([example], training)
    return features


def cells(features):
    return features["cells"].reshape(-1, 3).tolist()


def test_a_span_is_its_first_and_last_word_and_its_type(tiny_bert):
    assert cells(encode(SpanExtractionPreprocessor, tiny_bert, EXAMPLE)) == [[0, 1, 1], [4, 4, 0]]


def test_words_of_an_entity_are_linked_and_its_ends_say_its_type(tiny_bert):
    found = cells(encode(WordExtractionPreprocessor, tiny_bert, EXAMPLE))
    assert found == [[0, 1, 0], [0, 3, 0], [1, 0, 2], [3, 4, 0], [4, 0, 1], [4, 4, 1]]


def test_two_stages_learn_tags_without_types_and_the_types(tiny_bert):
    features = encode(TwostagePreprocessor, tiny_bert, EXAMPLE)
    assert features["ident_ids"].tolist() == [1, 3, 0, 0, 4]
    assert cells(features) == [[0, 1, 1], [4, 4, 0]]


def test_of_entities_that_overlap_the_longest_is_tagged(tiny_bert):
    example = Example("1", ["mary", "smith", "lives"], [
        {"start": 0, "end": 1, "type": "LOC"}, {"start": 0, "end": 3, "type": "PER"}
    ])  # fmt: skip
    assert encode(TwostagePreprocessor, tiny_bert, example)["ident_ids"].tolist() == [1, 2, 3]


@pytest.mark.parametrize("cls", ALL)
def test_an_entity_behind_the_end_is_left_out_of_training(cls, tiny_bert):
    features = encode(cls, tiny_bert, EXAMPLE, max_length=5)
    assert features["num_words"] == 3
    assert all(max(cell[:2]) < 3 for cell in cells(features))


@pytest.mark.parametrize("cls", ALL)
def test_words_are_counted_without_the_context(cls, tiny_bert):
    example = Example("1", ["of", "mary", "smith"], [{"start": 1, "end": 3, "type": "PER"}], mask=[False, True, True])
    features = encode(cls, tiny_bert, example)
    assert features["mask"].tolist() == example.mask
    assert max(max(cell[:2]) for cell in cells(features)) == 1
    old = encode(
        cls, tiny_bert, Example("1", example.tokens, example.spans, mask=[True] * 3), return_original_view=None
    )
    assert len(old["mask"]) == 0


@pytest.mark.parametrize("cls", ALL)
def test_words_that_are_not_annotated_are_marked(cls, tiny_bert):
    example = Example("1", ["mary", "smith", "lives"], [{"start": 1, "end": 2, "type": "PARTIAL"}])
    features = encode(cls, tiny_bert, example)
    assert features["unknown"].tolist() == [False, True, False] and cells(features) == []
    if cls is TwostagePreprocessor:
        assert features["ident_ids"].tolist() == [0, -1, 0]
    assert len(encode(cls, tiny_bert, EXAMPLE)["unknown"]) == 0


@pytest.mark.parametrize("cls", ALL)
def test_features_for_prediction_hold_no_annotation(cls, tiny_bert):
    features = encode(cls, tiny_bert, EXAMPLE, training=False)
    assert not {"cells", "unknown", "ident_ids"} & set(features)
    assert features["num_words"] == 5 and isinstance(features["input_ids"], np.ndarray)


@pytest.mark.parametrize("cls", ALL)
def test_an_unknown_type_is_an_error_with_its_place(cls, tiny_bert):
    example = Example("1", ["mary"], [{"start": 0, "end": 1, "type": "PERS"}], origin="train.txt:7")
    with pytest.raises(DataError, match=r"train\.txt:7.*'PERS'.*did you mean 'PER'"):
        encode(cls, tiny_bert, example)


@pytest.mark.parametrize("cls", ALL)
def test_ids_of_labels_may_be_given_without_gaps(cls, tiny_bert):
    preprocessor = cls(str(tiny_bert), label_to_id={"PER": 0, "LOC": 1})
    assert preprocessor.labels == ["PER", "LOC"]
    with pytest.raises(AdaSeqError, match=r"must give the ids 0 to 1, each once; received \[1, 3\]"):
        cls(str(tiny_bert), label_to_id={"PER": 1, "LOC": 3})
    with pytest.raises(AdaSeqError, match="no labels"):
        cls(str(tiny_bert))
