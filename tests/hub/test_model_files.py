"""Which folders are published, and which are refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from adaseq.errors import HubError, ModelError
from adaseq.hub.publish import publish


@pytest.fixture
def folder(trained_folder: Path, tmp_path: Path) -> Path:
    """A model folder of the test's own."""
    return Path(shutil.copytree(trained_folder, tmp_path / "model"))


def silent(line: str) -> None:
    """Say nothing."""


def try_out(folder: Path, **options: Any) -> None:
    """Publish, as far as it can be done without a connection."""
    publish(folder, "modelscope:me/tagger", dry_run=True, say=silent, warn=silent, **options)


def test_what_must_not_be_published(folder: Path, tmp_path: Path) -> None:
    def refusal() -> str:
        with pytest.raises(HubError) as caught:
            try_out(folder)
        return str(caught.value)

    def with_configuration(**changes: Any) -> None:
        configuration = {**json.loads((folder / "configuration.json").read_text(encoding="utf-8")), **changes}
        kept = {key: value for key, value in configuration.items() if value is not None}
        (folder / "configuration.json").write_text(json.dumps(kept), encoding="utf-8")

    (folder / "helper.py").write_text("", encoding="utf-8")
    assert "holds what other programs may run: helper.py" in refusal()
    (folder / "helper.py").unlink()
    (folder / "cand.pkl").write_bytes(b"")
    assert "holds pickled data, which can run code when it is read: cand.pkl" in refusal()
    (folder / "cand.pkl").unlink()
    with_configuration(plugins=["adaseq"])
    assert "has the key 'plugins', which makes other programs run code" in refusal()
    with_configuration(plugins=None, adaseq_version=None)
    assert f"adaseq migrate {folder} -o NEW_FOLDER" in refusal()
    with_configuration(adaseq_version="1")
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[:-1])
    assert f"it has {len(weights) - 1} bytes instead of {len(weights)}" in refusal()
    (folder / "model.safetensors").write_bytes(b"abc")
    assert "is damaged: it has 3 bytes" in refusal()
    (folder / "model.safetensors").unlink()
    assert "has no model.safetensors" in refusal()


def test_a_link_out_of_the_folder_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "private.txt").write_text("mine", encoding="utf-8")
    (folder / "notes.txt").symlink_to(tmp_path / "private.txt")
    (folder / "copy.json").symlink_to("configuration.json")
    with pytest.raises(HubError, match=r"links to files elsewhere, whose content would be published: notes\.txt\. If"):
        try_out(folder)
    try_out(folder, exclude=["notes.txt"])


def test_what_nobody_could_load_or_read(folder: Path) -> None:
    with pytest.raises(HubError, match=r"--exclude leaves out configuration\.json, without which nobody can load"):
        try_out(folder, exclude=["*.json"])
    (folder / "a\nb.txt").write_text("", encoding="utf-8")
    with pytest.raises(HubError, match=r"a file with a line break in its name, 'a\\nb\.txt'; rename it"):
        try_out(folder)
    (folder / "a\nb.txt").unlink()
    (folder / "README.md").write_bytes("模型".encode("gb18030"))
    with pytest.raises(HubError, match="README.md' is not UTF-8, as the hubs need it; save it so"):
        try_out(folder)


def test_a_run_folder_points_to_its_model(folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    shutil.move(folder, run / "output_best")
    with pytest.raises(ModelError, match="the model of this run is in '.*output_best'"):
        try_out(run)
    with pytest.raises(ModelError, match="'.*nowhere' is not a model folder: there is no such folder"):
        try_out(tmp_path / "nowhere")
