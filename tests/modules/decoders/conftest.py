"""Every path of a tiny sentence with its score: what all decoders are checked against."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from adaseq.modules.decoders import CRF, likelihood, scaled_chain, viterbi
from adaseq.modules.decoders.plan import Plan

ARITHMETICS = ["planned", "float64", "logarithms", "accelerator"]


class Enumeration:
    """All tag paths of one sentence under a CRF.

    Args:
        crf: the decoder.
        emissions: `(L, K)`.
        allowed: `(L, K)` bool, the tags to consider.
        is_free: let what the CRF's constraints forbid score 0.
    """

    def __init__(self, crf: CRF, emissions: Tensor, allowed: Tensor | None = None, is_free: bool = False) -> None:
        length, num_tags = emissions.shape
        emissions = emissions.detach().double()
        start, end, transitions = (
            each.detach().double().clone() for each in (crf.start_transitions, crf.end_transitions, crf.transitions)
        )
        if crf.constraints is not None:
            forbidden = 0.0 if is_free else -torch.inf
            start[~crf.allowed_start] = forbidden
            end[~crf.allowed_end] = forbidden
            transitions[~crf.allowed_transitions] = forbidden
        if allowed is not None:
            emissions = emissions.masked_fill(~allowed, -torch.inf)
        self.paths = torch.tensor(list(itertools.product(range(num_tags), repeat=length)))  # (P, L)
        words = emissions[torch.arange(length), self.paths].sum(1)
        moves = transitions[self.paths[:, :-1], self.paths[:, 1:]].sum(1)
        self.scores = start[self.paths[:, 0]] + words + moves + end[self.paths[:, -1]]  # (P,)
        self.log_partition = self.scores.logsumexp(0)
        self.probabilities = (self.scores - self.log_partition).exp()

    def score(self, path: Tensor | list[int]) -> Tensor:
        """The score of one path."""
        return self.scores[(self.paths == torch.as_tensor(path)).all(1)].squeeze(0)

    def marginals(self) -> Tensor:
        """`(L, K)`."""
        num_tags = int(self.paths.max()) + 1
        is_tag = self.paths.unsqueeze(2) == torch.arange(num_tags)  # (P, L, K)
        return (is_tag * self.probabilities.view(-1, 1, 1)).sum(0)

    def probability(self, start: int, path: list[int]) -> Tensor:
        """The probability of a stretch of tags."""
        agrees = (self.paths[:, start : start + len(path)] == torch.tensor(path)).all(1)
        return self.probabilities[agrees].sum()

    def ranked(self) -> list[tuple[list[int], float]]:
        """All possible paths with their scores, best first."""
        order = self.scores.argsort(descending=True)
        return [(self.paths[i].tolist(), float(self.scores[i])) for i in order if self.scores[i] > -torch.inf]


@pytest.fixture(scope="session")
def enumerate_paths() -> type[Enumeration]:
    return Enumeration


@pytest.fixture(params=ARITHMETICS)
def arithmetic(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test with each way of computing: as planned, in float64, with logarithms, and as on an accelerator."""
    if request.param == "float64":
        plan = Plan(torch.float64, -torch.inf, interval=2, has_zeros=True, needs_check=True)
        monkeypatch.setattr(likelihood, "choose_plan", lambda scores: plan)
    elif request.param == "logarithms":
        monkeypatch.setattr(likelihood, "choose_plan", lambda scores: None)
    elif request.param == "accelerator":
        for module in (scaled_chain, viterbi):
            monkeypatch.setattr(module, "runs_in_numpy", lambda device: False)
    return request.param


@pytest.fixture
def make_batch() -> Callable[..., tuple[Tensor, Tensor, Tensor]]:
    """Random emissions `(B, L, K)`, tags `(B, L)` and mask `(B, L)` for given sentence lengths."""

    def make(
        lengths: list[int], num_tags: int, seed: int = 0, scale: float = 1.0, dtype: torch.dtype = torch.float64
    ) -> tuple[Tensor, Tensor, Tensor]:
        generator = torch.Generator().manual_seed(seed)
        shape = len(lengths), max(lengths)
        emissions = torch.randn(*shape, num_tags, generator=generator, dtype=torch.float64).mul(scale).to(dtype)
        tags = torch.randint(num_tags, shape, generator=generator)
        mask = torch.arange(shape[1]) < torch.tensor(lengths).unsqueeze(1)
        return emissions, tags, mask

    return make
