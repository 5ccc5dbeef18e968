"""Sums whose parts are computed again for the gradients."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from adaseq.modules.recomputed import sum_of_parts
from tests.live_memory import peak_bytes


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def network():
    return nn.Sequential(nn.Linear(4, 64), nn.GELU(), nn.Dropout(0.5), nn.Linear(64, 1)).double()


def gradients(model, words, loss):
    loss.backward()
    found = [words.grad, *(each.grad for each in model.parameters())]
    words.grad = None
    model.zero_grad()
    return found


def test_it_is_the_sum_with_the_same_random_numbers_and_gradients():
    model, words = network(), torch.randn(6, 4, dtype=torch.float64, requires_grad=True)
    torch.manual_seed(1)
    plain = torch.stack([model(each).sum() for each in words]).sum()
    after, expected = torch.get_rng_state(), gradients(model, words, plain * 3)
    torch.manual_seed(1)
    total = sum_of_parts(lambda: (model(each).sum() for each in words), [words, *model.parameters()])
    assert torch.allclose(total, plain) and torch.equal(torch.get_rng_state(), after)
    torch.rand(3)
    drawn = torch.get_rng_state()
    found = gradients(model, words, total * 3)
    assert all(torch.allclose(each, wanted) for each, wanted in zip(found, expected, strict=True))
    assert torch.equal(torch.get_rng_state(), drawn)


def test_gradients_flow_on_to_what_the_parts_were_made_of():
    below, above = nn.Linear(3, 4).double(), network().eval()
    words = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    expected = gradients(above, words, above(below(words)).sum())
    made = below(words)
    total = sum_of_parts(lambda: (above(each).sum() for each in made), [made, *above.parameters()])
    below.zero_grad()
    assert all(map(torch.allclose, gradients(above, words, total), expected))
    assert below.weight.grad is not None


def test_what_is_not_learned_or_not_used_has_no_gradient():
    frozen, used, unused = (torch.ones(2, requires_grad=flag) for flag in (False, True, True))
    sum_of_parts(lambda: ((frozen * used).sum() for _ in range(3)), [frozen, used, unused]).backward()
    assert frozen.grad is None and unused.grad is None and used.grad.tolist() == [3.0, 3.0]
    assert not sum_of_parts(lambda: iter([frozen.sum()]), [frozen]).requires_grad
    with torch.no_grad():
        assert not sum_of_parts(lambda: iter([used.sum()]), [used]).requires_grad


def test_mixed_precision_is_that_of_the_first_time():
    model, words = network().float().eval(), torch.randn(6, 4)
    seen = []

    def parts():
        for each in words:
            result = model(each)
            seen.append(result.dtype)
            yield result.float().sum()

    with torch.autocast("cpu", dtype=torch.bfloat16):
        total = sum_of_parts(parts, list(model.parameters()))
        later = model(words).float().sum()
    found = torch.autograd.grad(total, list(model.parameters()))
    assert set(seen) == {torch.bfloat16} and len(seen) == 12
    # What was cast while nothing was kept plays no part in what is computed behind it.
    wanted = torch.autograd.grad(later, list(model.parameters()))
    assert all(torch.allclose(each, other, rtol=0.05, atol=0.05) for each, other in zip(found, wanted, strict=True))


def test_the_parts_are_not_kept():
    weight = torch.ones(10, requires_grad=True)

    def parts(count):
        return lambda: ((weight.repeat(1000).exp().log().sum()) for _ in range(count))

    few, many = (peak_bytes(lambda n=n: sum_of_parts(parts(n), [weight]).backward()) for n in (2, 20))
    assert few <= many <= few + 4000
