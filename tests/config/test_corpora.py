"""Several corpora, label maps, and fewer examples, as a configuration says them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adaseq.config import ConfigError, load_config
from adaseq.config.task_formats import format_of

CORPORA = """\
task: named-entity-recognition
dataset:
  - data_file: {train: train.txt, dev: dev.txt}
    data_type: conll
    label_map: {PERSON: PER, 'MI.*': null}
  - data_file: {train: train.txt}
    data_type: json_spans
    corpus_name: web
    weight: 0.5
    sample: {train: 10}
model:
  embedder: {type: embedding, embedding_dim: 10}
"""


def load_text(text: str, folder: Path) -> Any:
    (folder / "c.yaml").write_text(text, encoding="utf-8")
    return load_config("c.yaml", environ={})


def test_a_list_of_corpora_is_checked_completed_and_saved(folder: Path) -> None:
    config = load_text(CORPORA, folder)
    first, second = config.dataset["corpora"]
    assert first["data_file"] == {"train": str(folder / "train.txt"), "valid": str(folder / "dev.txt")}
    assert first["label_map"] == {"PERSON": "PER", "MI.*": None} and first["label_column"] == -1
    assert (second["weight"], second["sample"], second["tokenizer"]) == (0.5, {"train": 10}, "char")
    config.dataset["labels"] = ["PER"]
    config.save(folder / "saved.yaml")
    assert load_config("saved.yaml").dataset == config.dataset


def test_what_is_wrong_in_a_corpus_is_said_with_its_place(folder: Path) -> None:
    text = CORPORA.replace("weight: 0.5", "weight: x\n    labels: [PER]\n    tokeniser: char").replace(
        "PERSON: PER", "'(a+)+': PER, B: ''"
    )
    with pytest.raises(ConfigError) as caught:
        load_text(text.replace("json_spans", "json_span"), folder)
    assert [str(each).partition("; allowed here")[0].partition("known: ")[0] for each in caught.value.problems] == [
        (
            "c.yaml:5:17: dataset.corpora.0.label_map.(a+)+: the expression is refused: a repetition stands inside another one, "
            "which may take for ever"
        ),
        "c.yaml:5:34: dataset.corpora.0.label_map.B: received '', which is no label; null drops the label",
        "c.yaml:7:16: dataset.corpora.1.data_type: there is no data format 'json_span'; did you mean 'json_spans'? ",
        "c.yaml:9:13: dataset.corpora.1.weight: received 'x'; expected a number",
        "c.yaml:10:5: dataset.corpora.1.labels: stands beside 'corpora', for all of them",
    ]


def test_options_of_each_format_are_checked(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"c.yaml:8:5: dataset.corpora.1.delimiter: unknown key 'delimiter'"):
        load_text(CORPORA.replace("corpus_name: web", "delimiter: tab"), folder)


def test_names_are_given_once(folder: Path) -> None:
    more = "  - {data_file: {train: train.txt}, data_type: conll, corpus_name: web}\nmodel:"
    with pytest.raises(ConfigError) as caught:
        load_text(CORPORA.replace("model:", more), folder)
    assert [str(each) for each in caught.value.problems] == [
        (
            "c.yaml:11:68: dataset.corpora.2.corpus_name: received 'web', which is the name of another corpus; results need names "
            "of their own"
        )
    ]


def test_samples_are_shares_or_numbers(problems: Callable[..., list[str]]) -> None:
    found = problems(replace={"data_type: conll": "data_type: conll\n  sample: {train: 1.5, tset: 1, valid: 0}"})
    assert found == [
        "c.yaml:5:19: dataset.sample.train: received 1.5; expected a whole number or at most 1.0",
        "c.yaml:5:24: dataset.sample.tset: unknown key 'tset'; did you mean 'test'? allowed here: seed, test, train, valid",
        "c.yaml:5:40: dataset.sample.valid: received 0; expected at least 1 or more than 0.0",
    ]


def test_keys_of_one_corpus_stand_in_it_and_those_of_all_beside(problems: Callable[..., list[str]]) -> None:
    found = problems(replace={"data_type: conll": "data_type: conll\n  weight: 2"})
    assert found == ["c.yaml:5:3: dataset.weight: is for one of several corpora: dataset is then a list of them"]
    found = problems(
        replace={
            "data_file: {train: train.txt, valid: dev.txt}\n  data_type: conll": "encoding: utf-8\n  corpora:\n"
            "    - {data_file: {train: train.txt}, data_type: conll}"
        }
    )
    assert found == ["c.yaml:3:3: dataset.encoding: belongs to one of the corpora; beside 'corpora' stand labels, task"]


def test_an_override_reaches_a_corpus(folder: Path) -> None:
    (folder / "c.yaml").write_text(CORPORA, encoding="utf-8")
    config = load_config("c.yaml", ["dataset.1.weight=3"], environ={})
    assert config.dataset["corpora"][1]["weight"] == 3


@pytest.mark.parametrize(
    ("task", "dataset", "expected"),
    [
        ("relation-extraction", {"data_type": "conll"}, {"data_type": "relation_conll"}),
        ("relation-extraction", {"data_type": "doccano"}, {"relations": True}),
        ("relation-extraction", {"data_type": "doccano", "relations": False}, {}),
        ("relation-extraction", {"data_type": "marked_pairs"}, {}),
        ("entity-typing", {"data_file": "x"}, {"data_type": "entity_typing"}),
        ("entity-typing", {"path": "a/b"}, {}),
        ("entity-typing", {"data_type": "label_studio"}, {"multi_type": True}),
        ("named-entity-recognition", {"data_type": "conll"}, {}),
    ],
)
def test_the_task_decides(task: str, dataset: dict[str, Any], expected: dict[str, Any]) -> None:
    assert format_of(task, dataset) == expected


def test_candidates_stand_beside_the_splits_of_entity_typing(folder: Path) -> None:
    text = (
        "task: mcce-entity-typing\ndataset:\n  data_file: {train: train.txt, dev: dev.txt, cand: cand.json}\n"
        "model: {embedder: {type: embedding, embedding_dim: 4}}\n"
    )
    (folder / "cand.json").write_text("{}", encoding="utf-8")
    (folder / "c.yaml").write_text(text, encoding="utf-8")
    config = load_config("c.yaml", environ={}, check_components=False)
    assert config.dataset["data_file"]["cand"] == str(folder / "cand.json")
    assert config.dataset["data_type"] == "entity_typing"
