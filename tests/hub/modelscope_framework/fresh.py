"""What runs in a fresh process: `python fresh.py CODE_FILE RESULT_FILE`. Shut off from the world, and it says what it tried.

The code finds `out`, a dictionary, which goes into the result as JSON, with `connections` (what was asked of the network
beyond this machine, and refused) and `programs` (the processes that were started).
"""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from typing import Any

HERE = ("127.", "::1", "localhost")
connections: list[str] = []
programs: list[str] = []


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Note connections and processes; see `sys.addaudithook`."""
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        if event == "subprocess.Popen":
            programs.append(" ".join(map(str, arguments[1])))
        return
    if host is not None and not str(host).startswith(HERE):
        connections.append(str(host))
        raise OSError(f"the network is closed: {host!r}")


if __name__ == "__main__":
    sys.addaudithook(watch)
    code, result = map(Path, sys.argv[1:])
    # As if it were run by itself: nothing of the tests can be imported.
    sys.path.pop(0)
    out: dict[str, Any] = {}
    runpy.run_path(str(code), {"out": out}, "__main__")
    answer = {**out, "connections": connections, "programs": programs}
    result.write_text(json.dumps(answer, ensure_ascii=False), encoding="utf-8")
