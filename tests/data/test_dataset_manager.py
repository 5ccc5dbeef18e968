"""From the dataset section to splits and labels."""

import logging

import pytest

from adaseq.data.dataset_manager import DatasetManager
from adaseq.errors import AdaSeqError, DataError

TASK = "named-entity-recognition"


def conll(*sentences):
    return "\n".join("".join(f"{word}\t{tag}\n" for word, tag in sentence) for sentence in sentences)


PER = [("Ann", "B-PER"), ("Lee", "I-PER"), ("left", "O")]
LOC = [("in", "O"), ("Rome", "B-LOC")]
ORG = [("Acme", "B-ORG")]


@pytest.fixture
def files(tmp_path):
    for name, sentences in {"train": [PER, LOC] * 10, "valid": [LOC], "test": [PER, ORG]}.items():
        (tmp_path / f"{name}.txt").write_text(conll(*sentences), encoding="utf-8")
    return tmp_path


def load(files, *splits, has_evaluation=True, task=TASK, **options):
    dataset = {"data_type": "conll", "data_file": {name: f"{name}.txt" for name in splits}, **options}
    return DatasetManager.from_config(
        dataset, task, base_dirs=[files], has_evaluation=has_evaluation, cache_dir=files / "cache"
    )


def test_splits_and_labels(files):
    data = load(files, "train", "valid", "test")
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 20, "valid": 1, "test": 2}
    assert data.labels == ["LOC", "PER"]
    assert data.label_counts == {"train": {"PER": 10, "LOC": 10}, "valid": {"LOC": 1}, "test": {"PER": 1, "ORG": 1}}
    assert data.splits["train"][0].tokens == ["Ann", "Lee", "left"]
    assert not data.one_label_per_word and data.text_splitter == "word"
    assert len(set(data.fingerprints.values())) == 3


def test_what_the_log_says(files):
    said = load(files, "train", "valid", "test").describe()
    assert f"train: 20 examples, 50 words, tags read as BIO, from {files / 'train.txt'}" in said
    assert "warning: test has labels that train has not: ORG (1 times); they count as misses" in said
    assert "2 labels, with their counts in train: LOC 10, PER 10" in said


def test_raw_text_has_no_labels_to_tell_of(files):
    (files / "train.txt").write_text("Ann left.\n", encoding="utf-8")
    data = load(files, "train", task="pretraining", has_evaluation=False, data_type="plain_text")
    assert data.describe().splitlines()[1:] == [f"  train: 1 examples, 3 words, from {files / 'train.txt'}"]


def test_a_changed_file_is_noticed(files):
    before = load(files, "train", "test")
    (files / "train.txt").write_text(conll(ORG), encoding="utf-8")
    after = load(files, "train", "test")
    assert before.fingerprints["train"] != after.fingerprints["train"] and after.labels == ["LOC", "ORG", "PER"][1:]


def test_examples_say_where_their_file_is_now(files):
    for name in ("train", "moved"):
        (files / name).mkdir()
    (files / "train.txt").rename(files / "train" / "train.txt")
    before = load(files, has_evaluation=False, data_file={"train": "train/train.txt"})
    (files / "train" / "train.txt").rename(files / "moved" / "news.txt")
    after = load(files, has_evaluation=False, data_file={"train": "moved/news.txt"}, sample={"train": 3})
    assert before.splits["train"][0].origin == f"{files / 'train' / 'train.txt'}:1"
    for examples in (after.splits["train"], after.splits["train"].everything()):
        assert {each.origin.rpartition(":")[0] for each in examples} == {str(files / "moved" / "news.txt")}


def test_a_share_of_train_is_held_out(files):
    data = load(files, "train", "test", valid_ratio=0.25)
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 15, "valid": 5, "test": 2}
    held = [example.origin for example in data.splits["valid"]]
    assert not set(held) & {example.origin for example in data.splits["train"]}
    assert held == [example.origin for example in load(files, "train", "test", valid_ratio=0.25).splits["valid"]]


def test_without_valid_the_test_data_chooses_with_a_warning(files, caplog):
    with caplog.at_level(logging.WARNING):
        data = load(files, "train", "test")
    assert data.splits["valid"] is data.splits["test"]
    assert "There is no valid split: the best model is chosen on the test data" in caplog.text


def test_same_as_test_says_so_in_silence(files, caplog):
    with caplog.at_level(logging.WARNING):
        data = load(files, "train", "test", valid="same_as_test")
    assert data.splits["valid"] is data.splits["test"] and not caplog.text


