"""Imports what every training imports, once for all processes that are forked after it."""

from __future__ import annotations

import torch._dynamo  # noqa: F401 - the first optimizer of a process would import it

import adaseq.commands.train
import adaseq.training.test
import adaseq.training.train  # noqa: F401
from adaseq.registry import import_tree

for package in ("adaseq.data", "adaseq.metrics", "adaseq.models", "adaseq.modules", "adaseq.training"):
    import_tree(package)
