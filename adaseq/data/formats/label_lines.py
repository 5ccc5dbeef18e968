"""Lines of a label and a text, as the question classes of TREC (Li and Roth 2002) and the files of fastText are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adaseq.data.example import Example
from adaseq.data.formats.base import Format
from adaseq.data.formats.json_lines import Record
from adaseq.data.formats.raw_text import SplitterName, TextCutter
from adaseq.errors import AdaSeqError
from adaseq.metainfo import Formats
from adaseq.registry import FORMATS


@FORMATS.register(Formats.LABEL_LINES)
class LabelLinesFormat(Format):
    """A label, white space and a text on each line: `LOC:city Which town lies at the foot of Ulriken ?`. Blank lines are skipped.

    Args:
        is_coarse: of a label such as `LOC:city` only what is before the colon counts.
        label_prefix: what labels begin with, such as `__label__`; a text then has as many labels as words with it stand
            before the text.
        text_splitter: how a text becomes words: char, word or blank.
    """

    records = "lines"

    def __init__(
        self,
        is_coarse: bool = False,
        label_prefix: str | None = None,
        text_splitter: SplitterName = "word",
        encoding: str = "utf-8",
    ) -> None:
        super().__init__(encoding)
        if label_prefix is not None and (not label_prefix or any(each.isspace() for each in label_prefix)):
            raise AdaSeqError(
                f"label_prefix is '{label_prefix}'; it must be text without white space, such as __label__"
            )
        self.is_coarse = is_coarse
        self.label_prefix = label_prefix
        self._cutter = TextCutter(text_splitter)
        self._count = 0

    def _examples(self, path: Path) -> Iterator[Example]:
        for number, line in enumerate(self.lines(path), 1):
            if not line or line.isspace():
                continue
            record = Record(path, number, {})
            labels, text = self._parts(record, line.strip())
            words = self._cutter.words(record, text)
            fields: dict[str, Any] = {"label": labels[0] if self.label_prefix is None else labels}
            origin = f"{path}:{number}"
            yield Example(str(self._count), words.tokens, [], None, text, words.offsets, origin, fields)
            self._count += 1

    def _parts(self, record: Record, line: str) -> tuple[list[str], str]:
        """The labels and the text of a line."""
        labels: list[str] = []
        while True:
            label, *rest = line.split(None, 1)
            if self.label_prefix is not None and not label.startswith(self.label_prefix):
                break
            labels.append(self._label(record, label.removeprefix(self.label_prefix or "")))
            if not rest:
                raise record.error("there is no text behind the label; a label, a blank and a text are needed")
            line = rest[0]
            if self.label_prefix is None:
                break
        if not labels:
            raise record.error(f"the line does not begin with a label, which begins with '{self.label_prefix}'")
        return list(dict.fromkeys(labels)), line

    def _label(self, record: Record, label: str) -> str:
        name = label.partition(":")[0] if self.is_coarse else label
        if not name:
            raise record.error(f"'{label}' is no label")
        return name
