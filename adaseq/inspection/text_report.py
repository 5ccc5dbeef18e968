"""The report as text, for a terminal."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any
from unicodedata import combining, east_asian_width

from adaseq.inspection.findings import Finding, Place
from adaseq.inspection.inspector import Report
from adaseq.inspection.kinds import SEVERITIES
from adaseq.inspection.text import harmless, shown

_HEADINGS = {"error": "ERRORS", "warning": "WARNINGS", "note": "NOTES"}
_COLOURS = {"error": "31", "warning": "33", "note": "36"}
_BAR = 40
_MOST_LABELS = 40
_MOST_BARS = 12


class TextReport:
    """Writes a report as lines of text.

    Args:
        report: the report.
        most_places: how many places of each kind are named.
        strict: warnings count as errors.
        has_colour: use the colours of a terminal.
    """

    def __init__(self, report: Report, most_places: int = 5, strict: bool = False, has_colour: bool = False) -> None:
        self._report, self._most, self._strict, self._has_colour = report, most_places, strict, has_colour

    def lines(self) -> Iterator[str]:
        """The lines, without their ends; nothing in them can steer a terminal."""
        summary = self._report.summary
        yield from self._files(summary)
        yield ""
        yield from self._sizes(summary)
        for severity in SEVERITIES:
            findings = [each for each in self._report.findings if each.severity == severity]
            if findings:
                yield ""
                yield self._coloured(_HEADINGS[severity], severity)
                for finding in findings:
                    yield from self._finding(finding)
        yield ""
        yield from self._labels(summary)
        yield from self._lengths(summary)
        yield from self._vocabulary(summary)
        yield self.verdict()

    def verdict(self) -> str:
        """The last line: may training go on?"""
        findings = self._report.findings
        counts = {severity: findings.count(severity) for severity in SEVERITIES}
        told = ", ".join(f"{n:,} {severity}{'s' * (n != 1)}" for severity, n in counts.items() if n) or "nothing found"
        if self._report.status(self._strict):
            return f"{told}. Training should not go on like this."
        if counts["warning"]:
            return f"{told}. Training can go on; look at the warnings first."
        return f"{told}. Training can go on."

    def _files(self, summary: Mapping[str, Any]) -> Iterator[str]:
        for file in summary["files"]:
            how = [file["format"]]
            how += [f"encoding: {file['encoding']}"] if "encoding" in file else []
            how += [f"tags read as {file['scheme']}"] if "scheme" in file else []
            yield f"{harmless(file['split'])}: {harmless(short_path(file['file']))} ({harmless(', '.join(how))})"

    def _sizes(self, summary: Mapping[str, Any]) -> Iterator[str]:
        unit = "pieces" if "vocabulary" in summary else "words"
        rows: list[tuple[str, ...]] = [("split", "sentences", "words", "labels", f"length: median, 99%, max ({unit})")]
        for split, size in summary["splits"].items():
            length = summary["lengths"].get(split, {}).get(unit)
            lengths = f"{length['median']}, {length['99%']}, {length['max']}" if length else ""
            spans = sum(summary["labels"].get(split, {}).values())
            rows.append((harmless(split), f"{size['examples']:,}", f"{size['words']:,}", f"{spans:,}", lengths))
        yield from _table(rows, "lrrrl")

    def _finding(self, finding: Finding) -> Iterator[str]:
        kind = finding.kind
        yield ""
        head = f"{finding.count:,} × {kind.title}"
        yield f"  {self._coloured(head, finding.severity)}  [{kind.code}]"
        if finding.note:
            yield f"    {harmless(finding.note)}"
        for place in finding.places[: self._most]:
            yield from self._place(place)
        if len(finding.places) > self._most:
            yield f"    … and more{self._by_file(finding)}"
        yield f"    Why: {kind.why}"
        yield f"    Fix: {kind.fix}"

    @staticmethod
    def _by_file(finding: Finding) -> str:
        if len(finding.by_file) < 2:
            return ""
        files = ", ".join(f"{harmless(short_path(file))} {n:,}" for file, n in finding.by_file.most_common(4) if file)
        return f"; by file: {files}{', …' if len(finding.by_file) > 4 else ''}"

    def _place(self, place: Place) -> Iterator[str]:
        where = harmless(short_path(place.file) + (f":{place.line}" if place.line is not None else ""))
        mark = " (mended in the copy)" if place.is_fixed else ""
        yield f"    {where}{': ' if where else ''}{harmless(place.what)}{mark}"
        if place.context:
            yield f"        | {harmless(place.context)}"
        if place.fix and not place.is_fixed:
            yield f"        → {harmless(place.fix)}"

    def _labels(self, summary: Mapping[str, Any]) -> Iterator[str]:
        by_split: Mapping[str, Mapping[str, int]] = summary["labels"]
        totals: dict[str, int] = {}
        for counts in by_split.values():
            for label, n in counts.items():
                totals[label] = totals.get(label, 0) + n
        if not totals:
            return
        ordered = sorted(totals, key=lambda label: (-totals[label], label))
        yield f"Labels ({len(ordered)})"
        rows = [("", *(harmless(split) for split in by_split), "share")]
        total = sum(totals.values()) or 1
        for label in ordered[:_MOST_LABELS]:
            cells = [f"{split.get(label, 0):,}" for split in by_split.values()]
            rows.append((shown(label, 30) if label else "(no type)", *cells, f"{totals[label] / total:.1%}"))
        yield from (f"  {line}" for line in _table(rows, "l" + "r" * (len(by_split) + 1)))
        if len(ordered) > _MOST_LABELS:
            yield f"  … and {len(ordered) - _MOST_LABELS} more"
        yield ""

    def _lengths(self, summary: Mapping[str, Any]) -> Iterator[str]:
        histogram: dict[tuple[int, int], int] = {}
        unit = "pieces" if "vocabulary" in summary else "words"
        for lengths in summary["lengths"].values():
            for low, high, n in lengths.get(unit, {}).get("histogram", ()):
                histogram[low, high] = histogram.get((low, high), 0) + n
        merged = merge_bars(histogram, _MOST_BARS)
        if not merged:
            return
        yield f"Sentences by length in {unit}"
        most = max(n for _, _, n in merged)
        width = max(len(f"{low}–{high}") for low, high, _ in merged)
        for low, high, n in merged:
            bar = "█" * round(_BAR * n / most) or ("▏" if n else "")
            yield f"  {f'{low}–{high}':>{width}}  {bar} {n:,}"
        yield ""

    def _vocabulary(self, summary: Mapping[str, Any]) -> Iterator[str]:
        for split, each in summary.get("vocabulary", {}).items():
            words, pieces = max(each["words"], 1), max(each["pieces"], 1)
            yield (
                f"Vocabulary, {harmless(split)}: {each['words_with_unknown_pieces'] / words:.2%} of the words have unknown "
                f"pieces, {each['unknown_pieces'] / pieces:.2%} of the pieces are unknown; {pieces / words:.2f} pieces per word"
            )
        if summary.get("vocabulary"):
            yield ""

    def _coloured(self, text: str, severity: str) -> str:
        return f"\x1b[1;{_COLOURS[severity]}m{text}\x1b[0m" if self._has_colour else text


def short_path(path: str) -> str:
    """A path from the working directory, where that is shorter and does not go up."""
    if not path:
        return path
    try:
        relative = os.path.relpath(path)
    except (ValueError, OSError):
        return path
    return relative if len(relative) < len(path) and not relative.startswith("..") else path


def merge_bars(histogram: Mapping[tuple[int, int], int], most: int) -> list[tuple[int, int, int]]:
    """The bars of several histograms as one with few bars of equal width.

    Args:
        histogram: counts by lower and upper bound, both included; widths may differ.
        most: the most bars.
    """
    if not histogram:
        return []
    longest = max(high for (_, high), n in histogram.items() if n) if any(histogram.values()) else 1
    finest = max(high - low + 1 for low, high in histogram)
    width = finest * max(1, -(-longest // (finest * most)))
    bars = [(low, low + width - 1, 0) for low in range(1, longest + 1, width)]
    for (low, _), n in histogram.items():
        place = (low - 1) // width
        if place < len(bars):
            bars[place] = (*bars[place][:2], bars[place][2] + n)
    return bars


def _table(rows: list[tuple[str, ...]], alignment: str) -> Iterator[str]:
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            " " * (width - _width(cell)) + cell if side == "r" else cell + " " * (width - _width(cell))
            for cell, width, side in zip(row, widths, alignment, strict=True)
        ]
        yield "  ".join(cells).rstrip()


def _width(text: str) -> int:
    """The columns that a text takes on a terminal."""
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)
