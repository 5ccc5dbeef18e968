from __future__ import annotations

import copy

import pytest
import torch
import torchcrf
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from adaseq.modules.decoders import CRF
from adaseq.modules.decoders.base import REDUCTIONS

LENGTHS = [4, 1, 3, 5, 5]
PREFIX_RULE = "every sentence must be True at its first words, at least one, and False after them"


def spread(crf: CRF, scale: float = 1.0, seed: int = 0) -> CRF:
    generator = torch.Generator().manual_seed(seed)
    for parameter in crf.parameters():
        nn.init.normal_(parameter, 0.0, scale, generator=generator)
    return crf


def plain_log_likelihood(crf: CRF, emissions: Tensor, tags: Tensor, lengths: list[int]) -> Tensor:
    """Sentence by sentence, word by word, with autograd's own gradient."""
    values = []
    for emission, tag, length in zip(emissions, tags, lengths, strict=True):
        state = crf.start_transitions + emission[0]
        score = crf.start_transitions[tag[0]] + emission[0, tag[0]]
        for word in range(1, length):
            state = (state.unsqueeze(1) + crf.transitions).logsumexp(0) + emission[word]
            score = score + crf.transitions[tag[word - 1], tag[word]] + emission[word, tag[word]]
        score = score + crf.end_transitions[tag[length - 1]]
        values.append(score - (state + crf.end_transitions).logsumexp(0))
    return torch.stack(values)


def test_log_likelihood_is_that_of_enumeration(arithmetic, enumerate_paths, make_batch):
    crf = spread(CRF(3, batch_first=True).double())
    emissions, tags, mask = make_batch(LENGTHS, 3)
    values = crf(emissions, tags, mask, reduction="none")
    for row, length in enumerate(LENGTHS):
        paths = enumerate_paths(crf, emissions[row, :length])
        torch.testing.assert_close(values[row], paths.score(tags[row, :length]) - paths.log_partition)


def test_gradients_are_exact(arithmetic, make_batch):
    crf = spread(CRF(3, batch_first=True).double())
    emissions, tags, mask = make_batch([3, 1, 2], 3)

    def run(emissions: Tensor, *parameters: Tensor) -> Tensor:
        named = dict(zip(["start_transitions", "end_transitions", "transitions"], parameters, strict=True))
        return torch.func.functional_call(crf, named, (emissions, tags, mask, "none"))

    inputs = [emissions, crf.start_transitions, crf.end_transitions, crf.transitions]
    assert torch.autograd.gradcheck(run, [each.detach().requires_grad_() for each in inputs])


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    num_tags=st.integers(1, 4),
    scale=st.sampled_from([0.1, 1.0, 30.0, 1e4]),
    transition_scale=st.sampled_from([0.1, 3.0, 30.0, 300.0]),
    seed=st.integers(0, 99),
    batch_first=st.booleans(),
)
def test_any_shape_any_size_of_scores(lengths, num_tags, scale, transition_scale, seed, batch_first):
    crf = spread(CRF(num_tags, batch_first=batch_first).double(), transition_scale, seed)
    generator = torch.Generator().manual_seed(seed)
    emissions = torch.randn(len(lengths), max(lengths), num_tags, generator=generator, dtype=torch.float64) * scale
    tags = torch.randint(num_tags, emissions.shape[:2], generator=generator)
    mask = torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)
    leaves = [emissions.clone().requires_grad_(), emissions.clone().requires_grad_()]

    expected = plain_log_likelihood(crf, leaves[0], tags, lengths)
    expected_gradients = torch.autograd.grad(expected.sum(), [leaves[0], *crf.parameters()], allow_unused=True)
    inputs = [leaves[1], tags, mask] if batch_first else [leaves[1].transpose(0, 1), tags.t(), mask.t()]
    received = crf(*inputs, reduction="none")
    gradients = torch.autograd.grad(received.sum(), [leaves[1], *crf.parameters()])

    torch.testing.assert_close(received, expected, rtol=1e-9, atol=1e-7)
    for gradient, other in zip(gradients, expected_gradients, strict=True):
        torch.testing.assert_close(gradient, torch.zeros_like(gradient) if other is None else other, atol=1e-7, rtol=0)


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_drop_in_for_pytorch_crf(make_batch, reduction, batch_first):
    theirs = torchcrf.CRF(5, batch_first=batch_first)
    ours = CRF(5, batch_first=batch_first)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    emissions, tags, mask = make_batch([9, 2, 6, 1], 5, dtype=torch.float32)
    if not batch_first:
        emissions, tags, mask = emissions.transpose(0, 1), tags.t(), mask.t()
    leaves = [emissions.clone().requires_grad_(), emissions.clone().requires_grad_()]
    expected, received = theirs(leaves[0], tags, mask, reduction), ours(leaves[1], tags, mask, reduction)
    torch.testing.assert_close(received, expected)
    expected.sum().backward()
    received.sum().backward()
    torch.testing.assert_close(leaves[1].grad, leaves[0].grad)
    for ours_parameter, their_parameter in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(ours_parameter.grad, their_parameter.grad)
    assert ours.decode(emissions, mask) == theirs.decode(emissions, mask)
    assert ours.decode(emissions, mask.to(torch.uint8)) == theirs.decode(emissions, mask)
    assert ours.decode(emissions) == theirs.decode(emissions, torch.ones_like(mask))


