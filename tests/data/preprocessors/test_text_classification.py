"""Texts and pairs of texts as features: segments, truncation, windows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adaseq.data.data_collators.whole_text import DataCollatorWithPadding
from adaseq.data.example import Example
from adaseq.data.preprocessors.text_classification import TextClassificationPreprocessor
from adaseq.data.preprocessors.whole_text import shares
from adaseq.errors import AdaSeqError, DataError


def make(tiny_bert: Path | None = None, **options: Any) -> TextClassificationPreprocessor:
    options.setdefault("labels", ["bad", "good"])
    if tiny_bert is not None:
        options["model_dir"] = str(tiny_bert)
    return TextClassificationPreprocessor(**options)


def example(text: str, pair: str | None = None, label: Any = "good", origin: str = "") -> Example:
    fields = {"label": label, **({} if pair is None else {"pair": pair.split()})}
    return Example("1", text.split(), fields=fields, origin=origin)


def batch_of(preprocessor: TextClassificationPreprocessor, *examples: Example, training: bool = False) -> dict:
    features = preprocessor.encode(examples, training)
    collator = DataCollatorWithPadding(preprocessor.pad_token_id)
    return collator([{**each, "index": number} for number, each in enumerate(features)])


def pieces(preprocessor: TextClassificationPreprocessor, ids: Any) -> list[str]:
    return preprocessor.tokenizer.tokenizer.convert_ids_to_tokens(np.asarray(ids).tolist())


def test_one_text(tiny_bert: Path) -> None:
    preprocessor = make(tiny_bert)
    (features,) = preprocessor.encode([example("in new york")], training=True)
    assert pieces(preprocessor, features["input_ids"]) == ["[CLS]", "in", "new", "york", "[SEP]"]
    assert features["first_piece"].tolist() == [0, 1, 2, 3]
    assert (features["num_words"], features["summaries"], features["separator"]) == (4, 1, -1)
    assert features["label_ids"].tolist() == [1] and features["left_out"] == 0
    assert not len(features["segment_ids"])


def test_a_pair_has_two_segments(tiny_bert: Path) -> None:
    preprocessor = make(tiny_bert)
    (features,) = preprocessor.encode([example("new york", "john works")], training=True)
    shown = ["[CLS]", "new", "york", "[SEP]", "john", "works", "[SEP]"]
    assert pieces(preprocessor, features["input_ids"]) == shown
    assert features["segment_ids"].tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert features["first_piece"].tolist() == [0, 1, 2, 3, 4, 5] and features["separator"] == 3


def test_pairs_and_single_texts_share_a_batch(tiny_bert: Path) -> None:
    batch = batch_of(make(tiny_bert), example("of"), example("new york", "john works"), training=True)
    assert batch["tokens"]["token_type_ids"].tolist() == [[0] * 7, [0, 0, 0, 0, 1, 1, 1]]
    assert batch["summary_mask"].tolist() == [[True] + [False] * 5] * 2
    assert batch["text_mask"].tolist() == [
        [False, True, False, False, False, False],
        [False, True, True, False, True, True],
    ]
    assert batch["label_ids"].tolist() == [[1], [1]]


def test_without_segments_there_are_none(tiny_bert: Path) -> None:
    assert "token_type_ids" not in batch_of(make(tiny_bert), example("of"), training=True)["tokens"]


def test_training_truncates_the_longer_text_first_and_counts(tiny_bert: Path) -> None:
    preprocessor = make(tiny_bert, max_length=11)
    (features,) = preprocessor.encode([example("the in", "of " * 9)], training=True)
    assert pieces(preprocessor, features["input_ids"])[:4] == ["[CLS]", "the", "in", "[SEP]"]
    assert (len(features["input_ids"]), features["left_out"]) == (11, 3)
    (features,) = preprocessor.encode([example("the " * 20, "of " * 9)], training=True)
    assert (features["first_words"], features["num_words"], features["left_out"]) == (4, 1 + 4 + 1 + 4, 21)


@pytest.mark.parametrize(
    ("first", "second", "space", "expected"),
    [(3, 4, 7, (3, 4)), (2, 9, 8, (2, 6)), (9, 2, 8, (6, 2)), (9, 9, 9, (4, 5)), (4, 9, 9, (4, 5)), (9, 0, 5, (5, 0))],
)
def test_shares(first: int, second: int, space: int, expected: tuple[int, int]) -> None:
    assert shares(first, second, space) == expected


texts = st.lists(st.sampled_from(["the", "in", "london", "x1y2", "works", "q"]), max_size=40)


@given(first=texts, second=st.none() | texts, max_length=st.integers(9, 30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_windows_lose_nothing(tiny_bert: Path, first: list[str], second: list[str] | None, max_length: int) -> None:
    preprocessor = make(tiny_bert, max_length=max_length)
    text = Example("1", first, fields={} if second is None else {"pair": second})
    batch = batch_of(preprocessor, text)
    tokens = batch["tokens"]
    assert tokens["input_ids"].shape[1] <= max_length
    places = tokens.get("stitch")
    width = tokens["first_piece"].shape[1]
    count = int(tokens["mask"].sum())
    if places is None:
        places = np.arange(count)[None]
    rows, columns = np.divmod(np.asarray(places)[0, :count], width)
    starts = [int(tokens["input_ids"][row, tokens["first_piece"][row, column]]) for row, column in zip(rows, columns)]
    found = pieces(preprocessor, starts)
    summaries = int(batch["summary_mask"].sum())
    begin_with = [each.ids[0] for each in preprocessor.tokenizer.encode([[word] for word in [*first, *(second or [])]])]
    expected = pieces(preprocessor, begin_with)
    separator = [] if second is None else ["[SEP]"]
    assert found == ["[CLS]"] * summaries + expected[: len(first)] + separator + expected[len(first) :]
    assert summaries == len(tokens["input_ids"])
    assert int(batch["text_mask"].sum()) == len(first) + len(second or [])
    if "token_type_ids" in tokens:
        for ids, kinds in zip(tokens["input_ids"], tokens["token_type_ids"], strict=True):
            end = pieces(preprocessor, ids).index("[SEP]")
            assert (
                not kinds[: end + 1].any() and kinds[end + 1 : pieces(preprocessor, ids).index("[SEP]", end + 1)].all()
            )


def test_without_a_backbone_a_word_separates_the_texts() -> None:
    preprocessor = make(max_length=5)
    pair = example("a b", "c d e f")
    preprocessor.fit([preprocessor.words_of(pair)])
    (features,) = preprocessor.encode([pair], training=True)
    words = [preprocessor.vocabulary.words[i] for i in features["input_ids"]]
    assert words == ["a", "b", "[SEP]", "c", "d"] and features["left_out"] == 2
    (features,) = preprocessor.encode([pair], training=False)
    assert (features["num_words"], features["left_out"], features["separator"]) == (7, 0, 2)


def test_several_labels() -> None:
    preprocessor = make(multi_label=True)
    preprocessor.fit([["a"]])
    encoded = preprocessor.encode(
        [example("a", label=["good", "bad", "good"]), example("a", label=[]), example("a", label="bad")], training=True
    )
    assert [features["label_ids"].tolist() for features in encoded] == [[1, 0], [], [0]]


@pytest.mark.parametrize(
    ("label", "error", "message"),
    [
        (["good", "bad"], AdaSeqError, ("train.tsv:3: a text with 2 labels: good, bad; if a text may have several, set "
         "model.multi_label: true")),
        (None, DataError, "train.tsv:3: a text without a label cannot be trained on"),
        ("god", DataError, "train.tsv:3: the label 'god' is not among the labels; did you mean 'good'? they are bad, good"),
    ],
)  # fmt: skip
def test_labels_that_cannot_be_trained_on(label: Any, error: type, message: str) -> None:
    preprocessor = make()
    preprocessor.fit([["a"]])
    with pytest.raises(error) as caught:
        preprocessor.encode([example("a", label=label, origin="train.tsv:3")], training=True)
    assert str(caught.value) == message


def test_a_pair_needs_some_room(tiny_bert: Path) -> None:
    with pytest.raises(AdaSeqError) as caught:
        make(tiny_bert, max_length=4).encode([example("a", "b")], training=True)
    assert str(caught.value) == (
        "preprocessor.max_length is 4: no pair of texts fits beside the 3 special tokens; give at least 5"
    )
