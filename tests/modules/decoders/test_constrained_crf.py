from __future__ import annotations

import re
from itertools import pairwise

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from adaseq.modules.decoders import CRF, ConstrainedCRF

LENGTHS = [4, 1, 3, 2]
# O, B, I: I follows B or I only, and nothing starts with it.
BIO = ([True, True, False], [True] * 3, [[True, True, False], [True, True, True], [True, True, True]])
# B, M, E without a tag for a word of one: no legal path of one word.
BME = (
    [True, False, False],
    [False, False, True],
    [[False, True, True], [False, True, True], [True, False, False]],
)


def build(constraints, seed: int = 0, scale: float = 1.0) -> CRF:
    torch.manual_seed(seed)
    crf = ConstrainedCRF(len(constraints[0]), *constraints, batch_first=True).double()
    for parameter in crf.parameters():
        torch.nn.init.normal_(parameter, 0.0, scale)
    return crf


def is_legal(path: list[int], constraints) -> bool:
    start, end, pairs = constraints
    return bool(start[path[0]] and end[path[-1]] and all(pairs[i][j] for i, j in pairwise(path)))


def test_everything_is_that_of_enumeration_over_legal_paths(arithmetic, enumerate_paths, make_batch):
    crf = build(BIO)
    for seed in range(5):
        emissions, tags, mask = make_batch(LENGTHS, 3, seed)
        posterior = crf.posterior(emissions, mask)
        likelihoods = crf(emissions, tags, mask, "none")
        best, ranked = crf.decode(emissions, mask), crf.decode(emissions, mask, nbest=6)
        for row, length in enumerate(LENGTHS):
            paths = enumerate_paths(crf, emissions[row, :length])
            assert best[row] == paths.ranked()[0][0]
            assert [path for path, _ in ranked[row]] == [path for path, _ in paths.ranked()[:6]]
            torch.testing.assert_close(posterior.log_partition[row], paths.log_partition)
            torch.testing.assert_close(posterior.marginals()[row, :length], paths.marginals())
            path = tags[row, :length]
            if is_legal(path.tolist(), BIO):
                torch.testing.assert_close(likelihoods[row], paths.score(path) - paths.log_partition)


@settings(max_examples=60, deadline=None)
@given(
    num_tags=st.integers(1, 4),
    lengths=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    scale=st.sampled_from([0.3, 10.0, 100.0, 1e4]),
    density=st.sampled_from([0.3, 0.6, 0.9]),
    seed=st.integers(0, 999),
)
def test_any_constraints_any_size_of_scores(enumerate_paths, num_tags, lengths, scale, density, seed):
    generator = torch.Generator().manual_seed(seed)
    allowed = [torch.rand(shape, generator=generator) < density for shape in (num_tags, num_tags, (num_tags, num_tags))]
    try:
        crf = CRF(num_tags, batch_first=True, constraints=tuple(allowed)).double()
    except ValueError:
        assume(False)
    emissions = torch.randn(len(lengths), max(lengths), num_tags, generator=generator, dtype=torch.float64) * scale
    mask = torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)
    posterior, best = crf.posterior(emissions, mask), crf.decode(emissions, mask)
    for row, length in enumerate(lengths):
        paths = enumerate_paths(crf, emissions[row, :length])
        if not paths.log_partition.isneginf():
            assert best[row] == paths.ranked()[0][0]
            torch.testing.assert_close(posterior.log_partition[row], paths.log_partition)
            torch.testing.assert_close(posterior.marginals()[row, :length], paths.marginals(), rtol=0, atol=1e-6)


def test_gradients_are_exact_and_forbidden_transitions_get_none(arithmetic, make_batch):
    crf = build(BIO)
    emissions, _, mask = make_batch(LENGTHS, 3)
    tags = torch.tensor([[1, 2, 0, 1], [0, 0, 0, 0], [0, 1, 2, 0], [1, 1, 0, 0]])

    def run(emissions, *parameters):
        named = dict(zip(["start_transitions", "end_transitions", "transitions"], parameters, strict=True))
        return torch.func.functional_call(crf, named, (emissions, tags, mask, "none"))

    inputs = [emissions, crf.start_transitions, crf.end_transitions, crf.transitions]
    assert torch.autograd.gradcheck(run, [each.detach().requires_grad_() for each in inputs])
    crf(emissions, tags, mask).backward()
    assert crf.start_transitions.grad[2] == 0 and crf.transitions.grad[0, 2] == 0
    assert (crf.transitions.grad != 0).sum() == 8


