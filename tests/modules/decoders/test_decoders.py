"""What holds for every registered decoder."""

from __future__ import annotations

import pytest
import torch

from adaseq.metainfo import Decoders
from adaseq.modules.decoders import CRF, ConstrainedCRF, Decoder, LinearDecoder, PartialCRF
from adaseq.registry import DECODERS

NAMES = {
    Decoders.LINEAR: LinearDecoder,
    Decoders.CRF: CRF,
    Decoders.PARTIAL_CRF: PartialCRF,
    Decoders.CONSTRAINED_CRF: ConstrainedCRF,
}


def build(name: str) -> Decoder:
    torch.manual_seed(0)
    block = {"type": name, "num_tags": 4, "batch_first": True}
    if name == Decoders.CONSTRAINED_CRF:
        block.update(allowed_start=[True] * 4, allowed_end=[True] * 4, allowed_transitions=[[True] * 4] * 4)
    return DECODERS.build(block).double()


@pytest.mark.parametrize("name", NAMES)
def test_it_is_found_by_name(name):
    assert type(build(name)) is NAMES[name]


@pytest.mark.parametrize("name", NAMES)
def test_likelihoods_of_all_paths_sum_to_one_and_decoding_finds_the_likeliest(name, make_batch):
    decoder = build(name)
    emissions, _, _ = make_batch([3], 4)
    paths = torch.cartesian_prod(*[torch.arange(4)] * 3)  # (64, 3)
    values = decoder(emissions.expand(64, 3, 4), paths, reduction="none")
    torch.testing.assert_close(values.exp().sum(), torch.tensor(1.0, dtype=torch.float64))
    assert decoder.decode(emissions) == [paths[values.argmax()].tolist()]
    ranked = decoder.decode(emissions, nbest=64)[0]
    assert [path for path, _ in ranked] == paths[values.argsort(descending=True)].tolist()


@pytest.mark.parametrize("name", NAMES)
def test_marginals_are_probabilities_of_stretches_of_one_word(name, make_batch):
    decoder = build(name)
    emissions, _, mask = make_batch([3, 5, 1], 4)
    marginals = decoder.marginals(emissions, mask)
    rows, words, tags = marginals.nonzero().unbind(1)
    received = decoder.path_probabilities(emissions, mask, tags.unsqueeze(1), rows, words, torch.ones_like(rows))
    torch.testing.assert_close(received, marginals[rows, words, tags])
    assert not marginals.requires_grad and len(rows) == 9 * 4


@pytest.mark.parametrize("name", NAMES)
def test_a_training_step_raises_the_likelihood(name, make_batch):
    decoder = build(name)
    emissions, tags, mask = make_batch([3, 5, 1], 4)
    emissions.requires_grad_()
    before = decoder(emissions, tags, mask)
    before.backward()
    assert decoder(emissions + 0.01 * emissions.grad, tags, mask) > before


@pytest.mark.parametrize("name", NAMES)
def test_emissions_and_tags_in_the_other_layout(name, make_batch):
    decoder = build(name)
    emissions, tags, mask = make_batch([3, 5, 1], 4)
    expected = decoder(emissions, tags, mask, "none"), decoder.decode(emissions, mask)
    decoder.batch_first = False
    transposed = emissions.transpose(0, 1), tags.t(), mask.t()
    torch.testing.assert_close(decoder(*transposed, "none"), expected[0])
    assert decoder.decode(transposed[0], transposed[2]) == expected[1]
