"""The data that the benchmarks are tested with."""

from __future__ import annotations

from pathlib import Path

import pytest

SENTENCES = ("mary/B-PER smith/I-PER works/O in/O new/B-LOC york/I-LOC ./O", "john/B-PER lives/O in/O london/B-LOC")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Twelve sentences in CoNLL columns."""
    path = tmp_path / "corpus.conll"
    sentence = ["\n".join(pair.replace("/", "\t") for pair in each.split()) for each in SENTENCES]
    path.write_text("\n\n".join(sentence * 6) + "\n", encoding="utf-8")
    return path
