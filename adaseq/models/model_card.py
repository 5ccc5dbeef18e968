"""The README of a model folder, in English and Chinese: what the model finds, how well, and how it came about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath
from typing import Any

import yaml

from adaseq.config.writer import to_yaml, without_secrets
from adaseq.metainfo import Tasks
from adaseq.utils.files import atomic_write
from adaseq.utils.terminal import harmless
from adaseq.utils.urls import is_url, redacted
from adaseq.version import __version__

PLACE = "path/to/this/folder"
"""Stands in a card for the place that the model is loaded from, until it is published."""
LABELS, EXAMPLES = "## Labels / 标签", "examples / 例子"
"""The heading of the section of labels, and the column in its table that shows training data."""

# What Hugging Face calls the tasks.
_HF_TASKS = {
    Tasks.NAMED_ENTITY_RECOGNITION: "token-classification",
    Tasks.PART_OF_SPEECH: "token-classification",
    Tasks.WORD_SEGMENTATION: "token-classification",
    Tasks.CHUNKING: "token-classification",
    Tasks.TEXT_CLASSIFICATION: "text-classification",
    Tasks.RELATION_EXTRACTION: "text-classification",
    Tasks.ENTITY_TYPING: "text-classification",
}

# The label maps of a configuration.
_LISTED_ABOVE = ("id_to_label", "label_to_id", "labels")

_CARD = """# {name}

A model for {task}, saved by AdaSeq {version}.

由 AdaSeq {version} 保存的 {task} 模型。

## How to use / 使用方法

With AdaSeq installed: 安装 AdaSeq 后：

```shell
adaseq predict -m {place} -i {input} -o output.jsonl
```

```python
import adaseq

predictor = adaseq.load("{place}")
print(predictor({sample}))
```

A result has the type and the probability of everything found, and its place in the text where it has one.
结果含每一处的类型、概率，以及在文本中的位置（如果有）。

{labels}

## Scores / 评测结果

{scores}

## Training / 训练

