"""Dropout of whole words."""

import pytest
import torch

from adaseq.modules.dropout import VariationalDropout, WordDropout, make_dropout


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


def test_variational_dropout_takes_the_same_features_from_all_words_of_a_sentence():
    torch.manual_seed(0)
    words = torch.ones(50, 7, 20)
    dropped = VariationalDropout(0.25)(words)
    assert torch.equal(dropped, dropped[:, :1].expand_as(dropped))
    assert dropped.unique().tolist() == pytest.approx([0.0, 4 / 3])
    assert (dropped == 0).float().mean().item() == pytest.approx(0.25, abs=0.05)
    assert VariationalDropout(0.25).eval()(words) is words


def test_what_the_options_of_a_model_ask_for():
    assert isinstance(make_dropout(0.1), torch.nn.Dropout)
    words = make_dropout(0.1, word_dropout=True)
    assert isinstance(words, WordDropout) and words.rate == 0.1
    kinds = [type(each).__name__ for each in make_dropout(0.1, 0.2, 0.3)]
    assert kinds == ["WordDropout", "VariationalDropout", "Dropout"]
