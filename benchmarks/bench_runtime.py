"""The exported runtime against the torch predictor: speed, agreement, memory and start-up.

Each side runs in processes of its own, which take turns; `--model` and `--exported` are made of each other by `adaseq export`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import common
from memory import peak

SIDES = ("torch", "onnx float32", "onnx int8", "onnx int8-blocks")


def main() -> None:
    """Measure and print."""
    parser = common.parser(__doc__, repeats=5)
    parser.add_argument("--sentences", type=Path, default=common.DEMO_CORPUS / "test.txt", help="in CoNLL columns")
    parser.add_argument("--model", type=Path, help="the model folder; by default an untrained one")
    parser.add_argument("--exported", type=Path, help="its export in float32; made by default")
    parser.add_argument("--quantized", type=Path, help="its export in int8; made by default")
    parser.add_argument("--in_blocks", type=Path, help="its export in int8-blocks; made by default")
    parser.add_argument("--backbone", type=Path, help="a folder with a transformer, for the untrained model")
    parser.add_argument("--limit", type=int, default=1000, help="the most sentences")
    parser.add_argument("--one_by_one", type=int, default=100, help="how many sentences are also predicted one by one")
    parser.add_argument("--one_side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one_side:
        print(json.dumps(one_side(options.one_side, options.folder, options)))
        return
    common.prepare(options)
    from adaseq.registry import FORMATS

    words = [example.tokens for example in FORMATS.build("conll").read(options.sentences)][: options.limit]
    with tempfile.TemporaryDirectory() as scratch:
        folders = prepare(options, Path(scratch))
        texts = Path(scratch) / "texts.json"
        texts.write_text(json.dumps(words), encoding="utf-8")
        runs: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
        for number in range(options.repeats):
            for place in range(len(SIDES)):
                side = SIDES[(place + number) % len(SIDES)]
                runs[side].append(in_process(side, folders[side], texts, options))
    common.report(options, [row(side, runs) for side in SIDES])


def prepare(options: argparse.Namespace, scratch: Path) -> dict[str, Path]:
    """The three folders, made where they are not given."""
    from bench_predict import TASK, untrained

    from adaseq.data.dataset_manager import DatasetManager
    from adaseq.export.exporter import export_model

    model = options.model
    if model is None:
        dataset = {"data_file": {"test": str(options.sentences)}, "data_type": "conll"}
        manager = DatasetManager.from_config(dataset, TASK, has_evaluation=False)
        model = untrained(manager, options.backbone, scratch)
    folders = {
        "torch": model,
        "onnx float32": options.exported,
        "onnx int8": options.quantized,
        "onnx int8-blocks": options.in_blocks,
    }
    for side, quantize in (("onnx float32", None), ("onnx int8", "int8"), ("onnx int8-blocks", "int8-blocks")):
        if folders[side] is None:
            folders[side] = scratch / side.replace(" ", "-")
            export_model(model, folders[side], quantize)  # type: ignore[arg-type]
    return folders


def in_process(side: str, folder: Path, texts: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Run one side in a process of its own."""
    command = [sys.executable, __file__, "--one_side", side, "--folder", str(folder), "--sentences", str(texts)]
    command += ["--one_by_one", str(options.one_by_one)]
    command += [] if options.threads is None else ["--threads", str(options.threads)]
    finished = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    result: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return result


def one_side(side: str, folder: str, options: argparse.Namespace) -> dict[str, Any]:
    """Start, predict all together and some one by one, and say how long it took."""
    words = json.loads(options.sentences.read_text(encoding="utf-8"))
    inputs = [{"tokens": each} for each in words]
    begin = time.perf_counter()
    predictor: Any
    if side == "torch":
        import torch

        if options.threads is not None:
            torch.set_num_threads(options.threads)
        from adaseq.inference.predictor import load

        predictor = load(folder)
    else:
        import adaseq.runtime

        predictor = adaseq.runtime.load(folder, threads=options.threads)
    predictor(inputs[0])
    started = time.perf_counter() - begin
    predictor(inputs[:50])
    begin = time.perf_counter()
    results = predictor(inputs)
    together = time.perf_counter() - begin
    begin = time.perf_counter()
    for each in inputs[: options.one_by_one]:
        predictor(each)
    alone = time.perf_counter() - begin
    return {
        "start": started,
        "together": together,
        "alone": alone,
        "MiB": peak(),
        "output": [r["output"] for r in results],
    }


def row(side: str, runs: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The medians of a side, and their ratios to torch."""
    from adaseq.export.comparison import compare

    middle = {key: median(run[key] for run in runs[side]) for key in ("start", "together", "alone", "MiB")}
    base = {key: median(run[key] for run in runs["torch"]) for key in middle}
    first, second = ([{"output": each} for each in runs[name][0]["output"]] for name in (side, "torch"))
    agreement = compare(range(len(first)), first, second)
    return {
        "what": side,
        "runs": len(runs[side]),
        "median s": middle["together"],
        "times as fast": base["together"] / middle["together"],
        "one by one, times as fast": base["alone"] / middle["alone"],
        "start s": middle["start"],
        "start of torch": middle["start"] / base["start"],
        "MiB": round(middle["MiB"]),
        "memory of torch": middle["MiB"] / base["MiB"],
        "entities agree": agreement.agreement,
        "largest gap": agreement.gap,
    }


if __name__ == "__main__":
    main()
