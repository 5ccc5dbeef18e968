"""What span models cost: decoding against the forward pass, and the memory of a training step.

    python benchmarks/bench_span_models.py --backbone BACKBONE

Decoding is all that lies between the scores and the spans of a batch, with their probabilities. The scores are planted: each
sentence has some entities, as those of a trained model have. Memory is the peak of one step (forward and backward) above that
of a step of the encoder alone, divided by the size of the score tensor: a float32 for each sentence, pair of words and class.
Every peak is that of a process of its own; on a GPU it is what was allocated there. For the training step against a bare
PyTorch loop run bench_training_loop.py with a configuration of examples/biaffine_ner or examples/global_pointer.
"""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import Timings, parser, prepare, report
from memory import peak_above

_MIB = 1 << 20
_ENTITIES = 8
_PREPROCESSORS = {
    "biaffine-ner-model": "span-extraction",
    "global-pointer-model": "span-extraction",
    "w2ner-model": "word-extraction",
    "twostage-ner-model": "twostage",
}
MODELS: dict[str, dict[str, Any]] = {
    "biaffine": {"type": "biaffine-ner-model"},
    "biaffine, nested": {"type": "biaffine-ner-model", "flat_ner": False},
    "biaffine, word scores": {"type": "biaffine-ner-model", "word_scores": True},
    "global pointer": {"type": "global-pointer-model"},
    "global pointer, full": {"type": "global-pointer-model", "efficient": False},
    "global pointer, word scores": {"type": "global-pointer-model", "word_scores": True},
    "w2ner": {"type": "w2ner-model"},
    "twostage": {"type": "twostage-ner-model"},
}
# What scores there are for each pair of words beside one for each type.
_MORE_CLASSES = {"biaffine-ner-model": 1, "w2ner-model": 2}


