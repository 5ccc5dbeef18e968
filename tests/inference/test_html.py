"""Results as HTML: what is shown, nothing obeyed, every tag closed."""

from __future__ import annotations

import json
import pickle
from html.parser import HTMLParser
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adaseq.inference.html import fragment, hues
from adaseq.inference.page import Page
from adaseq.inference.result import Result

HOSTILE = "<script>alert(1)</script> & \"'</mark></div><img src=x onerror=alert(2)>\x1b]0;x\x07\u202e"


class Reader(HTMLParser):
    """What a browser would make of a page: elements, all closed, and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[str] = []
        self.names: set[str] = set()
        self.parts: list[str] = []
        # The text inside the marks that are open, for each mark when it closes.
        self.marks: list[str] = []
        self._inside: list[list[str]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.names |= {name for name, _ in attributes}
        if tag not in ("meta", "br"):
            self.open.append(tag)
        if tag == "mark":
            self._inside.append([])

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag == "mark":
            self.marks.append("".join(self._inside.pop()))

    def handle_data(self, data: str) -> None:
        self.parts.append(data)
        if "mark" in self.open and self.open[-1] == "mark":
            for each in self._inside:
                each.append(data)

    @property
    def text(self) -> str:
        return "".join(self.parts)


def span(start: int, end: int, kind: str = "X", **more: Any) -> dict[str, Any]:
    return {"type": kind, "start": start, "end": end, "span": "", **more}


def read(text: str, *output: dict[str, Any], **more: Any) -> Reader:
    reader = Reader(fragment(text, {"output": list(output), **more}, hues(["X", "Y"])))
    assert reader.open == []
    return reader


def test_nested_entities_lie_in_each_other() -> None:
    reader = read("the University of Oslo", span(4, 22, "ORG", prob=0.5), span(18, 22, "LOC", prob=0.75))
    assert reader.marks == ["Oslo", "University of Oslo"]
    assert reader.text == "the University of Oslo LOC 0.75 ORG 0.50"


def test_crossing_entities_are_cut() -> None:
    reader = read("abcdef", span(0, 4, "X"), span(2, 6, "Y"))
    assert reader.text == "abcd X" + "ef Y"
    assert reader.marks == ["cd", "abcd", "ef"]


def test_entities_with_gaps_are_marked_in_parts() -> None:
    reader = read("high and low fever", span(0, 18, "X", parts=[[0, 4], [13, 18]], prob=0.25))
    assert reader.marks == ["high", "fever"]
    assert reader.text == "high and low fever X 0.25"


def test_labels_and_relations() -> None:
    assert read("so good", {"type": "good", "prob": 0.9}).text == "good 0.90so good"
    relation = {
        "type": "in",
        "prob": 0.5,
        "subject": {"start": 0, "end": 1, "span": "a"},
        "object": {"start": 5, "end": 6, "span": "b"},
    }
    reader = read("a is b", relation)
    assert (reader.marks, reader.text) == (["a", "b"], "in 0.50a subject is b object")


def test_readings_are_listed() -> None:
    readings = [{"prob": 0.75, "output": [span(0, 1)]}, {"prob": 0.125, "output": []}]
    reader = read("a b", span(0, 1), readings=readings)
    assert reader.text == "0.750a X b" + "0.125a b"
    assert reader.elements.count("li") == 2


def test_hostile_text_is_shown_and_not_obeyed() -> None:
    reader = read(HOSTILE, span(0, 8, HOSTILE, prob=1.0), {"type": HOSTILE, "prob": 0.5})
    assert set(reader.elements) <= {"div", "mark", "span", "b"}
    assert reader.names <= {"style", "dir"}
    assert "<script>alert(1)</script>" in reader.text
    assert "<U+001B>]0;x<U+0007><U+202E>" in reader.text and "\x1b" not in reader.text
    page = Page(hues([HOSTILE]), HOSTILE)
    whole = page.head() + page.text(HOSTILE, {"output": [span(0, 8, HOSTILE)]}) + page.foot()
    reader = Reader(whole)
    assert "script" not in reader.elements and "img" not in reader.elements and "link" not in reader.elements
    assert "src" not in reader.names and "href" not in reader.names
    assert "default-src 'none'" in whole and "prefers-color-scheme: dark" in whole


@given(
    st.text(max_size=30),
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 30), st.sampled_from("XY")), max_size=40),
)
def test_any_spans_in_any_text(text: str, spans: list[tuple[int, int, str]]) -> None:
    """However they overlap: the tags are in order, and each span is told once."""
    output = [span(start, min(start + length, len(text)), kind) for start, length, kind in spans if start < len(text)]
    reader = read(text, *output)
    assert reader.elements.count("b") == len(output)
    assert reader.elements.count("mark") <= len(output) * (len(text) + 1)


def test_too_deep_ones_are_listed() -> None:
    reader = read("abcdefghijklmnop", *(span(0, end) for end in range(1, 17)))
    assert reader.elements.count("mark") == 8
    assert reader.elements.count("li") == 8


def test_a_result_is_the_dict_that_it_was() -> None:
    content = {"output": [span(0, 1, "X", prob=0.5)]}
    result = Result(content, "a<b", colours={"X": 12.0})
    assert result == content and content == result
    assert json.loads(json.dumps(result)) == content
    assert json.dumps(result) == json.dumps(content)
    assert isinstance(result, dict) and {**result} == content and repr(result) == repr(content)
    assert pickle.loads(pickle.dumps(result)) == content
    assert pickle.loads(pickle.dumps(result))._repr_html_() == result._repr_html_()
    reader = Reader(result._repr_html_())
    assert reader.text == "a X 0.50<b" and "hsla(12.0," in result._repr_html_()


def test_a_result_for_words_shows_them_joined() -> None:
    assert Reader(Result({"output": [span(2, 3)]}, ["a", "b"])._repr_html_()).text == "a b X"
    assert Reader(Result({"output": []}, ["王", "明"], "")._repr_html_()).text == "王明"
