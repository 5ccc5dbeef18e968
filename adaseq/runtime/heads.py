"""From the outputs of a graph to predictions: what the `decode` of each family of models does, in numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from adaseq.data.tags import tags_to_spans
from adaseq.runtime.chain import Chain, Decoder, Independent, Stretch

Arrays = Mapping[str, np.ndarray]
Prediction = dict[str, Any]


class Head(Protocol):
    """What decodes the scores of a family of models.

    Attributes:
        answers_empty: whether there is something to say about a text without any word.
    """

    answers_empty: ClassVar[bool]

    def predictions(self, outputs: Sequence[np.ndarray], batch: Arrays) -> list[Prediction]:
        """The predictions for a batch, as the model's `decode` gives them, with probabilities.

        Args:
            outputs: those of the graph.
            batch: what the graph was fed with, and more of the same batch.
        """
        ...


class TaggerHead:
    """Tags and spans of taggers.

    Args:
        facts: `labels`, the tags in the order of their ids; `tag_scheme`; `use_crf`.
        arrays: those of the CRF.
    """

    answers_empty: ClassVar[bool] = False

    def __init__(self, facts: Mapping[str, Any], arrays: Arrays) -> None:
        self.tags: list[str] = facts["labels"]
        self.scheme: str = facts["tag_scheme"]
        self.decoder: Decoder = Chain(arrays) if facts["use_crf"] else Independent()

    def predictions(self, outputs: Sequence[np.ndarray], batch: Arrays) -> list[Prediction]:
        """See `Head`; the output is `(B, L, K)`, scores of tags."""
        positions, label_mask = batch["label_positions"], batch["label_mask"]
        num_words = batch["tokens/mask"].sum(1)
        lengths = label_mask.sum(1)
        scores = outputs[0]
        has_context = bool((lengths != num_words).any())
        if has_context:
            scores = np.take_along_axis(scores, positions[:, :, None], 1)
        rows = np.flatnonzero(lengths)
        paths: list[list[int]] = [[] for _ in lengths]
        if len(rows):
            scores, lengths = (scores, lengths) if len(rows) == len(lengths) else (scores[rows], lengths[rows])
            for row, path in zip(rows.tolist(), self.decoder.best_paths(scores, lengths), strict=True):
                paths[row] = path
        found = [self._reading(path) for path in paths]
        self._add_probabilities(found, paths, rows, scores, lengths)
        if has_context:
            for prediction, places, count in zip(found, positions.tolist(), num_words.tolist(), strict=True):
                _put_context_back(prediction, places, count)
        return found

    def _reading(self, path: Sequence[int]) -> Prediction:
        tags = [self.tags[number] for number in path]
        return {"tags": tags, "spans": [dict(span) for span in tags_to_spans(tags, self.scheme)]}

    def _add_probabilities(
        self,
        found: Sequence[Prediction],
        paths: Sequence[Sequence[int]],
        rows: np.ndarray,
        scores: np.ndarray,
        lengths: np.ndarray,
    ) -> None:
        spans = [(place, paths[row], span) for place, row in enumerate(rows.tolist()) for span in found[row]["spans"]]
        if not spans:
            return
        stretches = [Stretch(place, s["start"], path[s["start"] : s["end"]]) for place, path, s in spans]
        probabilities = self.decoder.probabilities(scores, lengths, stretches).tolist()
        for (_, _, span), probability in zip(spans, probabilities, strict=True):
            span["prob"] = probability


def _put_context_back(prediction: Prediction, places: Sequence[int], num_words: int) -> None:
    """Move the labelled words of a sentence to their places among the context words."""
    tags = ["O"] * num_words
    for place, tag in zip(places, prediction["tags"], strict=False):
        tags[place] = tag
    prediction["tags"] = tags
    for span in prediction["spans"]:
        span["start"], span["end"] = places[span["start"]], places[span["end"] - 1] + 1


class TextHead:
    """Labels of whole texts.

    Args:
        facts: `labels`; `multi_label`; `class_threshold`.
        arrays: none.
    """

    answers_empty: ClassVar[bool] = True

    def __init__(self, facts: Mapping[str, Any], arrays: Arrays) -> None:
        self.labels: list[str] = facts["labels"]
        self.multi_label: bool = facts["multi_label"]
        self.threshold: float = facts["class_threshold"]

    def predictions(self, outputs: Sequence[np.ndarray], batch: Arrays) -> list[Prediction]:
        """See `Head`; the output is `(B, K)`, scores of labels."""
        probabilities = sigmoid(outputs[0]) if self.multi_label else softmax(outputs[0])
        order = np.argsort(-probabilities, axis=1, kind="stable")
        counts = (probabilities > self.threshold).sum(1) if self.multi_label else np.ones(len(order), int)
        found = []
        for row, ids, count in zip(probabilities, order, counts.tolist(), strict=True):
            chosen = ids[:count]
            labels = [self.labels[number] for number in chosen.tolist()]
            found.append({"spans": [], "labels": labels, "probs": row[chosen].tolist()})
        return found


class RelationHead:
    """The relation between two entities.

    Args:
        facts: `labels`.
        arrays: none.
    """

    answers_empty: ClassVar[bool] = False

    def __init__(self, facts: Mapping[str, Any], arrays: Arrays) -> None:
        self.labels: list[str] = facts["labels"]

    def predictions(self, outputs: Sequence[np.ndarray], batch: Arrays) -> list[Prediction]:
        """See `Head`; the output is `(B, K)`, scores of relations."""
        probabilities = softmax(outputs[0])
        best = probabilities.argmax(1)
        rows = zip(best.tolist(), probabilities[np.arange(len(best)), best].tolist(), strict=True)
        return [{"spans": [], "label": self.labels[label], "prob": prob} for label, prob in rows]


class TypingHead:
    """The types of mentions.

    Args:
        facts: `labels`; `class_threshold`; `fewest_types`.
        arrays: none.
    """

    answers_empty: ClassVar[bool] = False

    def __init__(self, facts: Mapping[str, Any], arrays: Arrays) -> None:
        self.labels: list[str] = facts["labels"]
        self.threshold, self.fewest = float(facts["class_threshold"]), int(facts["fewest_types"])

    def predictions(self, outputs: Sequence[np.ndarray], batch: Arrays) -> list[Prediction]:
        """See `Head`; the output is `(N, K)`, logits of the types of mentions."""
        probabilities = sigmoid(outputs[0])
        found: list[Prediction] = [{"spans": []} for _ in range(len(batch["tokens/mask"]))]
        counts = np.maximum((probabilities > np.float32(self.threshold)).sum(1), self.fewest)
        order = np.argsort(-probabilities, axis=1, kind="stable")
        rows = zip(batch["mentions"].tolist(), probabilities, order, counts.tolist(), strict=True)
        for (number, start, end), row, ids, count in rows:
            chosen = ids[:count]
            types = [self.labels[each] for each in chosen.tolist()]
            span = {"start": start, "end": end, "type": "", "types": types, "probs": row[chosen].tolist()}
            found[number]["spans"].append(span)
        return found


def softmax(scores: np.ndarray) -> np.ndarray:
    """Probabilities of classes of which one holds, over the last dimension."""
    powers = np.exp(scores.astype(np.float64) - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def sigmoid(scores: np.ndarray) -> np.ndarray:
    """Probabilities of classes that hold or not, each by itself."""
    return 0.5 * (1.0 + np.tanh(0.5 * scores.astype(np.float64)))
