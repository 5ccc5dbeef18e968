"""Time our predictor against Hugging Face's token-classification pipeline on the same weights and texts.

    python benchmarks/predict.py --model run/output_best --texts test.txt

The texts are lines, or CoNLL columns (`--columns`), whose words are joined by blanks. The pipeline gets the tagger's backbone
and its linear layer. The two take turns, so that whatever else the machine does meets both; the figures are medians and
the ratio is theirs. `forward` is the model alone, on batches made before: what is above it is the predictor's own work.
"""

from __future__ import annotations

import argparse
import copy
import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForTokenClassification, pipeline

import adaseq
from adaseq.data.batching import BatchSampler
from adaseq.inference.predictor import BATCH_TOKENS, Predictor
from adaseq.inference.reading import read_texts
from adaseq.utils.tensors import to_device


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="a trained tagger with a transformer")
    parser.add_argument("--texts", required=True, type=Path)
    parser.add_argument("--columns", action="store_true", help="the texts are in CoNLL columns")
    parser.add_argument("--precisions", nargs="+", default=["fp32", "bf16"])
    parser.add_argument("--batch_tokens", type=int, default=BATCH_TOKENS)
    parser.add_argument("--batch_size", type=int, default=32, help="of the pipeline, which stays in float32")
    parser.add_argument("--repeats", type=int, default=5, help="timed runs of each")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--one_by_one", action="store_true", help="a call for each text, without batches, on both sides"
    )
    parser.add_argument("--output", type=Path, help="write the figures to this JSON file")
    options = parser.parse_args(arguments)

    torch.set_num_threads(options.threads)
    texts = read(options.texts, options.columns)
    jobs: dict[str, Callable[[], Any]] = {}
    first = adaseq.load(options.model, options.device)
    theirs = their_pipeline(first, options)
    if options.one_by_one:
        jobs["pipeline"] = lambda: [theirs(text) for text in texts]
    else:
        jobs["pipeline"] = lambda: list(theirs(texts, batch_size=options.batch_size))
    for precision in options.precisions:
        ours = adaseq.load(options.model, options.device, precision=precision, batch_tokens=options.batch_tokens)
        jobs[precision] = (
            (lambda p=ours: [p(text) for text in texts]) if options.one_by_one else (lambda p=ours: p(texts))
        )
        if not options.one_by_one:
            jobs[f"{precision} forward"] = forward_alone(ours, texts)
    seconds = take_turns(jobs, options.repeats)
    print(f"{len(texts)} texts, {options.threads} threads, medians of {options.repeats}")
    for name, median in seconds.items():
        print(f"{name:<14}{median:8.3f} s{seconds['pipeline'] / median:7.2f}x", flush=True)
    if options.output:
        report = {"torch": torch.__version__, "threads": options.threads, "device": options.device, "seconds": seconds}
        options.output.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def read(path: Path, has_columns: bool) -> list[str]:
    """The texts of a file."""
    with path.open("rb") as lines:
        records = list(read_texts(lines, str(path), "conll" if has_columns else "text"))
    return [" ".join(record["tokens"]) if has_columns else record["text"] for record in records]


def their_pipeline(predictor: Predictor, options: argparse.Namespace) -> Any:
    """A pipeline with the weights of our tagger, without its CRF."""
    tagger: Any = predictor.model
    config = copy.deepcopy(tagger.embedder.config)
    config.num_labels = len(tagger.id_to_label)
    config.id2label = tagger.id_to_label
    model = AutoModelForTokenClassification.from_config(config)
    model.base_model.load_state_dict(tagger.embedder.transformer_model.state_dict())
    model.classifier.load_state_dict(tagger.linear.state_dict())
    tokenizer = predictor.preprocessor.tokenizer.tokenizer  # type: ignore[union-attr]
    return pipeline("token-classification", model=model.eval(), tokenizer=tokenizer, device=options.device)


def forward_alone(predictor: Predictor, texts: Sequence[str]) -> Callable[[], None]:
    """The model's forward pass and decoding over batches like the predictor's."""
    features = predictor.preprocessor.encode(
        [predictor.example(text) for text in texts if text.strip()], training=False
    )
    sampler = BatchSampler(
        [len(each["input_ids"]) for each in features],
        len(features),
        shuffle=False,
        token_budget=predictor.batch_tokens,
    )
    batches = [
        to_device(predictor.collator([{**features[i], "index": i} for i in numbers]), predictor.device)
        for numbers in sampler
    ]

    def run() -> None:
        with torch.inference_mode():
            for batch in batches:
                predictor.model.decode(batch, with_prob=True)

    return run


def take_turns(jobs: dict[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """The median seconds of each job; the first, untimed turn warms up."""
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in range(repeats + 1):
        for name, job in jobs.items():
            start = time.perf_counter()
            job()
            if turn:
                taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(each) for name, each in taken.items()}


if __name__ == "__main__":
    main()
