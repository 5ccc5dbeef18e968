"""YAML and JSON with positions."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from adaseq.config import reader
from adaseq.config.document import Document, Mark
from adaseq.config.problems import ConfigError
from adaseq.config.reader import read_document
from adaseq.config.substitution import Variables


def read(tmp_path: Path, text: str | bytes, name: str = "c.yaml", **variables: str) -> Document:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_document(path, Variables(variables))


def messages(document: Document, tmp_path: Path) -> list[str]:
    return [str(problem).replace(f"{tmp_path}/", "") for problem in document.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2e-5", 2e-5),
        ("1E3", 1000.0),
        (".5", 0.5),
        ("-3.", -3.0),
        ("12", 12),
        ("007", 7),
        ("0o17", 15),
        ("0xff", 255),
        ("+4", 4),
        ("-.inf", float("-inf")),
        ("true", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("on", "on"),
        ("NO", "NO"),
        ("1_000", "1_000"),
        ("2024-01-31", "2024-01-31"),
        ("12:30:45", "12:30:45"),
        ("~", None),
        ("null", None),
        ("", None),
        ("'2e-5'", "2e-5"),
        ('"true"', "true"),
        ("!!str 5", "5"),
        ("!!float 5", 5.0),
        ("[1, a, {b: 2e-5}]", [1, "a", {"b": 2e-5}]),
        ("|\n  two\n  lines\n", "two\nlines\n"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(tmp_path: Path, text: str, value: Any) -> None:
    document = read(tmp_path, f"key: {text}\n")
    assert document.data == {"key": value} and type(document.data["key"]) is type(value)
    assert not document.problems


def test_nan_is_a_number(tmp_path: Path) -> None:
    assert math.isnan(read(tmp_path, "key: .nan\n").data["key"])


def test_every_value_knows_its_place(tmp_path: Path) -> None:
    document = read(tmp_path, "a: 1\nb:\n  - c: x\n    d: [7,\n        8]\n")
    file = str(tmp_path / "c.yaml")
    assert document.values[("a",)] == Mark(file, 1, 4)
    assert document.keys[("b",)] == Mark(file, 2, 1)
    assert document.values[("b", 0, "c")] == Mark(file, 3, 8)
    assert document.keys[("b", 0, "d")] == Mark(file, 4, 5)
    assert document.values[("b", 0, "d", 1)] == Mark(file, 5, 9)


def test_numbers_are_remembered_as_they_were_written(tmp_path: Path) -> None:
    assert read(tmp_path, "a: 007\nb: x\nc: '1'\n").texts == {("a",): "007"}


def test_anchors_aliases_and_merge_keys(tmp_path: Path) -> None:
    text = "base: &b {lr: 1, k: {x: 1}}\nmore: &m {lr: 2, z: 3}\none: {<<: *b, lr: 5}\ntwo: {<<: [*m, *b]}\nthree: *b\n"
    document = read(tmp_path, text)
    assert document.data["one"] == {"lr": 5, "k": {"x": 1}}
    assert document.data["two"] == {"lr": 2, "z": 3, "k": {"x": 1}}
    assert document.data["three"] == document.data["base"]
    assert document.values[("two", "z")] == Mark(str(tmp_path / "c.yaml"), 2, 21)
    assert not document.problems


def test_a_chain_of_merges_and_its_precedence(tmp_path: Path) -> None:
    document = read(tmp_path, "a: &a {x: 1, y: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: *b}\n")
    assert document.data["c"] == {"x": 1, "y": 2}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a:\n  b: 1\n  b: 2\n", "c.yaml:3:3: a.b: the key is given twice; the first is on line 2"),
        (
            "a: !!python/object/apply:os.system [ls]\n",
            (
                "c.yaml:1:4: a: the tag '!!python/object/apply:os.system' is refused: a configuration holds plain values, no "
                "objects"
            ),
        ),
        ("a: !mine x\n", "c.yaml:1:4: a: the tag '!mine' is refused: a configuration holds plain values, no objects"),
        ("a: !!int x\n", "c.yaml:1:4: a: 'x' is not what its tag '!!int' says"),
        ("a: &x [*x]\n", "c.yaml:1:4: a.0: an alias stands for something that it is itself a part of"),
        ("a: &x {<<: *x}\n", "c.yaml:1:4: a.<<: '<<' merges another mapping, or a list of them: <<: *anchor"),
        ("a: {<<: 3}\n", "c.yaml:1:9: a.<<: '<<' merges another mapping, or a list of them: <<: *anchor"),
        ("? [x]\n: 1\n", "c.yaml:1:3: a key must be text or a whole number, not a list or a mapping"),
    ],
)
def test_what_is_refused_is_reported_and_reading_goes_on(tmp_path: Path, text: str, message: str) -> None:
    document = read(tmp_path, text + "last: 1\n")
    assert messages(document, tmp_path) == [message]
    assert document.data["last"] == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "c.yaml: the file is empty; a configuration needs at least 'task', 'dataset' and 'model'"),
        (b"# only this\n", "c.yaml: the file is empty; a configuration needs at least 'task', 'dataset' and 'model'"),
        (
            b"- a\n",
            "c.yaml:1:1: a configuration is a mapping (key: value), with 'task', 'dataset' and 'model' at its top",
        ),
        (b"a:\n\tb: 1\n", "c.yaml:2:1: a tab cannot indent a line in YAML; use spaces"),
        (
            b"a: b: c\n",
            (
                "c.yaml:1:5: a ': ' cannot stand here; put text that contains one in quotes, or check the indentation of the "
                "lines above"
            ),
        ),
        (b"a: {b: ${C}/d}\n", "c.yaml:1:9: inside { } and [ ] a variable must stand in quotes: '${NAME}'"),
        (b"a: *b\n", "c.yaml:1:4: no valid YAML: found undefined alias 'b'"),
        (
            b"a: [1, 2\nb: 3\n",
            "c.yaml:2:2: no valid YAML: expected ',' or ']', but got ':' (while parsing a flow sequence)",
        ),
        (
            b"a: 1\n---\nb: 1\n",
            "c.yaml:2:1: no valid YAML: but found another document (expected a single document in the stream)",
        ),
        (
            "name: é\nb: caf".encode() + b"\xe9\n",
            "c.yaml:2:7: not UTF-8: the byte 0xe9 is no part of a character; save the file as UTF-8",
        ),
        (b"a: 'x\x01'\n", "c.yaml:1:6: the character U+0001 is not allowed in YAML; write it as an escape in quotes"),
        (b"a: " + b"[" * 600, "c.yaml: nested too deeply"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, content)
    assert str(caught.value).replace(f"{tmp_path}/", "") == f"1 problem in the configuration:\n{message}"


def test_aliases_cannot_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_MOST_VALUES", 1000)
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    with pytest.raises(ConfigError, match="its aliases stand for more than 1000 values"):
        read(tmp_path, "\n".join(lines))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the file cannot be read: Is a directory"):
        read_document(tmp_path, Variables({}))


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    document = read(tmp_path, b"\xef\xbb\xbfa: 1\n")
    assert document.data == {"a": 1} and document.values[("a",)].column == 4


def test_json_with_tabs_and_surrogate_pairs(tmp_path: Path) -> None:
    document = read(tmp_path, '{\t"a": "\\ud83d\\ude00\\/\\u00e9",\n\t"b": [1e5, null, true, -0.5]}', "c.json")
    assert document.data == {"a": "😀/é", "b": [1e5, None, True, -0.5]}
    assert document.keys[("b",)] == Mark(str(tmp_path / "c.json"), 2, 2)


def test_half_a_surrogate_pair_is_reported(tmp_path: Path) -> None:
    document = read(tmp_path, '{"a": "\\ud83d"}', "c.json")
    assert messages(document, tmp_path) == [
        "c.json:1:7: a: an escape \\uD800 to \\uDFFF stands alone; such escapes come in pairs"
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1,}', "c.json:1:9: no valid JSON: Expecting property name enclosed in double quotes"),
        ("{'a': 1}", "c.json:1:2: no valid JSON: Expecting property name enclosed in double quotes"),
        ('{"a": 1, "a": 2}', "c.json:1:10: a: the key is given twice; the first is on line 1"),
        ("", "c.json: the file is empty; a configuration needs at least 'task', 'dataset' and 'model'"),
    ],
)
def test_json_errors(tmp_path: Path, text: str, message: str) -> None:
    try:
        found = messages(read(tmp_path, text, "c.json"), tmp_path)
    except ConfigError as error:
        found = [str(problem).replace(f"{tmp_path}/", "") for problem in error.problems]
    # Python 3.13 words the message about a comma at the end in its own way.
    assert found == [message] or found == ["c.json:1:8: no valid JSON: Illegal trailing comma before end of object"]


def test_substitution_keeps_the_type_that_the_text_would_have_in_its_place(tmp_path: Path) -> None:
    text = (
        "number: ${N}\nquoted: '${N}'\nlist: $LIST\npart: data/${N}.txt\nmixed: ${N}e-2\nempty: ${E}\nyaml: ${MAP}\n"
        "broken: ${BROKEN}\n# ${COMMENT}\n${KEY}: 1\n"
    )
    document = read(tmp_path, text, N="5", LIST="[1, x]", E="", MAP="{a: {b: 2e-5}}", BROKEN="[not a list")
    assert document.data == {
        "number": 5,
        "quoted": "5",
        "list": [1, "x"],
        "part": "data/5.txt",
        "mixed": 0.05,
        "empty": None,
        "yaml": {"a": {"b": 2e-5}},
        "broken": "[not a list",
        "${KEY}": 1,
    }
    assert document.values[("yaml", "a", "b")] == Mark(str(tmp_path / "c.yaml"), 7, 7)


def test_substituted_text_is_not_substituted_again(tmp_path: Path) -> None:
    assert read(tmp_path, "a: ${X}\nb: ${L}\n", X="$Y", L="[$Y]").data == {"a": "$Y", "b": ["$Y"]}


def test_a_tag_in_a_variable_is_refused_too(tmp_path: Path) -> None:
    document = read(tmp_path, "a: ${L}\n", L="[!!python/name:os.system x]")
    assert len(document.problems) == 1 and "is refused" in document.problems[0].message


def test_all_undefined_variables_are_listed(tmp_path: Path) -> None:
    document = read(tmp_path, "a: ${ONE}/$TWO\nb: [x, '${DATA_DIRR}']\n", DATA_DIR="/d")
    advice = "Set it in the environment, or give it a default: ${%s|default}. A dollar sign itself is written $$"
    assert messages(document, tmp_path) == [
        f"c.yaml:1:4: a: the variable 'ONE' is not set. {advice % 'ONE'}",
        f"c.yaml:1:4: a: the variable 'TWO' is not set. {advice % 'TWO'}",
        f"c.yaml:2:8: b.1: the variable 'DATA_DIRR' is not set; did you mean 'DATA_DIR'? {advice % 'DATA_DIRR'}",
    ]


def test_numbers_of_thousands_of_digits_are_explained(tmp_path: Path) -> None:
    digits = "1" * 5000
    document = read(tmp_path, f"? {digits}\n: {digits}\n")
    assert list(document.data) == [digits]
    assert document.problems[0].message == f"'{digits[:58]}… is not what its tag '!!int' says"
    assert read(tmp_path, f'{{"a": {digits}}}', "c.json").problems[0].path == "a"
