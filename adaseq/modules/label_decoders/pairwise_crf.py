"""A conditional random field over all pairs of labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn

from adaseq.errors import ModelError
from adaseq.metainfo import LabelDecoders
from adaseq.modules.label_decoders.base import LabelDecoder
from adaseq.modules.label_decoders.label_vectors import LabelKind, label_vectors
from adaseq.registry import LABEL_DECODERS

_AGREEING, _VIEWS = ("00", "11"), ("00", "01", "10", "11")


@LABEL_DECODERS.register(LabelDecoders.PAIRWISE_CRF, supplied=("labels",))
class PairwiseCRF(LabelDecoder):
    """Lets labels vote for and against each other (NPCRF; Jiang et al. 2022, 'Modeling label correlations for ultra-fine entity
    typing with neural pairwise conditional random field', section 3).

    Each label j is a variable y_j that is 0 or 1. A set of labels has the probability `exp(sum_j s_j y_j + sum_{j<k}
    t_{y_j y_k}(j, k)) / Z`, where s are the scores that it is given. The potentials t of pairs have a low rank: with the views
    `e_v = MLP_v(label vectors)`, `t_11(j, k) = e_11(j) · e_11(k)`, `t_00(j, k) = e_00(j) · e_00(k)` and `t_01(j, k) = -e_01(j) ·
    e_10(k)`. The probability of each single label is found by mean-field inference; as the potentials are never written
    out, its cost grows with the number of labels and not with its square.

    Args:
        labels: the labels in the order of the scores.
        label_emb_dim: the width of the label vectors.
        label_emb_type: how the text of a label is looked up among word vectors: glove, the mean of its words in lower case;
            tencent, the label as a whole, or the mean of its characters.
        source_emb_file_path: a file of word vectors to begin with; without it the label vectors begin at random.
        target_emb_dir: the folder where the label vectors taken from that file are kept, so that it is read only once.
        target_emb_name: the name of the file in that folder.
        pairwise_factor: the rank of the potentials.
        two_potential: two views do for all potentials, `e_01 = e_00` and `e_10 = e_11`; false makes four.
        sign_trick: labels that do not hold together have the negative product, as above; false leaves out the minus.
        mfvi_step_size: how far an iteration goes from the old logits (0) to the new ones (1).
        mfvi_scaler: what the votes of the other labels are multiplied by.
        mfvi_iteration: how often the labels vote.
        return_logits: false makes the decoder return probabilities when it is called by itself; models ask for logits, which are
            exact where probabilities are 0 or 1.
        label_dropout: on the label vectors.
    """

    def __init__(
        self,
        labels: list[str],
        label_emb_dim: int = 300,
        label_emb_type: LabelKind = "glove",
        source_emb_file_path: str | None = None,
        target_emb_dir: str | None = None,
        target_emb_name: str = "label.emb",
        pairwise_factor: int = 20,
        two_potential: bool = True,
        sign_trick: bool = True,
        mfvi_step_size: float = 1.0,
        mfvi_scaler: float = 1.0,
        mfvi_iteration: int = 3,
        return_logits: bool = True,
        label_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.check_arguments(
            {
                "label_emb_dim": label_emb_dim,
                "pairwise_factor": pairwise_factor,
                "mfvi_iteration": mfvi_iteration,
                "mfvi_step_size": mfvi_step_size,
                "label_dropout": label_dropout,
            }
        )
        self.two_potential, self.sign_trick = two_potential, sign_trick
        self.mfvi_step_size, self.mfvi_scaler, self.mfvi_iteration = mfvi_step_size, mfvi_scaler, mfvi_iteration
        self.return_logits = return_logits
        vectors = label_vectors(
            labels, label_emb_dim, label_emb_type, source_emb_file_path, target_emb_dir, target_emb_name
        )
        self.label_vectors = nn.Parameter(vectors)  # (K, E)
        self.dropout = nn.Dropout(label_dropout)
        names = _AGREEING if two_potential else _VIEWS
        self.views = nn.ModuleDict({name: _View(label_emb_dim, pairwise_factor, len(labels)) for name in names})

    @staticmethod
    def check_arguments(arguments: Mapping[str, Any]) -> None:
        """Refuse numbers that mean nothing.

        Raises:
            ModelError: there is one.
        """
        for name in ("label_emb_dim", "pairwise_factor"):
            if arguments.get(name, 1) < 1:
                raise ModelError(f"decoder.{name} must be at least 1; received {arguments[name]}")
        if arguments.get("mfvi_iteration", 0) < 0:
            raise ModelError(f"decoder.mfvi_iteration must not be negative; received {arguments['mfvi_iteration']}")
        if not 0 < arguments.get("mfvi_step_size", 1.0) <= 1:
            raise ModelError(
                f"decoder.mfvi_step_size must be more than 0 and at most 1; received {arguments['mfvi_step_size']}"
            )
        if not 0 <= arguments.get("label_dropout", 0.0) < 1:
            raise ModelError(
                f"decoder.label_dropout must be at least 0 and less than 1; received {arguments['label_dropout']}"
            )

    def forward(self, scores: Tensor) -> Tensor:
        """As `logits`; probabilities if these are asked for."""
        logits = self.logits(scores)
        return logits if self.return_logits else logits.sigmoid()

    def logits(self, scores: Tensor) -> Tensor:
        """The logits of the labels `(N, K)` after the votes of the others, from their own scores `(N, K)`."""
        with torch.autocast(scores.device.type, enabled=False):
            # Sums over thousands of labels need the precision.
            unary = scores.to(torch.promote_types(scores.dtype, torch.float32))
            views = {name: view.to(unary.dtype) for name, view in self._views().items()}
            logits = unary
            for _ in range(self.mfvi_iteration):
                updated = unary + self.mfvi_scaler * _votes(logits.sigmoid(), views, self._sign)
                logits = logits + self.mfvi_step_size * (updated - logits)
        return logits

    def potentials(self, first: Literal[0, 1], second: Literal[0, 1]) -> Tensor:
        """`t_ab` of all pairs of labels, `(K, K)`; what it has for a label with itself is not used.

        Args:
            first: a, whether the label of the row holds.
            second: b, whether the label of the column holds.
        """
        views = self._views()
        sign = self._sign if first != second else 1.0
        return sign * views[f"{first}{second}"] @ views[f"{second}{first}"].T

    def log_score(self, scores: Tensor, labels: Tensor) -> Tensor:
        """The unnormalised log-probability `(N,)` of sets of labels.

        Args:
            scores: `(N, K)`.
            labels: `(N, K)` 1.0 for the labels that hold, else 0.0.
        """
        pairs = scores.new_zeros(len(scores))
        for a, one in ((0, 1 - labels), (1, labels)):
            for b, other in ((0, 1 - labels), (1, labels)):
                table = self.potentials(a, b)  # type: ignore[arg-type]
                pairs = pairs + torch.einsum("nj,jk,nk->n", one, table - torch.diag(table.diag()), other)
        return (scores * labels).sum(1) + pairs / 2

    def portable_config(self, block: dict[str, Any] | str) -> dict[str, Any]:
        """The block without the files, whose vectors are among the weights."""
        return {**super().portable_config(block), "source_emb_file_path": None, "target_emb_dir": None}

    @property
    def _sign(self) -> float:
        return -1.0 if self.sign_trick else 1.0

    def _views(self) -> dict[str, Tensor]:
        """The vectors `(K, F)` of the labels for each pair of values: their own, and that of the other label."""
        vectors = self.dropout(self.label_vectors)
        views = {name: view(vectors) for name, view in self.views.items()}
        return {"01": views["00"], "10": views["11"], **views} if self.two_potential else views


class _View(nn.Module):
    """What a label shows to others.

    Args:
        input_size: the width of the label vectors.
        output_size: the rank of the potentials.
        num_labels: K; of many labels each shows less, so that the sum of their votes begins small.
    """

    def __init__(self, input_size: int, output_size: int, num_labels: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(input_size, input_size)
        self.output = nn.Linear(input_size, output_size)
        spread = 0.5 * (2 * output_size * num_labels) ** -0.25
        nn.init.normal_(self.output.weight, std=spread / input_size**0.5)
        nn.init.zeros_(self.output.bias)

    def forward(self, vectors: Tensor) -> Tensor:
        """From `(K, E)` to `(K, F)`."""
        return self.output(torch.tanh(self.hidden(vectors)))


def _votes(holds: Tensor, views: Mapping[str, Tensor], sign: float) -> Tensor:
    """How much the other labels speak for each label, `(N, K)`.

    For label j it is the sum over k ≠ j of `q_k (t_11(j, k) - t_01(j, k)) + (1 - q_k) (t_10(j, k) - t_00(j, k))`.

    Args:
        holds: q `(N, K)`, the probability of each label.
        views: the vectors `(K, F)` of the labels for each pair of values.
        sign: of the products of labels of which one holds.
    """
    fails = 1 - holds
    if_holds = (holds @ views["11"]) @ views["11"].T + sign * (fails @ views["01"]) @ views["10"].T
    if_fails = (fails @ views["00"]) @ views["00"].T + sign * (holds @ views["10"]) @ views["01"].T
    mixed = sign * (views["01"] * views["10"]).sum(1)  # (K,)
    own = holds * (views["11"].square().sum(1) - mixed) + fails * (mixed - views["00"].square().sum(1))
    return if_holds - if_fails - own
