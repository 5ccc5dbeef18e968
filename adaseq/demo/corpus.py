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
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from adaseq.data.splitters import WordSplitter
from adaseq.demo import chinese, english
from adaseq.utils.files import atomic_write
from adaseq.utils.tag_schemes import spans_to_tags

SIZES = {"train": 400, "dev": 80, "test": 80}
_SEED = 20240229
_RESERVED_EVERY = 4  # of so many words one is kept from the training file
_SLOT = re.compile(r"\{(\w+)\}")
_TYPES = {
    "person": "person",
    **dict.fromkeys(("city", "country", "province"), "location"),
    **dict.fromkeys(("company", "school", "agency"), "organisation"),
    **dict.fromkeys(("day", "month", "weekday", "year", "recent"), "date"),
}
_CHINESE_NUMBERS = "一 二 三 四 五 六 七 八 九 十 十一 十二".split()


class Writer:
    """Writes the sentences of one split.

    Args:
        seed: decides which.
        is_training: leave out the reserved words.
        seen: sentences of other splits, which are not written again; gets those of this one.
    """

    def __init__(self, seed: int, is_training: bool, seen: set[str]) -> None:
        self._random = random.Random(seed)
        self._is_training = is_training
        self._seen = seen
        self._splitter = WordSplitter()

    def sentences(self, number: int) -> Iterator[str]:
        """So many sentences as lines of CoNLL, English and Chinese in turn."""
        templates = [self._shuffled(english.SENTENCES), self._shuffled(chinese.SENTENCES)]
        fillers: list[Callable[[str], str]] = [self._english, self._chinese]
        wanted = len(self._seen) + number
        turns = [itertools.cycle(zip(each, [filler] * len(each))) for each, filler in zip(templates, fillers, strict=True)]
        for template, filler in itertools.chain.from_iterable(zip(*turns)):
            text, spans = self._fill(template, filler)
            if text not in self._seen:
                self._seen.add(text)
                yield self._as_conll(text, spans)
            if len(self._seen) == wanted:
                return

    def _fill(self, template: str, filler: Callable[[str], str]) -> tuple[str, list[tuple[int, int, str]]]:
        """The text of a template with its slots filled, and the character spans of what fills them."""
        text, spans = "", []
        for number, part in enumerate(_SLOT.split(template)):
            if number % 2:
                start, filling = len(text), filler(part)
                text += filling
                spans.append((start, len(text), _TYPES[part]))
            else:
                text += part
        return text, spans

    def _as_conll(self, text: str, spans: Sequence[tuple[int, int, str]]) -> str:
        words, offsets = self._splitter.split(text)
        starts = {start: i for i, (start, _) in enumerate(offsets)}
        ends = {end: i + 1 for i, (_, end) in enumerate(offsets)}
        by_words = [{"start": starts[start], "end": ends[end], "type": kind} for start, end, kind in spans]
        tags = spans_to_tags(by_words, len(words), "BIO")
        return "".join(f"{word}\t{tag}\n" for word, tag in zip(words, tags, strict=True)) + "\n"

    def _any(self, words: Sequence[str]) -> str:
        # `random()` alone is promised to give the same numbers in every version of Python.
        return words[int(self._random.random() * len(words))]

    def _known(self, words: Sequence[str]) -> str:
        """Any of the words; in training none of the reserved ones."""
        while True:
            place = int(self._random.random() * len(words))
            if not self._is_training or place % _RESERVED_EVERY != _RESERVED_EVERY - 1:
                return words[place]

    def _shuffled(self, items: Sequence[str]) -> list[str]:
        return sorted(items, key=lambda item: self._random.random())

    def _number(self, first: int, last: int) -> int:
        return first + int(self._random.random() * (last - first + 1))

    def _english(self, slot: str) -> str:
        any_, known, number = self._any, self._known, self._number
        if slot == "person":
            return f"{known(english.GIVEN_NAMES)} {known(english.FAMILY_NAMES)}"
        if slot == "city":
            return known(english.CITIES)
        if slot == "country":
            return known(english.COUNTRIES)
        if slot == "company":
            return f"{known(english.COMPANY_NAMES)} {any_(english.INDUSTRIES)}"
        if slot == "school":
            return any_(["University of {}", "{} University", "{} Technical College"]).format(known(english.CITIES))
        if slot == "agency":
            return f"{known(english.CITIES)} {any_(english.AGENCIES)}"
        day, month, year, weekday = number(1, 28), any_(english.MONTHS), number(1995, 2024), any_(english.WEEKDAYS)
        if slot == "day":
            return any_([f"{day} {month}", f"{day} {month} {year}", f"{month} {day}", f"{month} {day}, {year}"])
        if slot == "month":
            return any_([month, f"{month} {year}"])
        if slot == "year":
            return str(year)
        if slot == "weekday":
            return weekday
        return any_(["yesterday", "last week", "last month", "this morning", f"last {weekday}", f"last {month}"])

    def _chinese(self, slot: str) -> str:
        any_, known, number = self._any, self._known, self._number
        if slot == "person":
            return known(chinese.FAMILY_NAMES) + known(chinese.GIVEN_NAMES)
        if slot == "city":
            return known(chinese.CITIES)
        if slot == "province":
            return known(chinese.PROVINCES)
        if slot == "company":
            return known(chinese.COMPANY_NAMES) + any_(chinese.INDUSTRIES) + any_(chinese.COMPANY_FORMS)
        if slot == "school":
            return known(chinese.CITIES) + any_(chinese.SCHOOLS)
        if slot == "agency":
            return known(chinese.CITIES) + any_(chinese.AGENCIES)
        day, month, year, weekday = number(1, 28), number(1, 12), number(1995, 2024), any_(list("一二三四五六日"))
        if slot == "day":
            return any_([f"{month}月{day}日", f"{year}年{month}月{day}日", f"今年{month}月{day}日"])
        if slot == "month":
            return any_([f"{year}年{month}月", f"去年{_CHINESE_NUMBERS[month - 1]}月", f"今年{month}月"])
        if slot == "year":
            return f"{year}年"
        if slot == "weekday":
            return any_([f"周{weekday}", f"星期{weekday}", f"下周{weekday}"])
        return any_(["昨天", "今天上午", "上周", "上个月", "去年春天", f"上周{weekday}"])


def write_corpus(folder: Path) -> None:
    """Write `train.txt`, `dev.txt` and `test.txt` into a folder."""
    seen: set[str] = set()
    for seed, (name, number) in enumerate(SIZES.items(), _SEED):
        with atomic_write(folder / f"{name}.txt") as file:
            file.writelines(Writer(seed, name == "train", seen).sentences(number))


if __name__ == "__main__":
    write_corpus(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "demo_corpus"))
