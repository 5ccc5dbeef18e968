"""`adaseq serve`: models behind an HTTP API."""

from __future__ import annotations

import argparse
import math

from adaseq.commands.flags import add_import_flag, import_modules
from adaseq.utils.logging import logging_to

_POSITIVE = (
    *("port", "threads", "workers", "batch_tokens", "max_batch_words", "max_body_bytes", "max_texts"),
    *("max_text_length", "max_requests", "max_waiting_texts", "timeout", "body_timeout", "idle_timeout"),
)
HELP = "serve models over HTTP: a page for people, an API for programs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument(
        "-m",
        "--model",
        action="append",
        required=True,
        dest="models",
        metavar="[NAME=]FOLDER",
        help="an exported folder or a model folder, or a name on a hub (repeatable; the first is the default)",
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at; this machine only by default")
    parser.add_argument("--port", type=int, default=8000, help="8000 by default")
    parser.add_argument(
        "--runtime", choices=("torch", "onnx", "auto"), default="auto", help="by default what the folder is made for"
    )
    parser.add_argument("-d", "--device", default="cpu", help="of torch: cpu (the default), gpu, cuda:1, mps")
    parser.add_argument(
        "--token",
        metavar="VARIABLE",
        help="the variable of the environment that holds the token which requests must show",
    )
    parser.add_argument(
        "--allowed_host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name under which requests reach the server",
    )
    parser.add_argument(
        "--threads", type=int, metavar="N", help="threads that compute one batch; one per core by default"
    )
    parser.add_argument(
        "--workers", type=int, default=1, metavar="N", help="batches that are computed at the same time (1)"
    )
    parser.add_argument("--batch_tokens", type=int, metavar="N", help="the most pieces in a batch of the network")
    parser.add_argument(
        "--max_batch_words",
        type=int,
        default=4096,
        metavar="N",
        help="requests are put together up to so many words (4096)",
    )
    parser.add_argument(
        "--max_wait_ms", type=float, default=2.0, metavar="MS", help="how long a request waits for others (2)"
    )
    parser.add_argument("--max_body_bytes", type=int, default=4 << 20, metavar="N", help="of one request (4 MiB)")
    parser.add_argument(
        "--max_texts", type=int, default=256, metavar="N", help="in one request, and mentions in one text (256)"
    )
    parser.add_argument(
        "--max_text_length", type=int, default=100_000, metavar="N", help="characters of a text (100000)"
    )
    parser.add_argument("--max_requests", type=int, default=2048, metavar="N", help="at the same time (2048)")
    parser.add_argument("--max_waiting_texts", type=int, default=8192, metavar="N", help="of one model (8192)")
    parser.add_argument("--timeout", type=float, default=30.0, metavar="S", help="seconds that a request may take (30)")
    parser.add_argument(
        "--body_timeout", type=float, default=10.0, metavar="S", help="seconds for its body to arrive (10)"
    )
    parser.add_argument(
        "--idle_timeout", type=float, default=15.0, metavar="S", help="seconds for idle connections (15)"
    )
    parser.add_argument(
        "--grace", type=float, default=30.0, metavar="S", help="seconds for requests to end at a stop (30)"
    )
    add_import_flag(parser)


def run(args: argparse.Namespace) -> int:
    """Serve."""
    from adaseq.errors import AdaSeqError
    from adaseq.serving.limits import Limits
    from adaseq.serving.models import ModelOptions, read_names
    from adaseq.serving.server import ServerOptions, is_loopback, serve

    for name in _POSITIVE:
        value = getattr(args, name)
        if value is not None and not 0 < value < math.inf:
            raise AdaSeqError(f"--{name} is a number above 0; received {value}")
    for name in ("grace", "max_wait_ms"):
        if not 0 <= getattr(args, name) < math.inf:
            raise AdaSeqError(f"--{name} is a number from 0 on; received {getattr(args, name)}")
    if args.port > 65535:
        raise AdaSeqError(f"--port is a number up to 65535; received {args.port}")
    limits = Limits(
        max_body_bytes=args.max_body_bytes,
        max_texts=args.max_texts,
        max_text_length=args.max_text_length,
        timeout=args.timeout,
        body_timeout=args.body_timeout,
        idle_timeout=args.idle_timeout,
        max_requests=args.max_requests,
        max_waiting_texts=args.max_waiting_texts,
    )
    options = ServerOptions(
        host=args.host,
        port=args.port,
        token_variable=args.token,
        allowed_hosts=args.allowed_host,
        workers=args.workers,
        max_wait=args.max_wait_ms / 1000,
        max_batch_words=args.max_batch_words,
        grace=args.grace,
        limits=limits,
        model=ModelOptions(args.runtime, args.device, args.threads, args.batch_tokens),
    )
    import_modules(args)
    with logging_to():
        if args.token is None and not is_loopback(args.host):
            print(
                f"warning: everybody who reaches {args.host} can use the models; --token asks for a token", flush=True
            )
        print(f"http://{args.host}:{args.port}/ (Ctrl-C stops)", flush=True)
        serve(read_names(args.models), options)
    return 0
