"""`adaseq.load`: a predictor from a folder or from a hub."""

from __future__ import annotations

import os

import torch
from typing_extensions import Unpack

from adaseq.hub.resolve import resolve_model
from adaseq.inference import predictor
from adaseq.inference.predictor import Predictor, PredictorOptions


def load(
    name: str | os.PathLike[str], device: torch.device | str = "cpu", **options: Unpack[PredictorOptions]
) -> Predictor:
    """A predictor from a trained model.

    Args:
        name: the model folder; or a model on a hub: `huggingface:owner/name`, `modelscope:owner/name`, or `owner/name`; with
            `@revision` behind it, at that branch, tag or commit. A local copy is taken without asking the hub. Code in a model's folder is never run.
        device: where to run: `gpu` (falls back to the CPU), `cpu`, `cuda:1`, `mps`.
        options: those of `Predictor`: `min_probability`, `n_best`, `candidates`, `dictionary`, `dictionary_mode`,
            `dictionary_bonus`, `window_overlap`, `text_splitter`, `precision`, `batch_tokens`.

    Raises:
        HubError: there is no such folder or model.
        ModelError: it is there, but it is no model folder; or the model cannot do what was asked for.
    """
    return predictor.load(resolve_model(name), device, **options)
