"""Training and prediction of a word-vector BiLSTM-CRF against the same in flair, which gets an environment of its own.

    python benchmarks/bench_flair.py --train TRAIN.conll --test TEST.conll

The environment is made on the first run, with this project's version of torch and the versions in requirements-flair.txt: flair
needs an older transformers than AdaSeq. Both sides learn vectors of all training words, with one layer of a BiLSTM, a linear
layer and a CRF over BIOES tags, without dropout, in batches of the same size with AdamW. Every run is a process of its own, and
they take turns. Timed are one epoch, without evaluation, and the prediction of the test sentences from lists of words. The
claims are ratios of medians.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import common
import tasks

FOLDER = Path(__file__).resolve().parent
REQUIREMENTS = FOLDER / "requirements-flair.txt"
TORCH = FOLDER.parent / "requirements.txt"
OURS, FLAIR = "ours", "flair"
PARTS = {"training epoch": "train s", "predict": "predict s"}
EMBEDDING_DIM, HIDDEN_SIZE, LEARNING_RATE, BATCH_SIZE = 100, 128, 1e-3, 32


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark, or one side of it, as the command line says."""
    parser = common.parser(__doc__, repeats=3)
    parser.add_argument("--train", type=Path, default=common.DEMO_CORPUS / "train.txt", help="in CoNLL columns")
    parser.add_argument("--test", type=Path, default=common.DEMO_CORPUS / "test.txt", help="in CoNLL columns")
    parser.add_argument("--sentences", type=int, help="how many of each file (default: all)")
    parser.add_argument(
        "--environment",
        type=Path,
        default=FOLDER.parent / ".venv" / "flair",
        help="the folder of flair's environment; made where there is none (default: .venv/flair)",
    )
    parser.add_argument("--only", choices=(OURS,), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    common.prepare(options)
    if options.only:
        print(json.dumps(ours(options)))
        return
    python = make_environment(options.environment)
    runs: dict[str, list[dict[str, float]]] = {OURS: [], FLAIR: []}
    with tempfile.TemporaryDirectory() as folder:
        for split in ("train", "test"):
            source = getattr(options, split)
            tasks.write("entities", tasks.read(source, options.sentences), Path(folder) / f"{split}.txt")
        files = ["--train", f"{folder}/train.txt", "--test", f"{folder}/test.txt"]
        files += ["--threads", str(options.threads)] if options.threads is not None else []
        shape = [str(each) for each in (EMBEDDING_DIM, HIDDEN_SIZE, LEARNING_RATE, BATCH_SIZE)]
        commands = {
            OURS: [sys.executable, __file__, "--only", OURS, *files],
            FLAIR: [str(python), str(FOLDER / "flair_peer.py"), *files, "--shape", *shape],
        }

        def job(side: str) -> common.Job:
            return lambda: runs[side].append(measured(commands[side]))

        timings = common.Timings().take_turns({side: job(side) for side in commands}, options.repeats, warm_up=False)
    common.report(options, rows_of(runs), timings.others, runs=runs)


def make_environment(folder: Path) -> Path:
    """The Python of flair's environment, which is made where it is not there yet."""
    python = folder / "bin" / "python"
    mark = folder / ".installed"
    wanted = REQUIREMENTS.read_text(encoding="utf-8")
    if mark.exists() and mark.read_text(encoding="utf-8") == wanted:
        return python
    torch = next(line for line in TORCH.read_text(encoding="utf-8").splitlines() if line.startswith("torch=="))
    print(f"making flair's environment in {folder}: {torch} and {REQUIREMENTS.name}", flush=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    # First and by itself, so that nothing resolves another torch.
    subprocess.run([*install, torch], check=True)
    subprocess.run([*install, "-r", str(REQUIREMENTS), torch], check=True)
    mark.write_text(wanted, encoding="utf-8")
    return python


def measured(command: list[str]) -> dict[str, float]:
    """What a process measured."""
    finished = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, encoding="utf-8")
    result: dict[str, float] = json.loads(finished.stdout.splitlines()[-1])
    return result


def rows_of(runs: dict[str, list[dict[str, float]]]) -> list[dict[str, Any]]:
    """The table: both sides of training and prediction."""
    rows = []
    for part, key in PARTS.items():
        base = statistics.median(run[key] for run in runs[FLAIR])
        for side, results in runs.items():
            seconds = [run[key] for run in results]
            middle = statistics.median(seconds)
            spread = {"median s": middle, "min s": min(seconds), "max s": max(seconds), "runs": len(seconds)}
            rows.append({"what": f"{part}, {side}", **spread, "of flair": middle / base})
    return rows


def ours(options: argparse.Namespace) -> dict[str, float]:
    """Our side: train an epoch, predict."""
    from networks import add_timer, our_epoch

    from adaseq.config import load_config
    from adaseq.data.formats.conll import ConllFormat
    from adaseq.inference.predictor import load
    from adaseq.models.model_folder import save_model_folder
    from adaseq.training.build import prepare_data
    from adaseq.training.runtime import Runtime

    source = {
        "task": "named-entity-recognition",
        "dataset": {"data_file": {"train": str(options.train)}, "data_type": "conll"},
        "model": {
            "embedder": {"type": "embedding", "embedding_dim": EMBEDDING_DIM},
            "encoder": {"type": "lstm", "hidden_size": HIDDEN_SIZE, "bidirectional": True},
        },
        "train": {
            "max_epochs": 1,
            "dataloader": {"batch_size_per_gpu": BATCH_SIZE},
            "optimizer": {"type": "AdamW", "lr": LEARNING_RATE},
        },
        "evaluation": None,
    }
    config = add_timer(load_config(source))
    runtime = Runtime("cpu")
    data = prepare_data(config, runtime)
    runtime.close()
    train, trainer = our_epoch(config, data, "cpu")
    with tempfile.TemporaryDirectory() as folder:
        save_model_folder(Path(folder), trainer.model, data.preprocessor, config.to_dict())
        predictor = load(folder)
    words = [example.tokens for example in ConllFormat().read(options.test)]
    start = time.perf_counter()
    predictor([{"tokens": each} for each in words])
    return {"train s": train, "predict s": time.perf_counter() - start}


if __name__ == "__main__":
    main()
