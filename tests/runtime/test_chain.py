"""Paths and probabilities in numpy are those of the torch decoders, and those that counting all paths gives."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from adaseq.data.tags import allowed_transitions, tag_inventory
from adaseq.modules.decoders.crf import CRF
from adaseq.modules.decoders.linear import LinearDecoder
from adaseq.runtime.chain import Chain, Independent, Stretch

TAGS = tag_inventory(["A", "B"], "BIOES")


def make(num_tags: int, scale: float, seed: int, constraints: Any = None) -> tuple[CRF, Chain]:
    """A CRF of torch and the same in numpy."""
    crf = CRF(num_tags, batch_first=True, constraints=constraints)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in crf.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * scale)
    names = ("start", "end", "transitions")
    values = (crf.start_transitions, crf.end_transitions, crf.transitions)
    arrays = {name: value.detach().numpy() for name, value in zip(names, values, strict=True)}
    if constraints is not None:
        arrays |= {f"allowed_{name}": np.asarray(each) for name, each in zip(names, constraints, strict=True)}
    return crf, Chain(arrays)


@given(
    lengths=st.lists(st.integers(1, 12), min_size=1, max_size=5),
    scale=st.sampled_from([0.1, 2.0, 30.0]),
    is_constrained=st.booleans(),
    seed=st.integers(0, 2**20),
)
@settings(max_examples=60)
def test_as_the_torch_decoder(lengths: list[int], scale: float, is_constrained: bool, seed: int) -> None:
    crf, chain = make(len(TAGS), scale, seed, allowed_transitions(TAGS, "BIOES") if is_constrained else None)
    random = np.random.default_rng(seed)
    scores = (random.standard_normal((len(lengths), max(lengths), len(TAGS))) * scale).astype(np.float32)
    mask = torch.from_numpy(np.arange(max(lengths)) < np.asarray(lengths)[:, None])
    paths = chain.best_paths(scores, np.asarray(lengths))
    assert paths == crf.decode(torch.from_numpy(scores), mask)
    stretches = []
    for row, length in enumerate(lengths):
        for start, end in itertools.combinations(range(length + 1), 2):
            if random.random() < 0.3:
                drawn = random.integers(0, len(TAGS), end - start).tolist()
                stretches.append(Stretch(row, start, paths[row][start:end] if random.random() < 0.7 else drawn))
    if not stretches:
        return
    filled = torch.zeros(len(stretches), max(len(each.tags) for each in stretches), dtype=torch.long)
    for target, each in zip(filled, stretches, strict=True):
        target[: len(each.tags)] = torch.tensor(each.tags)
    places = torch.tensor([[each.row, each.start, len(each.tags)] for each in stretches])
    expected = crf.path_probabilities(torch.from_numpy(scores), mask, filled, *places.unbind(1)).numpy()
    found = chain.probabilities(scores, np.asarray(lengths), stretches)
    np.testing.assert_allclose(found, expected, atol=2e-5)


def test_as_counting_all_paths() -> None:
    _, chain = make(3, 1.5, 3)
    scores = np.random.default_rng(1).standard_normal((1, 4, 3))
    weights = {}
    for path in itertools.product(range(3), repeat=4):
        score = chain.start[path[0]] + chain.end[path[-1]] + sum(scores[0, i, tag] for i, tag in enumerate(path))
        weights[path] = np.exp(score + sum(chain.transitions[a, b] for a, b in itertools.pairwise(path)))
    lengths = np.asarray([4])
    assert tuple(chain.best_paths(scores, lengths)[0]) == max(weights, key=lambda path: weights[path])
    for tags in itertools.product(range(3), repeat=2):
        share = sum(weight for path, weight in weights.items() if path[1:3] == tags) / sum(weights.values())
        assert chain.probabilities(scores, lengths, [Stretch(0, 1, tags)])[0] == pytest.approx(share)


def test_a_length_that_no_legal_path_has() -> None:
    # Of one word, where only beginnings and insides exist and each entity has two words at least.
    constraints = ([True, False], [False, True], [[False, True], [True, False]])
    crf, chain = make(2, 1.0, 0, constraints)
    scores = np.random.default_rng(0).standard_normal((3, 4, 2)).astype(np.float32)
    lengths = np.asarray([1, 3, 4])
    mask = torch.from_numpy(np.arange(4) < lengths[:, None])
    assert chain.best_paths(scores, lengths) == crf.decode(torch.from_numpy(scores), mask)


def test_scores_beyond_all_bounds() -> None:
    _, chain = make(4, 5.0, 2)
    scores = np.random.default_rng(2).standard_normal((2, 30, 4)) * 1e4
    lengths = np.asarray([30, 17])
    paths = chain.best_paths(scores, lengths)
    found = chain.probabilities(scores, lengths, [Stretch(row, 0, path) for row, path in enumerate(paths)])
    np.testing.assert_allclose(found, 1.0)


def test_each_word_by_itself() -> None:
    scores = np.random.default_rng(0).standard_normal((2, 5, 3)).astype(np.float32)
    lengths = np.asarray([5, 2])
    decoder = LinearDecoder(3, batch_first=True)
    mask = torch.from_numpy(np.arange(5) < lengths[:, None])
    assert Independent().best_paths(scores, lengths) == decoder.decode(torch.from_numpy(scores), mask)
    expected = torch.from_numpy(scores).softmax(2)[0, 1:3, 2].prod().item()
    assert Independent().probabilities(scores, lengths, [Stretch(0, 1, [2, 2])])[0] == pytest.approx(expected)
