"""Copies of the files in which is mended what can be mended without doubt."""

from __future__ import annotations

import codecs
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adaseq.data.annotation import END_OF_SENTENCE
from adaseq.data.formats.base import BYTE_ORDER_MARK, Format
from adaseq.data.formats.conll import ConllFormat
from adaseq.data.formats.json_tags import JsonTagsFormat
from adaseq.data.formats.nested_conll import NestedConllFormat
from adaseq.errors import AdaSeqError
from adaseq.inspection.characters import faults_of_word, mended
from adaseq.inspection.decoding import is_binary
from adaseq.inspection.findings import Findings
from adaseq.inspection.inspector import Part, Report
from adaseq.inspection.reading import FileReading, Item, fed_reader
from adaseq.inspection.tag_repair import as_read, illegal_places
from adaseq.utils.files import atomic_write
from adaseq.utils.tag_schemes import PLAIN

_OF_WORDS = ("mojibake", "control-character", "zero-width-character", "not-normalised")


@dataclass
class Copy:
    """A copy that was written.

    Args:
        source: the file.
        target: the copy.
        changes: how many places were mended, by the code of what was wrong; empty for a plain copy.
        fixed: code, file and line of the places.
    """

    source: Path
    target: Path
    changes: Counter[str] = field(default_factory=Counter)
    fixed: set[tuple[str, str, int | None]] = field(default_factory=set)

    def add(self, code: str, line: int | None) -> None:
        """Note a change."""
        self.changes[code] += 1
        self.fixed.add((code, str(self.source), line))


def write_repaired(report: Report, folder: Path) -> list[Copy]:
    """Write repaired copies of all files of a report into a folder.

    In every text file the byte order mark is left out and lines end in a line feed. In CoNLL columns, words lose invisible and
    control characters, are set in normal form, and get back what a wrong decoding did to them. There and in `json_tags`,
    tags are written as they are read. Elsewhere words stay, since the ends of spans count their characters.

    Args:
        report: says which files; is told what was mended.
        folder: where the copies go; none of them may be there.

    Raises:
        AdaSeqError: a copy would overwrite a file.
    """
    parts = [part for part in report.parts if part.path is not None and part.path.is_file()]
    targets = _targets(parts, folder)
    for target in targets.values():
        if target.exists():
            raise AdaSeqError(f"'{target}' exists, and --fix overwrites nothing; name another folder")
    copies = []
    for path, target in targets.items():
        part = next(each for each in parts if each.path == path)
        copies.append(_write(part, path, target))
    report.findings.mark_fixed(set().union(*(copy.fixed for copy in copies)) if copies else set())
    return copies


def _targets(parts: Sequence[Part], folder: Path) -> dict[Path, Path]:
    names = Counter(part.path.name for part in {part.path: part for part in parts}.values() if part.path)
    targets: dict[Path, Path] = {}
    for part in parts:
        assert part.path is not None
        name = part.path.name if names[part.path.name] == 1 else f"{part.split}/{part.path.name}"
        target = folder / name
        number = 1
        while target in targets.values() and part.path not in targets:
            number += 1
            target = folder / f"{part.split}-{number}" / part.path.name
        targets.setdefault(part.path, target)
    return targets


def _write(part: Part, path: Path, target: Path) -> Copy:
    copy = Copy(path, target)
    reader: Format = fed_reader(part.block)
    if is_binary(path) or codecs.lookup(reader.encoding).name.startswith(("utf-16", "utf-32")):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        return copy
    mark = BYTE_ORDER_MARK.encode(reader.encoding, "ignore")
    changes = _changes(part, reader, copy)
    with atomic_write(target, "wb") as file, path.open("rb") as lines:
        following = next(changes, None)
        for number, line in enumerate(lines, 1):
            if number == 1 and mark and line.startswith(mark):
                line = line.removeprefix(mark)
                copy.add("byte-order-mark", 1)
            if line.endswith(b"\r\n"):
                line = line[:-2] + b"\n"
                copy.changes["mixed-line-ends"] += 1
            if following is not None and following[0] == number:
                line = _changed(line, reader, following[1])
                following = next(changes, None)
            file.write(line)
    if copy.changes["mixed-line-ends"]:
        copy.fixed |= {("mixed-line-ends", str(path), number) for number in (1,)}
    return copy


def _changes(part: Part, reader: Format, copy: Copy) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The lines to change, in order, and what is to stand in them."""
    if not isinstance(reader, (ConllFormat, NestedConllFormat, JsonTagsFormat)):
        return
    reading = FileReading(part.block, part.split, part.path, Findings())
    for item in reading.items():
        if item.line is None or not item.levels:
            continue
        levels = [_as_read(item, tags, copy) for tags in item.levels]
        if not isinstance(reader, JsonTagsFormat):
            yield from _of_words(item, levels, reading, copy)
        elif levels != item.levels:
            yield item.line, {"tags": levels[0], "old": item.levels[0]}


def _as_read(item: Item, tags: list[str], copy: Copy) -> list[str]:
    if END_OF_SENTENCE in item.example.tokens:
        return tags
    illegal = illegal_places(tags, item.scheme or PLAIN, item.free_tags)
    if not illegal:
        return tags
    for word in illegal:
        copy.add("illegal-transition", item.line_of(word))
    return as_read(tags, item.scheme or PLAIN, item.free_tags)


def _of_words(
    item: Item, levels: list[list[str]], reading: FileReading, copy: Copy
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for word, token in enumerate(item.example.tokens):
        new_token = mended(token)
        line = item.line_of(word)
        if new_token != token:
            for fault in faults_of_word(token):
                if fault.code in _OF_WORDS:
                    copy.add(fault.code, line)
        tags = [(old[word], new[word]) for old, new in zip(item.levels, levels, strict=True)]
        if line is not None and (new_token != token or any(old != new for old, new in tags)):
            yield line, {"token": new_token, "tags": tags, "columns": reading.columns}


def _changed(line: bytes, reader: Any, change: Mapping[str, Any]) -> bytes:
    try:
        text = line.decode(reader.encoding)
    except UnicodeDecodeError:
        return line  # what was read is not what stands there
    if isinstance(reader, JsonTagsFormat):
        record = json.loads(text)
        if record[reader.tags_key] == change["old"]:
            record[reader.tags_key] = change["tags"]
        text = json.dumps(record, ensure_ascii=False) + "\n" * text.endswith("\n")
    else:
        text = _with_columns(text, reader, change)
    return text.encode(reader.encoding)


def _with_columns(text: str, reader: Any, change: Mapping[str, Any]) -> str:
    """A line with another word or other tags; all else in it stays."""
    body = text.removesuffix("\n")
    delimiter = change["columns"].delimiter
    if delimiter is None:
        start, end = len(body) - len(body.lstrip()), len(body.rstrip())
        parts = re.split(r"(\s+)", body[start:end])
        around = body[:start], body[end:]
    else:
        parts = re.split(f"({re.escape(delimiter)})", body)
        around = "", ""
    columns = parts[::2]
    for number, (old, new) in zip(_label_columns(reader, change["columns"].width), change["tags"], strict=True):
        if columns[number].strip() == old:  # a tag that is none was guessed, and stays
            columns[number] = new
    columns[reader.token_column] = change["token"]
    parts[::2] = columns
    return around[0] + "".join(parts) + around[1] + "\n" * text.endswith("\n")


def _label_columns(reader: Any, width: int) -> list[int]:
    if isinstance(reader, ConllFormat):
        return [reader.label_column]
    given: list[int] | None = reader.label_columns
    return [n for n in range(width) if n != reader.token_column % width] if given is None else given
