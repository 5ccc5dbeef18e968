"""Examples to features to batches."""

import logging

import numpy as np
import pytest

from adaseq.data.example import Example
from adaseq.data.feature_dataset import FeatureDataset
from adaseq.data.preprocessors.sequence_labeling import SequenceLabelingPreprocessor
from adaseq.data.store.examples import ExampleStore
from adaseq.errors import AdaSeqError

SENTENCE = Example(
    "1",
    ["mary", "smith", "works", "in", "new", "york", "and", "london"],
    [
        {"start": 0, "end": 2, "type": "PER"},
        {"start": 4, "end": 6, "type": "LOC"},
        {"start": 7, "end": 8, "type": "LOC"},
    ],
)


def encode(backbone, example=SENTENCE, training=True, **options):
    preprocessor = SequenceLabelingPreprocessor(str(backbone), labels=["LOC", "PER"], **options)
    return preprocessor, preprocessor.encode([example], training)[0]


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        (None, "B-PER E-PER O O B-LOC E-LOC O S-LOC"),
        ("BIO", "B-PER I-PER O O B-LOC I-LOC O B-LOC"),
        ("bmes", "B-PER E-PER O O B-LOC E-LOC O S-LOC"),
        ("IO", "I-PER I-PER O O I-LOC I-LOC O I-LOC"),
        ("PLAIN", "PER PER O O LOC LOC O LOC"),
    ],
)
def test_the_training_scheme_is_a_choice(tiny_bert, scheme, expected):
    if scheme == "PLAIN":
        with pytest.raises(AdaSeqError, match="the tag scheme PLAIN has no tag for words outside"):
            encode(tiny_bert, tag_scheme=scheme)
        return
    preprocessor, features = encode(tiny_bert, tag_scheme=scheme)
    assert " ".join(preprocessor.id_to_label[i] for i in features["label_ids"]) == expected


def test_tags_are_numbered_as_they_always_were(tiny_bert):
    preprocessor, _ = encode(tiny_bert)
    assert list(preprocessor.id_to_label.values()) == [
        "O", "B-LOC", "I-LOC", "E-LOC", "S-LOC", "B-PER", "I-PER", "E-PER", "S-PER",
    ]  # fmt: skip


def test_given_tags_are_taken_as_they_are(tiny_bert):
    tags = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    numbers = {tag: i for i, tag in enumerate(tags)}
    preprocessor, features = encode(tiny_bert, tag_scheme="BIO", label_to_id=numbers)
    assert preprocessor.label_to_id == numbers and features["label_ids"].tolist() == [1, 2, 0, 0, 3, 4, 0, 3]


def test_gaps_in_given_numbers_are_refused(tiny_bert):
    with pytest.raises(AdaSeqError, match=r"must give the ids 0 to 1, each once; received \[0, 2\]"):
        encode(tiny_bert, label_to_id={"O": 0, "B-PER": 2})


def test_training_cuts_at_whole_words_and_counts(tiny_bert, tmp_path):
    preprocessor, features = encode(tiny_bert, max_length=7)
    assert features["num_words"] == 5 and len(features["input_ids"]) == 7
    assert features["label_ids"].tolist() == [
        preprocessor.label_to_id[t] for t in ("B-PER", "E-PER", "O", "O", "B-LOC")
    ]
    store = ExampleStore.build("examples", lambda: [SENTENCE, Example("2", ["in"], [])], tmp_path)
    dataset = FeatureDataset(store, preprocessor, training=True, cache_dir=tmp_path)
    assert dataset.truncation() == {"examples": 1, "words": 3, "spans": 2}
    assert FeatureDataset(store, preprocessor, training=False, cache_dir=tmp_path).truncation()["words"] == 0


def test_evaluation_keeps_every_word(tiny_bert):
    _, features = encode(tiny_bert, training=False, max_length=6, window_overlap=2)
    assert features["num_words"] == 8 and len(features["stitch"]) == 8
    assert features["piece_lengths"].max() <= 6 and "label_ids" not in features


def test_a_word_longer_than_a_sequence_keeps_its_first_pieces(tiny_bert):
    example = Example("1", ["in", "x" * 50, "london"], [{"start": 2, "end": 3, "type": "LOC"}])
    for training in (True, False):
        _, features = encode(tiny_bert, example, training, max_length=10)
        assert features["num_words"] == (1 if training else 3)


