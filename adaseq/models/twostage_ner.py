"""Named entities in two stages: find the mentions, then give each its type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from adaseq.data.tags import allowed_transitions, tags_to_spans
from adaseq.errors import ModelError, nearest
from adaseq.metainfo import Models
from adaseq.models.base import Batch, Prediction
from adaseq.models.guidance import CERTAIN, Guidance, guide_tags
from adaseq.models.spans import SpanModel
from adaseq.models.weights import read_weights
from adaseq.modules.biaffine import Biaffine
from adaseq.modules.decoders.base import Decoder
from adaseq.modules.decoders.crf import CRF
from adaseq.modules.decoders.linear import UNLABELLED, LinearDecoder
from adaseq.modules.decoders.partial_crf import ANY_TAG, PartialCRF
from adaseq.modules.decoders.posterior import Posterior
from adaseq.modules.embedders.base import Embedder
from adaseq.modules.encoders.base import Encoder
from adaseq.modules.encoders.span import SpanEncoder
from adaseq.modules.span_search import FoundSpan
from adaseq.registry import MODELS, Lazy
from adaseq.utils.ranges import Rate
from adaseq.utils.tag_schemes import MENTION_TAGS

# The number of a sentence, the first word and the last one.
_Mention = tuple[int, int, int]
_MENTION = "SPAN"
_BEGIN, _INSIDE, _END, _SINGLE = (MENTION_TAGS.index(f"{prefix}-{_MENTION}") for prefix in "BIES")


class _Tagged(NamedTuple):
    """The tag scores of sentences `(R, T, K)`, their mask `(R, T)`, the tags that a dictionary allows `(R, T, K)` (None if all),
    and the numbers of the sentences in the batch."""

    scores: Tensor
    mask: Tensor
    allowed: Tensor | None
    rows: list[int]


@MODELS.register(Models.TWOSTAGE_NER, supplied_unless_given=("id_to_label",))
class TwostageNerModel(SpanModel):
    """Tags mentions without their types, with a CRF that knows which tags may follow each other; then types each mention.

    What a mention is can be learned across label sets, and is all that has to be carried over to a new one (`load_parts`).

    The arguments that are not listed are those of `SpanModel`.

    Args:
        typing_id_to_label: the types and their ids, instead of the preprocessor's.
        ident_id_to_label: the tags of mentions and their ids: always O, B-SPAN, I-SPAN, E-SPAN, S-SPAN.
        use_crf: score whole tag sequences; false decides each word by itself.
        load_parts: parts of the model that begin with the weights of another one: `embedder`, `ident_linear`, `crf`, …; they
            come from `model_helper_path`.
        model_helper_path: the model folder, or the file of weights, from which `load_parts` are taken.
        span_encoder_method: what represents a mention: `concat`, its first and its last word side by side.
        word_dropout: dropout on word vectors.
        use_biaffine: type mentions with a biaffine form of their first and last words in place of a linear layer.
        id_to_label: the same as `typing_id_to_label`.
    """

    entity_forms = frozenset()

    def __init__(
        self,
        embedder: Embedder,
        id_to_label: dict[int, str] | None = None,
        typing_id_to_label: dict[int, str] | None = None,
        ident_id_to_label: dict[int, str] | None = None,
        encoder: Lazy[Encoder] | None = None,
        use_crf: bool = True,
        load_parts: list[str] | None = None,
        model_helper_path: str | None = None,
        span_encoder_method: Literal["concat"] = "concat",
        word_dropout: Rate = 0.0,
        use_biaffine: bool = False,
    ) -> None:
        self.check_arguments(
            {"ident_id_to_label": ident_id_to_label, "load_parts": load_parts, "model_helper_path": model_helper_path}
        )
        types = typing_id_to_label or id_to_label
        if types is None:
            raise ModelError("twostage-ner-model needs the types: id_to_label")
        super().__init__(embedder, types, encoder, word_dropout)
        self.ident_linear = nn.Linear(self.word_size, len(MENTION_TAGS))
        self.use_crf = use_crf
        if use_crf:
            constraints = allowed_transitions(MENTION_TAGS, "BIOES")
            self.crf = PartialCRF(len(MENTION_TAGS), batch_first=True, constraints=constraints)
        else:
            self._linear_decoder = LinearDecoder(len(MENTION_TAGS), batch_first=True)
        self.span_encoder = SpanEncoder(self.word_size, span_encoder_method, use_biaffine=use_biaffine)
        self.use_biaffine = use_biaffine
        num_types = len(self.id_to_label)
        if use_biaffine:
            self.typing_biaffine = Biaffine(self.span_encoder.hidden_size, num_types)
        else:
            self.typing_linear = nn.Linear(self.span_encoder.output_size, num_types)
        if load_parts:
            self._take_over(load_parts, Path(str(model_helper_path)))

    @staticmethod
    def check_arguments(arguments: Mapping[str, Any]) -> None:
        """Refuse other tags of mentions, and parts that come from nowhere.

        Raises:
            ModelError: it was asked for.
        """
        tags = arguments.get("ident_id_to_label")
        if tags is not None and {int(i): tag for i, tag in tags.items()} != dict(enumerate(MENTION_TAGS)):
            raise ModelError(
                "model.ident_id_to_label is fixed: leave it out, or give "
                + ", ".join(f"{i}: {tag}" for i, tag in enumerate(MENTION_TAGS))
            )
        if bool(arguments.get("load_parts")) != bool(arguments.get("model_helper_path")):
            raise ModelError(
                "model.load_parts says which parts begin with weights of another model, and model.model_helper_path where these "
                "are: give both or neither"
            )

    @property
    def decoder(self) -> Decoder:
        """What turns the scores of words into mentions."""
        return self.crf if self.use_crf else self._linear_decoder

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The loss of the tags, averaged over sentences (over words without a CRF), and of the types, over mentions."""
        words, mask = self.words(batch)
        scores = self.ident_linear(words)
        tags, kept = batch["ident_ids"], mask.any(1)
        if kept.any():
            loss = -self._likelihood(scores[kept], tags[kept], mask[kept])
        else:
            loss = scores.sum() * 0.0
        sentences, starts, lasts, types = batch["cells"].unbind(1)
        typing = self._types(words, sentences, starts, lasts)
        if len(types):
            loss = loss + cross_entropy(typing.float(), types)
        return {"loss": loss + typing.sum() * 0.0, "logits": scores}

    def decode(self, batch: Batch, with_prob: bool = False) -> list[Prediction]:
        """The `spans` of each sentence, each with `prob` if asked: that of the mention times that of its type."""
        words, tagged = self._tagged(batch)
        found: list[list[FoundSpan]] = [[] for _ in range(len(words))]
        tags = self._best_mentions(tagged)
        mentions = list(tags)
        if mentions:
            best = self._type_probabilities(words, mentions, tagged, batch).max(1)
            probabilities = best.values
            if with_prob:
                posterior = self.decoder.posterior(tagged.scores, tagged.mask, tagged.allowed)
                probabilities = probabilities * _mention_probabilities(posterior, tags)
            for (number, start, last), label, prob in zip(
                mentions, best.indices.tolist(), probabilities.tolist(), strict=True
            ):
                found[tagged.rows[number]].append(FoundSpan(start, last, label, prob))
        return self.predictions(found, batch, with_prob)

    def decode_candidates(self, batch: Batch, least: float) -> list[Prediction]:
        """All mentions with all types of at least some probability, as `prob`, whether they overlap or not."""
        words, tagged = self._tagged(batch)
        found: list[list[FoundSpan]] = [[] for _ in range(len(words))]
        if tagged.rows:
            posterior = self.decoder.posterior(tagged.scores, tagged.mask, tagged.allowed)
            # Without a CRF the best mentions may be spelt in another way than others are.
            tags = {**_possible_mentions(posterior.marginals().tolist(), least), **self._best_mentions(tagged)}
            mentions = list(tags)
            if mentions:
                probabilities = self._type_probabilities(words, mentions, tagged, batch)
                probabilities = probabilities * _mention_probabilities(posterior, tags).unsqueeze(1)
                for place, label in (probabilities >= least).nonzero().tolist():
                    number, start, last = mentions[place]
                    prob = float(probabilities[place, label])
                    found[tagged.rows[number]].append(FoundSpan(start, last, label, prob))
        return self.predictions(found, batch, with_prob=True)

    def portable_config(self, block: dict[str, Any]) -> dict[str, Any]:
        """The block that rebuilds this model from a model folder."""
        portable = super().portable_config(block)
        left_out = {
            "typing_id_to_label": None,
            "ident_id_to_label": None,
            "load_parts": None,
            "model_helper_path": None,
        }
        return {**portable, **left_out}

    def _types(self, words: Tensor, sentences: Tensor, starts: Tensor, lasts: Tensor) -> Tensor:
        """The scores of the types of some mentions, `(N, K)`."""
        first, last = words[sentences, starts], words[sentences, lasts]  # (N, H)
        if not self.use_biaffine:
            return self.typing_linear(self.span_encoder.spans(first, last))
        first, last = self.span_encoder.pairs(first, last)
        return self.typing_biaffine(first.unsqueeze(1), last.unsqueeze(1))[:, 0, :, 0]

    def _likelihood(self, scores: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        is_free = mask & (tags == ANY_TAG)
        if not self.use_crf:
            return self.decoder(scores, tags.masked_fill(is_free, UNLABELLED), mask, reduction="token_mean")
        if is_free.any():
            return self.crf(scores, tags, mask, reduction="mean")
        # Without words that are not annotated it costs half as much.
        return CRF.forward(self.crf, scores, tags, mask, reduction="mean")

    def _tagged(self, batch: Batch) -> tuple[Tensor, _Tagged]:
        """The word vectors `(B, T, H)`, and the tag scores of the sentences that have labelled words."""
        words, mask = self.words(batch)
        kept = mask.any(1)
        rows = kept.nonzero()[:, 0].tolist()
        scores, mask = self.ident_linear(words[kept]), mask[kept]
        guidance: Guidance | None = batch.get("guidance")
        if guidance is not None:
            of_rows = guidance.of(rows)
            plain = [[match._replace(type=_MENTION) for match in each] for each in of_rows.matches]
            guidance = Guidance(plain, guidance.bonus)
        scores, allowed = guide_tags(scores, guidance, dict(enumerate(MENTION_TAGS)), "BIOES")
        return words, _Tagged(scores, mask, allowed, rows)

    def _best_mentions(self, tagged: _Tagged) -> dict[_Mention, list[int]]:
        """The mentions of the best tags, with these."""
        if not tagged.rows:
            return {}
        paths = self.decoder.decode(tagged.scores, tagged.mask, allowed=tagged.allowed)
        return {
            (number, span["start"], span["end"] - 1): path[span["start"] : span["end"]]
            for number, path in enumerate(paths)
            for span in tags_to_spans([MENTION_TAGS[tag] for tag in path], "BIOES")
        }

    def _type_probabilities(self, words: Tensor, mentions: Sequence[_Mention], tagged: _Tagged, batch: Batch) -> Tensor:
        """The probabilities of the types of some mentions, `(N, K)`."""
        numbers, starts, lasts = torch.tensor(mentions, device=words.device).unbind(1)
        rows = torch.tensor(tagged.rows, device=words.device)
        scores = self._types(words, rows[numbers], starts, lasts).float()
        guidance: Guidance | None = batch.get("guidance")
        if guidance is not None:
            entries = {
                (row, match.start, match.end - 1): match.type
                for row, each in enumerate(guidance.matches)
                for match in each
            }
            classes = self.classes()
            for place, (number, start, last) in enumerate(mentions):
                kind = entries.get((tagged.rows[number], start, last))
                if kind is not None:
                    scores[place, classes[kind]] += CERTAIN if guidance.bonus is None else guidance.bonus
        return scores.softmax(1)

    def _take_over(self, parts: Sequence[str], path: Path) -> None:
        """Begin with the weights of some parts of another model."""
        weights, own = read_weights(path), self.state_dict()
        known = sorted({name.partition(".")[0] for name in own})
        taken: dict[str, Tensor] = {}
        for part in parts:
            wanted = [name for name in own if name == part or name.startswith(f"{part}.")]
            if not wanted:
                raise ModelError(
                    f"model.load_parts: the model has no part '{part}'{nearest(part, known) or ';'} its parts are "
                    f"{', '.join(known)}"
                )
            bad = [name for name in wanted if name not in weights or weights[name].shape != own[name].shape]
            if bad:
                raise ModelError(
                    f"model.load_parts: the weights in '{path}' do not fit the part '{part}': '{bad[0]}' is missing there or "
                    "has another shape"
                )
            taken.update({name: weights[name] for name in wanted})
        self.load_state_dict(taken, strict=False)


def _mention_probabilities(posterior: Posterior, tags: Mapping[_Mention, Sequence[int]]) -> Tensor:
    """The probability of the tags of each mention, summed over everything around it, `(N,)`."""
    longest = max(map(len, tags.values()))
    filled = torch.tensor([[*each, *[0] * (longest - len(each))] for each in tags.values()], device=posterior.device)
    numbers = [[number, start, last - start + 1] for number, start, last in tags]
    return posterior.path_probabilities(filled, *torch.tensor(numbers, device=posterior.device).unbind(1))


def _possible_mentions(marginals: Sequence[Sequence[Sequence[float]]], least: float) -> dict[_Mention, list[int]]:
    """The mentions that may be so probable, none of their tags being less so, with their tags.

    Args:
        marginals: for each sentence, word and tag its probability.
        least: the least probability of a mention.
    """
    mentions: dict[_Mention, list[int]] = {}
    for number, words in enumerate(marginals):
        for start, of_start in enumerate(words):
            if of_start[_SINGLE] >= least:
                mentions[number, start, start] = [_SINGLE]
            if of_start[_BEGIN] < least:
                continue
            for last in range(start + 1, len(words)):
                if words[last][_END] >= least:
                    mentions[number, start, last] = [_BEGIN, *[_INSIDE] * (last - start - 1), _END]
                if words[last][_INSIDE] < least:
                    break
    return mentions
