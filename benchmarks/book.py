"""Run the benchmark book: every chapter in a process of its own; one JSON file and one page with all figures.

    python benchmarks/book.py                                everything, on the demo's corpus and random networks
    python benchmarks/book.py --data mine.yaml               on your own data
    python benchmarks/book.py --chapters crf predict         some chapters; the others keep the figures that they have
    python benchmarks/book.py --quick                        shows in about three minutes that all scripts run
    python benchmarks/book.py --list                         the chapters and what they run

The file of `--data` names what there is of `train`, `dev` and `test` (CoNLL columns), `backbone` (a folder with a transformer
and its tokenizer), `model` (a trained tagger with a transformer) and `config` (a configuration whose training is timed). What a
chapter runs is in book.yaml; the page is made by book_page.py.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import book_page
import yaml
from common import DEMO_CORPUS
from machine import busy_seconds, has_bf16_instructions, own_seconds

FOLDER = Path(__file__).resolve().parent
DATA = ("train", "dev", "test", "backbone", "model", "config")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the chapters that the command line says."""
    chapters = book_page.read_texts()["chapters"]
    options = parse(arguments, chapters)
    chosen = {name: chapters[name] for name in options.chapters or chapters}
    if options.list:
        for name, chapter in chosen.items():
            print(f"{name:14} python benchmarks/{chapter['script']} {shlex.join(chapter['arguments'])}")
        return
    with tempfile.TemporaryDirectory() as scratch:
        values, given = read_data(options, Path(scratch))
        runner = Runner(values, given, options)
        book = json.loads(options.output.read_text(encoding="utf-8")) if options.output.exists() else {"chapters": {}}
        for name, chapter in chosen.items():
            result = runner.run(name, chapter, Path(scratch))
            if "rows" in result or name not in book["chapters"]:
                book["chapters"][name] = result
            options.output.parent.mkdir(parents=True, exist_ok=True)
            options.output.write_text(json.dumps(book, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    book_page.write(book, options.docs)
    print(f"\nfigures: {options.output}\npage: {options.docs / 'benchmarks.md'}")
    if runner.failed:
        sys.exit(f"failed: {', '.join(runner.failed)}")


def parse(arguments: Sequence[str] | None, chapters: Mapping[str, Any]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chapters", nargs="+", choices=chapters, metavar="CHAPTER", help="run only these")
    parser.add_argument("--list", action="store_true", help="say what would be run")
    parser.add_argument("--quick", action="store_true", help="run very little, to see that everything works")
    parser.add_argument("--data", type=Path, help="a YAML file with the paths of your data")
    for name in DATA:
        parser.add_argument(f"--{name}", type=Path, help=f"the same as `{name}` in the file of --data")
    parser.add_argument("--flair", action="store_true", help="with flair, in an environment that is made for it")
    parser.add_argument("--threads", type=int, help="threads of torch (default: as torch chooses)")
    parser.add_argument("--output", type=Path, help="the JSON file (default: benchmarks/results/book.json)")
    parser.add_argument("--docs", type=Path, help="the folder of the page (default: docs)")
    options = parser.parse_args(arguments)
    # A quick run must not take the place of measured figures unless that is asked for.
    root = FOLDER.parent / "build" / "quick_book" if options.quick else FOLDER.parent
    options.output = options.output or root / "benchmarks" / "results" / "book.json"
    options.docs = options.docs or root / "docs"
    return options


def read_data(options: argparse.Namespace, scratch: Path) -> tuple[dict[str, str], list[str]]:
    """The paths that chapters may ask for, and which of them are the user's."""
    written = yaml.safe_load(options.data.read_text(encoding="utf-8")) if options.data else {}
    unknown = sorted(set(written) - set(DATA))
    if unknown:
        sys.exit(f"{options.data}: unknown {', '.join(unknown)}; there are {', '.join(DATA)}")
    base = options.data.parent if options.data else Path()
    values = {name: str((base / path).resolve()) for name, path in written.items() if path}
    values.update({name: str(getattr(options, name).resolve()) for name in DATA if getattr(options, name)})
    missing = [path for path in values.values() if not Path(path).exists()]
    if missing:
        sys.exit(f"not found: {', '.join(missing)}")
    given = sorted(values)
    if "backbone" not in values:
        values["backbone"] = str(random_backbone(values.get("train"), scratch))
    values["demo"] = str(DEMO_CORPUS)
    return values, given


def random_backbone(train: str | None, scratch: Path) -> Path:
    """A network of MiniLM's size, made in another process: this one is to stay small and idle."""
    code = (
        "import sys, tasks, networks; from pathlib import Path; "
        "words = (word for each in tasks.read(Path(sys.argv[1])) for word in each.tokens); "
        "networks.make_backbone(Path(sys.argv[2]), words)"
    )
    folder = scratch / "backbone"
    command = [sys.executable, "-c", code, train or str(DEMO_CORPUS / "train.txt"), str(folder)]
    subprocess.run(command, cwd=FOLDER, check=True)
    return folder


class Runner:
    """Runs chapters.

    Args:
        values: the paths that chapters may ask for.
        given: which of them are the user's.
        options: the command line.
    """

    def __init__(self, values: dict[str, str], given: list[str], options: argparse.Namespace) -> None:
        self.values, self.given, self.options = values, given, options
        self.failed: list[str] = []

    def run(self, name: str, chapter: Mapping[str, Any], scratch: Path) -> dict[str, Any]:
        """Run a chapter; what it measured, or why it was not run."""
        skipped = self._reason_to_skip(chapter)
        if skipped:
            print(f"== {name}: left out, {skipped}", flush=True)
            return {"skipped": skipped}
        output = scratch / f"{name}.json"
        arguments = list(self.arguments(chapter))
        print(f"\n== {name}: {chapter['script']} {shlex.join(arguments)}", flush=True)
        command = [sys.executable, str(FOLDER / chapter["script"]), *arguments, "--output", str(output)]
        start, busy, own = time.perf_counter(), busy_seconds(), own_seconds()
        finished = subprocess.run(command, env={"HF_HUB_OFFLINE": "1", **os.environ}, check=False)
        seconds = time.perf_counter() - start
        others = ((busy_seconds() - busy) - (own_seconds() - own)) / seconds
        if finished.returncode:
            self.failed.append(name)
            return {"failed": finished.returncode}
        result: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
        if result.get("skipped"):
            return {"skipped": result["skipped"]}
        own_data = [each for each in chapter.get("data", {}).values() if each in self.given]
        written = {"arguments": [self._named(each) for each in arguments], "quick": self.options.quick}
        # Some scripts do not look, and those that do look only while they measure.
        most = round(max(result["cores_used_by_others"], others), 3)
        return {**result, **written, "own_data": own_data, "seconds": round(seconds, 1), "cores_used_by_others": most}

    def arguments(self, chapter: Mapping[str, Any]) -> Iterator[str]:
        """The arguments of a chapter with the paths in their places."""
        values = {**self.values, "precisions": "fp32 bf16" if has_bf16_instructions() else "fp32"}
        written = chapter["quick"] if self.options.quick and "quick" in chapter else chapter["arguments"]
        for argument in written:
            yield from (
                argument.format(**values).split(" ") if argument == "{precisions}" else [argument.format(**values)]
            )
        for flag, name in chapter.get("data", {}).items():
            if name in self.given or (name == "backbone" and "backbone" in self.values):
                yield from (flag, self.values[name])
        for name, more in chapter.get("with", {}).items():
            if name in self.given:
                yield from more
        if self.options.threads is not None:
            yield from ("--threads", str(self.options.threads))

    def _reason_to_skip(self, chapter: Mapping[str, Any]) -> str | None:
        needs = chapter.get("needs")
        if needs == "flair" and not self.options.flair:
            return "ask for it with --flair"
        if needs == "gpu" and self.options.quick and "quick" not in chapter:
            return "it has no quick form"
        if needs == "gpu" and not self.options.quick and not has_gpu():
            return "there is no GPU that torch can use"
        return None

    def _named(self, argument: str) -> str:
        """An argument without the paths of this machine."""
        for name, path in self.values.items():
            argument = argument.replace(path, name.upper())
        return argument


def has_gpu() -> bool:
    """Whether torch can use a GPU."""
    import torch

    return torch.cuda.is_available()


if __name__ == "__main__":
    main()
