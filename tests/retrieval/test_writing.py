"""What is written is read back as the same annotation, with context that is masked."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaseq.data.document_context import document_of
from adaseq.data.example import Example
from adaseq.data.formats.conll import ConllFormat
from adaseq.data.splitters import CharSplitter, WordSplitter
from adaseq.errors import DataError
from adaseq.retrieval.index import PassageIndex
from adaseq.retrieval.passages import Passage
from adaseq.retrieval.writing import write_sentences

INDEX = PassageIndex(
    [
        Passage("Bergen is a town. <EOS> It rains in Bergen."),
        Passage("New York City, Bergen", ["New York", "City", ",", "Bergen"]),
        Passage("北京在中国北方"),
    ]
)
SPANS = [{"start": 0, "end": 2, "type": "PER"}, {"start": 3, "end": 4, "type": "LOC"}]
SENTENCE = Example("", ["Mary", "Smith", "left", "Bergen"], SPANS)


def written(examples: list[Example], **options) -> list[tuple[str, int]]:
    return list(write_sentences(examples, INDEX, options.pop("splitter", WordSplitter()), **options))


def read_back(examples: list[Example], tmp_path: Path, **options) -> list[Example]:
    file = tmp_path / "train.txt"
    file.write_text("".join(each.text for each in written(examples, **options)), encoding="utf-8")
    return list(ConllFormat().read(file))


@pytest.mark.parametrize("scheme", ["BIO", "BIOES", "BMES", "IO"])
def test_the_annotation_comes_back_and_context_is_masked(tmp_path: Path, scheme: str) -> None:
    own = [*SENTENCE.tokens, "x"]
    masked = Example("", own, SPANS, mask=[True] * 4 + [False])
    plain, context = read_back([SENTENCE, masked], tmp_path, scheme=scheme)
    for example, count in ((plain, 4), (context, 4)):
        assert example.spans == SPANS
        assert example.mask == [True] * count + [False] * (len(example.tokens) - count)
    place = plain.tokens.index("<EOS>")
    assert place == 4 and plain.tokens.count("<EOS>") == 1
    assert {"New York", "City", "rains"} <= set(plain.tokens[place:])


def test_every_line_is_tagged_x_behind_the_sentence() -> None:
    lines = written([SENTENCE], max_words=2)[0].text.splitlines()
    assert lines[:4] == ["Mary\tB-PER", "Smith\tI-PER", "left\tO", "Bergen\tB-LOC"]
    assert lines[4] == "<EOS>\tX" and len(lines) == 8 and lines[-1] == ""
    assert all(line.endswith("\tX") for line in lines[5:7])


def test_units_are_those_of_the_sentences(tmp_path: Path) -> None:
    examples = [Example("", list("去北京"), [{"start": 1, "end": 3, "type": "LOC"}])]
    found = read_back(examples, tmp_path, splitter=CharSplitter())[0]
    assert found.tokens == [*"去北京", "<EOS>", *"北京在中国北方"]


def test_what_finds_nothing_stays_as_it_is() -> None:
    assert written([Example("", ["quux"])]) == [("quux\tO\n\n", 0)]


def test_documents_keep_their_borders(tmp_path: Path) -> None:
    examples = [Example("", ["quux"], fields={"document": number}) for number in (0, 0, 1)]
    found = read_back(examples, tmp_path)
    assert [document_of(each)[1] for each in found] == [0, 0, 1]


@given(st.lists(st.text(alphabet="aB#-X北 ", min_size=1, max_size=4), min_size=1, max_size=5))
def test_any_words_come_back(tmp_path_factory: pytest.TempPathFactory, words: list[str]) -> None:
    found = read_back([Example("", words)], tmp_path_factory.mktemp("words"))
    assert found[0].tokens[: len(words)] == words


@pytest.mark.parametrize(
    ("example", "message"),
    [
        (
            Example("", ["a", "<EOS>", "b"], origin="f:1"),
            "f:1: the sentence has '<EOS>' in it, so it has retrieved context already",
        ),
        (
            Example(
                "", ["a", "b"], [{"start": 0, "end": 2, "type": "A"}, {"start": 1, "end": 2, "type": "B"}], origin="f:1"
            ),
            "f:1: the annotation of 'b' cannot be spelt by one tag for each word; retrieval is for data with such tags",
        ),
        (Example("", ["a\tb"], origin="f:1"), r"f:1: the word 'a\tb' has a tab or a line break in it"),
        (Example("", ["-DOCSTART-"], origin="f:1"), "f:1: the word '-DOCSTART-' begins with -DOCSTART-"),
    ],
)
def test_what_columns_cannot_hold_is_refused(example: Example, message: str) -> None:
    with pytest.raises(DataError) as error:
        written([example])
    assert str(error.value) == message
