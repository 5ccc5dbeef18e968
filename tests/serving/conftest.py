"""The page in a browser. Where there is none, what asks for it is skipped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from adaseq.serving.app import create_app
from tests.serving.fakes import page_service

if TYPE_CHECKING:
    from tests.serving.browser import Browser


@pytest.fixture(scope="session")
def page_url() -> Iterator[str]:
    """A server with models that need no network."""
    from tests.serving.browser import running

    with running(create_app(page_service())) as url:
        yield url


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A headless Chromium."""
    from tests.serving.browser import chromium, installed

    if installed() is None:
        pytest.skip("the page is tested in Chromium, which is not installed: apt-get install chromium chromium-driver")
    with chromium(tmp_path_factory.mktemp("downloads")) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, page_url: str) -> Iterator[Browser]:
    """The page, fresh; whatever is done with it, it asks no other host and breaks nowhere."""
    browser.system_theme("light")
    browser.open(page_url)
    yield browser
    messages = [json.loads(entry["message"])["message"] for entry in browser.driver.get_log("performance")]
    asked = [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]
    assert asked and [each for each in asked if not each.startswith(("http://127.0.0.1:", "data:", "blob:"))] == []
    logged = [entry["message"] for entry in browser.driver.get_log("browser") if entry["level"] == "SEVERE"]
    # That the server refuses something is logged by the browser itself.
    assert [each for each in logged if "Failed to load resource" not in each] == []
