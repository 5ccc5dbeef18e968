"""`adaseq predict`: a trained model on a sentence, a file or standard input."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from adaseq.commands.flags import add_device_flag, add_import_flag, import_modules
from adaseq.errors import AdaSeqError, DataError, nearest
from adaseq.utils.files import atomic_write
from adaseq.utils.logging import logging_to
from adaseq.utils.terminal import harmless

if TYPE_CHECKING:
    from adaseq.data.example import Example
    from adaseq.inference.predictor import Predictor

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
    add_device_flag(parser)
    parser.add_argument(
        "--input_format",
        "--format",
        choices=("text", "jsonl", "conll", "conllu", "csv", "tsv"),
        help="lines of raw text, JSON lines with text or tokens, words in the first column, CoNLL-U, or a table; by default what the "
        "suffix of the file says, else text. The two entities of a relation are marked <e1>…</e1> and <e2>…</e2>; JSON "
        "lines may say subject and object, mentions (for entity typing), pair_text (a second text) instead",
    )
    parser.add_argument(
        "--text_column", metavar="NAME", help="of a table: holds the texts; by default text, or the only one"
    )
    parser.add_argument(
        "--output_format",
        choices=("jsonl", "conll", "csv", "tsv", "html", "table"),
        help="by default what the suffix of the output says, else jsonl, and conll for input in that format if the model tags "
        "words",
    )
    parser.add_argument("--precision", choices=("fp32", "bf16", "fp16"), default="fp32", help="of the network")
    parser.add_argument("--batch_tokens", type=int, metavar="N", help="the most pieces in a batch, padding included")
    parser.add_argument(
        "--min_probability",
        "--min_prob",
        action="append",
        default=[],
        metavar="P|TYPE=P",
        help="leave out what is less probable, overall or of a type (repeatable)",
    )
    parser.add_argument("--text_splitter", metavar="NAME", help="how raw text becomes words: char, word, blank")
    parser.add_argument(
        "--prompts",
        nargs="+",
        metavar="TYPE",
        help="for a pretraining-model: the types to look for, known to it or not",
    )
    parser.add_argument(
        "--window_overlap", type=int, metavar="N", help="how many pieces neighbouring windows of a long text share"
    )
    parser.add_argument(
        "--n_best", type=int, default=1, metavar="N", help="of a tagger: also the N best readings of each text"
    )
    parser.add_argument(
        "--candidates",
        action="store_true",
        help="of a span model: all spans of at least --min_probability (0.05 by default), whether they overlap or not",
    )
    parser.add_argument(
        "--dictionary", metavar="FILE", help="known phrases: lines of phrase, tab, type; or a JSON object"
    )
    parser.add_argument(
        "--dictionary_mode",
        choices=("prefer", "force"),
        default="prefer",
        help="prefer (the default) makes what the dictionary says more probable, force makes it certain",
    )
    parser.add_argument(
        "--dictionary_bonus",
        type=float,
        default=10.0,
        metavar="B",
        help="with prefer: what is added to the score of an entry, in natural logarithms of odds (10)",
    )
    parser.add_argument(
        "--errors",
        choices=("stop", "skip"),
        default="stop",
        help="at a bad record: stop (the default), or report it, go on, and count them",
    )
    parser.add_argument(
        "--skip_bad", "--skip-bad", dest="errors", action="store_const", const="skip", help="the same as --errors skip"
    )
    add_import_flag(parser)


def run(args: argparse.Namespace) -> int:
    """Predict."""
    sentences = [each for each in (args.sentence, args.text) if each is not None]
    if len(sentences) + (args.input is not None) > 1:
        raise AdaSeqError("give one input: a sentence, or --text, or -i/--input")
    from adaseq.inference.file_formats import INPUTS, OUTPUTS, format_of

    input_format = args.input_format or format_of(args.input, INPUTS) or "text"
    usual = "table" if sentences else "as_input" if input_format in ("conll", "conllu") else "jsonl"
    output_format = args.output_format or format_of(args.output, OUTPUTS) or usual
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
    import_modules(args)
    from adaseq.inference.predictor import READ_AHEAD
    from adaseq.inference.reading import read_texts
    from adaseq.inference.writing import WRITERS, ColumnsIfPossible

    predictor = _load(folder, args)
    title = "" if name == "standard input" else name if args.input is None else Path(name).name
    writer = (ColumnsIfPossible if output_format == "as_input" else WRITERS[output_format])(predictor, title)
    bad = _BadRecords() if args.errors == "skip" else None
    texts = read_texts(lines, name, input_format, bad, predictor.example, args.text_column)
    is_typed = getattr(lines, "isatty", bool)()
    to_file = args.output not in (None, "-")
    # JSON and pages are harmless as they are; columns hold the words as they came.
    is_shown = not to_file and output_format in ("as_input", "conll", "csv", "tsv") and sys.stdout.isatty()
    with _open_output(args.output) if to_file else contextlib.nullcontext(_standard_output()) as output:
        output.write(writer.head())
        count = 0
        for example, prediction in predictor.predict(
            _with_progress(texts, to_file), 1 if is_typed else READ_AHEAD, is_document=True
        ):
            record = writer.record(example, prediction)
            output.write(harmless(record) if is_shown else record)
            count += 1
            if is_typed:
                output.flush()
        output.write(writer.foot())
    if bad is not None and bad.count:
        print(f"skipped {bad.count:,} of {count + bad.count:,} records", file=sys.stderr)


def _load(folder: Path, args: argparse.Namespace) -> Predictor:
    from adaseq.inference.predictor import load
    from adaseq.runtime.folder import EXPORT_FILE

    if (folder / EXPORT_FILE).is_file():
        raise AdaSeqError(
            f"'{folder}' is an exported model, which `adaseq serve` and adaseq.runtime.load run; give the model folder"
        )
    return load(
        folder,
        args.device,
        precision=args.precision,
        batch_tokens=args.batch_tokens,
        min_probability=_probabilities(args.min_probability),
        text_splitter=args.text_splitter,
        window_overlap=args.window_overlap,
        n_best=args.n_best,
        candidates=args.candidates,
        dictionary=args.dictionary,
        dictionary_mode=args.dictionary_mode,
        dictionary_bonus=args.dictionary_bonus,
        prompts=args.prompts,
    )


def _probabilities(given: list[str]) -> dict[str, float] | None:
    """`0.5` and `PER=0.7` as the predictor takes them."""
    probabilities: dict[str, float] = {}
    for each in given:
        label, _, number = each.rpartition("=")
        try:
            probabilities[label or "*"] = float(number)
        except ValueError:
            raise AdaSeqError(
                f"--min_probability is a number, or a type and a number as in PER=0.7; received '{each}'"
            ) from None
    return probabilities or None


class _BadRecords:
    """Reports bad records, and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, error: DataError) -> None:
        self.count += 1
        print(f"skipped: {harmless(str(error))}", file=sys.stderr)


