"""Reports: whatever the data holds, it is shown and does nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser

from adaseq.inspection.html_report import html_report
from adaseq.inspection.inspector import Report
from adaseq.inspection.text import harmless, in_context
from adaseq.inspection.text_report import TextReport, merge_bars

Inspect = Callable[..., Report]

HOSTILE = "<script>alert(1)</script><img/src=//evil.example/x>\x1b]0;owned\x07\x1b[31m\u202e'\"&"


def hostile(inspect: Inspect) -> Report:
    rows = [
        {"text": f"{HOSTILE} a", "spans": [{"start": 0, "end": 5, "type": HOSTILE}]},
        {"text": "cafÃ©", "spans": [{"start": 0, "end": 5, "type": f"{HOSTILE} "}]},
        {"text": HOSTILE, "spans": [{"start": HOSTILE, "end": 5, "type": "x"}]},
    ]
    return inspect("json_spans", train="\n".join(map(json.dumps, rows)) + "\n")


class _Page(HTMLParser):
    """Collects the tags of a page and what they point to."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.open: list[str] = []
        self.links: list[str | None] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [
            value for name, value in attributes if name in ("src", "href", "action") or name.startswith("on")
        ]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_page_holds_no_part_of_the_data_but_text(inspect: Inspect) -> None:
    page = "".join(html_report(hostile(inspect), title=HOSTILE))
    parsed = _Page()
    parsed.feed(page)
    assert parsed.open == [] and parsed.links == []
    assert not parsed.tags & {"script", "img", "link", "iframe", "svg", "object"}
    assert "&lt;script&gt;alert(1)" in page and "\x1b" not in page and "\u202e" not in page
    assert re.search(r"https?://|@import|url\(", page) is None
    assert "default-src 'none'" in page and "prefers-color-scheme: dark" in page


def test_text_cannot_steer_a_terminal(inspect: Inspect) -> None:
    for line in TextReport(hostile(inspect)).lines():
        assert line.isprintable(), line
    assert harmless("\x1b[31m\u202ex\n") == "<U+001B>[31m<U+202E>x<U+000A>"


def test_the_text_says_where_what_why_and_what_to_do(inspect: Inspect) -> None:
    report = inspect(train="Anna B-PER\nin O\nRom I-LOC\n\n" * 3)
    text = "\n".join(TextReport(report, most_places=2).lines())
    assert "  3 × tags that stand where the scheme does not allow them  [illegal-transition]\n" in text
    assert (
        "train.txt:3: I-LOC behind O and at the end, in BIO\n        | Anna in [Rom]\n        → it is read as B-LOC"
        in text
    )
    assert "    … and more\n    Why: " in text
    assert text.endswith("3 warnings, 2 notes. Training can go on; look at the warnings first.")
    assert TextReport(report, strict=True).verdict().endswith("Training should not go on like this.")


def test_nothing_found(inspect: Inspect) -> None:
    report = inspect(train="".join(f"Anna B-PER\nn{i} O\n\n" for i in range(5)))
    assert list(TextReport(report).lines())[-1] == "nothing found. Training can go on."
    assert report.to_dict()["status"] == 0
    assert json.loads(json.dumps(report.to_dict()))["counts"] == {"errors": 0, "warnings": 0, "notes": 0}


def test_colours_are_only_for_terminals(inspect: Inspect) -> None:
    report = inspect(train="Rom I-LOC\n\nin O\n\nBo B-LOC\n\n")
    assert any("\x1b[1;33m" in line for line in TextReport(report, has_colour=True).lines())


def test_context() -> None:
    assert in_context(list("我在北京工作"), 2, 4) == "我在[北京]工作"
    assert in_context([f"w{i}" for i in range(11)], 5) == "…w1 w2 w3 w4 [w5] w6 w7 w8 w9…"


def test_bars() -> None:
    assert merge_bars({(1, 5): 2, (6, 10): 1, (21, 25): 4}, 3) == [(1, 10, 3), (11, 20, 0), (21, 30, 4)]
    assert merge_bars({}, 3) == []
