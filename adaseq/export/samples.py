"""Texts to compare predictions on: short and long ones, in several scripts, and odd ones."""

from __future__ import annotations

import itertools
import random
from typing import Any

from adaseq.metainfo import Tasks

_TEXTS = (
    "Mary Smith works at Northwind Energy in Lisbon, and her brother John lives in New York.",
    "The new plant opened on 3 March 2024; it cost $1,250,000.50 and employs 340 people.",
    "@anna thanks for the #tickets 🎉 see you at O'Neill's on Saturday night!!",
    "Dr. Jean-Luc Moreau (University of Geneva) presented the results of the second study at the conference in Vienna.",
    "李明于今年3月加入远山科技有限公司，担任研发总监。",
    "北京大学和上海交通大学的研究人员在《自然》杂志上发表了论文。",
    "東京都に住む田中さんは、来週の月曜日に大阪へ行きます。",
    "Москва и Санкт-Петербург — крупнейшие города России.",
    "سافرت ليلى من القاهرة إلى دبي يوم الجمعة.",
    "Angela traf den Präsidenten am Dienstag in der Münchner Staatskanzlei.",
    "what",
    "a b c d e f g h i j k l m n o p q r s t u v w x y z",
    "Email me: someone@example.com, or visit https://example.com/a/b?c=d&e=f for more.",
    "THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG NEAR THE RIVER THAMES IN LONDON",
    "नई दिल्ली भारत की राजधानी है।",
    "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.",
)


def samples(task: str, longest: int) -> list[Any]:
    """Inputs for a model.

    Args:
        task: what it does.
        longest: how many pieces its backbone takes at once; some texts are longer.
    """
    # In another order each time: models cannot tell repetitions apart, and either answer would be right.
    drawn = random.Random(0).choices(_TEXTS, k=longest // 12 + 4)
    long = [" ".join(drawn), "".join(each for each in drawn if " " not in each)]
    texts = [*_TEXTS, *long]
    if task == Tasks.RELATION_EXTRACTION:
        pairs = [text.split(maxsplit=3) for text in texts if text.count(" ") > 3]
        marked = [f"<e1>{first}</e1> {second} <e2>{third}</e2> {rest}" for first, second, third, rest in pairs]
        return [
            *marked,
            *(f"<e2>{first}</e2> {second} {third} <e1>{rest}</e1>" for first, second, third, rest in pairs[:4]),
        ]
    if task == Tasks.ENTITY_TYPING:
        return [{"text": text, "mentions": [[0, 4], [0, len(text)]]} for text in texts if len(text) > 4]
    if task == Tasks.TEXT_CLASSIFICATION:
        pairs_of_texts = [{"text": one, "pair_text": two} for one, two in itertools.pairwise(texts[:7])]
        return [*texts, "", *pairs_of_texts]
    words = {"tokens": ["Mary", "", "lives", "in", "London", "<EOS>", "John", "in", "Paris"]}
    return [*texts, "", words]