def test_neither_valid_nor_test_is_an_error_with_three_ways_out(files):
    with pytest.raises(AdaSeqError) as caught:
        load(files, "train")
    assert str(caught.value) == (
        "there is no valid split to choose the best model on. Three ways out: name a file under dataset.data_file.valid, "
        "hold out a share of the training data with dataset.valid_ratio: 0.1, or train without choosing by evaluation: null. "
        "(With dataset.valid: same_as_test the test data is used, as the old AdaSeq did.)"
    )
    assert set(load(files, "train", has_evaluation=False).splits) == {"train"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"valid_ratio": 0.1}, "dataset.valid_ratio says how to do without a valid file"),
        ({"valid": "same_as_test"}, "dataset.valid says how to do without a valid file"),
        ({"labels": []}, "dataset.labels is empty"),
        ({"labels": ["PER", "LOC", "PER"]}, "lists a label twice: PER"),
        ({"labels": ["O", "B-PER", "I-PER"]}, "lists tags .* it wants types, without prefixes and without O: PER"),
        ({"labels": {"type": "count_words"}}, "dataset.labels.type is 'count_words'; it must be one of"),
        (
            {"labels": {"type": "count_labels", "key": "tags"}},
            "dataset.labels.key is 'tags'; with count_labels it can only",
        ),
        ({"labels": {"typ": "count_labels"}}, "dataset.labels has no 'typ'; did you mean 'type'"),
        ({"labels": ["PER", "LOC", "PARTIAL"]}, "dataset.labels lists PARTIAL, which marks words"),
        ({"labels": "none.txt"}, "dataset.labels: there is no file 'none.txt'"),
        ({"labels": ["PER"]}, r"train has labels that dataset.labels does not list: LOC \(10 times\); it lists PER"),
    ],
)
def test_a_section_that_contradicts_itself_or_the_data(files, options, message):
    with pytest.raises(AdaSeqError, match=message):
        load(files, "train", "valid", "test", **options)


def test_a_task_of_its_own_must_be_the_same(files):
    dataset = {"data_file": {"train": "train.txt"}, "task": "chunking"}
    with pytest.raises(AdaSeqError, match="dataset.task is 'chunking', but task is 'named-entity-recognition'"):
        DatasetManager.from_config(dataset, TASK, base_dirs=[files], has_evaluation=False)


def test_labels_from_a_list_and_from_a_file_keep_their_order(files):
    (files / "labels.txt").write_text("PER\n\n LOC \nORG\n", encoding="utf-8")
    assert load(files, "train", "test", labels=["PER", "LOC"]).labels == ["PER", "LOC"]
    assert load(files, "train", "test", labels="labels.txt").labels == ["PER", "LOC", "ORG"]
    assert load(files, "train", "valid", labels={"type": "count_span_labels", "key": "spans"}).labels == ["LOC", "PER"]


def test_several_files_make_a_split(files):
    data = DatasetManager.from_config(
        {"data_type": "conll", "data_file": {"train": ["train.txt", "test.txt"], "valid": "valid.txt"}},
        TASK,
        base_dirs=[files],
        cache_dir=files / "cache",
    )
    assert len(data.splits["train"]) == 22 and data.labels == ["LOC", "ORG", "PER"]


def test_one_label_per_word(tmp_path):
    (tmp_path / "train.txt").write_text(conll([("a", "DET"), ("dog", "NOUN")]), encoding="utf-8")
    (tmp_path / "valid.txt").write_text(conll([("dogs", "NOUN")]), encoding="utf-8")
    data = load(tmp_path, "train", "valid", task="part-of-speech")
    assert data.one_label_per_word and data.labels == ["DET", "NOUN"]


def test_characters_are_split_as_characters(tmp_path):
    (tmp_path / "train.txt").write_text(
        conll([("王", "B-PER"), ("明", "I-PER"), ("，", "O"), ("3", "O")]), encoding="utf-8"
    )
    assert load(tmp_path, "train", has_evaluation=False).text_splitter == "char"


def test_data_without_any_label_is_an_error(tmp_path):
    (tmp_path / "train.txt").write_text(conll([("a", "O"), ("b", "O")]), encoding="utf-8")
    with pytest.raises(DataError, match="the data has no label at all: is it annotated"):
        load(tmp_path, "train", has_evaluation=False)


def test_partial_annotation_is_no_label(tmp_path):
    sentence = [("Ann", "B-PER"), ("met", "UNK"), ("Bo", "UNK")]
    (tmp_path / "train.txt").write_text(conll(sentence), encoding="utf-8")
    data = load(tmp_path, "train", has_evaluation=False, partial_label="UNK")
    assert data.labels == ["PER"]
    assert data.splits["train"][0].spans == [
        {"start": 0, "end": 1, "type": "PER"},
        {"start": 1, "end": 3, "type": "PARTIAL"},
    ]


def test_labels_of_words_are_no_spans_unless_one_says_so(tmp_path):
    (tmp_path / "train.txt").write_text("John PER\nSmith PER\nin O\nRome LOC\n", encoding="utf-8")
    with pytest.raises(AdaSeqError) as caught:
        load(tmp_path, "train", has_evaluation=False)
    assert str(caught.value) == (
        "the tags in train have no prefix such as B- or I-: PER, O, LOC. If that is right, say how to read them for "
        "named-entity-recognition: dataset.source_scheme: IO makes a span of neighbours with the same tag, PLAIN one of each "
        "word"
    )
    data = load(tmp_path, "train", has_evaluation=False, source_scheme="IO")
    assert data.labels == ["LOC", "PER"] and not data.one_label_per_word
    assert data.splits["train"][0].spans == [
        {"start": 0, "end": 2, "type": "PER"},
        {"start": 3, "end": 4, "type": "LOC"},
    ]
    data = load(tmp_path, "train", has_evaluation=False, source_scheme="PLAIN")
    assert data.labels == ["LOC", "O", "PER"] and data.one_label_per_word


def test_all_splits_are_tagged_alike(tmp_path):
    (tmp_path / "train.txt").write_text("a DET\ndog NOUN\n", encoding="utf-8")
    (tmp_path / "test.txt").write_text("a B-DET\ndog B-NOUN\n", encoding="utf-8")
    with pytest.raises(
        AdaSeqError, match=r"train have no prefix such as B- or I-, others have one \(train: DET, NOUN\); if"
    ):
        load(tmp_path, "train", "test", task="part-of-speech")
