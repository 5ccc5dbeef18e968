"""A headless Chromium, and a server for it to look at; the pictures of the page in the documentation are made with it as well."""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import uvicorn
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

PATIENCE = 60  # seconds, on a machine that has much to do
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_OPTIONS = (
    "--headless=new",
    "--no-sandbox",  # its own one cannot be made by root, nor in most containers; it sees nothing but our page
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--lang=en-US",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


def installed() -> tuple[str, str] | None:
    """Where Chromium and its driver are; None if one of them is missing."""
    browser = next((path for path in map(shutil.which, _CHROMIUM) if path), None)
    driver = shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


@contextlib.contextmanager
def running(app: Any) -> Iterator[str]:
    """Answer requests in a thread.

    Args:
        app: an ASGI application.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none", timeout_graceful_shutdown=5))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextlib.contextmanager
def chromium(downloads: Path, width: int = 1100, height: int = 900, scale: float = 1) -> Iterator[Browser]:
    """A browser without a window.

    Args:
        downloads: the folder for what is downloaded.
        width: of its window, in pixels.
        height: of its window.
        scale: pixels of pictures to a pixel of the page.
    """
    paths = installed()
    assert paths is not None
    options = webdriver.ChromeOptions()
    options.binary_location = paths[0]
    for option in (*_OPTIONS, f"--window-size={width},{height}", f"--force-device-scale-factor={scale:g}"):
        options.add_argument(option)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    # The path of the driver is given, so nothing is looked for, and nothing downloaded.
    driver = webdriver.Chrome(options, webdriver.ChromeService(paths[1]))
    try:
        yield Browser(driver)
    finally:
        driver.quit()


class Browser:
    """What people do with the page.

    Args:
        driver: of a browser.
    """

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def __getitem__(self, id: str) -> WebElement:
        """The element with an id."""
        return self.driver.find_element(By.ID, id)

    def all(self, selector: str) -> list[WebElement]:
        """The elements that a CSS selector finds."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def run(self, script: str, *arguments: Any) -> Any:
        """What a function with that body returns."""
        driver: Any = self.driver  # whether its method has types depends on what else is installed
        return driver.execute_script(script, *arguments)

    def devtools(self, command: str, **parameters: Any) -> Any:
        """The answer to a command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(command, parameters)

    def until(self, condition: Callable[[], Any], what: str = "") -> Any:
        """Wait until something is so, and return it."""
        return WebDriverWait(self.driver, PATIENCE, 0.02).until(lambda _: condition(), what)

    def open(self, url: str) -> None:
        """Open the page as somebody who was never here before, and wait until it knows its models."""
        self.devtools("Storage.clearDataForOrigin", origin=url, storageTypes="local_storage")
        self.driver.get(url)
        self.until(lambda: self.all("#model option"))

    def choose(self, id: str, value: str) -> None:
        """Choose from a list."""
        Select(self[id]).select_by_value(value)

    def put(self, text: str, id: str = "text") -> None:
        """Put a text where it can be typed, as pasting does."""
        script = "const [field, text] = arguments; field.value = text; field.dispatchEvent(new Event('input'))"
        self.run(script, self[id], text)

    def predict(self, text: str) -> None:
        """Let a text be predicted, and wait for the answer."""
        self.put(text)
        self["predict"].click()
        self.until(lambda: self["status"].text not in ("Working …", "处理中……"), "no answer came")

    def hover(self, target: WebElement) -> None:
        """Move the pointer over something."""
        ActionChains(self.driver).move_to_element(target).perform()

    def press(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def focus(self) -> str:
        """What has the focus: its id, or else its element."""
        return str(self.run("const at = document.activeElement; return at.id || at.tagName.toLowerCase()"))

    def drop(self, name: str, content: str | list[int]) -> None:
        """Drop a file, of a text or of bytes, on the page."""
        script = """const [name, content] = arguments, data = new DataTransfer();
            data.items.add(new File([typeof content === 'string' ? content : new Uint8Array(content)], name));
            const event = new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true});
            document.getElementById('drop').dispatchEvent(event); return event.defaultPrevented"""
        assert self.run(script, name, content), "the browser would leave the page"

    def slide(self, value: float) -> None:
        """Move the slider."""
        script = "const [field, value] = arguments; field.value = value; field.dispatchEvent(new Event('input'))"
        self.run(script, self["least"], value)
        self.run("return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")

    def marks(self) -> list[tuple[str, str]]:
        """What is marked in the text, each with what is shown of it."""
        script = """return [...document.querySelectorAll('#drawing mark')].map((mark) => [
            [...mark.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data).join(''), mark.dataset.tip])"""
        return [(text, tip) for text, tip in self.run(script)]

    def row(self, number: int = 0) -> list[str]:
        """The cells of a row of the table."""
        script = "return [...document.getElementById('rows').rows[arguments[0]].cells].map((cell) => cell.innerText)"
        return list(self.run(script, number))

    def read_aloud(self) -> list[tuple[str, str]]:
        """The roles and names of all that a screen reader is told."""
        nodes = self.devtools("Accessibility.getFullAXTree")["nodes"]
        self.devtools("Accessibility.disable")
        shown = [each for each in nodes if not each["ignored"]]
        return [(each["role"]["value"], each.get("name", {}).get("value", "")) for each in shown]

    def system_theme(self, name: str) -> None:
        """Let the system prefer light or dark."""
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])
