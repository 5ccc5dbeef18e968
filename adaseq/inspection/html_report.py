"""The report as one HTML page that needs nothing else: no script, no font, no picture, no request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

from adaseq.inspection.findings import Finding, Place
from adaseq.inspection.inspector import Report
from adaseq.inspection.kinds import GROUPS, SEVERITIES
from adaseq.inspection.text import harmless
from adaseq.inspection.text_report import TextReport, merge_bars, short_path

_MOST_PLACES = 200
_MOST_LABELS = 200
_MOST_BARS = 20

# Whatever the data holds, the page may not load or run anything.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1c1e21; --faint: #656a70; --line: #dcdfe3; --field: #f5f6f8;
  --error: #b3261e; --warning: #8a5a00; --note: #1d5f8a; --bar: #5b8def; }
@media (prefers-color-scheme: dark) { :root { --back: #16181b; --text: #e4e6e9; --faint: #9aa0a6; --line: #34383d;
  --field: #1f2226; --error: #ff8a80; --warning: #f2c14e; --note: #7fc0ee; --bar: #4a74c9; } }
body { background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 62rem;
  padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
p { margin: .3rem 0; } .faint { color: var(--faint); } .verdict { font-size: 1.05rem; margin: .6rem 0 1rem; }
.error { color: var(--error); } .warning { color: var(--warning); } .note { color: var(--note); }
table { border-collapse: collapse; font-size: .93rem; } th, td { padding: .2rem .9rem .2rem 0; text-align: left;
  border-bottom: 1px solid var(--line); vertical-align: top; } td.n, th.n { text-align: right; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; background: var(--field); }
summary { cursor: pointer; padding: .5rem .8rem; } details > div { padding: 0 .8rem .8rem; }
code, .context { font: .88em/1.45 ui-monospace, monospace; overflow-wrap: anywhere; unicode-bidi: isolate; }
.context { display: block; color: var(--faint); } .fix { display: block; }
.bar { display: inline-block; height: .7rem; background: var(--bar); border-radius: 2px; min-width: 1px; }
.scroll { overflow-x: auto; }
"""


def html_report(report: Report, strict: bool = False, title: str = "") -> Iterator[str]:
    """The page, in parts.

    Args:
        report: the report.
        strict: warnings count as errors.
        title: what was inspected.
    """
    summary = report.summary
    heading = f"Inspection of {title}" if title else "Inspection"
    yield "<!DOCTYPE html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
    yield "<meta name='viewport' content='width=device-width, initial-scale=1'>\n<meta name='referrer' content='no-referrer'>\n"
    yield f"<title>{_text(heading)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{_text(heading)}</h1>\n"
    status = "error" if report.status(strict) else "note"
    yield f"<p class='verdict {status}'>{_text(TextReport(report, strict=strict).verdict())}</p>\n"
    yield from _files(summary)
    for severity in SEVERITIES:
        findings = [each for each in report.findings if each.severity == severity]
        if findings:
            yield f"<h2 class='{severity}'>{severity.capitalize()}s</h2>\n"
            for finding in findings:
                yield from _finding(finding, is_open=severity != "note")
    yield from _labels(summary)
    yield from _lengths(summary)
    yield from _vocabulary(summary)
    yield "</body>\n</html>\n"


def _text(value: object) -> str:
    return escape(harmless(str(value)), quote=True)


def _files(summary: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        (
            _text(file["split"]),
            f"<code>{_text(short_path(file['file']))}</code>",
            _text(file["format"]),
            _text(file.get("encoding", "")),
            _text(file.get("scheme", "")),
            f"{file['examples']:,}",
        )
        for file in summary["files"]
    ]
    yield from _table(("split", "file", "format", "encoding", "tags", "sentences"), rows, numbers=(5,))


def _finding(finding: Finding, is_open: bool) -> Iterator[str]:
    kind = finding.kind
    yield f"<details{' open' if is_open else ''}><summary><strong class='{finding.severity}'>{finding.count:,} × "
    yield f"{_text(kind.title)}</strong> <span class='faint'>{_text(GROUPS[kind.group])} · <code>{_text(kind.code)}</code>"
    yield f"</span></summary><div>\n<p>{_text(kind.why)}</p>\n<p><strong>To do:</strong> {_text(kind.fix)}</p>\n"
    if finding.note:
        yield f"<p class='faint'>{_text(finding.note)}</p>\n"
    yield from _table(("where", "what"), [_place(place) for place in finding.places[:_MOST_PLACES]])
    if finding.count > _MOST_PLACES and len(finding.places) > _MOST_PLACES:
        files = ", ".join(f"{_text(short_path(file))} {n:,}" for file, n in finding.by_file.most_common(10) if file)
        yield f"<p class='faint'>Only the first {_MOST_PLACES} places are shown. In all: {files}</p>\n"
    yield "</div></details>\n"


