"""What a vocabulary tells about the words that a model was trained on."""

from __future__ import annotations

import json
from pathlib import Path

from adaseq.models.old_folder import text_splitter_of


def test_chinese_vocabularies_mean_characters(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n中\n##国\n人\nthe\n", encoding="utf-8")
    assert text_splitter_of(tmp_path) == "char"
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\nthe\nof\n##ing\n中\n", encoding="utf-8")
    assert text_splitter_of(tmp_path) == "word"


def test_a_tokenizer_without_a_list_of_words(tmp_path: Path) -> None:
    assert text_splitter_of(tmp_path) == "word"
    for vocabulary in ({"中": 0, "国": 1, "a": 2}, [["中", -1.0], ["国", -2.0], ["a", -3.0]]):
        (tmp_path / "tokenizer.json").write_text(json.dumps({"model": {"vocab": vocabulary}}), encoding="utf-8")
        assert text_splitter_of(tmp_path) == "char"
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    assert text_splitter_of(tmp_path) == "word"
