"""Prediction with an exported model: numpy, tokenizers and onnxruntime, neither torch nor transformers.

import adaseq.runtime

predictor = adaseq.runtime.load("exported")
predictor("Mary lives in London.")
"""

from __future__ import annotations

from adaseq.runtime.predictor import RuntimePredictor, load

__all__ = ["RuntimePredictor", "load"]
