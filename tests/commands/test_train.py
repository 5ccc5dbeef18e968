"""`adaseq train`: outputs, flags, several processes, and what users do wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml

from adaseq.commands.main import main
from adaseq.models.model_folder import load_model_folder
from tests.runs import assert_same_run, lines_of, weights_of

ROOT = Path(__file__).parents[2]
WriteConfig = Callable[..., Path]


def test_a_run_writes_all_of_its_outputs(
    write_config: WriteConfig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert main(["train", "-c", str(write_config()), "-d", "cpu"]) == 0
    (run,) = (tmp_path / "experiments" / "who").iterdir()
    assert run.name.isdigit()
    assert sorted(path.name for path in run.iterdir()) == [
        "best_model.pth",
        "config.yaml",
        "metrics.json",
        "out.log",
        "output_best",
        "pred.txt",
        "run.json",
    ]
    modes = [line["mode"] for line in lines_of(run)]
    assert modes == ["train", "train", "train", "eval"] * 3 + ["test"]
    test = lines_of(run)[-1]
    assert test["seed"] == 5 and test["f1"] > 0.5
    sentences = (run / "pred.txt").read_text().strip().split("\n\n")
    assert len(sentences) == 11 and all(len(line.split("\t")) == 3 for line in sentences[0].split("\n"))
    loaded = load_model_folder(run / "output_best")
    best = weights_of(run)
    assert all(torch.equal(value, best[name]) for name, value in loaded.model.state_dict().items())
    record = json.loads((run / "run.json").read_text())
    assert record["status"] == "finished" and record["test"]["f1"] == pytest.approx(test["f1"], abs=1e-5)
    shown = caplog.text
    assert f"Done. Everything is in {run}" in shown and "Best epoch: " in shown and "Parameters:" in shown


def test_the_saved_configuration_is_a_complete_input(write_config: WriteConfig, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    assert main(["train", "-c", str(write_config()), "-w", str(first), "-d", "cpu", "--seed", "9"]) == 0
    saved = yaml.safe_load((first / "config.yaml").read_text())
    assert saved["experiment"]["seed"] == 9 and saved["dataset"]["labels"] == ["LOC", "PER"]
    assert main(["train", "-c", str(first / "config.yaml"), "-w", str(second), "-d", "cpu"]) == 0
    assert_same_run(first, second)
    assert yaml.safe_load((second / "config.yaml").read_text()) == saved


def test_two_processes_train_together(write_config: WriteConfig, tmp_path: Path) -> None:
    """Started by torchrun for real; the scores are those that one process gives the same model."""
    config, run = (
        str(write_config(train={"max_epochs": 2, "hooks": [{"type": "TextLoggerHook", "interval": 2}]})),
        tmp_path / "run",
    )
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    script = [str(ROOT / "scripts" / "train.py"), "-c", config, "-w", str(run), "-d", "cpu"]
    done = subprocess.run(
        [*command, *script],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stderr.count("Done. Everything is in") == 1
    assert {"out.log", "out_worker1.log", "best_model.pth", "pred.txt"} <= {path.name for path in run.iterdir()}
    lines = lines_of(run)
    assert [line["mode"] for line in lines] == [*["train"] * 4, "eval"] * 2 + ["test"]
    assert [line["iter"] for line in lines if line["mode"] == "train"] == [2, 4, 6, 8] * 2
    predictions = (run / "pred.txt").read_text()
    (run / "pred.txt").unlink()
    assert main(["test", "-w", str(run), "-d", "cpu"]) == 0
    assert (run / "pred.txt").read_text() == predictions
    record = json.loads((run / "run.json").read_text())
    from adaseq.training import test

    assert test.test_model(run, device="cpu") == record["test"] and record["processes"] == 2


def test_training_without_an_evaluation_keeps_the_last_weights(write_config: WriteConfig, tmp_path: Path) -> None:
    config = write_config(evaluation=None, train={"max_epochs": 1, "keep_checkpoints": True})
    assert main(["train", "-c", str(config), "-w", str(tmp_path / "run"), "-d", "cpu"]) == 0
    assert [line["mode"] for line in lines_of(tmp_path / "run")] == ["train"] * 3 + ["test"]
    assert (tmp_path / "run" / "pred.txt").exists() and (tmp_path / "run" / "output_best").is_dir()
    assert [path.name for path in (tmp_path / "run" / "checkpoints").iterdir()] == ["step-15"]


def test_a_name_and_overrides_are_flags(write_config: WriteConfig, tmp_path: Path) -> None:
    flags = [
        "-n",
        "mine",
        "--set",
        "train.max_epochs=1",
        "--set",
        "train.optimizer.options.cumulative_iters=4",
        "--use_bf16",
    ]
    assert main(["train", "-c", str(write_config()), "-d", "cpu", *flags]) == 0
    run = tmp_path / "experiments" / "who" / "mine"
    saved = yaml.safe_load((run / "config.yaml").read_text())
    assert saved["train"]["max_epochs"] == 1 and saved["train"]["precision"] == "bf16"
    assert "run_name" not in saved["experiment"]


@pytest.mark.parametrize(("flags", "status"), [(["-f"], 0), (["-f", "true"], 0), (["-f", "false"], 2), ([], 2)])
def test_a_folder_in_use_is_overwritten_only_by_force(
    write_config: WriteConfig, tmp_path: Path, capfd: pytest.CaptureFixture[str], flags: list[str], status: int
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "metrics.json").write_text('{"mode": "old"}\n')
    config = write_config(train={"max_epochs": 1})
    assert main(["train", "-c", str(config), "-w", str(tmp_path / "run"), "-d", "cpu", *flags]) == status
    assert ('"old"' in (tmp_path / "run" / "metrics.json").read_text()) == (status == 2)
    assert ("is not empty: it holds metrics.json" in capfd.readouterr().err) == (status == 2)


def test_initial_weights_are_taken_over(write_config: WriteConfig, tmp_path: Path) -> None:
    """At a learning rate of zero the result is what the training began with."""
    config = str(write_config(train={"max_epochs": 1}))
    first, second = tmp_path / "first", tmp_path / "second"
    assert main(["train", "-c", config, "-w", str(first), "-d", "cpu"]) == 0
    frozen = ["--set", "train.optimizer={type: SGD, lr: 0.0}", "--seed", "77", "-ckpt", str(first / "best_model.pth")]
    assert main(["train", "-c", config, "-w", str(second), "-d", "cpu", *frozen]) == 0
    one, other = weights_of(first), weights_of(second)
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "error: A configuration is needed: -c FILE. Only --resume -w RUN_FOLDER finds it by itself."),
        (
            ["-c", "{config}", "-w", "{tmp}/nowhere", "--resume"],
            "error: Cannot resume: there is no run folder {tmp}/nowhere.",
        ),
        (
            ["--resume", "-w", "{tmp}"],
            "error: Cannot resume: there is no {tmp}/config.yaml. Is {tmp} the folder of a run?",
        ),
        (
            ["-c", "{config}", "--resume"],
            "error: --resume needs to know which run: name it with -n, or its folder with -w.",
        ),
        (["-c", "{config}", "--use_fp16", "--use_bf16"], "error: Give --use_fp16 or --use_bf16, not both."),
        (
            ["-c", "{config}", "-f", "--resume"],
            "error: Give --resume to go on with a run, or --force to overwrite it, not both.",
        ),
        (
            ["-c", "{config}", "--set", "train.dataloader={{drop_last: true, batch_size_per_gpu: 100}}"],
            (
                "error: There is no batch to train on: the training data has 60 examples, fewer than "
                "train.dataloader.batch_size_per_gpu, and drop_last is set."
            ),
        ),
        (["-c", "{config}", "-d", "tpu"], "error: device is 'tpu'; it must be gpu, cpu, cuda, cuda:<number> or mps"),
        (["-c", "{config}", "--seed", "-1"], "experiment.seed: received -1; expected at least 0"),
        (["-c", "{config}", "-ckpt", ""], "received nothing; is a variable of the shell empty?"),
        (["-c", "{config}", "-f", "maybe"], "received 'maybe'; expected true or false, or nothing at all"),
        (
            ["-c", "{config}", "-ckpt", "{tmp}/no.pth"],
            "error: There are no weights at {tmp}/no.pth. -ckpt takes a weights file",
        ),
        (
            ["-c", "{config}", "--set", "train.optimizer.param_groups.0.regex=crff"],
            "the regex 'crff' matches no parameter of the model; the nearest are crf.",
        ),
        (
            [
                "-c",
                "{config}",
                "--set",
                "train.hooks.0={{type: BestCkptSaverHook, metric_key: f2}}",
                "--set",
                "train.max_epochs=1",
            ],
            "train.hooks.0.metric_key: watches the score 'f2', which no metric gives; there are: precision, recall, f1, accuracy",
        ),
    ],
)
def test_what_is_wrong_is_said_without_a_traceback(
    write_config: WriteConfig, tmp_path: Path, capfd: pytest.CaptureFixture[str], flags: list[str], message: str
) -> None:
    values = {"config": str(write_config("given.yaml")), "tmp": str(tmp_path)}
    assert main(["train", *(flag.format(**values) for flag in flags)]) == 2
    shown = capfd.readouterr().err
    assert message.format(**values) in shown and "Traceback" not in shown


def test_help_does_not_import_torch() -> None:
    code = (
        "import sys; from adaseq.commands.main import main; "
        "status = main(['train', '--help']); print('torch' in sys.modules, status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "False 0" and "--resume" in done.stdout


def test_the_card_of_the_model_tells_how_it_came_about(write_config: WriteConfig, tmp_path: Path) -> None:
    assert main(["train", "-c", str(write_config()), "-w", str(tmp_path / "run"), "-d", "cpu"]) == 0
    card = (tmp_path / "run" / "output_best" / "README.md").read_text(encoding="utf-8")
    record = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    tables = [[cell.strip() for cell in line.split("|")[1:-1]] for line in card.splitlines() if line.startswith("|")]
    rows = {row[0]: row[1:] for row in tables}
    assert rows["f1"][:2] == [f"{record['test']['f1']:.4f}", f"{record['best']['f1']:.4f}"]
    labels = [row for row in tables if row[0] in ("LOC", "PER")]
    counted, scored = labels[:2], labels[2:]
    assert all(int(row[1]) > 0 and row[2].count(";") == 2 for row in counted)
    assert [len(row) for row in scored] == [5, 5] and all(int(row[4]) > 0 for row in scored)
    assert rows["train"] == ["60", f"`{record['data']['train'][:16]}`"]
    assert rows["torch"] == [record["versions"]["torch"]] and rows["best epoch"] == [str(record["best_epoch"])]
    assert str(tmp_path) not in card and "train: train.txt" in card