def test_illegal_paths_have_no_probability(make_batch):
    crf = build(BIO)
    emissions, _, mask = make_batch(LENGTHS, 3)
    emissions[:, :, 2] += 50.0
    marginals = crf.marginals(emissions, mask)
    assert (marginals[:, 0, 2] == 0).all()
    assert all(is_legal(path, BIO) for path in crf.decode(emissions, mask))
    query = torch.tensor([[0, 2], [1, 2]]), torch.tensor([0, 0]), torch.tensor([1, 1]), torch.tensor([2, 2])
    impossible, possible = crf.path_probabilities(emissions, mask, *query)
    assert impossible == 0 and possible > 0
    assert all(is_legal(path, BIO) for ranked in crf.decode(emissions, mask, nbest=50) for path, _ in ranked)


def test_an_illegal_gold_path_is_admitted_for_its_own_sentence(arithmetic, enumerate_paths, make_batch):
    crf = build(BIO)
    emissions, _, mask = make_batch([3, 3], 3)
    tags = torch.tensor([[0, 2, 2], [2, 0, 2]])
    values = crf(emissions, tags, mask, "none")
    for row in range(2):
        legal = enumerate_paths(crf, emissions[row])
        score = enumerate_paths(crf, emissions[row], is_free=True).score(tags[row])
        torch.testing.assert_close(values[row], score - torch.logaddexp(legal.log_partition, score))
    assert torch.autograd.gradcheck(lambda x: crf(x, tags, mask, "none"), emissions.requires_grad_())


@pytest.mark.parametrize("scale", [1.0, 100.0, 1e4])
def test_messy_data_keep_loss_and_gradients_finite(make_batch, scale):
    crf = build(BIO).float()
    emissions, tags, mask = make_batch([50, 1, 2, 31], 3, scale=scale, dtype=torch.float32)
    emissions.requires_grad_()
    values = crf(emissions, tags, mask, "none")
    values.sum().backward()
    assert values.isfinite().all() and (values <= 0).all()
    assert all(each.grad.isfinite().all() for each in (emissions, *crf.parameters()))
    assert crf.transitions.grad[0, 2] == 0 and crf.start_transitions.grad[2] == 0


def test_a_sentence_too_short_for_any_legal_path_begins_and_ends_anyhow(arithmetic, enumerate_paths, make_batch):
    crf = build(BME)
    emissions, tags, mask = make_batch([1, 4, 1], 3)
    marginals, values = crf.marginals(emissions, mask), crf(emissions, tags, mask, "none")
    assert values.isfinite().all()
    for row in (0, 2):
        free = enumerate_paths(crf, emissions[row, :1], is_free=True)
        torch.testing.assert_close(marginals[row, :1], free.marginals())
        assert crf.decode(emissions, mask)[row] == free.ranked()[0][0]
    torch.testing.assert_close(marginals[1], enumerate_paths(crf, emissions[1]).marginals())


def test_constraints_come_before_wishes(arithmetic, make_batch):
    crf = build(BIO)
    emissions, _, mask = make_batch([3, 3], 3)
    allowed = torch.ones(2, 3, 3, dtype=torch.bool)
    allowed[0, 1:] = torch.tensor([False, False, True])  # fulfilled by B I I
    allowed[1, 0] = torch.tensor([False, False, True])  # no legal path starts with I
    free = crf.decode(emissions, mask)
    assert crf.decode(emissions, mask, allowed=allowed) == [[1, 2, 2], free[1]]
    ranked = crf.decode(emissions, mask, nbest=2, allowed=allowed)
    assert [path for path, _ in ranked[0]] == [[1, 2, 2]] and ranked[1][0][0] == free[1]
    marginals = crf.posterior(emissions, mask, allowed).marginals()
    torch.testing.assert_close(marginals[0], torch.eye(3, dtype=torch.float64)[[1, 2, 2]])
    torch.testing.assert_close(marginals[1], crf.marginals(emissions, mask)[1])


def test_constraints_are_not_saved_and_follow_the_module():
    crf = ConstrainedCRF(3, *BIO)
    assert list(crf.state_dict()) == ["start_transitions", "end_transitions", "transitions"]
    CRF(3).load_state_dict(crf.state_dict(), strict=True)
    assert crf.to("meta").allowed_transitions.device.type == "meta"


@pytest.mark.parametrize(
    ("constraints", "message"),
    [
        (([True] * 2, [True] * 3, BIO[2]), "allowed_start must be (3,), got (2,)"),
        ((BIO[0], BIO[1], [[True] * 3] * 2), "allowed_transitions must be (3, 3), got (2, 3)"),
        ((BIO[0], [False] * 3, BIO[2]), "allowed_end allows nothing"),
        (
            (BIO[0], BIO[1], [[False, True, True], [False, False, True], [False, False, False]]),
            "allowed_transitions admit no path of more than 3 words",
        ),
    ],
)
def test_impossible_constraints_are_refused(constraints, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        CRF(3, constraints=constraints)
