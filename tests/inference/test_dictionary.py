"""A user's dictionary: where it comes from, what is wrong with it, what it finds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from adaseq.data.example import Example
from adaseq.data.splitters import WordSplitter
from adaseq.errors import AdaSeqError, DataError
from adaseq.inference.dictionary import BoundDictionary, Dictionary, as_dictionary

SPLIT = WordSplitter().split
TYPES = ["PER", "LOC"]
BONUS = "the bonus of a dictionary is a number above 0, up to 10000 (the mode force makes entries certain)"
STRINGS = "a phrase of a dictionary is a string, and so is its type"


def found(entries: Any, example: Example) -> list[tuple[str, str]]:
    """Type and words of each match."""
    matches = BoundDictionary(Dictionary(entries), TYPES, SPLIT).matches(example)
    return [(match.type, " ".join(example.tokens[match.start : match.end])) for match in matches]


def raw(text: str) -> Example:
    tokens, offsets = SPLIT(text)
    return Example("", tokens, text=text, offsets=offsets)


def test_the_longest_phrase_of_whole_words() -> None:
    entries = {"New York": "LOC", "New York Times Square": "LOC", "York": "PER", "art": "PER"}
    text = raw("new York, New  York Times and New York Times Square; art Bart")
    assert found(entries, text) == [
        ("PER", "York"),
        ("LOC", "New York"),
        ("LOC", "New York Times Square"),
        ("PER", "art"),
    ]


def test_words_that_were_cut_otherwise() -> None:
    """Given words are matched by what they are made of, but never in their middle."""
    example = Example("", ["I", "don't", "see", "O'Neil", "'s", "U.K."])
    assert found({"don't see": "PER", "O'Neil": "PER", "Neil": "LOC", "O": "LOC", "U.K.": "LOC"}, example) == [
        ("PER", "don't see"),
        ("PER", "O'Neil"),
        ("LOC", "U.K."),
    ]


def test_context_is_never_matched() -> None:
    example = Example("", ["York", "New", "York", "York"], mask=[True, True, False, True])
    assert found({"New York": "LOC", "York": "PER"}, example) == [("PER", "York"), ("PER", "York")]


def test_phrases_alone_are_for_models_of_one_type() -> None:
    dictionary = Dictionary(["云计算", "大数据"])
    matches = BoundDictionary(dictionary, [""], lambda text: (list(text), [])).matches(Example("", list("用云计算")))
    assert [tuple(match) for match in matches] == [(1, 4, "")]
    with pytest.raises(AdaSeqError) as caught:
        BoundDictionary(dictionary, TYPES, SPLIT)
    assert str(caught.value) == "the entry '云计算' of the dictionary needs a type; the model's are 'PER', 'LOC'"


def test_types_and_phrases_are_checked() -> None:
    with pytest.raises(AdaSeqError) as caught:
        BoundDictionary(Dictionary({"Bergen": "LCO"}), TYPES, SPLIT)
    assert str(caught.value) == (
        "the dictionary says that 'Bergen' is a 'LCO', which the model does not know; did you mean 'LOC'? its types are "
        "'PER', 'LOC'"
    )
    with pytest.raises(AdaSeqError) as same:
        BoundDictionary(Dictionary({"New York": "LOC", "New  York": "PER"}), TYPES, SPLIT)
    assert str(same.value) == ("the dictionary says that 'New  York' is a 'PER', and that the same words are a 'LOC'")
    with pytest.raises(AdaSeqError, match="the entry '\\|' of the dictionary holds no word"):
        BoundDictionary(Dictionary({"|": "LOC"}), TYPES, lambda text: (re.findall(r"\w+", text), []))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (({"": "PER"},), "an entry of a dictionary is a phrase with its type, or with None; received '': 'PER'"),
        (({"a": 3},), "an entry of a dictionary is a phrase with its type, or with None; received 'a': 3"),
        (("names.tsv",), "a dictionary is made of phrases; for a file say Dictionary.read('names.tsv')"),
        (([3],), "an entry of a dictionary is a phrase with its type, or with None; received 3: None"),
        (({}, "must"), "the mode of a dictionary is prefer or force; received 'must'"),
        (({}, "prefer", 0), f"{BONUS}; received 0"),
        (({}, "prefer", float("inf")), f"{BONUS}; received inf"),
        (({}, "prefer", 1e39), f"{BONUS}; received 1e+39"),
        (({}, "prefer", "10"), f"{BONUS}; received '10'"),
    ],
)
def test_what_is_no_dictionary_is_refused(arguments: Any, message: str) -> None:
    with pytest.raises(AdaSeqError) as caught:
        Dictionary(*arguments)
    assert str(caught.value) == message


def test_files(tmp_path: Path) -> None:
    lines = tmp_path / "names.txt"
    lines.write_bytes("\ufeffNew York\tLOC\r\n\r\nMary \t PER\n云计算\n#1\tLOC\n".encode())
    expected = {"New York": "LOC", "Mary": "PER", "云计算": None, "#1": "LOC"}
    assert Dictionary.read(lines).entries == expected
    document = tmp_path / "names.json"
    document.write_text('{"New York": "LOC", "a": null}', encoding="utf-8")
    dictionary = as_dictionary(document, "force", 2.0)
    assert dictionary is not None
    assert (dictionary.entries, dictionary.mode, dictionary.bonus) == ({"New York": "LOC", "a": None}, "force", 2.0)
    document.write_text('["a", "b"]', encoding="utf-8")
    assert Dictionary.read(document).entries == {"a": None, "b": None}


def test_mistakes_in_files_are_named_with_their_line(tmp_path: Path) -> None:
    def message(name: str, content: bytes) -> str:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError) as caught:
            Dictionary.read(tmp_path / name)
        return str(caught.value).removeprefix(f"{tmp_path}/")

    assert message("a.txt", b"a\tX\nb\tX\na\tY\n") == "a.txt:3: 'a' is 'Y' here, and 'X' before"
    assert (
        message("a.txt", b"a\tX\tn\n")
        == "a.txt:1: a line of a dictionary is a phrase, a tab and a type; here is a second tab"
    )
    assert message("a.txt", b"a\n\xff\n") == "a.txt:2: the dictionary is not UTF-8; convert it first"
    assert message("a.json", b"{\n1}").startswith("a.json:2: the dictionary is no JSON: ")
    no_json = 'a.json: a dictionary is an object, {"phrase": "type", …}, or a list of phrases'
    assert message("a.json", b"3") == no_json
    assert message("a.json", b'{"a": "X", "b": "X", "a": "Y"}') == "a.json: 'a' is 'Y' here, and 'X' before"
    assert message("a.json", b'["a", {"b": "X"}]') == f"a.json: {STRINGS}; received [('b', 'X')]"
    assert message("a.json", b'{"a": "X", "b": 3}') == f"a.json: {STRINGS}; received {{'b': 3}}"
    assert message("a.json", b"[" * 200_000).startswith("a.json: the dictionary cannot be read as JSON: ")
    with pytest.raises(DataError) as caught:
        Dictionary.read(tmp_path / "a.jsno")
    assert str(caught.value) == f"{tmp_path}/a.jsno: the dictionary cannot be read; did you mean 'a.json'?"


def test_a_dictionary_keeps_its_own_mode() -> None:
    own = Dictionary({"a": "X"}, "force")
    assert as_dictionary(own, "prefer", 5.0) is own
    assert as_dictionary(None, "prefer", 5.0) is None
    assert repr(own) == "Dictionary(1 entries, mode='force')"