def test_state_dict_and_initial_values():
    torch.manual_seed(0)
    crf = CRF(40)
    assert list(crf.state_dict()) == ["start_transitions", "end_transitions", "transitions"]
    assert crf.transitions.min() >= -0.1 and crf.transitions.max() <= 0.1 and crf.transitions.std() > 0.05
    assert repr(crf) == "CRF(num_tags=40, batch_first=False)"


def test_words_weigh_alike_under_token_mean_and_sentences_under_mean(make_batch):
    crf = CRF(3, batch_first=True).double()
    emissions, tags, mask = make_batch([4, 1], 3)
    each = crf(emissions, tags, mask, "none")
    torch.testing.assert_close(crf(emissions, tags, mask, "token_mean"), each.sum() / 5)
    torch.testing.assert_close(crf(emissions, tags, mask, "mean"), each.sum() / 2)
    torch.testing.assert_close(crf(emissions, tags, mask), each.sum())


@pytest.mark.parametrize("transition_scale", [0.1, 3.0, 20.0, 100.0, 400.0])
@pytest.mark.parametrize("scale", [1.0, 100.0, 1e4])
def test_float32_is_precise_for_any_size_of_scores(make_batch, scale, transition_scale):
    lengths = [70, 40, 1]
    crf = spread(CRF(9, batch_first=True), transition_scale)
    emissions, tags, mask = make_batch(lengths, 9, scale=scale, dtype=torch.float32)
    tags = torch.tensor([path + [0] * (70 - len(path)) for path in crf.decode(emissions, mask)])
    tags[:, ::7] = 1
    double = copy.deepcopy(crf).double()
    leaves = [emissions.clone().requires_grad_(), emissions.double().requires_grad_()]
    expected = plain_log_likelihood(double, leaves[1], tags, lengths)
    received = crf(leaves[0], tags, mask, "none")
    torch.testing.assert_close(received.double(), expected, rtol=3e-6, atol=1e-4)
    expected.sum().backward()
    received.sum().backward()
    torch.testing.assert_close(leaves[0].grad.double(), leaves[1].grad, rtol=0, atol=1e-4)
    for single, other in zip(crf.parameters(), double.parameters(), strict=True):
        torch.testing.assert_close(single.grad.double(), other.grad, rtol=1e-5, atol=1e-3)


def test_sentences_of_one_to_two_thousand_words(make_batch):
    lengths = [2000, 1, 2, 999]
    crf = spread(CRF(3, batch_first=True))
    emissions, tags, mask = make_batch(lengths, 3, scale=3.0, dtype=torch.float32)
    emissions.requires_grad_()
    values = crf(emissions, tags, mask, "none")
    values.sum().backward()
    with torch.no_grad():
        expected = plain_log_likelihood(copy.deepcopy(crf).double(), emissions.double(), tags, lengths)
    torch.testing.assert_close(values.double(), expected, rtol=1e-5, atol=1e-4)
    assert emissions.grad.isfinite().all() and (emissions.grad[1, 1:] == 0).all()
    assert [len(path) for path in crf.decode(emissions, mask)] == lengths
    sums = crf.marginals(emissions, mask).sum(2)
    torch.testing.assert_close(sums, mask.float(), atol=1e-5, rtol=0)


