"""From predictions in word indices to results that refer to the text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from adaseq.data.example import Example
from adaseq.inference.least_probability import Threshold

Found = dict[str, Any]
Prediction = dict[str, Any]
Offsets = Sequence[tuple[int, int]]


class TextView:
    """The text of an example, and where in it each word is.

    Args:
        example: its words; the text is what they were cut from, else they are joined.
        joiner: what stands between words that are joined.
    """

    def __init__(self, example: Example, joiner: str) -> None:
        self.is_raw = example.text is not None and example.offsets is not None
        self.joiner = joiner
        if example.text is not None and example.offsets is not None:
            self.text: str = example.text
            self.offsets: Offsets = example.offsets
        else:
            self.text, self.offsets = join(example.tokens, joiner)

    def found(self, start: int, end: int) -> Found:
        """Where some words are, and what they are."""
        first, last = self.offsets[start][0], self.offsets[end - 1][1]
        return {"start": first, "end": last, "span": self.text[first:last]}

    def in_words(self, start: int, end: int) -> Found:
        """The places among the words, where the input was words."""
        return {} if self.is_raw else {"token_start": start, "token_end": end}


def join(tokens: Sequence[str], joiner: str) -> tuple[str, list[tuple[int, int]]]:
    """One text of some words, and where in it each is."""
    gap = len(joiner)
    ends = [end - gap for end in accumulate(len(token) + gap for token in tokens)]
    return joiner.join(tokens), [(end - len(token), end) for token, end in zip(tokens, ends, strict=True)]


def content(example: Example, prediction: Prediction, joiner: str) -> dict[str, Any]:
    """The whole result for a text, JSON-serialisable: `output`, and where readings were ranked `readings`.

    Args:
        example: its words.
        prediction: what the model says of them.
        joiner: what stands between words that are joined to a text.
    """
    result: dict[str, Any] = {"output": output(example, prediction, joiner)}
    if "readings" in prediction:
        result["readings"] = [
            {"prob": reading["prob"], "output": output(example, reading, joiner)} for reading in prediction["readings"]
        ]
    return result


def output(example: Example, prediction: Prediction, joiner: str) -> list[Found]:
    """What was found in a text, JSON-serialisable.

    Args:
        example: its words.
        prediction: what the model says of them.
        joiner: what stands between words that are joined to a text.
    """
    if "labels" in prediction:
        pairs = zip(prediction["labels"], _probs(prediction), strict=True)
        return [{"type": label, **prob} for label, prob in pairs]
    if "label" in prediction:
        return [_relation(example, prediction, joiner)]
    if not prediction["spans"]:
        return []
    view = TextView(example, joiner)
    return [found for span in prediction["spans"] for found in _of_span(span, view)]


def above(prediction: Prediction, least: Threshold) -> Prediction:
    """The prediction without what is not probable enough, and its readings likewise.

    Args:
        prediction: spans, types of mentions, labels or a relation; `label` is taken out altogether.
        least: how probable something must be.
    """
    if "labels" in prediction:
        pairs = zip(prediction["labels"], prediction.get("probs", []), strict=False)
        kept = [number for number, (label, prob) in enumerate(pairs) if least.passes(label, prob)]
        return {**prediction, **{key: [prediction[key][number] for number in kept] for key in ("labels", "probs")}}
    if "label" in prediction:
        is_kept = least.passes(prediction["label"], prediction.get("prob", 1.0))
        return prediction if is_kept else {"spans": [], "labels": [], "probs": []}
    if "readings" in prediction:
        prediction = {**prediction, "readings": [above(reading, least) for reading in prediction["readings"]]}
    if any("types" in span for span in prediction["spans"]):
        return {**prediction, "spans": [_types_above(span, least) for span in prediction["spans"]]}
    spans = [span for span in prediction["spans"] if least.passes(span["type"], span.get("prob", 1.0))]
    if "tags" in prediction and len(spans) < len(prediction["spans"]):
        is_inside = [False] * len(prediction["tags"])
        for span in spans:
            is_inside[span["start"] : span["end"]] = [True] * (span["end"] - span["start"])
        tags = [tag if keep else "O" for tag, keep in zip(prediction["tags"], is_inside, strict=True)]
        prediction = {**prediction, "tags": tags}
    return {**prediction, "spans": spans}


def _types_above(span: dict[str, Any], least: Threshold) -> dict[str, Any]:
    pairs = zip(span["types"], span.get("probs", []), strict=False)
    kept = [number for number, (label, prob) in enumerate(pairs) if least.passes(label, prob)]
    return {**span, **{key: [span[key][number] for number in kept] for key in ("types", "probs")}}


def _probs(prediction: Prediction) -> list[Found]:
    """The probability of each label; nothing where none was computed."""
    if "probs" in prediction:
        return [{"prob": prob} for prob in prediction["probs"]]
    return [{"prob": prediction["prob"]} if "prob" in prediction else {} for _ in prediction["labels"]]


def _relation(example: Example, prediction: Prediction, joiner: str) -> Found:
    view = TextView(example, joiner)
    found: Found = {"type": prediction["label"]}
    if "prob" in prediction:
        found["prob"] = prediction["prob"]
    for name in ("subject", "object"):
        if example.fields.get(name) is not None:
            start, end = example.fields[name]
            found[name] = {**view.found(start, end), **view.in_words(start, end)}
    return found


def _of_span(span: dict[str, Any], view: TextView) -> Iterator[Found]:
    """One result for each type of a span."""
    place = view.found(span["start"], span["end"])
    in_words = view.in_words(span["start"], span["end"])
    if "parts" in span:
        parts = [view.found(start, end) for start, end in span["parts"]]
        place["span"] = view.joiner.join(part["span"] for part in parts)
        in_words = {"parts": [[part["start"], part["end"]] for part in parts], **in_words}
        if not view.is_raw:
            in_words["token_parts"] = [list(part) for part in span["parts"]]
    types = span.get("types", [span["type"]])
    probs = span.get("probs") or [span.get("prob")] * len(types)
    for name, prob in zip(types, probs, strict=True):
        yield {"type": name, **place, **({} if prob is None else {"prob": prob}), **in_words}
