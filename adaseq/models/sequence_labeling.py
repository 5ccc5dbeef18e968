"""The tagger: named entities, parts of speech, chunks, words in unsegmented text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from adaseq.data.tags import allowed_transitions, tags_to_spans
from adaseq.errors import ModelError
from adaseq.metainfo import Models
from adaseq.models.base import Batch, Model, Prediction
from adaseq.modules.decoders.base import Decoder
from adaseq.modules.decoders.crf import CRF
from adaseq.modules.decoders.linear import LinearDecoder
from adaseq.modules.decoders.partial_crf import PartialCRF
from adaseq.modules.dropout import make_dropout
from adaseq.modules.embedders.base import Embedder
from adaseq.modules.encoders.base import Encoder
from adaseq.modules.losses.base import Loss, build_loss, check_loss
from adaseq.registry import MODELS, Lazy


@MODELS.register(Models.SEQUENCE_LABELING, supplied=("tag_scheme",), supplied_unless_given=("id_to_label",))
class SequenceLabelingModel(Model):
    """Gives each word a tag: embed, encode, project to tag scores, decode (Lample et al. 2016; Devlin et al. 2019).

    Args:
        embedder: turns pieces or words into word vectors.
        encoder: runs over the word vectors; none by default.
        dropout: on word vectors, before and after the encoder.
        word_dropout: the share of words whose vectors are dropped whole; true takes the rate of `dropout` for it and drops
            words in place of single features.
        variational_dropout: the share of features that are dropped in all words of a sentence alike (Gal and Ghahramani
            2016), in the same places as `dropout`.
        use_crf: score whole tag sequences with a linear-chain CRF; false decides each word by itself.
        partial: learn from partial annotation, summing over all tags that it allows.
        constrained: make tag sequences that the tag scheme forbids impossible.
        loss: of the tags of single words, with `use_crf: false`; cross entropy by default.
        id_to_label: the tags and their ids, instead of the preprocessor's.
        tag_scheme: the scheme that the tags are written in.
    """

    pipeline: ClassVar[str | None] = "sequence-labeling-pipeline"

    def __init__(
        self,
        embedder: Embedder,
        id_to_label: dict[int, str],
        encoder: Lazy[Encoder] | None = None,
        dropout: float = 0.0,
        word_dropout: bool | float = False,
        use_crf: bool = True,
        partial: bool = False,
        constrained: bool = False,
        tag_scheme: str = "BIOES",
        variational_dropout: float = 0.0,
        loss: Lazy[Loss] | None = None,
    ) -> None:
        super().__init__()
        self.check_arguments({"partial": partial, "constrained": constrained, "use_crf": use_crf, "loss": loss})
        self.id_to_label = {int(i): label for i, label in id_to_label.items()}
        self.tag_scheme = tag_scheme
        num_tags = len(self.id_to_label)
        self.embedder = embedder
        self.encoder = encoder.build(input_size=embedder.output_size) if encoder is not None else None
        self.dropout = make_dropout(dropout, word_dropout, variational_dropout)
        self.linear = nn.Linear((self.encoder or embedder).output_size, num_tags)
        self.use_crf = use_crf
        self.partial = partial
        constraints = None
        if constrained:
            constraints = allowed_transitions([self.id_to_label[i] for i in range(num_tags)], tag_scheme)
        if use_crf:
            crf_class = PartialCRF if partial else CRF
            self.crf: CRF = crf_class(num_tags, batch_first=True, constraints=constraints)
        else:
            self._linear_decoder = LinearDecoder(num_tags, batch_first=True)
        self.loss = build_loss(loss, [self.id_to_label[i] for i in range(num_tags)]) if loss is not None else None

    @staticmethod
    def check_arguments(arguments: Mapping[str, Any]) -> None:
        """Refuse what a decoder without a CRF cannot do, and a loss of single words with one.

        Raises:
            ModelError: it was asked for.
        """
        for name in ("partial", "constrained"):
            if arguments.get(name) and not arguments.get("use_crf", True):
                raise ModelError(f"model.{name}: true needs a CRF: set use_crf: true")
        if arguments.get("loss") is not None and arguments.get("use_crf", True):
            raise ModelError("model.loss judges words one by one, a CRF whole sentences: set use_crf: false")
        check_loss(arguments, is_multilabel=False)

    @property
    def decoder(self) -> Decoder:
        """What turns tag scores into tags."""
        return self.crf if self.use_crf else self._linear_decoder

    def emissions(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The tag scores of the labelled words.

        Returns:
            Scores `(B, T, K)` and the mask `(B, T)` of real words. T is L, less the context words where there are any.
        """
        tokens = batch["tokens"]
        mask = tokens["mask"]
        words = self.dropout(self.embedder(tokens))  # (B, L, H)
        if self.encoder is not None:
            words = self.dropout(self.encoder(words, mask))
        scores = self.linear(words)
        if "label_positions" in batch:
            return _take(scores, batch["label_positions"]), batch["label_mask"]
        return scores, mask

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The negative log-likelihood of sentences, averaged over them, with a CRF; else the loss of words, over words."""
        scores, mask = self.emissions(batch)
        tags, allowed = batch["label_ids"], batch.get("allowed")
        if "label_positions" in batch:
            tags = tags.gather(1, batch["label_positions"])
            allowed = None if allowed is None else _take(allowed, batch["label_positions"])
            scores, tags, allowed, mask = _drop_empty(scores, tags, allowed, mask)
            if not len(scores):
                return {"loss": self.linear.weight.sum() * 0.0, "logits": scores}
        if self.loss is not None:
            return {"loss": self.loss(scores[mask], tags[mask]), "logits": scores}
        if allowed is not None and isinstance(self.decoder, PartialCRF):
            likelihood = self.decoder(scores, None, mask, reduction="mean", allowed=allowed)
        else:
            likelihood = self.decoder(scores, tags, mask, reduction="mean" if self.use_crf else "token_mean")
        return {"loss": -likelihood, "logits": scores}

    def decode(self, batch: Batch, with_prob: bool = False) -> list[Prediction]:
        """The tags and spans of each sentence: `tags`, one for each word, and `spans`, each with `prob` if asked."""
        scores, mask = self.emissions(batch)
        kept = mask.any(1)
        is_whole = bool(kept.all())
        rows = range(len(scores)) if is_whole else kept.nonzero()[:, 0].tolist()
        paths: list[list[int]] = [[] for _ in range(len(scores))]
        if not is_whole:
            scores, mask = scores[kept], mask[kept]
        if len(scores):
            for row, path in zip(rows, self.decoder.decode(scores, mask), strict=True):
                paths[row] = path
        tags = [[self.id_to_label[i] for i in path] for path in paths]
        spans = [[dict(span) for span in tags_to_spans(each, self.tag_scheme)] for each in tags]
        if with_prob and len(scores):
            self._add_probabilities(scores, mask, [paths[row] for row in rows], [spans[row] for row in rows])
        predictions = [{"tags": t, "spans": s} for t, s in zip(tags, spans, strict=True)]
        return self._with_context(predictions, batch) if "label_positions" in batch else predictions

    def portable_config(self, block: dict[str, Any]) -> dict[str, Any]:
        """The block that rebuilds this model from a model folder."""
        return {**block, "embedder": self.embedder.portable_config(block["embedder"]), "id_to_label": self.id_to_label}

    def save_assets(self, folder: Path) -> None:
        """Write the embedder's files into the model folder."""
        self.embedder.save_assets(folder)

    def _add_probabilities(
        self, scores: Tensor, mask: Tensor, paths: list[list[int]], spans: list[list[dict[str, Any]]]
    ) -> None:
        """Set `prob` of each span: the probability of its whole tag path, summed over everything around it."""
        found = [(row, span) for row, each in enumerate(spans) for span in each]
        if not found:
            return
        longest = max(span["end"] - span["start"] for _, span in found)
        filled = torch.zeros(len(found), longest, dtype=torch.long)
        for target, (row, span) in zip(filled, found, strict=True):
            target[: span["end"] - span["start"]] = torch.tensor(paths[row][span["start"] : span["end"]])
        numbers = torch.tensor([[row, s["start"], s["end"] - s["start"]] for row, s in found]).to(scores.device)
        probabilities = self.decoder.path_probabilities(scores, mask, filled.to(scores.device), *numbers.unbind(1))
        for (_, span), probability in zip(found, probabilities.tolist(), strict=True):
            span["prob"] = probability

    def _with_context(self, predictions: list[Prediction], batch: Batch) -> list[Prediction]:
        """Put the predictions for labelled words back to their places among the context words."""
        lengths = batch["tokens"]["mask"].sum(1).tolist()
        for prediction, length, places in zip(predictions, lengths, batch["label_positions"].tolist(), strict=True):
            tags = ["O"] * length
            for place, tag in zip(places, prediction["tags"], strict=False):
                tags[place] = tag
            prediction["tags"] = tags
            for span in prediction["spans"]:
                span["start"], span["end"] = places[span["start"]], places[span["end"] - 1] + 1
        return predictions


def _take(values: Tensor, positions: Tensor) -> Tensor:
    """From `(B, L, K)` the places `(B, T)`, as `(B, T, K)`."""
    return values.gather(1, positions.unsqueeze(-1).expand(-1, -1, values.shape[-1]))


def _drop_empty(
    scores: Tensor, tags: Tensor, allowed: Tensor | None, mask: Tensor
) -> tuple[Tensor, Tensor, Tensor | None, Tensor]:
    """Leave out sentences that are context altogether."""
    kept = mask.any(1)
    return scores[kept], tags[kept], None if allowed is None else allowed[kept], mask[kept]
