"""CoNLL-U, the format of Universal Dependencies (https://universaldependencies.org/format.html)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args

from adaseq.data.example import Example
from adaseq.data.formats.base import Format
from adaseq.errors import AdaSeqError, DataError, nearest
from adaseq.metainfo import Formats
from adaseq.registry import FORMATS
from adaseq.utils.tag_schemes import PLAIN

LabelColumn = Literal["upos", "xpos", "feats", "deprel"]

_COLUMNS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
_OTHER_ID = re.compile(r"[0-9]+[-.][0-9]+")


@FORMATS.register(Formats.CONLLU)
class ConlluFormat(Format):
    """Ten columns, a syntactic word per line; one column is the label of the word.

    Multiword tokens (3-4) and empty nodes (5.1) are left out. Where the words spell `# text`, it is kept with their places.

    Args:
        label_column: upos, xpos, feats or deprel.
    """

    records = "blocks"

    def __init__(self, label_column: LabelColumn = "upos", encoding: str = "utf-8") -> None:
        super().__init__(encoding)
        columns = get_args(LabelColumn)
        if label_column not in columns:
            raise AdaSeqError(
                f"there is no label_column '{label_column}'{nearest(label_column, columns) or '.'} Known: {', '.join(columns)}"
            )
        self.label_column = label_column
        self._count = 0

    def notes(self) -> dict[str, Any]:
        return {"scheme": PLAIN, "warnings": []}

    def _examples(self, path: Path) -> Iterator[Example]:
        column = _COLUMNS.index(self.label_column)
        fields: dict[str, int] = {}
        tokens: list[str] = []
        labels: list[str] = []
        comments: dict[str, str] = {}
        first = 1
        for number, line in enumerate(self.lines(path), 1):
            line = line.rstrip("\r\n")
            if not line or line.isspace():
                if tokens:
                    yield self._example(path, first, tokens, labels, comments, fields)
                tokens, labels, comments = [], [], {}
            elif line[0] == "#":
                key, _, value = line[1:].partition("=")
                comments[key.strip()] = value.strip()
                if key.split()[:1] == ["newdoc"]:
                    fields = {"document": fields.get("document", -1) + 1}
            else:
                columns = line.split("\t")
                self._check(path, number, columns, column)
                if columns[0].isdecimal():
                    first = first if tokens else number
                    tokens.append(columns[1])
                    labels.append(columns[column])
        if tokens:
            yield self._example(path, first, tokens, labels, comments, fields)

    def _check(self, path: Path, line: int, columns: list[str], column: int) -> None:
        if len(columns) != len(_COLUMNS):
            raise DataError(f"{len(columns)} columns parted by tabs; CoNLL-U has {len(_COLUMNS)}", path, line)
        if not columns[0].isdecimal():
            if not _OTHER_ID.fullmatch(columns[0]):
                raise DataError(f"the id must be like 3, 3-4 or 5.1, not '{columns[0]}'", path, line)
        elif not columns[1]:
            raise DataError("the word is empty", path, line)
        elif columns[column] in ("", "_") and self.label_column != "feats":
            raise DataError(f"the word has no {self.label_column}: '{columns[column]}'", path, line)

    def _example(
        self,
        path: Path,
        first: int,
        tokens: list[str],
        labels: list[str],
        comments: dict[str, str],
        fields: dict[str, int],
    ) -> Example:
        name = comments.get("sent_id") or str(self._count)
        self._count += 1
        text = comments.get("text")
        offsets = None if text is None else _find(tokens, text)
        return Example(
            id=name,
            tokens=tokens,
            spans=[{"start": i, "end": i + 1, "type": label} for i, label in enumerate(labels)],
            text=None if offsets is None else text,
            offsets=offsets,
            origin=f"{path}:{first}",
            fields=dict(fields),
        )


def _find(tokens: list[str], text: str) -> list[tuple[int, int]] | None:
    """Where words stand in a text; None unless they and white space are all there is in it."""
    offsets: list[tuple[int, int]] = []
    end = 0
    for token in tokens:
        start = text.find(token, end)
        if start < 0 or text[end:start].strip():
            return None
        end = start + len(token)
        offsets.append((start, end))
    return None if text[end:].strip() else offsets
