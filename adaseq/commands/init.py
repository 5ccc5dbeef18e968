"""`adaseq init`: a commented configuration for data of your own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adaseq.commands.flags import named_data, not_empty
from adaseq.config.template_texts import TEXTS
from adaseq.errors import AdaSeqError

if TYPE_CHECKING:
    from adaseq.data.statistics import Statistics

_SHARE_OF_SLIPS = 0.01
HELP = "write a complete, commented configuration for your data"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument("--task", required=True, choices=tuple(TEXTS), help="what the data is annotated for")
    parser.add_argument(
        "--data",
        required=True,
        nargs="+",
        type=not_empty,
        metavar="PATH",
        help="a file of training data; or a folder with a file named after each split: train, valid or dev, test; or "
        "train=FILE valid=FILE test=FILE",
    )
    parser.add_argument(
        "--model",
        metavar="PATH",
        help="the folder or name of a backbone; without one, embeddings are learned from the data",
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="the file to write; by default the screen")
    parser.add_argument("-f", "--force", action="store_true", help="overwrite the file")


def run(args: argparse.Namespace) -> int:
    """Look at the data and write the configuration."""
    from adaseq.config.template import commented_config
    from adaseq.data.format_guess import guess_format
    from adaseq.utils.files import atomic_write

    if args.output and Path(args.output).exists() and not args.force:
        raise AdaSeqError(f"'{args.output}' exists; give -f to overwrite it, or choose another name with -o")
    splits = _splits(args.data)
    train = splits["train"][0].absolute()
    name = train.parent.name if len(splits) > 1 else train.stem
    guess = guess_format(splits["train"][0], args.task)
    dataset = _dataset(splits, guess.section)
    text = commented_config(args.task, name, dataset, args.model, _usual_forms(guess.statistics))
    if not args.output:
        print(text, end="")
        return 0
    with atomic_write(args.output) as file:
        file.write(text)
    print(f"Wrote {args.output}. Next: adaseq train -c {args.output}")
    return 0


def _splits(named: list[str]) -> dict[str, list[Path]]:
    """The files of each split."""
    from adaseq.data.sources.local import SPLITS, find_splits

    found = find_splits(named_data(named))
    if "train" not in found:
        raise AdaSeqError(f"there is no training data in {' '.join(named)}; found: {', '.join(sorted(found))}")
    return {split: found[split] for split in SPLITS if split in found}


def _usual_forms(statistics: Statistics) -> list[str]:
    """The entities that tags cannot spell, less those that may be slips."""
    least = _SHARE_OF_SLIPS * sum(statistics.labels.values())
    return [form for form, count in statistics.forms.items() if count > least]


def _dataset(splits: dict[str, list[Path]], guessed: dict[str, Any]) -> dict[str, Any]:
    """The section `dataset` for the files of each split.

    Args:
        splits: the files.
        guessed: their format.
    """
    section: dict[str, Any] = {
        "data_file": {
            split: str(paths[0]) if len(paths) == 1 else [str(path) for path in paths]
            for split, paths in splits.items()
        },
        **guessed,
    }
    if "valid" not in splits:
        section["valid_ratio"] = 0.1
    return section
