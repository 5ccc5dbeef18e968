"""Retrieved context in chunks: nothing of the sentence is lost, and as much of the context is read as was asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from adaseq.data.data_collators.sequence_labeling import SequenceLabelingDataCollatorWithPadding
from adaseq.data.example import Example
from adaseq.data.feature_dataset import FeatureDataset
from adaseq.data.preprocessors.sequence_labeling import SequenceLabelingPreprocessor
from adaseq.data.store.examples import ExampleStore
from adaseq.errors import AdaSeqError

CONTEXT = ["the", "of", "and", "at", "for", "new", "york"]
EXAMPLE = Example(
    "1",
    ["john", "in", "london", "<EOS>", *CONTEXT],
    [{"start": 2, "end": 3, "type": "LOC"}],
    mask=[True] * 3 + [False] * 8,
)


def make(tiny_bert: Path, **options) -> SequenceLabelingPreprocessor:
    return SequenceLabelingPreprocessor(str(tiny_bert), labels=["LOC", "PER"], **options)


def rows(preprocessor: SequenceLabelingPreprocessor, features) -> list[str]:
    """The pieces of each chunk."""
    names = preprocessor.tokenizer.tokenizer.convert_ids_to_tokens(features["input_ids"].tolist())
    cuts = np.cumsum(features["piece_lengths"])[:-1].tolist() if features["chunks"] > 1 else []
    return [" ".join(names[a:b]) for a, b in zip([0, *cuts], [*cuts, len(names)], strict=True)]


def test_each_chunk_is_the_sentence_with_a_part_of_the_context(tiny_bert: Path) -> None:
    preprocessor = make(tiny_bert, chunk_size=9)
    features = preprocessor.encode([EXAMPLE], training=True)[0]
    found = rows(preprocessor, features)
    assert all(row.startswith("[CLS] john in london [SEP] ") for row in found)
    pieces = preprocessor.tokenizer.encode([EXAMPLE.tokens[3:]])[0].ids
    assert features["chunks"] == -(-len(pieces) // 4)
    assert " ".join(row.partition(" [SEP] ")[2] for row in found).split()[-2:] == ["new", "york"]
    assert features["num_words"] == 3 and features["mask"].tolist() == EXAMPLE.mask
    tags = [preprocessor.id_to_label.get(i) for i in features["label_ids"]]
    assert tags == ["O", "O", "S-LOC", *[None] * 8]


def test_chunks_are_counted_and_a_bare_one_fills_in(tiny_bert: Path) -> None:
    few = make(tiny_bert, chunk_size=9, chunk_num=2)
    features = few.encode([EXAMPLE], training=True)[0]
    assert features["chunks"] == 2 and all(len(row.split()) == 9 for row in rows(few, features))
    many = make(tiny_bert, chunk_size=9, chunk_num=50)
    assert rows(many, many.encode([EXAMPLE], training=True)[0])[-1] == "[CLS] john in london [SEP]"
    bare = many.encode([Example("2", ["john"])], training=False)[0]
    assert rows(many, bare) == ["[CLS] john [SEP]"] and bare["chunks"] == 1


def test_max_length_limits_the_context_in_all(tiny_bert: Path) -> None:
    preprocessor = make(tiny_bert, chunk_size=9, max_length=11)
    found = rows(preprocessor, preprocessor.encode([EXAMPLE], training=True)[0])
    assert [len(row.split()) for row in found] == [9, 7]
    assert preprocessor.portable_config({})["max_length"] == 11


def test_a_long_sentence_is_cut_in_training_and_read_in_windows_else(tiny_bert: Path, tmp_path: Path) -> None:
    words = ["john", "in", "london", "and", "mary", "in", "york", "of", "new", "york"]
    example = Example(
        "1", [*words, "<EOS>", "at"], [{"start": 8, "end": 10, "type": "LOC"}], mask=[True] * 10 + [False] * 2
    )
    preprocessor = make(tiny_bert, chunk_size=8)
    store = ExampleStore.build("long", lambda: [example, EXAMPLE], tmp_path)
    training = FeatureDataset(store, preprocessor, training=True, cache_dir=tmp_path)
    assert training.truncation() == {"examples": 1, "words": 4, "spans": 1}
    assert training[0]["mask"].tolist() == [True] * 6 + [False] * 6
    reading = FeatureDataset(store, preprocessor, training=False, cache_dir=tmp_path)
    assert reading.truncation()["words"] == 0 and len(reading[0]["piece_lengths"]) > 1
    batch = SequenceLabelingDataCollatorWithPadding()([reading[0], reading[1]])
    assert "stitch" in batch["tokens"] and batch["label_mask"].sum(1).tolist() == [10, 3]
    assert batch["num_words"].tolist() == [12, 11]


def test_a_batch_says_which_chunks_belong_together(tiny_bert: Path) -> None:
    preprocessor = make(tiny_bert, chunk_size=9)
    short = Example("2", ["the", "in", "york"], mask=[False, True, True])
    features = preprocessor.encode([EXAMPLE, short], training=True)
    batch = SequenceLabelingDataCollatorWithPadding()([{**each, "index": i + 7} for i, each in enumerate(features)])
    count = features[0]["chunks"]
    assert batch["index"].tolist() == [7, 8]
    assert batch["chunk_rows"].tolist() == [list(range(count)), [count] * count]
    assert batch["tokens"]["mask"].sum(1).tolist() == [3] * count + [2]
    assert batch["label_positions"].tolist() == [[0, 1, 2], [1, 2, 0]]
    assert batch["label_ids"].shape == (2, 11)


def test_only_the_sentence_is_read_where_that_is_the_view_of_evaluation(tiny_bert: Path) -> None:
    preprocessor = make(tiny_bert, evaluation_view="original", return_original_view=True)
    training, reading = (preprocessor.encode([EXAMPLE], mode)[0] for mode in (True, False))
    assert training["num_words"] == 11 and rows(preprocessor, reading) == ["[CLS] john in london [SEP]"]
    assert np.array_equal(training["origin/input_ids"], reading["input_ids"])
    assert reading["mask"].tolist() == EXAMPLE.mask and "origin/input_ids" not in reading
    words = SequenceLabelingPreprocessor(labels=["LOC"], evaluation_view="original")
    words.fit([EXAMPLE.tokens])
    assert words.encode([EXAMPLE], training=False)[0]["num_words"] == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"chunk_size": 0}, "preprocessor.chunk_size is 0; it must be at least 1"),
        (
            {"chunk_num": 3},
            "preprocessor.chunk_num is how many chunks there may be; give their length, chunk_size, too",
        ),
        (
            {"chunk_size": 9, "context": {"left": 3}},
            "preprocessor.chunk_size and preprocessor.context exclude each other: leave one out",
        ),
        (
            {"chunk_size": 9, "is_word2vec": True},
            "preprocessor.chunk_size needs a backbone, which reads the sentence and its context together",
        ),
    ],
)
def test_options_that_cannot_be(tiny_bert: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(AdaSeqError) as error:
        make(tiny_bert, **options)
    assert str(error.value) == message