class Setting:
    """A model with a batch of sentences of one length, with some entities in each.

    Args:
        block: the model.
        backbone: the folder of its backbone.
        sentences: B.
        length: words in a sentence.
        types: how many types there are.
    """

    def __init__(self, block: dict[str, Any], backbone: str, sentences: int, length: int, types: int) -> None:
        import torch

        from adaseq.data.example import Example
        from adaseq.models.assembly import build_collator, build_model, build_preprocessor

        torch.manual_seed(1)
        block = {**block, "embedder": {"type": "transformer-embedder", "model_name_or_path": backbone}}
        partner = {"type": f"{_PREPROCESSORS[block['type']]}-preprocessor"}
        preprocessor = build_preprocessor(partner, block, [f"T{number}" for number in range(types)])
        self.model = build_model(block, preprocessor)
        collators = {"span-extraction": "SpanExtraction", "word-extraction": "WordExtraction", "twostage": "Twostage"}
        collator = f"{collators[_PREPROCESSORS[block['type']]]}DataCollatorWithPadding"
        step = max(length // _ENTITIES, 1)
        spans: list[Any] = [
            {"start": start, "end": start + 1 + number % min(3, step), "type": f"T{number % types}"}
            for number, start in enumerate(range(0, length, step))
        ]
        examples = [Example(str(number), ["a"] * length, spans) for number in range(sentences)]
        features = preprocessor.encode(examples, training=True)
        self.batch = build_collator(collator, preprocessor)([{**each, "index": 0} for each in features])
        self.cells = self.batch["cells"]


def decoding(block: dict[str, Any], options: Any, backbone: str) -> dict[str, Callable[[], float]]:
    """Jobs that measure the forward pass, up to the scores, and what comes behind it."""
    import torch

    setting = Setting(block, backbone, options.sentences, options.words, options.types)
    model, batch = setting.model.to(options.device).eval(), _to(setting.batch, options.device)
    scores = _network(model)
    with torch.inference_mode():
        words, mask = model.words(batch)
        planted = None if block["type"] == "twostage-ner-model" else _planted(scores(words, mask), setting.cells, block)

    def forward() -> float:
        with torch.inference_mode():
            return _timed(lambda: scores(*model.words(batch)), options.device)

    def decode() -> float:
        restore = _stub(model, words, mask, planted)
        try:
            with torch.inference_mode():
                found: list[Any] = []
                seconds = _timed(lambda: found.extend(model.decode(batch, with_prob=True)), options.device)
        finally:
            restore()
        count = sum(len(each["spans"]) for each in found)
        if planted is not None and count != len(setting.cells) and block["type"] != "w2ner-model":
            raise SystemExit(f"{count} spans were found, but {len(setting.cells)} were planted")
        return seconds

    return {"forward": forward, "decode": decode}


def _network(model: Any) -> Callable[[Any, Any], Any]:
    """From word vectors to all scores of a model."""
    import torch

    if hasattr(model, "ident_linear"):
        return lambda words, mask: model.ident_linear(words)
    scorer = model.scorer
    if hasattr(scorer, "convolutions"):
        # One sentence at a time, as in prediction.
        return lambda words, mask: torch.cat(
            [scorer.scores(scorer(words[i : i + 1], mask[i : i + 1]), 0, words.shape[1]) for i in range(len(words))]
        )
    return lambda words, mask: scorer.scores(model.vectors(words, mask))


def _planted(scores: Any, cells: Any, block: dict[str, Any]) -> Any:
    """The scores, with the annotated cells as the only ones that win."""
    scores = scores.clone()
    shift = 1 if block["type"] in _MORE_CLASSES else 0
    scores -= scores.max() + 1
    if shift:
        scores[:, :, 0] += scores.abs().max() * 2
    sentences, rows, columns, classes = cells.to(scores.device).unbind(1)
    scores[sentences, rows, classes + shift, columns] = scores.abs().max() * 3
    return scores


def _stub(model: Any, words: Any, mask: Any, planted: Any) -> Callable[[], None]:
    """Let a model decode scores that are there already.

    Returns:
        What makes it as it was.
    """
    import torch

    changed: list[tuple[Any, str]] = []

    def replace(owner: Any, name: str, value: Any) -> None:
        object.__setattr__(owner, name, value)
        changed.append((owner, name))

    replace(model, "words", lambda batch: (words, mask))
    if planted is not None and hasattr(model.scorer, "convolutions"):
        from adaseq.modules.word_pairs import PairVectors

        numbers = torch.arange(len(mask), device=mask.device)
        numbers = numbers.unsqueeze(1).expand(mask.shape)
        vectors = PairVectors(numbers, numbers, numbers, numbers, numbers, None, mask)
        replace(model.scorer, "forward", lambda words, mask, kept=None: vectors)
        replace(model.scorer, "scores", lambda part, first, last: planted[part.first[:, 0], first:last])
    elif planted is not None:
        replace(model, "vectors", lambda words, mask: _Whole())
        replace(model.scorer, "scores", lambda vectors: planted)

    def restore() -> None:
        for owner, name in changed:
            object.__delattr__(owner, name)

    return restore


class _Whole:
    """Stands for vectors that nobody looks at."""

    def block(self, *cells: Any) -> _Whole:
        """All of them."""
        return self


def _timed(work: Callable[[], Any], device: str) -> float:
    import torch

    start = time.perf_counter()
    work()
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter() - start


def _to(batch: Any, device: str) -> Any:
    from adaseq.utils.tensors import to_device

    return to_device(batch, device)


def peak_of_a_step(
    block: dict[str, Any] | None,
    backbone: str,
    sentences: int,
    length: int,
    types: int,
    device: str,
    threads: int | None,
) -> float:
    """MiB that one training step takes above what was there; of the encoder alone without a block."""
    import torch

    if threads is not None:
        torch.set_num_threads(threads)
    setting = Setting(block or MODELS["biaffine"], backbone, sentences, length, types)
    model, batch = setting.model.to(device).train(), _to(setting.batch, device)
    small = _to(Setting(block or MODELS["biaffine"], backbone, 1, 8, types).batch, device)

    def step(batch: Any) -> None:
        loss = model.words(batch)[0].square().mean() if block is None else model(batch)["loss"]
        loss.backward()

    # Gradients, and what libraries allocate once, are there before.
    step(small)
    return peak_above(lambda: step(batch), device)


def main() -> None:
    """Measure and print."""
    arguments = parser(__doc__, repeats=5)
    arguments.add_argument("--backbone", help="folder of a backbone (default: one of MiniLM's size, random)")
    arguments.add_argument(
        "--models", nargs="+", choices=MODELS, default=list(MODELS), help="which ones (default: all)"
    )
    arguments.add_argument("--sentences", type=int, default=32, help="decoding: sentences in a batch (default 32)")
    arguments.add_argument("--words", type=int, default=128, help="decoding: words in a sentence (default 128)")
    arguments.add_argument("--types", type=int, default=20, help="types of entities (default 20)")
    arguments.add_argument("--batch_size", type=int, default=16, help="memory: sentences in a batch (default 16)")
    arguments.add_argument("--length", type=int, default=256, help="memory: words in a sentence (default 256)")
    arguments.add_argument(
        "--memory_repeats", type=int, default=3, help="steps of each (default 3); 0 leaves memory out"
    )
    arguments.add_argument("-d", "--device", default="cpu")
    options = arguments.parse_args()
    prepare(options)
    with tempfile.TemporaryDirectory() as folder:
        backbone = options.backbone
        if backbone is None:
            from networks import make_backbone

            backbone = str(make_backbone(Path(folder), ["a"]))
        rows, others = _decoding_rows(options, backbone)
        report(options, [*rows, *_memory_rows(options, backbone)], others)


def _decoding_rows(options: Any, backbone: str) -> tuple[list[dict[str, Any]], float]:
    rows, others = [], 0.0
    for name in options.models if options.repeats else []:
        timings = Timings().take_turns(decoding(MODELS[name], options, backbone), options.repeats)
        others = max(others, timings.others)
        forward, decode = timings.median("forward"), timings.median("decode")
        rows.append(
            {"what": f"{name}: decoding", "forward s": forward, "decode s": decode, "of forward": decode / forward}
        )
    return rows, others


def _memory_rows(options: Any, backbone: str) -> list[dict[str, Any]]:
    if not options.memory_repeats:
        return []
    rows: list[dict[str, Any]] = []
    shape = (backbone, options.batch_size, options.length, options.types, options.device, options.threads)
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:

        def peak(block: dict[str, Any] | None) -> float:
            return statistics.median(pool.apply(peak_of_a_step, (block, *shape)) for _ in range(options.memory_repeats))

        alone = peak(None)
        rows.append({"what": "encoder alone: step", "peak MiB": alone})
        for name in options.models:
            block = MODELS[name]
            peaked = peak(block)
            classes = options.types + _MORE_CLASSES.get(block["type"], 0)
            scores = 4 * options.batch_size * options.length**2 * classes / _MIB
            row = {"what": f"{name}: step", "peak MiB": peaked, "score tensor MiB": scores}
            if block["type"] == "twostage-ner-model":
                row["score tensor MiB"] = None
            else:
                row["above encoder, of scores"] = (peaked - alone) / scores
            rows.append(row)
    return rows


if __name__ == "__main__":
    main()
