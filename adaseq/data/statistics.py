"""What is counted while data is read."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from adaseq.data.example import EntityForm, Example, Span, in_order, labels_of
from adaseq.utils.tag_schemes import PARTIAL

# Of so many words at most it is asked whether they are single characters of a script without spaces.
_SAMPLE = 20_000
_MOSTLY = 0.8


@dataclass
class Statistics:
    """Counts over the examples of a split.

    Args:
        examples: how many.
        words: how many, context included.
        labels: how often each label annotates a span, a word or an example.
        forms: how many entities lie in another one, cross one, are of several types, or have gaps.
        sampled: words that were looked at.
        ideographs: those of them that are a single ideograph, kana or the like, punctuation or digit.
    """

    examples: int = 0
    words: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    forms: Counter[EntityForm] = field(default_factory=Counter)
    sampled: int = 0
    ideographs: int = 0

    def add(self, example: Example) -> None:
        """Count an example."""
        self.examples += 1
        self.words += len(example.tokens)
        self.labels.update(labels_of(example))
        if len(example.spans) > 1 or any("parts" in span for span in example.spans):
            self.forms.update(_forms(example.spans))
        for span in example.spans:
            # Known to be a label, though nothing is annotated with it here.
            for label in (*span.get("allowed", ()), *span.get("candidates", ())):
                self.labels[label] += 0
        if self.sampled < _SAMPLE:
            letters = [token for token in example.tokens if token[:1].isalpha()]
            self.sampled += len(letters)
            self.ideographs += sum(len(token) == 1 and is_ideograph(token) for token in letters)

    @classmethod
    def sum(cls, several: Iterable[Statistics]) -> Statistics:
        """The counts of several corpora together."""
        total = cls()
        for each in several:
            total.examples += each.examples
            total.words += each.words
            for label, count in each.labels.items():
                total.labels[label] += count  # also one that was never counted
            total.forms.update(each.forms)
            total.sampled += each.sampled
            total.ideographs += each.ideographs
        return total

    @property
    def text_splitter(self) -> str:
        """`char` where nearly all words are single ideographs, else `word`."""
        return "char" if self.sampled and self.ideographs >= _MOSTLY * self.sampled else "word"

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {**vars(self), "labels": dict(self.labels), "forms": dict(self.forms)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Statistics:
        """From JSON."""
        return cls(**{**values, "labels": Counter(values["labels"]), "forms": Counter(values["forms"])})


def _forms(spans: Iterable[Span]) -> Iterator[EntityForm]:
    """How each entity differs from those that tags can spell, where it does."""
    entities = [span for span in spans if span["type"] != PARTIAL]
    for span in entities:
        if "parts" in span:
            yield "discontinuous"
    for span, around in in_order(span for span in entities if "parts" not in span):
        same = [each["type"] for each in around if (each["start"], each["end"]) == (span["start"], span["end"])]
        if same:
            if span["type"] not in same:
                yield "several types"
        elif any(each["end"] < span["end"] for each in around):
            yield "crossing"
        elif around:
            yield "nested"


def is_ideograph(character: str) -> bool:
    """Whether a character belongs to a script that is written without spaces: Han or kana."""
    if character < "\u2e80":
        return False
    name = unicodedata.name(character, "")
    return name.startswith(("CJK", "HIRAGANA", "KATAKANA", "KANGXI"))
