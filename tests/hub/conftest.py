"""A hub on this machine, and the clients of both hubs set to ask it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.hub.fake_hub import TOKEN, FakeHub, serving


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub that the clients of both hubs ask, with a token in the environment and caches of their own."""
    import huggingface_hub.constants
    import modelscope_hub

    with serving() as served:
        for name, value in {
            "HF_ENDPOINT": served.address,
            "HF_TOKEN": TOKEN,
            "MODELSCOPE_ENDPOINT": served.address,
            "MODELSCOPE_API_TOKEN": TOKEN,
            "MODELSCOPE_CACHE": str(tmp_path / "ms-cache"),
            "MODELSCOPE_HOME": str(tmp_path / "ms-home"),
            "NO_PROXY": "127.0.0.1,localhost",
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("HF_HUB_OFFLINE")
        for name, constant in {
            "HF_HUB_OFFLINE": False,
            "HF_HUB_DISABLE_XET": True,
            "HF_HUB_CACHE": str(tmp_path / "hf-cache"),
            "HF_TOKEN_PATH": str(tmp_path / "hf-token"),
            "HF_HUB_DISABLE_PROGRESS_BARS": True,
        }.items():
            monkeypatch.setattr(huggingface_hub.constants, name, constant)
        # Clients wait before they try again; nothing here is worth waiting for.
        without_sleep = SimpleNamespace(**{**vars(time), "sleep": lambda seconds: None})
        for module in (
            "huggingface_hub.utils._http",
            "modelscope_hub._legacy_api",
            "adaseq.utils.modelscope_client",
            "urllib3.util.retry",
        ):
            monkeypatch.setattr(f"{module}.time", without_sleep)
        modelscope_hub.set_default_config(None)
        yield served
        modelscope_hub.set_default_config(None)
        huggingface_hub.close_session()
