"""What single examples do not show: labels, mentions, copies, lengths, pieces."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from adaseq.data.piece_tokenizer import PieceTokenizer
from adaseq.errors import AdaSeqError
from adaseq.inspection.checks.labels import confusable
from adaseq.inspection.findings import Findings, Place
from adaseq.inspection.inspector import Report, find_parts, inspect_parts
from adaseq.inspection.kinds import GROUPS, KINDS, SEVERITIES
from adaseq.inspection.tag_repair import as_read, illegal_places
from tests.inspection.conftest import lines_of

Inspect = Callable[..., Report]


def sentence(*words: str) -> str:
    return "".join(f"{word.replace('/', ' ') if '/' in word else word + ' O'}\n" for word in words) + "\n"


def numbered(count: int, *words: str) -> str:
    return "".join(sentence(*words, f"n{i}") for i in range(count))


def test_every_kind_says_what_it_is() -> None:
    assert len(KINDS) > 30
    for kind in KINDS.values():
        assert kind.severity in SEVERITIES and kind.group in GROUPS
        assert kind.why.endswith(".") and kind.fix.endswith(".") and not kind.title.endswith(".")


@pytest.mark.parametrize("page", ["inspect.md", "inspect_zh.md"])
def test_the_documentation_names_every_kind(page: str) -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / page).read_text(encoding="utf-8")
    assert set(re.findall(r"`([a-z]+(?:-[a-z]+)*)`", text)) >= set(KINDS)


@pytest.mark.parametrize(
    ("rare", "usual", "why"),
    [
        ("per", "PER", "differ in case"),
        ("ＰＥＲ", "PER", "differ in width or form of characters"),
        ("PER ", "PER", "differ in white space"),
        ("\u202aPER\u202c", "PER", "differ in invisible characters"),
        ("creative_work", "creative-work", "differ in signs between letters"),
        ("organistion", "organisation", "differ in a letter or two"),
    ],
)
def test_confusable_names(rare: str, usual: str, why: str) -> None:
    assert list(confusable({usual: 100, rare: 2})) == [(rare, usual, why)]


@pytest.mark.parametrize(
    "names", [("NN", "NNS"), ("field1", "field2"), ("PER", "ORG"), ("LOC", "LOCpart"), ("C++", "C")]
)
def test_names_that_differ_by_nature(names: tuple[str, str]) -> None:
    assert [each for each in confusable({names[0]: 100, names[1]: 1}) if names != ("C++", "C")] == []


def test_labels_of_splits(inspect: Inspect) -> None:
    train = numbered(6, "Anna/B-PER", "saw", "it") + numbered(6, "Rom/B-LOC", "has", "it")
    report = inspect(train=train, test=sentence("Anna/B-PER", "is", "not", "here") + sentence("Acme/B-ORG", "is"))
    assert lines_of(report, "label-not-in-train") == [6]
    assert [place.what for place in report.findings.get("label-not-evaluated").places] == [  # type: ignore[union-attr]
        "'LOC' is not in test; train has it 6 times"
    ]
    assert lines_of(report, "rare-label") == []
    assert report.summary["labels"] == {"train": {"PER": 6, "LOC": 6}, "test": {"PER": 1, "ORG": 1}}


def test_labels_that_the_configuration_does_not_list(inspect: Inspect) -> None:
    report = inspect(train=numbered(6, "Anna/B-PER", "met", "Bo/B-PET"), labels=["PER"])
    assert lines_of(report, "label-not-listed") == [3]
    assert report.status() == 2


def test_labels_are_those_that_training_sees(inspect: Inspect) -> None:
    train = numbered(6, "Anna/B-PER", "met", "Bo/B-per", "in", "Rom/B-TOWN")
    report = inspect(options={"label_map": {"per": "PER", "TOWN": None}}, train=train)
    assert report.summary["labels"]["train"] == {"PER": 12}
    assert list(report.findings) == []


def test_texts_whose_label_is_dropped_are_not_looked_at(inspect: Inspect) -> None:
    lines = "good fine day\tx\n" * 6 + "bad\u200b\ty\n"
    report = inspect(
        "labelled_text",
        "tsv",
        options={"text_column": 0, "label_column": 1, "label_map": {"y": None}},
        findings=Findings(["duplicate-sentence"]),
        train=lines,
    )
    assert report.summary["labels"]["train"] == {"x": 6} and list(report.findings) == []


def test_several_corpora(tmp_path: Path) -> None:
    text = numbered(3, "Anna/B-PER", "was", "here", "today")
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "train.txt").write_text(text, encoding="utf-8")
    sections = [
        {"data_file": str(tmp_path / name), "data_type": "conll", "corpus_name": name} for name in ("one", "other")
    ]
    report = inspect_parts(find_parts(sections), Findings())
    assert list(report.summary["splits"]) == ["one/train", "other/train"]
    assert lines_of(report, "overlap-between-splits") == [1, 7, 13]


def test_data_without_annotation(inspect: Inspect) -> None:
    report = inspect("json_spans", train='{"text": "ab", "spans": []}\n')
    assert [each.kind.code for each in report.findings] == ["no-annotation"]


@pytest.mark.parametrize(
    ("task", "found"), [(None, []), ("pretraining", []), ("named-entity-recognition", ["no-annotation"])]
)
def test_raw_text_needs_no_annotation_to_pretrain(inspect: Inspect, task: str | None, found: list[str]) -> None:
    report = inspect("plain_text", train="The ferry leaves at noon.\n", task=task)
    assert [each.kind.code for each in report.findings] == found


def test_a_mention_with_an_unusual_type(inspect: Inspect) -> None:
    report = inspect(
        train=numbered(9, "in", "Rom/B-LOC")
        + sentence("in", "Rom/B-ORG")
        + numbered(2, "Bo/B-PER")
        + sentence("Bo/B-ORG")
    )
    finding = report.findings.get("inconsistent-type")
    assert finding is not None
    assert [(place.line, place.what) for place in finding.places] == [(38, "'Rom' is ORG here; in all: 9 LOC, 1 ORG")]
    assert [place.what for place in report.findings.get("ambiguous-mention").places] == ["'Bo': 2 PER, 1 ORG"]  # type: ignore[union-attr]


def test_parts_of_speech_are_no_mentions(inspect: Inspect) -> None:
    text = sentence("that/PRON", "is/VERB") * 9 + sentence("that/DET", "man/NOUN")
    assert lines_of(inspect(train=text), "inconsistent-type") == []


def test_copies(inspect: Inspect) -> None:
    one, other = sentence("Anna/B-PER", "was", "not", "here"), sentence("Anna", "was", "not", "here")
    report = inspect(train=one + numbered(3, "a/B-PER", "b", "c") + one + other, test=one)
    assert lines_of(report, "duplicate-sentence") == [21]
    assert lines_of(report, "conflicting-duplicate") == [26]
    finding = report.findings.get("overlap-between-splits")
    assert finding is not None and finding.note == "1 of 1 in test are in train"
    assert finding.places[0].what == "the same sentence as train.txt:1, in train"
    assert finding.places[0].context == "Anna was not here"


def test_the_same_file_twice(inspect: Inspect) -> None:
    text = numbered(30, "Anna/B-PER", "was", "here")
    report = inspect(train=text, test=text)
    assert [place.what for place in report.findings.get("same-data").places] == [  # type: ignore[union-attr]
        "30 of the 30 sentences of test are in train too"
    ]
    assert report.status() == 2


def test_one_sentence_asked_twice_is_no_copy(inspect: Inspect) -> None:
    rows = [
        '{"text": ["a", "b", "c", "d"], "subject": [0, 1], "object": [1, 2], "label": "x"}',
        '{"text": ["a", "b", "c", "d"], "subject": [0, 1], "object": [2, 3], "label": "y"}',
    ]
    report = inspect("relation_json", train="\n".join(rows) + "\n")
    assert {each.kind.code for each in report.findings} <= {"rare-label"}


def test_an_entity_with_gaps_repeats_and_crosses_no_other_one(inspect: Inspect) -> None:
    """Its first and last words may be those of an entity without gaps."""
    gaps = {"start": 0, "end": 5, "type": "X", "parts": [[0, 1], [4, 5]]}
    whole = {"start": 0, "end": 5, "type": "X"}
    rows = [
        {"text": ["a", "b", "c", "d", "e", "f"], "spans": spans}
        for spans in (
            [gaps, whole],
            [gaps, {**whole, "start": 3, "end": 6}],
            [whole, whole],
            [whole, {**whole, "end": 6, "start": 2}],
        )
    ]
    report = inspect("json_spans", train="".join(json.dumps(row) + "\n" for row in rows))
    assert lines_of(report, "repeated-span") == [3] and lines_of(report, "crossing-spans") == [4]


def test_sentences_that_are_too_long(inspect: Inspect) -> None:
    long = sentence(*(f"w{i}" for i in range(8)), "Rom/B-LOC", "x")
    report = inspect(train=numbered(5, "Rom/B-LOC") + long, max_length=8)
    finding = report.findings.get("too-long")
    assert finding is not None
    assert finding.places[0].what == "10 words, 8 fit: 2 of 10 words are cut off, and 1 of 1 spans"
    assert finding.note == "cut at 8: 1 in train, 1 spans of them"
    assert report.summary["lengths"]["train"]["spans_lost"] == 1


def test_pieces_of_a_tokenizer(inspect: Inspect, tiny_bert: Path) -> None:
    tokenizer = PieceTokenizer(str(tiny_bert))
    known = next(piece for piece in tokenizer.tokenizer.get_vocab() if piece.isalpha() and len(piece) > 3)
    report = inspect(train=numbered(1, f"{known}/B-PER", "ᚠᚢᚦ", "ᚠᚢᚦ"), tokenizer=tokenizer, max_length=5)
    unknown = report.findings.get("unknown-pieces")
    assert unknown is not None and unknown.places[0].what == "'ᚠᚢᚦ', 2 times"
    coverage = report.summary["vocabulary"]["train"]
    assert coverage["words"] == 4 and coverage["words_with_unknown_pieces"] >= 2
    assert report.findings.get("too-long") is not None
    assert "pieces" in report.summary["lengths"]["train"]


def test_a_span_that_ends_inside_a_piece(inspect: Inspect, tiny_bert: Path) -> None:
    tokenizer = PieceTokenizer(str(tiny_bert))
    word = next(
        piece for piece in tokenizer.tokenizer.get_vocab() if piece.isalpha() and piece.isascii() and len(piece) > 3
    )
    text = json.dumps({"text": word, "spans": [{"start": 0, "end": 2, "type": "X"}]}) + "\n"
    report = inspect("json_spans", train=text, tokenizer=tokenizer)
    assert lines_of(report, "span-cuts-piece") == [1]
    assert lines_of(report, "span-cuts-word") == [1]


def test_full_width_throughout_is_only_a_note(inspect: Inspect) -> None:
    report = inspect("segmented", train="２００７ 年\n３ 月 ２ 日\n" * 5)
    assert report.findings.get("full-width").severity == "note"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("tags", "scheme", "places", "read"),
    [
        ("O I-X O", "BIO", [1], "O B-X O"),
        ("B-X I-Y", "BIO", [1], "B-X B-Y"),
        ("B-X O", "BIOES", [0], "S-X O"),
        ("B-X I-X", "BIOES", [1], "B-X E-X"),
        ("M-X E-X", "BMES", [0], "B-X E-X"),
        ("B-X E-X S-X O", "BIOES", [], "B-X E-X S-X O"),
        ("I-X B-X", "IOB1", [], "I-X B-X"),
        ("O B-X", "IOB1", [1], "O I-X"),
    ],
)
def test_illegal_tags(tags: str, scheme: str, places: list[int], read: str) -> None:
    assert illegal_places(tags.split(), scheme) == places
    assert as_read(tags.split(), scheme) == read.split()
    assert illegal_places(read.split(), scheme) == []


def test_what_is_ignored() -> None:
    findings = Findings(["rare-label"])
    findings.add("rare-label", Place("a", 1, "x"))
    assert list(findings) == []
    with pytest.raises(AdaSeqError, match="there is no finding 'rare-labels'; did you mean 'rare-label'"):
        Findings(["rare-labels"])


def test_places_are_bounded_and_counts_are_not() -> None:
    findings = Findings(most_places=3)
    for line in range(10):
        findings.add("mojibake", Place("a", line, "x"))
    finding = findings.get("mojibake")
    assert finding is not None and finding.count == 10 and len(finding.places) == 3
    assert finding.to_dict(1)["by_file"] == {"a": 10} and len(finding.to_dict(1)["places"]) == 1