def test_old_weights_with_huge_penalties_give_no_nan(make_batch):
    crf = spread(CRF(5, batch_first=True))
    emissions, tags, mask = make_batch([30, 1, 12], 5, scale=1e4, dtype=torch.float32)
    for penalty in (-1e4, -1e12, -torch.inf):
        with torch.no_grad():
            crf.transitions[1, 2] = crf.transitions[3, 3] = crf.start_transitions[4] = penalty
        leaf = emissions.clone().requires_grad_()
        crf.zero_grad()
        values = crf(leaf, tags, mask, "none")
        values.sum().backward()
        assert values.isfinite().all() and (values <= 1e-3).all()
        assert all(each.grad.isfinite().all() for each in (leaf, *crf.parameters()))
        assert not crf.marginals(emissions, mask).isnan().any()


def test_penalties_of_minus_ten_thousand_are_scores_not_walls(enumerate_paths, make_batch):
    crf = spread(CRF(3, batch_first=True).double())
    emissions, _, mask = make_batch([5], 3, scale=1.0)
    with torch.no_grad():
        crf.transitions.fill_(-1e4)
        crf.transitions[0, 1] = 0.0
    paths = enumerate_paths(crf, emissions[0])
    posterior = crf.posterior(emissions, mask)
    torch.testing.assert_close(posterior.log_partition[0], paths.log_partition)
    torch.testing.assert_close(posterior.marginals()[0], paths.marginals())
    assert crf.decode(emissions, mask) == [paths.ranked()[0][0]]


def test_padding_is_never_read(make_batch):
    crf = spread(CRF(4, batch_first=True))
    emissions, tags, mask = make_batch([6, 2, 4], 4, dtype=torch.float32)
    results = []
    for filler in (0.0, torch.nan, torch.inf, 1e30):
        leaf = emissions.masked_fill(~mask.unsqueeze(2), filler).requires_grad_()
        crf.zero_grad()
        value = crf(leaf, tags.masked_fill(~mask, -100), mask)
        value.backward()
        gradients = [leaf.grad, *(each.grad.clone() for each in crf.parameters())]
        paths = [torch.tensor(path) for path in crf.decode(leaf, mask)]
        results.append((value, *gradients, crf.marginals(leaf, mask), *paths))
    for other in results[1:]:
        for each, first in zip(other, results[0], strict=True):
            assert torch.equal(each, first)


def test_order_and_width_of_the_batch_do_not_matter(make_batch):
    crf = spread(CRF(4, batch_first=True))
    emissions, tags, mask = make_batch([6, 2, 4, 2], 4, dtype=torch.float32)
    order = torch.tensor([2, 0, 3, 1])
    values, paths = crf(emissions, tags, mask, "none"), crf.decode(emissions, mask)
    torch.testing.assert_close(crf(emissions[order], tags[order], mask[order], "none"), values[order])
    assert crf.decode(emissions[order], mask[order]) == [paths[i] for i in order]
    for row, length in enumerate([6, 2, 4, 2]):
        alone = emissions[row : row + 1, :length], tags[row : row + 1, :length]
        torch.testing.assert_close(crf(*alone), values[row])
        assert crf.decode(alone[0]) == [paths[row]]


def test_one_tag_leaves_no_doubt():
    crf = CRF(1, batch_first=True)
    emissions = torch.randn(2, 7, 1, requires_grad=True)
    value = crf(emissions, torch.zeros(2, 7, dtype=torch.long))
    value.backward()
    assert value == 0 and not emissions.grad.any() and not crf.transitions.grad.any()
    assert crf.decode(emissions) == [[0] * 7] * 2
    assert [[path for path, _ in ranked] for ranked in crf.decode(emissions, nbest=3)] == [[[0] * 7]] * 2


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_narrow_emissions_are_computed_in_float32(make_batch, dtype):
    crf = spread(CRF(5, batch_first=True))
    emissions, tags, mask = make_batch([40, 7], 5, dtype=dtype)
    leaf = emissions.clone().requires_grad_()
    value = crf(leaf, tags, mask)
    value.backward()
    assert value.dtype == torch.float32 and leaf.grad.dtype == dtype
    assert torch.equal(value, crf(emissions.float(), tags, mask))
    torch.testing.assert_close(crf.bfloat16()(emissions, tags, mask), value, rtol=1e-2, atol=1e-2)


