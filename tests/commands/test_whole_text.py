"""Relations and texts on the command line, from the data to the predictions."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import adaseq
from adaseq.commands.main import main

PEOPLE, PLACES = ("Mary", "John Smith", "Anna"), ("London", "New York", "Rome")
LIVES, BORN = "lives-in({0},{1})", "born-in({0},{1})"


def write_relations(path: Path) -> None:
    """Who lives where and who was born where, in the format of SemEval-2010."""
    blocks = []
    for person, place in itertools.product(PEOPLE, PLACES):
        for verb, label in (("lives", LIVES), ("was born", BORN), ("heard", None)):
            for is_swapped in (False, True):
                first, second = (place, person) if is_swapped else (person, place)
                text = f"{verb}: <e1>{first}</e1> in <e2>{second}</e2>."
                ends = ("e2", "e1") if is_swapped else ("e1", "e2")
                blocks.append((text, label.format(*ends) if label else "Other"))
    text = "".join(f'{number}\t"{text}"\n{label}\nComment:\n\n' for number, (text, label) in enumerate(blocks, 1))
    path.write_text(text, encoding="utf-8")


def write_texts(path: Path) -> None:
    """Two texts in a row, and whether they name the same place."""
    rows = [
        (f"{one} is here", f"it is {two}", "same" if one == two else "other")
        for one, two in itertools.product(PLACES, PLACES)
    ]
    lines = ["text\tpair\tlabel", *("\t".join(row) for row in rows + rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def train(folder: Path, task: str, **changes: Any) -> Path:
    """Train; the run folder."""
    config = {
        "experiment": {"exp_dir": str(folder), "exp_name": "e", "run_name": "r"},
        "task": task,
        "model": {"embedder": {"type": "embedding", "embedding_dim": 16}, "dropout": 0.0},
        **changes,
    }
    (folder / "c.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    assert main(["train", "-c", str(folder / "c.yaml"), "-d", "cpu"]) == 0
    return folder / "e" / "r"


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_relations(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_relations(tmp_path / "data.txt")
    lstm = {"type": "lstm", "hidden_size": 16, "bidirectional": True}
    run = train(
        tmp_path,
        "relation-extraction",
        dataset={
            "data_type": "marked_pairs",
            "data_file": dict.fromkeys(("train", "valid", "test"), str(tmp_path / "data.txt")),
        },
        model={"embedder": {"type": "embedding", "embedding_dim": 16}, "encoder": lstm},
        train={"max_epochs": 15, "dataloader": {"batch_size_per_gpu": 9}, "optimizer": {"type": "Adam", "lr": 0.01}},
        evaluation={"metrics": ["semeval2010-task8-metric"]},
    )
    scores = lines_of(run / "metrics.json")[-1]
    assert scores["mode"] == "test" and scores["f1"] > 0.9
    written = lines_of(run / "pred.txt")
    assert len(written) == 54 and written[0]["tokens"][:3] == ["lives", ":", "Mary"]
    assert written[0]["subject"] == [2, 3] and written[0]["label"] == LIVES.format("e1", "e2")
    right = sum(each["label"] == each["predict"] for each in written) / len(written)
    assert right == pytest.approx(scores["accuracy"], abs=1e-4)
    assert main(["test", "-w", str(run), "-d", "cpu"]) == 0
    assert lines_of(run / "pred.txt") == written

    capsys.readouterr()
    text = "lives: <e1>Mary</e1> in <e2>New York</e2>."
    assert main(["predict", "-m", str(run / "output_best"), text, "-d", "cpu"]) == 0
    shown = capsys.readouterr().out.split("  ")
    assert shown[:2] == [LIVES.format("e1", "e2"), "Mary → New York"]


def test_a_bad_line_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], tiny_bert: Path) -> None:
    write_relations(tmp_path / "data.txt")
    run = train(
        tmp_path,
        "relation-extraction",
        dataset={"data_type": "marked_pairs", "data_file": {"train": str(tmp_path / "data.txt")}},
        model={"embedder": {"model_name_or_path": str(tiny_bert)}},
        preprocessor={"max_length": 9},
        train={"max_epochs": 1},
        evaluation=None,
    )
    assert "examples of train are longer than max_length (9)" in (run / "out.log").read_text(encoding="utf-8")
    capsys.readouterr()
    (tmp_path / "in.txt").write_text("<e1>a</e1> <e2>b</e2>\nno marks\n<e1>c</e1> <e2>d</e2>\n", encoding="utf-8")
    command = ["predict", "-m", str(run / "output_best"), "-i", str(tmp_path / "in.txt"), "-d", "cpu"]
    assert main(command) == 2
    assert f"error: {tmp_path / 'in.txt'}:2: a relation needs its two entities" in capsys.readouterr().err
    assert main([*command, "--skip_bad"]) == 0
    output = capsys.readouterr()
    assert [json.loads(line)["text"] for line in output.out.splitlines()] == ["a b", "c d"]
    assert output.err.startswith(f"skipped: {tmp_path / 'in.txt'}:2: ")
    (tmp_path / "in.conll").write_text("<E>\nmary\n</E>\nin\n<O>\nrome\n</O>\n", encoding="utf-8")
    command = ["predict", "-m", str(run / "output_best"), "-i", str(tmp_path / "in.conll"), "-d", "cpu"]
    assert main(command) == 0
    (found,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert found["tokens"] == ["mary", "in", "rome"] and (found["subject"], found["object"]) == ([0, 1], [2, 3])
    assert main([*command, "--output_format", "conll"]) == 2
    assert "does not give; choose jsonl, csv, html or table" in capsys.readouterr().err


def test_pairs_of_texts(tmp_path: Path, tiny_bert: Path) -> None:
    write_texts(tmp_path / "data.tsv")
    run = train(
        tmp_path,
        "text-classification",
        dataset={
            "data_type": "labelled_text",
            "pair_column": "pair",
            "data_file": dict.fromkeys(("train", "valid", "test"), str(tmp_path / "data.tsv")),
        },
        model={"embedder": {"model_name_or_path": str(tiny_bert)}, "dropout": 0.0},
        train={"max_epochs": 2, "optimizer": {"type": "AdamW", "lr": 1e-3}},
    )
    scores = lines_of(run / "metrics.json")[-1]
    assert {"accuracy", "f1", "macro-f1", "matthews"} <= set(scores)
    written = lines_of(run / "pred.txt")
    assert (written[1]["pair"], written[1]["label"]) == (["it", "is", "New", "York"], "other")
    predictor = adaseq.load(run / "output_best")
    results = predictor([{"text": each["text"], "pair_text": " ".join(each["pair"])} for each in written])
    assert [result["output"][0]["type"] for result in results] == [each["predict"] for each in written]
    assert predictor({"tokens": [], "pair": []})["output"][0]["type"] in ("same", "other")


def test_several_labels(tmp_path: Path) -> None:
    records = [
        {"text": " ".join(words), "label": [word for word in words if word in ("red", "round")]}
        for words in itertools.permutations(("red", "round", "it", "is", "and"), 3)
    ]
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    run = train(
        tmp_path,
        "text-classification",
        dataset={
            "data_type": "labelled_text",
            "data_file": dict.fromkeys(("train", "valid", "test"), str(path)),
        },
        model={
            "embedder": {"type": "embedding", "embedding_dim": 16},
            "encoder": {"type": "cnn", "channels": 8, "kernel_sizes": [1, 2], "dilation": [1]},
            "multi_label": True,
        },
        train={"max_epochs": 12, "optimizer": {"type": "Adam", "lr": 0.02}},
    )
    scores = lines_of(run / "metrics.json")[-1]
    assert scores["f1"] > 0.95 and "matthews" not in scores
    predictor = adaseq.load(run / "output_best")
    assert sorted(found["type"] for found in predictor("is round and red")["output"]) == ["red", "round"]
    assert adaseq.load(run / "output_best", min_probability=0.9999999)("red it is")["output"] == []
