"""The README of a model folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adaseq.utils.files import atomic_write
from adaseq.version import __version__

_CARD = """---
library_name: adaseq
tags:
- {task}
---

# {name}

A model for {task}, trained with AdaSeq {version}.
用 AdaSeq {version} 训练的 {task} 模型。

## Labels / 标签

{labels}

## Test scores / 测试结果

{scores}

## How to use / 使用方法

```python
import adaseq

predictor = adaseq.load("path/to/this/folder")
print(predictor("…"))
```

```shell
adaseq predict -m path/to/this/folder -i input.txt -o output.jsonl
```
"""


def write_model_card(
    path: Path, config: Mapping[str, Any], labels: Sequence[str], scores: Mapping[str, Any] | None
) -> None:
    """Write what the model does, its labels, its scores and how to use it.

    Args:
        path: the file.
        config: the configuration of the run.
        labels: the label types.
        scores: the test scores; None when the model has not been tested.
    """
    numbers = {k: v for k, v in (scores or {}).items() if isinstance(v, float)}
    table = "\n".join(["| metric | value |", "|---|---|", *(f"| {k} | {v:.4f} |" for k, v in numbers.items())])
    name = (config.get("experiment") or {}).get("exp_name") or config["task"]
    text = _CARD.format(
        task=config["task"],
        name=str(name).strip("/"),
        version=__version__,
        labels="\n".join(f"- {label or '(no type)'}" for label in labels) or "none",
        scores=table if numbers else "not tested / 未测试",
    )
    with atomic_write(path) as file:
        file.write(text)
