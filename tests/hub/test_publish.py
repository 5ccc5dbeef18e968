"""Publishing to both hubs, and getting back what was published."""

from __future__ import annotations

import json
import logging
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest
import yaml

import adaseq
from adaseq.commands.main import main
from adaseq.errors import HubError
from adaseq.hub.publish import publish
from tests.hub.fake_hub import CUT, TOKEN, FakeHub

BRANCH = {"modelscope": "master", "huggingface": "main"}
SENTENCE = "Mary Smith works in New York."
both = pytest.mark.parametrize("site", ["modelscope", "huggingface"])


@pytest.fixture
def folder(trained_folder: Path, tmp_path: Path) -> Path:
    """A model folder of the test's own."""
    return Path(shutil.copytree(trained_folder, tmp_path / "model"))


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def silent(line: str) -> None:
    """Say nothing."""


def send(folder: Path, site: str, **options: Any) -> list[str]:
    """Publish, and return what was said."""
    said: list[str] = []
    publish(folder, f"{site}:me/tagger", say=said.append, warn=said.append, **options)
    return said


@both
def test_what_is_published_comes_back(site: str, hub: FakeHub, folder: Path) -> None:
    before = content(folder)
    said = send(folder, site, message="first version")
    assert content(folder) == before, "the folder was changed"
    repository = hub.repositories["me/tagger"]
    assert repository.is_private and repository.messages == ["first version"]
    published = hub.files("me/tagger", BRANCH[site])
    assert {name: data for name, data in published.items() if name not in ("README.md", ".gitattributes")} == {
        name: data for name, data in before.items() if name != "README.md"
    }
    card = published["README.md"].decode()
    assert f'adaseq.load("{site}:me/tagger")' in card and "path/to/this/folder" not in card
    assert said[-1] == f'Load it with adaseq.load("{site}:me/tagger")'

    again = adaseq.load(f"{site}:me/tagger")
    assert again(SENTENCE) == adaseq.load(folder)(SENTENCE)


