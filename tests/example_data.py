"""Tiny data for the configurations that are shipped as examples: a few sentences in the format that each of them names."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Sentence = list[tuple[str, str]]

COUNTS = {"train": 4, "valid": 2, "test": 2}
_OUTSIDE = [("in", "O"), ("works", "O"), (".", "O")]
_TYPES = ["location", "person", "group"]


def _entities(number: int) -> Sentence:
    """A sentence with two entities, in words."""
    first, second = _TYPES[number % 3], _TYPES[(number + 1) % 3]
    named = [("mary", f"B-{first}"), ("smith", f"I-{first}"), *_OUTSIDE[:2], ("london", f"B-{second}"), _OUTSIDE[2]]
    return named[: 6 - number % 2]


def _characters(number: int) -> Sentence:
    """A sentence with two entities, in characters."""
    first, second = _TYPES[number % 3], _TYPES[(number + 1) % 3]
    person = [("张", f"B-{first}"), ("明", f"E-{first}")]
    return [*person, ("在", "O"), ("北", f"B-{second}"), ("京", f"E-{second}"), ("工", "O"), ("作", "O")]


def _parts_of_speech(number: int) -> Sentence:
    """Words and their parts of speech, in characters: no character belongs to no word."""
    return [("我", "S-PN"), ("在", "S-P"), ("北", "B-NR"), ("京", "E-NR"), ("工", "B-VV"), ("作", "E-VV")][number % 2 :]


def _conll(config: Mapping[str, Any], block: Mapping[str, Any], count: int) -> str:
    delimiter = block.get("delimiter") or " "
    is_chinese = "hinese" in config["#"]
    make = _parts_of_speech if config["task"] == "part-of-speech" else _characters if is_chinese else _entities
    rows = ("".join(f"{word}{delimiter}{tag}\n" for word, tag in make(number)) for number in range(count))
    return "\n".join(rows)


def _segmented(config: Mapping[str, Any], block: Mapping[str, Any], count: int) -> str:
    return "".join(["我 在 北京 工作\n", "北京 大学\n"][number % 2] for number in range(count))


def _plain_text(config: Mapping[str, Any], block: Mapping[str, Any], count: int) -> str:
    return "".join(["我在北京工作\n", "中国大学的公司\n"][number % 2] for number in range(count))


def _entity_typing(config: Mapping[str, Any], block: Mapping[str, Any], count: int) -> str:
    words = "mary works in london" if block.get("tokenizer") == "blank" else "张明在北京"
    text = block.get("text_key", "text")
    lines = []
    for number in range(count):
        kinds = [_TYPES[number % 3], "place"][: 1 + number % 2]
        if "types_key" in block:
            lines.append({text: words, block["spans_key"]: [0, 1], block["types_key"]: kinds})
        else:
            lines.append({text: words, block.get("spans_key", "label"): [{"start": 0, "end": 1, "type": kinds}]})
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _marked_pairs(config: Mapping[str, Any], block: Mapping[str, Any], count: int) -> str:
    labels = ["Cause-Effect(e1,e2)", "Component-Whole(e2,e1)", "Other"]
    pair = '"The <e1>smith</e1> works in <e2>london</e2>."'
    return "\n".join(f"{number + 1}\t{pair}\n{labels[number % 3]}\nComment:\n" for number in range(count))


def _labelled_text(config: Mapping[str, Any], block: Mapping[str, Any], count: int) -> str:
    columns = max(block["text_column"], block["label_column"]) + 1
    rows = []
    for number in range(count):
        row = ["x"] * columns
        row[block["text_column"]], row[block["label_column"]] = "mary works in london", str(number % 2)
        rows.append("\t".join(row) + "\n")
    return "".join(rows)


def _label_lines(config: Mapping[str, Any], block: Mapping[str, Any], count: int) -> str:
    return "".join(["LOC:city where is london\n", "HUM:ind who works\n"][number % 2] for number in range(count))


WRITERS: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any], int], str]] = {
    "conll": _conll,
    "segmented": _segmented,
    "plain_text": _plain_text,
    "entity_typing": _entity_typing,
    "marked_pairs": _marked_pairs,
    "labelled_text": _labelled_text,
    "label_lines": _label_lines,
}


def write_data(config: Mapping[str, Any], block: dict[str, Any]) -> None:
    """Write the files that a `dataset` section names; where splits are held out of train, it is longer by these.

    Args:
        config: the configuration; `#` is its text.
        block: the section; its shares are changed to fit.
    """
    held_out = [f"{split}_ratio" for split in ("valid", "test") if f"{split}_ratio" in block]
    whole = COUNTS["train"] + 2 * len(held_out)
    block.update({ratio: 2 / whole for ratio in held_out})
    for split, name in block["data_file"].items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if split == "cand":
            candidates = {split: [_TYPES] * count for split, count in COUNTS.items()}
            path.write_text(json.dumps(candidates), encoding="utf-8")
        else:
            text = WRITERS[block["data_type"]](config, block, whole if split == "train" else COUNTS[split])
            path.write_text(text, encoding=block.get("encoding", "utf-8"))
