"""A clean corpus, Chinese and English, and a copy of it with faults whose places are known."""

from __future__ import annotations

import itertools
import json
import random
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from adaseq.data.splitters import WordSplitter
from adaseq.demo.corpus import Chinese, English
from adaseq.utils.tag_schemes import spans_to_tags

SIZES = {"train": 1200, "dev": 200, "test": 200}
TEXTS = 200
MAX_LENGTH = 120

Row = list[bytes]


class Planted(NamedTuple):
    """A fault, and where it was planted."""

    code: str
    file: str
    line: int


class Corpus:
    """Three files in CoNLL columns and one of JSON lines with spans.

    Args:
        seed: decides which sentences are drawn, and where faults go.
    """

    def __init__(self, seed: int = 7) -> None:
        self.chance = random.Random(seed)
        seen: set[str] = set()
        self.files: dict[str, list[list[Row]]] = {}
        for number, (name, size) in enumerate(SIZES.items()):
            self.files[name] = [_rows(text, spans) for text, spans in _draw(seed + number, size, seen)]
        self.texts: list[dict[str, Any]] = [
            {"text": text, "spans": [{"start": start, "end": end, "type": kind} for start, end, kind in spans]}
            for text, spans in _draw(seed + len(SIZES), TEXTS, seen)
        ]
        self._marks: list[tuple[str, str, list[Row], int]] = []
        self._marked_texts: list[tuple[str, int]] = []
        self._free: dict[str, list[list[Row]]] = {name: list(sentences) for name, sentences in self.files.items()}
        self._free_texts = list(range(len(self.texts)))
        self._broken: dict[int, str] = {}

    def plant(self) -> None:
        """Plant 500 faults, each in a sentence of its own."""
        words: dict[str, tuple[int, Callable[[str], str]]] = {
            "mojibake": (
                41,
                lambda word: word + self._any("café", "naïve", "Zürich", "数据").encode().decode("latin-1"),
            ),
            "replacement-character": (20, lambda word: word + "\ufffd"),
            "control-character": (30, lambda word: word + self._any("\x07", "\x1b", "\x9b", "\u202e")),
            "zero-width-character": (35, lambda word: word + self._any("\u200b", "\ufeff", "\u00ad", "\u2060")),
            "blank-word": (20, lambda word: self._any("\u3000", "\u00a0", "\u200b\u200b", " ")),
            "space-in-word": (15, lambda word: word + self._any(" ", "\u00a0") + word),
            "private-use": (15, lambda word: word + self._any("\ue000", "\uf0b7")),
            "mixed-scripts": (30, lambda word: self._any("Pаris", "Веrlin", "cоmpany", "Υork", "⽇")),
            "full-width": (30, lambda word: self._any("２０２４", "ＡＢＣ", "ｏｋ")),
            "not-normalised": (30, lambda word: word + self._any("cafe\u0301", "n\u0303", "か\u3099")),
        }
        for code, (count, change) in words.items():
            for _ in range(count):
                self._change_word(code, change)
        self._many("undecodable-bytes", 20, self._break_bytes)
        self._many("unreadable-record", 20, self._drop_tag)
        self._many("odd-columns", 10, self._add_column)
        self._many("bad-tag", 20, self._break_tag)
        self._many("illegal-transition", 40, self._break_transition)
        self._many("too-long", 8, self._lengthen)
        self._rename_labels()
        self._change_types(20)
        self._many("duplicate-sentence", 20, lambda name, sentence: self._copy(name, name, sentence))
        self._many("conflicting-duplicate", 10, self._copy_with_other_tags)
        self._many("overlap-between-splits", 20, lambda name, sentence: self._copy("train", "test", sentence), "train")
        for code, count, change_text in (
            ("unreadable-record", 10, self._break_json),
            ("span-cuts-word", 10, self._cut_word),
            ("span-edge-space", 10, self._take_space),
            ("repeated-span", 5, lambda text: text["spans"].append(dict(text["spans"][0]))),
            ("crossing-spans", 5, self._cross),
        ):
            for _ in range(count):
                self._change_text(code, change_text)

    def write(self, folder: Path) -> list[Planted]:
        """Write the files, and say where the faults are."""
        folder.mkdir(parents=True)
        places: dict[int, tuple[str, int]] = {}
        for name, sentences in self.files.items():
            path, line = folder / f"{name}.txt", 1
            with path.open("wb") as file:
                for sentence in sentences:
                    places[id(sentence)] = (str(path), line)
                    file.writelines(b"\t".join(row) + b"\n" for row in sentence)
                    file.write(b"\n")
                    line += len(sentence) + 1
        texts = folder / "texts.jsonl"
        lines = [self._broken.get(i) or json.dumps(text, ensure_ascii=False) for i, text in enumerate(self.texts)]
        texts.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return [
            *(Planted(code, places[id(rows)][0], places[id(rows)][1] + row) for code, _, rows, row in self._marks),
            *(Planted(code, str(texts), i + 1) for code, i in self._marked_texts),
        ]

    def _any(self, *choices: Any) -> Any:
        return self.chance.choice(choices)

    def _many(self, code: str, count: int, change: Callable[[str, list[Row]], Any], split: str | None = None) -> None:
        for _ in range(count):
            name, sentence = self._take(split)
            marked, row = change(name, sentence)
            self._marks.append((code, name, marked, row))

    def _take(self, split: str | None = None) -> tuple[str, list[Row]]:
        """A sentence that has no fault yet, and its split."""
        name = split or self.chance.choices([*SIZES], weights=[*SIZES.values()])[0]
        return name, self._free[name].pop(self.chance.randrange(len(self._free[name])))

    def _outside(self, sentence: list[Row]) -> int:
        """A word in no span, with another such on both sides."""
        rows = range(1, len(sentence) - 1)
        return self.chance.choice([i for i in rows if all(sentence[j][1] == b"O" for j in (i - 1, i, i + 1))])

    def _change_word(self, code: str, change: Callable[[str], str]) -> None:
        name, sentence = self._take()
        row = self._outside(sentence)
        sentence[row][0] = change(sentence[row][0].decode()).encode()
        self._marks.append((code, name, sentence, row))

    def _break_bytes(self, name: str, sentence: list[Row]) -> tuple[list[Row], int]:
        row = self._outside(sentence)
        sentence[row][0] += self._any(b"\xff", b"\xc3", "中".encode("gb18030"))
        return sentence, row

    def _drop_tag(self, name: str, sentence: list[Row]) -> tuple[list[Row], int]:
        row = self._outside(sentence)
        del sentence[row][1]
        return sentence, row

    def _add_column(self, name: str, sentence: list[Row]) -> tuple[list[Row], int]:
        row = self._outside(sentence)
        sentence[row].insert(1, b"x")
        return sentence, row

    def _break_tag(self, name: str, sentence: list[Row]) -> tuple[list[Row], int]:
        row = self._outside(sentence)
        sentence[row][1] = self._any(b"b-person", b"person", b"B_date", b"0", b"Q-location")
        return sentence, row

    def _break_transition(self, name: str, sentence: list[Row]) -> tuple[list[Row], int]:
        row = self._outside(sentence)
        sentence[row][1] = self._any(b"I-person", b"I-date", b"I-location")
        # A word of its own, so that no mention has two types.
        sentence[row][0] = f"{sentence[row][0].decode()}{len(self._marks)}".encode()
        return sentence, row

    def _lengthen(self, name: str, sentence: list[Row]) -> tuple[list[Row], int]:
        pad = [[f"w{len(self._marks)}x{i}".encode(), b"O"] for i in range(MAX_LENGTH + 20)]
        sentence[:0] = pad
        return sentence, MAX_LENGTH - 1

    def _rename_labels(self) -> None:
        """Give single mentions, of words of their own, a label that nothing else has."""
        for code, split, old, new in (
            ("confusable-labels", None, "person", "Person"),
            ("confusable-labels", None, "person", "ｐerson"),
            ("confusable-labels", None, "location", "locatoin"),
            ("confusable-labels", None, "organisation", "organ-isation"),
            ("label-not-in-train", "test", "organisation", "vessel"),
            ("label-not-in-train", "test", "organisation", "theorem"),
        ):
            name = split or "train"
            sentence = next(
                each for each in self._free[name] if [label for _, label, _, _ in _mentions(each)].count(old) == 1
            )
            self._free[name].remove(sentence)
            for row in sentence:
                row[1] = row[1].replace(f"-{old}".encode(), f"-{new}".encode())
            first = self._first(sentence, new)
            sentence[first][0] += str(len(self._marks)).encode()
            self._marks.append((code, name, sentence, first))

    @staticmethod
    def _first(sentence: list[Row], label: str) -> int:
        return next(i for i, row in enumerate(sentence) if row[1] == f"B-{label}".encode())

    def _change_types(self, count: int) -> None:
        counts = Counter(m[0] for sentences in self.files.values() for each in sentences for m in _mentions(each))
        done: set[str] = set()
        for name, sentences in self._free.items():
            for sentence in list(sentences):
                for surface, label, start, end in _mentions(sentence):
                    if counts[surface] < 8 or surface in done or len(done) == count:
                        continue
                    other = self._any(*({"person", "date", "location", "organisation"} - {label}))
                    for row in sentence[start:end]:
                        row[1] = row[1].replace(label.encode(), other.encode())
                    done.add(surface)
                    self._marks.append(("inconsistent-type", name, sentence, start))
                    sentences.remove(sentence)
                    break
        assert len(done) == count

    def _copy(self, source: str, target: str, sentence: list[Row]) -> tuple[list[Row], int]:
        copy = [list(row) for row in sentence]
        self.files[target].append(copy)
        return copy, 0

    def _copy_with_other_tags(self, name: str, sentence: list[Row]) -> tuple[list[Row], int]:
        row = self._outside(sentence)
        sentence[row][0] = f"copy{len(self._marks)}".encode()
        copy, _ = self._copy(name, name, sentence)
        copy[row][1] = b"B-person"
        return copy, 0

    def _change_text(self, code: str, change: Callable[[dict[str, Any]], Any]) -> None:
        number = self._free_texts.pop(self.chance.randrange(len(self._free_texts)))
        while change is self._cut_word and not _has_long_word(self.texts[number]):
            number = self._free_texts.pop(self.chance.randrange(len(self._free_texts)))
        broken = change(self.texts[number])
        if isinstance(broken, str):
            self._broken[number] = broken
        self._marked_texts.append((code, number))

    def _break_json(self, text: dict[str, Any]) -> str | None:
        how = self._any("json", "end", "key", "type")
        if how == "json":
            return json.dumps(text, ensure_ascii=False)[:-3]
        if how == "end":
            text["spans"][0]["end"] = len(text["text"]) + 5
        elif how == "key":
            text["content"] = text.pop("text")
        else:
            text["spans"][0]["type"] = 7
        return None

    @staticmethod
    def _cut_word(text: dict[str, Any]) -> None:
        span = next(each for each in text["spans"] if text["text"][each["start"] : each["end"]].isascii())
        span["end"] -= 1

    @staticmethod
    def _take_space(text: dict[str, Any]) -> None:
        end = text["spans"][-1]["end"]
        text["text"] = f"{text['text'][:end]} {text['text'][end:]}"
        text["spans"] = [{**text["spans"][-1], "end": end + 1}]

    @staticmethod
    def _cross(text: dict[str, Any]) -> None:
        text["text"] += " one two three"
        end = len(text["text"])
        text["spans"] += [
            {"start": end - 13, "end": end - 6, "type": "date"},
            {"start": end - 9, "end": end, "type": "date"},
        ]


