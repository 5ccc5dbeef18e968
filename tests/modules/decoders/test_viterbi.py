from __future__ import annotations

import pytest
import torch
import torchcrf
from hypothesis import given, settings
from hypothesis import strategies as st

from adaseq.modules.decoders import CRF

LENGTHS = [4, 1, 3, 4]


@pytest.fixture
def crf() -> CRF:
    torch.manual_seed(3)
    crf = CRF(3, batch_first=True).double()
    for parameter in crf.parameters():
        torch.nn.init.normal_(parameter)
    return crf


def test_the_best_path_is_that_of_enumeration(arithmetic, crf, enumerate_paths, make_batch):
    for seed in range(10):
        emissions, _, mask = make_batch(LENGTHS, 3, seed)
        for row, path in enumerate(crf.decode(emissions, mask)):
            assert path == enumerate_paths(crf, emissions[row, : LENGTHS[row]]).ranked()[0][0]
            assert all(type(tag) is int for tag in path)


@pytest.mark.parametrize("count", [1, 2, 5, 40])
def test_the_n_best_paths_are_those_of_enumeration(arithmetic, crf, enumerate_paths, make_batch, count):
    emissions, _, mask = make_batch(LENGTHS, 3)
    ranked = crf.decode(emissions, mask, nbest=count)
    for row, (length, paths) in enumerate(zip(LENGTHS, ranked, strict=True)):
        expected = enumerate_paths(crf, emissions[row, :length]).ranked()[:count]
        assert [path for path, _ in paths] == [path for path, _ in expected]
        assert [score for _, score in paths] == pytest.approx([score for _, score in expected])


def test_scores_less_the_log_partition_are_log_probabilities(crf, make_batch):
    emissions, _, mask = make_batch([3], 3)
    log_partition = float(crf.posterior(emissions, mask).log_partition)
    total = sum(torch.tensor(score - log_partition).exp() for _, score in crf.decode(emissions, mask, nbest=27)[0])
    assert float(total) == pytest.approx(1.0)


@settings(max_examples=40, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=5),
    num_tags=st.integers(1, 6),
    scale=st.sampled_from([1.0, 1e4]),
    seed=st.integers(0, 99),
)
def test_decoding_agrees_with_n_best_and_with_sentences_alone(lengths, num_tags, scale, seed):
    generator = torch.Generator().manual_seed(seed)
    crf = CRF(num_tags, batch_first=True)
    emissions = torch.randn(len(lengths), max(lengths), num_tags, generator=generator) * scale
    mask = torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)
    paths = crf.decode(emissions, mask)
    assert paths == [ranked[0][0] for ranked in crf.decode(emissions, mask, nbest=2)]
    assert paths == [crf.decode(emissions[i : i + 1, :length])[0] for i, length in enumerate(lengths)]


@pytest.mark.parametrize(("batch_size", "num_tags"), [(40, 30), (16, 100)])
def test_batches_large_enough_to_be_cut_or_shared_out(make_batch, batch_size, num_tags):
    lengths = [1 + 7 * i % 9 for i in range(batch_size)]
    emissions, _, mask = make_batch(lengths, num_tags, dtype=torch.float32)
    torch.manual_seed(0)
    theirs, ours = torchcrf.CRF(num_tags, batch_first=True), CRF(num_tags, batch_first=True)
    ours.load_state_dict(theirs.state_dict())
    assert ours.decode(emissions, mask) == theirs.decode(emissions, mask)


def test_float32_stays_precise_over_long_sentences():
    """Ever the same close decision, far into a sentence whose score has grown to ten million."""
    crf = CRF(2, batch_first=True)
    for parameter in crf.parameters():
        torch.nn.init.zeros_(parameter)
    emissions = torch.full((1, 1500, 2), 1e4)
    emissions[0, :, 1] -= 0.01
    assert crf.decode(emissions) == [[0] * 1500]
    emissions[0, :, 1] += 0.02
    assert crf.decode(emissions) == [[1] * 1500]


def test_a_wish_restricts_the_paths(arithmetic, crf, enumerate_paths, make_batch):
    emissions, _, mask = make_batch(LENGTHS, 3)
    allowed = torch.rand(4, 4, 3, generator=torch.Generator().manual_seed(1)) < 0.5
    allowed[:, :, 1] |= ~allowed.any(2)
    paths, ranked = crf.decode(emissions, mask, allowed=allowed), crf.decode(emissions, mask, nbest=4, allowed=allowed)
    posterior = crf.posterior(emissions, mask, allowed=allowed)
    for row, length in enumerate(LENGTHS):
        expected = enumerate_paths(crf, emissions[row, :length], allowed[row, :length])
        assert paths[row] == expected.ranked()[0][0]
        assert [path for path, _ in ranked[row]] == [path for path, _ in expected.ranked()[:4]]
        torch.testing.assert_close(posterior.log_partition[row], expected.log_partition)
        torch.testing.assert_close(posterior.marginals()[row, :length], expected.marginals())


def test_a_wish_is_in_the_layout_of_the_emissions(make_batch):
    emissions, _, mask = make_batch([3, 2], 3)
    allowed = torch.ones(2, 3, 3, dtype=torch.bool)
    allowed[0, 1, 1:] = False
    crf = CRF(3).double()
    path = crf.decode(emissions.transpose(0, 1), mask.t(), allowed=allowed.transpose(0, 1))[0]
    assert path[1] == 0
    message = r"allowed must match the emissions: expected \(3, 2, 3\), got \(2, 3, 3\)"
    with pytest.raises(ValueError, match=message):
        crf.decode(emissions.transpose(0, 1), mask.t(), allowed=allowed)


def test_a_wish_must_leave_a_tag(crf, make_batch):
    emissions, _, mask = make_batch([3, 2], 3)
    allowed = torch.ones(2, 3, 3, dtype=torch.bool)
    allowed[1, 2] = False
    assert len(crf.decode(emissions, mask, allowed=allowed)) == 2
    allowed[0, 2] = False
    with pytest.raises(ValueError) as caught:
        crf.decode(emissions, mask, allowed=allowed)
    assert str(caught.value) == "allowed leaves no tag for word 2 of sentence 0; every word needs at least one"
