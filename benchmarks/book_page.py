"""Write docs/benchmarks.md, its Chinese twin and their plots from the file with the figures of the book.

python benchmarks/book_page.py            write them
python benchmarks/book_page.py --check    say whether they are as they would be written
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import svg
import use_calibration
import yaml

FOLDER = Path(__file__).resolve().parent
BOOK = FOLDER / "results" / "book.json"
DOCS = FOLDER.parent / "docs"
PAGES = {"en": "benchmarks.md", "zh": "benchmarks_zh.md"}
VERSIONS = ("adaseq", "python", "torch", "transformers", "tokenizers", "datasets", "numpy")
# Cores busy with other work, above which no figure is to be believed; as in common.py, which a page does not need.
BUSY = 0.1

Book = Mapping[str, Any]


def main(arguments: Sequence[str] | None = None) -> None:
    """Write or check, as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--book", type=Path, default=BOOK, help="the file with the figures")
    parser.add_argument("--docs", type=Path, default=DOCS, help="the folder of the page")
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 if something would change")
    options = parser.parse_args(arguments)
    book = json.loads(options.book.read_text(encoding="utf-8"))
    if options.check:
        changed = differing(book, options.docs)
        sys.exit(f"not as benchmarks/book_page.py writes them: {', '.join(changed)}" if changed else 0)
    write(book, options.docs)


def read_texts() -> dict[str, Any]:
    """The chapters and their texts."""
    texts: dict[str, Any] = yaml.safe_load((FOLDER / "book.yaml").read_text(encoding="utf-8"))
    return texts


def write(book: Book, docs: Path) -> None:
    """Write the pages and the plots."""
    for name, content in files(book).items():
        path = docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def differing(book: Book, docs: Path) -> list[str]:
    """The pages and plots that are not as they would be written."""
    return [
        name
        for name, content in files(book).items()
        if not (docs / name).is_file() or (docs / name).read_text(encoding="utf-8") != content
    ]


def files(book: Book) -> dict[str, str]:
    """The content of the pages and plots by their places in the folder of the pages."""
    texts = read_texts()
    shown = {name: chapter for name, chapter in texts["chapters"].items() if _is_shown(chapter, book, name)}
    made: dict[str, str] = {}
    for language, page in PAGES.items():
        writer = PageWriter(language, texts)
        parts = [writer.beginning(book)]
        for name, chapter in shown.items():
            plots = plots_of(name, chapter, book["chapters"][name])
            made.update(plots)
            parts.append(writer.chapter(chapter, book["chapters"][name], list(plots)))
        made[page] = "\n\n".join(parts) + "\n"
    return made


def _is_shown(chapter: Mapping[str, Any], book: Book, name: str) -> bool:
    result = book["chapters"].get(name, {})
    # A quick run of what needs a GPU takes place on the CPU.
    is_elsewhere = chapter.get("needs") == "gpu" and result.get("quick")
    return bool(result.get("rows")) and not is_elsewhere or "failed" in result


