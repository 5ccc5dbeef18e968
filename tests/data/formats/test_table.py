"""Tables of every kind, with what their columns hold."""

import json

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adaseq.data.formats.table import TableFormat
from adaseq.errors import AdaSeqError, DataError

NAMES = {"ner_tags": ["O", "B-PER", "I-PER", "B-LOC"]}
ROWS = [
    {"id": "a", "tokens": ["Ann", "Lee", "left"], "ner_tags": [1, 2, 0]},
    {"id": "b", "tokens": ["in", "Rome"], "ner_tags": [0, 3]},
]
PER, LOC = {"start": 0, "end": 2, "type": "PER"}, {"start": 1, "end": 2, "type": "LOC"}


def written(folder, kind, rows):
    path = folder / f"train.{kind}"
    table = pyarrow.Table.from_pylist(rows)
    if kind == "parquet":
        pyarrow.parquet.write_table(table, path)
    elif kind in ("arrow", "feather"):
        new = pyarrow.ipc.new_stream if kind == "arrow" else pyarrow.ipc.new_file
        with new(str(path), table.schema) as writer:
            writer.write_table(table)
    elif kind == "json":
        path.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    elif kind == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        tab = "\t" if kind == "tsv" else ","
        quote = (lambda cell: cell) if kind == "tsv" else (lambda cell: '"' + cell.replace('"', '""') + '"')
        lines = [tab.join(rows[0])]
        lines += [
            tab.join(quote(cell if isinstance(cell, str) else json.dumps(cell)) for cell in row.values())
            for row in rows
        ]
        path.write_text("\r\n".join(lines), encoding="utf-8")
    return path


def read(folder, kind, rows, **options):
    return list(TableFormat(**options).read(written(folder, kind, rows)))


def error(folder, kind, rows, **options):
    with pytest.raises(AdaSeqError) as caught:
        read(folder, kind, rows, **options)
    return str(caught.value).replace(f"{folder}/", "")


@pytest.mark.parametrize("kind", ["parquet", "arrow", "feather", "json", "jsonl", "csv", "tsv"])
def test_every_kind_of_table(tmp_path, kind):
    examples = read(tmp_path, kind, ROWS, names=NAMES)
    assert [(each.id, each.tokens, each.spans) for each in examples] == [
        ("a", ["Ann", "Lee", "left"], [PER]),
        ("b", ["in", "Rome"], [LOC]),
    ]
    assert examples[1].origin.startswith(str(tmp_path / f"train.{kind}")) and examples[1].fields == {}


@pytest.mark.parametrize("kind", ["parquet", "arrow", "json", "jsonl", "csv", "tsv"])
def test_a_kind_is_known_without_its_ending(tmp_path, kind):
    path = written(tmp_path, kind, ROWS).rename(tmp_path / "train")
    assert [each.spans for each in TableFormat(names=NAMES).read(path)] == [[PER], [LOC]]


@pytest.mark.parametrize(
    "cell", ['["Ann", "Lee", "left"]', "['Ann', 'Lee', 'left']", "Ann Lee left"], ids=["json", "python", "blanks"]
)
def test_lists_in_csv(tmp_path, cell):
    rows = [{"words": cell, "tags": "B-PER I-PER O"}]
    assert read(tmp_path, "csv", rows)[0].tokens == ["Ann", "Lee", "left"]


def test_cells_of_csv_may_hold_lines(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('text,label\n"a ""b""\nc, d",x\n"e",y\nf,\n', encoding="utf-8")
    examples = list(TableFormat().read(path))
    assert [each.text for each in examples] == ['a "b"\nc, d', "e", "f"]
    assert [each.fields for each in examples] == [{"label": "x"}, {"label": "y"}, {}]
    assert [each.origin.rpartition(":")[2] for each in examples] == ["2", "4", "5"]


def test_texts_with_labels_and_pairs(tmp_path):
    rows = [{"sentence1": "It rains.", "sentence2": "It is wet.", "label": 1, "idx": 7}]
    example = read(tmp_path, "parquet", rows, names={"label": ["no", "yes"]})[0]
    assert example.tokens == ["It", "rains", "."] and example.text == "It rains." and example.offsets[2] == (8, 9)
    assert example.fields == {"label": "yes", "pair": ["It", "is", "wet", "."], "pair_text": "It is wet."}
    assert example.id == "7"


def test_several_labels_of_a_text(tmp_path):
    rows = [{"text": "a b", "labels": ["x", "y"]}]
    assert read(tmp_path, "jsonl", rows, columns={"label": "labels"})[0].fields == {"label": ["x", "y"]}


def test_a_relation(tmp_path):
    rows = [{"tokens": ["Ann", "left", "Rome"], "subject": [0, 1], "object": [2, 3], "label": "left"}]
    assert read(tmp_path, "jsonl", rows)[0].fields == {"label": "left", "subject": [0, 1], "object": [2, 3]}


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "csv"])
def test_spans_over_words(tmp_path, kind):
    rows = [{"tokens": ["Ann", "Lee", "left"], "spans": [{"start": 0, "end": 2, "type": "PER"}]}]
    assert read(tmp_path, kind, rows)[0].spans == [PER]


