"""A model with document context in use: neighbours are read where they are of the same document, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import adaseq
from adaseq.commands.main import main
from adaseq.inference.predictor import Predictor
from adaseq.models.assembly import build_model, build_preprocessor
from adaseq.models.model_folder import save_model_folder

SENTENCES = ["mary works in london .", "john lives in york", "the new york of mary smith"]


@pytest.fixture(scope="module")
def folder(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tagger that has learned nothing: what it says depends on all that it reads."""
    config: dict[str, Any] = {
        "task": "named-entity-recognition",
        "model": {
            "type": "sequence-labeling-model",
            "embedder": {"type": "transformer-embedder", "model_name_or_path": str(tiny_bert)},
        },
        "preprocessor": {"type": "sequence-labeling-preprocessor", "context": {"left": 3, "right": 2}},
        "data_collator": "SequenceLabelingDataCollatorWithPadding",
    }
    preprocessor = build_preprocessor(config["preprocessor"], config["model"], ["LOC", "PER"])
    target = tmp_path_factory.mktemp("model")
    save_model_folder(target, build_model(config["model"], preprocessor), preprocessor, config)
    return target


@pytest.fixture
def seen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """What a call shows the model beside each text."""

    def contexts(call: Callable[[Predictor], Any]) -> list[Any]:
        predictor = adaseq.load(folder)
        found: list[Any] = []
        encode = predictor.preprocessor.encode

        def watched(examples: Any, training: bool) -> Any:
            found.extend(tuple(" ".join(side) for side in each.context) for each in examples)
            return encode(examples, training)

        monkeypatch.setattr(predictor.preprocessor, "encode", watched)
        result = call(predictor)
        assert result is not None
        return found

    return contexts


WHOLE = [("", "john lives"), ("in london .", "the new"), ("lives in york", "")]


def test_texts_of_a_call_stand_alone(seen: Callable[..., list[Any]]) -> None:
    assert seen(lambda predictor: predictor(SENTENCES)) == [("", "")] * 3
    assert seen(lambda predictor: predictor(SENTENCES[0])) == [("", "")]


def test_sentences_of_a_document_see_each_other(seen: Callable[..., list[Any]]) -> None:
    assert seen(lambda predictor: predictor.document(SENTENCES)) == WHOLE
    named = [{"text": text, "document": name} for text, name in zip(SENTENCES, "aab", strict=True)]
    assert seen(lambda predictor: predictor(named)) == [("", "john lives"), ("in london .", ""), ("", "")]


def test_what_is_answered_at_once_looks_back_only(seen: Callable[..., list[Any]]) -> None:
    found = seen(lambda predictor: list(predictor.predict(SENTENCES, 1, is_document=True)))
    assert found == [(left, "") for left, _ in WHOLE]


def test_context_changes_what_is_said_and_alone_is_alone(folder: Path) -> None:
    predictor = adaseq.load(folder)
    together, alone = ([each["output"] for each in call(SENTENCES)] for call in (predictor.document, predictor))
    assert together != alone
    for text, output in zip(SENTENCES, alone, strict=True):
        assert [{**span, "prob": pytest.approx(span["prob"], rel=1e-4)} for span in predictor(text)["output"]] == output
    assert all(span["end"] <= len(text) for text, each in zip(SENTENCES, together, strict=True) for span in each)


def test_a_file_is_a_document_unless_marks_say_more(folder: Path, tmp_path: Path) -> None:
    predictor = adaseq.load(folder)
    expected = [
        [span["type"] for span in each["output"]]
        for each in [*predictor.document(SENTENCES[:2]), *predictor.document(SENTENCES[2:])]
    ]
    source, target = tmp_path / "in.conll", tmp_path / "out.jsonl"
    blocks = ["\n".join(text.split()) for text in SENTENCES]
    source.write_text(f"{blocks[0]}\n\n{blocks[1]}\n\n-DOCSTART-\n\n{blocks[2]}\n", encoding="utf-8")
    assert main(["predict", "-m", str(folder), "-i", str(source), "-o", str(target), "-d", "cpu"]) == 0
    import json

    lines = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [[span["type"] for span in each["output"]] for each in lines] == expected
