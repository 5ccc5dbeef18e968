"""The ModelScope pipelines: what they register and pass on. With the framework itself: `make modelscope`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import adaseq
import adaseq.hub
from adaseq.errors import AdaSeqError, HubError
from adaseq.models.assembly import build_model, build_preprocessor
from adaseq.models.model_folder import save_model_folder
from adaseq.registry import MODELS

NAME = "adaseq.hub.modelscope"
TASKS = ("named-entity-recognition", "word-segmentation", "part-of-speech", "chunking")
OTHER_TASKS = ("relation-extraction", "text-classification")
TEXTS = ["Mary Smith works in New York.", "", {"tokens": ["john", "works", "in", "london"]}]


@pytest.fixture(autouse=True)
def fresh_import(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test imports the module anew and leaves no trace of it."""
    monkeypatch.delitem(sys.modules, NAME, raising=False)
    yield
    sys.modules.pop(NAME, None)
    vars(adaseq.hub).pop("modelscope", None)


class FakePipeline:
    """What the base class of ModelScope 1.37 asks of those that inherit from it."""

    def __init__(self, model: Any, preprocessor: Any, device: str) -> None:
        assert (Path(model.model_dir) / "configuration.json").is_file()
        assert preprocessor is not None
        self.model, self.device_name = model, device


class FakeRegistry:
    def __init__(self) -> None:
        self.classes: dict[tuple[str, str], type] = {}

    def register_module(self, group_key: str, module_name: str, module_cls: type, force: bool) -> None:
        self.classes[group_key, module_name] = module_cls


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], type]:
    """What the import registers in a stand-in for ModelScope."""
    registry = FakeRegistry()
    for name, content in {
        "modelscope": {},
        "modelscope.pipelines": {},
        "modelscope.pipelines.base": {"Pipeline": FakePipeline},
        "modelscope.pipelines.builder": {"PIPELINES": registry},
    }.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    importlib.import_module(NAME)
    return registry.classes


def test_registers_a_pipeline_for_each_task_that_modelscope_has(registered: dict[tuple[str, str], type]) -> None:
    words = {(task, f"{kind}-pipeline") for task in TASKS for kind in ("sequence-labeling", "span-based-ner")}
    assert set(registered) == words | {(task, f"{task}-pipeline") for task in OTHER_TASKS}


def test_registers_what_model_folders_name(registered: dict[tuple[str, str], type]) -> None:
    named = {MODELS.get(name).pipeline for name in MODELS.names()} - {None}
    assert named == {name for _, name in registered}


def test_gives_what_the_predictor_gives(registered: dict[tuple[str, str], type], trained_folder: Path) -> None:
    pipeline = registered[TASKS[0], "sequence-labeling-pipeline"](model=str(trained_folder), device="cpu")
    predictor = adaseq.load(trained_folder)
    assert pipeline(TEXTS[0]) == predictor(TEXTS[0])
    assert pipeline(TEXTS) == predictor(TEXTS)
    spans = [[each["span"] for each in result["output"]] for result in pipeline(TEXTS, batch_size=1)]
    assert spans == [["Mary Smith", "New York"], [], ["john", "london"]]
    assert list(pipeline(iter(TEXTS))) == predictor(TEXTS)
    for batch_size in (0, -1):
        with pytest.raises(AdaSeqError, match=f"^batch_size must be at least 1; received {batch_size}$"):
            pipeline(TEXTS, batch_size=batch_size)
    with pytest.raises(AdaSeqError, match="received None$"):
        pipeline(None)


def test_errors_can_be_made_from_their_message_alone(
    registered: dict[tuple[str, str], type], trained_folder: Path
) -> None:
    tagger = registered[TASKS[0], "sequence-labeling-pipeline"]
    with pytest.raises(AdaSeqError, match="there is no text splitter 'wordd'; did you mean 'word'") as caught:
        tagger(model=str(trained_folder), text_splitter="wordd")
    assert str(caught.type("a message")) == "a message"


def test_without_the_framework_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "modelscope", None)
    with pytest.raises(HubError, match=r"need more than its plain install .*: pip install 'modelscope\[framework\]'$"):
        importlib.import_module(NAME)


def save_text_classifier(folder: Path) -> Path:
    config: dict[str, Any] = {
        "task": "text-classification",
        "model": {
            "type": "text-classification-model",
            "embedder": {"type": "embedding", "embedding_dim": 4},
            "pooling": "mean",
        },
        "preprocessor": {"type": "text-classification-preprocessor"},
        "data_collator": "DataCollatorWithPadding",
    }
    preprocessor = build_preprocessor(config["preprocessor"], config["model"], ["bad", "good"])
    preprocessor.fit([["fine", "poor", "[SEP]"]])
    save_model_folder(folder, build_model(config["model"], preprocessor), preprocessor, config)
    return folder


def test_labels_and_scores_of_texts(registered: dict[tuple[str, str], type], tmp_path: Path) -> None:
    folder = save_text_classifier(tmp_path / "model")
    pipeline = registered["text-classification", "text-classification-pipeline"](model=str(folder), device="cpu")
    expected = adaseq.load(folder)("fine")
    (found,) = expected["output"]
    assert pipeline("fine") == {**expected, "labels": [found["type"]], "scores": [found["prob"]]}
    pair = pipeline(("fine", "poor"))
    assert pair == pipeline({"text": "fine", "text2": "poor"}) != pipeline("fine")
    assert pipeline(["fine", ("fine", "poor")]) == [pipeline("fine"), pair]
