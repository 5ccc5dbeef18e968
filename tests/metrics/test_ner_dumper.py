"""The files of predictions: whole sentences, whole files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adaseq.data.example import Example
from adaseq.data.tags import tags_to_spans
from adaseq.errors import AdaSeqError
from adaseq.metrics.ner_dumper import NerDumper
from adaseq.registry import METRICS

SENTENCES = [
    (["Mary", "lives", "in", "New", "York"], "S-PER O O B-LOC E-LOC", "S-PER O O O S-LOC"),
    (["王", "明"], "B-PER E-PER", "B-PER E-PER"),
]


def dump(folder: Path, **options: Any) -> str:
    dumper = NerDumper(work_dir=str(folder), **options)
    results = []
    for tokens, annotated, predicted in SENTENCES:
        example = Example(id="", tokens=tokens, spans=tags_to_spans(annotated.split(), "BIOES"))
        tags = predicted.split()
        results.append(dumper.measure(example, {"tags": tags, "spans": tags_to_spans(tags, "BIOES")}))
    assert dumper.compute(results) == {}
    dumper.write(results)
    return dumper.save_path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["conll", "column", None])
def test_conll(tmp_path: Path, name: str | None) -> None:
    expected = (
        "Mary\tS-PER\tS-PER\nlives\tO\tO\nin\tO\tO\nNew\tB-LOC\tO\nYork\tE-LOC\tS-LOC\n\n"
        "王\tB-PER\tB-PER\n明\tE-PER\tE-PER\n\n"
    )  # fmt: skip
    assert dump(tmp_path, dump_format=name) == expected
    assert [file.name for file in tmp_path.iterdir()] == ["pred.txt"]


def test_tags_are_written_in_the_scheme_of_the_model(tmp_path: Path) -> None:
    assert dump(tmp_path, tag_scheme="BIO").splitlines()[4] == "York\tI-LOC\tS-LOC"


def test_jsonline_of_a_tagger(tmp_path: Path) -> None:
    first, second = map(json.loads, dump(tmp_path, dump_format="jsonline").splitlines())
    assert first == {
        "tokens": ["Mary", "lives", "in", "New", "York"],
        "labels": ["S-PER", "O", "O", "B-LOC", "E-LOC"],
        "predicts": ["S-PER", "O", "O", "O", "S-LOC"],
    }
    assert second["tokens"] == ["王", "明"]


def test_jsonline_of_a_span_model(tmp_path: Path) -> None:
    first, _ = map(json.loads, dump(tmp_path, model_type="span_based").splitlines())
    assert first == {
        "tokens": ["Mary", "lives", "in", "New", "York"],
        "spans": [{"start": 0, "end": 1, "type": "PER"}, {"start": 3, "end": 5, "type": "LOC"}],
        "predicts": [[0, 1, "PER"], [4, 5, "LOC"]],
    }


def test_an_entity_with_gaps_keeps_its_parts(tmp_path: Path) -> None:
    parts = [[0, 1], [3, 4]]
    gapped: Any = {"start": 0, "end": 4, "type": "A", "parts": parts}
    dumper = NerDumper("span_based", work_dir=str(tmp_path))
    dumper.write([dumper.measure(Example("", ["w"] * 4, [gapped]), {"spans": [{**gapped, "prob": 0.5}]})])
    record = json.loads((tmp_path / "pred.txt").read_text(encoding="utf-8"))
    assert record == {"tokens": ["w"] * 4, "spans": [gapped], "predicts": [[0, 4, "A", parts]]}


def test_white_space_in_a_token_does_not_break_its_line(tmp_path: Path) -> None:
    dumper = NerDumper(save_path=str(tmp_path / "deep" / "out.txt"))
    example = Example(id="", tokens=["a\tb\nc", " ", "\u2028"])
    dumper.write([dumper.measure(example, {"tags": ["O"] * 3, "spans": []})])
    written = (tmp_path / "deep" / "out.txt").read_text(encoding="utf-8")
    assert written == "a b c\tO\tO\n \tO\tO\n\u2028\tO\tO\n\n"


def test_context_words_are_written_as_outside(tmp_path: Path) -> None:
    dumper = NerDumper(work_dir=str(tmp_path))
    example = Example(id="", tokens=["a", "<EOS>", "b"], mask=[True, False, False])
    assert dumper.measure(example, {"tags": ["O"] * 3, "spans": []}) == (["a", "<EOS>", "b"], ["O"] * 3, ["O"] * 3)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    before = dump(tmp_path)
    dumper = NerDumper(work_dir=str(tmp_path))
    with pytest.raises(ValueError, match="zip"):
        dumper.write([(["a"], ["O"], ["O"]), (["b"], ["O"], [])])
    assert (tmp_path / "pred.txt").read_text(encoding="utf-8") == before
    assert [file.name for file in tmp_path.iterdir()] == ["pred.txt"]


def test_conll_needs_a_tagger() -> None:
    with pytest.raises(AdaSeqError) as caught:
        NerDumper(model_type="span_based", dump_format="conll")
    assert str(caught.value) == (
        "ner-dumper: dump_format conll writes one tag per word, which a span_based model does not give; use dump_format: "
        "jsonline"
    )


def test_the_registry_supplies_folder_and_scheme() -> None:
    dumper = METRICS.build({"type": "ner-dumper", "dump_format": "conll"}, work_dir="run", tag_scheme="BMES")
    assert (dumper.save_path, dumper.tag_scheme) == (Path("run/pred.txt"), "BMES")
