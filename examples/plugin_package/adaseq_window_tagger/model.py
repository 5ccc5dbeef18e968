"""A tagger that sees a few words to the left and right, and nothing else."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from adaseq.data.tags import tags_to_spans
from adaseq.models.base import Batch, Model, Prediction
from adaseq.modules.embedders.base import Embedder
from adaseq.registry import MODELS


@MODELS.register("window-tagger", supplied=("tag_scheme",), supplied_unless_given=("id_to_label",))
class WindowTagger(Model):
    """Decides the tag of a word from the vectors of the words around it (Collobert et al. 2011, section 3.2.1).

    Args:
        embedder: turns pieces or words into word vectors.
        id_to_label: the tags and their ids.
        radius: how many words to each side are seen.
        hidden_size: the width of the hidden layer.
        dropout: on the hidden layer.
        tag_scheme: the scheme that the tags are written in.
    """

    def __init__(
        self,
        embedder: Embedder,
        id_to_label: dict[int, str],
        radius: int = 2,
        hidden_size: int = 100,
        dropout: float = 0.0,
        tag_scheme: str = "BIOES",
    ) -> None:
        super().__init__()
        self.embedder = embedder
        self.id_to_label = {int(i): tag for i, tag in id_to_label.items()}
        self.tag_scheme = tag_scheme
        self.hidden = nn.Conv1d(embedder.output_size, hidden_size, 2 * radius + 1, padding=radius)
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(hidden_size, len(self.id_to_label))

    def scores(self, batch: Batch) -> Tensor:
        """The tag scores `(B, L, K)`."""
        tokens = batch["tokens"]
        words = self.embedder(tokens).masked_fill(~tokens["mask"].unsqueeze(-1), 0.0)  # (B, L, H)
        hidden = self.hidden(words.transpose(1, 2)).transpose(1, 2)
        return self.linear(self.dropout(functional.hardtanh(hidden)))

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The cross-entropy of the labelled words; negative label ids mark padding and context."""
        scores = self.scores(batch)
        is_labelled = batch["label_ids"] >= 0
        loss = functional.cross_entropy(scores[is_labelled], batch["label_ids"][is_labelled], reduction="sum")
        return {"loss": loss / is_labelled.sum().clamp(min=1), "logits": scores}

    def decode(self, batch: Batch, with_prob: bool = False) -> list[Prediction]:
        """The best tag of each word by itself, as plain Python."""
        probabilities, ids = self.scores(batch).softmax(-1).max(-1)  # (B, L)
        is_labelled = _labelled_words(batch).tolist()
        predictions = []
        for row, length in enumerate(batch["tokens"]["mask"].sum(1).tolist()):
            tags = [
                self.id_to_label[i] if labelled else "O"
                for i, labelled in zip(ids[row, :length].tolist(), is_labelled[row], strict=False)
            ]
            spans: list[dict[str, Any]] = [dict(span) for span in tags_to_spans(tags, self.tag_scheme)]
            for span in spans if with_prob else []:
                span["prob"] = probabilities[row, span["start"] : span["end"]].prod().item()
            predictions.append({"tags": tags, "spans": spans})
        return predictions


def _labelled_words(batch: Batch) -> Tensor:
    """`(B, L)`: the words that are neither padding nor context."""
    mask = batch["tokens"]["mask"]
    if "label_positions" not in batch:
        return mask
    labelled = torch.zeros_like(mask)
    rows, places = batch["label_mask"].nonzero(as_tuple=True)
    labelled[rows, batch["label_positions"][rows, places]] = True
    return labelled
