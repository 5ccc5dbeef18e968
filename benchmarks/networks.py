"""Networks for the benchmarks: a backbone where none is given, and one epoch of our trainer, timed from inside."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from transformers import BertConfig, BertModel, BertTokenizer
from transformers.utils import logging as transformers_logging

from adaseq.config import Config
from adaseq.training.build import PreparedData, build_trainer
from adaseq.training.hooks.base import Hook
from adaseq.training.runtime import Runtime
from adaseq.training.trainer import Trainer

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_PIECES = 30_000
MINILM = {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536}

# That a token-classification head is new is no news here.
transformers_logging.set_verbosity_error()
transformers_logging.disable_progress_bar()


class EpochTimer(Hook):
    """Measures the batches of an epoch, without what comes before and after them: start-up, evaluation, saving."""

    order = -1000

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._start = 0.0

    def before_epoch(self, trainer: Trainer) -> None:
        """Start the clock."""
        self._start = now(trainer.runtime.device)

    def after_epoch(self, trainer: Trainer) -> None:
        """Stop it."""
        self.seconds.append(now(trainer.runtime.device) - self._start)


def now(device: torch.device) -> float:
    """The time when a device has done what it was told to."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def add_timer(config: Config) -> Config:
    """The configuration with the timer among its hooks."""
    config.train.hooks = [*(config.train.hooks or []), {"type": "networks:EpochTimer"}]
    return config


def our_epoch(config: Config, data: PreparedData, device: str) -> tuple[float, Trainer]:
    """Train one epoch with our trainer.

    Args:
        config: with one epoch and the timer.
        data: its data, encoded.
        device: where to train.

    Returns:
        The seconds, and the trainer with the trained model.
    """
    runtime = Runtime(device, config.train.precision)
    try:
        with tempfile.TemporaryDirectory() as folder:
            trainer = build_trainer(config, data, runtime, Path(folder))
            trainer.run()
    finally:
        runtime.close()
    timer = next(hook for hook in trainer.hooks if isinstance(hook, EpochTimer))
    return timer.seconds[0], trainer


def make_backbone(
    folder: Path, words: Iterable[str], size: Mapping[str, int] = MINILM, has_weights: bool = True
) -> Path:
    """A BERT with random weights: as fast as a trained one, and nothing to download.

    Args:
        folder: where to write it.
        words: its pieces, apart from single characters.
        size: what its configuration says about sizes; MiniLM's by default.
        has_weights: false writes the configuration and the tokenizer alone, for `load_weights: false`.
    """
    lowered = {word.lower() for word in words}
    characters = sorted({character for word in lowered for character in word if not character.isspace()})
    pieces = [*_SPECIAL, *characters, *(f"##{each}" for each in characters), *sorted(lowered)]
    pieces = list(dict.fromkeys(piece for piece in pieces if piece.strip()))[:_PIECES]
    config = BertConfig(**{"vocab_size": len(pieces), **size})
    if has_weights:
        BertModel(config).save_pretrained(folder)
    else:
        config.save_pretrained(folder)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(pieces) + "\n", encoding="utf-8")
    BertTokenizer(vocab=str(vocabulary), model_max_length=512).save_pretrained(folder)
    return folder
