"""Labels renamed, merged and dropped while data is read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from adaseq.data.example import Example, Span
from adaseq.errors import AdaSeqError
from adaseq.utils.safe_regex import SafePattern, UnsafePattern
from adaseq.utils.tag_schemes import PARTIAL


class LabelMap:
    """What becomes of labels.

    A key is a label, or a regular expression that matches whole labels; a label that is a key itself is mapped by it, others
    by the first expression that fits, and all others stay. The value is the new label, in which `\\1` stands for the first
    group of the expression; None drops it. Each label is mapped once, so that two can change places.

    Args:
        entries: from key to value.

    Raises:
        AdaSeqError: an expression may take for ever, or a value is no label.
    """

    def __init__(self, entries: Mapping[str, str | None]) -> None:
        self.entries = dict(entries)
        self._patterns: list[tuple[str, SafePattern]] = []
        self._known: dict[str, tuple[str | None, str | None]] = {}
        self.hits: Counter[str] = Counter()
        self.left_out = 0
        for key, value in self.entries.items():
            if value in ("", PARTIAL):
                raise AdaSeqError(f"dataset.label_map.{key} is '{value}', which is no label; null drops the label")
            if key == PARTIAL:
                raise AdaSeqError(f"dataset.label_map: {PARTIAL} marks words that are not annotated; it is no label")
            try:
                self._patterns.append((key, SafePattern(key)))
            except UnsafePattern as error:
                raise AdaSeqError(f"dataset.label_map: the expression '{key}' is refused: {error}") from None
            except re.error:
                continue  # a label with signs in it

    def __call__(self, label: str) -> str | None:
        """What becomes of a label; None if it is dropped.

        Args:
            label: the label.
        """
        if label not in self._known:
            self._known[label] = self._find(label)
        value, key = self._known[label]
        if key is not None:
            self.hits[key] += 1
        return value

    def _find(self, label: str) -> tuple[str | None, str | None]:
        if label in self.entries:
            return self.entries[label], label
        for key, pattern in self._patterns:
            match = pattern.fullmatch(label)
            if match is not None:
                value = self.entries[key]
                new = None if value is None else pattern.expand(match, value)
                if new == "":
                    raise AdaSeqError(
                        f"dataset.label_map.{key} makes an empty label of '{label}'; null drops the label"
                    )
                return new, key
        return label, None

    def notes(self) -> dict[str, Any]:
        """What happened: how often each key was used, and how many examples were left out for want of a label."""
        return {"label_map": {key: self.hits[key] for key in self.entries}, "left_out": self.left_out}

    def apply(self, examples: Iterable[Example], is_plain: Callable[[], bool]) -> Iterator[Example]:
        """The examples with their labels mapped. An example whose own labels are all dropped is left out.

        Args:
            examples: the examples, which are changed.
            is_plain: whether each word has a label of its own; a word that loses it becomes context.
        """
        for example in examples:
            if self._map_own(example):
                example.spans = self._spans(example, is_plain)
                yield example
            else:
                self.left_out += 1

    def _map_own(self, example: Example) -> bool:
        """Map the labels of the example itself; false if none is left."""
        own = example.fields.get("label")
        if own is None:
            return True
        mapped = self.labels([own] if isinstance(own, str) else own)
        if own and not mapped:
            return False
        example.fields["label"] = mapped[0] if isinstance(own, str) else mapped
        return True

    def labels(self, labels: list[str]) -> list[str]:
        """What is left of some labels, each once.

        Args:
            labels: the labels.
        """
        return list(dict.fromkeys(new for each in labels if (new := self(each)) is not None))

    def _spans(self, example: Example, is_plain: Callable[[], bool]) -> list[Span]:
        spans: list[Span] = []
        seen = set()
        for span in example.spans:
            mapped = self._span(span)
            if mapped is None:
                if is_plain():
                    example.mask = example.mask or [True] * len(example.tokens)
                    example.mask[span["start"] : span["end"]] = [False] * (span["end"] - span["start"])
                continue
            is_simple = len(mapped) == 3
            key = (mapped["start"], mapped["end"], mapped["type"])
            if is_simple and key in seen:
                continue  # two types of the same words were merged
            seen.add(key)
            spans.append(mapped)
        return spans

    def _span(self, span: Span) -> Span | None:
        """The span with its labels mapped; None if it is dropped."""
        if "candidates" in span:
            span = {**span, "candidates": self.labels(span["candidates"])}
        if "types" in span:
            # A mention without types stays: it is to be typed.
            return {**span, "types": self.labels(span["types"])}
        if span["type"] != PARTIAL:
            new = self(span["type"])
            return None if new is None else {**span, "type": new}
        if "allowed" not in span:
            return span
        allowed = self.labels(span["allowed"])
        if len(allowed) > 1:
            return {**span, "allowed": allowed}
        return {"start": span["start"], "end": span["end"], "type": allowed[0]} if allowed else None
