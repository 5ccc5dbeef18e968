"""A small file in each format, and the options to read it with."""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class Sample(NamedTuple):
    """A file.

    Attributes:
        block: the format with its options.
        content: one record or more.
        separator: what may stand between two copies of it; None if they cannot stand in one file.
    """

    block: dict[str, Any]
    content: str
    separator: str | None = ""


def _lines(*records: Any) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


_ROW = "1\tab\t_\tNOUN\tNN\t_\t0\troot\t_\t_\n"
_TASK = {
    "id": 7,
    "data": {"text": "Ada 去 Rome"},
    "annotations": [
        {
            "was_cancelled": False,
            "result": [
                {
                    "id": "a",
                    "type": "labels",
                    "value": {"start": 0, "end": 3, "text": "Ada", "labels": ["PER", "POET"]},
                },
                {"id": "b", "type": "labels", "value": {"start": 6, "end": 10, "labels": ["LOC"]}},
                {"type": "choices", "value": {"choices": ["trip"]}},
                {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right", "labels": ["visits"]},
            ],
        }
    ],
}
_DOCCANO = {
    "id": 1,
    "text": "Ada 去 Rome",
    "entities": [
        {"id": 3, "label": "PER", "start_offset": 0, "end_offset": 3},
        {"id": 4, "label": "LOC", "start_offset": 6, "end_offset": 10},
    ],
    "relations": [{"id": 9, "from_id": 3, "to_id": 4, "type": "visits"}],
}
_RELATION = {"text": "Ada visits Rome", "subject": [0, 3], "object": {"start": 11, "end": 15}, "label": "visits"}
_TACRED = {
    "id": "x",
    "token": ["Ada", "visits", "Rome"],
    "subj_start": 0,
    "subj_end": 0,
    "obj_start": 2,
    "obj_end": 2,
    "relation": "visits",
}
_MENTION = {"start": 0, "end": 2, "type": ["poet", "person"], "candidates": ["poet", "place"]}

SAMPLES = {
    "conll": Sample({"type": "conll"}, "Ada\tB-PER\n Love\tI-PER\nwas\tO\n\nhere\tX\n<EOS>\tO\n", "\n"),
    "conllu": Sample({"type": "conllu"}, f"# newdoc\n# text = ab\n{_ROW}2-3{_ROW[1:]}\n{_ROW}", "\n"),
    "json_tags": Sample({"type": "json_tags"}, _lines({"text": "ab c", "labels": ["B-A", "I-A", "O", "X"]}) + "\n"),
    "json_spans": Sample(
        {"type": "json_spans"}, _lines({"text": "ab c", "spans": [{"start": 0, "end": 2, "type": "A"}]})
    ),
    "cluener": Sample({"type": "cluener"}, _lines({"text": "ab c", "label": {"A": {"ab": [[0, 1]]}, "B": [[3, 4]]}})),
    "segmented": Sample({"type": "segmented"}, "上海 推 “ 迎\nab c\n"),
    "table": Sample({"type": "table"}, _lines({"tokens": ["ab", "c"], "tags": ["B-A", "O"]})),
    "nested_conll": Sample(
        {"type": "nested_conll"}, "The\tB-ORG\tO\nAda\tI-ORG\tB-PER\nFund\tI-ORG\tO\n\nx\tO\tX\n", "\n"
    ),
    "entity_typing": Sample({"type": "entity_typing"}, _lines({"text": "李白 诗", "label": [_MENTION]})),
    "one_mention": Sample(
        {"type": "entity_typing", "spans_key": "span", "types_key": "types"},
        json.dumps([{"text": "ab c", "span": [0, 2], "types": ["x", "y"]}], indent=1),
        None,
    ),
    "relation_conll": Sample(
        {"type": "relation_conll"}, "<E> visits\nAda O\n</E> O\ngoes O\n<O> O\nRome O\n</O> O\n\nno O\n<EOS> X\n", "\n"
    ),
    "relation_json": Sample({"type": "relation_json"}, _lines(_RELATION, _TACRED)),
    "marked_pairs": Sample(
        {"type": "marked_pairs"},
        '1\t"The <e1>child</e1> was in the <e2>cradle</e2>."\r\nContent-Container(e1,e2)\r\nComment: x\r\n\r\n'
        '2\t"<e2>A</e2> and <e1>b</e1>"\r\nOther\r\n',
        "\r\n",
    ),
    "labelled_text": Sample(
        {"type": "labelled_text"}, _lines({"text": "good, 好", "label": "pos"}, {"text": "x", "label": 1})
    ),
    "csv": Sample({"type": "labelled_text", "text_column": 1, "label_column": 0}, 'pos,"good, ""very"""\nneg,bad\n'),
    "label_lines": Sample({"type": "label_lines"}, "LOC:city Where is Rome ?\n\nNUM:date When ?\n"),
    "plain_text": Sample({"type": "plain_text", "max_words": 2}, "上海 迎 ab\n\nc\n"),
    "fasttext": Sample({"type": "label_lines", "label_prefix": "__label__"}, "__label__a __label__b some text\n"),
    "doccano": Sample(
        {"type": "doccano"}, _lines({"text": "Ada 去", "label": [[0, 3, "PER"]]}, {"text": "x", "label": ["y"]})
    ),
    "doccano_relations": Sample({"type": "doccano", "relations": True, "no_relation": True}, _lines(_DOCCANO)),
    "label_studio": Sample({"type": "label_studio"}, json.dumps([_TASK, _TASK], ensure_ascii=False), None),
    "label_studio_relations": Sample({"type": "label_studio", "relations": True}, _lines(_TASK)),
    "label_studio_min": Sample(
        {"type": "label_studio", "multi_type": True},
        _lines(
            {
                "id": 1,
                "text": "Ada",
                "label": [{"start": 0, "end": 3, "text": "Ada", "labels": ["PER"]}],
                "kind": {"choices": ["a"]},
            }
        ),
    ),
}
