"""Text without annotation."""

from __future__ import annotations

from pathlib import Path

import pytest

from adaseq.errors import AdaSeqError
from adaseq.registry import FORMATS


def read(path: Path, text: str, **options):
    path.write_text(text, encoding="utf-8")
    return list(FORMATS.build({"type": "plain_text", **options}).read(path))


def test_each_line_is_a_text(tmp_path):
    examples = read(tmp_path / "text.txt", "  Ada wrote it. \n\n \n李白写诗\n")
    assert [each.tokens for each in examples] == [["Ada", "wrote", "it", "."], ["李", "白", "写", "诗"]]
    assert [each.text for each in examples] == ["Ada wrote it.", "李白写诗"]
    assert all(each.spans == [] for each in examples)
    assert [each.origin.rpartition(":")[2] for each in examples] == ["1", "4"]


def test_long_texts_are_cut_and_nothing_is_lost(tmp_path):
    examples = read(tmp_path / "text.txt", "a bc d ef g\nh\n", max_words=2)
    assert [each.tokens for each in examples] == [["a", "bc"], ["d", "ef"], ["g"], ["h"]]
    for each in examples:
        assert [each.text[start:end] for start, end in each.offsets] == each.tokens
    (whole, _) = read(tmp_path / "text.txt", "a bc d ef g\nh\n", max_words=None)
    assert len(whole.tokens) == 5


def test_a_text_without_words_is_refused():
    with pytest.raises(AdaSeqError) as error:
        FORMATS.build({"type": "plain_text", "max_words": 0})
    assert str(error.value) == "max_words is 0; it must be at least 1, or null for texts of any length"
