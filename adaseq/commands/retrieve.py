"""`adaseq retrieve`: passages about the same, written behind each sentence as context."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adaseq.commands.flags import (
    add_import_flag,
    add_set_flag,
    config_of_data,
    named_dataset,
    not_empty,
)
from adaseq.errors import AdaSeqError
from adaseq.metainfo import Tasks
from adaseq.utils.logging import logging_to

if TYPE_CHECKING:
    from adaseq.data.store.examples import ExampleStore
    from adaseq.retrieval.index import PassageIndex

HELP = "retrieve passages of a text corpus as context for each sentence of a data set"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    source = parser.add_argument_group("the sentences, either from a configuration or named here")
    source.add_argument("-c", "--config_path", metavar="FILE", help="a configuration, whose dataset section names them")
    add_set_flag(source)
    add_import_flag(source)
    source.add_argument(
        "--data",
        nargs="+",
        type=not_empty,
        metavar="PATH",
        help="a folder or archive with a file named after each split; or train=FILE valid=FILE test=FILE",
    )
    source.add_argument("--format", metavar="NAME", help="the data_type of the files; guessed by default")
    corpus = parser.add_argument_group("the corpus that is searched")
    corpus.add_argument("--corpus", nargs="+", required=True, metavar="FILE", help="its files")
    corpus.add_argument(
        "--corpus_format",
        choices=("text", "jsonl", "conll"),
        help="a passage on each line; a JSON object on each line; or columns with a word on each line, whose tags are not read. By "
        "default what the suffix of a file says, else text",
    )
    corpus.add_argument(
        "--text_key", default="text", metavar="NAME", help="of JSON lines: the text, or a list of words"
    )
    corpus.add_argument("--encoding", default="utf-8", metavar="NAME", help="of the corpus (utf-8)")
    output = parser.add_argument_group("the result")
    output.add_argument(
        "-o", "--output", required=True, metavar="FOLDER", help="where a CoNLL file for each split is written"
    )
    output.add_argument("-f", "--force", action="store_true", help="replace files that are there")
    output.add_argument("--top", type=int, default=10, metavar="N", help="the most passages for a sentence (10)")
    output.add_argument(
        "--max_words", type=int, default=200, metavar="N", help="the most words of context of a sentence (200)"
    )
    output.add_argument("--k1", type=float, default=1.5, help="of BM25: how soon more of a term counts less (1.5)")
    output.add_argument("--b", type=float, default=0.75, help="of BM25: how much long passages are held back (0.75)")
    output.add_argument("--json", action="store_true", help="write JSON about what was done instead of text")


def run(args: argparse.Namespace) -> int:
    """Retrieve and write."""
    if args.top < 1 or args.max_words < 1:
        raise AdaSeqError("--top and --max_words must be at least 1")
    with logging_to():
        config = config_of_data(args)
        task = Tasks.NAMED_ENTITY_RECOGNITION if config is None else config.task
        dataset = named_dataset(args, task) if config is None else config.dataset
        from adaseq.data.corpora import corpora_of
        from adaseq.data.corpus_reader import read_corpus
        from adaseq.retrieval.index import PassageIndex
        from adaseq.retrieval.passages import check_files, read_passages

        if len(corpora_of(dataset)) > 1:
            raise AdaSeqError("dataset has several corpora; retrieve for one after the other")
        files = check_files(args.corpus)
        splits = read_corpus(dataset, task, config.base_dirs if config else [Path.cwd()]).splits
        targets = {name: Path(args.output) / f"{name}.txt" for name in splits}
        _check_targets(targets, args.force)
        passages = read_passages(files, args.corpus_format, args.text_key, args.encoding)
        index = PassageIndex(list(_with_progress(passages, "reading the corpus", None)), args.k1, args.b)
        _say(args, f"{len(index):,} passages")
        report: dict[str, Any] = {"passages": len(index), "splits": {}}
        for name, store in splits.items():
            report["splits"][name] = counts = _write(store, name, targets[name], index, args)
            share = counts["with_context"] / max(counts["sentences"], 1)
            _say(
                args,
                f"{name}: {counts['sentences']:,} sentences, {share:.0%} with context, {counts['context_words']:,} words of it, "
                f"in {counts['file']}",
            )
    if args.json:
        print(json.dumps(report, ensure_ascii=False, indent=2))
    return 0


def _write(
    store: ExampleStore, name: str, target: Path, index: PassageIndex, args: argparse.Namespace
) -> dict[str, Any]:
    from adaseq.data.statistics import Statistics
    from adaseq.registry import SPLITTERS
    from adaseq.retrieval.writing import write_sentences
    from adaseq.utils.files import atomic_write

    schemes = [scheme for scheme in store.metadata["schemes"] if scheme]
    splitter = SPLITTERS.build(Statistics.from_dict(store.metadata["statistics"]).text_splitter)
    written = write_sentences(
        store, index, splitter, schemes[0] if len(schemes) == 1 else "BIO", args.top, args.max_words
    )
    with_context = words = 0
    with atomic_write(target) as file:
        for sentence in _with_progress(written, name, len(store)):
            file.write(sentence.text)
            with_context += sentence.context_words > 0
            words += sentence.context_words
    return {"file": str(target), "sentences": len(store), "with_context": with_context, "context_words": words}


def _check_targets(targets: Mapping[str, Path], force: bool) -> None:
    there = [str(path) for path in targets.values() if path.exists()]
    if there and not force:
        raise AdaSeqError(f"{', '.join(there)} would be replaced; choose another folder, or say --force")


def _with_progress(items: Iterable[Any], name: str, total: int | None) -> Iterable[Any]:
    """Show how far it is, if somebody is watching."""
    if not sys.stderr.isatty():
        return items
    from tqdm import tqdm

    return tqdm(items, desc=name, total=total, leave=False)


def _say(args: argparse.Namespace, line: str) -> None:
    if not args.json:
        print(line)
