"""Every malformed record is found, in each format, and the others are read all the same."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from adaseq.inspection.inspector import Report
from tests.inspection.conftest import lines_of

Inspect = Callable[..., Report]

SPANS = '{"text": "Anna in Rom", "spans": [{"start": 0, "end": 4, "type": "PER"}]}'
GOOD = {
    "conll": ("Anna B-PER\nin O\nRom B-LOC\n\n", "Anna\nin O\n\n", 1),
    "nested_conll": ("Anna\tB-PER\tO\nin\tO\tO\n\n", "Anna\tB-PER\tO\nin\tO\n\n", 2),
    "conllu": ("1\tSo\t_\tADV" + "\t_" * 6 + "\n\n", "x\tSo\t_\tADV" + "\t_" * 6 + "\n\n", 1),
    "json_tags": ('{"text": "ab", "labels": ["O", "B-X"]}\n', '{"text": "ab", "labels": ["O"]}\n', 1),
    "json_spans": (SPANS + "\n", SPANS[:-1] + "\n", 1),
    "cluener": ('{"text": "ab", "label": {"X": [[0, 1]]}}\n', '{"text": "ab", "label": {"X": [[0, 9]]}}\n', 1),
    "relation_conll": ("<E> r\na r\n</E> r\nb O\n\n", "<E> r\na r\nb O\n\n", 1),
    "marked_pairs": ('1\t"<e1>a</e1> <e2>b</e2>"\nOther\n\n', '1\t"<e1>a</e1> <e2>b"\nOther\n\n', 1),
    "relation_json": (
        '{"text": ["a", "b"], "subject": [0, 1], "object": [1, 2], "label": "x"}\n',
        '{"text": ["a", "b"], "subject": [0, 7], "object": [1, 2], "label": "x"}\n',
        1,
    ),
    "entity_typing": (
        '{"text": "ab", "label": [{"start": 0, "end": 1, "type": ["x"]}]}\n',
        '{"text": "ab", "label": [{"start": 0, "end": 3, "type": ["x"]}]}\n',
        1,
    ),
    "label_lines": ("LOC Where is it ?\n", "LOC\n", 1),
    "doccano": ('{"text": "ab cd", "label": [[0, 2, "X"]]}\n', '{"text": "ab cd", "label": [[0, 20, "X"]]}\n', 1),
}


@pytest.mark.parametrize("data_type", GOOD)
def test_all_malformed_records_are_found(inspect: Inspect, data_type: str) -> None:
    good, bad, line_of_fault = GOOD[data_type]
    # More records than one part of a file holds.
    pattern = [good] * 700 + [bad, good, bad] + [good] * 700 + [bad]
    report = inspect(data_type, train="".join(pattern))
    expected, line = [], 0
    for record in pattern:
        expected += [line + line_of_fault] if record is bad else []
        line += record.count("\n")
    assert lines_of(report, "unreadable-record") == expected
    assert report.summary["splits"]["train"]["examples"] == 1401
    assert report.status() == 2


@pytest.mark.parametrize("indent", [None, 1])
def test_records_of_a_json_document(inspect: Inspect, indent: int | None) -> None:
    good = {"text": "ab", "label": [{"start": 0, "end": 1, "type": ["x"]}]}
    bad = {"text": "ab", "label": [{"start": 0, "end": 9, "type": ["x"]}]}
    text = json.dumps([good, bad, good, bad, good], indent=indent)
    report = inspect("entity_typing", "json", train=text)
    lines = text.split("\n")
    expected = [2, 4] if indent is None else [i + 1 for i, line in enumerate(lines) if line == " {"][1::2]
    assert lines_of(report, "unreadable-record") == expected
    assert report.summary["splits"]["train"]["examples"] == 3


def test_rows_of_a_table(inspect: Inspect) -> None:
    rows = ["text,label", '"Hello, ""you""\nthere, my friend",x'] + ["good,y"] * 1500 + ["a,b,c"] + ["fine,y"] * 3
    report = inspect("labelled_text", "csv", train="\n".join(rows) + "\n")
    assert lines_of(report, "unreadable-record") == [1504]
    assert report.summary["splits"]["train"]["examples"] == 1504


def test_a_bad_row_is_taken_out_with_all_its_lines(inspect: Inspect) -> None:
    rows = ["text,label", "good,x", '"two', 'lines","b', 'c",z', '"fine', 'too",y', 'a "never closed,b,c', "good,x"]
    report = inspect("labelled_text", "csv", train="\n".join(rows) + "\n")
    assert lines_of(report, "unreadable-record") == [3, 8]
    assert report.summary["labels"]["train"] == {"x": 2, "y": 1}


def test_quotation_marks_in_tsv_are_characters(inspect: Inspect) -> None:
    rows = ["text\tlabel", 'the "first\tx', "a\tb\tc", 'the "last\tx']
    report = inspect("labelled_text", "tsv", train="\n".join(rows) + "\n")
    assert lines_of(report, "unreadable-record") == [3] and report.summary["labels"]["train"] == {"x": 2}


def test_a_file_that_is_no_json_at_all(inspect: Inspect) -> None:
    report = inspect("label_studio", "json", train='[{"data": {"text": "ab"}, "annotations": []},\n {]')
    assert report.status() == 2
    assert lines_of(report, "unreadable-file") == [2]


def test_bytes_that_are_no_text(inspect: Inspect) -> None:
    lines = [b"Anna B-PER", b"caf\xe9 O", b"", b"Rom\xff B-LOC", b"gro\xef\xbf\xbd O", b""]
    report = inspect(train=b"\n".join(lines))
    assert lines_of(report, "undecodable-bytes") == [2, 4]
    assert lines_of(report, "replacement-character") == [5]
    assert report.summary["splits"]["train"]["examples"] == 2


@pytest.mark.parametrize(
    ("text", "encoding"), [("我 在 北京 工作\n" * 3, "gb18030"), ("café crème\nGruß Gott\n", "cp1252")]
)
def test_another_encoding_is_proposed(inspect: Inspect, text: str, encoding: str) -> None:
    report = inspect("segmented", train=text.encode(encoding))
    finding = report.findings.get("undecodable-bytes")
    assert finding is not None and f"'encoding: {encoding}'" in finding.note
    assert inspect("segmented", options={"encoding": encoding}, train=text.encode(encoding)).status() == 0


def test_byte_order_mark_and_line_ends(inspect: Inspect) -> None:
    report = inspect(train=b"\xef\xbb\xbfAnna B-PER\r\nruns O\n\n")
    assert lines_of(report, "byte-order-mark") == [1]
    assert lines_of(report, "mixed-line-ends") == [1] or lines_of(report, "mixed-line-ends") == [2]
    assert report.status() == 0


def test_a_byte_order_mark_within_a_file_is_a_part_of_a_word(inspect: Inspect) -> None:
    report = inspect(train="\ufeffAnna B-PER\nruns O\n\n\ufeffBo B-PER\nruns O\n\n")
    assert lines_of(report, "byte-order-mark") == [1] and lines_of(report, "zero-width-character") == [4]


@pytest.mark.parametrize("data_type", ["conll", "segmented", "json_spans"])
def test_lone_carriage_returns(inspect: Inspect, data_type: str) -> None:
    report = inspect(data_type, train="Anna B-PER\rruns O\r\r")
    assert lines_of(report, "unreadable-file") == [1] and report.status() == 2


def test_copies_are_quoted_in_the_encoding_of_their_file(inspect: Inspect) -> None:
    text = "我 O\n在 O\n北 B-LOC\n京 I-LOC\n工 O\n作 O\n\n"
    report = inspect(options={"encoding": "gb18030"}, train=(text * 2).encode("gb18030"))
    finding = report.findings.get("duplicate-sentence")
    assert finding is not None and [place.context for place in finding.places] == ["我在北京工作"]


def test_copies_in_a_document_of_one_line_are_not_quoted_from_another_place(inspect: Inspect) -> None:
    record = {"text": "a b c d e f g", "label": [{"start": 0, "end": 1, "type": ["x"]}]}
    report = inspect("entity_typing", "json", train=json.dumps([record] * 3))
    finding = report.findings.get("duplicate-sentence")
    assert finding is not None and [(place.line, place.context) for place in finding.places] == [(2, ""), (3, "")]


def test_tags_of_no_scheme(inspect: Inspect) -> None:
    report = inspect(train="Anna B-PER\nruns O\n\n" * 20 + "Maria b-PER\nruns 0\n\nPaul PER\nruns O\n\n")
    finding = report.findings.get("bad-tag")
    assert finding is not None
    assert [(place.line, place.fix) for place in finding.places] == [
        (61, "write B-PER, if that is meant"),
        (62, "write O, if that is meant"),
        (64, "write B-PER, if that is meant"),
    ]
    assert report.summary["labels"]["train"] == {"PER": 22}


def test_a_line_without_the_tab_that_others_have(inspect: Inspect) -> None:
    report = inspect(train="New York\tB-LOC\nis\tO\n\n" * 10 + "Anna B-PER\nruns\tO\n\n")
    assert lines_of(report, "unreadable-record") == [31]
    assert report.summary["labels"]["train"] == {"LOC": 10}


def test_strict_reading_makes_illegal_tags_errors(inspect: Inspect) -> None:
    text = "Anna B-PER\nLee I-PER\nin O\nRom I-LOC\n\n"
    assert inspect(train=text).status() == 0
    report = inspect(options={"strict": True}, train=text)
    assert lines_of(report, "illegal-transition") == [4]
    assert report.status() == 2


def test_context_and_partial_annotation_are_no_faults(inspect: Inspect) -> None:
    text = "Anna B-PER\nX X\nruns UNK\nhome UNK\n<EOS> O\nmore I-PER\n\nBo B-PER\nLee I-PER\n\n"
    report = inspect(options={"partial_label": "UNK"}, train=text)
    assert {each.kind.code for each in report.findings} <= {"rare-label"}


def test_levels_of_nested_tags(inspect: Inspect) -> None:
    report = inspect("nested_conll", train="the\tB-ORG\tO\nRome\tI-ORG\tI-LOC\nfund\tI-ORG\tO\n\n" * 2)
    finding = report.findings.get("illegal-transition")
    assert finding is not None and [place.fix for place in finding.places] == ["it is read as B-LOC"] * 2
    assert lines_of(report, "illegal-transition") == [2, 6]
