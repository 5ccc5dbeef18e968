"""The tagger: named entities, parts of speech, chunks, words in unsegmented text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from adaseq.data.tags import allowed_transitions, tags_to_spans
from adaseq.errors import ModelError
from adaseq.metainfo import Models
from adaseq.models.base import Ability, Batch, Model, Prediction
from adaseq.models.guidance import guide_tags
from adaseq.models.views import Divergence, check_views, divergence
from adaseq.modules.decoders.base import Decoder
from adaseq.modules.decoders.crf import CRF
from adaseq.modules.decoders.linear import UNLABELLED, LinearDecoder
from adaseq.modules.decoders.partial_crf import ANY_TAG, PartialCRF
from adaseq.modules.dropout import make_dropout
from adaseq.modules.embedders.base import Embedder
from adaseq.modules.encoders.base import Encoder, build_encoder
from adaseq.modules.losses.base import Loss, build_loss, check_loss
from adaseq.registry import MODELS, Lazy
from adaseq.utils.ranges import Rate
from adaseq.utils.tag_schemes import PLAIN, split_tag


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
        multiview: also train on the sentence without its context words, and pull what that view believes towards what the
            sentence with context says (Wang et al. 2021, 'Improving named entity recognition by external context retrieving and
            cooperative learning'); the preprocessor then has `return_original_view: true`.
        temperature: of the scores of the two views where they are compared.
        mv_loss_type: how the views are compared: `kl`, the tags of each word by themselves; `crf_kl`, whole tag paths of the CRF,
            exactly.
        mv_interpolation: the share of the losses of both views; the rest is the share of what divides them.
        chunk: retrieved context is read in chunks, each together with the sentence, and each tag has its best score among the
            chunks; the preprocessor then has a `chunk_size`.
    """

    pipeline: ClassVar[str | None] = "sequence-labeling-pipeline"
    abilities: ClassVar[frozenset[Ability]] = frozenset({"dictionary", "n_best"})
    predicts: ClassVar[frozenset[str]] = frozenset({"spans", "tags"})
    entity_forms = frozenset()

    def __init__(
        self,
        embedder: Embedder,
        id_to_label: dict[int, str],
        encoder: Lazy[Encoder] | None = None,
        dropout: Rate = 0.0,
        word_dropout: bool | Rate = False,
        use_crf: bool = True,
        partial: bool = False,
        constrained: bool = False,
        tag_scheme: str = "BIOES",
        variational_dropout: Rate = 0.0,
        loss: Lazy[Loss] | None = None,
        multiview: bool = False,
        temperature: float = 1.0,
        mv_loss_type: Divergence = "kl",
        mv_interpolation: float = 0.5,
        chunk: bool = False,
    ) -> None:
        super().__init__()
        decoding = {"partial": partial, "constrained": constrained, "use_crf": use_crf, "loss": loss}
        comparing = {"temperature": temperature, "mv_loss_type": mv_loss_type, "mv_interpolation": mv_interpolation}
        self.check_arguments({**decoding, **comparing})
        self.id_to_label = {int(i): label for i, label in id_to_label.items()}
        self.tag_scheme = tag_scheme
        num_tags = len(self.id_to_label)
        self.embedder = embedder
        self.encoder = build_encoder(encoder, embedder)
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
        self.multiview, self.temperature = multiview, temperature
        self.mv_loss_type: Divergence = mv_loss_type
        self.mv_interpolation = mv_interpolation
        self.chunk = chunk

    @staticmethod
    def check_arguments(arguments: Mapping[str, Any]) -> None:
        """Refuse what a decoder without a CRF cannot do, a loss of single words with one, and views that cannot be compared.

        Raises:
            ModelError: it was asked for.
        """
        check_views(arguments)
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
        scores = self._scores(tokens)
        if "chunk_rows" in batch:
            return scores[batch["chunk_rows"]].amax(1), batch["label_mask"]  # of (B, C, T, K)
        if self.chunk:
            raise ModelError("model.chunk needs the context in chunks: preprocessor.chunk_size")
        if "label_positions" in batch:
            return _take(scores, batch["label_positions"]), batch["label_mask"]
        return scores, tokens["mask"]

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The negative log-likelihood of sentences, averaged over them, with a CRF; else the loss of words, over words.

        With several views, the losses of both and what divides them, as `mv_interpolation` says.
        """
        scores, mask = self.emissions(batch)
        views = [scores, self._scores_without_context(batch)] if self.multiview else [scores]
        tags, allowed = batch["label_ids"], batch.get("allowed")
        if "label_positions" in batch:
            tags = tags.gather(1, batch["label_positions"])
            allowed = None if allowed is None else _take(allowed, batch["label_positions"])
            kept = mask.any(1)  # without the sentences that are context altogether
            tags, mask, views = tags[kept], mask[kept], [view[kept] for view in views]
            allowed = None if allowed is None else allowed[kept]
            if not len(tags):
                return {"loss": self.linear.weight.sum() * 0.0, "logits": scores}
        if not self.multiview:
            return {"loss": self._judge(views[0], tags, mask, allowed), "logits": views[0]}
        # Both views at once take less time than one after the other, and the mean over them is half the sum of their means.
        twice = None if allowed is None else torch.cat([allowed, allowed])
        loss = 2 * self._judge(torch.cat(views), torch.cat([tags, tags]), torch.cat([mask, mask]), twice)
        gap = divergence(self.decoder, views[1], views[0], mask, self.mv_loss_type, self.temperature)
        return {"loss": self.mv_interpolation * loss + (1 - self.mv_interpolation) * gap, "logits": views[0]}

    def _scores(self, tokens: Batch) -> Tensor:
        """The tag scores of all words, `(B, L, K)`."""
        words = self.dropout(self.embedder(tokens))  # (B, L, H)
        if self.encoder is not None:
            words = self.dropout(self.encoder(words, tokens["mask"]))
        scores: Tensor = self.linear(words)
        return scores

    def _scores_without_context(self, batch: Batch) -> Tensor:
        """The tag scores of the labelled words `(B, T, K)`, read without the context words."""
        if "origin" not in batch:
            raise ModelError(
                "model.multiview needs the sentence without its context: preprocessor.return_original_view: true"
            )
        return self._scores(batch["origin"]["tokens"])

    def _judge(self, scores: Tensor, tags: Tensor, mask: Tensor, allowed: Tensor | None) -> Tensor:
        """The loss of some scores `(B, T, K)`."""
        if self.loss is not None:
            loss: Tensor = self.loss(scores[mask], tags[mask])
            return loss
        if not self.use_crf:
            return -self.decoder(scores, tags.masked_fill(tags == ANY_TAG, UNLABELLED), mask, reduction="token_mean")
        if allowed is not None and isinstance(self.crf, PartialCRF):
            return -self.crf(scores, None, mask, reduction="mean", allowed=allowed)
        try:
            return -self.crf(scores, tags, mask, reduction="mean")
        except ValueError as error:
            if not self.partial and bool((tags == ANY_TAG).any()):
                raise ModelError(
                    "some words of the training data are not annotated (PARTIAL): set model.partial: true, so that they may have any "
                    "tag; or use_crf: false, which leaves them out"
                ) from error
            raise

    @property
    def types(self) -> list[str]:
        """The types of spans, or the labels of words."""
        tags = [self.id_to_label[i] for i in range(len(self.id_to_label))]
        labels = tags if self.tag_scheme == PLAIN else [split_tag(tag)[1] for tag in tags if tag != "O"]
        return list(dict.fromkeys(labels))

    def decode(self, batch: Batch, with_prob: bool = False) -> list[Prediction]:
        """The tags and spans of each sentence: `tags`, one for each word, and `spans`, each with `prob` if asked."""
        tagged = self._tagged(batch)
        paths: list[list[int]] = [[] for _ in range(tagged.num_sentences)]
        if tagged.rows:
            for row, path in zip(
                tagged.rows, self.decoder.decode(tagged.scores, tagged.mask, allowed=tagged.allowed), strict=True
            ):
                paths[row] = path
        readings = [(row, self._reading(path)) for row, path in enumerate(paths)]
        if with_prob:
            self._add_probabilities(readings, paths, tagged)
        _put_context_back(readings, batch)
        return [reading for _, reading in readings]

    def decode_readings(self, batch: Batch, count: int) -> list[Prediction]:
        """The predictions for a batch, each with `readings`: the most probable tag paths, each with `tags`, `spans` and `prob`.

        A path that spells the same spans as a better one is left out.
        """
        tagged = self._tagged(batch)
        found: list[list[tuple[list[int], float]]] = [[([], 1.0)] for _ in range(tagged.num_sentences)]
        if tagged.rows:
            ranked = self.decoder.decode(tagged.scores, tagged.mask, nbest=2 * count, allowed=tagged.allowed)
            posterior = self.decoder.posterior(tagged.scores, tagged.mask, tagged.allowed)
            for row, paths, total in zip(tagged.rows, ranked, posterior.log_partition.tolist(), strict=True):
                found[row] = [(path, min(math.exp(score - total), 1.0)) for path, score in paths]
        readings: list[tuple[int, Prediction]] = []
        chosen: list[list[int]] = []
        for row, each in enumerate(found):
            seen: list[Any] = []
            for path, probability in each:
                reading = self._reading(path)
                if len(seen) < count and reading["spans"] not in seen:
                    seen.append([dict(span) for span in reading["spans"]])
                    readings.append((row, {**reading, "prob": probability}))
                    chosen.append(path)
        self._add_probabilities(readings, chosen, tagged)
        _put_context_back(readings, batch)
        by_row: list[list[Prediction]] = [[] for _ in found]
        for row, reading in readings:
            by_row[row].append(reading)
        return [{"tags": each[0]["tags"], "spans": each[0]["spans"], "readings": each} for each in by_row]

    def portable_config(self, block: dict[str, Any]) -> dict[str, Any]:
        """The block that rebuilds this model from a model folder."""
        return {**super().portable_config(block), "id_to_label": self.id_to_label}

    def _tagged(self, batch: Batch) -> _Tagged:
        """The tag scores of the sentences that have labelled words, and what a dictionary says about them."""
        scores, mask = self.emissions(batch)
        kept = mask.any(1)
        count, guidance = len(scores), batch.get("guidance")
        rows = list(range(count)) if bool(kept.all()) else kept.nonzero()[:, 0].tolist()
        if len(rows) < count:
            scores, mask = scores[kept], mask[kept]
            guidance = None if guidance is None else guidance.of(rows)
        scores, allowed = guide_tags(scores, guidance, self.id_to_label, self.tag_scheme)
        return _Tagged(scores, mask, allowed, rows, count)

    def _reading(self, path: list[int]) -> Prediction:
        tags = [self.id_to_label[i] for i in path]
        return {"tags": tags, "spans": [dict(span) for span in tags_to_spans(tags, self.tag_scheme)]}

    def _add_probabilities(
        self, readings: list[tuple[int, Prediction]], paths: list[list[int]], tagged: _Tagged
    ) -> None:
        """Set `prob` of each span: the probability of its whole tag path, summed over everything around it."""
        places = {row: place for place, row in enumerate(tagged.rows)}
        found = [
            (places[row], path, span)
            for (row, reading), path in zip(readings, paths, strict=True)
            for span in reading["spans"]
        ]
        if not found:
            return
        longest = max(span["end"] - span["start"] for _, _, span in found)
        filled = torch.zeros(len(found), longest, dtype=torch.long)
        for target, (_, path, span) in zip(filled, found, strict=True):
            target[: span["end"] - span["start"]] = torch.tensor(path[span["start"] : span["end"]])
        scores = tagged.scores
        numbers = torch.tensor([[row, s["start"], s["end"] - s["start"]] for row, _, s in found]).to(scores.device)
        posterior = self.decoder.posterior(scores, tagged.mask, tagged.allowed)
        probabilities = posterior.path_probabilities(filled.to(scores.device), *numbers.unbind(1))
        for (_, _, span), probability in zip(found, probabilities.tolist(), strict=True):
            span["prob"] = probability


class _Tagged(NamedTuple):
    """Tag scores of sentences, and which sentences of the batch these are.

    Attributes:
        scores: `(R, T, K)`.
        mask: `(R, T)` True for labelled words.
        allowed: `(R, T, K)` which tags a dictionary allows; None if all.
        rows: the numbers of the sentences in the batch.
        num_sentences: B; those that are missing here have no labelled word.
    """

    scores: Tensor
    mask: Tensor
    allowed: Tensor | None
    rows: list[int]
    num_sentences: int


def _put_context_back(readings: list[tuple[int, Prediction]], batch: Batch) -> None:
    """Move readings of labelled words to their places among the context words.

    Args:
        readings: each with the number of its sentence.
        batch: the batch.
    """
    if "label_positions" not in batch:
        return
    lengths = (batch["num_words"] if "num_words" in batch else batch["tokens"]["mask"].sum(1)).tolist()
    positions = batch["label_positions"].tolist()
    for row, reading in readings:
        places, tags = positions[row], ["O"] * lengths[row]
        for place, tag in zip(places, reading["tags"], strict=False):
            tags[place] = tag
        reading["tags"] = tags
        for span in reading["spans"]:
            span["start"], span["end"] = places[span["start"]], places[span["end"] - 1] + 1


def _take(values: Tensor, positions: Tensor) -> Tensor:
    """From `(B, L, K)` the places `(B, T)`, as `(B, T, K)`."""
    return values.gather(1, positions.unsqueeze(-1).expand(-1, -1, values.shape[-1]))
