"""The card of a model: complete, readable by both hubs, and without anything of the machine or secret."""

from __future__ import annotations

import ast
from typing import Any

import pytest
import yaml

from adaseq.data.example import Example
from adaseq.inference.records import complete
from adaseq.models.model_card import PLACE, RunFacts, model_card
from adaseq.registry import SPLITTERS

CONFIG: dict[str, Any] = {
    "task": "named-entity-recognition",
    "experiment": {"exp_dir": "/home/me/exp", "exp_name": "resume/"},
    "dataset": {
        "data_file": {
            "train": "/home/me/data/train.txt",
            "test": ["C:\\data\\a.txt", "https://x.org/b.txt?token=s3cret"],
        },
        "access_token": "s3cret",
        "labels": ["PER"],
    },
    "preprocessor": {"type": "sequence-labeling-preprocessor", "text_splitter": "char", "label_to_id": {"O": 0}},
    "model": {"embedder": {"model_name_or_path": "~/bert"}, "id_to_label": {0: "O"}},
    "train": {"max_epochs": 3},
    "work_dir": "/home/me/run",
}
RUN = RunFacts(
    examples={"PER": ["王小明", "A|B <i>"]},
    counts={"PER": 7},
    type_scores={"PER": {"precision": 0.5, "recall": 1.0, "f1": 2 / 3, "support": 4}},
    valid={"f1": 0.8},
    sizes={"train": 10},
    fingerprints={"train": "0123456789abcdef0123"},
    versions={"torch": "2.13"},
    facts={"seed": 5},
)


def parts(card: str) -> tuple[dict[str, Any], str]:
    _, metadata, body = card.split("---\n", 2)
    return yaml.safe_load(metadata), body


def test_tells_all_that_the_run_knows() -> None:
    metadata, body = parts(model_card(CONFIG, ["PER", ""], {"f1": 0.75, "by type": {}}, RUN))
    assert metadata["library_name"] == "adaseq" and metadata["pipeline_tag"] == "token-classification"
    assert metadata["tasks"] == ["named-entity-recognition"] and metadata["language"] == ["zh"]
    (result,) = metadata["model-index"][0]["results"]
    assert result["metrics"] == [{"type": "f1", "value": 0.75}] and "base_model" not in metadata
    for line in (
        "# resume",
        "| PER | 7 | 王小明; A\\|B &lt;i&gt; |",
        "| (no type) | 0 |  |",
        "| f1 | 0.7500 | 0.8000 |",
        "| PER | 0.5000 | 1.0000 | 0.6667 | 4 |",
        "| train | 10 | `0123456789abcdef` |",
        "| torch | 2.13 |",
        "| seed | 5 |",
        f'predictor = adaseq.load("{PLACE}")',
    ):
        assert line in body.splitlines(), line


def test_names_no_place_on_the_machine_and_no_secret() -> None:
    card = model_card(CONFIG, ["PER"], None, RUN)
    assert "/home" not in card and "s3cret" not in card and "C:" not in card
    shown = yaml.safe_load(card.split("```yaml\n")[1].split("```")[0])
    assert shown["dataset"]["data_file"] == {"train": "train.txt", "test": ["a.txt", "https://x.org/b.txt"]}
    assert shown["model"] == {"embedder": {"model_name_or_path": "bert"}}
    assert "label_to_id" not in shown["preprocessor"] and "labels" not in shown["dataset"]


def test_a_backbone_of_a_hub_is_named() -> None:
    config = {**CONFIG, "model": {"embedder": {"model_name_or_path": "owner/bert"}}}
    assert parts(model_card(config, ["PER"], None))[0]["base_model"] == "owner/bert"


@pytest.mark.parametrize("splitter", ["char", "word"])
@pytest.mark.parametrize("task", ["named-entity-recognition", "relation-extraction", "entity-typing"])
def test_asks_for_what_a_predictor_of_the_task_takes(task: str, splitter: str) -> None:
    card = model_card({"task": task, "preprocessor": {"text_splitter": splitter}}, [], None)
    (line,) = [each for each in card.splitlines() if each.startswith("print(")]
    given = ast.literal_eval(line.removeprefix("print(predictor(").removesuffix("))"))
    fields = dict(given) if isinstance(given, dict) else {"text": given}
    split = SPLITTERS.build(splitter).split
    words, offsets = split(fields["text"])
    example = complete(Example("", words, text=fields.pop("text"), offsets=offsets, fields=fields), task, split)
    assert "".join(example.tokens) in ("王小明去年到杭州工作。", "MaryJonesmovedtoLisbonlastyear.")


def test_little_is_enough() -> None:
    metadata, body = parts(model_card({"task": "my-task"}, [], None))
    assert metadata["tags"] == ["adaseq", "my-task"] and "pipeline_tag" not in metadata
    assert "# my-task" in body and "not tested / 未测试" in body and "none / 无" in body
