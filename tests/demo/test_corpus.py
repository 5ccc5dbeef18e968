"""The demo: its corpus is what its generator writes, and a model can learn from it what it has not seen."""

from pathlib import Path

import pytest

from adaseq.config import load_config
from adaseq.data.dataset_manager import DatasetManager
from adaseq.data.splitters import WordSplitter
from adaseq.demo.corpus import HERE, SIZES, write_corpus

CONFIG = HERE / "demo.yaml"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    config = load_config(CONFIG, environ={})
    cache = tmp_path_factory.mktemp("cache")
    return DatasetManager.from_config(config.dataset, config.task, base_dirs=config.base_dirs, cache_dir=cache)


def mentions(split):
    return [
        (" ".join(example.tokens[span["start"] : span["end"]]), span["type"])
        for example in split
        for span in example.spans
    ]


@pytest.mark.parametrize("name", SIZES)
def test_the_bundled_files_are_what_the_generator_writes(tmp_path, name):
    write_corpus(tmp_path)
    assert (tmp_path / f"{name}.txt").read_bytes() == (HERE / "demo_corpus" / f"{name}.txt").read_bytes()


def test_the_files_are_found_beside_the_configuration_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = load_config(CONFIG, environ={})
    assert all(Path(path).parent == HERE / "demo_corpus" for path in config.dataset["data_file"].values())


def test_its_size_and_labels(data):
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 400, "valid": 80, "test": 80}
    assert data.labels == ["date", "location", "organisation", "person"]
    assert all(count > 20 for counts in data.label_counts.values() for count in counts.values())


def test_raw_text_is_cut_as_the_corpus_is(data):
    assert data.text_splitter == "word"
    for example in data.splits["test"]:
        glue = "" if any("\u4e00" <= token <= "\u9fff" for token in example.tokens) else " "
        assert WordSplitter().split(glue.join(example.tokens))[0] == example.tokens


def test_both_languages_take_about_half(data):
    for split in data.splits.values():
        chinese = sum(any("\u4e00" <= token <= "\u9fff" for token in example.tokens) for example in split)
        assert 0.4 < chinese / len(split) < 0.6


def test_no_sentence_is_in_two_splits(data):
    texts = [" ".join(example.tokens) for split in data.splits.values() for example in split]
    assert len(texts) == len(set(texts))


def test_many_entities_of_the_test_data_are_not_in_the_training_data(data):
    known = set(mentions(data.splits["train"]))
    for name in ("valid", "test"):
        found = mentions(data.splits[name])
        assert sum(mention not in known for mention in found) > 0.4 * len(found)