{training}
"""


@dataclass(frozen=True)
class RunFacts:
    """What a run knows about its model.

    Args:
        examples: a few expressions of each label, from the training data.
        counts: how often each label occurs in the training data.
        type_scores: `precision`, `recall`, `f1` and `support` of each label on the test data.
        valid: the validation scores of the best epoch.
        sizes: the number of examples of each split.
        fingerprints: what stands for the content of each split.
        versions: of the libraries.
        facts: what else is worth a line: seed, best epoch.
    """

    examples: Mapping[str, Sequence[str]] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    type_scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    valid: Mapping[str, Any] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


def write_model_card(
    path: Path,
    config: Mapping[str, Any],
    labels: Sequence[str],
    scores: Mapping[str, Any] | None,
    run: RunFacts | None = None,
) -> None:
    """Write what the model does, its labels, its scores, how to use it and how it came about.

    Args:
        path: the file.
        config: the configuration of the run.
        labels: the label types.
        scores: the test scores; None when the model has not been tested.
        run: what else the run knows.
    """
    with atomic_write(path) as file:
        file.write(model_card(config, labels, scores, run))


def model_card(
    config: Mapping[str, Any], labels: Sequence[str], scores: Mapping[str, Any] | None, run: RunFacts | None = None
) -> str:
    """The text of that card; it names no folder of this machine."""
    run = run or RunFacts()
    task = str(config["task"])
    name = str((config.get("experiment") or {}).get("exp_name") or "").strip("/ ")
    name = task if name in ("", "unknown") else name
    is_chinese = (config.get("preprocessor") or {}).get("text_splitter") == "char"
    body = _CARD.format(
        name=_cell(name),
        task=task,
        version=__version__,
        place=PLACE,
        input="input.jsonl" if task == Tasks.ENTITY_TYPING else "input.txt",
        sample=_sample(task, is_chinese),
        labels=_labels(labels, run),
        scores=_scores(scores or {}, run),
        training=_training(config, run),
    )
    return harmless(f"---\n{_metadata(config, name, scores or {}, is_chinese)}---\n\n{body}")


def _sample(task: str, is_chinese: bool) -> str:
    """What a predictor may be asked, as Python."""
    name, place = ("王小明", "杭州") if is_chinese else ("Mary Jones", "Lisbon")
    form = "{}去年到{}工作。" if is_chinese else "{} moved to {} last year."
    if task == Tasks.RELATION_EXTRACTION:
        return f'"{form.format(f"<e1>{name}</e1>", f"<e2>{place}</e2>")}"'
    text = f'"{form.format(name, place)}"'
    return f'{{"text": {text}, "mentions": [[0, {len(name)}]]}}' if task == Tasks.ENTITY_TYPING else text


def _metadata(config: Mapping[str, Any], name: str, scores: Mapping[str, Any], is_chinese: bool) -> str:
    """What the hubs read: the keys of both."""
    task = str(config["task"])
    metadata: dict[str, Any] = {"library_name": "adaseq", "tags": ["adaseq", task]}
    if task in _HF_TASKS:
        metadata["pipeline_tag"] = _HF_TASKS[task]
    metadata |= {"frameworks": ["pytorch"], "domain": ["nlp"], "tasks": [task]}
    if is_chinese:
        metadata["language"] = ["zh"]
    backbone = ((config.get("model") or {}).get("embedder") or {}).get("model_name_or_path")
    if (
        isinstance(backbone, str)
        and backbone.count("/") <= 1
        and _shown_text(backbone) == backbone
        and "." != backbone[:1]
    ):
        metadata["base_model"] = backbone
    numbers = _numbers(scores)
    if numbers:
        metrics = [{"type": key, "value": round(value, 4)} for key, value in numbers.items()]
        result = {
            "task": {"type": _HF_TASKS.get(task, task)},
            "dataset": {"name": name, "type": name, "split": "test"},
            "metrics": metrics,
        }
        metadata["model-index"] = [{"name": name, "results": [result]}]
    return yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True)


def _labels(labels: Sequence[str], run: RunFacts) -> str:
    columns = ["label / 标签"]
    columns += ["in the training data / 训练集中的个数"] if run.counts else []
    columns += [EXAMPLES] if run.examples else []
    rows = []
    for label in labels:
        row = [_cell(label) or "(no type)"]
        row += [str(run.counts.get(label, 0))] if run.counts else []
        row += ["; ".join(map(_cell, run.examples.get(label, ())))] if run.examples else []
        rows.append(row)
    return f"{LABELS}\n\n{_table(columns, rows) if rows else 'none / 无'}"


def _scores(scores: Mapping[str, Any], run: RunFacts) -> str:
    splits = {"test / 测试集": _numbers(scores), "validation / 验证集": _numbers(run.valid)}
    splits = {title: numbers for title, numbers in splits.items() if numbers}
    if not splits:
        return "not tested / 未测试"
    names = dict.fromkeys(name for numbers in splits.values() for name in numbers)
    rows = [[name, *(_number(numbers.get(name)) for numbers in splits.values())] for name in names]
    parts = [_table(["metric / 指标", *splits], rows)]
    if run.type_scores:
        columns = ("precision", "recall", "f1", "support")
        per_type = [
            [_cell(label) or "(no type)", *(_number(values.get(column)) for column in columns)]
            for label, values in run.type_scores.items()
        ]
        parts += ["On the test data, by label / 测试集上各标签：", _table(["label / 标签", *columns], per_type)]
    return "\n\n".join(parts)


def _training(config: Mapping[str, Any], run: RunFacts) -> str:
    parts = []
    if run.fingerprints:
        rows = [[split, str(run.sizes.get(split, "")), f"`{mark[:16]}`"] for split, mark in run.fingerprints.items()]
        parts.append(_table(["data / 数据", "examples / 样本数", "fingerprint / 指纹"], rows))
    facts = {**run.facts, **run.versions}
    if facts:
        parts.append(_table(["", ""], [[_cell(key), _cell(value)] for key, value in facts.items()]))
    sections = ("task", "dataset", "preprocessor", "data_collator", "model", "train", "evaluation")
    content = {key: _public(without_secrets(config[key])) for key in sections if config.get(key) is not None}
    text = to_yaml(content).replace("```", "'''")
    parts.append(f"<details>\n<summary>Configuration / 配置</summary>\n\n```yaml\n{text}```\n\n</details>")
    return "\n\n".join(parts)


def _public(value: Any) -> Any:
    """A copy in which a place on this machine is its last part alone; its keys have one order, whoever wrote them."""
    if isinstance(value, Mapping):
        keys = sorted(
            (key for key in value if not str(key).endswith(_LISTED_ABOVE)), key=lambda key: (key != "type", str(key))
        )
        return {key: _public(value[key]) for key in keys}
    if isinstance(value, (list, tuple)):
        return [_public(each) for each in value]
    return _shown_text(value) if isinstance(value, str) else value


def _shown_text(text: str) -> str:
    if is_url(text):
        return redacted(text)
    is_place = text.startswith(("/", "~", "../")) or PureWindowsPath(text).drive != ""
    return PureWindowsPath(text).name if is_place and len(text) > 1 else text


def _numbers(scores: Mapping[str, Any]) -> dict[str, float]:
    return {key: value for key, value in scores.items() if isinstance(value, float)}


def _number(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else "" if value is None else str(value)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cell(value: Any) -> str:
    """Text that ends no cell, and that no reader of Markdown takes for markup."""
    text = " ".join(harmless(str(value)).split())
    for character in ("\\", "|", "`", "*", "_", "[", "]"):
        text = text.replace(character, f"\\{character}")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
