"""Convolutions over words."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from adaseq.errors import ModelError
from adaseq.modules.encoders.convolutional import CNNEncoder


@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=3),
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.integers(1, 9),
)
def test_the_length_stays_and_padding_changes_nothing(kernel_sizes, dilation, length) -> None:
    encoder = CNNEncoder(5, channels=2, dilation=dilation, kernel_sizes=kernel_sizes).eval()
    assert encoder.output_size == 2 * len(dilation) * len(kernel_sizes)
    words = torch.randn(2, length + 3, 5)
    mask = torch.arange(length + 3) < torch.tensor([[length], [length + 3]])
    encoded = encoder(words, mask)
    assert encoded.shape == (2, length + 3, encoder.output_size)
    torch.testing.assert_close(encoded[:1, :length], encoder(words[:1, :length], mask[:1, :length]))
    assert not encoded[0, length:].any()


def test_a_filter_sees_its_width_around_a_word() -> None:
    encoder = CNNEncoder(1, channels=1, kernel_sizes=[3], dilation=[2])
    torch.nn.init.ones_(encoder.branches[0].layers[0].weight)
    torch.nn.init.zeros_(encoder.branches[0].layers[0].bias)
    words = torch.tensor([1.0, 10.0, 100.0, 1000.0, 10000.0]).view(1, 5, 1)
    encoded = encoder(words, torch.ones(1, 5, dtype=torch.bool))
    assert encoded.flatten().tolist() == [101.0, 1010.0, 10101.0, 1010.0, 10100.0]


def test_defaults_are_a_stack_of_dilated_convolutions() -> None:
    encoder = CNNEncoder(7)
    assert [layer.dilation for layer in encoder.branches[0].layers] == [(1,), (2,), (3,)]
    assert encoder.output_size == 3 * 128


@pytest.mark.parametrize("options", [{"dilation": []}, {"kernel_sizes": [3, 0]}])
def test_sizes_are_checked(options) -> None:
    ((name, values),) = options.items()
    with pytest.raises(ModelError) as caught:
        CNNEncoder(4, **options)
    assert str(caught.value) == f"encoder.{name} is {values}; it must be a list of numbers from 1 on"
