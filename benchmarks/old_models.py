"""Do model folders of AdaSeq 0.6 predict what the old program predicted, as they are and after migration?

Each folder holds, beside the model, `old_predictions.txt`: the old program's predictions, in CoNLL columns (word, annotated,
predicted; tags in BIOES) or as JSON lines (`tokens`, `predicts`).

    python benchmarks/old_models.py FOLDER [FOLDER …]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import adaseq
from adaseq.data.tags import tags_to_spans
from adaseq.migration.folders import migrate_folder

Found = set[tuple[int, int, str]]


def main() -> int:
    """Compare, and say how many sentences agree; the exit status is 1 if one does not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "folders", nargs="+", type=Path, metavar="FOLDER", help="a model folder with old_predictions.txt"
    )
    differences = 0
    for folder in parser.parse_args().folders:
        sentences = read_predictions(folder / "old_predictions.txt")
        with tempfile.TemporaryDirectory() as temporary:
            migrate_folder(folder, Path(temporary) / "model")
            for title, model in (("as it is", folder), ("migrated", Path(temporary) / "model")):
                results = adaseq.load(model)([{"tokens": tokens} for tokens, _ in sentences])
                same = sum(_found(result) == old for result, (_, old) in zip(results, sentences, strict=True))
                differences += len(sentences) - same
                print(f"{folder.name:<20} {title:<10} {same} of {len(sentences)} sentences as the old program")
    return 1 if differences else 0


def read_predictions(path: Path) -> list[tuple[list[str], Found]]:
    """The words and the predicted spans of each sentence."""
    text = path.read_text(encoding="utf-8").strip()
    if text.startswith("{"):
        rows = [json.loads(line) for line in text.splitlines()]
        return [(row["tokens"], {(start, end, label) for start, end, label in row["predicts"]}) for row in rows]
    sentences = [[line.split("\t") for line in block.split("\n")] for block in text.split("\n\n")]
    return [
        ([row[0] for row in rows], {_place(span) for span in tags_to_spans([row[2] for row in rows], "BIOES")})
        for rows in sentences
    ]


def _found(result: Mapping[str, Any]) -> Found:
    return {(span["token_start"], span["token_end"], span["type"]) for span in result["output"]}


def _place(span: Mapping[str, Any]) -> tuple[int, int, str]:
    return span["start"], span["end"], span["type"]


if __name__ == "__main__":
    sys.exit(main())
