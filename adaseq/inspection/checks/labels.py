"""Checks of the labels: how many, how called, in which split."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import combinations
from typing import Any

from adaseq.data.example import labels_of_span
from adaseq.inspection.characters import CONTROLS, INVISIBLE
from adaseq.inspection.checks.base import Check
from adaseq.inspection.findings import Findings, Place
from adaseq.inspection.reading import Item
from adaseq.inspection.text import shown

FEW = 5
_MOST_COMPARED = 500
_MOST_NAMES = 20_000
_ALIKE = 0.85
_SHARE_OF_SLIPS = 0.05


class LabelCheck(Check):
    """Counts labels by split.

    Args:
        findings: is told what is wrong.
        listed: the labels that `dataset.labels` lists; None if it lists none.
        splits: the splits that are read, in order.
        raw: those of them that are raw text, which has no labels.
    """

    def __init__(
        self, findings: Findings, listed: Sequence[str] | None, splits: Sequence[str], raw: Container[str] = ()
    ) -> None:
        super().__init__(findings)
        self._listed, self._raw = listed, raw
        self._counts: dict[str, Counter[str]] = {split: Counter() for split in splits}
        self._first: dict[str, dict[str, Place]] = {split: {} for split in splits}
        self._examples: Counter[str] = Counter()
        self._words: Counter[str] = Counter()

    def look(self, item: Item) -> None:
        example, split = item.example, item.split
        counts, first = self._counts[split], self._first[split]
        self._examples[split] += 1
        self._words[split] += len(example.tokens)
        for span in example.spans:
            for label in labels_of_span(span):
                counts[label] += 1
                if label not in first and len(first) < _MOST_NAMES:
                    first[label] = item.place("", span["start"], span["end"])
        own = example.fields.get("label", ())
        for label in (own,) if isinstance(own, str) else own or ():
            counts[label] += 1
            if label not in first:
                first[label] = item.place("", 0, min(len(example.tokens), 8))

    def finish(self) -> None:
        train = next((split for split in self._counts if _is_train(split)), None)
        for split, counts in self._counts.items():
            if _is_train(split) and self._examples[split] and not counts and split not in self._raw:
                self.findings.add(
                    "no-annotation", Place("", None, f"{split} has {self._examples[split]} examples and no label")
                )
            if self._listed is not None and _is_train(split):
                for label in sorted(counts.keys() - set(self._listed)):
                    self._add(
                        "label-not-listed", split, label, f"{_named(label)} stands {_times(counts[label])} in {split}"
                    )
        total: Counter[str] = sum(self._counts.values(), Counter())
        self._compare_names(total)
        if train is None:
            return
        for label, count in sorted(self._counts[train].items()):
            if count < FEW:
                self._add("rare-label", train, label, f"{_named(label)} stands {_times(count)} in {train}")
        for split, counts in self._counts.items():
            if _is_train(split) or not counts or not self._counts[train]:
                continue
            for label in sorted(counts.keys() - self._counts[train].keys()):
                what = f"{_named(label)} stands {_times(counts[label])} in {split}, never in {train}"
                self._add("label-not-in-train", split, label, what, counts[label])
            for label in sorted(self._counts[train].keys() - counts.keys()):
                what = f"{_named(label)} is not in {split}; {train} has it {_times(self._counts[train][label])}"
                self._add("label-not-evaluated", train, label, what)

    def summary(self) -> dict[str, Any]:
        return {
            "splits": {
                split: {"examples": self._examples[split], "words": self._words[split]} for split in self._counts
            },
            "labels": {split: dict(counts.most_common()) for split, counts in self._counts.items()},
        }

    def _compare_names(self, total: Counter[str]) -> None:
        for rare, usual, why in confusable(total):
            split = next(split for split, counts in self._counts.items() if counts[rare])
            what = f"{_named(rare)} ({total[rare]}) and {_named(usual)} ({total[usual]}) {why}"
            self._add("confusable-labels", split, rare, what, fix=f"write {_named(usual)}, if they mean the same")

    def _add(self, code: str, split: str, label: str, what: str, count: int = 1, fix: str = "") -> None:
        first = self._first[split].get(label, Place("", None, ""))
        self.findings.add(code, Place(first.file, first.line, what, first.context, fix), count)


def confusable(counts: Mapping[str, int]) -> Iterator[tuple[str, str, str]]:
    """The pairs of names that are nearly the same: the rarer one, the other, and in what they differ.

    Args:
        counts: how often each stands in the data.
    """
    groups: dict[str, list[str]] = {}
    for name in sorted(counts, key=lambda each: (-counts[each], each)):
        groups.setdefault(_bare(name) or name, []).append(name)
    for usual, *others in groups.values():
        for rare in others:
            yield rare, usual, _difference(rare, usual)
    names = [usual for usual, *_ in groups.values()][:_MOST_COMPARED]
    for usual, rare in combinations(names, 2):
        if counts[rare] <= _SHARE_OF_SLIPS * counts[usual] and _is_slip(rare, usual):
            yield rare, usual, "differ in a letter or two"


def _difference(one: str, other: str) -> str:
    """In what two names differ that are alike when bare."""
    for how, fold in _FOLDS.items():
        if fold(one) == fold(other):
            return f"differ in {how}"
    return "differ in case, width or signs"


def _visible(name: str) -> str:
    return CONTROLS.sub("", INVISIBLE.sub("", name)).strip()


def _bare(name: str) -> str:
    folded = unicodedata.normalize("NFKC", _visible(name)).casefold()
    return "".join(char for char in folded if char.isalnum())


_FOLDS: dict[str, Callable[[str], str]] = {
    "white space": str.strip,
    "invisible characters": _visible,
    "case": str.casefold,
    "width or form of characters": lambda name: unicodedata.normalize("NFKC", name),
    "signs between letters": lambda name: "".join(char for char in name if char.isalnum()),
}


def _is_slip(rare: str, usual: str) -> bool:
    """Whether one name could be the other, mistyped: digits tell numbered names apart, and short names differ by nature."""
    if min(len(rare), len(usual)) < 5 or abs(len(rare) - len(usual)) > 2:
        return False
    if [char for char in rare if char.isdigit()] != [char for char in usual if char.isdigit()]:
        return False
    matcher = SequenceMatcher(None, rare.casefold(), usual.casefold(), autojunk=False)
    return matcher.quick_ratio() >= _ALIKE and matcher.ratio() >= _ALIKE


def _is_train(split: str) -> bool:
    return split.rpartition("/")[2] == "train"


def _named(label: str) -> str:
    return f"'{shown(label)}'" if label else "the empty label"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