def test_spans_over_characters(tmp_path):
    rows = [{"text": "Ann Lee left.", "entities": [{"start": 0, "end": 7, "label": "PER"}]}]
    assert read(tmp_path, "jsonl", rows)[0].spans == [PER]
    rows = [{"text": "李明在杭州", "entities": {"start": [0, 3], "end": [1, 4], "type": ["PER", "LOC"]}}]
    assert read(tmp_path, "jsonl", rows, is_end_included=True, text_splitter="char")[0].spans == [
        PER,
        {"start": 3, "end": 5, "type": "LOC"},
    ]


def test_a_span_inside_a_word_takes_the_word_and_that_is_said(tmp_path):
    reader = TableFormat()
    rows = [{"text": "the Romans left", "spans": [{"start": 4, "end": 8, "type": "LOC"}]}]
    assert next(iter(reader.read(written(tmp_path, "jsonl", rows)))).spans == [LOC]
    assert reader.notes()["warnings"] == [
        "1 spans begin or end inside a word and were widened to whole words; text_splitter: char labels characters"
    ]


def test_several_types_and_partial_annotation(tmp_path):
    spans = [{"start": 0, "end": 2, "type": ["person", "singer"]}, {"start": 2, "end": 3, "allowed": ["PER", "LOC"]}]
    assert read(tmp_path, "jsonl", [{"tokens": ["Ann", "Lee", "left"], "spans": spans}])[0].spans == [
        {"start": 0, "end": 2, "type": "", "types": ["person", "singer"]},
        {"start": 2, "end": 3, "type": "PARTIAL", "allowed": ["PER", "LOC"]},
    ]


def test_a_mask(tmp_path):
    rows = [{"tokens": ["a", "b"], "spans": [], "mask": [True, False]}, {"tokens": ["a"], "spans": [], "mask": [True]}]
    assert [each.mask for each in read(tmp_path, "jsonl", rows)] == [[True, False], None]


def test_a_mask_beside_tags(tmp_path):
    rows = [
        {"tokens": ["a", "b", "c"], "tags": ["B-A", "O", "B-A"], "mask": [True, True, False]},
        {"tokens": ["a", "<EOS>"], "tags": ["O", "O"], "mask": None},
    ]
    first, second = read(tmp_path, "jsonl", rows)
    assert first.mask == [True, True, False] and first.spans == [{"start": 0, "end": 1, "type": "A"}]
    assert second.mask == [True, False] and first.fields == {}


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_what_is_null_in_the_first_row_counts_in_the_others(tmp_path, kind):
    empty = {"tokens": ["a"], "subject": None, "object": None, "label": "None", "mask": None}
    rows = [empty, {"tokens": ["a", "b"], "subject": [0, 1], "object": [1, 2], "label": "r", "mask": [True, False]}]
    first, second = read(tmp_path, kind, rows)
    assert first.fields == {"label": "None"} and first.mask is None
    assert second.fields == {"label": "r", "subject": [0, 1], "object": [1, 2]} and second.mask == [True, False]


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_a_column_that_is_named_may_begin_with_many_nulls(tmp_path, kind):
    rows = [{"tokens": ["a"], "tags": ["B-X"], "mask": None}] * 200
    rows.append({"tokens": ["a"], "tags": ["O"], "mask": [False]})
    assert read(tmp_path, kind, rows, columns={"mask": "mask"})[-1].mask == [False]
    assert ":201: 'mask' is empty in all rows before" in error(tmp_path, kind, rows)


def test_empty_cells_of_csv(tmp_path):
    spans = json.dumps([PER])
    rows = [{"text": "nobody", "spans": "", "label": "-1"}, {"text": "Ann Lee left", "spans": spans, "label": "1"}]
    first, second = read(tmp_path, "csv", rows, names={"label": ["no", "yes"]}, is_end_included=False)
    assert first.spans == [] and first.fields == {} and second.fields == {"label": "yes"}
    assert [span["type"] for span in second.spans] == ["PER"]


