"""CoNLL columns: one word per line with its tag, a blank line behind each sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from adaseq.data.formats.tagged import Sentence, TaggedFormat
from adaseq.errors import AdaSeqError, DataError
from adaseq.metainfo import Formats
from adaseq.registry import FORMATS

_DELIMITERS = {"tab": "\t", "space": " ", "\\t": "\t"}
_DOCUMENT = "-DOCSTART-"


@FORMATS.register(Formats.CONLL)
class ConllFormat(TaggedFormat):
    """One word per line with its tag in another column; blank lines part sentences, `-DOCSTART-` lines documents.

    A `#` begins a word like any other character.

    Args:
        delimiter: what stands between the columns: tab, space, or any string; by default a tab where every line has one, a
            space where every line has exactly one, else any white space. With a tab, words may be or contain white space.
        token_column: the column of the words; the first is 0, the last -1.
        label_column: the column of the tags.
    """

    words_have_lines = True

    def __init__(
        self,
        delimiter: str | None = None,
        token_column: int = 0,
        label_column: int = -1,
        encoding: str = "utf-8",
        source_scheme: str | None = None,
        strict: bool = False,
        partial_label: str | None = None,
    ) -> None:
        super().__init__(encoding, source_scheme, strict, partial_label)
        if delimiter == "":
            raise AdaSeqError("delimiter is empty; give tab, space or another string, or leave it out")
        if token_column == label_column:
            raise AdaSeqError(f"token_column and label_column are both {token_column}; words and tags need two columns")
        self.delimiter = None if delimiter is None else _DELIMITERS.get(delimiter, delimiter)
        self.token_column = token_column
        self.label_column = label_column

    def _survey(self, path: Path) -> tuple[str, bool]:
        self._delimiter = self._find_delimiter(path) if self.delimiter is None else self.delimiter
        return super()._survey(path)

    def _find_delimiter(self, path: Path) -> str | None:
        for line in self.lines(path):
            if "\t" not in line and not _is_between_sentences(line):
                break
        else:
            return "\t"
        for line in self.lines(path):
            if line.count(" ") != 1 and not _is_between_sentences(line):
                return None
        return " "

    def _sentences(self, path: Path) -> Iterator[Sentence]:
        delimiter, token_column, label_column = self._delimiter, self.token_column, self.label_column
        fields: dict[str, int] = {}
        width, first = 0, 1  # the number of columns; the line on which the sentence begins
        tokens: list[str] = []
        tags: list[str] = []
        for number, line in enumerate(self.lines(path), 1):
            if line.isspace() or (line[0] == "-" and line.startswith(_DOCUMENT)):
                if tokens:
                    yield self._sentence(path, first, tokens, tags, fields)
                    tokens, tags = [], []
                first = number + 1
                if line.startswith(_DOCUMENT):
                    fields = {"document": fields.get("document", -1) + 1}
                continue
            columns = line.split(delimiter)
            if len(columns) != width:
                width = self._check_width(path, number, len(columns), width)
            tokens.append(columns[token_column])
            tags.append(columns[label_column])
        if tokens:
            yield self._sentence(path, first, tokens, tags, fields)

    def _sentence(self, path: Path, first: int, tokens: list[str], tags: list[str], fields: dict[str, int]) -> Sentence:
        if self._delimiter is not None:
            # The last column still has the end of its line.
            tokens = [token.rstrip("\r\n") for token in tokens]
            tags = [tag.strip() for tag in tags]
            for what, column in (("word", tokens), ("tag", tags)):
                if "" in column:
                    raise DataError(f"the {what} is empty", path, first + column.index(""))
        return Sentence(first, tokens, tags, None, None, fields.copy())

    def _check_width(self, path: Path, line: int, width: int, usual: int) -> int:
        """The usual number of columns, given that of a line that has another one or is the first."""
        if width == 1:
            between = {None: "white space", "\t": "a tab", " ": "a space"}.get(self._delimiter, repr(self._delimiter))
            raise DataError(f"one column; a word and a tag are needed, with {between} between them", path, line)
        for name, column in (("token_column", self.token_column), ("label_column", self.label_column)):
            if not -width <= column < width:
                raise DataError(f"there is no column {column}, the {name}: the line has {width} columns", path, line)
        if self.token_column % width == self.label_column % width:
            raise DataError(f"with {width} columns, token_column and label_column are the same one", path, line)
        if width < usual:
            raise DataError(f"{width} columns, where the lines before it have {usual}", path, line)
        if usual:
            self._warn(f"line {line} has {width} columns, those before it {usual}; a word with a space in it?")
        return usual or width


def _is_between_sentences(line: str) -> bool:
    return line.isspace() or line.startswith(_DOCUMENT)
