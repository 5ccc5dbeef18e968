"""The server as a process: it stops well, and slow, aborted and silent clients hold nothing."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from adaseq.commands.main import main
from adaseq.errors import AdaSeqError
from adaseq.export.exporter import export_model
from adaseq.serving.models import ModelOptions, load_model, read_names
from adaseq.serving.server import ServerOptions, is_loopback, known_hosts, read_token

BODY = json.dumps({"texts": ["mary works in york ."]}).encode()


@pytest.fixture(scope="module")
def exported(trained_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "model"
    export_model(trained_folder, folder)
    return folder


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server, and its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "adaseq", "serve", "--port", str(port), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8") as process:
        try:
            while process.poll() is None:
                with contextlib.suppress(httpx.TransportError):
                    if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                        break
            yield process, port
        finally:
            if process.poll() is None:
                process.kill()


@pytest.fixture(scope="module")
def port(exported: Path) -> Iterator[int]:
    with running("-m", str(exported), "--body_timeout", "0.3", "--idle_timeout", "0.3") as (_, port):
        yield port


def head(length: int) -> bytes:
    """The head of a request."""
    lines = [
        "POST /v1/predict HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Content-Length: {length}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def all_of(connection: socket.socket) -> bytes:
    """What comes until the connection is closed."""
    parts = []
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def is_well(port: int) -> bool:
    answer = httpx.post(
        f"http://127.0.0.1:{port}/v1/predict", content=BODY, headers={"content-type": "application/json"}
    )
    return [each["type"] for each in answer.json()["results"][0]["output"]] == ["PER", "LOC"]


def test_predictions(port: int) -> None:
    assert is_well(port)


def test_slow_and_silent_clients_are_sent_away(port: int) -> None:
    for begin, expected in ((head(100) + b'{"te', b"408"), (b"POST /v1/pre", b""), (b"", b"")):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(begin)
            answer = all_of(connection)
            assert answer.startswith(b"HTTP/1.1 " + expected if expected else b""), answer
            assert expected or not answer
    assert is_well(port)


def test_malformed_requests(port: int) -> None:
    for bytes_sent in (
        b"\x16\x03\x01\x02\x00",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 20000,
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            with contextlib.suppress(ConnectionError):
                connection.sendall(bytes_sent)
            answer = all_of(connection)
        assert not answer or answer.startswith(b"HTTP/1.1 4"), answer
    assert is_well(port)


def test_aborted_requests_are_forgotten(port: int) -> None:
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(head(len(BODY)) + BODY)
    while True:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        if "adaseq_requests_in_flight 1\n" in text and 'waiting_texts{model="default"} 0' in text:
            break
    assert "adaseq_held_bytes 0\n" in text
    assert is_well(port)


def test_requests_under_way_are_answered_before_the_end(exported: Path) -> None:
    with running("-m", f"names={exported}", "--max_wait_ms", "1000") as (process, port):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(head(len(BODY)) + BODY)
            while "adaseq_requests_in_flight 2\n" not in httpx.get(f"http://127.0.0.1:{port}/metrics").text:
                pass
            process.send_signal(signal.SIGTERM)
            answer = all_of(connection)
        assert answer.startswith(b"HTTP/1.1 200") and b'"model":"names"' in answer
        assert process.wait(30) == 0


def test_requests_that_are_too_many_are_refused_at_the_door(exported: Path) -> None:
    flags = ("--max_requests", "2", "--max_wait_ms", "500")
    with running("-m", str(exported), *flags) as (_, port), contextlib.ExitStack() as open_ones:
        clients = [open_ones.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30)) for _ in range(6)]
        for client in clients:
            client.sendall(head(len(BODY)).replace(b"Host", b"Connection: close\r\nHost") + BODY)
        statuses = [all_of(client).split(b" ", 2)[1] for client in clients]
        # Two are inside and two in line; or one and two, when the last question whether the server is ready was just before.
        refused = statuses.count(b"503")
        assert refused in (2, 3) and statuses.count(b"200") == 6 - refused
        assert f'path="other",status="503"}} {refused}\n' in httpx.get(f"http://127.0.0.1:{port}/metrics").text
        assert is_well(port)


def test_slow_requests_keep_nobody_out(exported: Path) -> None:
    with running("-m", str(exported), "--body_timeout", "60") as (_, port), contextlib.ExitStack() as open_ones:
        for _ in range(200):
            client = open_ones.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            client.sendall(head(len(BODY)) + BODY[:5])
        assert is_well(port)


def test_a_model_that_cannot_be_loaded_ends_the_server(tmp_path: Path, trained_folder: Path) -> None:
    for arguments, message in (
        (["-m", str(tmp_path)], "is not a model folder"),
        (["-m", str(trained_folder), "--runtime", "onnx"], "is not an exported model"),
        (
            ["-m", str(trained_folder), "--token", "NO_SUCH_VARIABLE"],
            "the variable NO_SUCH_VARIABLE of the environment must",
        ),
    ):
        with running(*arguments) as (process, _):
            output, _ = process.communicate(timeout=60)
            assert process.returncode == 2, output
            assert message in output and "Traceback" not in output


@pytest.mark.parametrize(
    ("flag", "value", "message"),
    [
        ("--port", "65536", "--port is a number up to 65535; received 65536"),
        ("--port", "0", "--port is a number above 0; received 0"),
        ("--max_requests", "0", "--max_requests is a number above 0; received 0"),
        ("--timeout", "nan", "--timeout is a number above 0; received nan"),
        ("--idle_timeout", "-1", "--idle_timeout is a number above 0; received -1.0"),
        ("--max_wait_ms", "-1", "--max_wait_ms is a number from 0 on; received -1.0"),
        ("--grace", "inf", "--grace is a number from 0 on; received inf"),
    ],
)
def test_flags_have_a_range(flag: str, value: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "-m", "exported", flag, value]) == 2
    assert capsys.readouterr().err == f"error: {message}\n"


def test_names_of_models(tmp_path: Path) -> None:
    assert read_names(["a/b", "x=c/d", "e/f"]) == {"default": "a/b", "x": "c/d", "f": "e/f"}
    (tmp_path / "odd=name").mkdir()
    assert read_names([str(tmp_path / "odd=name")]) == {"default": str(tmp_path / "odd=name")}
    with pytest.raises(AdaSeqError, match="two models have the name 'x'"):
        read_names(["x=a", "x=b"])
    with pytest.raises(AdaSeqError, match="a model is given as FOLDER, or as NAME=FOLDER; received 'x='"):
        read_names(["x="])


def test_the_runtime_is_what_the_folder_is_made_for(exported: Path, trained_folder: Path) -> None:
    assert load_model("a", str(exported), ModelOptions()).runtime == "onnx"
    assert load_model("a", str(trained_folder), ModelOptions()).runtime == "torch"
    with pytest.raises(AdaSeqError, match="is an exported model, which torch does not run"):
        load_model("a", str(exported), ModelOptions("torch"))


def test_tokens_and_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHORT", "abc")
    with pytest.raises(AdaSeqError, match="at least 16 ASCII characters"):
        read_token("SHORT")
    monkeypatch.setenv("LONG", "0123456789abcdef\n")
    assert read_token("LONG") == "0123456789abcdef"
    assert read_token(None) is None
    assert [is_loopback(each) for each in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "example.com")] == [True] * 3 + [
        False
    ] * 2
    assert known_hosts(ServerOptions(host="0.0.0.0")) is None
    allowed = known_hosts(ServerOptions(host="0.0.0.0", allowed_hosts=["Models.example"]))
    assert allowed is not None and "models.example" in allowed
