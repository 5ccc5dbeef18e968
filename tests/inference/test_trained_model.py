"""A predictor with a real model: from its folder alone, in windows, in half precision, in threads."""

from __future__ import annotations

import json
import shutil
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

import adaseq
from adaseq.errors import HubError, ModelError
from adaseq.inference.predictor import Predictor, load
from adaseq.registry import UnknownComponent

SENTENCES = ["Mary Smith works in New York.", "john works in  london .", "", "the and of", "mary works in york ."]


@pytest.fixture(scope="module")
def predictor(trained_folder: Path) -> Predictor:
    return load(trained_folder)


def spans(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(found["type"], found["span"]) for found in result["output"]]


def test_finds_names_with_their_place_in_the_text(predictor: Predictor) -> None:
    text = "  Mary Smith works in New York."
    first, second = predictor(text)["output"]
    assert (first["type"], first["start"], first["end"], first["span"]) == ("PER", 2, 12, "Mary Smith")
    assert (second["type"], second["start"], second["end"], second["span"]) == ("LOC", 22, 30, "New York")
    assert 0.5 < first["prob"] <= 1
    assert type(first["prob"]) is float and type(first["start"]) is int


def test_together_as_one_by_one(predictor: Predictor) -> None:
    together = predictor(SENTENCES)
    for result, text in zip(together, SENTENCES, strict=True):
        alone = predictor(text)
        assert spans(result) == spans(alone)
        assert [found["prob"] for found in result["output"]] == pytest.approx(
            [each["prob"] for each in alone["output"]], abs=1e-5
        )
    assert spans(together[1]) == [("PER", "john"), ("LOC", "london")]
    assert json.loads(json.dumps(together)) == together


def test_words_as_raw_text(predictor: Predictor) -> None:
    result = predictor({"tokens": ["mary", "smith", "works", "in", "new", "york", "."]})
    assert spans(result) == [("PER", "mary smith"), ("LOC", "new york")]
    assert [(found["token_start"], found["token_end"]) for found in result["output"]] == [(0, 2), (4, 6)]


def test_a_long_text_is_read_to_its_end(predictor: Predictor) -> None:
    sentence = "mary smith works in new york . "
    result = predictor(sentence * 50)
    assert spans(result) == [("PER", "mary smith"), ("LOC", "new york")] * 50


def test_words_behind_the_end_of_the_sentence_are_context(predictor: Predictor) -> None:
    words = ["mary", "works", "in", "london", ".", "<EOS>", "john", "works", "in", "york", "."]
    assert spans(predictor({"tokens": words})) == [("PER", "mary"), ("LOC", "london")]
    mask = [True] * 5 + [False] * 6
    assert spans(predictor({"tokens": ["mary", *words[1:5], *["john"] * 6], "mask": mask})) == [
        ("PER", "mary"),
        ("LOC", "london"),
    ]


def test_nothing_but_context_and_odd_words(predictor: Predictor) -> None:
    inputs: list[Any] = [{"tokens": ["<EOS>", "john"]}, {"tokens": ["", "\u200b", " "]}, "\u200b\ufeff", "\n\t"]
    results = predictor([*inputs, "mary works in york ."])
    assert results[0] == results[3] == {"output": []}
    assert spans(results[4]) == [("PER", "mary"), ("LOC", "york")]


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_converts_the_network_and_finds_the_same(trained_folder: Path, precision: Any) -> None:
    exact, half = load(trained_folder), load(trained_folder, precision=precision)
    assert {each.dtype for each in half.model.embedder.parameters()} != {torch.float32}
    for one, other in zip(exact(SENTENCES), half(SENTENCES), strict=True):
        assert spans(one) == spans(other)
        assert [found["prob"] for found in one["output"]] == pytest.approx(
            [each["prob"] for each in other["output"]], abs=0.05
        )


def test_threads_share_a_predictor(predictor: Predictor) -> None:
    expected = [spans(each) for each in predictor(SENTENCES)]
    with ThreadPoolExecutor(4) as pool:
        for results in pool.map(predictor, [SENTENCES] * 12):
            assert [spans(each) for each in results] == expected


def test_improbable_spans_are_left_out(trained_folder: Path, predictor: Predictor) -> None:
    found = [each["prob"] for result in predictor(SENTENCES) for each in result["output"]]
    least = sorted(found)[len(found) // 2]
    kept = [
        each["prob"] for result in load(trained_folder, min_probability=least)(SENTENCES) for each in result["output"]
    ]
    assert len(kept) < len(found)
    assert min(kept) >= least - 1e-6


def test_another_splitter(trained_folder: Path) -> None:
    by_blanks = load(trained_folder, text_splitter="blank")
    (example, _), *_ = by_blanks.predict(["mary works in york."])
    assert example.tokens == ["mary", "works", "in", "york."]
    with pytest.raises(UnknownComponent, match="there is no text splitter 'wrod'; did you mean 'word'"):
        load(trained_folder, text_splitter="wrod")


def test_a_copied_folder_is_all_it_takes(
    trained_folder: Path, predictor: Predictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No network, no code from the folder, and no other folder."""
    folder = Path(shutil.copytree(trained_folder, tmp_path / "copy"))
    (folder / "ms_wrapper.py").write_text("raise SystemExit('code of the folder was run')", encoding="utf-8")
    (folder / "__init__.py").write_text("raise SystemExit('code of the folder was run')", encoding="utf-8")
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)

    def no_socket(*args: object, **kwargs: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "socket", no_socket)
    monkeypatch.setattr(socket, "create_connection", no_socket)
    assert adaseq.load(folder)(SENTENCES) == predictor(SENTENCES)


def test_what_cannot_be_loaded_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="it has no configuration.json"):
        load(tmp_path)
    with pytest.raises(HubError, match="There is no model folder"):
        adaseq.load(tmp_path / "missing")
