"""Names of models become folders: local first, then caches, then the network, and a clear error naming all."""

from __future__ import annotations

from pathlib import Path

import pytest

from adaseq.errors import HubError
from adaseq.hub import resolve
from adaseq.hub.resolve import resolve_model


class FakeHub:
    """A hub that notes what it is asked for."""

    def __init__(self, title: str, folder: Path) -> None:
        self.title, self.folder = title, folder
        self.cached: Path | None = None
        self.has_model = False
        self.asked: list[str] = []

    def find_cached(self, name: str, revision: str | None) -> Path | None:
        self.asked.append(f"cache {name}")
        return self.cached

    def download(self, name: str, revision: str | None) -> Path:
        self.asked.append(f"network {name}")
        if not self.has_model:
            raise HubError("404 Not Found")
        return self.folder


@pytest.fixture
def hubs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeHub]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HF_HUB_OFFLINE")
    fakes = {
        "huggingface": FakeHub("Hugging Face", tmp_path / "from-hf"),
        "modelscope": FakeHub("ModelScope", tmp_path / "from-ms"),
    }
    monkeypatch.setattr(resolve, "HUBS", fakes)
    return fakes


def asked(hubs: dict[str, FakeHub]) -> list[str]:
    return [f"{hub.title}: {each}" for hub in hubs.values() for each in hub.asked]


def model_folder(path: Path) -> Path:
    path.mkdir(parents=True)
    (path / "configuration.json").write_text("{}", encoding="utf-8")
    (path / "model.safetensors").write_bytes(b"")
    return path


def test_a_local_folder_asks_nobody(hubs: dict[str, FakeHub], tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "owner" / "name")
    assert resolve_model("owner/name") == Path("owner/name")
    assert resolve_model(folder) == folder
    assert asked(hubs) == []


def test_a_cached_copy_is_taken_without_the_network(hubs: dict[str, FakeHub], tmp_path: Path) -> None:
    hubs["modelscope"].cached = model_folder(tmp_path / "cached")
    assert resolve_model("me/tagger") == tmp_path / "cached"
    assert asked(hubs) == ["Hugging Face: cache me/tagger", "ModelScope: cache me/tagger"]


def test_an_interrupted_download_is_not_taken_for_a_model(hubs: dict[str, FakeHub], tmp_path: Path) -> None:
    hubs["huggingface"].cached = tmp_path / "partial"
    hubs["huggingface"].has_model = True
    hubs["huggingface"].cached.mkdir()
    assert resolve_model("me/tagger") == tmp_path / "from-hf"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("huggingface:me/tagger", ["Hugging Face: cache me/tagger", "Hugging Face: network me/tagger"]),
        ("modelscope:me/tagger", ["ModelScope: cache me/tagger", "ModelScope: network me/tagger"]),
        ("damo/tagger", ["ModelScope: cache damo/tagger", "ModelScope: network damo/tagger"]),
    ],
)
def test_one_hub_is_asked_if_one_is_meant(hubs: dict[str, FakeHub], name: str, expected: list[str]) -> None:
    for hub in hubs.values():
        hub.has_model = True
    assert resolve_model(name).name in ("from-hf", "from-ms")
    assert asked(hubs) == expected


def test_the_second_hub_is_asked_if_the_first_has_it_not(hubs: dict[str, FakeHub], tmp_path: Path) -> None:
    hubs["modelscope"].has_model = True
    assert resolve_model("me/tagger") == tmp_path / "from-ms"


def test_the_error_names_every_place(hubs: dict[str, FakeHub]) -> None:
    with pytest.raises(HubError) as caught:
        resolve_model("me/tagger")
    assert str(caught.value) == (
        "The model 'me/tagger' was not found: there is no local folder 'me/tagger'; no complete copy in the cache of Hugging "
        "Face or ModelScope; Hugging Face: 404 Not Found; ModelScope: 404 Not Found. Give the path of a model folder, or the "
        "model's name on a hub as 'huggingface:owner/name' or 'modelscope:owner/name'."
    )


def test_offline_the_network_is_not_tried(hubs: dict[str, FakeHub], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(HubError, match="HF_HUB_OFFLINE forbids to look further"):
        resolve_model("me/tagger")
    assert asked(hubs) == ["Hugging Face: cache me/tagger", "ModelScope: cache me/tagger"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("./output_bets", "There is no model folder 'output_bets'; did you mean 'output_best'?"),
        ("output_bets", "There is no model folder 'output_bets'; did you mean 'output_best'?"),
        ("run/zzz", "There is no model folder 'run/zzz'."),
        ("no/such/run", "There is no model folder 'no/such/run': there is no folder 'no/such' either."),
        ("/no/such", "There is no model folder '/no/such': there is no folder '/no' either."),
        ("notes.txt", "'notes.txt' is a file. Give the folder of a model: the one that holds configuration.json."),
        (
            "hugginface:me/tagger",
            "'hugginface:me/tagger': there is no hub 'hugginface'; did you mean 'huggingface'? Known: huggingface, modelscope; "
            + "or give the path of a folder.",
        ),
        (
            "~nobody.here/tagger",
            "There is no model folder '~nobody.here/tagger': there is no folder '~nobody.here' either.",
        ),
        ("./" + "a" * 300, f"There is no model folder '{'a' * 300}'."),
        ("modelscope:tagger", "'modelscope:tagger': the name of a model on a hub is 'owner/name'; received 'tagger'."),
    ],
)
def test_what_can_only_be_wrong_is_said_at_once(
    hubs: dict[str, FakeHub], tmp_path: Path, name: str, message: str
) -> None:
    for folder in ("output_best", "run"):
        (tmp_path / folder).mkdir()
    (tmp_path / "notes.txt").write_text("", encoding="utf-8")
    with pytest.raises(HubError) as caught:
        resolve_model(name)
    assert str(caught.value) == message
    assert asked(hubs) == []


def test_a_path_object_is_never_looked_for_on_a_hub(hubs: dict[str, FakeHub]) -> None:
    with pytest.raises(HubError, match="There is no model folder 'me/tagger'"):
        resolve_model(Path("me/tagger"))
    assert asked(hubs) == []


HASH = "0123456789abcdef0123456789abcdef01234567"


def test_what_the_clients_have_fetched_is_found_without_a_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants
    import modelscope_hub

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hf"))
    before = modelscope_hub.get_default_config()
    modelscope_hub.set_default_config(modelscope_hub.HubConfig(cache_dir=tmp_path / "ms", config_dir=tmp_path / "home"))
    try:
        first = model_folder(tmp_path / "hf" / "models--me--tagger" / "snapshots" / HASH)
        (tmp_path / "hf" / "models--me--tagger" / "refs").mkdir()
        (tmp_path / "hf" / "models--me--tagger" / "refs" / "main").write_text(HASH, encoding="utf-8")
        second = model_folder(tmp_path / "ms" / "models" / "me--segmenter" / "snapshots" / "master")
        assert resolve_model("me/tagger") == resolve_model("huggingface:me/tagger") == first
        assert resolve_model("me/segmenter") == resolve_model("modelscope:me/segmenter") == second
    finally:
        modelscope_hub.set_default_config(before)
