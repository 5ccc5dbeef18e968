"""The benchmarks of training: families of models, growth, processes, a GPU. The times themselves are not looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from adaseq.metainfo import Models
from tests.benchmarks.scripts import BENCHMARKS, rows_of, run

WITHOUT_ANNOTATION = {Models.PRETRAINING, Models.MASKED_LANGUAGE}


def test_families_learn_the_same_on_both_sides(tmp_path: Path, corpus: Path, tiny_bert: Path) -> None:
    arguments = ["--train", corpus, "--backbone", tiny_bert, "--repeats", 1, "--families", "linear", "relation"]
    rows = rows_of(run("bench_families.py", tmp_path, *arguments, "--sentences", 6, "--batch_size", 2))
    assert [row["same weights"] for row in rows.values()] == ["yes", "yes"]
    linear = rows["linear"]
    assert linear["of bare loop"] == pytest.approx(linear["ours s"] / linear["bare loop s"])
    assert linear["of Hugging Face"] == pytest.approx(linear["ours s"] / linear["Hugging Face s"])
    assert linear["memory of bare loop"] == pytest.approx(linear["ours MiB"] / linear["bare loop MiB"])
    assert "Hugging Face s" not in rows["relation"]


@pytest.mark.slow
def test_every_family_is_measured(tmp_path: Path, corpus: Path, tiny_bert: Path) -> None:
    arguments = ["--train", corpus, "--backbone", tiny_bert, "--repeats", 1, "--memory_repeats", 0]
    rows = run("bench_families.py", tmp_path, *arguments, "--sentences", 4, "--batch_size", 2)["rows"]
    assert len(rows) == 12 and all(row["same weights"] == "yes" for row in rows)
    assert [row["what"] for row in rows if "of Hugging Face" in row] == ["linear", "text classification"]


def test_families_hold_every_model_that_learns_from_annotation() -> None:
    models = {value for name, value in vars(Models).items() if name.isupper()} - WITHOUT_ANNOTATION
    source = (BENCHMARKS / "bench_families.py").read_text(encoding="utf-8")
    # The concat typing model with candidates is another one in its data alone.
    assert {name for name in models if f'"{name}"' not in source} == {Models.CONCAT_TYPING_MCCE}


@pytest.mark.slow
def test_growth_puts_sizes_beside_the_smallest(tmp_path: Path, corpus: Path) -> None:
    sizes = ["--read_lines", 70, "--train_lines", 70, "--texts", 5, "--scales", 1, 2, "--repeats", 1]
    result = run("bench_growth.py", tmp_path, "--train", corpus, "--sentences", corpus, *sizes)
    rows = result["rows"]
    assert [(row["what"], row["size"]) for row in rows] == [
        *(("reading and encoding", size) for size in (70, 140)),
        *(("training epoch", size) for size in (70, 140)),
        *(("predict", size) for size in (5, 10)),
    ]
    for first, second in zip(rows[::2], rows[1::2], strict=True):
        assert first["time per example of smallest"] == first["peak of smallest"] == 1.0
        assert second["peak of smallest"] == pytest.approx(second["peak MiB"] / first["peak MiB"])
        each = second["median s"] / second["size"], first["median s"] / first["size"]
        assert second["time per example of smallest"] == pytest.approx(each[0] / each[1])


@pytest.mark.slow
def test_processes_take_the_same_steps(tmp_path: Path, corpus: Path, tiny_bert: Path) -> None:
    arguments = ["--train", corpus, "--backbone", tiny_bert, "--batch_size", 4, "--repeats", 1]
    rows = rows_of(run("bench_processes.py", tmp_path, *arguments))
    assert [row["updates"] for row in rows.values()] == [3, 3, 3]
    two, one = rows["two processes"], rows["one process, one thread"]
    assert two["of one process, one thread"] == pytest.approx(two["median s"] / one["median s"])


def test_gpu_measures_steps_on_a_cpu_too(tmp_path: Path) -> None:
    sizes = ["--tiny", "--batch_size", 2, "--length", 8, "--steps", 2, "--repeats", 1, "--models", "BERT-base"]
    how = ["--device", "cpu", "--backend", "eager", "--precision", "fp32", "--peak_tflops", 0.5]
    result = run("bench_gpu.py", tmp_path, *sizes, *how)
    rows = rows_of(result)
    ways = ("step", "step, cross-entropy for the CRF", "step, compiled", "our trainer")
    assert list(rows) == [f"BERT-base: {way}" for way in ways]
    for row in rows.values():
        assert row["utilisation"] == pytest.approx(row["TFLOP/s"] / 0.5)
        assert row["pieces/s"] == pytest.approx(16 / row["median s"], rel=0.01)
    plain, words = rows["BERT-base: step"], rows["BERT-base: step, cross-entropy for the CRF"]
    assert plain["CRF share"] == pytest.approx(1 - words["median s"] / plain["median s"])
    assert result["device"]["name"] == "cpu"


def test_gpu_says_that_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    result = run("bench_gpu.py", tmp_path)
    assert result["rows"] == [] and result["skipped"] == "there is no GPU that torch can use"
