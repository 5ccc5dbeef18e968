"""`metrics.json`: one JSON object a line, appended as the run goes on."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from adaseq.utils.files import writing


class MetricsLog:
    """A file of JSON lines that can be cut back to an earlier moment.

    Args:
        path: the file.
        rounding_digits: numbers are rounded to so many digits after the point.
        exact: keys whose numbers are not rounded.
    """

    def __init__(self, path: Path, rounding_digits: int = 5, exact: Collection[str] = ("lr",)) -> None:
        self.path = path
        self.rounding_digits = rounding_digits
        self.exact = frozenset(exact)

    def append(self, line: dict[str, Any]) -> None:
        """Write one line."""
        rounded = {key: self._rounded(value, key in self.exact) for key, value in line.items()}
        with writing(self.path):
            length = self.path.stat().st_size if self.path.exists() else 0
            try:
                with open(self.path, "a", encoding="utf-8", newline="\n") as file:
                    file.write(json.dumps(rounded, ensure_ascii=False) + "\n")
            except OSError:
                self.cut(length)  # a full disk may have taken a part of the line
                raise

    def position(self) -> int:
        """The length of the file in bytes, once all of it has reached the disk."""
        if not self.path.exists():
            return 0
        with open(self.path, "rb+") as file:
            os.fsync(file.fileno())
            return file.seek(0, os.SEEK_END)

    def cut(self, position: int) -> None:
        """Forget the lines behind a position: the steps that wrote them are about to be taken again."""
        with writing(self.path):
            if self.path.exists() and self.path.stat().st_size > position:
                os.truncate(self.path, position)

    def _rounded(self, value: Any, is_exact: bool) -> Any:
        if isinstance(value, float):
            if not math.isfinite(value):  # JSON has no infinity and no NaN
                return None
            return value if is_exact else round(value, self.rounding_digits)
        if isinstance(value, dict):
            return {key: self._rounded(each, is_exact) for key, each in value.items()}
        return value
