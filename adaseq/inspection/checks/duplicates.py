"""Checks for sentences that stand more than once: in a split, in two splits, with different annotation."""

from __future__ import annotations

import hashlib
import json
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from adaseq.data.example import labelled_words
from adaseq.inspection.checks.base import Check
from adaseq.inspection.excerpts import Excerpts
from adaseq.inspection.findings import Findings, Place
from adaseq.inspection.reading import Item

_SAME_DATA = 0.5  # of a split
_FEWEST = 20  # examples of a split for which a share says something
_FEWEST_WORDS, _FEWEST_CHARACTERS = 4, 6  # shorter sentences are the same by nature
_NO_LINE = (1 << 40) - 1


class _File(NamedTuple):
    """A file of a split; see `Item`."""

    split: str
    path: str
    encoding: str | None
    words_have_lines: bool


class DuplicateCheck(Check):
    """Compares sentences by hashes: 24 bytes are kept of each.

    Args:
        findings: is told what is wrong.
        splits: the splits, in the order in which they are read.
    """

    def __init__(self, findings: Findings, splits: Sequence[str]) -> None:
        super().__init__(findings)
        self._splits = list(splits)
        self._texts, self._annotations, self._places = array("Q"), array("Q"), array("Q")
        self._files: dict[_File, int] = {}
        self._sizes: Counter[str] = Counter()
        self._shared: dict[tuple[str, str], int] = {}

    def look(self, item: Item) -> None:
        words, annotation = _content(item)
        self._sizes[item.split] += 1
        is_of_characters = all(len(word) == 1 for word in words)
        if len(words) < (_FEWEST_CHARACTERS if is_of_characters else _FEWEST_WORDS):
            return
        file = self._files.setdefault(
            _File(item.split, item.file, item.encoding, item.words_have_lines), len(self._files)
        )
        self._texts.append(_hash([words, *_asked(item)]))
        self._annotations.append(_hash(annotation))
        self._places.append(file << 40 | (_NO_LINE if item.line is None else item.line))

    def finish(self) -> None:
        self._files_by_number = list(self._files)
        texts = np.frombuffer(self._texts, np.uint64) if self._texts else np.empty(0, np.uint64)
        order = np.argsort(texts, kind="stable")
        ordered = texts[order]
        bounds = np.flatnonzero(np.diff(ordered)) + 1
        starts, ends = np.concatenate(([0], bounds)), np.concatenate((bounds, [len(ordered)]))
        groups = [order[start:end] for start, end in zip(starts, ends, strict=True) if end - start > 1]
        groups.sort(key=lambda rows: int(rows[1]))
        excerpts = Excerpts()
        for rows in groups:
            for row in rows:
                file, line = self._where(int(row))
                excerpts.want(file.path, file.encoding, line, file.words_have_lines)
        excerpts.read()
        shared: Counter[tuple[str, str]] = Counter()
        for rows in groups:
            self._report(rows.tolist(), excerpts, shared)
        self._report_splits(shared)

    def summary(self) -> dict[str, Any]:
        return {"overlap": [{"split": one, "with": other, "sentences": n} for (one, other), n in self._shared.items()]}

    def _report(self, rows: list[int], excerpts: Excerpts, shared: Counter[tuple[str, str]]) -> None:
        first_of: dict[str, int] = {}
        for row in rows:
            file, line = self._where(row)
            split = file.split
            known = first_of.setdefault(split, row)
            place = Place(file.path, line, "", excerpts.get(file.path, line))
            if known != row:
                self._add(
                    "duplicate-sentence", row, known, place, f"the same sentence as {self._named(known, file.path)}"
                )
                continue
            for earlier, other in first_of.items():
                if earlier != split:
                    shared[split, earlier] += 1
                    what = f"the same sentence as {self._named(other, file.path)}, in {earlier}"
                    self._add("overlap-between-splits", row, other, place, what)

    def _add(self, code: str, row: int, known: int, place: Place, what: str) -> None:
        if self._annotations[row] != self._annotations[known]:
            what += ", with different annotation"
            if code == "duplicate-sentence":
                code = "conflicting-duplicate"
        self.findings.add(code, Place(place.file, place.line, what, place.context))
        if code == "overlap-between-splits" and self._annotations[row] != self._annotations[known]:
            self.findings.add("conflicting-duplicate", Place(place.file, place.line, what, place.context))

    def _report_splits(self, shared: Counter[tuple[str, str]]) -> None:
        self._shared = dict(shared)
        notes = []
        for (split, earlier), n in shared.items():
            size = self._sizes[split]
            notes.append(f"{n} of {size} in {split} are in {earlier}")
            if size >= _FEWEST and n >= _SAME_DATA * size:
                what = f"{n} of the {size} sentences of {split} are in {earlier} too"
                self.findings.add("same-data", Place("", None, what))
        self.findings.annotate("overlap-between-splits", "; ".join(notes))

    def _where(self, row: int) -> tuple[_File, int | None]:
        place = self._places[row]
        line = place & _NO_LINE
        return self._files_by_number[place >> 40], None if line == _NO_LINE else line

    def _named(self, row: int, here: str) -> str:
        file, line = self._where(row)
        return f"line {line}" if file.path == here and line is not None else str(Place(Path(file.path).name, line, ""))


def _content(item: Item) -> tuple[list[str], list[Any]]:
    """The words of an example without its context, and its annotation."""
    example = item.example
    spans = sorted([span["start"], span["end"], span["type"], *sorted(span.get("types", ()))] for span in example.spans)
    return labelled_words(example), [spans, example.fields.get("label")]


def _asked(item: Item) -> Iterable[Any]:
    """What a sentence is asked about, where that is a part of it: with another question it is another example."""
    fields = item.example.fields
    yield [fields.get(name) for name in ("subject", "object", "pair")]
    yield [[span["start"], span["end"]] for span in item.example.spans if "types" in span or "candidates" in span]


def _hash(value: Any) -> int:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
