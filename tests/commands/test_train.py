"""`adaseq train`: outputs, flags, interruptions, several processes, and what users do wrong."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from adaseq.commands.main import main
from adaseq.models.model_folder import load_model_folder
from adaseq.training import train as training
from adaseq.training.trainer import Trainer
from adaseq.utils import files
from tests.runs import assert_same_run, lines_of, weights_of

ROOT = Path(__file__).parents[2]
WriteConfig = Callable[..., Path]

# Hooks of a user's own: one stops the run at a given batch, as a user, a scheduler or a power cut would.
STOPPER = """
import os, signal
from adaseq.training.hooks.base import Hook

class Stop(Hook):
    order = 99

    def after_step(self, trainer):
        if trainer.progress.iteration == int(os.environ.get("STOP_AT", "0")):
            os.kill(os.getpid(), int(os.environ["STOP_BY"]))
"""


@pytest.fixture
def stopper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The `train` section with a hook that stops, and checkpoints after every third batch."""
    (tmp_path / "stopper.py").write_text(STOPPER)
    monkeypatch.syspath_prepend(tmp_path)
    saving = {"type": "CheckpointHook", "interval": 3, "by_epoch": False, "save_last": False, "max_checkpoint_num": 1}
    return {"hooks": [{"type": "TextLoggerHook", "interval": 4}, saving, {"type": "stopper:Stop"}]}


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


