"""Biaffine form and pointer compute what their papers say."""

from __future__ import annotations

import math

import pytest
import torch

from adaseq.modules.biaffine import Biaffine
from adaseq.modules.encoders.transformer import rotate
from adaseq.modules.pointer import Pointer


@pytest.mark.parametrize("bias", [True, False])
def test_biaffine_form_by_hand(bias):
    torch.manual_seed(0)
    form = Biaffine(3, 4, bias)
    torch.nn.init.normal_(form.weight)
    first, second = torch.randn(2, 5, 3), torch.randn(2, 6, 3)
    scores = form(first, second)
    ones = [torch.nn.functional.pad(each, (0, 1), value=1.0) if bias else each for each in (first, second)]
    expected = torch.einsum("bid,kde,bje->bikj", ones[0], form.weight.transpose(1, 2), ones[1])
    assert scores.shape == (2, 5, 4, 6) and torch.allclose(scores, expected, atol=1e-5)


@pytest.mark.parametrize("is_rotary", [True, False])
@pytest.mark.parametrize("is_efficient", [True, False])
def test_pointer_by_hand(is_efficient, is_rotary):
    torch.manual_seed(0)
    pointer = Pointer(5, 4, 3, is_efficient, is_rotary).double()
    words = torch.randn(2, 6, 5, dtype=torch.float64)
    scores = pointer.scores(pointer(words))
    projected = pointer.projection(words)
    for k in range(3):
        head = 0 if is_efficient else k
        query, key = projected[:, :, 8 * head : 8 * head + 4], projected[:, :, 8 * head + 4 : 8 * head + 8]
        if is_rotary:
            query, key = rotate(query), rotate(key)
        expected = query @ key.transpose(1, 2) / math.sqrt(4)
        if is_efficient:
            added = pointer.types(projected) / 2
            expected = expected + added[:, :, k].unsqueeze(2) + added[:, :, 3 + k].unsqueeze(1)
        else:
            expected = expected + pointer.type_bias[k]
        assert torch.allclose(scores[:, :, k], expected, atol=1e-7)


def test_rotary_scores_depend_on_distance_and_not_on_place():
    torch.manual_seed(0)
    pointer = Pointer(5, 8, 2, True, True).double()
    word = torch.randn(1, 1, 5, dtype=torch.float64)
    scores = pointer.scores(pointer(word.expand(1, 9, 5)))
    for offset in range(5):
        diagonal = scores[0].diagonal(offset, 0, 2)
        assert torch.allclose(diagonal, diagonal[:, :1].expand_as(diagonal))
    assert not torch.allclose(scores[0, 0, :, 0], scores[0, 0, :, 3])


def test_a_block_of_rows_is_a_part_of_the_whole():
    torch.manual_seed(0)
    for is_efficient in (True, False):
        pointer = Pointer(5, 4, 3, is_efficient, True)
        vectors = pointer(torch.randn(2, 7, 5))
        whole = pointer.scores(vectors)
        assert torch.allclose(pointer.scores(vectors.block(2, 4)), whole[:, 2:4, :, 2:], atol=1e-6)
        assert torch.allclose(pointer.scores(vectors.of(slice(1, 2))), whole[1:], atol=1e-6)
