"""The linear-chain conditional random field (Lafferty, McCallum and Pereira, 2001)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from adaseq.metainfo import Decoders
from adaseq.modules.decoders.base import Decoder, Path, RankedPaths, reduce
from adaseq.modules.decoders.constraints import Constraints
from adaseq.modules.decoders.divergence import chain_divergence
from adaseq.modules.decoders.inputs import read_companion, read_emissions, read_path
from adaseq.modules.decoders.likelihood import log_likelihood
from adaseq.modules.decoders.packing import Packing, Scores
from adaseq.modules.decoders.posterior import ChainPosterior
from adaseq.modules.decoders.viterbi import best_paths, n_best_paths
from adaseq.registry import DECODERS

Flags = Sequence[bool] | Tensor
FlagMatrix = Sequence[Sequence[bool]] | Tensor


@DECODERS.register(Decoders.CRF)
class CRF(Decoder):
    """A linear-chain CRF with learned scores for first tags, last tags and neighbouring tags.

    With constraints, forbidden tags and transitions have probability 0 in the likelihood, the marginals and the decoded
    paths; their parameters play no part and get no gradient. Where data contradict them:

    - a gold path that uses something forbidden is admitted for its own sentence (see `likelihood.log_likelihood`);
    - a sentence of a length that no legal path has (one word, where only `B` and `I` tags exist) may begin and end with
      any tag.

    The arguments that are not listed are those of `Decoder`.

    Args:
        constraints: what may begin a path `(K,)`, end it `(K,)` and follow each tag `(K, K)`; None for no constraints.
    """

    start_transitions: nn.Parameter
    end_transitions: nn.Parameter
    transitions: nn.Parameter
    allowed_start: Tensor
    allowed_end: Tensor
    allowed_transitions: Tensor

    def __init__(
        self, num_tags: int, batch_first: bool = False, constraints: tuple[Flags, Flags, FlagMatrix] | None = None
    ) -> None:
        super().__init__(num_tags, batch_first)
        self.start_transitions = nn.Parameter(torch.empty(num_tags))
        self.end_transitions = nn.Parameter(torch.empty(num_tags))
        self.transitions = nn.Parameter(torch.empty(num_tags, num_tags))
        self.reset_parameters()
        self.constraints = Constraints(num_tags, *constraints) if constraints is not None else None
        if self.constraints is not None:
            self.register_buffer("allowed_start", self.constraints.start, persistent=False)
            self.register_buffer("allowed_end", self.constraints.end, persistent=False)
            self.register_buffer("allowed_transitions", self.constraints.transitions, persistent=False)

    def reset_parameters(self) -> None:
        """Draw all parameters uniformly from [-0.1, 0.1]."""
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -0.1, 0.1)

    def forward(self, emissions: Tensor, tags: Tensor, mask: Tensor | None = None, reduction: str = "sum") -> Tensor:
        home = emissions.device
        emissions, packing, _ = self._read(emissions, mask)
        tags = read_companion("tags", tags, emissions, self.batch_first)
        path = read_path(tags, packing, self.num_tags)
        values = log_likelihood(self._scores(emissions, packing), path, packing)
        return reduce(values, sum(packing.lengths), reduction).to(emissions.dtype).to(home)

    def divergence(
        self,
        emissions: Tensor,
        reference: Tensor,
        mask: Tensor | None = None,
        reduction: str = "sum",
        temperature: float = 1.0,
    ) -> Tensor:
        """How far the distribution over tag paths is from that of other emissions: `KL(reference ‖ emissions)`, exact.

        The reference, with the transition scores as they are, is a constant: only the other distribution learns.

        Args:
            emissions: scores of every tag at every word, `(L, B, K)`.
            reference: scores of the same tags at the same words, as another view of the sentences gives them.
            mask: `(L, B)` bool, True at words; all True if None.
            reduction: as of `forward`.
            temperature: what all scores of both are divided by; the higher, the flatter both distributions.

        Returns:
            `(B,)` for `none`, else a scalar.

        Raises:
            ValueError: shapes that do not match, a sentence without words, a temperature that is not positive.
        """
        if temperature <= 0:
            raise ValueError(f"temperature must be more than 0, got {temperature}")
        home = emissions.device
        if reference.shape != emissions.shape:
            raise ValueError(
                f"reference must match the emissions: expected {tuple(emissions.shape)}, got {tuple(reference.shape)}"
            )
        emissions, packing, _ = self._read(emissions, mask)
        reference = read_emissions(reference, self.num_tags, self.batch_first).to(emissions)
        scores = self._scores(emissions, packing)
        if temperature != 1:
            scores, reference = Scores(*(each / temperature for each in scores)), reference / temperature
        values = chain_divergence(scores, reference, packing)
        return reduce(values, sum(packing.lengths), reduction).to(emissions.dtype).to(home)

    def _scores(self, emissions: Tensor, packing: Packing, is_free: bool = False) -> Scores:
        """The scores of the chain; with `is_free` what the constraints forbid scores 0 instead of minus infinity."""
        shape = emissions.shape[0], self.num_tags
        start, end, transitions = (
            each.to(emissions.device, emissions.dtype)
            for each in (self.start_transitions, self.end_transitions, self.transitions)
        )
        if self.constraints is None:
            return Scores(emissions, start.expand(shape), end.expand(shape), transitions)
        forbidden = [
            ~each.to(emissions.device) for each in (self.allowed_start, self.allowed_end, self.allowed_transitions)
        ]
        transitions = transitions.masked_fill(forbidden[2], 0.0 if is_free else -torch.inf)
        is_pathless = [is_free or not self.constraints.has_path(length) for length in packing.lengths]
        penalty = torch.where(torch.tensor(is_pathless, device=emissions.device), 0.0, -torch.inf).to(emissions.dtype)
        start, end = (
            torch.where(is_forbidden, penalty.unsqueeze(1), each)  # (B, K)
            for each, is_forbidden in ((start, forbidden[0]), (end, forbidden[1]))
        )
        return Scores(emissions, start, end, transitions)

    def _posterior(self, emissions: Tensor, packing: Packing) -> ChainPosterior:
        return ChainPosterior(self._scores(emissions, packing), packing)

    def _best_paths(self, emissions: Tensor, packing: Packing) -> tuple[list[Path], list[bool]]:
        return best_paths(self._scores(emissions, packing), packing)

    def _n_best_paths(self, emissions: Tensor, packing: Packing, count: int) -> list[RankedPaths]:
        return n_best_paths(self._scores(emissions, packing), packing, count)
