"""Which format is a file in? Each is tried on the beginning of the file."""

from __future__ import annotations

import itertools
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adaseq.errors import AdaSeqError, DataError
from adaseq.metainfo import Formats, Tasks
from adaseq.registry import FORMATS

_MOST_LINES = 2000
_CONLLU_COLUMNS = 10


def guess_format(path: Path, task: str) -> dict[str, Any]:
    """The `data_type` of a file and the options without which it cannot be read.

    Args:
        path: the file.
        task: what it is annotated for.

    Raises:
        DataError: no format fits; says what each one finds wrong.
    """
    with tempfile.TemporaryDirectory() as folder:
        head = Path(folder) / path.name
        head.write_bytes(_head(path))
        reasons = []
        for candidate in _candidates(head, task):
            try:
                for _ in FORMATS.build(candidate).read(head):
                    pass
            except AdaSeqError as error:
                reasons.append(f"  {candidate['type']}: {str(error).replace(str(head), str(path))}")
                continue
            return {"data_type": candidate.pop("type"), **candidate}
    raise DataError("no format fits this file:\n" + "\n".join(dict.fromkeys(reasons)), path)


def _head(path: Path) -> bytes:
    """The first lines of a file, up to the end of a sentence."""
    try:
        with path.open("rb") as file:
            lines = list(itertools.islice(file, _MOST_LINES))
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", path) from error
    if len(lines) == _MOST_LINES:
        blank = next((place for place in range(len(lines) - 1, 0, -1) if not lines[place].strip()), None)
        lines = lines if blank is None else lines[: blank + 1]
    return b"".join(lines)


def _candidates(head: Path, task: str) -> Iterator[dict[str, Any]]:
    """The formats worth trying, the most special ones first."""
    lines = [line for line in head.read_text(encoding="utf-8-sig", errors="replace").splitlines() if line.strip()]
    if lines and lines[0].lstrip().startswith("{"):
        for name in _json_formats(lines[0]):
            yield {"type": name}
            yield {"type": name, "tokenizer": "blank"}
        return
    if any(line.count("\t") + 1 == _CONLLU_COLUMNS and line.split("\t")[0].isdigit() for line in lines):
        yield {"type": Formats.CONLLU}
    if task == Tasks.WORD_SEGMENTATION and not _ends_in_tags(lines):
        yield {"type": Formats.SEGMENTED}
    yield {"type": Formats.CONLL}


def _json_formats(line: str) -> list[str]:
    try:
        record = json.loads(line)
    except json.JSONDecodeError:
        record = {}
    if "spans" in record:
        return [Formats.JSON_SPANS]
    if "labels" in record:
        return [Formats.JSON_TAGS]
    if "label" in record:
        return [Formats.CLUENER]
    return [Formats.JSON_SPANS, Formats.JSON_TAGS, Formats.CLUENER]


def _ends_in_tags(lines: list[str]) -> bool:
    """Whether the last column has few, short values, as boundary tags are."""
    last = {line.split()[-1] for line in lines}
    return len(last) <= len("BIESMLUOX") and all(len(tag.encode()) == 1 or tag[1:2] == "-" for tag in last)
