"""What holds for every format: streaming, and no other error than `DataError` whatever is in the file."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adaseq.errors import DataError
from adaseq.registry import FORMATS

_ROW = "1\tab\t_\tNOUN\tNN\t_\t0\troot\t_\t_\n"
SAMPLES = {
    "conll": "Ada\tB-PER\n Love\tI-PER\nwas\tO\n\nhere\tX\n<EOS>\tO\n",
    "conllu": f"# newdoc\n# text = ab\n{_ROW}2-3{_ROW[1:]}\n{_ROW}",
    "json_tags": json.dumps({"text": "ab c", "labels": ["B-A", "I-A", "O", "X"]}) + "\n\n",
    "json_spans": json.dumps({"text": "ab c", "spans": [{"start": 0, "end": 2, "type": "A"}]}) + "\n",
    "cluener": json.dumps({"text": "ab c", "label": {"A": {"ab": [[0, 1]]}, "B": [[3, 4]]}}) + "\n",
    "segmented": "上海 推 “ 迎\nab c\n",
}
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
    "0",
    "-1",
    "9",
    "O",
    "E-B",
    "X",
    "\\ud800",
    "null",
    "#",
]


def test_every_format_has_a_sample() -> None:
    assert sorted(SAMPLES) == FORMATS.names()


@pytest.mark.parametrize("name", SAMPLES)
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), edits=st.integers(0, 6))
def test_damaged_files_give_examples_or_a_data_error(tmp_path: Path, name: str, seed: int, edits: int) -> None:
    generator = random.Random(seed)
    content = (SAMPLES[name] * 2).encode()
    for _ in range(edits):
        place = generator.randrange(len(content) + 1)
        new = generator.choice([generator.randbytes(1), generator.choice(_BITS).encode(), b""])
        content = content[:place] + new + content[place + generator.randrange(3) :]
    path = tmp_path / "data"
    path.write_bytes(content)
    reader = FORMATS.build({"type": name})
    try:
        examples = list(reader.read(path))
    except DataError as error:
        assert str(error).startswith(f"{path}:")
        return
    assert examples and json.dumps(reader.notes())
    for example in examples:
        assert all(example.tokens)
        assert example.mask is None or len(example.mask) == len(example.tokens)
        for span in example.spans:
            assert 0 <= span["start"] < span["end"] <= len(example.tokens)
        if example.offsets is not None:
            assert example.text is not None
            assert example.tokens == [example.text[start:end] for start, end in example.offsets]
        "".join(example.tokens).encode()


@pytest.mark.parametrize("name", SAMPLES)
def test_memory_does_not_grow_with_the_file(tmp_path: Path, name: str) -> None:
    peaks = []
    for copies in (200, 2000):
        path = tmp_path / str(copies)
        path.write_text((SAMPLES[name].rstrip("\n") + "\n\n") * copies, encoding="utf-8")
        tracemalloc.start()
        for _ in FORMATS.build({"type": name}).read(path):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # 1,800 Examples more would take far more than the buffers of a file.
    assert peaks[1] < peaks[0] + 100_000


def test_formats_need_no_heavy_library() -> None:
    code = (
        "import sys; from adaseq.registry import FORMATS, SPLITTERS; FORMATS.names(); SPLITTERS.names(); "
        "print({'torch', 'pyarrow', 'numpy', 'transformers'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
