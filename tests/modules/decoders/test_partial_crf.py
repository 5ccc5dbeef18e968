from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from adaseq.modules.decoders import CRF, PartialCRF

LENGTHS = [4, 1, 3, 2]
BIO = ([True, True, False], [True] * 3, [[True, True, False], [True, True, True], [True, True, True]])


def build(num_tags: int = 3, constraints=None, seed: int = 0) -> PartialCRF:
    torch.manual_seed(seed)
    crf = PartialCRF(num_tags, batch_first=True, constraints=constraints).double()
    for parameter in crf.parameters():
        torch.nn.init.normal_(parameter)
    return crf


def random_sets(shape: tuple[int, ...], seed: int = 0) -> torch.Tensor:
    allowed = torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < 0.5
    allowed[..., -1] |= ~allowed.any(-1)
    return allowed


def test_likelihood_is_the_sum_over_the_paths_that_agree(arithmetic, enumerate_paths, make_batch):
    crf = build()
    emissions, _, mask = make_batch(LENGTHS, 3)
    allowed = random_sets((4, 4, 3))
    values = crf(emissions, None, mask, "none", allowed=allowed)
    for row, length in enumerate(LENGTHS):
        all_paths = enumerate_paths(crf, emissions[row, :length])
        agreeing = enumerate_paths(crf, emissions[row, :length], allowed[row, :length])
        torch.testing.assert_close(values[row], agreeing.log_partition - all_paths.log_partition)


def test_minus_one_is_any_tag(make_batch):
    crf = build()
    emissions, tags, mask = make_batch(LENGTHS, 3)
    allowed = torch.nn.functional.one_hot(tags, 3).bool()
    is_any = torch.rand(tags.shape, generator=torch.Generator().manual_seed(0)) < 0.5
    allowed[is_any] = True
    partial = tags.masked_fill(is_any, -1)
    expected = crf(emissions, None, mask, "none", allowed=allowed)
    torch.testing.assert_close(crf(emissions, partial.masked_fill(~mask, -100), mask, "none"), expected)
    torch.testing.assert_close(
        crf(emissions, torch.full_like(tags, -1), mask, "none"), torch.zeros(4, dtype=torch.float64)
    )


def test_full_labels_make_it_the_ordinary_crf(make_batch):
    crf = build(5)
    other = CRF(5, batch_first=True).double()
    other.load_state_dict(crf.state_dict())
    emissions, tags, mask = make_batch([7, 1, 4], 5)
    for reduction in ("none", "sum", "mean", "token_mean"):
        torch.testing.assert_close(crf(emissions, tags, mask, reduction), other(emissions, tags, mask, reduction))
    assert crf.decode(emissions, mask) == other.decode(emissions, mask)


@pytest.mark.parametrize("constraints", [None, BIO])
def test_gradients_are_exact(arithmetic, make_batch, constraints):
    crf = build(constraints=constraints)
    emissions, _, mask = make_batch(LENGTHS, 3)
    # With the constraints the last sentence has no legal path that agrees.
    tags = torch.tensor([[1, -1, 2, 0], [-1, 0, 0, 0], [0, -1, -1, 0], [0, 2, 0, 0]])

    def run(emissions, *parameters):
        named = dict(zip(["start_transitions", "end_transitions", "transitions"], parameters, strict=True))
        return torch.func.functional_call(crf, named, (emissions, tags, mask, "none"))

    inputs = [emissions, crf.start_transitions, crf.end_transitions, crf.transitions]
    assert torch.autograd.gradcheck(run, [each.detach().requires_grad_() for each in inputs])


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    scale=st.sampled_from([0.3, 30.0, 300.0, 1e4]),
    is_constrained=st.booleans(),
    seed=st.integers(0, 999),
)
def test_any_sets_any_size_of_scores(enumerate_paths, lengths, scale, is_constrained, seed):
    crf = build(constraints=BIO if is_constrained else None, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    emissions = torch.randn(len(lengths), max(lengths), 3, generator=generator, dtype=torch.float64) * scale
    mask = torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)
    allowed = random_sets((len(lengths), max(lengths), 3), seed)
    values = crf(emissions.requires_grad_(), None, mask, "none", allowed=allowed)
    assert torch.autograd.grad(values.sum(), emissions)[0].isfinite().all()
    for row, length in enumerate(lengths):
        words, sets = emissions[row, :length], allowed[row, :length]
        agreeing, legal = enumerate_paths(crf, words, sets), enumerate_paths(crf, words)
        expected = agreeing.log_partition - legal.log_partition
        if agreeing.log_partition.isneginf():
            lifted = enumerate_paths(crf, words, sets, is_free=True).log_partition
            expected = torch.nn.functional.logsigmoid(lifted - legal.log_partition)
        torch.testing.assert_close(values[row], expected, rtol=1e-7, atol=1e-6)


@pytest.mark.parametrize("scale", [3.0, 1e4])
def test_long_sentences_in_float32(make_batch, scale):
    lengths = [1200, 1, 400]
    for constraints in (None, BIO):
        crf = build(constraints=constraints)
        single, _, mask = make_batch(lengths, 3, scale=scale, dtype=torch.float32)
        emissions = single.double()
        tags = torch.tensor([path + [0] * (1200 - len(path)) for path in crf.decode(emissions, mask)])
        tags[:, ::3] = -1
        expected = crf(emissions, tags, mask, "none")
        single.requires_grad_()
        received = crf.float()(single, tags, mask, "none")
        received.sum().backward()
        torch.testing.assert_close(received.double(), expected, rtol=1e-5, atol=max(1e-3, scale * 1e-6))
        assert single.grad.isfinite().all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give either tags or allowed, got neither"),
        (
            {"tags": torch.zeros(1, 2, dtype=torch.long), "allowed": torch.ones(1, 2, 3, dtype=torch.bool)},
            "give either tags or allowed, got both",
        ),
        ({"tags": torch.tensor([[0, -2]])}, "tags must be within [-1, 3), got -2 at word 1 of sentence 0"),
        (
            {"allowed": torch.zeros(1, 2, 3, dtype=torch.bool)},
            "allowed leaves no tag for word 0 of sentence 0; every word needs at least one",
        ),
        (
            {"allowed": torch.ones(1, 2, dtype=torch.bool)},
            "allowed must match the emissions: expected (1, 2, 3), got (1, 2)",
        ),
    ],
)
def test_wrong_labels_are_explained(arguments, message):
    with pytest.raises(ValueError) as caught:
        build()(torch.zeros(1, 2, 3), **{"tags": None, **arguments})
    assert str(caught.value) == message
