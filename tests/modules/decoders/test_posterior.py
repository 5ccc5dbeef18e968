from __future__ import annotations

import re

import pytest
import torch
from torch import Tensor

from adaseq.modules.decoders import CRF, Decoder, LinearDecoder

LENGTHS = [4, 1, 3, 4]


@pytest.fixture
def crf() -> CRF:
    torch.manual_seed(3)
    crf = CRF(3, batch_first=True).double()
    for parameter in crf.parameters():
        torch.nn.init.normal_(parameter)
    return crf


def stretches(num_tags: int, lengths: list[int]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Random stretches of tags at every place and of every length that fits."""
    generator = torch.Generator().manual_seed(7)
    places = [
        (row, start, length)
        for row, words in enumerate(lengths)
        for start in range(words)
        for length in range(1, words - start + 1)
    ]
    rows, starts, sizes = torch.tensor(places).unbind(1)
    return torch.randint(num_tags, (len(places), max(lengths)), generator=generator), rows, starts, sizes


def test_marginals_and_partition_are_those_of_enumeration(arithmetic, crf, enumerate_paths, make_batch):
    emissions, _, mask = make_batch(LENGTHS, 3)
    posterior = crf.posterior(emissions, mask)
    marginals = posterior.marginals()
    for row, length in enumerate(LENGTHS):
        paths = enumerate_paths(crf, emissions[row, :length])
        torch.testing.assert_close(marginals[row, :length], paths.marginals())
        torch.testing.assert_close(posterior.log_partition[row], paths.log_partition)
    assert not marginals[~mask].any()


def test_marginals_are_in_the_layout_of_the_emissions(crf, make_batch):
    emissions, _, mask = make_batch(LENGTHS, 3)
    other = CRF(3).double()
    other.load_state_dict(crf.state_dict())
    marginals = other.marginals(emissions.transpose(0, 1), mask.t())
    assert torch.equal(marginals.transpose(0, 1), crf.marginals(emissions, mask))


def test_probabilities_of_stretches_are_those_of_enumeration(arithmetic, crf, enumerate_paths, make_batch):
    emissions, _, mask = make_batch(LENGTHS, 3)
    paths, rows, starts, lengths = stretches(3, LENGTHS)
    received = crf.path_probabilities(emissions, mask, paths, rows, starts, lengths)
    for probability, path, row, start, length in zip(received, paths, rows, starts, lengths, strict=True):
        expected = enumerate_paths(crf, emissions[row, : LENGTHS[row]])
        torch.testing.assert_close(probability, expected.probability(int(start), path[:length].tolist()))


def test_a_whole_sentence_has_the_probability_of_its_path(crf, make_batch):
    emissions, tags, mask = make_batch([5, 5], 3)
    probabilities = crf.path_probabilities(
        emissions, mask, tags, torch.tensor([0, 1]), torch.tensor([0, 0]), torch.tensor([5, 5])
    )
    torch.testing.assert_close(probabilities, crf(emissions, tags, mask, "none").exp().detach())


def test_behind_the_end_of_a_stretch_anything_may_stand(crf, make_batch):
    emissions, _, mask = make_batch(LENGTHS, 3)
    paths, rows, starts, lengths = stretches(3, LENGTHS)
    beyond = torch.arange(paths.shape[1]) >= lengths.unsqueeze(1)
    posterior = crf.posterior(emissions, mask)
    clean = posterior.path_probabilities(paths, rows, starts, lengths)
    assert torch.equal(clean, posterior.path_probabilities(paths.masked_fill(beyond, -100), rows, starts, lengths))


@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_improbable_stretches_have_small_numbers_not_nan(scale):
    torch.manual_seed(0)
    crf = CRF(4, batch_first=True)
    emissions = torch.randn(3, 30, 4) * scale
    paths, rows, starts, lengths = stretches(4, [30] * 3)
    probabilities = crf.path_probabilities(emissions, None, paths, rows, starts, lengths)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()


@pytest.mark.parametrize("decoder", [CRF(3, batch_first=True), LinearDecoder(3, batch_first=True)])
def test_no_stretch_no_probability(decoder: Decoder):
    none = torch.zeros(0, dtype=torch.long)
    for width in (0, 2):
        paths = torch.zeros(0, width, dtype=torch.long)
        assert decoder.path_probabilities(torch.zeros(1, 2, 3), None, paths, none, none, none).shape == (0,)


@pytest.mark.parametrize(
    ("paths", "rows", "starts", "lengths", "message"),
    [
        (
            [[0, 1]],
            [0, 1],
            [0],
            [2],
            "paths (N, M), rows (N,), starts (N,) and lengths (N,) must match, got (1, 2), (2,), (1,), (1,)",
        ),
        (
            [[0, 1], [1, 1]],
            [0, 1],
            [2, 1],
            [2, 2],
            "row 1 of 2, start 1, length 2, tags [1, 1] of 3; the sentences have [4, 2] words",
        ),
        ([[0, 1]], [2], [0], [2], "path 0 does not lie in the batch: row 2 of 2, start 0, length 2"),
        ([[0, 1]], [0], [0], [0], "path 0 does not lie in the batch: row 0 of 2, start 0, length 0"),
        ([[0, 1]], [0], [-1], [2], "path 0 does not lie in the batch: row 0 of 2, start -1, length 2"),
        ([[0, 1]], [0], [0], [3], "path 0 does not lie in the batch: row 0 of 2, start 0, length 3"),
        ([[0, 3]], [0], [0], [2], "path 0 does not lie in the batch: row 0 of 2, start 0, length 2, tags [0, 3] of 3"),
    ],
)
def test_stretches_outside_are_refused(crf, make_batch, paths, rows, starts, lengths, message):
    emissions, _, mask = make_batch([4, 2], 3)
    with pytest.raises(ValueError, match=re.escape(message)):
        crf.path_probabilities(emissions, mask, *map(torch.tensor, (paths, rows, starts, lengths)))
