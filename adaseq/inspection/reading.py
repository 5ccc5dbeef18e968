"""Reading on behind malformed records, with any reader: it is fed the lines of a file in parts, without those that it refuses."""

from __future__ import annotations

import itertools
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adaseq.data.annotation import END_OF_SENTENCE, context_tags, has_type_x
from adaseq.data.example import Example
from adaseq.data.formats.base import Format, Layout, refuse_lone_returns
from adaseq.data.formats.columns import Rows, is_between_sentences
from adaseq.data.formats.conll import ConllFormat
from adaseq.data.formats.nested_conll import NestedConllFormat
from adaseq.data.formats.relation_conll import RelationConllFormat
from adaseq.data.formats.split_reader import SplitReader
from adaseq.data.formats.table import TableFormat
from adaseq.data.formats.table_rows import quote_of
from adaseq.data.formats.tagged import Sentence, TaggedFormat
from adaseq.data.tags import SchemeDetector, TagError, is_tag_of
from adaseq.errors import DataError
from adaseq.inspection.chunks import Chunk, RowChunk, chunks_of, row_chunks
from adaseq.inspection.columns import Columns
from adaseq.inspection.decoding import decoded_lines, is_binary
from adaseq.inspection.findings import Findings, Place
from adaseq.inspection.tag_repair import nearest_tag
from adaseq.inspection.text import in_context, shown
from adaseq.registry import FORMATS, Lazy
from adaseq.utils.tag_schemes import PLAIN

_ORIGIN = re.compile(r"(.*):(\d+)", re.DOTALL)
_HEAD = 100  # lines, by which it is seen how records lie in a file
_RECORD = re.compile(r"record \d+ of the list: ")
_IN_COLUMNS = (ConllFormat, NestedConllFormat, RelationConllFormat)


@dataclass(slots=True)
class Item:
    """An example with what is known about where it stands.

    Args:
        example: the example.
        split: its split.
        file: its file.
        line: where it begins; None where the file has no lines.
        encoding: of the file; None where `line` is the number of a record.
        words_have_lines: each word stands on a line of its own.
        levels: the tags as they stand in the file, where each word has one; several lists where it has several.
        scheme: of the tags.
        free_tags: tags that may stand anywhere: of context, of words that are not annotated.
    """

    example: Example
    split: str
    file: str
    line: int | None
    encoding: str | None
    words_have_lines: bool = False
    levels: list[list[str]] = field(default_factory=list)
    scheme: str | None = None
    free_tags: frozenset[str] = frozenset()

    @property
    def has_label_per_word(self) -> bool:
        """Whether words are labelled and not mentions, as for parts of speech."""
        spans = self.example.spans
        is_full = len(spans) == len(self.example.tokens) and all(span["end"] - span["start"] == 1 for span in spans)
        return self.scheme == PLAIN or (not self.levels and len(spans) > 1 and is_full)

    def place(self, what: str, first: int = 0, behind: int | None = None, fix: str = "") -> Place:
        """A place in the example.

        Args:
            what: what is wrong.
            first: the word that it begins with.
            behind: the one behind the last; by default the next.
            fix: what to write instead.
        """
        return Place(self.file, self.line_of(first), what, in_context(self.example.tokens, first, behind), fix)

    def line_of(self, word: int) -> int | None:
        """Where a word stands."""
        return self.line + word if self.words_have_lines and self.line is not None else self.line


class Fed(Format):
    """A mixin in front of a format: its lines come from a list instead of a file."""

    feed: Sequence[str] = ()

    def lines(self, path: Path) -> Generator[str, None, None]:
        yield from self.feed

    def blocks(self, path: Path) -> Iterator[list[str]]:
        yield [line.removesuffix("\n").removesuffix("\r") for line in self.feed]

    def examples(self, path: Path) -> Iterator[Example]:
        """The examples of what was fed."""
        return self._examples(path)


class FedTagged(Fed, TaggedFormat):
    """The same for tags; how they are to be read is known beforehand, and what is no tag is changed, so that reading goes on."""

    known: tuple[str, bool] = (PLAIN, False)
    odd: dict[str, str] | None = None  # what is no tag of the scheme, and what it is read as
    current: Sentence | None = None  # as it stands in the file

    def _survey(self, path: Path) -> tuple[str, bool]:
        if isinstance(self, ConllFormat):
            self._delimiter = self.delimiter
        self._scheme = self.known[0]
        return self.known

    def sentences(self, path: Path) -> Iterator[tuple[list[str], list[list[str]]]]:
        """The words of what was fed, and their tags."""
        self._survey(path)
        for sentence in super()._sentences(path):  # type: ignore[safe-super]
            yield sentence.tokens, [sentence.tags]

    def _sentences(self, path: Path) -> Iterator[Sentence]:
        for sentence in super()._sentences(path):  # type: ignore[safe-super]
            self.current = sentence
            if self.odd and not self.odd.keys().isdisjoint(sentence.tags):
                yield sentence._replace(tags=[self.odd.get(tag, tag) for tag in sentence.tags])
            else:
                yield sentence


