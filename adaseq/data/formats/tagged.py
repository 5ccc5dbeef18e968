"""What the formats with one tag for each word share: the scheme, context, partial annotation."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from adaseq.data.annotation import END_OF_SENTENCE, annotate, find_reading
from adaseq.data.example import Example
from adaseq.data.formats.base import Format
from adaseq.data.tags import SchemeDetector, TagError
from adaseq.errors import DataError
from adaseq.utils.tag_schemes import find_scheme


class Sentence(NamedTuple):
    """A sentence with its tags as they stand in the file.

    Attributes:
        line: where it begins.
        tokens: the words.
        tags: one for each word.
        text: the raw text, where there is one.
        offsets: where in `text` each word begins and ends.
        fields: the `fields` of the Example.
    """

    line: int
    tokens: list[str]
    tags: list[str]
    text: str | None
    offsets: list[tuple[int, int]] | None
    fields: dict[str, Any]


class TaggedFormat(Format):
    """A format with one tag for each word. A file is gone through twice: for its scheme, then for its Examples.

    Args:
        encoding: the character encoding of the files.
        source_scheme: how the tags are written: BIO, IOB1, BIOES, BMES, BILOU, IO, BI, BIES, or PLAIN for one label per
            word without prefix; by default found out from all tags of the file. IO also reads tags without prefix, as
            spans of neighbours with the same tag.
        strict: refuse tag sequences that the scheme does not allow, such as an I-PER behind an O, instead of reading them
            as the conlleval script does.
        partial_label: the tag of words that are not annotated and may be anything, such as UNK.
    """

    words_have_lines = False
    """Each word of a sentence has a line of its own."""

    def __init__(
        self,
        encoding: str = "utf-8",
        source_scheme: str | None = None,
        strict: bool = False,
        partial_label: str | None = None,
    ) -> None:
        super().__init__(encoding)
        self.source_scheme = None if source_scheme is None else find_scheme(source_scheme)
        self.strict = strict
        self.partial_label = partial_label
        self._scheme: str | None = None
        self._warnings: list[str] = []
        self._count = 0

    def notes(self) -> dict[str, Any]:
        return {"scheme": self._scheme, "detected": self.source_scheme is None, "warnings": list(self._warnings)}

    @abstractmethod
    def _sentences(self, path: Path) -> Iterator[Sentence]:
        """The sentences of a file."""

    def _examples(self, path: Path) -> Iterator[Example]:
        scheme, type_x = self._survey(path)
        for sentence in self._sentences(path):
            line, tokens, tags, text, offsets, fields = sentence
            try:
                spans, mask = annotate(tokens, tags, scheme, self.partial_label, type_x, self.strict)
            except TagError as error:
                raise self._error(error, path, sentence) from None
            yield Example(str(self._count), tokens, spans, mask, text, offsets, f"{path}:{line}", fields)
            self._count += 1

    def _survey(self, path: Path) -> tuple[str, bool]:
        """The scheme of a file, and whether `X` is a label in it."""
        detector = SchemeDetector()
        self._add_tags(path, detector)
        try:
            self._scheme, type_x, warnings = find_reading(detector, self.source_scheme, self.partial_label)
        except TagError as error:
            raise self._error(error, path, self._first_with(path, error.tag)) from None
        self._warnings += warnings
        return self._scheme, type_x

    def _add_tags(self, path: Path, detector: SchemeDetector) -> None:
        """Show the detector all tags of a file."""
        for sentence in self._sentences(path):
            tags = sentence.tags
            if END_OF_SENTENCE in sentence.tokens:
                tags = tags[: sentence.tokens.index(END_OF_SENTENCE)]
            detector.add(tags)

    def _first_with(self, path: Path, tag: str) -> Sentence:
        return next(sentence for sentence in self._sentences(path) if tag in sentence.tags)

    def _error(self, error: TagError, path: Path, sentence: Sentence) -> DataError:
        index = sentence.tags.index(error.tag) if error.index is None else error.index
        reason = f"{error.reason}. {error.advice}" if error.advice else error.reason
        if self.words_have_lines:
            return DataError(reason, path, sentence.line + index)
        return DataError(f"word {index}: {reason}", path, sentence.line)
