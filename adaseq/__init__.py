"""AdaSeq trains, evaluates and serves models that understand sequences.

adaseq.train("config.yaml")                    # train and test a model
adaseq.test("experiments/…/run")               # test it again
predictor = adaseq.load("…/output_best")       # use it
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from adaseq.version import __version__

if TYPE_CHECKING:
    from adaseq.hub.loading import load
    from adaseq.inference.dictionary import Dictionary
    from adaseq.training.test import test_model as test
    from adaseq.training.train import train_model as train

__all__ = ["Dictionary", "__version__", "load", "test", "train"]

# Imported on first use: they need torch, and `adaseq --help` does not.
_LAZY = {
    "train": ("adaseq.training.train", "train_model"),
    "test": ("adaseq.training.test", "test_model"),
    "load": ("adaseq.hub.loading", "load"),
    "Dictionary": ("adaseq.inference.dictionary", "Dictionary"),
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _LAZY[name]
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