class FedNested(Fed, NestedConllFormat):
    """The same for tags in several columns, which are kept at hand."""

    numbers: Sequence[int] = ()
    levels: Sequence[list[str]] = ()
    line: int = 1

    def sentences(self, path: Path) -> Iterator[tuple[list[str], list[list[str]]]]:
        """The words of what was fed, and their tags by column."""
        for sentence in self._rows(path, self.delimiter):
            yield self._tokens(path, sentence), [tags for _, tags in super()._columns(sentence)]

    def _columns(self, sentence: Rows) -> Iterator[tuple[int, list[str]]]:
        columns = list(super()._columns(sentence))
        self.line = sentence.line
        self.numbers, self.levels = [number for number, _ in columns], [tags for _, tags in columns]
        yield from columns


_MIXINS: tuple[tuple[type, type], ...] = ((NestedConllFormat, FedNested), (TaggedFormat, FedTagged), (Format, Fed))


def fed_reader(block: dict[str, Any]) -> Any:
    """A reader that can be fed.

    Args:
        block: the format with its options.
    """
    recipe: Lazy = Lazy.from_block(FORMATS, block, {})
    kind: Any = recipe.cls
    mixin = next(mixin for base, mixin in _MIXINS if issubclass(kind, base))
    return Lazy(type(kind.__name__, (mixin, kind), {}), **recipe.arguments).build()


