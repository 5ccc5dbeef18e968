"""`adaseq predict`: a trained model on a sentence, a file or standard input."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from adaseq.errors import AdaSeqError, DataError, nearest
from adaseq.utils.files import atomic_write
from adaseq.utils.logging import logging_to

if TYPE_CHECKING:
    from adaseq.data.example import Example

HELP = "use a trained model on a sentence, a file or standard input: find spans, types, relations or labels"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument("sentence", nargs="?", metavar="TEXT", help="a sentence; the result is shown as a table")
    parser.add_argument("--text", metavar="TEXT", help="the same")
    parser.add_argument(
        "-m",
        "--model",
        required=True,
        metavar="MODEL",
        help="the model folder (output_best/ of a run), or huggingface:owner/name or modelscope:owner/name",
    )
    parser.add_argument("-i", "--input", metavar="FILE", help="the input; standard input by default or for -")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="the output, written whole or not at all; standard output by default or for -",
    )
    parser.add_argument("-d", "--device", default="gpu", help="gpu (falls back to cpu; the default), cpu, cuda:1, mps")
    parser.add_argument(
        "--format",
        choices=("text", "jsonl", "conll"),
        help="of the input: lines of raw text, JSON lines with text or tokens, or words in the first column; by default what "
        "the suffix of the file says, else text. The two entities of a relation are marked <e1>…</e1> and <e2>…</e2>; JSON "
        "lines may say subject and object, mentions (for entity typing), pair_text (a second text) instead",
    )
    parser.add_argument(
        "--output_format",
        choices=("jsonl", "conll", "table"),
        help="jsonl by default, and conll for input in that format if the model tags words",
    )
    parser.add_argument("--precision", choices=("fp32", "bf16", "fp16"), default="fp32", help="of the network")
    parser.add_argument("--batch_tokens", type=int, metavar="N", help="the most pieces in a batch, padding included")
    parser.add_argument("--min_prob", type=float, default=0.0, metavar="P", help="leave out what is less probable")
    parser.add_argument("--text_splitter", metavar="NAME", help="how raw text becomes words: char, word, blank")
    parser.add_argument(
        "--skip_bad", "--skip-bad", action="store_true", help="report a bad record and go on, instead of stopping"
    )


def run(args: argparse.Namespace) -> int:
    """Predict."""
    sentences = [each for each in (args.sentence, args.text) if each is not None]
    if len(sentences) + (args.input is not None) > 1:
        raise AdaSeqError("give one input: a sentence, or --text, or -i/--input")
    from adaseq.inference.reading import guess_format

    input_format = args.format or ("text" if sentences else guess_format(args.input))
    output_format = args.output_format or ("table" if sentences else "as_input" if input_format == "conll" else "jsonl")
    with contextlib.ExitStack() as stack:
        stack.enter_context(logging_to())
        file = stack.enter_context(_open_input(args.input)) if not sentences else None
        lines = [os.fsencode(sentence) for sentence in sentences] if file is None else file
        name = "the sentence" if sentences else "standard input" if args.input in (None, "-") else args.input
        _predict(lines, name, args, input_format, output_format)
    return 0


def _predict(
    lines: Iterable[bytes], name: str, args: argparse.Namespace, input_format: str, output_format: str
) -> None:
    """Write the predictions for texts while they are read; a sentence that is typed is answered at once."""
    from adaseq.hub.resolve import resolve_model

    folder = resolve_model(args.model)
    from adaseq.inference.predictor import READ_AHEAD, load
    from adaseq.inference.reading import read_texts
    from adaseq.inference.writing import WRITERS, columns_if_possible

    predictor = load(
        folder,
        args.device,
        precision=args.precision,
        batch_tokens=args.batch_tokens,
        min_prob=args.min_prob,
        text_splitter=args.text_splitter,
    )
    write = columns_if_possible if output_format == "as_input" else WRITERS[output_format]
    texts = read_texts(lines, name, input_format, _report if args.skip_bad else None, predictor.example)
    is_typed = getattr(lines, "isatty", bool)()
    to_file = args.output not in (None, "-")
    with atomic_write(args.output) if to_file else contextlib.nullcontext(sys.stdout) as output:
        for example, prediction in predictor.predict(_with_progress(texts, to_file), 1 if is_typed else READ_AHEAD):
            output.write(write(predictor, example, prediction))
            if is_typed:
                output.flush()


@contextlib.contextmanager
def _open_input(path: str | None) -> Iterator[IO[bytes]]:
    if path in (None, "-"):
        yield sys.stdin.buffer
        return
    file = Path(path)
    if not file.is_file():
        there = [each.name for each in file.parent.iterdir() if each.is_file()] if file.parent.is_dir() else []
        what = "a folder, not a file" if file.is_dir() else f"not there{nearest(file.name, there)}"
        raise AdaSeqError(f"the input '{path}' is {what}")
    with file.open("rb") as lines:
        yield lines


def _with_progress(texts: Iterable[Example], to_file: bool) -> Iterable[Example]:
    """Show how many texts have been read, if somebody is watching and the results go elsewhere."""
    if not (to_file and sys.stderr.isatty()):
        return texts
    from tqdm import tqdm

    return tqdm(texts, unit=" texts", desc="predicting")


def _report(error: DataError) -> None:
    print(f"skipped: {error}", file=sys.stderr)
