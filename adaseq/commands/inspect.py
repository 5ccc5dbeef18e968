"""`adaseq inspect`: what is wrong with data, before it costs a training run."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from adaseq.commands.flags import (
    add_import_flag,
    add_set_flag,
    config_of_data,
    named_dataset,
    not_empty,
)
from adaseq.errors import AdaSeqError
from adaseq.utils.logging import logging_to

if TYPE_CHECKING:
    from adaseq.config import Config
    from adaseq.inspection.repair import Copy

HELP = "find what is wrong with data: file, line and what to do"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    source = parser.add_argument_group("the data, either from a configuration or named here")
    source.add_argument("paths", nargs="*", type=not_empty, metavar="PATH", help="as after --data")
    source.add_argument(
        "-c", "--config_path", metavar="FILE", help="a configuration, whose dataset section names the data"
    )
    add_set_flag(source)
    add_import_flag(source)
    source.add_argument(
        "--data",
        nargs="+",
        type=not_empty,
        metavar="PATH",
        help="a file; a folder or archive with a file named after each split; or train=FILE valid=FILE test=FILE",
    )
    source.add_argument(
        "--format", metavar="NAME", help="the data_type of the files: conll, json_spans, …; guessed by default"
    )
    source.add_argument(
        "--option", action="append", default=[], metavar="KEY=VALUE", help="an option of the format (repeatable)"
    )
    source.add_argument(
        "--task", metavar="NAME", help="what the data is annotated for, where the format follows from it"
    )
    model = parser.add_argument_group("the model that is to be trained on it")
    model.add_argument(
        "--tokenizer", metavar="DIR", help="folder or name of a backbone; by default that of the configuration"
    )
    model.add_argument(
        "--max_length", type=int, metavar="N", help="the most pieces of a sentence; by default as in training"
    )
    output = parser.add_argument_group("the report")
    output.add_argument("--places", type=int, default=5, metavar="N", help="how many places of each kind to show (5)")
    output.add_argument("--json", action="store_true", help="write JSON instead of text")
    output.add_argument("--html", metavar="FILE", help="also write a page that can be opened and passed on")
    output.add_argument(
        "--ignore",
        action="append",
        default=[],
        metavar="CODE",
        help="leave out a kind of finding (repeatable, or with commas)",
    )
    output.add_argument("--strict", action="store_true", help="warnings, too, make the exit status 2")
    output.add_argument(
        "--fix", metavar="FOLDER", help="write repaired copies into a new folder; the data stays as it is"
    )


class _Task(NamedTuple):
    """What there is to inspect.

    Attributes:
        dataset: the `dataset` section.
        base_dirs: where relative paths may begin.
        tokenizer: folder or name of a backbone.
        tokenizer_kwargs: options for it.
        max_length: the most pieces of a sentence.
        lowercase: words are lower-cased.
        title: what it is called.
        task: what the data is annotated for.
    """

    dataset: Mapping[str, Any]
    base_dirs: Sequence[Path]
    title: str
    tokenizer: str | None = None
    tokenizer_kwargs: Mapping[str, Any] = {}
    max_length: int | None = None
    lowercase: bool = False
    task: str | None = None


def run(args: argparse.Namespace) -> int:
    """Inspect, report, repair; returns 0 if training can go on, 2 if it should not."""
    if args.places < 1 or (args.max_length is not None and args.max_length < 1):
        raise AdaSeqError("--places and --max_length must be at least 1")
    args.data = [*args.paths, *(args.data or [])] or None
    with logging_to():
        config = config_of_data(args)
        task = _from_data(args) if config is None else _from_config(config, Path(args.config_path).name)
        from adaseq.inspection.findings import Findings
        from adaseq.inspection.html_report import html_report
        from adaseq.inspection.inspector import find_parts, inspect_parts
        from adaseq.inspection.repair import write_repaired
        from adaseq.inspection.text_report import TextReport
        from adaseq.utils.files import atomic_write

        ignored = [code.strip() for each in args.ignore for code in each.split(",") if code.strip()]
        findings = Findings(ignored)
        parts = find_parts(task.dataset, task.base_dirs, task=task.task)
        report = inspect_parts(
            parts,
            findings,
            labels=task.dataset.get("labels"),
            base_dirs=task.base_dirs,
            tokenizer=_tokenizer(task, args.tokenizer),
            max_length=args.max_length or task.max_length,
            lowercase=task.lowercase,
            task=task.task,
        )
        copies = write_repaired(report, Path(args.fix)) if args.fix else []
        if args.html:
            with atomic_write(args.html) as file:
                file.writelines(html_report(report, args.strict, task.title))
    if args.json:
        content = report.to_dict(args.strict)
        if args.fix:
            content["copies"] = [
                {"file": str(copy.source), "copy": str(copy.target), "changes": dict(copy.changes)} for copy in copies
            ]
        print(json.dumps(content, ensure_ascii=False, indent=2))
    else:
        has_colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        for line in (*TextReport(report, args.places, args.strict, has_colour).lines(), *_told(copies)):
            print(line)
    return report.status(args.strict)


def _from_config(config: Config, title: str) -> _Task:
    model = config.model if isinstance(config.model, dict) else {}
    embedder = model.get("embedder")
    preprocessor = config.preprocessor if isinstance(config.preprocessor, dict) else {}
    tokenizer = preprocessor.get("model_dir")
    if tokenizer is None and isinstance(embedder, dict):
        tokenizer = embedder.get("model_name_or_path")
    if preprocessor.get("is_word2vec"):
        tokenizer = None
    return _Task(
        config.dataset,
        config.base_dirs,
        title,
        tokenizer,
        preprocessor.get("tokenizer_kwargs") or {},
        preprocessor.get("max_length"),
        bool(preprocessor.get("lowercase")),
        config.task,
    )


def _from_data(args: argparse.Namespace) -> _Task:
    from adaseq.metainfo import Tasks

    dataset = named_dataset(args, args.task or Tasks.NAMED_ENTITY_RECOGNITION)
    dataset.update(_options(dataset, args.option))
    return _Task(dataset, [Path.cwd()], Path(args.data[0].rpartition("=")[2]).name, task=args.task)


def _options(dataset: Mapping[str, Any], given: Sequence[str]) -> dict[str, Any]:
    """The options of the format, checked against its constructor."""
    from adaseq.config.checks import check_format
    from adaseq.config.document import Document, Mark
    from adaseq.config.problems import ConfigError
    from adaseq.config.reader import is_text, read_value
    from adaseq.config.substitution import Variables

    document = Document.from_mapping({"dataset": dataset})
    for each in given:
        key, equals, value = each.partition("=")
        if not equals:
            raise AdaSeqError(f"received --option {each}; expected KEY=VALUE, such as delimiter=tab")
        # A sign that means something in YAML, such as a comma or a bar, stands for itself here.
        if not is_text(value) or (len(value) > 1 and value[0] in "[{\"'"):
            value = read_value(value, document, ("dataset", key), Mark(f"--option {key}"), Variables(os.environ))
        document.keys["dataset", key] = document.values["dataset", key] = Mark(f"--option {key}")
        document.data["dataset"][key] = value
    checked = check_format(document)
    if document.problems:
        raise ConfigError(document.problems)
    return checked


def _tokenizer(task: _Task, named: str | None) -> Any:
    name = named or task.tokenizer
    if name is None:
        return None
    from adaseq.data.piece_tokenizer import PieceTokenizer

    return PieceTokenizer(name, **({} if named else task.tokenizer_kwargs))


def _told(copies: Sequence[Copy]) -> Iterable[str]:
    from adaseq.inspection.text import harmless
    from adaseq.inspection.text_report import short_path

    if copies:
        yield ""
        yield "Repaired copies"
    for copy in copies:
        changes = ", ".join(f"{n} × {code}" for code, n in sorted(copy.changes.items())) or "nothing to mend, copied"
        yield f"  {harmless(short_path(str(copy.target)))}: {changes}"
