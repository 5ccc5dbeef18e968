"""Writes the demo corpus: sentences from templates, half of them Chinese and half English, with four types of entities.

    python -m adaseq.demo.corpus FOLDER

The same files come out every time. Words are cut as the `word` splitter cuts raw text, so that a model that has learned
from these files meets at prediction what it has seen. A quarter of all names, cities and companies never occur in the
training file: what they are must be told from the words around them.
"""

from __future__ import annotations

import itertools
import random
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from adaseq.data.splitters import WordSplitter
from adaseq.utils.files import atomic_write
from adaseq.utils.tag_schemes import spans_to_tags

HERE = Path(__file__).parent
SIZES = {"train": 400, "dev": 80, "test": 80}
_SEED = 20240229
_RESERVED_EVERY = 4  # of so many words one is kept from the training file
_SLOT = re.compile(r"\{(\w+)\}")
_TYPES = {
    "person": "person",
    **dict.fromkeys(("city", "country"), "location"),
    **dict.fromkeys(("company", "school", "agency"), "organisation"),
    **dict.fromkeys(("day", "month", "weekday", "year", "recent"), "date"),
}

Sentence = tuple[str, list[tuple[int, int, str]]]
"""A text, and the character spans of its entities."""


class Language(ABC):
    """Sentences of one language.

    Args:
        name: of its lexicon.
        chance: decides what fills the slots.
        is_training: leave out the reserved words.
    """

    def __init__(self, name: str, chance: random.Random, is_training: bool) -> None:
        self.lexicon: dict[str, list[str]] = yaml.safe_load(
            (HERE / "lexicons" / f"{name}.yaml").read_text(encoding="utf-8")
        )
        self._templates = str(self.lexicon.pop("sentences")).splitlines()
        self._asides = str(self.lexicon.pop("asides")).splitlines()
        self._chance = chance
        self._is_training = is_training

    def sentences(self) -> Iterator[Sentence]:
        """Sentences without end: each template in turn, in an order of its own."""
        templates = sorted(self._templates, key=lambda _: self._chance.random())
        return map(self._fill, itertools.cycle(templates))

    @abstractmethod
    def fill(self, slot: str) -> str:
        """Something that fits a slot."""

    def any(self, words: Sequence[str]) -> str:
        """One of the words."""
        return words[self.number(0, len(words) - 1)]

    def known(self, name: str) -> str:
        """A word of the lexicon; in training none of the reserved ones."""
        words = self.lexicon[name]
        return self.any([w for i, w in enumerate(words, 1) if not self._is_training or i % _RESERVED_EVERY])

    def number(self, first: int, last: int) -> int:
        """A number in a range, both ends included."""
        # `random()` alone is promised to give the same numbers in every version of Python.
        return first + int(self._chance.random() * (last - first + 1))

    def _fill(self, template: str) -> Sentence:
        text, spans = "", []
        if "{" in template and template[-1] in ".。" and self.number(0, 1):
            template = template[:-1] + self.any(self._asides) + template[-1]
        for number, part in enumerate(_SLOT.split(template)):
            if number % 2:
                start, filling = len(text), self.fill(part)
                text += filling
                spans.append((start, len(text), _TYPES[part]))
            else:
                text += part
        return text, spans


class English(Language):
    """English sentences."""

    def fill(self, slot: str) -> str:
        """Something that fits a slot."""
        if slot == "person":
            return f"{self.known('given_names')} {self.known('family_names')}"
        if slot == "city":
            return self.known("cities")
        if slot == "country":
            return self.known("countries")
        if slot == "company":
            return f"{self.known('company_names')} {self.any(self.lexicon['industries'])}"
        if slot == "school":
            return self.any(["University of {}", "{} University", "{} Technical College"]).format(self.known("cities"))
        if slot == "agency":
            return f"{self.known('cities')} {self.any(self.lexicon['agencies'])}"
        day, year = self.number(1, 28), self.number(1995, 2024)
        month, weekday = self.any(self.lexicon["months"]), self.any(self.lexicon["weekdays"])
        forms = {
            "day": [f"{day} {month}", f"{day} {month} {year}", f"{month} {day}", f"{month} {day}, {year}"],
            "month": [month, f"{month} {year}"],
            "year": [str(year)],
            "weekday": [weekday],
            "recent": ["yesterday", "last week", "last month", "this morning", f"last {weekday}", f"last {month}"],
        }
        return self.any(forms[slot])


class Chinese(Language):
    """Chinese sentences."""

    def fill(self, slot: str) -> str:
        """Something that fits a slot."""
        if slot == "person":
            return self.known("family_names") + self.known("given_names")
        if slot == "city":
            return self.known("cities")
        if slot == "country":
            return self.known("provinces")
        if slot == "company":
            form = self.any(self.lexicon["industries"]) + self.any(self.lexicon["company_forms"])
            return self.known("company_names") + form
        if slot == "school":
            return self.known("cities") + self.any(self.lexicon["schools"])
        if slot == "agency":
            return self.known("cities") + self.any(self.lexicon["agencies"])
        day, month, year = self.number(1, 28), self.number(1, 12), self.number(1995, 2024)
        weekday = self.any("一二三四五六日")
        forms = {
            "day": [f"{month}月{day}日", f"{year}年{month}月{day}日", f"今年{month}月{day}日"],
            "month": [f"{month}月", f"{year}年{month}月", f"今年{month}月"],
            "year": [f"{year}年"],
            "weekday": [f"周{weekday}", f"星期{weekday}", f"下周{weekday}"],
            "recent": ["昨天", "今天上午", "上周", "上个月", "去年春天", f"上周{weekday}"],
        }
        return self.any(forms[slot])


def write_corpus(folder: Path) -> None:
    """Write `train.txt`, `dev.txt` and `test.txt`: English and Chinese in turn, no sentence twice."""
    seen: set[str] = set()
    for seed, (name, size) in enumerate(SIZES.items(), _SEED):
        chance = random.Random(seed)
        languages = [
            kind(lexicon, chance, name == "train") for kind, lexicon in ((English, "english"), (Chinese, "chinese"))
        ]
        drawn = itertools.chain.from_iterable(zip(*(each.sentences() for each in languages)))
        new = (sentence for sentence in drawn if sentence[0] not in seen)
        with atomic_write(folder / f"{name}.txt") as file:
            for sentence in itertools.islice(new, size):
                seen.add(sentence[0])
                file.write(_as_conll(sentence))


def _as_conll(sentence: Sentence) -> str:
    text, entities = sentence
    words, offsets = WordSplitter().split(text)
    starts = {start: i for i, (start, _) in enumerate(offsets)}
    ends = {end: i + 1 for i, (_, end) in enumerate(offsets)}
    spans = [{"start": starts[start], "end": ends[end], "type": kind} for start, end, kind in entities]
    tags = spans_to_tags(spans, len(words), "BIO")
    return "".join(f"{word}\t{tag}\n" for word, tag in zip(words, tags, strict=True)) + "\n"


if __name__ == "__main__":
    write_corpus(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "demo_corpus")
