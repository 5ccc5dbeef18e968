"""The benchmarks run, on very little, and what they compare is comparable. The times themselves are not looked at."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from adaseq.config import load_config
from tests.benchmarks.scripts import BENCHMARKS, rows_of, run, source_of

SMALL = "task: named-entity-recognition\ndataset: {data_type: conll}\nmodel: {embedder: {type: embedding, embedding_dim: 8}}\n"


def test_training_loop_compares_the_same_training(tmp_path: Path, corpus: Path) -> None:
    config = tmp_path / "small.yaml"
    config.write_text(SMALL + "evaluation: null\n", encoding="utf-8")
    options = "train.optimizer.options"
    overrides = [f"dataset.data_file.train={corpus}", "model.dropout=0.3", "train.dataloader.batch_size_per_gpu=5"]
    overrides += [f"{options}.cumulative_iters=2", f"{options}.grad_clip.max_norm=0.5", "train.ema_decay=0.9"]
    result = run("bench_training_loop.py", tmp_path, "-c", config, "--set", *overrides, "--repeats", 2)
    assert result["same_weights"] is True
    rows = rows_of(result)
    assert [row["runs"] for row in rows.values()] == [2, 2, 2]
    ratio = rows["our trainer"]["median s"] / rows["bare loop"]["median s"]
    assert rows["our trainer"]["of bare loop"] == pytest.approx(ratio)


def test_hf_trainer_times_both_on_one_backbone(tmp_path: Path, corpus: Path, tiny_bert: Path) -> None:
    result = run("bench_hf_trainer.py", tmp_path, "--train", corpus, "--backbone", tiny_bert, "--repeats", 1)
    rows = rows_of(result)
    expected = [f"{who} {precision}" for precision in ("fp32", "bf16") for who in ("Hugging Face", "ours", "bare loop")]
    assert list(rows) == expected
    assert rows["Hugging Face bf16"]["of Hugging Face bf16"] == 1.0
    assert all(row["min s"] > 0 for row in rows.values())


def test_predict_times_both_on_the_same_texts(tmp_path: Path, corpus: Path, tiny_bert: Path) -> None:
    arguments = ["--sentences", corpus, "--backbone", tiny_bert, "--repeats", 1, "--one_by_one", 2]
    rows = rows_of(run("bench_predict.py", tmp_path, *arguments))
    for name in ("pipeline fp32", "raw text fp32", "words bf16", "one by one, pipeline fp32", "one by one, bf16"):
        assert rows[name]["median s"] > 0, name
    assert rows["pipeline fp32"]["sentences/s"] == pytest.approx(12 / rows["pipeline fp32"]["median s"], abs=0.1)


def test_use_measures_every_part(tmp_path: Path, corpus: Path, tiny_bert: Path) -> None:
    arguments = ["--sentences", corpus, "--dev", corpus, "--backbone", tiny_bert, "--repeats", 1, "--sizes", 20, 40]
    result = run("bench_use.py", tmp_path, *arguments, "--characters", 500, "--plot", tmp_path / "plot.svg")
    rows = rows_of(result)
    ratio = rows["predictor, raw text"]["median s"] / rows["forward"]["median s"]
    assert rows["predictor, raw text"]["of forward"] == pytest.approx(ratio)
    assert rows["predict 40 sentences"]["peak MiB"] > 0
    assert rows["long text, own overlap"]["characters"] >= 500
    assert 0 <= rows["calibration"]["expected calibration error"] <= 1
    assert sum(each["entities"] for each in result["calibration"]) == rows["calibration"]["entities"] > 0
    assert ElementTree.parse(tmp_path / "plot.svg").getroot().tag.endswith("svg")


@pytest.mark.slow
def test_backbone_measures_memory_and_epochs(tmp_path: Path, corpus: Path, tiny_bert: Path) -> None:
    arguments = ["--train", corpus, "--backbone", tiny_bert, "--length", 32, "--batch_size", 2, "--repeats", 1]
    rows = rows_of(run("bench_backbone.py", tmp_path, *arguments, "--epochs", 2))
    assert (
        list(rows)[:2] == ["plain", "gradient checkpointing"]
        and rows["plain"]["step of plain"] == rows["plain"]["training of plain"] == 1.0
    )
    for storage in ("none", "cpu"):
        row = rows[f"frozen, storage: {storage}"]
        assert row["of first"] == pytest.approx(row["later epochs s"] / row["first epoch s"])


@pytest.mark.slow
def test_memory_reads_the_same_sentences_every_way(tmp_path: Path, corpus: Path) -> None:
    result = run("bench_memory.py", tmp_path, "--train", corpus, "--lines", 700, "--repeats", 1)
    rows = {row["what"]: row for row in result["rows"]}
    assert set(rows) == {"first", "again", "datasets"}
    # Twelve sentences of 66 words and 12 blank lines, nine times, less what is beyond the 700th line.
    assert {row["sentences"] for row in rows.values()} == {108}
    assert all(row["peak MiB"] >= row["imports MiB"] > 0 for row in rows.values())


@pytest.mark.slow
def test_startup_imports_nothing_heavy(tmp_path: Path) -> None:
    rows = rows_of(run("bench_startup.py", tmp_path, "--repeats", 1))
    mistakes = ("broken YAML", "unknown key of a section", "unknown argument of the model")
    for name in ("adaseq --help", "adaseq --version", *(f"check: {mistake}" for mistake in mistakes)):
        assert rows[name]["imported"] == "", name
    assert "torch" in rows["check: nothing wrong"]["imported"]


def test_views_are_compared_beside_their_losses(tmp_path: Path) -> None:
    sizes = ["--batch-size", 2, "--length", 4, "--num-tags", 3]
    result = run("bench_crf_kl.py", tmp_path, *sizes, "--repeats", 1, "--seconds", 0.001, "--varied")
    row = rows_of(result)["crf_kl"]
    assert row["ratio"] == pytest.approx(row["divergence ms"] / row["losses ms"])
    assert row["whole"] == pytest.approx(row["both ms"] / row["losses ms"])


@pytest.mark.slow
def test_accuracy_runs_variants_and_seeds(tmp_path: Path, corpus: Path) -> None:
    config = tmp_path / "small.yaml"
    config.write_text(SMALL + "train: {max_epochs: 1}\n", encoding="utf-8")
    arguments = ["-c", config, "--train", corpus, corpus, "--valid", corpus, "--test", corpus, "--seeds", 1]
    arguments += ["--work_dir", tmp_path / "runs", "--resume"]
    variants = ["--variant", "plain", "--variant", "linear", "model.use_crf=false"]
    result = run("accuracy.py", tmp_path / "scores.json", *arguments, *variants)
    assert [(run["variant"], run["seed"]) for run in result["runs"]] == [("plain", 1), ("linear", 1)]
    saved = [load_config(tmp_path / "runs" / name / "1" / "config.yaml") for name in ("plain", "linear")]
    assert [config.model["use_crf"] for config in saved] == [True, False]
    assert saved[0].dataset["data_file"]["train"] == [str(corpus), str(corpus)]
    assert all(0.0 <= run["test"]["f1"] <= 1.0 for run in result["runs"])


def test_accuracy_ends_as_the_training_does(tmp_path: Path, corpus: Path) -> None:
    config = tmp_path / "small.yaml"
    config.write_text(SMALL + "train: {max_epoch: 1}\n", encoding="utf-8")
    command = [sys.executable, str(BENCHMARKS / "accuracy.py"), "-c", str(config), "--train", str(corpus)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 2
    assert "max_epochs" in finished.stderr


@pytest.mark.parametrize("config", sorted(path.name for path in (BENCHMARKS / "configs").glob("*.yaml")))
def test_configurations_are_right(config: str) -> None:
    load_config(BENCHMARKS / "configs" / config, check_files=False)


@pytest.mark.parametrize("page", ["README.md", "README_zh.md"])
def test_documented_commands_exist(page: str) -> None:
    text = (BENCHMARKS / page).read_text(encoding="utf-8")
    commands = re.findall(r"python benchmarks/(\w+\.py)((?:[^`\n]|\\\n)*)", text)
    assert {script for script, _ in commands} >= {path.name for path in BENCHMARKS.glob("bench_*.py")}
    for script, arguments in commands:
        source = source_of(script)
        options = re.findall(r"(?<=\s)--?[a-z][\w-]*", arguments)
        made_from_splits = {"--train", "--valid", "--test"} if "SPLITS" in source else set()
        missing = [each for each in options if each not in made_from_splits and f'"{each}"' not in source]
        assert not missing, f"{script} has no {missing}"
        for config in re.findall(r"-c (\S+)", arguments):
            assert (BENCHMARKS.parent / config).is_file(), config


def test_jobs_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    specification = importlib.util.spec_from_file_location("benchmarks_common", BENCHMARKS / "common.py")
    assert specification is not None and specification.loader is not None
    common = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(common)
    log: list[str] = []

    def job(name: str, seconds: list[float]) -> Callable[[], float]:
        return lambda: log.append(name) or seconds.pop(0)

    jobs = {"a": job("a", [9.0, 1.0, 3.0, 2.0]), "b": job("b", [9.0, 4.0, 4.0, 7.0])}
    timings = common.Timings().take_turns(jobs, repeats=3)
    assert log == ["b", "a", "a", "b", "b", "a", "a", "b"]
    assert timings.row("a") == {"what": "a", "median s": 2.0, "min s": 1.0, "max s": 3.0, "runs": 3}
    assert timings.median("b") == 4.0


def test_text_classification_with_both_trainers(tmp_path: Path, tiny_bert: Path) -> None:
    table = tmp_path / "data.tsv"
    rows = [f"x\t{number % 2}\t*\t{('john works', 'mary lives in london')[number % 2]}" for number in range(8)]
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    config = tmp_path / "small.yaml"
    text = (BENCHMARKS / "configs" / "cola.yaml").read_text(encoding="utf-8")
    config.write_text(re.sub("max_epochs: .*", "max_epochs: 1", text), encoding="utf-8")
    files = ["-c", config, "--train", table, "--test", table, "--backbone", tiny_bert, "--seeds", 42]
    ours = run("accuracy.py", tmp_path, *files, "--metric", "matthews")
    theirs = run("hf_text_classification.py", tmp_path, *files)
    assert ours["runs"][0]["test"].keys() - {"mode", "seed"} == theirs["runs"][0]["test"].keys()
    assert -1 <= theirs["runs"][0]["test"]["matthews"] <= 1


@pytest.mark.parametrize("config", sorted(BENCHMARKS.glob("configs/*.yaml")), ids=lambda path: path.stem)
def test_the_configurations_are_right(config: Path) -> None:
    load_config(config, environ={}, check_files=False)


@pytest.mark.slow
def test_runtime_compares_both_on_the_same_sentences(tmp_path: Path, corpus: Path, tiny_bert: Path) -> None:
    arguments = ["--sentences", corpus, "--backbone", tiny_bert, "--repeats", 1, "--one_by_one", 2]
    rows = rows_of(run("bench_runtime.py", tmp_path, *arguments))
    assert list(rows) == ["torch", "onnx float32", "onnx int8", "onnx int8-blocks"]
    assert rows["onnx float32"]["entities agree"] == 1.0 and rows["onnx float32"]["largest gap"] < 1e-4
    assert rows["torch"]["memory of torch"] == 1.0


@pytest.mark.slow
def test_serve_measures_clients_and_troubles(tmp_path: Path, corpus: Path, tiny_bert: Path) -> None:
    arguments = ["--sentences", corpus, "--backbone", tiny_bert, "--repeats", 1, "--seconds", 0.2, "--burst", 20]
    rows = rows_of(run("bench_serve.py", tmp_path, *arguments, "--clients", 4, "--serve", "body_timeout=1"))
    assert rows["burst"]["answers"] == "20 × 200"
    assert rows["oversized, malformed, slow, aborted"]["answers"] == "80 × 400, 40 × 408, 40 × 413, 40 × aborted"
    assert rows["4 clients"]["answers"].endswith("× 200")
