"""The runtime's predictor: the same call, the same results, clear errors about its folder."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import adaseq.runtime
from adaseq.errors import AdaSeqError, ModelError
from adaseq.export.comparison import compare
from adaseq.export.exporter import export_model
from adaseq.inference.predictor import Predictor, load
from adaseq.runtime.predictor import RuntimePredictor

SENTENCES: list[Any] = [
    "Mary Smith works in New York.",
    "john works in  london .",
    "",
    ["mary", "works", "in", "york", "."],
    {"tokens": ["mary", "works", "in", "london", ".", "<EOS>", "john", "works", "in", "york", "."]},
    {"tokens": ["<EOS>", "john"]},
    {"tokens": ["", "\u200b", " "]},
    "mary smith works in new york . " * 50,
]


@pytest.fixture(scope="module")
def exported(trained_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "model"
    export_model(trained_folder, folder)
    return folder


@pytest.fixture(scope="module")
def ours(exported: Path) -> RuntimePredictor:
    return adaseq.runtime.load(exported)


@pytest.fixture(scope="module")
def theirs(trained_folder: Path) -> Predictor:
    return load(trained_folder)


def test_the_same_call_gives_the_same_results(ours: RuntimePredictor, theirs: Predictor) -> None:
    mine, other = ours(SENTENCES), theirs(SENTENCES)
    for left, right in zip(mine, other, strict=True):
        keys = [{key: each[key] for key in each if key != "prob"} for each in left["output"]]
        assert keys == [{key: each[key] for key in each if key != "prob"} for each in right["output"]]
    assert compare(SENTENCES, mine, other).gap < 1e-4
    assert json.loads(json.dumps(mine)) == mine
    assert type(ours("mary works in york .")["output"][0]["prob"]) is float
    assert (ours.task, ours.types, ours.colours) == (theirs.task, theirs.types, theirs.colours)


def test_tags_and_spans_in_words(ours: RuntimePredictor, theirs: Predictor) -> None:
    for (_, left), (_, right) in zip(ours.predict(SENTENCES), theirs.predict(SENTENCES), strict=True):
        assert left["tags"] == right["tags"]


def test_options(exported: Path, trained_folder: Path) -> None:
    options: dict[str, Any] = {
        "min_probability": {"PER": 0.99, "*": 0.2},
        "text_splitter": "blank",
        "window_overlap": 3,
    }
    mine, other = adaseq.runtime.load(exported, batch_tokens=50, threads=1, **options), load(trained_folder, **options)
    found = compare(SENTENCES, mine(SENTENCES), other(SENTENCES))
    assert found.agreement == 1 and found.gap < 1e-4
    with pytest.raises(AdaSeqError, match="batch_tokens must be at least 1; received 0"):
        adaseq.runtime.load(exported, batch_tokens=0)
    with pytest.raises(AdaSeqError, match="names the type 'PRE', which the model does not know; did you mean 'PER'?"):
        adaseq.runtime.load(exported, min_probability={"PRE": 0.5})


def test_a_stream_is_read_while_it_is_predicted(ours: RuntimePredictor) -> None:
    read: list[int] = []

    def texts() -> Any:
        for number in range(30):
            read.append(number)
            yield "mary works in york ."

    results = ours.stream(texts(), read_ahead=4)
    next(results)
    assert len(read) == 4
    assert len(list(results)) == 29


def test_threads_share_it(ours: RuntimePredictor) -> None:
    expected = ours(SENTENCES)
    with ThreadPoolExecutor(4) as pool:
        for result in pool.map(lambda _: ours(SENTENCES), range(8)):
            assert compare(SENTENCES, result, expected).agreement == 1


def test_what_is_no_exported_folder(trained_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        adaseq.runtime.load(trained_folder)
    assert str(caught.value) == (
        f"'{trained_folder}' is not an exported model: it has no adaseq_export.json; it is a model folder: `adaseq export -m "
        f"{trained_folder} --to onnx` makes an exported one of it"
    )
    with pytest.raises(ModelError, match="there is no such folder"):
        adaseq.runtime.load(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "is of format 2; this AdaSeq reads format 1"),
        ({"preprocessor": {"type": "os:system"}}, "names 'os:system', which this AdaSeq cannot run"),
        ({"preprocessor": None}, "is damaged"),
        ({"inputs": None}, "is damaged"),
        ({"family": "nothing"}, "is damaged"),
        ({"types": None}, "is damaged"),
        ({"labels": None, "use_crf": None, "tag_scheme": None, "family": "biaffine"}, "is damaged"),
        ({"backbones": {"": "../model.onnx"}}, "'../model.onnx' is no place in it"),
        ({"backbones": {"": "/model.onnx"}}, "'/model.onnx' is no place in it"),
        ({"inputs": {"/etc": {"type": "characters"}}}, "'/etc' is no place in it"),
        (
            {"inputs": {"0": {"type": "word-features", "gazetteers": {"a": "/etc/passwd"}}}},
            "gazetteers leads out of it",
        ),
        ({"words": {"type": "words", "vocab_file": "../vocab.txt"}}, "vocab_file leads out of it: '../vocab.txt'"),
    ],
)
def test_a_damaged_description(exported: Path, tmp_path: Path, change: dict[str, Any], message: str) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(exported, folder)
    facts = json.loads((folder / "adaseq_export.json").read_text(encoding="utf-8"))
    (folder / "adaseq_export.json").write_text(json.dumps({**facts, **change}), encoding="utf-8")
    with pytest.raises(ModelError, match=message):
        adaseq.runtime.load(folder)


def test_damaged_graphs_and_arrays(exported: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(exported, folder)
    (folder / "model.onnx").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="cannot be loaded by onnxruntime"):
        adaseq.runtime.load(folder)
    np.savez(folder / "decoder.npz", start=np.asarray([print], dtype=object))
    with pytest.raises(ModelError, match="is damaged"):
        adaseq.runtime.load(folder)
    whole = (exported / "decoder.npz").read_bytes()
    (folder / "decoder.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match="is damaged"):
        adaseq.runtime.load(folder)
