"""Several corpora as one data set, fewer examples of a split, labels of both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adaseq.data.corpora import JoinedExamples, corpora_of
from adaseq.data.dataset_manager import DatasetManager
from adaseq.errors import AdaSeqError, DataError


def write(path: Path, *labels: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"w{i} B-{label}\nis O\n\n" for i, label in enumerate(labels)), encoding="utf-8")
    return str(path)


def corpus(folder: Path, *labels: str, valid: str | None = None, **more: Any) -> dict[str, Any]:
    files = {"train": write(folder / "train.txt", *labels)}
    if valid:
        files["valid"] = write(folder / "valid.txt", valid)
    return {"data_file": files, "data_type": "conll", **more}


def load(dataset: Any, tmp_path: Path, task: str = "named-entity-recognition", **more: Any) -> DatasetManager:
    return DatasetManager.from_config(dataset, task, cache_dir=tmp_path / "cache", **more)


def test_corpora_follow_each_other(tmp_path: Path) -> None:
    blocks = [
        corpus(tmp_path / "news", "PERSON", "LOC", valid="LOC", label_map={"PERSON": "PER", "LO.*": "PLACE"}),
        corpus(tmp_path / "web", "PER", weight=2.5, corpus_name="blogs"),
    ]
    manager = load(blocks, tmp_path)
    train = manager.splits["train"]
    assert isinstance(train, JoinedExamples)
    assert manager.labels == ["PER", "PLACE"] and manager.label_counts["train"] == {"PER": 2, "PLACE": 1}
    assert train.names == ["news", "blogs"] and train.weights == [1.0, 2.5] and train.sizes == [2, 1]
    assert [train.corpus_of(i) for i in range(3)] == ["news", "news", "blogs"]
    assert [e.spans[0]["type"] for e in train] == [e.spans[0]["type"] for e in train[:]] == ["PER", "PLACE", "PER"]
    assert train[-1].origin.endswith("web/train.txt:1") and len(manager.splits["valid"]) == 1
    with pytest.raises(IndexError):
        train[3]
    assert any(note.startswith("blogs: train: 1 examples") for note in manager.notes)


def test_the_long_form_has_labels_for_all(tmp_path: Path) -> None:
    corpora = [corpus(tmp_path / "a", "A", valid="A"), corpus(tmp_path / "b", "B")]
    assert load({"corpora": corpora, "labels": ["B", "A"]}, tmp_path).labels == ["B", "A"]
    with pytest.raises(DataError, match="train has labels that dataset.labels does not list: B"):
        load({"corpora": corpora, "labels": ["A"]}, tmp_path)


def test_one_corpus_of_several_needs_a_valid_split(tmp_path: Path) -> None:
    blocks = [corpus(tmp_path / "a", "A"), corpus(tmp_path / "b", "B")]
    with pytest.raises(AdaSeqError, match="there is no valid split to choose the best model on"):
        load(blocks, tmp_path)
    blocks[1] = corpus(tmp_path / "c", *"AAAA", valid_ratio=0.5)
    manager = load(blocks, tmp_path)
    assert {name: len(split) for name, split in manager.splits.items()} == {"train": 3, "valid": 2}


def test_the_fingerprint_is_about_data_and_not_about_weights(tmp_path: Path) -> None:
    def fingerprint(*blocks: dict[str, Any]) -> str:
        return load(list(blocks), tmp_path, has_evaluation=False).fingerprints["train"]

    a, b = corpus(tmp_path / "a", "A"), corpus(tmp_path / "b", "B")
    assert fingerprint(a, b) == fingerprint(a, {**b, "weight": 3})
    assert len({fingerprint(a, b), fingerprint(b, a), fingerprint(a, {**b, "label_map": {"B": "C"}})}) == 3


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        ([], "dataset has no corpora"),
        (
            [{"corpus_name": "x"}, {"corpus_name": "x"}],
            "two corpora have the corpus_name 'x'; their results need names of their own",
        ),
        ([{"labels": ["A"]}], "dataset.corpora.0.labels: it stands beside corpora, for all of them"),
        (
            {"corpora": [{}], "valid_ratio": 0.1},
            "dataset.valid_ratio stands beside dataset.corpora; it belongs to one of the corpora",
        ),
        ({"weight": 2}, "dataset.weight is for one of several corpora: dataset is then a list of them"),
        ([{"weight": -1, "name": "n"}], "the weight of the corpus 'n' is -1.0; it must be 0 or more"),
    ],
)
def test_what_does_not_fit_together(dataset: Any, message: str) -> None:
    with pytest.raises(AdaSeqError) as caught:
        corpora_of(dataset)
    assert str(caught.value) == message


def test_names_come_from_folders_files_and_data_sets() -> None:
    blocks = [
        {"data_file": {"train": "data/news/train.txt"}},
        {"data_file": ["web.jsonl"]},
        {"path": "owner/set"},
        {"data_file": {"train": ["other/news/train.txt"]}},
        {},
    ]
    assert [each.name for each in corpora_of(blocks)] == ["news", "web", "set", "news-2", "corpus5"]


def test_fewer_examples_of_a_split(tmp_path: Path) -> None:
    def ids(run_seed: int = 42, **sample: Any) -> list[str]:
        block = corpus(tmp_path / "a", *"ABCDEFGHIJ", valid="A", sample=sample)
        return [example.id for example in load(block, tmp_path, seed=run_seed).splits["train"]]

    assert len(ids(train=0.3)) == 3 and len(ids(train=4)) == 4 and len(ids(train=100)) == 10
    assert ids(train=5) == sorted(ids(train=5)) == ids(train=5) != ids(1, train=5)
    assert ids(1, train=5) == ids(2, train=5, seed=1)
    assert len(ids(train=0.001)) == 1


def test_labels_are_those_of_the_chosen_examples(tmp_path: Path) -> None:
    block = corpus(tmp_path / "a", *"ABCDEFGHIJ", valid="A", sample={"train": 2})
    manager = load(block, tmp_path)
    assert sum(manager.label_counts["train"].values()) == 2
    assert "train: 2 of 10 examples chosen by dataset.sample" in manager.notes


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        ({"dev": 1}, "dataset.sample has no split 'dev'; splits: train, valid, test"),
        ({"test": 1}, "dataset.sample.test: there is no test split to choose from"),
        ({"train": 0}, "dataset.sample.train is 0; it must be a share such as 0.1, or a number of examples"),
        ({"train": 1.5}, "dataset.sample.train is 1.5; a share is at most 1.0, and a number of examples is whole"),
    ],
)
def test_samples_that_make_no_sense(tmp_path: Path, sample: dict[str, Any], message: str) -> None:
    with pytest.raises(AdaSeqError) as caught:
        load(corpus(tmp_path / "a", "A", valid="A", sample=sample), tmp_path)
    assert str(caught.value) == message


def test_keys_of_the_map_that_match_nothing_are_reported(tmp_path: Path) -> None:
    manager = load(corpus(tmp_path / "a", "A", valid="B", label_map={"B": "C", "b": "X", "D.*": None}), tmp_path)
    assert "warning: dataset.label_map has keys that match no label of the data: b, D.*" in manager.notes
    assert "warning: valid has labels that train has not: C (1 times); they count as misses" in manager.notes


CANDIDATES = {"train": [["poet", "person"], ["place"]], "dev": [["person"]]}


def typing_corpus(folder: Path, candidates: Any) -> dict[str, Any]:
    mention = {"start": 0, "end": 1, "type": ["person"]}
    for split, mentions in (("train", [mention, mention]), ("dev", [mention])):
        (folder / f"{split}.json").write_text(json.dumps({"text": "ab", "label": mentions}), encoding="utf-8")
    path = folder / "cand.json"
    path.write_text(candidates if isinstance(candidates, str) else json.dumps(candidates), encoding="utf-8")
    return {"data_file": {"train": str(folder / "train.json"), "valid": str(folder / "dev.json"), "cand": str(path)}}


def test_candidates_from_a_file_of_their_own(tmp_path: Path) -> None:
    manager = load(typing_corpus(tmp_path, CANDIDATES), tmp_path, "entity-typing")
    assert [span["candidates"] for span in manager.splits["train"][0].spans] == [["poet", "person"], ["place"]]
    assert manager.splits["valid"][0].spans[0]["candidates"] == ["person"]
    assert manager.labels == ["person", "place", "poet"] and manager.label_counts["train"]["poet"] == 0
    changed = typing_corpus(tmp_path, {**CANDIDATES, "train": [["x"], ["y"]]})
    assert load(changed, tmp_path, "entity-typing").splits["train"][0].spans[0]["candidates"] == ["x"]


@pytest.mark.parametrize(
    ("candidates", "message"),
    [
        ({"dev": []}, "cand.json: there are no candidates for the split 'train'; it has valid"),
        (
            {"train": [["x"]], "dev": [["x"]]},
            "cand.json: 'train' has candidates for 1 mentions, and the data has 2; they belong together in order",
        ),
        ({"train": [["x"], 3]}, "cand.json: 'train', mention 1: the candidates must be a list of labels"),
        ([], 'cand.json: an object from split to lists of candidates is needed: {"train": [["person", "poet"], …]}'),
        ("{", "cand.json:1: no JSON: Expecting property name enclosed in double quotes at column 2"),
    ],
)
def test_bad_candidates(tmp_path: Path, candidates: Any, message: str) -> None:
    with pytest.raises(DataError) as caught:
        load(typing_corpus(tmp_path, candidates), tmp_path, "entity-typing")
    assert str(caught.value) == f"{tmp_path}/{message}"


def test_a_pickle_is_refused_with_the_way_out(tmp_path: Path) -> None:
    dataset = typing_corpus(tmp_path, CANDIDATES)
    path = tmp_path / "cand.pkl"
    path.write_bytes(b"\x80\x04.")
    dataset["data_file"]["cand"] = str(path)
    with pytest.raises(DataError) as caught:
        load(dataset, tmp_path, "entity-typing")
    assert str(caught.value) == (
        f"{path}: this is a pickle, and reading one runs whatever its maker put into it. Convert it into JSON, which runs nothing "
        f"of it: adaseq migrate --allow-pickle {path} -o {tmp_path / 'cand.json'}"
    )


def test_the_task_decides_what_conll_means(tmp_path: Path) -> None:
    path = tmp_path / "r.txt"
    path.write_text("<E> r\nAda O\n</E> O\nsaw O\n\n", encoding="utf-8")
    block = {"data_file": {"train": str(path), "valid": str(path)}, "data_type": "conll"}
    manager = load(block, tmp_path, "relation-extraction")
    assert manager.labels == ["r"] and manager.splits["train"][0].fields["subject"] == [0, 1]