class FileReading:
    """Reads one file of a split, whatever is wrong with it.

    Args:
        block: the format with its options.
        split: the split.
        path: the file; None for a reader that needs none.
        findings: is told what is wrong.

    Attributes:
        scheme: of the tags, once they have been looked at.
        is_strict: whether the reader refuses tags that stand where the scheme does not allow them.
    """

    def __init__(self, block: dict[str, Any], split: str, path: Path | None, findings: Findings) -> None:
        self._block, self._split, self._findings = block, split, findings
        self._path = path or Path()
        self._has_file = path is not None
        self._columns: Columns | None = None
        self._rows: list[RowChunk] | None = None
        self._free: frozenset[str] = frozenset()
        self.scheme: str | None = None
        self.is_strict = False

    @property
    def columns(self) -> Columns | None:
        """How the lines of a CoNLL file are parted, once they have been looked at."""
        return self._columns

    def items(self) -> Iterator[Item]:
        """What can be read, in order."""
        reader = fed_reader(self._block)
        if isinstance(reader, SplitReader):
            yield from self._as_it_is(FORMATS.build(self._block))
            return
        try:
            reader.feed = list(itertools.islice(decoded_lines(self._path, reader.encoding), _HEAD))
            refuse_lone_returns("".join(reader.feed[:1]), self._path)
            layout = reader.layout(self._path)
        except DataError as error:
            self._report_end(error)
            return
        except OSError as error:
            self._report_end(DataError(f"cannot be read: {error.strerror}", self._path))
            return
        if layout == "file":
            yield from self._as_it_is(FORMATS.build(self._block))
            return
        if layout == "document":
            chunks = row_chunks(self._path, reader.encoding)
            if chunks is None:
                yield from self._as_it_is(FORMATS.build(self._block))
                return
            self._rows = list(chunks)
            for _ in decoded_lines(self._path, reader.encoding, self._findings):
                pass
        if isinstance(reader, _IN_COLUMNS):
            self._columns = Columns.survey(reader, decoded_lines(self._path, reader.encoding))
            reader.delimiter = self._columns.delimiter
        if isinstance(reader, (FedTagged, FedNested)):
            self._survey_tags(reader, layout)
        for chunk in self._chunks(reader, layout, self._findings):
            for example in self._examples(reader, chunk, self._findings):
                yield self._item(reader, chunk, example)

    def _as_it_is(self, reader: Format) -> Iterator[Item]:
        """A file of which no part can be left out, up to the first thing that is wrong with it."""
        place = self._path if self._has_file else None
        if self._path.is_file() and not is_binary(self._path):
            for _ in decoded_lines(self._path, reader.encoding, self._findings):
                pass
        split = self._split.rpartition("/")[2]
        try:
            for example in (
                reader.read_split(split, place) if isinstance(reader, SplitReader) else reader.read(self._path)
            ):
                file, line = _origin(example, str(self._path))
                yield Item(example, self._split, file, line, reader.encoding)
        except DataError as error:
            if self._findings.get("undecodable-bytes") is None:
                self._report_end(error)

    def _chunks(self, reader: Any, layout: Layout, findings: Findings | None) -> Iterator[Chunk]:
        if self._rows is not None:
            yield from map(RowChunk.again, self._rows)
            return
        is_separator = is_between_sentences if self._columns else str.isspace
        try:
            quote = quote_of(self._path, reader.quote) if layout == "table" else ""
            yield from chunks_of(decoded_lines(self._path, reader.encoding, findings), layout, is_separator, quote)
        except (UnicodeError, OSError) as error:
            self._report_end(DataError(f"cannot be read: {error}", self._path))

    def _examples(
        self, reader: Any, chunk: Chunk, findings: Findings | None, method: str = "examples"
    ) -> Iterator[Any]:
        """What can be read of a chunk; records that the reader refuses are reported and left out."""
        if self._columns is not None:
            self._columns.check(chunk, str(self._path), findings)
        while True:
            reader.feed = chunk.lines
            try:
                yield from getattr(reader, method)(self._path)
                return
            except DataError as error:
                if error.line is None:
                    if findings is not None:
                        self._report_end(error)
                    return
                if findings is not None:
                    self._report(error, chunk)
                if not chunk.drop(error.line):
                    return

    def _report(self, error: DataError, chunk: Chunk) -> None:
        line = error.line or 1
        number = chunk.number(line)
        reason = _RECORD.sub(f"record {number}: " if chunk.counts_records else "", error.reason)
        place = Place(str(self._path), number, shown(reason, 300), shown(chunk.text(line)))
        self._findings.add("unreadable-record", place)

    def _report_end(self, error: DataError) -> None:
        self._findings.add("unreadable-file", Place(str(self._path), error.line, shown(error.reason, 300)))

    def _survey_tags(self, reader: Any, layout: Layout) -> None:
        """Find the scheme of the tags, whatever is among them."""
        detector = SchemeDetector()
        for chunk in self._chunks(reader, layout, None):
            if isinstance(reader, TableFormat) and not self._has_tags(reader, chunk):
                return
            for tokens, levels in self._examples(reader, chunk, None, "sentences"):
                end = tokens.index(END_OF_SENTENCE) if END_OF_SENTENCE in tokens else None
                for tags in levels:
                    detector.add(tags[:end])
        seen = detector.tags
        type_x = has_type_x(seen)
        partial_label = getattr(reader, "partial_label", None)
        ignored = {*context_tags(type_x), partial_label or ""}
        odd: set[str] = set()
        scheme = reader.source_scheme
        while scheme is None:
            try:
                scheme = detector.result(ignored | odd)
            except TagError as error:
                odd.add(error.tag)
        self._free = context_tags(type_x, scheme) | ({partial_label} if partial_label else set())
        odd |= {tag for tag in seen - self._free if not is_tag_of(tag, scheme)}
        if isinstance(reader, FedTagged):
            reader.odd = {tag: nearest_tag(tag, seen - odd, scheme) for tag in odd - self._free}
            reader.known = (scheme, type_x)
        else:
            reader.source_scheme = scheme
        self.scheme, self.is_strict = scheme, reader.strict
        reader.strict = False

    def _has_tags(self, reader: Any, chunk: Chunk) -> bool:
        reader.feed = chunk.lines
        try:
            return bool(reader.has_tags(self._path))
        except DataError:
            return False

    def _item(self, reader: Any, chunk: Chunk, example: Example) -> Item:
        file, encoding = str(self._path), None if chunk.counts_records else reader.encoding
        if isinstance(reader, FedNested):
            return self._tagged(example, chunk.number(reader.line), encoding, [*reader.levels], has_lines=True)
        if isinstance(reader, FedTagged) and reader.current is not None:
            line, tags = chunk.number(reader.current.line), reader.current.tags
            item = self._tagged(example, line, encoding, [tags], has_lines=reader.words_have_lines)
            if reader.odd and not reader.odd.keys().isdisjoint(tags):
                self._report_odd(item, tags, reader.odd)
                item.levels = [[reader.odd.get(tag, tag) for tag in tags]]
            return item
        file, line_in_chunk = _origin(example, file)
        return Item(
            example, self._split, file, None if line_in_chunk is None else chunk.number(line_in_chunk), encoding
        )

    def _tagged(
        self, example: Example, line: int, encoding: str | None, levels: list[list[str]], has_lines: bool
    ) -> Item:
        return Item(example, self._split, str(self._path), line, encoding, has_lines, levels, self.scheme, self._free)

    def _report_odd(self, item: Item, tags: Sequence[str], odd: Mapping[str, str]) -> None:
        for word, tag in enumerate(tags):
            if tag in odd:
                fix = f"write {shown(odd[tag])}, if that is meant"
                what = f"'{shown(tag)}' is no tag of the scheme {self.scheme}"
                self._findings.add("bad-tag", item.place(what, word, fix=fix))


def _origin(example: Example, file: str) -> tuple[str, int | None]:
    match = _ORIGIN.fullmatch(example.origin)
    if match is None:
        return example.origin or file, None
    return match[1], int(match[2])
