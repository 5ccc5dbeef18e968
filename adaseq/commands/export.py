"""`adaseq export`: a model that runs without torch."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from adaseq.commands.flags import add_import_flag, import_modules
from adaseq.utils.logging import logging_to

HELP = "export a trained model, to run it without torch"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument(
        "-m",
        "--model",
        required=True,
        metavar="MODEL",
        help="the model folder (output_best/ of a run), or huggingface:owner/name or modelscope:owner/name",
    )
    parser.add_argument("--to", choices=("onnx",), default="onnx", help="the format: onnx")
    parser.add_argument(
        "--quantize",
        choices=("int8", "int8-blocks"),
        help="weights of eight bits: int8 is fast everywhere and loses something, int8-blocks loses hardly anything and is fast "
        "where the processor has instructions for eight bits; shows how much",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FOLDER",
        help="the folder to write; by default the model's name with -onnx or -onnx-int8",
    )
    parser.add_argument(
        "--texts",
        metavar="FILE",
        help="compare predictions on the texts of this file too, beside the built-in ones, and fit int8 to them: in any format that "
        "predict reads",
    )
    add_import_flag(parser)


def run(args: argparse.Namespace) -> int:
    """Export."""
    from adaseq.hub.resolve import resolve_model

    import_modules(args)
    source = Path(resolve_model(args.model))
    target = Path(args.output) if args.output else _beside(Path(args.model), source, args.quantize)
    texts = _texts(Path(args.texts)) if args.texts else []
    from adaseq.export.exporter import export_model

    with logging_to():
        export_model(source, target, args.quantize, texts, lambda line: print(line, flush=True))
    print(f"written: {target}")
    return 0


def _beside(given: Path, source: Path, quantize: str | None) -> Path:
    """Beside a model folder; in the working directory for a model of a hub."""
    name = f"{source.resolve().name}-onnx" + (f"-{quantize}" if quantize else "")
    return source.resolve().with_name(name) if given.exists() else Path(name)


def _texts(file: Path) -> list[Any]:
    from adaseq.errors import AdaSeqError
    from adaseq.inference.file_formats import INPUTS, format_of
    from adaseq.inference.reading import read_texts

    try:
        with file.open("rb") as lines:
            return list(read_texts(lines, str(file), format_of(file, INPUTS) or "text"))
    except OSError as error:
        raise AdaSeqError(f"the texts '{file}' cannot be read: {error.strerror}") from None
