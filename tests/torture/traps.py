"""What does harm when it is run, read as code, or obeyed; harmlessly: all that is done is to touch a file."""

from __future__ import annotations

import contextlib
import io
import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HOSTILE = "<script>alert(1)</script>|`x`\x1b[31m\x1b]0;t\x07\x9b2J\u202e"
"""Text that closes, steers and reorders wherever it is not only shown."""


class Trap:
    """Touches a file when it is unpickled.

    Args:
        folder: where.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / "sprung"

    def __reduce__(self) -> Any:
        return Path.touch, (self.file,)

    @property
    def code(self) -> str:
        """A program that springs it."""
        return f"import pathlib\npathlib.Path({str(self.file)!r}).touch()\n"

    def pickles(self) -> dict[str, bytes]:
        """Itself in the forms of files of weights: bare, in a dict, and as `torch.save` writes it."""
        saved = io.BytesIO()
        with zipfile.ZipFile(saved, "w") as archive:
            archive.writestr("archive/data.pkl", pickle.dumps({"linear.bias": self}, 2))
            archive.writestr("archive/version", "3\n")
        return {
            "bare": pickle.dumps(self, 2),
            "in a dict": pickle.dumps({"linear.bias": self}, 2),
            "saved": saved.getvalue(),
        }


@contextlib.contextmanager
def armed(folder: Path) -> Iterator[Trap]:
    """A trap that must not have sprung when the block ends.

    Args:
        folder: where it touches a file.
    """
    trap = Trap(folder)
    yield trap
    assert not trap.file.exists(), "the code of a stranger has been run"