def test_labels_in_cells_of_csv(tmp_path):
    rows = [{"text": "a", "label": each} for each in ('["x", "y"]', "['x', 'y']", "[x y]", "{x}", "x y")]
    labels = [each.fields["label"] for each in read(tmp_path, "csv", rows)]
    assert labels == [["x", "y"], ["x", "y"], "[x y]", "{x}", "x y"]


def test_the_column_that_is_named_goes_before_one_with_a_usual_name(tmp_path):
    rows = [{"text": "Ann left", "tokens": ["x"], "tags": ["B-PER", "O"]}]
    assert read(tmp_path, "jsonl", rows, columns={"text": "text"})[0].tokens == ["Ann", "left"]
    with pytest.raises(DataError, match="1 words and 2 tags"):
        read(tmp_path, "jsonl", rows)


def test_a_delimiter_may_be_called_by_its_name(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("text\tlabel\ngood, very\tx\n", encoding="utf-8")
    for name in ("tab", "\\t", "\t"):
        assert [each.text for each in TableFormat(delimiter=name).read(path)] == ["good, very"]


def test_cells_may_be_long(tmp_path):
    text = "word " * 100_000
    assert read(tmp_path, "csv", [{"text": text, "label": "x"}])[0].text == text


def test_types_can_be_left_out_and_schemes_set(tmp_path):
    rows = [{"tokens": ["a", "b", "c"], "tags": ["I-X1", "O", "I-X2"]}]
    assert read(tmp_path, "jsonl", rows, ignored_types=["X1"], source_scheme="IOB1")[0].spans == [
        {"start": 2, "end": 3, "type": "X2"}
    ]


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (ROWS, {}, "train.jsonl:1: 'ner_tags' has numbers, and nothing says what they mean; say it: names: {ner_tags: [O, B-PER, …]}"),
        (ROWS, {"names": {"ner_tags": ["O", "B-PER"]}}, "train.jsonl:1: 'ner_tags' has the number 2, and there are names for 0 to 1"),
        ([{"tokens": ["a"], "ner_tags": ["O"], "pos_tags": ["N"]}], {}, "train.jsonl:1: several columns could be the tags: ner_tags, pos_tags; say which: columns: {tags: ner_tags}"),
        ([{"tokens": ["a"], "tags": ["O", "O"]}], {}, "train.jsonl:1: 1 words and 2 tags; each word needs one"),
        ([{"satz": "a"}], {}, "train.jsonl:1: no column is called tokens or text; say which one is: columns: {tokens: …}; there are satz"),
        ([{"tokens": ["a"]}], {"columns": {"tags": "tag"}}, "train.jsonl:1: dataset.columns.tags: there is no column 'tag'; there are tokens"),
        ([{"tokens": ["a"]}], {"columns": {"tag": "t"}}, "dataset.columns has no 'tag'; did you mean 'tags'? known: id, tokens, text, tags, spans, mask, label, pair, subject, object, each with the name of a column"),
        ([{"tokens": ["a", ""], "tags": ["O", "O"]}], {}, "train.jsonl:1: 'tokens' has an item that is no word: \"\""),
        ([{"tokens": [], "tags": []}], {}, "train.jsonl:1: 'tokens' is empty"),
        ([{"tokens": ["a"], "spans": [{"start": 0, "end": 1}]}], {}, "train.jsonl:1: the span {\"start\": 0, \"end\": 1} has no type; it may be called type, types, label, labels, tag, entity_type, entity_group"),
        ([{"text": "a  b", "spans": [{"start": 1, "end": 3, "type": "X"}]}], {}, "train.jsonl:1: the span from 1 to 3 holds nothing but white space"),
        ([{"tokens": ["a"], "spans": [{"start": 0, "end": 2, "type": "X"}]}], {}, "train.jsonl:1: the span from 0 to 2 (end excluded) is not within the 1 words of the text"),
        ([{"tokens": ["a"], "spans": [], "mask": [1, 0]}], {}, "train.jsonl:1: 'mask' must have true or false for each of the 1 words"),
        (ROWS, {"delimiter": "||"}, "dataset.delimiter is '||'; it must be a single character, and no line break"),
        (ROWS, {"delimiter": "\n"}, "dataset.delimiter is '\\n'; it must be a single character, and no line break"),
        (ROWS, {"delimiter": "|", "quote": "|"}, "dataset.delimiter and dataset.quote are both '|'; they must differ"),
        ([{"words": ["a", "b"], "subject": [0, 9]}], {"columns": {"tokens": "words"}}, "train.jsonl:1: the span from 0 to 9 (end excluded) is not within the 2 words of the text"),
        ([{"tokens": ["a"], "spans": [{"start": 0, "end": 1, "allowed": "PER"}]}], {}, "train.jsonl:1: 'allowed' must be a list of types, not \"PER\""),
        ([{"text": "a", "text2": ["b", ""], "label": "x"}], {}, "train.jsonl:1: 'text2' has an item that is no word: \"\""),
        ([{"tokens": ["a"], "tags": ["O"]}] * 101 + [{"tokens": ["a"], "tags": ["O"], "mask": [False]}], {}, "train.jsonl:102: 'mask' is empty in all rows before; so that it is known what it is, name it: columns: {mask: mask}, and give it to all rows, if only as null"),
    ],
)  # fmt: skip
def test_what_is_wrong_and_where(tmp_path, rows, options, message):
    assert error(tmp_path, "jsonl", rows, **options) == message


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.csv", "text,label\na,b,c\n", "t.csv:2: the row has 3 cells, and the first line names 2 columns"),
        ("t.csv", "text,text\na,b\n", "t.csv:1: the first line must name the columns, each by a name of its own"),
        ("t.csv", 'text,label\n"a,b\n', "t.csv:2: no row of a table: unexpected end of data"),
        ("t.csv", "", "t.csv: there is no row in this table"),
        ("t.csv", "text,label\n", "t.csv: there is no row in this table"),
        ("t.csv", "text,label\na\rb,x\n", "t.csv:2: no row of a table: a carriage return in a cell without quotes"),
        ("t.json", "[1]", "t.json:1: record 1 of the list: an object is needed, not 1"),
        ("t.json", '[{"a": 1]', "t.json:1: no JSON: Expecting ',' delimiter at column 9"),
        ("t.json", '[{"text": "a"},\n  {"a": ]', "t.json:2: no JSON: Expecting value at column 9"),
        ("t.json", '{\n"data": [{"text": "a"}, 7]}', "t.json: record 2 of the list: an object is needed, not 7"),
        (
            "t.json",
            '[{"text": "\\ud800"}]',
            "t.json:1: half of a surrogate pair in a string is no character, or the object is too deep",
        ),
        (
            "t.json",
            '{\n"a": [], "b": []}',
            "t.json: a list of objects is needed, or an object that holds one list of them",
        ),
        (
            "t.jsonl",
            '{"a": 1\n',
            "t.jsonl:1: no JSON: Expecting ',' delimiter at column 1; one object per line is needed",
        ),
    ],
)
def test_what_is_no_table(tmp_path, name, text, message):
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        list(TableFormat().read(tmp_path / name))
    assert str(caught.value).replace(f"{tmp_path}/", "") == message


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow"])
@pytest.mark.parametrize("content", [b"", b"PAR1" + b"garbage" * 9, b"ARROW1\x00\x00" + b"garbage" * 99])
def test_damaged_tables(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"{name}: (cannot be read|there is no row)"):
        list(TableFormat().read(tmp_path / name))


def test_a_document_with_the_rows_inside(tmp_path):
    (tmp_path / "t.json").write_text(json.dumps({"version": "1", "data": ROWS}, indent=1), encoding="utf-8")
    assert [each.spans for each in TableFormat(names=NAMES).read(tmp_path / "t.json")] == [[PER], [LOC]]


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.json", "t.jsonl", "t.parquet", "t.arrow", "t"])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_in_a_file_is_read_or_refused(tmp_path, name, data):
    kind = name.partition(".")[2] or "jsonl"
    (tmp_path / name).unlink(missing_ok=True)
    content = bytearray(written(tmp_path, kind, ROWS).rename(tmp_path / name).read_bytes())
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    (tmp_path / name).write_bytes(content)
    try:
        examples = list(TableFormat(names=NAMES).read(tmp_path / name))
    except DataError as error:
        assert str(error).startswith(str(tmp_path / name))
    else:
        # In text, what was changed may be a label like any other.
        if kind in ("parquet", "arrow"):
            assert {span["type"] for each in examples for span in each.spans} <= {"PER", "LOC"}
        assert all(0 <= span["start"] < span["end"] <= len(each.tokens) for each in examples for span in each.spans)
