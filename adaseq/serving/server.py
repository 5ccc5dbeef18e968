"""The server: loads the models while it already answers that it is not ready, and stops without losing a request."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import math
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adaseq.errors import AdaSeqError
from adaseq.serving.limits import Limits
from adaseq.serving.models import ModelOptions, load_model
from adaseq.utils.memory import give_memory_back

logger = logging.getLogger(__name__)

_LOCAL = ("localhost", "127.0.0.1", "[::1]", "::1")


@dataclass(frozen=True)
class ServerOptions:
    """How a server runs.

    Attributes:
        host: the address that it listens at.
        port: the port.
        token_variable: the variable of the environment that holds the token; None for no token.
        allowed_hosts: names under which it is known, beside those of this machine.
        workers: how many batches of a model are predicted at the same time.
        max_wait: how many seconds a request waits for others that could share its batch.
        max_batch_words: how many words are predicted together.
        grace: how many seconds requests may take to end when the server stops.
        limits: what requests may ask for.
        model: how models are run.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token_variable: str | None = None
    allowed_hosts: Sequence[str] = ()
    workers: int = 1
    max_wait: float = 0.002
    max_batch_words: int = 4096
    grace: float = 30.0
    limits: Limits = field(default_factory=Limits)
    model: ModelOptions = field(default_factory=ModelOptions)


def serve(folders: Mapping[str, str], options: ServerOptions) -> None:
    """Serve models until the process is told to stop.

    Args:
        folders: model folders by the names of models; the first is the default.
        options: how.

    Raises:
        AdaSeqError: a model cannot be loaded, the port is taken, or what it takes is not installed.
    """
    try:
        import uvicorn
    except ImportError as error:
        raise AdaSeqError("serving needs FastAPI and uvicorn: pip install 'adaseq[serve]'") from error
    from adaseq.serving.app import Service, create_app
    from adaseq.serving.door import Door, Line
    from adaseq.serving.guard import count_request
    from adaseq.serving.metrics import Metrics
    from adaseq.serving.protocol import impatient_protocol

    token = read_token(options.token_variable)
    metrics = Metrics()
    service = Service(
        list(folders),
        options.limits,
        metrics,
        max_wait=options.max_wait,
        max_batch_words=options.max_batch_words,
        workers=options.workers,
        on_idle=give_memory_back,
    )
    failures: list[Exception] = []

    def load() -> None:
        try:
            for name, folder in folders.items():
                service.add(load_model(name, folder, options.model))
            logger.info("ready: %s", ", ".join(folders))
        except Exception as error:  # noqa: BLE001 raised again when the server has stopped
            failures.append(error)
            server.should_exit = True

    def start() -> None:
        threading.Thread(target=load, name="load-models", daemon=True).start()

    app = create_app(service, token=token, hosts=known_hosts(options), start=start)
    line = Line(options.limits, lambda: app.answering, refused=lambda: count_request(metrics, "other", 503))
    protocol = impatient_protocol(options.limits.idle_timeout)

    def connect(**arguments: Any) -> Door:
        return Door(line, arguments["server_state"].connections, lambda: protocol(**arguments))

    config = uvicorn.Config(
        app,
        host=options.host,
        port=options.port,
        http=connect,  # type: ignore[arg-type]
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=math.ceil(options.grace),
        backlog=4096,
    )
    server: Any = _server_class(uvicorn)(config)
    _allow_many_connections()
    try:
        server.run()
    except SystemExit:  # uvicorn has logged why it cannot listen
        raise AdaSeqError(f"cannot listen at {options.host}:{options.port}: is the port taken?") from None
    if failures:
        raise failures[0]


def read_token(variable: str | None) -> str | None:
    """The token in a variable of the environment.

    Raises:
        AdaSeqError: the variable is not set, or the token is too short to keep anybody out.
    """
    if variable is None:
        return None
    token = os.environ.get(variable, "").strip()
    if len(token) < 16 or not token.isascii():
        raise AdaSeqError(
            f"the variable {variable} of the environment must hold the token, at least 16 ASCII characters; make one with "
            "python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    return token


def known_hosts(options: ServerOptions) -> frozenset[str] | None:
    """The names in the header `Host` that are answered; None for any, where the server listens to other machines anyway."""
    if not options.allowed_hosts and not is_loopback(options.host):
        return None
    return frozenset(each.lower() for each in (*_LOCAL, options.host, *options.allowed_hosts))


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _server_class(uvicorn: Any) -> Any:
    class Server(uvicorn.Server):
        """Ends with status 0 when it was told to stop, and has stopped well."""

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            with super().capture_signals():
                yield
                self._captured_signals.clear()

    return Server


def _allow_many_connections() -> None:
    """Raise the number of open files to what the system allows."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
