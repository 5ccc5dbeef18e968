"""The comparison with the old program's predictions."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import adaseq
from adaseq.utils.tag_schemes import spans_to_tags
from tests.migration.old_model import save_old_folder

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "old_models.py"
SENTENCES = (["mary", "smith", "works", "in", "london", "."], ["john", "works", "in", "new", "york", "."])


def test_counts_the_sentences_that_are_predicted_as_before(trained_folder: Path, tmp_path: Path) -> None:
    tagged = save_old_folder(trained_folder, tmp_path / "tagged")
    spans = Path(shutil.copytree(tagged, tmp_path / "spans"))
    results = adaseq.load(tagged)([{"tokens": tokens} for tokens in SENTENCES])
    found = [[(span["token_start"], span["token_end"], span["type"]) for span in each["output"]] for each in results]
    assert all(found)
    rows = [{"tokens": tokens, "predicts": each} for tokens, each in zip(SENTENCES, found, strict=True)]
    (spans / "old_predictions.txt").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    # In the columns the second sentence was predicted otherwise.
    tags = [
        spans_to_tags([dict(zip(("start", "end", "type"), each, strict=True)) for each in found[0]], 6, "BIOES"),
        ["O"] * 6,
    ]
    blocks = [
        "".join(f"{word}\tO\t{tag}\n" for word, tag in zip(*each, strict=True))
        for each in zip(SENTENCES, tags, strict=True)
    ]
    (tagged / "old_predictions.txt").write_text("\n".join(blocks) + "\n", encoding="utf-8")

    command = [sys.executable, str(SCRIPT), str(tagged), str(spans)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, cwd=SCRIPT.parents[1])
    assert finished.returncode == 1, finished.stderr
    assert [" ".join(line.split()) for line in finished.stdout.splitlines()] == [
        "tagged as it is 1 of 2 sentences as the old program",
        "tagged migrated 1 of 2 sentences as the old program",
        "spans as it is 2 of 2 sentences as the old program",
        "spans migrated 2 of 2 sentences as the old program",
    ]
