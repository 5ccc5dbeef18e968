"""`adaseq.load`: a predictor from a folder or from a hub."""

from __future__ import annotations

import os

import torch

from adaseq.hub.resolve import resolve_model
from adaseq.inference import predictor
from adaseq.inference.predictor import Precision, Predictor


def load(
    name: str | os.PathLike[str],
    device: torch.device | str = "cpu",
    *,
    precision: Precision = "fp32",
    batch_tokens: int | None = None,
    min_prob: float = 0.0,
    text_splitter: str | None = None,
) -> Predictor:
    """A predictor from a trained model.

    Args:
        name: the model folder; or a model on a hub: `huggingface:owner/name`, `modelscope:owner/name`, or `owner/name`; with
            `@revision` behind it, at that branch, tag or commit. A local copy is taken without asking the hub. Code in a model's folder is never run.
        device: where to run: `gpu` (falls back to the CPU), `cpu`, `cuda:1`, `mps`.
        precision: bf16 and fp16 run the network in half precision, which is faster where the device has instructions for it.
        batch_tokens: the most pieces in a batch, padding included; by default 2048 on a CPU and 16384 elsewhere.
        min_prob: leave out spans that are less probable.
        text_splitter: how raw text becomes words, instead of the model's own way: char, word, blank.

    Raises:
        HubError: there is no such folder or model.
        ModelError: it is there, but it is no model folder.
    """
    return predictor.load(
        resolve_model(name),
        device,
        precision=precision,
        batch_tokens=batch_tokens,
        min_prob=min_prob,
        text_splitter=text_splitter,
    )
