"""Rows on disk: what goes in comes out, once, whole or not at all."""

import errno
import logging
import pickle

import numpy as np
import pytest

from adaseq.data.example import Example
from adaseq.data.store.examples import ExampleStore
from adaseq.data.store.rows import ArrowStore
from adaseq.errors import AdaSeqError
from adaseq.utils.cache import new_file, writable_cache


def rows(count):
    return [
        {"ids": np.arange(i % 7, dtype=np.int32), "mask": np.arange(i % 3) == 1, "n": i, "text": f"é{i}"}
        for i in range(count)
    ]


def test_rows_come_back(tmp_path):
    store = ArrowStore.build("f", lambda: rows(4500), cache_dir=tmp_path, describe=lambda: {"note": "ü"})
    assert len(store) == 4500 and store.metadata == {"note": "ü"}
    for i in (0, 1, 1999, 2000, 4499):
        row, expected = store[i], rows(4500)[i]
        assert row["ids"].tolist() == expected["ids"].tolist() and row["ids"].dtype == np.int32
        assert row["mask"].tolist() == expected["mask"].tolist() and row["mask"].dtype == np.bool_
        assert (row["n"], row["text"]) == (i, f"é{i}")
    assert store.column("n").tolist() == list(range(4500))
    with pytest.raises(IndexError, match="row 4500 of 4500"):
        store[4500]


def test_rows_are_made_once_for_a_fingerprint(tmp_path):
    ArrowStore.build("f", lambda: rows(3), cache_dir=tmp_path)
    again = ArrowStore.build("f", lambda: pytest.fail("made again"), cache_dir=tmp_path)
    assert again[2]["n"] == 2
    assert len(ArrowStore.build("g", lambda: rows(5), cache_dir=tmp_path)) == 5


def test_no_rows(tmp_path):
    store = ArrowStore.build("f", list, cache_dir=tmp_path)
    assert len(store) == 0 and len(store.column("n")) == 0


def test_a_store_travels_to_other_processes(tmp_path):
    store = pickle.loads(pickle.dumps(ArrowStore.build("f", lambda: rows(3), cache_dir=tmp_path)))
    assert store[1]["text"] == "é1"


def test_a_damaged_file_is_made_again(tmp_path, caplog):
    path = ArrowStore.build("f", lambda: rows(3), cache_dir=tmp_path).path
    path.write_bytes(path.read_bytes()[:100])
    with caplog.at_level(logging.WARNING):
        assert len(ArrowStore.build("f", lambda: rows(3), cache_dir=tmp_path)) == 3
    assert "is damaged; making it again" in caplog.text


def test_an_error_while_writing_leaves_nothing(tmp_path):
    def broken():
        yield from rows(2500)
        raise KeyError("in the data")

    with pytest.raises(KeyError):
        ArrowStore.build("f", broken, cache_dir=tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_killed_processes_left_is_removed_and_what_is_being_written_is_not(tmp_path):
    (tmp_path / ".f-killed.unfinished").write_text("half")
    with new_file(tmp_path, "g") as unfinished:
        path = ArrowStore.build("f", lambda: rows(3), cache_dir=tmp_path).path
        assert sorted(tmp_path.iterdir()) == sorted([unfinished, path, path.with_suffix(".json")])


def test_another_version_makes_its_rows_anew(tmp_path, monkeypatch):
    ArrowStore.build("f", lambda: rows(3), cache_dir=tmp_path)
    monkeypatch.setattr("adaseq.data.store.rows.__version__", "99.0.0")
    assert len(ArrowStore.build("f", lambda: rows(4), cache_dir=tmp_path)) == 4


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG])
def test_a_full_disk_is_said_so(tmp_path, monkeypatch, number):
    def full(*args, **kwargs):
        raise OSError(number, "No space left on device")

    monkeypatch.setattr("adaseq.data.store.rows._write", full)
    with pytest.raises(AdaSeqError, match="the disk is full: cannot write the cache in .* set ADASEQ_CACHE"):
        ArrowStore.build("f", lambda: rows(3), cache_dir=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_cache_that_cannot_be_made_is_replaced_by_a_temporary_one(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    with caplog.at_level(logging.WARNING):
        folder = writable_cache(tmp_path / "file" / "cache")
    assert folder.is_dir() and "cannot be written (Not a directory): using a temporary one" in caplog.text


EXAMPLES = [
    Example("1", ["a", "\u200b", " "], [{"start": 0, "end": 2, "type": "X"}], origin="f:1"),
    Example("2", ["b"], [{"start": 0, "end": 1, "type": "PARTIAL", "allowed": ["A", "B"]}], mask=[True]),
    Example("3", ["c", "d"], text="c d", offsets=[(0, 1), (2, 3)], fields={"document": 4}),
    Example("4", [], mask=[]),
]


def test_examples_come_back(tmp_path):
    store = ExampleStore.build("f", lambda: EXAMPLES, tmp_path)
    assert list(store) == EXAMPLES
    assert store[1:3] == EXAMPLES[1:3]


def test_a_selection_has_a_fingerprint_of_its_own(tmp_path):
    store = ExampleStore.build("f", lambda: EXAMPLES, tmp_path)
    some, others = store.select(np.array([2, 0])), store.select(np.array([1]))
    assert list(some) == [EXAMPLES[2], EXAMPLES[0]]
    assert list(some.select(np.array([1]))) == [EXAMPLES[0]]
    assert len({store.fingerprint, some.fingerprint, others.fingerprint}) == 3


def test_examples_are_counted_from_either_end(tmp_path):
    store = ExampleStore.build("f", lambda: [Example(str(i), ["a"]) for i in range(3)], tmp_path)
    assert [store[i].id for i in (0, 2, -1, -3)] == ["0", "2", "2", "0"]
    assert [example.id for example in store.select(np.array([2, 0]))[-2:]] == ["2", "0"]
    for place in (3, -4):
        with pytest.raises(IndexError, match=f"example {place} of 3"):
            store[place]
