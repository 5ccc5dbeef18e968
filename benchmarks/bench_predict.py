"""Time our predictor against Hugging Face's token-classification pipeline on the same texts and the same weights.

    python benchmarks/bench_predict.py --sentences TEST.conll --model RUN/output_best
    python benchmarks/bench_predict.py --sentences TEST.conll --backbone FOLDER

`--model` is a trained tagger with a transformer; the pipeline gets its backbone and its linear layer. Of a `--backbone` an
untrained tagger is made, which finds far more spans than there are: both sides then work for nothing. The pipeline stays in
float32, the precision in which it runs unless told otherwise. Ours gets raw text (the words of a sentence with blanks between
them) and words. `one by one` is a call for each of the first sentences. The claims are ratios of medians.
"""

from __future__ import annotations

import argparse
import copy
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import common
import torch
from networks import make_backbone
from transformers import AutoModelForTokenClassification, pipeline

import adaseq
from adaseq.config import load_config
from adaseq.data.batching import BatchSampler
from adaseq.data.dataset_manager import DatasetManager
from adaseq.inference.predictor import Predictor
from adaseq.models.assembly import build_model, build_preprocessor
from adaseq.models.model_folder import save_model_folder
from adaseq.utils.tensors import to_device

TASK = "named-entity-recognition"
PIPELINE = "pipeline fp32"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark as the command line says."""
    parser = common.parser(__doc__, repeats=5)
    parser.add_argument("--sentences", type=Path, default=common.DEMO_CORPUS / "test.txt", help="in CoNLL columns")
    parser.add_argument("--model", type=Path, help="a model folder")
    parser.add_argument("--backbone", type=Path, help="a folder with a transformer and its tokenizer")
    parser.add_argument("--precisions", nargs="+", choices=("fp32", "bf16"), default=["fp32", "bf16"])
    parser.add_argument("--batch_size", type=int, default=32, help="of the pipeline")
    parser.add_argument(
        "--one_by_one", type=int, default=100, metavar="NUMBER", help="sentences for the calls one by one"
    )
    options = parser.parse_args(arguments)
    common.prepare(options)

    dataset = {"data_file": {"test": str(options.sentences)}, "data_type": "conll"}
    manager = DatasetManager.from_config(dataset, TASK, has_evaluation=False)
    words = [example.tokens for example in manager.splits["test"]]
    texts = [" ".join(tokens) for tokens in words]
    with tempfile.TemporaryDirectory() as folder:
        model = options.model or untrained(manager, options.backbone, Path(folder))
        ours = {precision: adaseq.load(model, precision=precision) for precision in options.precisions}
        theirs = their_pipeline(adaseq.load(model))
    jobs: dict[str, common.Job] = {PIPELINE: lambda: done(theirs(texts, batch_size=options.batch_size))}
    for precision, predictor in ours.items():
        jobs[f"raw text {precision}"] = lambda p=predictor: done(p(texts))
        jobs[f"words {precision}"] = lambda p=predictor: done(p([{"tokens": tokens} for tokens in words]))
        jobs[f"network {precision}"] = network_alone(predictor, texts)
    rows, others = measure(jobs, PIPELINE, len(texts), options)
    few = texts[: options.one_by_one]
    if few:
        calls: dict[str, common.Job] = {f"one by one, {PIPELINE}": lambda: done([theirs(text) for text in few])}
        for precision, predictor in ours.items():
            calls[f"one by one, {precision}"] = lambda p=predictor: done([p(text) for text in few])
        more_rows, more_others = measure(calls, f"one by one, {PIPELINE}", len(few), options)
        rows, others = [*rows, *more_rows], max(others, more_others)
    print(f"{len(texts)} sentences, {sum(map(len, words))} words; `network` is the model alone on batches made before")
    common.report(options, rows, others)


def measure(
    jobs: dict[str, common.Job], baseline: str, sentences: int, options: argparse.Namespace
) -> tuple[list[dict[str, Any]], float]:
    """Rows with the speed of each job, and the cores that other programs used."""
    timings = common.Timings().take_turns(jobs, options.repeats)
    rows = []
    for name in jobs:
        median = timings.median(name)
        speed = {"sentences/s": round(sentences / median, 1), "times as fast": timings.median(baseline) / median}
        rows.append({**timings.row(name), **speed})
    return rows, timings.others


def done(_: Any) -> None:
    """A job measured from outside returns nothing."""


def untrained(manager: DatasetManager, backbone: Path | None, folder: Path) -> Path:
    """A model folder with a tagger on a backbone, its head untrained."""
    words = (word for example in manager.splits["test"] for word in example.tokens)
    chosen = backbone or make_backbone(folder / "backbone", words)
    config = load_config(
        {
            "task": TASK,
            "dataset": {"data_file": str(folder), "data_type": "conll"},
            "model": {"embedder": {"model_name_or_path": str(chosen)}, "use_crf": True},
        }
    )
    torch.manual_seed(42)
    preprocessor = build_preprocessor(config.preprocessor, config.model, manager.labels)
    model = build_model(config.model, preprocessor)
    save_model_folder(folder / "model", model, preprocessor, config.to_dict())
    return folder / "model"


def their_pipeline(predictor: Predictor) -> Any:
    """A pipeline with the weights of our tagger, without its CRF."""
    tagger: Any = predictor.model
    config = copy.deepcopy(tagger.embedder.config)
    config.id2label, config.label2id = tagger.id_to_label, {tag: i for i, tag in tagger.id_to_label.items()}
    model = AutoModelForTokenClassification.from_config(config)
    model.base_model.load_state_dict(tagger.embedder.transformer_model.state_dict())
    model.classifier.load_state_dict(tagger.linear.state_dict())
    tokenizer = predictor.preprocessor.tokenizer.tokenizer  # type: ignore[union-attr]
    return pipeline("token-classification", model=model.eval(), tokenizer=tokenizer, device="cpu")


def network_alone(predictor: Predictor, texts: Sequence[str]) -> common.Job:
    """Forward pass and decoding over batches like the predictor's, made before the clock starts."""
    examples = [predictor.example(text) for text in texts if text.strip()]
    features = predictor.preprocessor.encode(examples, training=False)
    lengths = [len(each["input_ids"]) for each in features]
    sampler = BatchSampler(lengths, len(lengths), shuffle=False, token_budget=predictor.batch_tokens)
    batches = [
        to_device(predictor.collator([{**features[i], "index": i} for i in numbers]), predictor.device)
        for numbers in sampler
    ]

    def run() -> None:
        with torch.inference_mode():
            for batch in batches:
                predictor.model.decode(batch, with_prob=True)

    return run


if __name__ == "__main__":
    main()