@both
def test_a_local_copy_is_found_without_the_network(
    site: str, hub: FakeHub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(folder, site)
    expected = adaseq.load(f"{site}:me/tagger")(SENTENCE)

    def no_socket(*arguments: object, **options: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "create_connection", no_socket)
    monkeypatch.setattr(socket.socket, "connect", no_socket)
    assert adaseq.load(f"{site}:me/tagger")(SENTENCE) == expected


@both
def test_what_is_there_is_not_sent_again(site: str, hub: FakeHub, folder: Path) -> None:
    send(folder, site)
    hub.requests.clear()
    said = send(folder, site)
    assert said[-1].startswith("Nothing to send, all of it is there")
    assert not hub.asked("PUT") and not hub.asked("POST", "/commit/")
    assert any(line.split()[0] == "unchanged" and line.endswith("model.safetensors") for line in said)

    (folder / "tokenizer_config.json").write_text("another", encoding="utf-8")
    said = send(folder, site)
    assert [line.split()[-1] for line in said if line.split()[0] == "changed"] == ["tokenizer_config.json"]
    assert not hub.asked("PUT")
    assert hub.files("me/tagger", BRANCH[site])["tokenizer_config.json"] == b"another"


@both
def test_public_and_another_branch(site: str, hub: FakeHub, folder: Path) -> None:
    send(folder, site, is_private=False, revision="dev")
    repository = hub.repositories["me/tagger"]
    assert not repository.is_private
    assert "model.safetensors" in repository.branches["dev"]
    assert "model.safetensors" not in repository.branches[BRANCH[site]]
    assert adaseq.load(f"{site}:me/tagger@dev")(SENTENCE) == adaseq.load(folder)(SENTENCE)


@both
def test_a_dry_run_shows_every_file_and_makes_no_connection(
    site: str, hub: FakeHub, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.delenv("MODELSCOPE_API_TOKEN")
    (folder / ".notes").write_text("mine", encoding="utf-8")
    (folder / "training.log").write_text("mine", encoding="utf-8")
    flags = ["--to", f"{site}:me/tagger", "--dry-run", "--exclude", "*.log"]
    assert main(["publish", "-m", str(folder), *flags]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{site}:me/tagger, branch {BRANCH[site]}: would be private if it is new"
    shown = {line.split()[-1]: line.split()[1:-1] for line in lines[1:-1] if line.split()[0] == "send"}
    assert set(shown) == {name for name in content(folder) if name not in (".notes", "training.log")}
    assert shown["tokenizer_config.json"] == [f"{(folder / 'tokenizer_config.json').stat().st_size}", "bytes"]
    assert [line.split()[-1] for line in lines if "left out" in line] == [".notes", "training.log"]
    assert lines[-1].startswith(f"{len(shown)} files, ") and lines[-1].endswith("Nothing was sent.")
    assert hub.requests == []


# What the hubs may answer: the request, the status, and what the user is told
REFUSALS: list[tuple[str, str, str, int, str]] = [
    ("huggingface", "POST", "/api/repos/create", 401, r"Hugging Face does not accept the token \(401\).*HF_TOKEN\."),
    (
        "huggingface",
        "POST",
        "/api/repos/create",
        403,
        r"does not let this token write to 'me/tagger' \(403\).*owner 'me'",
    ),
    ("huggingface", "POST", "/commit/", 409, r"'me/tagger' on Hugging Face is being changed by somebody else \(409\)"),
    ("huggingface", "POST", "/commit/", 429, r"had too many requests from you \(429\).*again in 30 seconds"),
    ("huggingface", "POST", "/preupload/", 500, r"has a fault of its own \(500\)\. Run the same command again later"),
    ("huggingface", "PUT", "/blobs/", 500, r"has a fault of its own \(500\)\. Run the same command again later"),
    ("huggingface", "PUT", "/blobs/", CUT, r"the connection to Hugging Face broke.*what has arrived is not sent again"),
    (
        "huggingface",
        "POST",
        "/commit/",
        CUT,
        r"the connection to Hugging Face broke.*what has arrived is not sent again",
    ),
    (
        "modelscope",
        "POST",
        "/api/v1/models",
        401,
        r"ModelScope does not accept the token \(401\).*MODELSCOPE_API_TOKEN\.",
    ),
    (
        "modelscope",
        "POST",
        "/api/v1/models",
        403,
        r"does not let this token write to 'me/tagger' \(403\).*It says: said no",
    ),
    ("modelscope", "POST", "/commit/", 409, r"'me/tagger' on ModelScope is being changed by somebody else \(409\)"),
    ("modelscope", "POST", "/commit/", 429, r"had too many requests from you \(429\).*again in 30 seconds"),
    (
        "modelscope",
        "POST",
        "/lfs/objects/batch",
        500,
        r"has a fault of its own \(500\)\. Run the same command again later",
    ),
    ("modelscope", "PUT", "/blobs/", 500, r"has a fault of its own \(500\)\. Run the same command again later"),
    ("modelscope", "PUT", "/blobs/", CUT, r"the connection to ModelScope broke.*what has arrived is not sent again"),
    ("modelscope", "POST", "/commit/", CUT, r"the connection to ModelScope broke.*what has arrived is not sent again"),
]


@pytest.mark.parametrize(("site", "method", "path", "status", "message"), REFUSALS)
def test_a_refusal_says_what_to_do_and_no_secret(
    site: str,
    method: str,
    path: str,
    status: int,
    message: str,
    hub: FakeHub,
    folder: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = content(folder)
    hub.fail(method, path, status, headers={"Retry-After": "30"} if status == 429 else {})
    with caplog.at_level(logging.DEBUG), pytest.raises(HubError, match=message) as caught:
        send(folder, site)
    printed = capsys.readouterr()
    assert TOKEN not in str(caught.value) + caplog.text + printed.out + printed.err
    assert "\n" not in str(caught.value)
    assert content(folder) == before
    repository = hub.repositories.get("me/tagger")
    assert repository is None or repository.messages == [], "half of it was published"

    hub.failures.clear()
    said = send(folder, site)
    assert said[-1] == f'Load it with adaseq.load("{site}:me/tagger")'


@both
def test_a_blob_that_has_arrived_is_not_sent_again(site: str, hub: FakeHub, folder: Path) -> None:
    hub.fail("POST", "/commit/", 500)
    with pytest.raises(HubError):
        send(folder, site)
    assert hub.asked("PUT")
    hub.failures.clear()
    hub.requests.clear()
    send(folder, site)
    assert not hub.asked("PUT")
    assert hub.files("me/tagger", BRANCH[site])["model.safetensors"] == (folder / "model.safetensors").read_bytes()


@both
def test_a_connection_that_breaks_once_is_made_again(site: str, hub: FakeHub, folder: Path) -> None:
    hub.fail("PUT", "/blobs/", CUT, times=1)
    send(folder, site)
    assert "model.safetensors" in hub.files("me/tagger", BRANCH[site])


@both
def test_no_server_at_all(site: str, folder: Path, hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        for name in ("HF_ENDPOINT", "MODELSCOPE_ENDPOINT"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{closed.getsockname()[1]}")
        import modelscope_hub

        modelscope_hub.set_default_config(None)
        with pytest.raises(HubError, match="the connection to .* broke, or could not be made"):
            send(folder, site)


@both
def test_the_token_is_asked_for_where_there_is_none(
    site: str, hub: FakeHub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = {"huggingface": "HF_TOKEN", "modelscope": "MODELSCOPE_API_TOKEN"}[site]
    monkeypatch.delenv(variable)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(HubError, match=rf"takes a token .* the environment variable {variable}$"):
        send(folder, site)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda prompt: f" {TOKEN}\n")
    send(folder, site)
    assert "model.safetensors" in hub.files("me/tagger", BRANCH[site])


@both
def test_the_token_is_written_nowhere(site: str, hub: FakeHub, folder: Path, tmp_path: Path) -> None:
    send(folder, site)
    assert [path for path in tmp_path.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()] == []
    assert not any(TOKEN.encode() in data for data in hub.files("me/tagger", BRANCH[site]).values())
    (folder / "notes.txt").write_text(f"my token is {TOKEN}", encoding="utf-8")
    with pytest.raises(HubError, match=r"the token itself stands in notes\.txt"):
        send(folder, site)
    assert "notes.txt" not in hub.files("me/tagger", BRANCH[site])


def test_with_loader(hub: FakeHub, folder: Path) -> None:
    before = content(folder)
    said = send(folder, "modelscope", with_loader=True)
    assert any("can run programs on the machines of its users" in line for line in said)
    assert content(folder) == before
    published = hub.files("me/tagger", "master")
    code = published["ms_wrapper.py"].decode().splitlines()
    assert len(code) == 1 and code[0].startswith("import adaseq.hub.modelscope")
    assert json.loads(published["configuration.json"])["allow_remote"] is True
    adaseq.load("modelscope:me/tagger")

    said = send(folder, "modelscope")
    assert any(line.split()[0] == "removed" and line.endswith("ms_wrapper.py") for line in said)
    assert "ms_wrapper.py" not in hub.files("me/tagger", "master")
    assert "allow_remote" not in json.loads(hub.files("me/tagger", "master")["configuration.json"])
    with pytest.raises(HubError, match="--with-loader is for ModelScope's pipelines"):
        send(folder, "huggingface", with_loader=True)


def test_the_licence(hub: FakeHub, folder: Path) -> None:
    assert any("ModelScope notes the licence Apache-2.0" in line for line in send(folder, "modelscope"))
    hub.repositories.clear()
    send(folder, "modelscope", license="mit")
    assert hub.repositories["me/tagger"].license == "mit"
    card = hub.files("me/tagger", "master")["README.md"].decode()
    assert yaml.safe_load(card.split("---\n")[1])["license"] == "mit"


def test_examples_can_be_left_out(hub: FakeHub, folder: Path) -> None:
    card = folder / "README.md"
    table = "## Labels / 标签\n\n| label / 标签 | examples / 例子 |\n| --- | --- |\n| PER | a \\| secret; name |\n\n## Scores\n"
    card.write_text(f"---\nlibrary_name: adaseq\n---\n\n{table}", encoding="utf-8")
    send(folder, "huggingface", with_examples=False)
    published = hub.files("me/tagger", "main")["README.md"].decode()
    assert "| PER |\n" in published and "| label / 标签 |\n" in published and "secret" not in published


def test_a_card_is_made_where_there_is_none(hub: FakeHub, folder: Path) -> None:
    (folder / "README.md").unlink()
    send(folder, "modelscope")
    card = hub.files("me/tagger", "master")["README.md"].decode()
    assert "| LOC |" in card and "| PER |" in card and 'adaseq.load("modelscope:me/tagger")' in card


@pytest.mark.parametrize(
    ("to", "message"),
    [
        (
            "me/tagger",
            "--to takes modelscope:owner/name or huggingface:owner/name; received 'me/tagger', which names no hub",
        ),
        ("huggingfase:me/tagger", "there is no hub 'huggingfase'; did you mean 'huggingface'?"),
        ("modelscope:tagger", "received 'tagger' for owner/name"),
        ("modelscope:../tagger", "received '../tagger' for owner/name"),
        ("huggingface:me/a--b", "received 'me/a--b' for owner/name"),
        ("huggingface:me/tagger@dev", "the branch goes into --revision dev"),
    ],
)
def test_a_place_that_is_written_wrongly(to: str, message: str, folder: Path) -> None:
    with pytest.raises(HubError) as caught:
        publish(folder, to, say=silent, warn=silent)
    assert message in str(caught.value)


def test_a_place_on_this_machine_is_warned_of(hub: FakeHub, folder: Path) -> None:
    file = folder / "configuration.json"
    configuration = json.loads(file.read_text(encoding="utf-8"))
    configuration["model"]["embedder"]["model_name_or_path"] = "/home/me/bert"
    file.write_text(json.dumps(configuration), encoding="utf-8")
    said = send(folder, "modelscope", dry_run=True)
    assert said[0].startswith("warning: configuration.json names '/home/me/bert', a place on this machine")


@both
def test_a_private_model_cannot_be_fetched_without_a_token(
    site: str, hub: FakeHub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import modelscope_hub

    send(folder, site)
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.delenv("MODELSCOPE_API_TOKEN")
    modelscope_hub.set_default_config(None)
    with pytest.raises(HubError, match=r"has no 'me/tagger', or it is private \(40[14]\): .* environment variable"):
        adaseq.load(f"{site}:me/tagger")
