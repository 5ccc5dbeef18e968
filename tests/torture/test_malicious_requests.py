"""A server under attack: it refuses, forgets, and goes on answering others."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.serving.test_server import all_of, head, is_well, running
from tests.torture.conftest import times

MEGABYTE = 1 << 20
NESTED = [b"[" * MEGABYTE, b'{"texts":' * (MEGABYTE // 9), b"[[]," * (MEGABYTE // 4), b'{"a":[' * (MEGABYTE // 6)]
TIMEOUTS = ("--body_timeout", "5", "--idle_timeout", "1")


@pytest.fixture(scope="module")
def server(trained_folder: Path) -> Iterator[tuple[psutil.Process, int]]:
    """A server, and its port."""
    with running("-m", str(trained_folder), *TIMEOUTS, "--max_body_bytes", str(16 * MEGABYTE)) as (process, port):
        yield psutil.Process(process.pid), port


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(content), content)


@pytest.mark.parametrize("part", NESTED, ids=["lists", "mappings", "many lists", "both"])
@pytest.mark.parametrize("is_announced", [True, False], ids=["announced", "in chunks"])
def test_a_hundred_megabytes_of_nested_json(
    server: tuple[psutil.Process, int], part: bytes, is_announced: bool
) -> None:
    process, port = server
    before = process.memory_info().rss
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        begin = head(100 * MEGABYTE)
        if not is_announced:
            begin = begin.replace(b"Content-Length: 104857600", b"Transfer-Encoding: chunked")
        with contextlib.suppress(ConnectionError):
            connection.sendall(begin)
            for _ in range(100):
                connection.sendall(part if is_announced else chunk(part))
        answer = all_of(connection)
    # What was sent after the refusal may have made the system throw it away.
    assert not answer or answer.startswith(b"HTTP/1.1 413 "), answer[:200]
    assert process.memory_info().rss - before < 100 * MEGABYTE
    assert is_well(port)


@pytest.mark.parametrize("part", NESTED, ids=["lists", "mappings", "many lists", "both"])
def test_nested_json_of_a_size_that_is_allowed(server: tuple[psutil.Process, int], part: bytes) -> None:
    _, port = server
    for body in (part * 8, b'{"texts": ["a"], "inputs": ' + part, b'{"texts": ["a"], "min_probability": ' + part):
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            connection.sendall(head(len(body)) + body)
            answer = connection.recv(100)
        assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 422 ")), answer
    assert is_well(port)


def test_slow_lorises(server: tuple[psutil.Process, int]) -> None:
    """Many clients that send a little, and a little more, so that none of them is ever idle."""
    _, port = server
    begins = [b"POST /v1/predict HTTP/1.1\r\n", head(1000), b"GET / HTTP/1.1\r\nHost: localhost\r\nX-a: "]
    with contextlib.ExitStack() as stack:
        open_ones = []
        for number in range(times(100, 900)):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
            connection.sendall(begins[number % 3])
            open_ones.append(connection)
        assert is_well(port)
        answers = set()
        for number, connection in enumerate(open_ones):
            with contextlib.suppress(ConnectionError):
                connection.sendall(b"x")
            if number % 50 == 0:
                assert is_well(port)
        for connection in open_ones:
            answers.add(all_of(connection)[:13])
    assert answers <= {b"", b"HTTP/1.1 408 ", b"HTTP/1.1 400 "}, answers
    assert is_well(port)
