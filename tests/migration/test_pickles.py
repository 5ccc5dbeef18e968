"""Pickles become JSON, and nothing in them is run."""

from __future__ import annotations

import collections
import json
import os
import pickle
import pickletools
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaseq.errors import DataError
from adaseq.migration.pickles import convert_pickle, read_plain_pickle

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def pickled(path: Path, value: Any, protocol: int = pickle.HIGHEST_PROTOCOL) -> Path:
    path.write_bytes(pickle.dumps(value, protocol))
    return path


@given(value=PLAIN, protocol=st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_plain_values_come_through(tmp_path_factory: pytest.TempPathFactory, value: Any, protocol: int) -> None:
    path = pickled(tmp_path_factory.getbasetemp() / "value.pkl", value, protocol)
    assert read_plain_pickle(path) == value


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_tuples_and_sets_become_lists(tmp_path: Path, protocol: int) -> None:
    value = collections.OrderedDict(train=[("人", "组织"), {"b", "a"}, frozenset({"c"})])
    path = pickled(tmp_path / "cand.pkl", value, protocol)
    assert read_plain_pickle(path) == {"train": [["人", "组织"], ["a", "b"], ["c"]]}


def test_candidates_become_json(tmp_path: Path) -> None:
    path = pickled(tmp_path / "cand.pkl", {"train": [["人物", "person"], []], "dev": [["place"]]})
    assert convert_pickle(path, tmp_path / "cand.json") == "a mapping of 2"
    text = (tmp_path / "cand.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"train": [["人物", "person"], []], "dev": [["place"]]} and "人物" in text


@pytest.mark.parametrize("labels", [["b", "a"], {"a": 1, "b": 0}])
def test_labels_become_lines(tmp_path: Path, labels: Any) -> None:
    path = pickled(tmp_path / "labels.pkl", labels)
    assert convert_pickle(path, tmp_path / "labels.txt") == "2 labels, one on each line"
    assert (tmp_path / "labels.txt").read_text(encoding="utf-8") == "b\na\n"


class Runs:
    """Runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self.command,)


class Custom:
    """An object with a state."""

    def __init__(self) -> None:
        self.state = 1


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_is_run(tmp_path: Path, protocol: int) -> None:
    sprung = tmp_path / "sprung"
    path = pickled(tmp_path / "bad.pkl", {"train": [["a"], Runs(f"touch {sprung}")]}, protocol)
    with pytest.raises(DataError, match=r"is refused, and nothing of it was run: it holds \w+\.system"):
        convert_pickle(path, tmp_path / "bad.json")
    assert not sprung.exists() and not (tmp_path / "bad.json").exists()


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x80\x02cbuiltins\neval\nX\x01\x00\x00\x001\x85R.", r"builtins\.eval"),
        (b"ibuiltins\neval\n.", "the instruction INST"),
        (b"(cos\nsystem\nX\x04\x00\x00\x00trueo.", r"os\.system"),
        (b"\x80\x02\x82\x01.", "the instruction EXT1"),
        (b"X\x01\x00\x00\x00aQ.", "the instruction BINPERSID"),
        (b"]}b.", "the instruction BUILD"),
        (b"\x80\x04\x8c\x08builtins\x8c\x04exec\x93\x8c\x011\x85R.", r"builtins\.exec"),
        (b"\x80\x04\x8c\x0badaseq.data\x8c\x05store\x93.", r"adaseq\.data\.store"),
    ],
)
def test_every_way_to_run_something_is_refused(tmp_path: Path, data: bytes, what: str) -> None:
    (tmp_path / "bad.pkl").write_bytes(data)
    with pytest.raises(DataError, match=f"nothing of it was run: it holds {what}"):
        read_plain_pickle(tmp_path / "bad.pkl")


def test_every_instruction_is_either_admitted_or_refused(tmp_path: Path) -> None:
    harmless = {"GLOBAL", "STACK_GLOBAL", "REDUCE"}
    from adaseq.migration import pickles

    running = {opcode.name for opcode in pickletools.opcodes} - pickles._BUILDING - harmless
    assert {"INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "BUILD", "PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4"} <= running


@pytest.mark.parametrize("value", [Custom(), {"a": b"bytes"}, {"a": 1 + 2j}, [print], collections.Counter("a")])
def test_what_is_no_plain_value_is_refused(tmp_path: Path, value: Any) -> None:
    with pytest.raises(DataError, match="is refused, and nothing of it was run"):
        read_plain_pickle(pickled(tmp_path / "value.pkl", value))


def test_damaged_and_outsized_pickles_are_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adaseq.migration.pickles._MOST_VALUES", 10_000)
    path = tmp_path / "value.pkl"

    def refusal(data: bytes) -> str:
        path.write_bytes(data)
        with pytest.raises(DataError) as caught:
            read_plain_pickle(path)
        return str(caught.value)

    whole = pickle.dumps({"a": ["b"] * 10})
    assert "is no whole pickle" in refusal(whole[:-4])
    assert "is no whole pickle" in refusal(b"")
    assert "is no whole pickle" in refusal(b"just text\n")
    assert "it numbers more values than it has bytes" in refusal(b"\x80\x02]r" + struct.pack("<I", 2**31) + b".")
    cycle: list[Any] = []
    cycle.append(cycle)
    assert "nested more than 50 deep" in refusal(pickle.dumps(cycle))
    bomb: list[Any] = ["a"]
    for _ in range(40):
        bomb = [bomb, bomb]
    assert "stands for more than" in refusal(pickle.dumps(bomb))
    assert "for the key of a mapping" in refusal(pickle.dumps({1: "a"}))
    assert "a whole number of more than 64 bits" in refusal(pickle.dumps([2**100]))
    for number in ("nan", "inf"):
        assert f"has the number {number}, which JSON does not know" in refusal(pickle.dumps([float(number)]))
    assert r"has half a character in the text '\ud83d'" in refusal(pickle.dumps({"\ud83d": 1}))
    with pytest.raises(DataError, match="cannot be read: No such file"):
        read_plain_pickle(tmp_path / "nowhere.pkl")


def test_the_output_is_json_or_text(tmp_path: Path) -> None:
    path = pickled(tmp_path / "cand.pkl", {"train": [["a"]]})
    with pytest.raises(DataError, match=r"-o names a \.json file, or a \.txt file"):
        convert_pickle(path, tmp_path / "cand.yaml")
    with pytest.raises(DataError, match="is no list of labels"):
        convert_pickle(path, tmp_path / "cand.txt")
