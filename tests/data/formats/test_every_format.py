"""What holds for every format: streaming, and no other error than `DataError` whatever is in the file.

`ADASEQ_FUZZ_EXAMPLES` sets how many damaged files are tried for each of the samples, for longer runs than these.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adaseq.data.example import Example, labels_of
from adaseq.errors import AdaSeqError, DataError
from adaseq.metainfo import NO_RELATION
from adaseq.registry import FORMATS
from tests.data.formats.samples import SAMPLES, Sample

FUZZ = settings(
    max_examples=int(os.environ.get("ADASEQ_FUZZ_EXAMPLES", "60")),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
_BITS = [
    "\t",
    " ",
    "\n",
    "\r",
    "\0",
    "\u2028",
    '"',
    "{",
    "[",
    "]",
    "}",
    ",",
    "0",
    "-1",
    "9",
    "O",
    "E-B",
    "X",
    "<E>",
    "</e1>",
]
_BITS += ["\\ud800", "null", "#", "(e1,e2)", "__label__", "1e400", "true"]
_VALUES: list[Any] = [None, True, 0, -1, 3, 10**30, 0.5, "", "x", "O", [], [0], [0, 1], [[0, 1, "A"]], {}, {"start": 0}]


def test_every_format_has_a_sample() -> None:
    assert sorted({sample.block["type"] for sample in SAMPLES.values()}) == FORMATS.names()


@pytest.mark.parametrize("name", SAMPLES)
@FUZZ
@given(seed=st.integers(0, 2**32), edits=st.integers(0, 6))
def test_damaged_files_give_examples_or_a_data_error(tmp_path: Path, name: str, seed: int, edits: int) -> None:
    generator = random.Random(seed)
    sample = SAMPLES[name]
    content = (sample.content if sample.separator is None else sample.content * 2).encode()
    for _ in range(edits):
        place = generator.randrange(len(content) + 1)
        new = generator.choice([generator.randbytes(1), generator.choice(_BITS).encode(), b""])
        content = content[:place] + new + content[place + generator.randrange(3) :]
    check_reading(tmp_path / "data", sample, content)


@pytest.mark.parametrize("name", [name for name, sample in SAMPLES.items() if sample.content.lstrip()[0] in "{["])
@FUZZ
@given(seed=st.integers(0, 2**32), edits=st.integers(1, 4))
def test_other_values_give_examples_or_a_data_error(tmp_path: Path, name: str, seed: int, edits: int) -> None:
    generator = random.Random(seed)
    sample = SAMPLES[name]
    is_document = sample.separator is None
    lines = [sample.content] if is_document else sample.content.splitlines()
    records = [json.loads(line) for line in lines if line.strip()]
    for _ in range(edits):
        found = changed(records, generator)
        records = found if isinstance(found, list) else [found]
    check_reading(tmp_path / "data", sample, "".join(json.dumps(each) + "\n" for each in records).encode())


def changed(value: Any, generator: random.Random) -> Any:
    """A copy in which some value is another one, is missing, or stands twice."""
    if not isinstance(value, (list, dict)) or not value or generator.random() < 0.2:
        return generator.choice(_VALUES)
    if isinstance(value, list):
        place = generator.randrange(len(value))
        if generator.random() < 0.1:
            return value[:place] + value[place + 1 :] or [{}]
        return [*value[:place], changed(value[place], generator), *value[place + 1 :]]
    key = generator.choice(sorted(value))
    if generator.random() < 0.1:
        return {other: each for other, each in value.items() if other != key}
    return {**value, key: changed(value[key], generator)}


def check_reading(path: Path, sample: Sample, content: bytes) -> None:
    """Read a file and check what comes of it: an error that names the file, or examples that make sense."""
    path.write_bytes(content)
    reader = FORMATS.build(sample.block)
    try:
        examples = list(reader.read(path))
    except DataError as error:
        assert str(error).startswith(f"{path}:")
        return
    except AdaSeqError as error:
        raise AssertionError(f"no DataError: {error}") from error
    assert examples and json.dumps(reader.notes())
    text = content.decode("utf-8-sig")
    for example in examples:
        check_example(example)
        if "\\" not in text:
            for label in labels_of(example):
                assert label in text or label == NO_RELATION or is_number(label)


def check_example(example: Example) -> None:
    assert example.tokens and all(example.tokens)
    assert example.mask is None or len(example.mask) == len(example.tokens)
    for span in example.spans:
        assert 0 <= span["start"] < span["end"] <= len(example.tokens)
    for name in ("subject", "object"):
        if name in example.fields:
            start, end = example.fields[name]
            assert 0 <= start < end <= len(example.tokens)
    if example.offsets is not None:
        assert example.text is not None
        assert example.tokens == [example.text[start:end] for start, end in example.offsets]
    "".join(example.tokens).encode()
    json.dumps(example.fields)


def is_number(label: str) -> bool:
    try:
        float(label)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "gb18030"])
def test_a_byte_order_mark_is_left_out(tmp_path: Path, name: str, encoding: str) -> None:
    sample = SAMPLES[name]
    path = tmp_path / ("data.jsonl" if sample.content.startswith("{") else "data.csv")
    found = []
    for mark in ("", "\ufeff"):
        path.write_bytes((mark + sample.content).encode(encoding))
        found.append(list(FORMATS.build({**sample.block, "encoding": encoding}).read(path)))
    assert found[0] == found[1]


@pytest.mark.parametrize("name", SAMPLES)
def test_lone_carriage_returns_are_refused(tmp_path: Path, name: str) -> None:
    lines = SAMPLES[name].content.replace("\r", "").split("\n")
    path = tmp_path / "data"
    path.write_text("\r".join([*lines, *lines]), encoding="utf-8", newline="")
    with pytest.raises(DataError, match="data:1: the lines end in a carriage return alone, as on old Macs"):
        list(FORMATS.build(SAMPLES[name].block).read(path))


@pytest.mark.parametrize("name", [name for name, sample in SAMPLES.items() if sample.separator is not None])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, name: str) -> None:
    peaks = []
    sample = SAMPLES[name]
    for copies in (200, 2000):
        path = tmp_path / str(copies)
        path.write_text((sample.content + (sample.separator or "")) * copies, encoding="utf-8", newline="")
        tracemalloc.start()
        for _ in FORMATS.build(sample.block).read(path):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # 1,800 Examples more would take far more than the buffers of a file.
    assert peaks[1] < peaks[0] + 100_000


@pytest.mark.parametrize("name", ["label_studio", "one_mention", "table"])
def test_memory_does_not_grow_with_a_document_of_many_lines(tmp_path: Path, name: str) -> None:
    peaks = []
    content = json.loads(SAMPLES[name].content)
    record = json.dumps(content[0] if isinstance(content, list) else content, indent=1)
    for copies in (2000, 6000):
        path = tmp_path / str(copies)
        path.write_text("[" + ",\n".join([record] * copies) + "]", encoding="utf-8")
        tracemalloc.start()
        assert sum(1 for _ in FORMATS.build(SAMPLES[name].block).read(path)) == copies
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 100_000


def test_formats_need_no_heavy_library() -> None:
    code = (
        "import sys; from adaseq.registry import FORMATS, SPLITTERS; FORMATS.names(); SPLITTERS.names(); "
        "print({'torch', 'pyarrow', 'numpy', 'transformers'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