def _draw(seed: int, size: int, seen: set[str]) -> Iterator[tuple[str, list[tuple[int, int, str]]]]:
    """Sentences that have not been drawn, English and Chinese in turn."""
    chance = random.Random(seed)
    languages = [kind(name, chance, False) for kind, name in ((English, "english"), (Chinese, "chinese"))]
    drawn = itertools.chain.from_iterable(zip(*(each.sentences() for each in languages)))
    new = (sentence for sentence in drawn if sentence[0] not in seen and sentence[1])
    for sentence in itertools.islice(new, size):
        seen.add(sentence[0])
        yield sentence


def _rows(text: str, spans: list[tuple[int, int, str]]) -> list[Row]:
    words, offsets = WordSplitter().split(text)
    starts = {start: i for i, (start, _) in enumerate(offsets)}
    ends = {end: i + 1 for i, (_, end) in enumerate(offsets)}
    found = [{"start": starts[start], "end": ends[end], "type": kind} for start, end, kind in spans]
    tags = spans_to_tags(found, len(words), "BIO")
    # Words on both sides that are in no span: a place for faults.
    words = ["So", ",", "then", *words, "and", "so", "on"]
    tags = ["O"] * 3 + tags + ["O"] * 3
    return [[unicodedata.normalize("NFC", word).encode(), tag.encode()] for word, tag in zip(words, tags, strict=True)]


def _mentions(sentence: list[Row]) -> list[tuple[str, str, int, int]]:
    """Surface, label, start and end of the spans of a sentence whose tags are whole."""
    found, start = [], None
    for i, row in enumerate([*sentence, [b"", b"O"]]):
        tag = row[-1].decode()
        if start is not None and not tag.startswith("I-"):
            label = sentence[start][-1].decode()[2:]
            found.append((" ".join(each[0].decode("utf-8", "replace") for each in sentence[start:i]), label, start, i))
            start = None
        if tag.startswith("B-"):
            start = i
    return found


def _has_long_word(text: dict[str, Any]) -> bool:
    return (
        any(
            text["text"][span["start"] : span["end"]].isascii()
            and text["text"][span["end"] - 2 : span["end"]].isalpha()
            for span in text["spans"]
        )
        and text["text"].isascii()
    )
