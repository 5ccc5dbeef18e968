"""A reader for the corpus `gazette`, in place of its old loading script."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from adaseq.data.example import Example, Span
from adaseq.data.formats.split_reader import SplitReader
from adaseq.errors import DataError

_MARKED = re.compile(r"\[([^\]]+)\]\((\w+)\)|(\w+|[^\w\s])")


class GazetteReader(SplitReader):
    """Articles with marked names, `[Ann Lee](PER) left.`, and a file that says which article belongs to which split.

    Args:
        encoding: the character encoding of the files.
        ignored_types: types that are read as plain words.
    """

    def __init__(self, encoding: str = "utf-8", ignored_types: Sequence[str] = ()) -> None:
        super().__init__(encoding)
        self.ignored_types = frozenset(ignored_types)

    def splits(self, place: Path | None) -> Sequence[str]:
        """What `_split_generators` did: which splits there are."""
        return list(self._index(place))

    def read_split(self, split: str, place: Path | None) -> Iterator[Example]:
        """What `_generate_examples` did: the examples of a split, one by one."""
        assert place is not None
        for name in self._index(place)[split]:
            path = place / "articles" / f"{name}.txt"
            for number, line in enumerate(self.lines(path), 1):
                if line.strip():
                    tokens, spans = self._parse(line)
                    yield Example(f"{name}-{number}", tokens, spans, origin=f"{path}:{number}")

    def _index(self, place: Path | None) -> dict[str, list[str]]:
        if place is None:
            raise DataError("the gazette is a folder: name it under dataset.data_file")
        index: dict[str, list[str]] = json.loads("".join(self.lines(place / "splits.json")))
        return index

    def _parse(self, line: str) -> tuple[list[str], list[Span]]:
        tokens: list[str] = []
        spans: list[Span] = []
        for name, kind, word in _MARKED.findall(line):
            start = len(tokens)
            tokens += name.split() if name else [word]
            if kind and kind not in self.ignored_types:
                spans.append({"start": start, "end": len(tokens), "type": kind})
        return tokens, spans
