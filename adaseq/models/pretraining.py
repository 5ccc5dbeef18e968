"""Pretraining for named entities: mentions, their types, and types that are asked for by a prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from adaseq.data.tags import tags_to_spans
from adaseq.metainfo import Models
from adaseq.models.base import Ability, Batch, Prediction
from adaseq.models.twostage_ner import TwostageNerModel
from adaseq.modules.embedders.base import Embedder
from adaseq.modules.encoders.base import Encoder
from adaseq.modules.prompts import prompt_table, with_prompts
from adaseq.modules.span_search import FoundSpan
from adaseq.registry import MODELS, Lazy
from adaseq.utils.ranges import NonNegative, Probability, Rate
from adaseq.utils.tag_schemes import MENTION_TAGS, spans_to_tags

_IDS = {tag: number for number, tag in enumerate(MENTION_TAGS)}


class _Mentions(NamedTuple):
    """Found mentions, each field `(N,)`, and the probability of each."""

    sentences: Tensor
    starts: Tensor
    lasts: Tensor
    probabilities: Tensor


@MODELS.register(Models.PRETRAINING, supplied=("prompt_pieces", "asked_pieces"), supplied_unless_given=("id_to_label",))
class PretrainingModel(TwostageNerModel):
    """Learns three things at once: to tag mentions whatever their type; to give a mention its types, of which it may have
    several; and, with the name of a type behind the text, to tag the mentions of this type alone. The last one also works for
    types that were never seen in training.

    Its parts have the names of those of `twostage-ner-model`, which can begin with them (`load_parts`).

    Args:
        embedder: turns pieces or words into word vectors; prompts need a backbone.
        class_threshold: the probability above which a mention has a type; the most probable type it always has.
        prompt_weight: the weight of the loss with prompts; 0 learns none. For each sentence a type is drawn in each epoch: half
            of the time one that is there, else any.
        prompt_pieces: the pieces of the prompt of each type.
        asked_pieces: those of the types that evaluation and prediction look for by prompts.
    """

    abilities: ClassVar[frozenset[Ability]] = frozenset()
    _prompts: Tensor
    _asked_prompts: Tensor

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
        class_threshold: Probability = 0.5,
        prompt_weight: NonNegative = 1.0,
        prompt_pieces: dict[str, list[int]] | None = None,
        asked_pieces: dict[str, list[int]] | None = None,
    ) -> None:
        super().__init__(
            embedder,
            id_to_label=id_to_label,
            typing_id_to_label=typing_id_to_label,
            ident_id_to_label=ident_id_to_label,
            encoder=encoder,
            use_crf=use_crf,
            load_parts=load_parts,
            model_helper_path=model_helper_path,
            span_encoder_method=span_encoder_method,
            word_dropout=word_dropout,
            use_biaffine=use_biaffine,
        )
        self.class_threshold, self.prompt_weight = class_threshold, prompt_weight
        self.learns_prompts = bool(prompt_weight) and prompt_pieces is not None
        known = prompt_pieces or {}
        rows = [known.get(label, []) for label in self.id_to_label.values()]
        self.register_buffer("_prompts", prompt_table(rows), persistent=False)
        self._asked: list[str] = []
        self.register_buffer("_asked_prompts", torch.zeros(0, 0, dtype=torch.long), persistent=False)
        if asked_pieces:
            self.set_prompts(asked_pieces)

    @property
    def types(self) -> list[str]:
        """The types that it looks for."""
        return self._asked or super().types

    def ask_for(self, types: Sequence[str], preprocessor: Any) -> None:
        """Look for some types alone from now on, by prompts."""
        self.set_prompts(preprocessor.pieces_of_prompts(types))

    def set_prompts(self, prompts: Mapping[str, Sequence[int]]) -> None:
        """Look for these types by prompts from now on; for none, in two stages.

        Args:
            prompts: the pieces of each type's prompt.
        """
        device = self._asked_prompts.device
        self._asked = list(prompts)
        self._asked_prompts = prompt_table(list(prompts.values())).to(device)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The loss of the tags, of the types of mentions, and of the tags with prompts, each a mean as in two stages."""
        words, mask = self.words(batch)
        scores = self.ident_linear(words)
        mentions = self._tagging_loss(scores, batch["ident_ids"], mask)
        typing = self._typing_loss(words, batch["cells"])
        outputs = {"loss": mentions + typing, "ident_loss": mentions.detach(), "typing_loss": typing.detach()}
        if self.learns_prompts:
            types = self._drawn_types(batch)
            prompted, _ = self.words(self._asking(batch, self._prompts[types]))
            prompt = self._tagging_loss(self.ident_linear(prompted), self._tags_of(batch, types), mask)
            outputs["loss"] = outputs["loss"] + self.prompt_weight * prompt
            outputs["prompt_loss"] = prompt.detach()
        return {**outputs, "logits": scores}

    def decode(self, batch: Batch, with_prob: bool = False) -> list[Prediction]:
        """The `spans` of each sentence, each with `prob` if asked, and `prompted`: the types that prompts asked for.

        A mention that is found for several prompts has the type of the one that makes it most probable.
        """
        found = self._by_prompts(batch) if self._asked else self._in_two_stages(batch)
        names = dict(enumerate(self._asked)) if self._asked else self.id_to_label
        predictions = self.predictions(found, batch, with_prob, names)
        return [{**prediction, "prompted": list(self._asked)} for prediction in predictions]

    def _tagging_loss(self, scores: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        kept = mask.any(1)
        if not kept.any():
            return scores.sum() * 0.0
        return -self._likelihood(scores[kept], tags[kept], mask[kept])

    def _typing_loss(self, words: Tensor, cells: Tensor) -> Tensor:
        """The binary cross-entropy of all types, summed over the types and averaged over mentions."""
        mentions, numbers = torch.unique(cells[:, :3], dim=0, return_inverse=True)
        scores = self._types(words, *mentions.unbind(1)).float()
        targets = torch.zeros_like(scores)
        targets[numbers, cells[:, 3]] = 1.0
        return binary_cross_entropy_with_logits(scores, targets, reduction="sum") / max(len(mentions), 1)

    def _drawn_types(self, batch: Batch) -> Tensor:
        """A type for each sentence, `(B,)`."""
        count, device = len(batch["index"]), batch["cells"].device
        is_there = torch.zeros(count, len(self.id_to_label), device=device)
        is_there[batch["cells"][:, 0], batch["cells"][:, 3]] = 1.0
        has_any = is_there.any(1)
        present = torch.multinomial(is_there + (~has_any)[:, None], 1)[:, 0]
        others = torch.randint(len(self.id_to_label), (count,), device=device)
        return torch.where((torch.rand(count, device=device) < 0.5) & has_any, present, others)

    def _tags_of(self, batch: Batch, types: Tensor) -> Tensor:
        """The tags of the mentions of one type in each sentence, `(B, T)`."""
        tags = batch["ident_ids"].masked_fill(batch["ident_ids"] > 0, 0)
        cells = batch["cells"]
        wanted = cells[cells[:, 3] == types[cells[:, 0]]].tolist()
        by_sentence: dict[int, list[dict[str, Any]]] = {}
        for sentence, start, last, _ in wanted:
            by_sentence.setdefault(sentence, []).append({"start": start, "end": last + 1, "type": "SPAN"})
        for sentence, spans in by_sentence.items():
            length = max(span["end"] for span in spans)
            spelled = [_IDS[tag] for tag in spans_to_tags(spans, length, "BIOES")]
            row = torch.tensor(spelled, device=tags.device)
            tags[sentence, :length] = torch.where(row > 0, row, tags[sentence, :length])
        return tags

    def _asking(self, batch: Batch, prompts: Tensor) -> Batch:
        """The batch with a prompt behind each text."""
        return {**batch, "tokens": with_prompts(batch["tokens"], prompts)}

    def _found(self, scores: Tensor, mask: Tensor) -> _Mentions:
        """The mentions that the tags spell."""
        kept = mask.any(1)
        rows = kept.nonzero()[:, 0].tolist()
        paths = self.decoder.decode(scores[kept], mask[kept]) if rows else []
        places = [
            (row, number, span["start"], span["end"] - 1)
            for number, (row, path) in enumerate(zip(rows, paths, strict=True))
            for span in tags_to_spans([MENTION_TAGS[tag] for tag in path], "BIOES")
        ]
        numbers = torch.tensor(places, dtype=torch.long, device=scores.device).reshape(-1, 4)
        probabilities = scores.new_zeros(0)
        if places:
            tags = torch.zeros(len(places), max(last - start for *_, start, last in places) + 1, dtype=torch.long)
            for target, (_, number, start, last) in zip(tags, places, strict=True):
                target[: last - start + 1] = torch.tensor(paths[number][start : last + 1])
            _, sentences, starts, lasts = numbers.unbind(1)
            stretches = (tags.to(scores.device), sentences, starts, lasts - starts + 1)
            probabilities = self.decoder.path_probabilities(scores[kept], mask[kept], *stretches)
        return _Mentions(numbers[:, 0], numbers[:, 2], numbers[:, 3], probabilities)

    def _in_two_stages(self, batch: Batch) -> list[list[FoundSpan]]:
        words, mask = self.words(batch)
        mentions = self._found(self.ident_linear(words), mask)
        found: list[list[FoundSpan]] = [[] for _ in range(len(mask))]
        if not len(mentions.sentences):
            return found
        types = self._types(words, mentions.sentences, mentions.starts, mentions.lasts).float().sigmoid()  # (N, K)
        is_chosen = types > self.class_threshold
        is_chosen[torch.arange(len(types)), types.argmax(1)] = True
        chosen, labels = is_chosen.nonzero().unbind(1)
        probabilities = mentions.probabilities[chosen] * types[chosen, labels]
        places = (each[chosen].tolist() for each in mentions[:3])
        for row, start, last, label, prob in zip(*places, labels.tolist(), probabilities.tolist(), strict=True):
            found[row].append(FoundSpan(start, last, label, prob))
        return found

    def _by_prompts(self, batch: Batch) -> list[list[FoundSpan]]:
        mask = batch["label_mask"] if "label_positions" in batch else batch["tokens"]["mask"]
        best: list[dict[tuple[int, int], FoundSpan]] = [{} for _ in range(len(mask))]
        for label in range(len(self._asked)):
            words, mask = self.words(self._asking(batch, self._asked_prompts[label : label + 1]))
            mentions = self._found(self.ident_linear(words), mask)
            for row, start, last, probability in zip(*(each.tolist() for each in mentions), strict=True):
                before = best[row].get((start, last))
                if before is None or before.probability < probability:
                    best[row][start, last] = FoundSpan(start, last, label, probability)
        return [list(each.values()) for each in best]
