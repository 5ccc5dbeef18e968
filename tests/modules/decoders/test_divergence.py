"""The divergence of two views: equal to what enumeration finds, with the gradients of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from adaseq.modules.decoders import CRF, PartialCRF

NUM_TAGS = 3
CONSTRAINTS = ([True, True, False], [True, False, True], [[True, True, False], [False, True, True], [True, True, True]])
Batch = Callable[..., tuple[Tensor, Tensor, Tensor]]


def make_crf(is_constrained: bool = False, scale: float = 1.0) -> CRF:
    torch.manual_seed(1)
    crf = CRF(NUM_TAGS, batch_first=True, constraints=CONSTRAINTS if is_constrained else None).double()
    for parameter in crf.parameters():
        torch.nn.init.normal_(parameter, std=scale)
    return crf


def enumerated(crf: CRF, emissions: Tensor, reference: Tensor, temperature: float = 1.0) -> Tensor:
    """`KL(reference ‖ emissions)` of one sentence, with a tape over all its paths."""
    length, num_tags = emissions.shape
    paths = torch.cartesian_prod(*[torch.arange(num_tags)] * length).view(-1, length)
    start, end, transitions = crf.start_transitions, crf.end_transitions, crf.transitions
    if crf.constraints is not None:
        start = start.masked_fill(~crf.allowed_start, -torch.inf)
        end = end.masked_fill(~crf.allowed_end, -torch.inf)
        transitions = transitions.masked_fill(~crf.allowed_transitions, -torch.inf)
    around = start[paths[:, 0]] + transitions[paths[:, :-1], paths[:, 1:]].sum(1) + end[paths[:, -1]]
    possible = ~around.isneginf()
    paths, around = paths[possible], around[possible]
    log_p, log_q = (
        ((each[torch.arange(length), paths].sum(1) + around) / temperature).log_softmax(0)
        for each in (emissions, reference)
    )
    log_q = log_q.detach()
    return (log_q.exp() * (log_q - log_p)).sum()


@pytest.mark.parametrize("is_constrained", [False, True])
@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_it_is_what_enumeration_finds(
    make_batch: Batch, arithmetic: str, is_constrained: bool, temperature: float
) -> None:
    crf = make_crf(is_constrained)
    lengths = [3, 5, 1, 4, 3]
    emissions, _, mask = make_batch(lengths, NUM_TAGS, seed=3, scale=2.0)
    reference = make_batch(lengths, NUM_TAGS, seed=4, scale=2.0)[0]
    found = crf.divergence(emissions, reference, mask, "none", temperature)
    for row, length in enumerate(lengths):
        if is_constrained and length == 1:
            continue  # no path is legal; how those are read is the business of the decoder
        wanted = enumerated(crf, emissions[row, :length], reference[row, :length], temperature)
        torch.testing.assert_close(found[row], wanted, rtol=1e-9, atol=1e-10)
    torch.testing.assert_close(crf.divergence(emissions, reference, mask, "mean", temperature), found.mean())


@pytest.mark.parametrize("is_constrained", [False, True])
def test_its_gradients_are_those_of_enumeration(make_batch: Batch, arithmetic: str, is_constrained: bool) -> None:
    lengths = [3, 5, 2]
    emissions, _, mask = make_batch(lengths, NUM_TAGS, seed=5)
    reference = make_batch(lengths, NUM_TAGS, seed=6)[0]
    weights = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)

    def gradients(divergence: Callable[[CRF, Tensor], Tensor]) -> list[Tensor]:
        crf, leaf = make_crf(is_constrained), emissions.clone().requires_grad_()
        (divergence(crf, leaf) * weights).sum().backward()
        return [leaf.grad, *(each.grad for each in crf.parameters())]

    exact = gradients(
        lambda crf, leaf: torch.stack(
            [enumerated(crf, leaf[row, :length], reference[row, :length]) for row, length in enumerate(lengths)]
        )
    )
    found = gradients(lambda crf, leaf: crf.divergence(leaf, reference, mask, "none"))
    for one, two in zip(found, exact, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-8, atol=1e-9)


def test_its_gradient_passes_gradcheck(make_batch: Batch) -> None:
    crf = make_crf()
    emissions, _, mask = make_batch([4, 2], NUM_TAGS, seed=7)
    reference = make_batch([4, 2], NUM_TAGS, seed=8)[0]
    leaf = emissions.requires_grad_()
    assert torch.autograd.gradcheck(lambda each: crf.divergence(each, reference, mask, "none", 1.5), (leaf,))


def test_equal_views_do_not_diverge_and_padding_does_not_matter(make_batch: Batch) -> None:
    crf = make_crf(scale=3.0).float()
    emissions, _, mask = make_batch([6, 2, 4], NUM_TAGS, seed=9, scale=5.0, dtype=torch.float32)
    assert crf.divergence(emissions, emissions, mask, "none").abs().max() < 1e-4
    reference = make_batch([6, 2, 4], NUM_TAGS, seed=10, dtype=torch.float32)[0]
    leaf = emissions.clone().requires_grad_()
    value = crf.divergence(leaf, reference, mask)
    value.backward()
    spoiled = [each.masked_fill(~mask.unsqueeze(2), torch.nan) for each in (emissions, reference)]
    torch.testing.assert_close(crf.divergence(spoiled[0], spoiled[1], mask), value)
    assert leaf.grad is not None and not leaf.grad[~mask].any()


def test_the_reference_learns_nothing(make_batch: Batch) -> None:
    crf = make_crf()
    emissions, _, mask = make_batch([3], NUM_TAGS)
    reference = make_batch([3], NUM_TAGS, seed=1)[0].requires_grad_()
    crf.divergence(emissions, reference, mask).backward()
    assert reference.grad is None and crf.transitions.grad is not None


def test_words_may_come_first_and_partial_crfs_have_it_too(make_batch: Batch) -> None:
    crf = make_crf()
    partial = PartialCRF(NUM_TAGS).double()
    partial.load_state_dict(crf.state_dict())
    emissions, _, mask = make_batch([3, 2], NUM_TAGS)
    reference = make_batch([3, 2], NUM_TAGS, seed=1)[0]
    turned = [each.transpose(0, 1) for each in (emissions, reference)]
    torch.testing.assert_close(partial.divergence(*turned, mask.t()), crf.divergence(emissions, reference, mask))


def test_what_does_not_fit_is_refused(make_batch: Batch) -> None:
    crf = make_crf()
    emissions, _, mask = make_batch([3, 2], NUM_TAGS)
    with pytest.raises(ValueError) as error:
        crf.divergence(emissions, emissions[:, :2], mask)
    assert str(error.value) == "reference must match the emissions: expected (2, 3, 3), got (2, 2, 3)"
    with pytest.raises(ValueError) as error:
        crf.divergence(emissions, emissions, mask, temperature=0.0)
    assert str(error.value) == "temperature must be more than 0, got 0.0"
