from __future__ import annotations

import pytest
import torch

from adaseq.modules.decoders.packing import Packing, Scores
from adaseq.modules.decoders.plan import choose_plan
from adaseq.modules.decoders.scaled_chain import ScaledChain

INF = torch.inf
BIO_WALLS = torch.tensor([[0.0, 0.0, -INF], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])


def scores(emissions: torch.Tensor, transitions: torch.Tensor) -> Scores:
    """Packed scores of one sentence."""
    zeros = torch.zeros(1, len(transitions), dtype=emissions.dtype)
    return Scores(emissions - emissions.amax(1, keepdim=True), zeros, zeros, transitions.to(emissions.dtype))


@pytest.mark.parametrize(
    ("spread", "transition_range", "expected"),
    [
        (1.0, 0.2, torch.float32),
        (1e4, 0.2, torch.float32),
        (1e4, 12.0, torch.float32),
        (1.0, 13.0, torch.float64),
        (1e4, 100.0, torch.float64),
        (1.0, 101.0, None),
    ],
)
def test_without_walls_only_the_range_of_transitions_counts(spread, transition_range, expected):
    transitions = torch.zeros(3, 3)
    transitions[0, 1] = transition_range
    plan = choose_plan(scores(torch.tensor([[0.0, 1.0, 2.0]]) * spread, transitions))
    assert (plan and plan.dtype) == expected


@pytest.mark.parametrize("wall", [-INF, -1e4])
@pytest.mark.parametrize(
    ("spread", "expected"), [(3.0, torch.float32), (12.0, torch.float32), (50.0, torch.float64), (1e4, None)]
)
def test_with_walls_the_range_of_emissions_counts_too(spread, expected, wall):
    transitions = BIO_WALLS.clamp(min=wall)
    plan = choose_plan(scores(torch.tensor([[0.0, 1.0, 2.0]]) * spread, transitions))
    assert (plan and plan.dtype) == expected


def test_walls_that_leave_tags_out_of_reach_take_logarithms():
    transitions = torch.eye(3).log()
    assert choose_plan(scores(torch.randn(5, 3), transitions)) is None


def test_float64_is_never_narrowed():
    plan = choose_plan(scores(torch.randn(5, 3, dtype=torch.float64), torch.zeros(3, 3)))
    assert plan is not None and plan.dtype == torch.float64


def test_forbidden_words_without_walls_are_fast_and_with_walls_are_checked():
    emissions = torch.randn(5, 3)
    emissions[2, 1] = -INF
    plan = choose_plan(scores(emissions, torch.zeros(3, 3)))
    assert plan is not None and plan.dtype == torch.float32 and plan.has_zeros and not plan.needs_check
    plan = choose_plan(scores(emissions, BIO_WALLS))
    assert plan is not None and plan.needs_check
    assert choose_plan(scores(emissions, BIO_WALLS.clamp(min=-1e4))) is None


def test_a_pass_that_loses_a_state_which_matters_is_found_out():
    """Two lanes without a way across, one ever less likely, and at the end only that one is allowed."""
    transitions = torch.eye(2).log()
    packing = Packing([40], 40, torch.device("cpu"))
    for slope, is_exact in ((-5.0, True), (-20.0, False)):
        emissions = torch.zeros(40, 2)
        emissions[:, 1] = slope
        emissions[-1] = torch.tensor([-INF, 0.0])
        packed = Scores(emissions, torch.zeros(1, 2), torch.zeros(1, 2), transitions)
        plan = choose_plan(packed)
        assert plan is not None and plan.needs_check
        assert ScaledChain(packed, packing, plan, both_ways=True).is_exact is is_exact
