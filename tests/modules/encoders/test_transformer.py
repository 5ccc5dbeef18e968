"""Transformer layers over words."""

import pytest
import torch

from adaseq.errors import ModelError
from adaseq.modules.encoders.transformer import TransformerEncoder, rotate, sinusoids


@pytest.mark.parametrize("positions", ["rotary", "sinusoidal", "none"])
def test_padding_is_not_seen(positions):
    torch.manual_seed(0)
    encoder = TransformerEncoder(6, hidden_size=8, num_heads=2, positions=positions).eval()
    words = torch.randn(2, 5, 6)
    mask = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    together = encoder(words, mask)
    assert together.shape == (2, 5, 8) and encoder.output_size == 8
    alone = encoder(words[1:, :3], mask[1:, :3])
    torch.testing.assert_close(together[1:, :3], alone)


def test_an_empty_sentence_is_a_number():
    encoder = TransformerEncoder(8, num_heads=2)
    words = torch.randn(2, 3, 8, requires_grad=True)
    encoded = encoder(words, torch.tensor([[True] * 3, [False] * 3]))
    encoded.sum().backward()
    assert encoded.isfinite().all() and words.grad.isfinite().all()


@pytest.mark.parametrize(("positions", "differs"), [("rotary", True), ("sinusoidal", True), ("none", False)])
def test_order_matters_where_there_are_positions(positions, differs):
    torch.manual_seed(0)
    encoder = TransformerEncoder(8, num_heads=2, positions=positions).eval()
    words, mask = torch.randn(1, 4, 8), torch.ones(1, 4, dtype=torch.bool)
    backwards = encoder(words.flip(1), mask).flip(1)
    assert torch.allclose(encoder(words, mask), backwards, atol=1e-5) is not differs


def test_rotation_keeps_lengths_and_makes_products_depend_on_distance_alone():
    torch.manual_seed(0)
    query, key = torch.randn(6), torch.randn(6)
    queries, keys = rotate(query.expand(9, 6)), rotate(key.expand(9, 6))
    torch.testing.assert_close(queries.norm(dim=1), query.norm().expand(9))
    products = queries @ keys.T
    for distance in range(-8, 9):
        diagonal = products.diagonal(distance)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal))


def test_sinusoids_of_odd_width():
    assert sinusoids(4, 5, torch.device("cpu")).shape == (4, 5)


def test_sizes_that_do_not_fit():
    with pytest.raises(ModelError, match="encoder.num_heads is 3, which does not divide the width of the layers, 8"):
        TransformerEncoder(8, num_heads=3)
    with pytest.raises(ModelError, match="rotary needs heads of even width"):
        TransformerEncoder(9, num_heads=3)
