"""The server with many clients against one request at a time, and what it does with bursts, slow and broken clients.

Starts `adaseq serve` on this machine, and sends it requests of one sentence each over connections that stay open.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import common

HEADERS = "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"

# In seconds: by then the server has given back what it can.
REST = 5.0


def main() -> None:
    """Measure and print."""
    parser = common.parser(__doc__, repeats=3)
    parser.add_argument("--sentences", type=Path, default=common.DEMO_CORPUS / "test.txt", help="in CoNLL columns")
    parser.add_argument(
        "--exported", type=Path, help="an exported folder or a model folder; an untrained one by default"
    )
    parser.add_argument("--backbone", type=Path, help="a folder with a transformer, for the untrained model")
    parser.add_argument("--clients", type=int, default=64, help="at the same time")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each measurement")
    parser.add_argument("--burst", type=int, default=10_000, help="requests that are sent at once")
    parser.add_argument(
        "--serve", nargs="*", default=[], metavar="FLAG=VALUE", help="flags for the server, as workers=2"
    )
    options = parser.parse_args()
    common.prepare(options)
    from adaseq.registry import FORMATS

    texts = [" ".join(example.tokens) for example in FORMATS.build("conll").read(options.sentences)]
    bodies = [json.dumps({"texts": [text]}).encode() for text in texts]
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.exported or made(options, Path(scratch))
        with server(folder, options) as (port, process):
            asyncio.run(load(port, bodies, 4, min(options.seconds, 3.0)))
            first = memory(process)
            rows = []
            for number in range(options.repeats):
                for clients in (1, options.clients) if number % 2 else (options.clients, 1):
                    rows.append(asyncio.run(load(port, bodies, clients, options.seconds)))
            time.sleep(REST)
            before = memory(process)
            rows.append({"what": "burst", **asyncio.run(burst(port, bodies, options.burst))})
            rows.append({"what": "oversized, malformed, slow, aborted", **asyncio.run(trouble(port, bodies[0]))})
            time.sleep(REST)
            after = memory(process)
    singles = [row["requests/s"] for row in rows if row["what"] == "1 clients"]
    many = [row["requests/s"] for row in rows if row["what"] == f"{options.clients} clients"]
    gain = sorted(many)[len(many) // 2] / sorted(singles)[len(singles) // 2]
    common.report(options, rows, gain=gain, memory_mib=[first, before, after])
    print(
        f"{gain:.2f} times the requests of one client; memory after some requests {first:.0f} MiB, before the burst",
        end=" ",
    )
    print(f"{before:.0f} MiB, after it {after:.0f} MiB")


def made(options: argparse.Namespace, scratch: Path) -> Path:
    """An untrained model, exported with int8."""
    from bench_predict import TASK, untrained

    from adaseq.data.dataset_manager import DatasetManager
    from adaseq.export.exporter import export_model

    dataset = {"data_file": {"test": str(options.sentences)}, "data_type": "conll"}
    model = untrained(DatasetManager.from_config(dataset, TASK, has_evaluation=False), options.backbone, scratch)
    export_model(model, scratch / "exported")
    return scratch / "exported"


@contextlib.contextmanager
def server(folder: Path, options: argparse.Namespace) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A server that is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    flags = [part for flag in options.serve for part in (f"--{flag.partition('=')[0]}", flag.partition("=")[2])]
    if options.threads is not None:
        flags += ["--threads", str(options.threads)]
    command = [sys.executable, "-m", "adaseq", "serve", "-m", str(folder), "--port", str(port), *flags]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            while process.poll() is None:
                with contextlib.suppress(urllib.error.URLError, ConnectionError):
                    if urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz").status == 200:
                        break
                time.sleep(0.05)
            yield port, process
        finally:
            process.terminate()
            process.wait(60)


async def load(port: int, bodies: list[bytes], clients: int, seconds: float) -> dict[str, Any]:
    """Requests of some clients, each of which sends the next one when it has its answer."""
    until = time.perf_counter() + seconds
    times: list[float] = []
    answers: Counter[int] = Counter()

    async def client(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < until:
            number += clients
            begin = time.perf_counter()
            answers[await ask(reader, writer, bodies[number % len(bodies)])] += 1
            times.append(time.perf_counter() - begin)
        writer.close()

    begin = time.perf_counter()
    await asyncio.gather(*(client(number) for number in range(clients)))
    taken = time.perf_counter() - begin
    times.sort()
    return {
        "what": f"{clients} clients",
        "requests/s": len(times) / taken,
        "p50 ms": times[len(times) // 2] * 1000,
        "p99 ms": times[int(len(times) * 0.99)] * 1000,
        "answers": told(answers),
    }


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> int:
    """Send a request and read its answer; the status."""
    writer.write(HEADERS.format(len(body)).encode() + body)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
    await reader.readexactly(length)
    return int(head.split()[1])


async def burst(port: int, bodies: list[bytes], count: int) -> dict[str, Any]:
    """As many requests as that at once, each over a connection of its own, as many as this process may open."""
    answers: Counter[Any] = Counter()
    gate = asyncio.Semaphore(min(count, 4000))

    async def one(number: int) -> None:
        async with gate:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                answers[await ask(reader, writer, bodies[number % len(bodies)])] += 1
                writer.close()
            except (OSError, asyncio.IncompleteReadError) as error:
                answers[type(error).__name__] += 1

    begin = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(count)))
    return {"requests/s": count / (time.perf_counter() - begin), "answers": told(answers)}


async def trouble(port: int, body: bytes) -> dict[str, Any]:
    """Requests that are too large, broken, too slow or given up."""
    sent = [
        HEADERS.format(1 << 30).encode(),
        HEADERS.format(10).encode() + b"{" * 10,
        b"nonsense\r\n\r\n",
        HEADERS.format(100).encode() + b"{",
        HEADERS.format(len(body)).encode() + body,
    ]
    answers: Counter[Any] = Counter()

    async def one(number: int) -> None:
        kind = number % len(sent)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent[kind])
        if kind == len(sent) - 1:
            writer.transport.abort()
            answers["aborted"] += 1
            return
        answer = await reader.read(100)
        answers[answer.split()[1].decode() if answer else "closed"] += 1
        writer.close()

    await asyncio.gather(*(one(number) for number in range(200)))
    return {"answers": told(answers)}


def told(answers: Counter[Any]) -> str:
    """How often each answer came."""
    return ", ".join(f"{count} × {answer}" for answer, count in sorted(answers.items(), key=str))


def memory(process: subprocess.Popen[bytes]) -> float:
    """The memory of a process, in MiB."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
