"""Which format is a file in? Each that its beginning looks like is tried on it."""

from __future__ import annotations

import codecs
import itertools
import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from adaseq.data.annotation import END_OF_SENTENCE
from adaseq.data.statistics import Statistics
from adaseq.data.table_guess import labelled_columns
from adaseq.errors import AdaSeqError, DataError
from adaseq.metainfo import Formats, Tasks
from adaseq.registry import FORMATS

_MOST_LINES = 2000
_CONLLU_COLUMNS = 10
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_RARELY = 0.05  # of the bytes, in text of mostly Latin letters
_TAG_COLUMNS = 3  # at least so many columns, if several of them are tags

_PLAIN_SPAN = {"start", "end", "type"}
# Two words of letters of an alphabet, with a blank between them.
_SPACED = re.compile(r"[^\W\d_\u2e80-\uffff]{2,} [^\W\d_\u2e80-\uffff]{2,}")

Candidates = Iterator[dict[str, Any]]


class Guess(NamedTuple):
    """What a file seems to be.

    Attributes:
        section: its `data_type` and the options without which it cannot be read.
        statistics: of its first examples.
    """

    section: dict[str, Any]
    statistics: Statistics


def guess_format(path: Path, task: str) -> Guess:
    """The format of a file, by its first lines.

    Args:
        path: the file.
        task: what it is annotated for.

    Raises:
        DataError: no format fits; says what each one finds wrong.
    """
    with tempfile.TemporaryDirectory() as folder:
        head = Path(folder) / path.name
        head.write_bytes(_head(path))
        encoding = _encoding(head)
        reasons = []
        for candidate in _candidates(head, task, encoding.get("encoding", "utf-8-sig")):
            statistics = Statistics()
            try:
                for example in FORMATS.build({**candidate, **encoding}).read(head):
                    statistics.add(example)
            except AdaSeqError as error:
                reasons.append(f"  {candidate['type']}: {str(error).replace(str(head), str(path))}")
                continue
            return Guess({"data_type": candidate.pop("type"), **candidate, **encoding}, statistics)
    raise DataError("no format fits this file:\n" + "\n".join(dict.fromkeys(reasons)), path)


def _head(path: Path) -> bytes:
    """The first lines of a file, up to the end of a sentence; all of a document, and of what is in UTF-16."""
    try:
        with path.open("rb") as file:
            lines = list(itertools.islice(file, _MOST_LINES))
            if lines and lines[0].lstrip(b"\xef\xbb\xbf \t").startswith((b"[", *_WIDE_MARKS)):
                return b"".join([*lines, file.read()])
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", path) from error
    if len(lines) == _MOST_LINES:
        blank = next((place for place in range(len(lines) - 1, 0, -1) if not lines[place].strip()), None)
        lines = lines if blank is None else lines[: blank + 1]
    return b"".join(lines)


def _encoding(head: Path) -> dict[str, str]:
    """The option for a file that is not in UTF-8."""
    content = head.read_bytes()
    if content.startswith(_WIDE_MARKS):
        return {"encoding": "utf-16"}
    try:
        content.decode("utf-8")
        return {}
    except UnicodeDecodeError:
        pass
    if sum(byte > 0x7F for byte in content) > _RARELY * len(content):
        try:
            content.decode("gb18030")
            return {"encoding": "gb18030"}
        except UnicodeDecodeError:
            pass
    return {"encoding": "latin-1"}


def _candidates(head: Path, task: str, encoding: str) -> Candidates:
    """The formats worth trying, the most special ones first."""
    text = head.read_text(encoding=encoding, errors="replace")
    lines = [line for line in text.split("\n") if line.strip()]
    record = _first_record(text, lines)
    if record is not None:
        yield from _json_formats(record, lines, task)
    elif task == Tasks.TEXT_CLASSIFICATION:
        for columns in labelled_columns(head, encoding):
            yield {"type": Formats.LABELLED_TEXT, **columns}
        yield {"type": Formats.LABEL_LINES}
    elif task == Tasks.RELATION_EXTRACTION:
        yield {"type": Formats.MARKED_PAIRS if "<e1>" in text else Formats.RELATION_CONLL}
    elif task == Tasks.ENTITY_TYPING:
        yield {"type": Formats.ENTITY_TYPING}
    else:
        yield from _line_formats(lines, task)


def _line_formats(lines: list[str], task: str) -> Candidates:
    if any(line.count("\t") + 1 == _CONLLU_COLUMNS and line.split("\t")[0].isdigit() for line in lines):
        yield {"type": Formats.CONLLU}
    if task == Tasks.WORD_SEGMENTATION and not _ends_in_tags(lines):
        yield {"type": Formats.SEGMENTED}
    if task == Tasks.NAMED_ENTITY_RECOGNITION and _has_levels(lines):
        yield {"type": Formats.NESTED_CONLL}
    yield {"type": Formats.CONLL}


def _first_record(text: str, lines: list[str]) -> dict[str, Any] | None:
    """The first JSON object of a file; empty if it is damaged, None if it does not look like JSON at all."""
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if start not in ("{", "["):
        return None
    try:
        content = json.loads(lines[0] if start == "{" else text)
    except (ValueError, RecursionError):
        return {}
    first = content[0] if isinstance(content, list) and content else content
    return first if isinstance(first, dict) else {}


