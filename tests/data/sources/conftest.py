"""What the tests of sources share: a web server on this machine, and no waiting."""

import pytest

from adaseq.data.sources import download
from tests.data.sources.web_server import serving


@pytest.fixture
def server():
    with serving() as server:
        yield server


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """How long would have been waited."""
    waited = []
    monkeypatch.setattr(download, "wait", waited.append)
    return waited


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"