def test_windows_are_no_longer_than_what_was_trained_on(tiny_bert, monkeypatch):
    long = Example("2", SENTENCE.tokens * 4)
    preprocessor, whole = encode(tiny_bert, long, training=False, max_length=60)
    assert not len(whole["piece_lengths"])
    preprocessor.limit_windows(12)  # a short corpus says nothing about windows of usual sizes
    assert preprocessor.max_length == 60

    monkeypatch.setattr("adaseq.data.preprocessors.base.SHORTEST_WINDOW", 8)
    before = preprocessor.fingerprint()
    preprocessor.limit_windows(12)
    assert (preprocessor.max_length, preprocessor.window_overlap) == (12, 2)
    assert preprocessor.fingerprint() != before
    (features,) = preprocessor.encode([long], training=False)
    assert max(features["piece_lengths"]) <= 12 and features["num_words"] == len(long.tokens)
    chosen, _ = encode(tiny_bert, max_length=60, window_overlap=20)
    chosen.limit_windows(12)
    assert (chosen.max_length, chosen.window_overlap) == (12, 5)
    for each, given in ((preprocessor, {"max_length": 60}), (chosen, {"max_length": 60, "window_overlap": 20})):
        loaded = SequenceLabelingPreprocessor(str(tiny_bert), **each.portable_config(given))
        assert loaded.fingerprint() == each.fingerprint()

    chunks, _ = encode(tiny_bert, max_length=60, chunk_size=20)
    chunks.limit_windows(12)
    assert chunks.max_length == 20


def test_max_length_beyond_the_backbone_is_lowered_with_a_warning(tiny_bert, caplog):
    with caplog.at_level(logging.WARNING):
        preprocessor, _ = encode(tiny_bert, max_length=512)
    assert preprocessor.max_length == 64
    assert "preprocessor.max_length is 512, but the backbone takes 64 pieces: using 64." in caplog.text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_length": 2}, "max_length is 2: no word fits beside the 2 special tokens; give at least 3"),
        ({"window_overlap": 62}, "window_overlap is 62; it must be at least 0 and less than the 62 pieces"),
        ({"tag_scheme": "BIOSE"}, "no tag scheme 'BIOSE'; did you mean 'BIOES'"),
        ({"text_splitter": "chars"}, "chars.*did you mean 'char'"),
    ],
)
def test_options_that_cannot_be(tiny_bert, options, message):
    with pytest.raises(AdaSeqError, match=message):
        encode(tiny_bert, **options)


def test_context_words_are_masked_unless_null_is_said(tiny_bert):
    example = Example("1", ["in", "london"], [{"start": 1, "end": 2, "type": "LOC"}], mask=[False, True])
    preprocessor, features = encode(tiny_bert, example)
    assert features["mask"].tolist() == [False, True]
    assert features["label_ids"].tolist() == [-100, preprocessor.label_to_id["S-LOC"]]
    preprocessor, features = encode(tiny_bert, example, return_original_view=None)
    assert not len(features["mask"]) and features["label_ids"][0] == preprocessor.label_to_id["O"]


def test_a_scheme_without_o_needs_every_word_in_a_span(tiny_bert):
    with pytest.raises(
        AdaSeqError, match="the word 'works' .number 2. is in no span, but the tag scheme BIES has no tag"
    ):
        encode(tiny_bert, tag_scheme="BIES")


def test_features_are_made_once_for_the_same_data_and_options(tiny_bert, tmp_path, monkeypatch):
    store = ExampleStore.build("examples", lambda: [SENTENCE], tmp_path)
    preprocessor, expected = encode(tiny_bert)
    first = FeatureDataset(store, preprocessor, training=True, cache_dir=tmp_path)
    assert all(np.array_equal(first[0][name], expected[name]) for name in expected) and first[0]["index"] == 0
    calls = []
    monkeypatch.setattr(SequenceLabelingPreprocessor, "encode", lambda *args: calls.append(args) or 1 / 0)
    assert len(FeatureDataset(store, preprocessor, training=True, cache_dir=tmp_path)) == 1 and not calls
    for options in ({"max_length": 9}, {"tag_scheme": "BIO"}, {"return_original_view": None}):
        other = SequenceLabelingPreprocessor(str(tiny_bert), labels=["LOC", "PER"], **options)
        with pytest.raises(ZeroDivisionError):
            FeatureDataset(store, other, training=True, cache_dir=tmp_path)


def test_words_are_looked_up_where_there_is_no_backbone():
    preprocessor = SequenceLabelingPreprocessor(labels=["LOC", "PER"], max_length=4, lowercase=True)
    preprocessor.fit([SENTENCE.tokens])
    features = preprocessor.encode([Example("1", ["Mary", "who", "in", "london", "x"], [])], training=True)[0]
    words = preprocessor.vocabulary.words
    assert [words[i] for i in features["input_ids"]] == ["mary", "[UNK]", "in", "london"]
    assert preprocessor.encode([SENTENCE], training=False)[0]["num_words"] == 8


def test_without_backbone_and_vocabulary_it_says_what_to_do():
    with pytest.raises(
        AdaSeqError, match="neither a backbone nor a vocabulary: give model.embedder.model_name_or_path"
    ):
        SequenceLabelingPreprocessor(labels=["PER"]).encode([SENTENCE], training=True)
