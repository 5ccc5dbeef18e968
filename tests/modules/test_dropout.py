"""Dropout of whole words."""

import pytest
import torch

from adaseq.modules.dropout import WordDropout


def test_drops_whole_words_without_rescaling():
    torch.manual_seed(0)
    dropped = WordDropout(0.5)(torch.ones(4, 50, 3))
    assert set(dropped.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(dropped.amin(-1), dropped.amax(-1))
    assert 0.3 < dropped.mean() < 0.7


def test_nothing_is_dropped_outside_training():
    words = torch.ones(1, 9, 2)
    assert torch.equal(WordDropout(0.9).eval()(words), words)


def test_a_rate_that_is_no_share_is_refused():
    with pytest.raises(ValueError, match="at least 0 and less than 1, received 1.5"):
        WordDropout(1.5)