@contextlib.contextmanager
def _open_input(path: str | None) -> Iterator[IO[bytes]]:
    if path in (None, "-"):
        yield sys.stdin.buffer
        return
    file = Path(path)
    if file.is_dir() or not file.exists():
        there = [each.name for each in file.parent.iterdir() if each.is_file()] if file.parent.is_dir() else []
        what = "a folder, not a file" if file.is_dir() else f"not there{nearest(file.name, there)}"
        raise AdaSeqError(f"the input '{path}' is {what}")
    with file.open("rb") as lines:
        yield lines


def _open_output(path: str) -> contextlib.AbstractContextManager[IO[str]]:
    """A file that appears when it is complete; or a device or pipe, such as /dev/null, which stays what it is."""
    file = Path(path)
    if file.is_dir():
        raise AdaSeqError(f"the output '{path}' is a folder, not a file")
    if file.exists() and not file.is_file():
        return file.open("w", encoding="utf-8", newline="\n")
    return atomic_write(file.resolve())


def _standard_output() -> IO[str]:
    """What programs read is in UTF-8 as files are, whatever the encoding of the system is."""
    if isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    return sys.stdout


def _with_progress(texts: Iterable[Example], to_file: bool) -> Iterable[Example]:
    """Show how many texts have been read, if somebody is watching and the results go elsewhere."""
    if not (to_file and sys.stderr.isatty()):
        return texts
    from tqdm import tqdm

    return tqdm(texts, unit=" texts", desc="predicting")