def _json_formats(record: dict[str, Any], lines: list[str], task: str) -> Candidates:
    if "data" in record and {"annotations", "completions"} & record.keys():
        is_relation, is_typing = task == Tasks.RELATION_EXTRACTION, task == Tasks.ENTITY_TYPING
        more = {"relations": True} if is_relation else {"multi_type": True} if is_typing else {}
        yield {"type": Formats.LABEL_STUDIO, **more}
    elif task == Tasks.TEXT_CLASSIFICATION:
        yield from _classification_formats(record)
    elif task == Tasks.RELATION_EXTRACTION:
        yield {"type": Formats.DOCCANO, "relations": True} if "relations" in record else {"type": Formats.RELATION_JSON}
    elif task == Tasks.ENTITY_TYPING:
        yield from _typing_formats(record)
    else:
        for name in _span_formats(record):
            candidates = [{"type": name}]
            if name in (Formats.JSON_SPANS, Formats.JSON_TAGS, Formats.CLUENER):
                candidates.append({"type": name, "tokenizer": "blank"})
            if name == Formats.JSON_SPANS and (spaced := _spaced_texts(lines)):
                # Characters are poor words there: ends count them and make whole words, or they count the words.
                at_words = sum(_ends_at_words(text, spans) for text, spans in spaced)
                candidates = [{"type": Formats.TABLE}, *candidates] if 2 * at_words > len(spaced) else candidates[::-1]
            yield from candidates


def _classification_formats(record: dict[str, Any]) -> Candidates:
    texts = [key for key, value in record.items() if isinstance(value, str)]
    usual_names: tuple[str, ...] = ("text", "sentence", "content", "question")
    text = next((key for key in usual_names if key in texts), None)
    label = next((key for key in ("label", "labels", "class", "category") if key in record), None)
    text = text or max((key for key in texts if key != label), key=lambda key: len(record[key]), default="text")
    options = {"text_column": text, "label_column": label or "label"}
    usual = {"text_column": "text", "label_column": "label"}
    yield {"type": Formats.LABELLED_TEXT, **{key: value for key, value in options.items() if value != usual[key]}}


def _typing_formats(record: dict[str, Any]) -> Candidates:
    text = next((key for key in ("text", "sentence", "tokens") if key in record), "text")
    spans = next(
        (key for key, value in record.items() if isinstance(value, list) and value and isinstance(value[0], dict)), None
    )
    options: dict[str, Any] = {} if text == "text" else {"text_key": text}
    if spans is not None:
        options.update({} if spans == "label" else {"spans_key": spans})
    else:
        lists = {key: value for key, value in record.items() if isinstance(value, list)}
        ends = next((key for key, value in lists.items() if len(value) == 2 and {*map(type, value)} == {int}), None)
        types = [
            key for key, value in lists.items() if key not in (ends, text) and all(isinstance(e, str) for e in value)
        ]
        if ends is not None and types:
            options.update(spans_key=ends, types_key=max(types, key=lambda key: len(lists[key])))
    for tokenizer in ({}, {"tokenizer": "blank"}):
        yield {"type": Formats.ENTITY_TYPING, **options, **tokenizer}


def _span_formats(record: dict[str, Any]) -> list[str]:
    if "spans" in record:
        return [Formats.JSON_SPANS]
    for key in ("label", "labels", "entities"):
        value = record.get(key)
        if isinstance(value, list) and (key == "entities" or (value and isinstance(value[0], list))):
            return [Formats.DOCCANO]
    if "labels" in record:
        return [Formats.JSON_TAGS]
    if "label" in record:
        return [Formats.DOCCANO if isinstance(record["label"], list) else Formats.CLUENER]
    return [Formats.JSON_SPANS, Formats.JSON_TAGS, Formats.CLUENER]


def _spaced_texts(lines: list[str]) -> list[tuple[str, list[tuple[int, int]]]]:
    """The texts with blanks between their words, in which there are spans, with the ends of these; none if there is something
    that `json_spans` alone knows: gaps, a choice of types, documents, context."""
    found = []
    for line in lines:
        try:
            record = json.loads(line)
            is_plain = all(span.keys() == _PLAIN_SPAN and isinstance(span["type"], str) for span in record["spans"])
            if not is_plain or "document" in record or END_OF_SENTENCE in record["text"]:
                return []
            text, spans = record["text"], [(span["start"], span["end"]) for span in record["spans"]]
            if spans and {*map(type, itertools.chain(*spans))} == {int} and _SPACED.search(text):
                found.append((text, spans))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return []
    return found


def _ends_at_words(text: str, spans: list[tuple[int, int]]) -> bool:
    """Whether each span begins and ends where words do, as it does if its ends count characters."""

    def is_border(place: int) -> bool:
        return not text[max(place - 1, 0) : place + 1].isalnum() or place in (0, len(text))

    return all(
        0 <= start < end <= len(text)
        and is_border(start)
        and is_border(end)
        and not text[start].isspace()
        and not text[end - 1].isspace()
        for start, end in spans
    )


def _has_levels(lines: list[str]) -> bool:
    """Whether all columns but the first have tags, and several of them something else than O."""
    rows = [line.split("\t" if "\t" in line else None)[1:] for line in lines]
    width = len(rows[0]) if rows else 0
    if width + 1 < _TAG_COLUMNS or any(len(row) != width for row in rows):
        return False
    columns = [set(column) - {"O"} for column in zip(*rows, strict=True)]
    is_tags = all(tag[1:2] == "-" and tag[0] in "BIESMLU" for column in columns for tag in column)
    return is_tags and sum(bool(column) for column in columns) > 1


def _ends_in_tags(lines: list[str]) -> bool:
    """Whether the last column has few, short values, as boundary tags are."""
    last = {line.split()[-1] for line in lines}
    return len(last) <= len("BIESMLUOX") and all(len(tag.encode()) == 1 or tag[1:2] == "-" for tag in last)
