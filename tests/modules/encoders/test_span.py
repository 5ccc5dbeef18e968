"""Vectors of spans."""

from __future__ import annotations

import pytest
import torch

from adaseq.modules.encoders.span import SpanEncoder


def test_a_span_is_its_first_and_its_last_word():
    encoder = SpanEncoder(3, add_span_linear=False)
    words = torch.randn(5, 3)
    spans = encoder.spans(words[[0, 2]], words[[1, 2]])
    assert torch.equal(spans, torch.stack([torch.cat([words[0], words[1]]), torch.cat([words[2], words[2]])]))
    assert encoder.output_size == 6


def test_each_end_has_a_layer_of_its_own():
    encoder = SpanEncoder(3, span_hidden_size=4)
    word = torch.randn(3)
    first, last = encoder.pairs(word, word)
    assert first.shape == last.shape == (4,) and not torch.equal(first, last)
    torch.testing.assert_close(encoder.spans(word, word), torch.cat([first, last]))
    assert encoder.output_size == 8


def test_its_weights_have_the_names_of_old():
    assert set(SpanEncoder(2).state_dict()) == {
        "start_linear_mapping.weight", "start_linear_mapping.bias", "end_linear_mapping.weight", "end_linear_mapping.bias"
    }  # fmt: skip


def test_among_the_words_of_a_tagger_each_word_is_a_span():
    encoder = SpanEncoder(3, input_dim=3)
    words = torch.randn(2, 4, 3)
    assert torch.equal(encoder(words, torch.ones(2, 4, dtype=torch.bool)), encoder.spans(words, words))


def test_there_is_one_way_to_put_them_together():
    with pytest.raises(ValueError, match="encode_span_method must be 'concat', received 'sum'"):
        SpanEncoder(3, "sum")
