"""The page at `/` for everybody: in both languages and themes, on narrow screens, by keyboard, and with a screen reader."""

from __future__ import annotations

import re

import pytest

from tests.serving.fakes import PAGE_TYPES

pytest.importorskip("selenium", reason="the page is tested with selenium: pip install -r requirements-dev.txt")
from selenium.webdriver.common.keys import Keys

from tests.serving.browser import Browser


def test_english_and_chinese(page: Browser) -> None:
    texts = """return [...document.querySelectorAll('[data-say], [data-say-label], [data-say-placeholder]')]
        .map((each) => [each.dataset.say ?? '', each.textContent, each.ariaLabel ?? '', each.placeholder ?? ''].join('|'))"""
    english = page.run(texts)
    page.predict("Mary lives in Rome")
    page.choose("language", "zh")
    chinese = page.run(texts)
    assert page["status"].text.startswith("找到 2 个，用时")
    assert [each.text for each in page.all("#head th")] == ["类型", "文本", "起点", "终点", "概率"]
    assert all(re.search("[\u4e00-\u9fff]", each) and "undefined" not in each for each in chinese), chinese
    assert not any(re.search("[\u4e00-\u9fff]|undefined", each) for each in english), english
    assert page.run("return document.documentElement.lang") == "zh-CN"
    page.driver.refresh()
    assert page["predict"].text == "预测"
    page.choose("language", "en")
    assert page["predict"].text == "Predict" and page.run("return document.documentElement.lang") == "en"


def test_each_word_is_there_in_both_languages(page: Browser) -> None:
    assert page.run("""return import('/static/words.js').then(({names}) => names().map((each) => each.join(' ')))
        .then(([english, chinese]) => english === chinese)""")


def lightness(page: Browser) -> float:
    """How light the ground is, from 0 to 1."""
    return sum(map(int, re.findall(r"\d+", page.all("body")[0].value_of_css_property("background-color"))[:3])) / 765


def test_light_and_dark(page: Browser) -> None:
    assert lightness(page) > 0.9
    page.system_theme("dark")
    assert lightness(page) < 0.2
    page.choose("theme", "light")
    assert lightness(page) > 0.9
    page.system_theme("light")
    page.choose("theme", "dark")
    assert lightness(page) < 0.2
    page.driver.refresh()
    assert lightness(page) < 0.2


CONTRAST = """
const canvas = Object.assign(document.createElement('canvas'), {width: 1, height: 1}).getContext('2d', {willReadFrequently: true});
const ink = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data]; };
const light = (colour) => { const [r, g, b] = colour.map((each) => each / 255).map((each) =>
  each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const ground = (at) => { const colour = ink(getComputedStyle(at).backgroundColor); return colour[3] ? colour : ground(at.parentElement); };
return [...document.querySelectorAll('body *')].filter((each) => each.checkVisibility() && !each.closest('.unseen, .skip, svg')
  && ([...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim()) || each.matches('input, textarea, select')))
  .map((each) => { const [a, b] = [light(ink(getComputedStyle(each).color)), light(ground(each))];
    return [each.outerHTML.slice(0, 80), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)]; });
"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everything_can_be_read(page: Browser, theme: str) -> None:
    page.choose("theme", theme)
    page.choose("model", "colours")
    page.predict(" ".join(f"w{number}" for number in range(len(PAGE_TYPES))))
    page.drop("a.jsonl", "{")
    page.until(lambda: page["batch-error"].text)
    contrasts = dict(page.run(CONTRAST))
    assert len([each for each in contrasts if each.startswith("<mark")]) == len(PAGE_TYPES)
    assert {each: value for each, value in contrasts.items() if value < 4.5} == {}
    colours = {each.value_of_css_property("background-color") for each in page.all("#drawing mark")}
    assert len(colours) == len(PAGE_TYPES)


def test_nothing_overflows_on_a_narrow_screen(page: Browser) -> None:
    page.predict(f"Mary {'W' * 300} in Rome")
    page.devtools("Emulation.setDeviceMetricsOverride", width=320, height=640, deviceScaleFactor=1, mobile=False)
    try:
        width, inside = page.run("return [document.documentElement.scrollWidth, innerWidth]")
        assert width <= inside == 320
    finally:
        page.devtools("Emulation.clearDeviceMetricsOverride")


def test_all_by_keyboard(page: Browser) -> None:
    page.run("document.body.focus()")
    seen = []

    def tab(id: str) -> None:
        page.press(Keys.TAB)
        assert page.focus() == id
        seen.append(id)
        shown = "const at = document.activeElement.closest('.button') ?? document.activeElement; return getComputedStyle(at).outline"
        assert re.search(r"solid 3px", page.run(shown)), f"nobody sees that {id} has the focus"

    tab("a")
    tab("language")
    page.press("中")
    tab("theme")
    tab("model")
    tab("text")
    page.press("Mary lives in Rome")
    tab("predict")
    page.press(Keys.SPACE)
    page.until(lambda: page["status"].text.startswith("找到 2 个"))
    tab("least")
    page.press(*[Keys.ARROW_RIGHT] * 5)
    page.until(lambda: page["least-value"].text == "0.05")
    tab("mark")
    assert page["tip"].text == "NAME 1.000"
    page.press(Keys.ARROW_RIGHT)
    assert page["tip"].text == "NAME 0.250"
    tab("div")
    assert not page["tip"].is_displayed()
    tab("summary")
    page.press(Keys.ENTER)
    page.until(lambda: not page["json"].is_displayed())
    page.press(Keys.ENTER)
    tab("json")
    tab("file")
    tab("a")
    page["text"].send_keys(" and Bob", Keys.CONTROL, Keys.ENTER)
    page.until(lambda: len(page.marks()) == 3)
    page.run("document.querySelector('.skip').focus()")
    page.press(Keys.ENTER, Keys.TAB)
    assert page.focus() == "least"


def test_what_a_screen_reader_is_told(page: Browser) -> None:
    page.predict("Mary lives in Rome")
    told = page.read_aloud()
    controls = [each for each in told if each[0] in ("combobox", "textbox", "button", "slider", "link", "region")]
    assert all(name.strip() for _, name in controls), controls
    assert {
        ("combobox", "Language"), ("combobox", "Theme"), ("combobox", "Model"), ("textbox", "Text to understand"),
        ("button", "Predict"), ("slider", "Least probability"), ("region", "Results"), ("link", "The API"),
        ("table", "Results, as a table"), ("columnheader", "Probability"), ("list", "Types"),
        ("group", "The text; arrow keys go from one entity to the next"),
    } <= set(told)  # fmt: skip
    assert any(role == "button" and name.startswith("choose a file") for role, name in told)
    headings = page.run(
        "return [...document.querySelectorAll('h1, h2, h3')].map((each) => each.tagName + ' ' + each.innerText)"
    )
    assert headings == ["H1 AdaSeq", "H2 Text", "H2 Results", "H2 Many texts"]
    assert [len(page.all(each)) for each in ("main", "header", "footer")] == [1, 1, 1]
    for id, role in (("status", "status"), ("error", "alert"), ("batch-status", "status"), ("batch-error", "alert")):
        assert page[id].get_attribute("role") == role
    # The language of what people type is not that of the page.
    assert [page[id].get_attribute("lang") for id in ("text", "drawing", "json")] == [""] * 3
