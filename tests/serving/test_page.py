"""The page at `/` in a headless Chromium: what is predicted, shown and given back."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from adaseq.serving.app import Service, create_app
from adaseq.serving.metrics import Metrics
from adaseq.serving.models import ServedModel
from tests.serving.fakes import HOSTILE_TYPE, PAGE_LIMITS, FakePredictor

pytest.importorskip("selenium", reason="the page is tested with selenium: pip install -r requirements-dev.txt")
from selenium.webdriver.common.keys import Keys

from tests.serving.browser import Browser, running

TEXT = "Mary lives in Rome with 😀 Bob"
HEBREW = "דוד גר בירושלים עם John"
HOSTILE = "<script>document.title='owned'</script> <img src=x onerror=document.title='owned'> \x1b[31m \u202eevil &amp; </textarea>"
TOKEN = "a-token-of-enough-characters"


def test_typing_shows_entities_in_colour(page: Browser) -> None:
    page["text"].send_keys("Mary lives in Rome")
    page.until(page.marks)
    assert page.marks() == [("Mary", "NAME 1.000"), ("Rome", "NAME 0.250")]
    colour = page.all("#drawing mark")[0].value_of_css_property("background-color")
    assert colour not in ("rgba(0, 0, 0, 0)", page["drawing"].value_of_css_property("background-color"))
    assert [each.text for each in page.all("#legend li")] == ["NAME"]
    assert re.fullmatch(r"2 found in \d+\.\d\d s", page["status"].text)
    assert [page.row(number) for number in (0, 1)] == [
        ["NAME", "Mary", "0", "4", "1.000"],
        ["NAME", "Rome", "14", "18", "0.250"],
    ]


def test_places_count_characters_as_the_server_does(page: Browser) -> None:
    page.predict(TEXT)
    assert page.marks()[-1] == ("Bob", "NAME 0.143")
    assert page["drawing"].get_property("textContent").replace(" (NAME 0.143) ", "").endswith("😀 BobNAME")
    assert json.loads(page["json"].text)["output"][-1] == {
        "type": "NAME", "start": 26, "end": 29, "span": "Bob", "prob": 1 / 7,
    }  # fmt: skip


def test_the_probability_is_shown_and_read_aloud(page: Browser) -> None:
    page.predict("Mary lives in Rome")
    mary, rome = page.all("#drawing mark")
    page.hover(rome)
    page.until(page["tip"].is_displayed)
    assert page["tip"].text == "NAME 0.250"
    page.press(Keys.ESCAPE)
    assert not page["tip"].is_displayed()
    page.hover(mary)
    page.until(lambda: page["tip"].text == "NAME 1.000")
    assert "(NAME 0.250)" in " ".join(name for _, name in page.read_aloud())


def test_the_slider_hides_what_is_less_probable(page: Browser) -> None:
    page.predict("Mary lives in Rome")
    page.slide(0.3)
    assert page.marks() == [("Mary", "NAME 1.000")]
    assert "1 found" in page["status"].text and "1 below the least probability" in page["status"].text
    assert page["least-value"].text == "0.30"
    assert [each["span"] for each in json.loads(page["json"].text)["output"]] == ["Mary"]
    assert len(page.all("#rows tr")) == 1
    page.slide(0.25)
    assert len(page.marks()) == 2


def test_a_model_is_chosen_and_answers(page: Browser) -> None:
    assert [each.text for each in page.all("#model option")][:2] == [
        "names (named-entity-recognition)",
        "hebrew (named-entity-recognition)",
    ]
    page.predict("Mary and w3")
    assert page.marks() == [("Mary", "NAME 1.000")]
    page.choose("model", "colours")
    page.until(lambda: page.marks() == [("w3", "TYPE-3 0.500")])


def test_relations_are_arcs_and_a_table(page: Browser) -> None:
    page.choose("model", "relations")
    page.put(TEXT)
    page["predict"].click()
    page.until(lambda: page["error"].text)
    assert page["error"].text == "The server says: a relation needs a subject and an object"
    page["mark-subject"].click()
    assert page["error"].text == "Select some of the text first."
    for side, word in (("subject", "Bob"), ("object", "Rome")):
        page.run("const at = arguments[0].value.indexOf(arguments[1]); arguments[0].setSelectionRange(at, at + arguments[1].length)", page["text"], word)  # fmt: skip
        page[f"mark-{side}"].click()
    assert "Subject: \u2068Bob\u2069 · Object: \u2068Rome\u2069" in page["marked"].get_property("textContent")
    page["predict"].click()
    page.until(page.marks)
    assert page.marks() == [("Rome", "Object"), ("Bob", "Subject")]
    assert page.row() == ["lives_in", "Bob", "Rome", "0.750"]
    (arc,) = page.all(".arcs > path")
    assert arc.is_displayed() and [each.text for each in page.all(".arcs > text")] == ["lives_in"]
    box, bob = arc.rect, page.all("#drawing mark")[1].rect
    assert box["y"] < bob["y"] and box["x"] < bob["x"] < box["x"] + box["width"] + 1
    page.slide(0.8)
    assert page.all(".arcs") == []


def test_marked_entities_are_drawn_where_they_are(page: Browser, tmp_path: Path) -> None:
    """Results count the text without the marks."""
    marked = "Mary, <e2>Rome</e2>, 😀 <e1>Bob</e1>!"
    page.choose("model", "relations")
    page.put(marked)
    page["predict"].click()
    page.until(page.marks)
    assert page.marks() == [("Rome", "Object"), ("Bob", "Subject")]
    page.drop("a.txt", marked)
    (record,) = given_back(page, tmp_path)
    assert record["text"] == "Mary, Rome, 😀 Bob!"
    (found,) = record["output"]
    assert [record["text"][found[side]["start"] : found[side]["end"]] for side in ("subject", "object")] == [
        "Bob",
        "Rome",
    ]


def given_back(page: Browser, folder: Path) -> list[dict[str, Any]]:
    """What is downloaded."""
    page.until(lambda: page["download"].is_displayed() or page["batch-error"].text)
    assert not page["batch-error"].text
    page.devtools("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    page["download"].click()
    file = folder / str(page["download"].get_attribute("download"))
    page.until(file.exists)
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_chosen_file_is_predicted_and_given_back(page: Browser, tmp_path: Path) -> None:
    lines = [f"Text{number} 你好" for number in range(150)]
    (tmp_path / "all my texts.txt").write_text("\ufeff" + "\r\n".join(lines) + "\n\n", encoding="utf-8")
    page["file"].send_keys(str(tmp_path / "all my texts.txt"))
    results = given_back(page, tmp_path)
    assert page["batch-status"].text == "150 of 150 texts"
    assert page["download"].get_attribute("download") == "all my texts.predictions.jsonl"
    assert [each["text"] for each in results] == lines
    found = {"type": "NAME", "start": 0, "end": 7, "span": "Text149", "prob": 1.0}
    assert results[149] == {"text": "Text149 你好", "output": [found]}


@pytest.mark.parametrize(
    ("name", "content", "inputs"),
    [
        ("a.jsonl", '"In Rome"\n\n{"id": 7, "text": "Bob"}\n["in", "Rome"]\n', None),
        ("a.ndjson", '"In Rome"\n{"id": 7, "text": "Bob"}\n["in", "Rome"]\n', None),
        ("a.json", '[\n  "In Rome",\n  {"id": 7, "text": "Bob"},\n  ["in", "Rome"]\n]', None),
        ("a.b.txt", '"In Rome"\nBob', [{"text": '"In Rome"'}, {"text": "Bob"}]),
    ],
)
def test_a_dropped_file(page: Browser, tmp_path: Path, name: str, content: str, inputs: Any) -> None:
    page.drop(name, content)
    results = given_back(page, tmp_path)
    expected = inputs or [{"text": "In Rome"}, {"id": 7, "text": "Bob"}, {"tokens": ["in", "Rome"]}]
    assert [{key: each[key] for key in each if key != "output"} for each in results] == expected
    assert all(each["output"][-1]["type"] == "NAME" for each in results)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "fine\n" * 99 + "bad", "Text 100 of the file: The server says: this text is bad"),
        ("a.txt", " \n", "The file holds no text."),
        ("a.txt", [0xFF, 0xFE, 0x41], "The file is not UTF-8 text."),
        ("a.jsonl", '"a"\n{', "Number 2 in the file is neither a text nor an object in JSON; nothing was sent."),
        ("a.json", '["a", null]', "Number 2 in the file is neither a text nor an object in JSON; nothing was sent."),
    ],
)
def test_a_file_that_cannot_be_predicted(page: Browser, name: str, content: Any, message: str) -> None:
    page.drop(name, content)
    page.until(lambda: page["batch-error"].text)
    assert page["batch-error"].text == message
    assert not page["download"].is_displayed() and not page["progress"].is_displayed()


def test_very_long_texts_stay_usable(page: Browser) -> None:
    page.predict("Mary lives in Rome. " * 6000)
    assert page["status"].text.startswith("12000 found")
    assert len(page.marks()) == 2000 and str(page["drawing"].get_property("textContent")).endswith("…")
    assert len(page.all("#rows tr")) == 500
    assert page["found-title"].text == "Results, as a table: the first 500 of 12000"
    assert page["json"].get_property("textContent").endswith("… and 11500 more; the API gives all of them.")
    page["text"].send_keys("!")
    page.slide(0.5)
    assert page.marks() == [("Mary", "NAME 1.000")]
    page["whole"].click()
    assert len(str(page["drawing"].get_property("textContent"))) == 120_000 + len("NAME (NAME 1.000) ")
    assert not page["whole"].is_displayed()
    page.put("x" * 150_001)
    page["predict"].click()
    page.until(lambda: page["error"].text)
    assert page["error"].text == "The server says: 150001 characters are more than the 150000 of one text"
    assert not page["found"].is_displayed()


def test_errors_are_said_in_words(page: Browser) -> None:
    page["predict"].click()
    assert page["error"].text == "Type a text first." and page.focus() == "text"
    page.predict("bad")
    assert page["error"].text == "The server says: this text is bad"
    page.predict("poison")
    assert page["error"].text == "The server says: the server failed; its log says why"
    page.devtools("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0)
    try:
        page.predict("Mary")
        assert page["error"].text == "The server does not answer."
        page.choose("language", "zh")
        assert page["error"].text == "服务器没有应答。"
    finally:
        page.devtools(
            "Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=-1
        )
    page["predict"].click()
    page.until(page.marks)
    assert page["error"].text == ""


def test_a_server_that_wants_a_token_and_one_that_still_loads(page: Browser) -> None:
    service = Service(["names"], PAGE_LIMITS, Metrics())
    with running(create_app(service, token=TOKEN)) as url:
        page.driver.get(url)
        page.until(lambda: page["error"].text == "The server wants a token.")
        page["token"].send_keys("wrong", Keys.TAB)
        page.until(lambda: page["error"].text == "This is not the token that the server wants.")
        page["token"].clear()
        page["token"].send_keys(TOKEN, Keys.TAB)
        page.until(lambda: page["status"].text == "The models are being loaded …")
        service.add(ServedModel("names", FakePredictor(), "torch"))  # type: ignore[arg-type]
        page.until(lambda: page.all("#model option"))
        page.predict("Mary")
        assert page.marks() == [("Mary", "NAME 1.000")]


def test_text_from_right_to_left(page: Browser) -> None:
    page.choose("model", "hebrew")
    page.predict(HEBREW)
    assert page.marks() == [("דוד", "PER 0.900"), ("בירושלים", "LOC 0.800"), ("John", "PER 0.700")]
    for id in ("text", "drawing"):
        assert page[id].value_of_css_property("direction") == "rtl"
    places = [each.rect["x"] for each in page.all("#drawing mark")]
    assert places == sorted(places, reverse=True)
    page.run("arguments[0].focus()", page.all("#drawing mark")[0])
    page.press(Keys.ARROW_LEFT)
    assert page["tip"].text == "LOC 0.800"


def test_hostile_text_is_only_text(page: Browser) -> None:
    page.choose("model", "hostile")
    page.predict(HOSTILE)
    shown = page.run(
        "return [...document.getElementById('drawing').childNodes].map((each) => each.data ?? each.firstChild.data)"
    )
    assert "".join(shown) == HOSTILE
    assert page.all("#results script, #results img, #results textarea") == []
    assert page.driver.title == "AdaSeq"
    assert [tip for _, tip in page.marks()] == [f"{HOSTILE_TYPE} 0.500", "B 0.400"]
    assert page.row()[0] == HOSTILE_TYPE and page.all("#legend li")[0].text == HOSTILE_TYPE
    page.drop("<img src=x onerror=document.title='owned'>.jsonl", "{")
    page.until(lambda: page["batch-error"].text)
    assert page.driver.title == "AdaSeq"
