import csv
import json
import re
import subprocess
import sys
import textwrap
import threading

import pytest

from adaseq.commands.main import main
from adaseq.errors import AdaSeqError
from adaseq.tuning.grid import Grid
from adaseq.tuning.runner import CPU, Launcher, Runner, stop_all
from adaseq.tuning.table import collect, mean_over_seeds, without_constants

CONFIG = """
experiment: {{exp_dir: {folder}/experiments, exp_name: grid, seed: [1, 2]}}
task: named-entity-recognition
dataset: {{data_file: {{train: {folder}/train.txt, valid: {folder}/train.txt, test: {folder}/train.txt}}, data_type: conll}}
model:
  type: sequence-labeling-model
  embedder: {{type: embedding, embedding_dim: 4}}
  encoder: {{type: lstm, hidden_size: 4}}
train:
  max_epochs: 1
  optimizer:
    type: AdamW
    lr: [0.1, 0.2]
    betas: [0.9, 0.99]
    param_groups: [{{regex: [crf, linear], lr: [0.3], weight_decay: 0.0}}]
"""


@pytest.fixture
def config(tmp_path):
    (tmp_path / "train.txt").write_text("Anna B-PER\nsings O\n\nin O\nBern B-LOC\n\n" * 4, encoding="utf-8")
    path = tmp_path / "grid.yaml"
    path.write_text(textwrap.dedent(CONFIG).format(folder=tmp_path), encoding="utf-8")
    return path


def test_lists_are_axes_only_where_one_value_belongs(config):
    grid = Grid.read(config)
    assert {axis.path: axis.values for axis in grid.axes} == {
        "experiment.seed": (1, 2),
        "train.optimizer.lr": (0.1, 0.2),
        "train.optimizer.param_groups.0.lr": (0.3,),
    }
    assert [trial.name for trial in grid.trials] == [
        f"seed={seed},optimizer.lr={lr},0.lr=0.3" for seed in (1, 2) for lr in (0.1, 0.2)
    ]
    assert grid.trials[1].config["train"]["optimizer"]["lr"] == 0.2
    grid.check()


def test_what_is_wrong_beside_the_axes_is_reported(config):
    config.write_text(config.read_text(encoding="utf-8").replace("max_epochs: 1", "max_epoch: 1"), encoding="utf-8")
    with pytest.raises(AdaSeqError, match="max_epochs"):
        Grid.read(config)


def test_an_impossible_combination_is_named(config):
    text = config.read_text(encoding="utf-8").replace("lr: [0.1, 0.2]", "lr: [0.1, much]")
    config.write_text(text, encoding="utf-8")
    with pytest.raises(AdaSeqError, match=r"optimizer\.lr=much"):
        Grid.read(config).check()


def test_an_empty_axis_is_refused(config):
    config.write_text(config.read_text(encoding="utf-8").replace("lr: [0.1, 0.2]", "lr: []"), encoding="utf-8")
    with pytest.raises(AdaSeqError, match="nothing to try"):
        Grid.read(config)


