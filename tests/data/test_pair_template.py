"""What stands around one text and between two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adaseq.data.pair_template import pair_template, single_template
from adaseq.data.piece_tokenizer import PieceTokenizer


class FakeTokenizer:
    """Puts pieces around texts whose only pieces are 1 (for "a") and 2 (for "b")."""

    cls_token_id = 7

    def __init__(self, single: tuple[list[int], list[int]], pair: tuple[list[int], ...] | None, kinds: bool) -> None:
        self._single, self._pair, self._kinds = single, pair, kinds

    def encode(self, text: str, add_special_tokens: bool) -> list[int]:
        assert not add_special_tokens
        return [1] if text == "a" else [2]

    def __call__(self, first: str, second: str | None = None) -> dict[str, Any]:
        if second is None:
            before, behind = self._single
            ids, kinds = [*before, 1, *behind], [0] * (len(before) + 1 + len(behind))
        elif self._pair is None:
            ids, kinds = [9], [0]
        else:
            before, between, behind = self._pair
            ids = [*before, 1, *between, 2, *behind]
            kinds = [0] * (len(before) + 1 + len(between)) + [1] * (1 + len(behind))
        return {"input_ids": ids, **({"token_type_ids": kinds} if self._kinds else {})}


def templates(single, pair, kinds=True):
    tokenizer = FakeTokenizer(single, pair, kinds)
    one = single_template(tokenizer, *single)
    return one, pair_template(tokenizer, one)


def test_bert(tiny_bert: Path) -> None:
    tokenizer = PieceTokenizer(str(tiny_bert))
    single, pair = tokenizer.templates()
    start, end = tokenizer.prefix[0], tokenizer.suffix[0]
    assert (single.prefix, single.middle, single.suffix, single.summary) == ([start], [], [end], 0)
    assert (pair.prefix, pair.middle, pair.suffix, pair.summary) == ([start], [end], [end], 0)
    assert pair.segment_ids(2, 3).tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert pair.special == 3


def test_without_segments_as_roberta() -> None:
    _, pair = templates(([7], [8]), ([7], [8, 8], [8]), kinds=False)
    assert (pair.prefix, pair.middle, pair.suffix) == ([7], [8, 8], [8])
    assert not pair.segment_ids(1, 1).any()


def test_the_piece_that_stands_for_all_may_be_the_last() -> None:
    single, pair = templates(([], [8, 7]), ([], [8], [8, 7]))
    assert (single.summary, pair.summary) == (-1, -1)


@pytest.mark.parametrize(("prefix", "suffix", "expected"), [([3], [4], 0), ([], [4], -1), ([], [], None)])
def test_without_such_a_piece_another_special_one_stands_for_all(prefix, suffix, expected) -> None:
    assert templates((prefix, suffix), (prefix, [], suffix))[0].summary == expected


def test_a_tokenizer_that_knows_no_pairs() -> None:
    _, pair = templates(([7], [8]), None)
    assert (pair.prefix, pair.middle, pair.suffix) == ([7], [8], [8])


def test_no_special_tokens_at_all() -> None:
    single, pair = templates(([], []), ([7], [8], [8]))
    assert pair == single and pair.special == 0
