"""What every decoder over words can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, overload

import torch
from torch import Tensor, nn

from adaseq.modules.decoders.inputs import check_allowed, read_companion, read_emissions, read_lengths
from adaseq.modules.decoders.packing import Packing
from adaseq.modules.decoders.posterior import Posterior
from adaseq.registry import DECODERS, Registry

REDUCTIONS = ("none", "sum", "mean", "token_mean")

Path = list[int]
RankedPaths = list[tuple[Path, float]]


class Decoder(nn.Module, ABC):
    """A probability distribution over the tag paths of a sentence, given scores of every tag at every word.

    Tensors with a word dimension are `(L, B, …)`, or `(B, L, …)` with `batch_first`. A mask tells the words of a sentence
    (its first ones) from padding; what stands in the padding of any tensor does not matter. Emissions narrower than
    float32 are computed in float32.

    Args:
        num_tags: how many tags there are (K).
        batch_first: whether tensors are `(B, L, …)` rather than `(L, B, …)`.
    """

    registry: ClassVar[Registry] = DECODERS

    def __init__(self, num_tags: int, batch_first: bool = False) -> None:
        if num_tags < 1:
            raise ValueError(f"num_tags must be at least 1, got {num_tags}")
        super().__init__()
        self.num_tags = num_tags
        self.batch_first = batch_first

    @abstractmethod
    def forward(self, emissions: Tensor, tags: Tensor, mask: Tensor | None = None, reduction: str = "sum") -> Tensor:
        """The log-likelihood of the tags; its negative is the loss.

        Args:
            emissions: scores of every tag at every word, `(L, B, K)`.
            tags: `(L, B)` long.
            mask: `(L, B)` bool, True at words; all True if None.
            reduction: `none` (per sentence), `sum`, `mean` (over sentences) or `token_mean` (sum over number of words).

        Returns:
            `(B,)` for `none`, else a scalar.

        Raises:
            ValueError: shapes that do not match, a sentence without words, an unknown tag or reduction.
        """

    @abstractmethod
    def _posterior(self, emissions: Tensor, packing: Packing) -> Posterior:
        """The distribution; emissions are `(B, L, K)`, minus infinity where a tag is not allowed."""

    @abstractmethod
    def _best_paths(self, emissions: Tensor, packing: Packing) -> tuple[list[Path], list[bool]]:
        """The best path of each sentence, and whether there is one."""

    @abstractmethod
    def _n_best_paths(self, emissions: Tensor, packing: Packing, count: int) -> list[RankedPaths]:
        """The best paths of each sentence with their scores, best first, none where there is none."""

    @overload
    def decode(
        self, emissions: Tensor, mask: Tensor | None = None, nbest: None = None, allowed: Tensor | None = None
    ) -> list[Path]: ...

    @overload
    def decode(
        self, emissions: Tensor, mask: Tensor | None = None, *, nbest: int, allowed: Tensor | None = None
    ) -> list[RankedPaths]: ...

    @torch.no_grad()
    def decode(
        self,
        emissions: Tensor,
        mask: Tensor | None = None,
        nbest: int | None = None,
        allowed: Tensor | None = None,
    ) -> list[Path] | list[RankedPaths]:
        """The best tag path of each sentence.

        Args:
            emissions: `(L, B, K)`.
            mask: `(L, B)` bool.
            nbest: return this many paths of each sentence.
            allowed: `(L, B, K)` bool, the tags that each word may take: a wish of the moment, such as a dictionary's.
                The decoder's own constraints come first; a sentence in which both cannot hold is decoded without it.

        Returns:
            A list of tags per sentence; with `nbest` a list of `(path, score)` per sentence, best first, fewer than
            `nbest` where there are fewer paths. A score less the sentence's log-partition is a log-probability.

        Raises:
            ValueError: shapes that do not match, a sentence without words, a word without an allowed tag, `nbest < 1`.
        """
        if nbest is not None and nbest < 1:
            raise ValueError(f"nbest must be at least 1, got {nbest}")
        emissions, packing, wished = self._read(emissions, mask, allowed)
        if nbest is None:
            paths, is_possible = self._best_paths(wished, packing)
            if not all(is_possible) and allowed is not None:
                free, _ = self._best_paths(emissions, packing)
                paths = [path if ok else other for path, ok, other in zip(paths, is_possible, free, strict=True)]
            return paths
        ranked = self._n_best_paths(wished, packing, nbest)
        if not all(ranked) and allowed is not None:
            free_ranked = self._n_best_paths(emissions, packing, nbest)
            ranked = [paths or other for paths, other in zip(ranked, free_ranked, strict=True)]
        return ranked

    @torch.no_grad()
    def posterior(self, emissions: Tensor, mask: Tensor | None = None, allowed: Tensor | None = None) -> Posterior:
        """The distribution over tag paths, to be asked for several quantities at the price of one.

        Args:
            emissions: `(L, B, K)`.
            mask: `(L, B)` bool.
            allowed: as of `decode`.
        """
        emissions, packing, wished = self._read(emissions, mask, allowed)
        if allowed is not None:
            _, is_possible = self._best_paths(wished, packing)
            keeps_wish = torch.tensor(is_possible, device=emissions.device).view(-1, 1, 1)
            wished = torch.where(keeps_wish, wished, emissions)
        return self._posterior(wished, packing)

    def marginals(self, emissions: Tensor, mask: Tensor | None = None) -> Tensor:
        """Probability of each tag at each word, in the layout of the emissions, zeros in the padding, no gradient."""
        marginals = self.posterior(emissions, mask).marginals().to(emissions.device)
        return marginals if self.batch_first else marginals.transpose(0, 1)

    def path_probabilities(
        self, emissions: Tensor, mask: Tensor | None, paths: Tensor, rows: Tensor, starts: Tensor, lengths: Tensor
    ) -> Tensor:
        """The probability of stretches of tags: see `Posterior.path_probabilities`."""
        return self.posterior(emissions, mask).path_probabilities(paths, rows, starts, lengths)

    def extra_repr(self) -> str:
        return f"num_tags={self.num_tags}, batch_first={self.batch_first}"

    def _read(
        self, emissions: Tensor, mask: Tensor | None, allowed: Tensor | None = None
    ) -> tuple[Tensor, Packing, Tensor]:
        """Checked emissions `(B, L, K)`, where their words lie, and the emissions of allowed tags only."""
        emissions = read_emissions(emissions, self.num_tags, self.batch_first)
        lengths = read_lengths(mask, emissions, self.batch_first)
        packing = Packing(lengths, emissions.shape[1], emissions.device)
        if allowed is None:
            return emissions, packing, emissions
        allowed = read_companion("allowed", allowed, emissions, self.batch_first, with_tags=True).bool()
        check_allowed(allowed, packing)
        return emissions, packing, emissions.masked_fill(~allowed, -torch.inf)


def reduce(values: Tensor, num_words: int | Tensor, reduction: str) -> Tensor:
    """Reduce one value per sentence as `Decoder.forward` says.

    Raises:
        ValueError: there is no such reduction.
    """
    if reduction == "none":
        return values
    if reduction == "mean":
        return values.mean()
    if reduction == "sum":
        return values.sum()
    if reduction == "token_mean":
        return values.sum() / num_words
    raise ValueError(f"reduction must be one of {', '.join(REDUCTIONS)}, got {reduction!r}")
