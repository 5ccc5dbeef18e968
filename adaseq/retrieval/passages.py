"""The corpus that is searched: one passage after the other, from text, JSON lines or CoNLL columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from adaseq.data.formats.columns import is_between_sentences
from adaseq.data.formats.conll import ConllFormat
from adaseq.data.formats.json_lines import read_records
from adaseq.errors import DataError
from adaseq.retrieval.terms import join_words

CorpusFormat = Literal["text", "jsonl", "conll"]
_BY_SUFFIX: dict[str, CorpusFormat] = {".jsonl": "jsonl", ".json": "jsonl", ".conll": "conll", ".bio": "conll"}


class Passage(NamedTuple):
    """Some text that may be retrieved.

    Attributes:
        text: the text.
        words: its words where the corpus says them; else None.
    """

    text: str
    words: list[str] | None = None


def read_passages(
    files: Sequence[Path], file_format: CorpusFormat | None = None, text_key: str = "text", encoding: str = "utf-8"
) -> Iterator[Passage]:
    """The passages of a corpus; empty ones are left out. Tags are never read.

    Args:
        files: the files.
        file_format: `text`, a passage on each line; `jsonl`, an object on each line; `conll`, sentences with a word on each line,
            in the first column. By default what the suffix of a file says, else text.
        text_key: of JSON lines: holds the text, or the list of words.
        encoding: the character encoding of the files.

    Raises:
        DataError: a file cannot be read, or is malformed.
    """
    reader = ConllFormat(encoding=encoding)
    for path in files:
        kind = file_format or _BY_SUFFIX.get(path.suffix.lower(), "text")
        if kind == "jsonl":
            yield from _from_json(reader, path, text_key)
        elif kind == "conll":
            yield from _from_columns(reader, path)
        else:
            for line in reader.lines(path):
                if text := line.strip():
                    yield Passage(text)


def _from_json(reader: ConllFormat, path: Path, text_key: str) -> Iterator[Passage]:
    for record in read_records(reader, path):
        content = record.get(text_key, (str, list), "a string or a list of words")
        if isinstance(content, list):
            if not all(isinstance(word, str) for word in content):
                raise record.error(f"'{text_key}' has an item that is no word")
            words = [word for word in content if word.strip()]
            if words:
                yield Passage(join_words(words), words)
        elif text := " ".join(content.split()):
            yield Passage(text)


def _from_columns(reader: ConllFormat, path: Path) -> Iterator[Passage]:
    words: list[str] = []
    for line in reader.lines(path):
        if not is_between_sentences(line):
            columns = line.rstrip("\r\n").split("\t" if "\t" in line else None)
            if columns[0].strip():
                words.append(columns[0])
        elif words:
            yield Passage(join_words(words), words)
            words = []
    if words:
        yield Passage(join_words(words), words)


def check_files(files: Sequence[str]) -> list[Path]:
    """The files of a corpus.

    Raises:
        DataError: one of them is not there.
    """
    paths = [Path(each) for each in files]
    for path in paths:
        if not path.is_file():
            raise DataError("there is no such file" if not path.is_dir() else "this is a folder, not a file", path)
    return paths