def test_autocast_changes_nothing(make_batch):
    crf = spread(CRF(5, batch_first=True))
    emissions, tags, mask = make_batch([40, 7], 5, dtype=torch.float32)

    def run() -> list[Tensor]:
        leaf = emissions.clone().requires_grad_()
        crf.zero_grad()
        value = crf(leaf, tags, mask)
        value.backward()
        return [value.detach(), leaf.grad, crf.transitions.grad.clone(), crf.marginals(leaf, mask)]

    expected = run()
    with torch.autocast("cpu", torch.bfloat16):
        received = run()
    assert all(torch.equal(each, other) for each, other in zip(received, expected, strict=True))


def test_no_gradient_no_tape(make_batch):
    crf = CRF(3, batch_first=True)
    emissions, tags, mask = make_batch([3], 3, dtype=torch.float32)
    with torch.no_grad():
        assert not crf(emissions, tags, mask).requires_grad
    crf.requires_grad_(False)
    assert not crf(emissions, tags, mask).requires_grad
    assert crf(emissions.requires_grad_(), tags, mask).requires_grad


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"emissions": torch.zeros(2, 4)}, "emissions must be (B, L, K) with K = 3, got (2, 4)"),
        ({"emissions": torch.zeros(2, 4, 5)}, "emissions must be (B, L, K) with K = 3, got (2, 4, 5)"),
        (
            {"emissions": torch.zeros(2, 0, 3)},
            "emissions (B, L, K) must hold at least one sentence of at least one word, got (2, 0, 3)",
        ),
        (
            {"emissions": torch.zeros(2, 4, 3, dtype=torch.long)},
            "emissions must be floating-point, got torch.int64",
        ),
        (
            {"tags": torch.zeros(2, 5, dtype=torch.long)},
            "tags must match the emissions: expected (2, 4), got (2, 5)",
        ),
        (
            {"tags": torch.tensor([[0, 1, 2, 0], [0, 1, 3, 0]])},
            "tags must be within [0, 3), got 3 at word 2 of sentence 1",
        ),
        (
            {"tags": torch.tensor([[0, -1, 2, 0], [0, 1, 1, 0]])},
            "tags must be within [0, 3), got -1 at word 1 of sentence 0",
        ),
        (
            {"mask": torch.ones(2, 5, dtype=torch.bool)},
            "mask must match the emissions: expected (2, 4), got (2, 5)",
        ),
        (
            {"mask": torch.tensor([[True, True, True, True], [False, False, False, False]])},
            f"mask (2, 4): sentence 1 has no word; {PREFIX_RULE}",
        ),
        (
            {"mask": torch.tensor([[True, False, True, True], [True, True, False, False]])},
            f"mask (2, 4): sentence 0 has a word after padding; {PREFIX_RULE}",
        ),
        ({"reduction": "average"}, "reduction must be one of none, sum, mean, token_mean, got 'average'"),
    ],
)
def test_wrong_arguments_are_explained(change, message):
    crf = CRF(3, batch_first=True)
    arguments = {"emissions": torch.zeros(2, 4, 3), "tags": torch.zeros(2, 4, dtype=torch.long)}
    with pytest.raises(ValueError) as caught:
        crf(**{**arguments, **change})
    assert str(caught.value) == message


def test_shapes_are_reported_in_the_layout_given():
    with pytest.raises(ValueError, match=r"emissions must be \(L, B, K\) with K = 3, got \(4, 2, 5\)"):
        CRF(3).decode(torch.zeros(4, 2, 5))
    with pytest.raises(ValueError, match=r"mask must match the emissions: expected \(4, 2\), got \(2, 4\)"):
        CRF(3).decode(torch.zeros(4, 2, 3), torch.ones(2, 4, dtype=torch.bool))
    with pytest.raises(ValueError, match="num_tags must be at least 1, got 0"):
        CRF(0)
    with pytest.raises(ValueError, match="nbest must be at least 1, got 0"):
        CRF(3).decode(torch.zeros(4, 2, 3), nbest=0)