class PageWriter:
    """Writes the page in one language.

    Args:
        language: en or zh.
        texts: the chapters and their texts.
    """

    def __init__(self, language: str, texts: Mapping[str, Any]) -> None:
        self.language = language
        self.colon, self.stop = ("：", "。") if language == "zh" else (": ", ". ")
        self.page = {key: each[language] for key, each in texts["page"].items()}
        self.headings = {key: each[language] for key, each in texts["headings"].items()}

    def beginning(self, book: Book) -> str:
        """What stands before the chapters."""
        machines: dict[str, set[int]] = {}
        for chapter in book["chapters"].values():
            if chapter.get("rows"):
                threads = chapter["machine"].get("torch_threads")
                machines.setdefault(self._machine(chapter["machine"]), set()).update([threads] if threads else [])
        facts = "\n".join(f"- {name}{self._threads(threads)}" for name, threads in machines.items())
        parts = [f"# {self.page['title']}", self.page["other"], self.page["intro"], "```bash\nmake bench\n```"]
        parts.append(self.page["how"])
        return "\n\n".join([*parts, f"{self.page['machine']}{self.colon.rstrip()}\n\n{facts}"] if facts else parts)

    def chapter(self, chapter: Mapping[str, Any], result: Mapping[str, Any], plots: Sequence[str]) -> str:
        """A chapter with its warnings, table and plots."""
        title, text = chapter["title"][self.language], chapter["text"][self.language]
        if "failed" in result:
            return "\n\n".join([f"## {title}", text, self.page["errors"]])
        parts = [f"## {title}", text]
        if result["quick"]:
            parts.append(self.page["quick"])
        elif result["cores_used_by_others"] > BUSY:
            parts.append(self.page["busy"].format(cores=f"{result['cores_used_by_others']:.2f}"))
        parts.append(self._table(chapter["columns"], result["rows"]))
        parts += [f"![{title}]({plot})" for plot in plots]
        command = f"`python benchmarks/{chapter['script']} {shlex.join(result['arguments'])}`".replace(" `", "`")
        own = f" ({self.page['own_data']})" if result["own_data"] else ""
        date = f"{self.page['measured']}{self.colon}{result['date'][:10]}{self._device(result)}"
        parts.append(f"{self.page['command']}{self.colon}{command}{own}{self.stop}{date}{self.stop}".rstrip())
        return "\n\n".join(parts)

    def _table(self, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
        filled = [row for row in rows if any(row.get(column) is not None for column in columns[1:])]
        used = [column for column in columns if any(row.get(column) is not None for row in filled)]
        lines = [[self.headings[column] for column in used], ["---"] * len(used)]
        lines += [[cell(row.get(column)) for column in used] for row in filled]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def _machine(self, facts: Mapping[str, Any]) -> str:
        versions = ", ".join(f"{name} {facts[name]}" for name in VERSIONS if facts.get(name))
        cores = f"{facts['cores']} {self.page['cores']}, {facts['memory_gib']:.0f} GiB"
        return f"{facts['processor']}, {cores}; {versions}"

    def _threads(self, threads: set[int]) -> str:
        return f"; {'/'.join(map(str, sorted(threads)))} {self.page['threads']}" if threads else ""

    @staticmethod
    def _device(result: Mapping[str, Any]) -> str:
        device = result.get("device")
        return f", {device['name']}" if isinstance(device, dict) else ""


def cell(value: Any) -> str:
    """A figure as a table shows it."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}" if abs(value) >= 0.001 else f"{value:.0e}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value).replace("|", "\\|")


def plots_of(name: str, chapter: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, str]:
    """The plots of a chapter by their places in the folder of the pages."""
    made = {}
    for number, plot in enumerate(chapter.get("plots", ()), 1):
        content = _drawn(plot, [row for row in result.get("rows", ()) if _fits(row, plot.get("where", {}))])
        if content is not None:
            made[f"images/benchmark_{name}{'' if number == 1 else f'_{number}'}.svg"] = content
    if result.get("calibration"):
        error = next(row["expected calibration error"] for row in result["rows"] if row["what"] == "calibration")
        made[f"images/benchmark_{name}_calibration.svg"] = use_calibration.plot(result["calibration"], error)
    return made


def _fits(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(row.get(key) == value for key, value in wanted.items())


def _drawn(plot: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str | None:
    """A plot; None if there is nothing to draw."""
    if plot["kind"] == "bars":
        values = {row["what"]: row[plot["value"]] for row in rows if row.get(plot["value"])}
        return svg.bars(plot["title"], values, plot.get("reference", 1.0)) if values else None
    series: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        label = str(row[plot["by"]]) if plot["by"] == "what" else f"{plot['by']} = {row[plot['by']]}"
        series.setdefault(label, []).append((row[plot["x"]], row[plot["y"]]))
    return svg.curves(plot["title"], series, plot["x"], plot["y"]) if series else None


if __name__ == "__main__":
    main()