@pytest.mark.parametrize(("signum", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_is_resumed_bit_for_bit(
    write_config: WriteConfig,
    tmp_path: Path,
    stopper: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    signum: int,
    status: int,
) -> None:
    config = str(write_config(train=stopper))
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert main(["train", "-c", config, "-w", str(whole), "-d", "cpu"]) == 0
    monkeypatch.setenv("STOP_AT", "20")
    monkeypatch.setenv("STOP_BY", str(int(signum)))
    assert main(["train", "-c", config, "-w", str(parts), "-d", "cpu"]) == status
    name = signal.Signals(signum).name
    assert f"Stopped by {name}. To go on: adaseq train --resume -w {parts}" in capfd.readouterr().err
    assert json.loads((parts / "run.json").read_text())["status"] == "interrupted"
    monkeypatch.delenv("STOP_AT")
    assert main(["train", "--resume", "-w", str(parts), "-d", "cpu"]) == 0
    assert_same_run(whole, parts)
    assert "The configuration is not that of the run so far" not in caplog.text
    (parts / "checkpoints" / "step-45").mkdir(parents=True)  # as if killed before it had cleared up
    assert main(["train", "--resume", "-w", str(parts), "-d", "cpu"]) == 0
    assert "This run has finished already" in caplog.text and not (parts / "checkpoints").exists()


def killed(*_: Any) -> None:
    raise RuntimeError("killed")


def test_a_run_that_was_stopped_in_its_test_is_tested(
    write_config: WriteConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = str(write_config(train={"max_epochs": 1}))
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert main(["train", "-c", config, "-w", str(whole), "-d", "cpu"]) == 0
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "test", killed)
        with pytest.raises(RuntimeError, match="killed"):
            main(["train", "-c", config, "-w", str(parts), "-d", "cpu"])
    assert json.loads((parts / "run.json").read_text())["status"] == "failed"
    assert main(["train", "--resume", "-w", str(parts), "-d", "cpu"]) == 0
    assert_same_run(whole, parts)


def test_a_run_that_was_stopped_before_its_first_checkpoint_begins_anew(
    write_config: WriteConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With the same initial weights, which need not be named again."""
    config = str(write_config(train={"max_epochs": 1}))
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert main(["train", "-c", config, "-w", str(tmp_path / "first"), "-d", "cpu", "--seed", "1"]) == 0
    weights = ["-ckpt", str(tmp_path / "first")]
    assert main(["train", "-c", config, "-w", str(whole), "-d", "cpu", *weights]) == 0
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "save_checkpoint", killed)
        patch.setattr(training, "_note_the_end", lambda record, status: None)
        with pytest.raises(RuntimeError, match="killed"):
            main(["train", "-c", config, "-w", str(parts), "-d", "cpu", *weights])
    assert main(["train", "-c", config, "-w", str(parts), "-d", "cpu", "--resume"]) == 0
    assert "There is no checkpoint: the run was stopped before its first one and begins anew." in caplog.text
    assert_same_run(whole, parts)


def test_a_checkpoint_makes_up_for_initial_weights_that_are_gone(
    write_config: WriteConfig, tmp_path: Path, stopper: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = str(write_config(train={**stopper, "max_epochs": 1}))
    whole, parts, first = tmp_path / "whole", tmp_path / "parts", tmp_path / "first"
    assert main(["train", "-c", config, "-w", str(first), "-d", "cpu", "--seed", "1"]) == 0
    monkeypatch.chdir(tmp_path)
    weights = ["-ckpt", "first/best_model.pth"]
    assert main(["train", "-c", config, "-w", str(whole), "-d", "cpu", *weights]) == 0
    monkeypatch.setenv("STOP_AT", "8")
    monkeypatch.setenv("STOP_BY", str(int(signal.SIGTERM)))
    assert main(["train", "-c", config, "-w", str(parts), "-d", "cpu", *weights]) == 143
    assert json.loads((parts / "run.json").read_text())["initial_weights"] == str(first / "best_model.pth")
    monkeypatch.delenv("STOP_AT")
    (first / "best_model.pth").unlink()
    assert main(["train", "--resume", "-w", str(parts), "-d", "cpu"]) == 0
    assert_same_run(whole, parts)


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


def test_a_full_disk_ends_the_run_with_a_message(
    write_config: WriteConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The disk fills up in the second epoch; what the first one saved stays, and the run can go on once there is room."""
    config = str(write_config(train={"max_epochs": 2, "hooks": [{"type": "TextLoggerHook", "interval": 4}]}))
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert main(["train", "-c", config, "-w", str(whole), "-d", "cpu"]) == 0
    rename, seen = os.rename, []

    def fill_up(source: Any, target: Any) -> None:
        seen.append(str(target))
        if str(target).endswith("step-30"):
            raise OSError(errno.ENOSPC, "No space left on device")
        rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "rename", fill_up)
        assert main(["train", "-c", config, "-w", str(parts), "-d", "cpu"]) == 2
    shown = capfd.readouterr().err
    assert f"error: Cannot write {parts / 'checkpoints' / 'step-30'}: there is no space left on the disk." in shown
    assert [path.name for path in (parts / "checkpoints").iterdir()] == ["step-15"]
    assert main(["train", "-c", config, "-w", str(parts), "-d", "cpu", "--resume"]) == 0
    assert_same_run(whole, parts)


def test_help_does_not_import_torch() -> None:
    code = (
        "import sys; from adaseq.commands.main import main; "
        "status = main(['train', '--help']); print('torch' in sys.modules, status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "False 0" and "--resume" in done.stdout


def test_a_resumed_run_says_what_has_changed(
    write_config: WriteConfig, tmp_path: Path, stopper: dict[str, Any], monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    config, run = str(write_config(train=stopper)), str(tmp_path / "run")
    monkeypatch.setenv("STOP_AT", "20")
    monkeypatch.setenv("STOP_BY", str(int(signal.SIGTERM)))
    assert main(["train", "-c", config, "-w", run, "-d", "cpu"]) == 143
    monkeypatch.delenv("STOP_AT")
    saved = (tmp_path / "run" / "config.yaml").read_text()
    unfit = ["--resume", "--set", "train.dataloader.batch_size_per_gpu=5"]
    assert main(["train", "-c", config, "-w", run, "-d", "cpu", *unfit]) == 2
    assert (tmp_path / "run" / "config.yaml").read_text() == saved, "it is still what the run can go on with"
    with (tmp_path / "valid.txt").open("a", encoding="utf-8") as file:
        file.write("\nRome B-LOC\n")
    assert main(["train", "-c", config, "-w", run, "-d", "cpu", "--resume", "--set", "train.max_epochs=2"]) == 0
    assert "The data has changed since the run began (valid): scores from before cannot be compared" in caplog.text
    assert "that of a run that was never stopped. Changed: train.max_epochs" in caplog.text


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
