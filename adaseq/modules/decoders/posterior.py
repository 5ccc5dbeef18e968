"""What a decoder believes about a batch: probabilities of tags and of stretches of tags."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from adaseq.modules.decoders.inputs import mask_from_lengths
from adaseq.modules.decoders.likelihood import forward_backward
from adaseq.modules.decoders.packing import Packing, Scores


class Posterior(ABC):
    """The distribution over the tag paths of a batch. Its quantities carry no gradient.

    Args:
        lengths: words of each sentence.
        num_tags: how many tags there are (K).
        device: where its tensors live.

    Attributes:
        log_partition: `(B,)` the score of a path less this is its log-probability.
    """

    log_partition: Tensor

    def __init__(self, lengths: list[int], num_tags: int, device: torch.device) -> None:
        self.lengths = lengths
        self.num_tags = num_tags
        self.device = device

    @abstractmethod
    def marginals(self) -> Tensor:
        """Probability of each tag of each word, `(B, L, K)`, zeros in the padding."""

    @abstractmethod
    def _log_steps(self, paths: Tensor, sentences: Tensor, words: Tensor) -> Tensor:
        """Log-probability of each tag of the paths given the tag before: `(N, M)`; all arguments are `(N, M)`."""

    @torch.no_grad()
    def path_probabilities(self, paths: Tensor, rows: Tensor, starts: Tensor, lengths: Tensor) -> Tensor:
        """The probability that stretches of words carry exactly the given tags, whatever the rest of the sentence does.

        For the tags of an entity this is the confidence in the entity.

        Args:
            paths: tags of the `N` stretches, `(N, M)`; what stands behind a stretch's end does not matter.
            rows: the sentence of each stretch, `(N,)`.
            starts: the word at which it starts, `(N,)`.
            lengths: its number of words, at least 1, `(N,)`.

        Returns:
            `(N,)`, between 0 and 1.

        Raises:
            ValueError: shapes do not fit, or a stretch or tag lies outside.
        """
        home = paths.device
        paths, rows, starts, lengths = (each.to(self.device) for each in (paths, rows, starts, lengths))
        self._check_query(paths, rows, starts, lengths)
        if not len(paths):
            return torch.zeros(0, device=home)
        step = torch.arange(paths.shape[1], device=paths.device)
        is_inside = step < lengths.unsqueeze(1)  # (N, M)
        words = torch.where(is_inside, starts.unsqueeze(1) + step, 0)
        log_steps = self._log_steps(torch.where(is_inside, paths, 0), rows.unsqueeze(1).expand_as(paths), words)
        # A step out of an impossible state is undefined; the path is impossible.
        log_path = torch.where(is_inside, log_steps, 0.0).nan_to_num_(nan=-torch.inf).sum(1)
        return log_path.exp().clamp_max_(1.0).to(home)

    def _check_query(self, paths: Tensor, rows: Tensor, starts: Tensor, lengths: Tensor) -> None:
        if paths.dim() != 2 or not (rows.shape == starts.shape == lengths.shape == paths.shape[:1]):
            received = ", ".join(str(tuple(each.shape)) for each in (paths, rows, starts, lengths))
            raise ValueError(f"paths (N, M), rows (N,), starts (N,) and lengths (N,) must match, got {received}")
        step = torch.arange(paths.shape[1], device=paths.device)
        in_batch = (rows >= 0) & (rows < len(self.lengths))
        sentence_lengths = torch.tensor(self.lengths, device=rows.device)[rows.where(in_batch, 0)]
        in_sentence = (starts >= 0) & (lengths >= 1) & (starts + lengths <= sentence_lengths)
        has_tags = ((paths >= 0) & (paths < self.num_tags) | (step >= lengths.unsqueeze(1))).all(1)
        is_good = in_batch & in_sentence & has_tags & (lengths <= paths.shape[1])
        if not is_good.all():
            bad = int((~is_good).nonzero()[0])
            raise ValueError(
                f"path {bad} does not lie in the batch: row {int(rows[bad])} of {len(self.lengths)}, start "
                f"{int(starts[bad])}, length {int(lengths[bad])}, tags {paths[bad].tolist()} of {self.num_tags}; "
                f"the sentences have {self.lengths} words"
            )


class IndependentPosterior(Posterior):
    """Every word's tag on its own.

    The arguments that are not listed are those of `Posterior`.

    Args:
        emissions: `(B, L, K)`.
    """

    def __init__(self, emissions: Tensor, lengths: list[int]) -> None:
        super().__init__(lengths, emissions.shape[2], emissions.device)
        self._log_probabilities = emissions.detach().log_softmax(2)
        self.log_partition = self._log_probabilities.new_zeros(len(lengths))

    def marginals(self) -> Tensor:
        is_word = mask_from_lengths(self.lengths, self._log_probabilities)
        return torch.where(is_word.unsqueeze(2), self._log_probabilities.exp(), 0.0)

    def _log_steps(self, paths: Tensor, sentences: Tensor, words: Tensor) -> Tensor:
        return self._log_probabilities[sentences, words, paths]


class ChainPosterior(Posterior):
    """The distribution of a linear-chain CRF: one forward–backward pass, run at construction.

    Args:
        scores: the scores that define it.
        packing: where the words lie.
    """

    def __init__(self, scores: Scores, packing: Packing) -> None:
        super().__init__(packing.lengths, len(scores.transitions), scores.emissions.device)
        self._packing = packing
        self._dtype = scores.emissions.dtype
        with torch.no_grad():
            packed, best = packing.pack_scores(scores)
            self._chain = forward_backward(packed, packing)
            self._marginals = self._chain.marginals()  # (N, K)
            log_partition = self._chain.log_partition + packing.sum(best)
        self.log_partition = log_partition[packing.rank].to(self._dtype)  # (B,)

    def marginals(self) -> Tensor:
        return self._packing.unpack(self._marginals.to(self._dtype))

    def _log_steps(self, paths: Tensor, sentences: Tensor, words: Tensor) -> Tensor:
        packed = self._packing.position(sentences, words)  # (N, M)
        log_steps = torch.empty(paths.shape, dtype=self._marginals.dtype, device=paths.device)
        log_steps[:, 0] = self._marginals[packed[:, 0], paths[:, 0]].log()
        log_steps[:, 1:] = self._chain.log_following(packed[:, 1:], packed[:, :-1], paths[:, 1:], paths[:, :-1])
        return log_steps.to(self._dtype)
