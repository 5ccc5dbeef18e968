"""Takes the pictures of the page of `adaseq serve` that are in the documentation, with the model that `make demo` makes.

    make demo
    python scripts/page_screenshots.py

Needs what the tests of the page need: selenium, Chromium and its driver; for Chinese text a font such as Noto Sans CJK.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from adaseq.serving.app import Service, create_app
from adaseq.serving.limits import Limits
from adaseq.serving.metrics import Metrics
from adaseq.serving.models import ModelOptions, load_model
from tests.serving.browser import Browser, chromium, installed, running

ENGLISH = (
    "Greta Moretti joined Halcyon Robotics in March as head of research. Northwind Energy said on Tuesday that it would "
    "open a second plant near Lisbon."
)
CHINESE = "李明于2021年3月加入远山科技有限公司，担任研发总监。此前他在上海的东海大学任教，与张晓红共同创办了北京云帆软件公司。"
LINES = [ENGLISH, "Shares in Fernhill Foods fell on Monday.", "张晓红在北京工作。"]
MARGIN = 12  # pixels of the page around what is shown


def save(page: Browser, first: str, last: str, file: Path) -> None:
    """Save a picture of a part of the page.

    Args:
        page: the page.
        first: a CSS selector of what is at the top of the picture.
        last: of what is at its bottom.
        file: a PNG file, written with few colours so that it stays small.
    """
    top, bottom, scale = page.run(
        "return [...arguments].map((each, i) => document.querySelector(each).getBoundingClientRect()[i ? 'bottom' : 'top'])"
        ".concat(devicePixelRatio)",
        first,
        last,
    )
    picture = Image.open(io.BytesIO(page.driver.get_screenshot_as_png())).convert("RGB")
    box = (0, max(int((top - MARGIN) * scale), 0), picture.width, int((bottom + MARGIN) * scale))
    few = picture.crop(box).quantize(128, dither=Image.Dither.NONE)
    file.parent.mkdir(parents=True, exist_ok=True)
    few.save(file, optimize=True)
    print(f"{file}: {few.width} x {few.height}, {file.stat().st_size // 1024} KiB")


def take(page: Browser, url: str, folder: Path, given: Path) -> None:
    """Take all pictures.

    Args:
        page: a browser.
        url: the server.
        folder: where the pictures go.
        given: an empty folder.
    """
    page.open(url)
    page.predict(CHINESE)  # the first answer takes longer than those that follow
    page.predict(ENGLISH)
    page.hover(page.all("#drawing mark")[1])
    save(page, "header", "#results", folder / "page_light_en.png")

    texts = given / "letters.txt"
    texts.write_text("\n".join(LINES * 40), encoding="utf-8")
    page["file"].send_keys(str(texts))
    page.until(page["download"].is_displayed)
    save(page, "#results + section", "#results + section", folder / "page_batch_en.png")

    page.open(url)
    page.choose("theme", "dark")
    page.choose("language", "zh")
    page.predict(CHINESE)
    page.slide(0.8)
    page.hover(page.all("#drawing mark")[1])
    save(page, "header", "#results", folder / "page_dark_zh.png")


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-m", "--model", default="experiments/demo/make/output_best", help="the folder of the model")
    parser.add_argument(
        "-o", "--output", type=Path, default=ROOT / "docs" / "images", help="the folder of the pictures"
    )
    arguments = parser.parse_args()
    if installed() is None:
        sys.exit("Chromium or its driver is not installed: apt-get install chromium chromium-driver fonts-noto-cjk")
    service = Service(["demo"], Limits(), Metrics())
    service.add(load_model("demo", arguments.model, ModelOptions()))
    with (
        tempfile.TemporaryDirectory() as folder,
        running(create_app(service)) as url,
        chromium(Path(folder), 1000, 1400, scale=1.5) as page,
    ):
        take(page, url, arguments.output, Path(folder))


if __name__ == "__main__":
    main()
