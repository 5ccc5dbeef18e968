"""A model with views or chunks and its preprocessor fit together before any data is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

BACKBONE = {"{type: embedding, embedding_dim: 10}": "{model_name_or_path: some-backbone}"}
Load = Callable[..., Any]


def test_a_model_with_two_views_gets_both_unless_told(load: Load) -> None:
    config = load("  multiview: true\n  mv_loss_type: crf_kl\n")
    assert config.preprocessor["return_original_view"] is True
    assert config.model["mv_interpolation"] == 0.5 and config.model["temperature"] == 1.0
    assert load().preprocessor["return_original_view"] is False


def test_old_configurations_are_taken_as_they_are(load: Load) -> None:
    config = load(
        "  multiview: true\n  mv_loss_type: kl\n  temperature: 2.0\n  mv_interpolation: 0.5\n  word_dropout: 0.1\n"
        "  chunk: false\npreprocessor:\n  type: sequence-labeling-preprocessor\n  return_original_view: true\n"
        "  max_length: 512\n",
        BACKBONE,
    )
    assert config.model["chunk"] is False and config.model["multiview"] is True
    config = load("  chunk: true\npreprocessor: {chunk_size: 512, chunk_num: 4, max_length: 2048}\n", BACKBONE)
    assert config.preprocessor["chunk_num"] == 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "  multiview: true\npreprocessor: {return_original_view: false}\n",
            "preprocessor.return_original_view: received false; model.multiview: true needs it to be true",
        ),
        ("  chunk: true\n", "model.chunk: needs the context in chunks: set preprocessor.chunk_size"),
        (
            "preprocessor: {chunk_size: 99}\n",
            "preprocessor.chunk_size: cuts the context into chunks, which only a model with chunk: true reads",
        ),
        (
            "preprocessor: {context: {lefft: 3}}\n",
            "preprocessor: preprocessor.context has no key 'lefft'; did you mean 'left'? known: left, right",
        ),
        ("preprocessor: {chunk_num: 3}\n", "preprocessor.chunk_num is how many chunks there may be"),
        ("  mv_loss_type: ckl\n", "model.mv_loss_type: received 'ckl'"),
        ("  temperature: -1.0\n", "model.temperature is -1.0; it must be more than 0"),
    ],
)
def test_what_does_not_fit_is_reported(problems: Callable[..., list[str]], text: str, expected: str) -> None:
    found = problems(text, BACKBONE)
    assert len(found) == 1 and expected in found[0], found
