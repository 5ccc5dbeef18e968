"""One vector for a text."""

from __future__ import annotations

import pytest
import torch

from adaseq.modules.pooling import Pooling

WORDS = torch.tensor([[[9.0, 9.0], [1.0, -2.0], [3.0, -4.0], [50.0, 50.0]]])
SUMMARY = torch.tensor([[True, False, False, False]])
TEXT = torch.tensor([[False, True, True, False]])
NONE = torch.zeros(1, 4, dtype=torch.bool)


@pytest.mark.parametrize(("mode", "expected"), [("first", [9.0, 9.0]), ("mean", [2.0, -3.0]), ("max", [3.0, -2.0])])
def test_what_is_pooled(mode, expected) -> None:
    assert Pooling(mode, 2)(WORDS, TEXT, SUMMARY).tolist() == [expected]


def test_several_windows_are_averaged_and_without_any_the_first_word_is_taken() -> None:
    pooling = Pooling("first", 2)
    assert pooling(WORDS, TEXT & NONE, SUMMARY | TEXT).tolist() == [[pytest.approx(13 / 3), 1.0]]
    assert pooling(WORDS, TEXT, NONE).tolist() == [[1.0, -2.0]]


def test_attention_is_a_weighted_mean_of_the_words_of_the_text() -> None:
    torch.manual_seed(0)
    pooling = Pooling("attention", 2)
    (pooled,) = pooling(WORDS, TEXT, SUMMARY)
    share = (pooled[0] - 1.0) / 2.0
    assert 0 < share < 1 and torch.isclose(pooled[1], -2.0 - 2.0 * share)
    scores = pooling.query(torch.tanh(pooling.projection(WORDS[0, 1:3]))).softmax(0)
    torch.testing.assert_close(pooled, (scores * WORDS[0, 1:3]).sum(0))


@pytest.mark.parametrize("mode", ["first", "mean", "max", "attention"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_nothing_to_pool_gives_zeros(mode, dtype) -> None:
    pooled = Pooling(mode, 2).to(dtype)(WORDS.to(dtype), NONE, NONE)
    assert pooled.tolist() == [[0.0, 0.0]] and pooled.dtype == dtype
