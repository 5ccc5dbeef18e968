from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from adaseq.modules.decoders.packing import Packing


@settings(max_examples=50, deadline=None)
@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=6), extra=st.integers(0, 3))
def test_words_find_their_places(lengths, extra):
    width = max(lengths) + extra
    packing = Packing(lengths, width, torch.device("cpu"))
    padded = torch.arange(len(lengths) * width).view(len(lengths), width) + 1
    packed = packing.pack(padded)
    assert len(packed) == sum(lengths) == sum(packing.sizes)
    for row, length in enumerate(lengths):
        words = torch.arange(length)
        place = packing.position(torch.full_like(words, row), words)
        assert packed[place].tolist() == padded[row, :length].tolist()
        assert packed[packing.mirror[place]].tolist() == padded[row, :length].flip(0).tolist()
        assert packing.rank[row] == packing.column[place[0]] and packing.order[packing.rank[row]] == row
        assert packed[packing.last[packing.rank[row]]] == padded[row, length - 1]
    assert packed[packing.previous].tolist() == (packed[len(lengths) :] - 1).tolist()
    mask = torch.arange(width) < torch.tensor(lengths).unsqueeze(1)
    assert torch.equal(packing.unpack(packed), padded * mask)
    assert torch.equal(packing.sum(packed)[packing.rank], (padded * mask).sum(1).double())
