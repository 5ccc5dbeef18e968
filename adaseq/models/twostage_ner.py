"""Named entities in two stages: find the mentions, then give each its type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from adaseq.data.tags import allowed_transitions, tags_to_spans
from adaseq.errors import ModelError, nearest
from adaseq.metainfo import Models
from adaseq.models.base import Batch, Prediction
from adaseq.models.spans import SpanModel
from adaseq.models.weights import read_weights
from adaseq.modules.biaffine import Biaffine
from adaseq.modules.decoders.base import Decoder
from adaseq.modules.decoders.crf import CRF
from adaseq.modules.decoders.linear import LinearDecoder
from adaseq.modules.decoders.partial_crf import PartialCRF
from adaseq.modules.embedders.base import Embedder
from adaseq.modules.encoders.base import Encoder
from adaseq.modules.encoders.span import SpanEncoder
from adaseq.modules.span_search import FoundSpan
from adaseq.registry import MODELS, Lazy
from adaseq.utils.tag_schemes import MENTION_TAGS

_IGNORED, _ANY_TAG = -100, -1


@MODELS.register(Models.TWOSTAGE_NER, supplied_unless_given=("id_to_label",))
class TwostageNerModel(SpanModel):
    """Tags mentions without their types, with a CRF that knows which tags may follow each other; then types each mention.

    What a mention is can be learned across label sets, and is all that has to be carried over to a new one (`load_parts`).

    Args:
        embedder: turns pieces or words into word vectors.
        typing_id_to_label: the types and their ids, instead of the preprocessor's.
        ident_id_to_label: the tags of mentions and their ids: always O, B-SPAN, I-SPAN, E-SPAN, S-SPAN.
        encoder: runs over the word vectors; none by default.
        use_crf: score whole tag sequences; false decides each word by itself.
        load_parts: parts of the model that begin with the weights of another one: `embedder`, `ident_linear`, `crf`, …; they
            come from `model_helper_path`.
        model_helper_path: the model folder, or the file of weights, from which `load_parts` are taken.
        span_encoder_method: what represents a mention: `concat`, its first and its last word side by side.
        word_dropout: dropout on word vectors.
        use_biaffine: type mentions with a biaffine form of their first and last words in place of a linear layer.
        id_to_label: the same as `typing_id_to_label`.
    """

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
        word_dropout: float = 0.0,
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
        words, mask = self.words(batch)
        scores = self.ident_linear(words)
        found: list[list[FoundSpan]] = [[] for _ in range(len(mask))]
        kept = mask.any(1)
        rows = kept.nonzero()[:, 0].tolist()
        paths = self.decoder.decode(scores[kept], mask[kept]) if rows else []
        spans = [
            (row, span["start"], span["end"] - 1)
            for row, path in zip(rows, paths, strict=True)
            for span in tags_to_spans([MENTION_TAGS[tag] for tag in path], "BIOES")
        ]
        if spans:
            numbers = torch.tensor(spans, device=words.device)
            best = self._types(words, *numbers.unbind(1)).float().softmax(1).max(1)
            probabilities = best.values
            if with_prob:
                order = {row: number for number, row in enumerate(rows)}
                mentions = [(order[row], start, last) for row, start, last in spans]
                probabilities = probabilities * self._mention_probabilities(scores[kept], mask[kept], paths, mentions)
            for (row, start, last), label, prob in zip(
                spans, best.indices.tolist(), probabilities.tolist(), strict=True
            ):
                found[row].append(FoundSpan(start, last, label, prob))
        return self.predictions(found, batch, with_prob)

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
        is_free = mask & (tags == _ANY_TAG)
        if not self.use_crf:
            return self.decoder(scores, tags.masked_fill(is_free, _IGNORED), mask, reduction="token_mean")
        if is_free.any():
            return self.crf(scores, tags, mask, reduction="mean")
        # Without words that are not annotated it costs half as much.
        return CRF.forward(self.crf, scores, tags, mask, reduction="mean")

    def _mention_probabilities(
        self, scores: Tensor, mask: Tensor, paths: Sequence[Sequence[int]], mentions: Sequence[tuple[int, int, int]]
    ) -> Tensor:
        """The probability of the tags of each mention, summed over everything around it, `(N,)`."""
        longest = max(last - start + 1 for _, start, last in mentions)
        tags = torch.zeros(len(mentions), longest, dtype=torch.long)
        for target, (row, start, last) in zip(tags, mentions, strict=True):
            target[: last - start + 1] = torch.tensor(paths[row][start : last + 1])
        numbers = torch.tensor([[row, start, last - start + 1] for row, start, last in mentions], device=scores.device)
        return self.decoder.path_probabilities(scores, mask, tags.to(scores.device), *numbers.unbind(1))

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
