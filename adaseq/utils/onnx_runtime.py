"""onnxruntime without its reports.

Its builds tell their makers what they run, and keep a number for the machine in the home folder, unless a variable of the
environment says no before they are imported.
"""

from __future__ import annotations

import os
from typing import Any


def import_onnxruntime() -> Any:
    """The package.

    Raises:
        ImportError: it is not installed.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    return onnxruntime
