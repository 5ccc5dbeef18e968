"""Memory that was freed."""

import platform
import subprocess
import sys

import pytest

# How many MiB the system clears while arrays of 64, 63, … 55 MiB are made and freed one after the other.
SCRIPT = """
import resource, sys
import torch
from adaseq.utils.memory import keep_memory
if sys.argv[1] == "keep":
    keep_memory()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for size in range(64, 54, -1):
    torch.ones(size << 18)
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) * resource.getpagesize() >> 20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="keep_memory sets what only the allocator of glibc has")
def test_kept_memory_is_cleared_once():
    cleared = {}
    for how in ("plain", "keep"):
        finished = subprocess.run(
            [sys.executable, "-c", SCRIPT, how], capture_output=True, encoding="utf-8", check=True
        )
        cleared[how] = int(finished.stdout)
    assert cleared["keep"] < 3 * 64 < cleared["plain"]
