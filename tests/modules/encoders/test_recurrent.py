"""Recurrent encoders see no padding."""

import pytest
import torch

from adaseq.registry import ENCODERS


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_padding_does_not_change_the_result(name, bidirectional):
    torch.manual_seed(0)
    encoder = ENCODERS.build(
        {"type": name, "hidden_size": 5, "input_size": 3, "num_layers": 2, "bidirectional": bidirectional}
    ).eval()
    words = torch.randn(3, 6, 3)
    mask = torch.arange(6) < torch.tensor([[6], [2], [0]])
    together = encoder(words, mask)
    assert together.shape == (3, 6, encoder.output_size) and encoder.output_size == (10 if bidirectional else 5)
    torch.testing.assert_close(together[1:2, :2], encoder(words[1:2, :2], mask[1:2, :2]))
    assert not together[1, 2:].any()