def _place(place: Place) -> tuple[str, str]:
    where = short_path(place.file) + (f":{place.line}" if place.line is not None else "")
    what = _text(place.what) + (" <em>(mended in the copy)</em>" if place.is_fixed else "")
    if place.context:
        what += f"<span class='context'>{_text(place.context)}</span>"
    if place.fix and not place.is_fixed:
        what += f"<span class='fix'>→ {_text(place.fix)}</span>"
    return f"<code>{_text(where)}</code>", what


def _labels(summary: Mapping[str, Any]) -> Iterator[str]:
    by_split: Mapping[str, Mapping[str, int]] = summary["labels"]
    totals: dict[str, int] = {}
    for counts in by_split.values():
        for label, n in counts.items():
            totals[label] = totals.get(label, 0) + n
    if not totals:
        return
    ordered = sorted(totals, key=lambda label: (-totals[label], label))
    yield f"<h2>Labels ({len(ordered)})</h2>\n"
    most = max(totals.values()) or 1
    rows = [
        (
            f"<code>{_text(label) or '(no type)'}</code>",
            *(f"{counts.get(label, 0):,}" for counts in by_split.values()),
            _bar(totals[label] / most),
        )
        for label in ordered[:_MOST_LABELS]
    ]
    yield from _table(("label", *map(_text, by_split), ""), rows, numbers=range(1, 1 + len(by_split)))
    if len(ordered) > _MOST_LABELS:
        yield f"<p class='faint'>… and {len(ordered) - _MOST_LABELS} more</p>\n"


def _lengths(summary: Mapping[str, Any]) -> Iterator[str]:
    unit = "pieces" if "vocabulary" in summary else "words"
    for split, lengths in summary["lengths"].items():
        length = lengths.get(unit)
        if not length:
            continue
        bars = merge_bars({(low, high): n for low, high, n in length["histogram"]}, _MOST_BARS)
        most = max((n for _, _, n in bars), default=1) or 1
        yield f"<h2>Length in {unit}: {_text(split)}</h2>\n<p class='faint'>median {length['median']}, 99% {length['99%']}, "
        yield f"longest {length['max']}; beyond {summary['max_length']}: {lengths['too_long']:,} sentences</p>\n"
        rows = [(f"{low}–{high}", f"{n:,}", _bar(n / most)) for low, high, n in bars]
        yield from _table((unit, "sentences", ""), rows, numbers=(0, 1))


def _vocabulary(summary: Mapping[str, Any]) -> Iterator[str]:
    if "vocabulary" not in summary:
        return
    yield "<h2>Vocabulary of the tokenizer</h2>\n"
    rows = []
    for split, each in summary["vocabulary"].items():
        words, pieces = max(each["words"], 1), max(each["pieces"], 1)
        shares = (f"{each['words_with_unknown_pieces'] / words:.2%}", f"{each['unknown_pieces'] / pieces:.2%}")
        rows.append((_text(split), f"{each['words']:,}", *shares, f"{pieces / words:.2f}"))
    names = ("split", "words", "words with unknown pieces", "unknown pieces", "pieces per word")
    yield from _table(names, rows, numbers=(1, 2, 3, 4))


def _table(names: Iterable[str], rows: Iterable[tuple[str, ...]], numbers: Iterable[int] = ()) -> Iterator[str]:
    right = set(numbers)

    def cells(tag: str, row: Iterable[str]) -> str:
        return "".join(f"<{tag}{' class=n' if i in right else ''}>{cell}</{tag}>" for i, cell in enumerate(row))

    yield f"<div class='scroll'><table><thead><tr>{cells('th', names)}</tr></thead><tbody>\n"
    for row in rows:
        yield f"<tr>{cells('td', row)}</tr>\n"
    yield "</tbody></table></div>\n"


def _bar(share: float) -> str:
    return f"<span class='bar' style='width:{12 * share:.2f}rem'></span>"