def test_tune_runs_all_and_collect_averages_over_seeds(config, tmp_path, capsys):
    assert main(["grid_search", "tune", "-c", str(config), "-y", "-f", "-g", CPU, "-to", str(tmp_path / "log")]) == 0
    assert "4 runs" in capsys.readouterr().out
    assert main(["grid_search", "tune", "-c", str(config), "-y", "-f", "-g", CPU]) == 0
    assert "4 of them finished" in capsys.readouterr().out
    tables = ["-o", str(tmp_path / "all.csv"), "-oa", str(tmp_path / "mean.csv")]
    assert main(["grid_search", "collect", "-c", str(config), *tables]) == 0
    rows = list(csv.DictReader((tmp_path / "all.csv").read_text(encoding="utf-8").splitlines()))
    assert sorted((row["experiment.seed"], row["train.optimizer.lr"]) for row in rows) == [
        ("1", "0.1"), ("1", "0.2"), ("2", "0.1"), ("2", "0.2")
    ]  # fmt: skip
    means = list(csv.DictReader((tmp_path / "mean.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["runs"] for row in means] == ["2", "2"] and all(row["test_f1_std"] for row in means)
    assert min(path.name for path in (tmp_path / "experiments/grid/configs").iterdir()) == "config.0.yaml"


def test_means_are_taken_over_seeds_alone(tmp_path):
    for seed, lr, f1 in ((1, 0.1, 0.5), (2, 0.1, 0.7), (1, 0.2, 0.9)):
        folder = tmp_path / f"{seed}-{lr}"
        folder.mkdir()
        (folder / "config.yaml").write_text(f"experiment: {{seed: {seed}}}\nlr: {lr}\nsame: 1\n", encoding="utf-8")
        lines = [{"evaluation/f1": f1 / 2}, {"evaluation/f1": f1}, {"mode": "test", "f1": f1 - 0.1}]
        (folder / "metrics.json").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    rows = without_constants(collect(tmp_path))
    assert "same" not in rows[0]
    best, other = mean_over_seeds(rows)
    assert (best["runs"], best["lr"], best["dev_f1_mean"], best["dev_f1_std"]) == (1, 0.2, 0.9, None)
    assert (other["runs"], other["dev_f1_mean"], other["dev_f1_std"]) == (2, 0.6, 0.14142)
    assert other["test_f1_mean"] == 0.5


def test_a_run_that_was_broken_off_is_resumed_and_gpus_are_assigned(config, tmp_path):
    grid = Grid.read(config)
    trial = grid.trials[0]
    environment = tmp_path / "env.yaml"
    environment.write_text("python_interpreter: py\npython_file: scripts/train.py\nenvs: [export A=$B]\n", "utf-8")
    shell = Launcher.read(environment).command(grid, trial, "0")
    assert shell[:2] == ["bash", "-c"] and shell[2].startswith("export A=$B\nexec py -m scripts.train -c ")
    assert "--resume" not in shell[2]
    (grid.folder / trial.name).mkdir(parents=True)
    (grid.folder / trial.name / "config.yaml").touch()
    assert "--resume" in Launcher().command(grid, trial, CPU)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("python_fil: py\n", "env.yaml:1:1: python_fil: unknown key 'python_fil'; did you mean 'python_file'?"),
        ("envs: {a: 1}\n", "env.yaml:1:7: envs: received a mapping with a; expected text or a list"),
        ("- envs\n", "a configuration is a mapping"),
        ("envs: [\n", "no valid YAML"),
    ],
)
def test_what_is_wrong_with_an_environment_is_said(tmp_path, text, message):
    (tmp_path / "env.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(AdaSeqError, match=re.escape(message)):
        Launcher.read(tmp_path / "env.yaml")


def test_a_value_that_stands_twice_is_one_run(config):
    text = config.read_text(encoding="utf-8").replace("seed: [1, 2]", "seed: [2, 1, 2]")
    config.write_text(text.replace("[0.1, 0.2]", "0.1"), encoding="utf-8")
    assert [trial.name for trial in Grid.read(config).trials] == ["seed=2,lr=0.3", "seed=1,lr=0.3"]


def test_where_a_list_belongs_a_list_of_lists_is_an_axis(config):
    text = config.read_text(encoding="utf-8").replace("betas: [0.9, 0.99]", "betas: [[0.9, 0.99], [0.8, 0.9]]")
    text = text.replace("[1, 2]", "1").replace("[0.1, 0.2]", "0.1").replace("lr: [0.3]", "lr: 0.3")
    config.write_text(text.replace("[crf, linear]", "[[crf, linear], [crf]]"), encoding="utf-8")
    grid = Grid.read(config)
    assert {axis.path: axis.values for axis in grid.axes} == {
        "train.optimizer.betas": ([0.9, 0.99], [0.8, 0.9]),
        "train.optimizer.param_groups.0.regex": (["crf", "linear"], ["crf"]),
    }
    grid.check()


def test_axes_are_found_under_old_names_and_in_one_of_several_corpora(config):
    text = config.read_text(encoding="utf-8").replace("param_groups: [", "param_group: [")
    before, _, after = text.partition("dataset: ")
    block, _, after = after.partition("\nmodel")
    config.write_text(
        f"{before}dataset:\n- {block}\n- {block[:-1]}, corpus_name: b, weight: [1, 2]}}\nmodel{after}", encoding="utf-8"
    )
    grid = Grid.read(config)
    assert [axis.path for axis in grid.axes] == [
        "experiment.seed", "dataset.1.weight", "train.optimizer.lr", "train.optimizer.param_group.0.lr"
    ]  # fmt: skip
    grid.check()


def test_a_home_folder_may_hold_the_runs(config, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    config.write_text(config.read_text(encoding="utf-8").replace(f"{tmp_path}/experiments", "~/runs"), encoding="utf-8")
    assert Grid.read(config).folder == tmp_path / "runs" / "grid"


@pytest.mark.parametrize("gpus", ["gpu0", "", ",", "0,,1"])
def test_gpus_have_numbers(config, gpus, capsys):
    assert main(["grid_search", "tune", "-c", str(config), "-y", "-f", "-g", gpus]) == 2
    assert capsys.readouterr().err == f"error: -g takes the numbers of GPUs, with commas, or cpu; received '{gpus}'\n"


def test_only_a_grid_that_is_there_is_stopped(config, capsys):
    assert main(["grid_search", "kill", "-c", f"{config}l"]) == 2
    assert "did you mean 'grid.yaml'?" in capsys.readouterr().err


def test_a_failed_run_is_named(config, tmp_path):
    grid = Grid.read(config)
    runner = Runner(grid, Launcher(interpreter=sys.executable, module="no_such_module"), [CPU], tmp_path / "log")
    assert runner.run() == [trial.name for trial in grid.trials]
    assert "no_such_module" in (tmp_path / "log").read_text(encoding="utf-8")


def test_a_run_that_cannot_start_has_failed(config, tmp_path, capsys):
    grid = Grid.read(config)
    runner = Runner(grid, Launcher(interpreter=str(tmp_path / "python")), [CPU], tmp_path / "new" / "log")
    assert runner.run() == [trial.name for trial in grid.trials]
    assert capsys.readouterr().out.count("cannot start: [Errno 2] No such file or directory") == 4


def test_kill_stops_the_grid_of_a_configuration_and_no_other(config, tmp_path):
    (tmp_path / "sleeper.py").write_text("import time; print('started', flush=True); time.sleep(600)", encoding="utf-8")
    (tmp_path / "env.yaml").write_text(f"python_file: sleeper\nenvs: export PYTHONPATH={tmp_path}\n", encoding="utf-8")
    command = [sys.executable, "-m", "adaseq", "grid_search", "tune", "-c", str(config), "-y", "-f", "-g", CPU]
    command += ["-c_env", str(tmp_path / "env.yaml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        watchdog = threading.Timer(300, process.kill)
        watchdog.start()
        while "starts" not in process.stdout.readline():
            assert process.poll() is None
        assert stop_all(tmp_path / "another.yaml") == []
        assert stop_all(config) == [process.pid]
        _, errors = process.communicate()
        watchdog.cancel()
    assert process.returncode == 130 and "goes on with what is not finished" in errors
    assert stop_all() == []
