from __future__ import annotations

from adaseq.inspection.chunks import Chunk


def test_a_fault_in_the_header_cannot_be_taken_out() -> None:
    chunk = Chunk(2, ["a,x\n", "b,y\n"], header=["text,label\n"])
    assert not chunk.drop(1)
    assert chunk.lines == ["text,label\n", "a,x\n", "b,y\n"]


def test_a_record_is_taken_out_once_and_the_numbers_of_the_others_stay() -> None:
    chunk = Chunk(2, ["a,x\n", "b\n", "c,z\n"], header=["text,label\n"])
    assert chunk.drop(3) and chunk.lines == ["text,label\n", "\n", "\n", "c,z\n"]
    assert chunk.number(4) == 4
    assert not chunk.drop(3), "what is no longer there cannot be at fault again"
