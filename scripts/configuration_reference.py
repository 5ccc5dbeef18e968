"""Writes the tables of docs/configuration.md and docs/configuration_zh.md from the JSON Schema of configurations.

    python scripts/configuration_reference.py            # write both pages
    python scripts/configuration_reference.py --check    # exit status 1 if one of them is out of date

The prose around the tables is written by hand and stays. The Chinese page takes its help texts from
scripts/configuration_zh.yaml; a text that is not translated there stays English, and is listed on standard error.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

PAGES = {"en": ROOT / "docs" / "configuration.md", "zh": ROOT / "docs" / "configuration_zh.md"}
TRANSLATIONS = ROOT / "scripts" / "configuration_zh.yaml"
BEGIN = "<!-- begin: written by scripts/configuration_reference.py -->"
END = "<!-- end: written by scripts/configuration_reference.py -->"

WORDS = {
    "en": {
        "heads": "| key | value | default | meaning |",
        "integer": "whole number",
        "number": "number",
        "string": "text",
        "boolean": "true, false",
        "object": "mapping",
        "array": "list",
        "list of": "list of {}",
        "or": " or ",
        "required": "required",
        "top": "Top level",
        "common": "all formats",
        "torch": "Classes of PyTorch, with the arguments that PyTorch gives them: {}.",
        "extras": "Beside the arguments of each type:",
        "group": "Beside the arguments of the optimizer (`lr`, `weight_decay`, …):",
    },
    "zh": {
        "heads": "| 键 | 值 | 默认值 | 含义 |",
        "integer": "整数",
        "number": "数",
        "string": "文本",
        "boolean": "true、false",
        "object": "映射",
        "array": "列表",
        "list of": "{}的列表",
        "or": " 或 ",
        "required": "必填",
        "top": "顶层",
        "common": "所有格式",
        "torch": "PyTorch 的类，参数与 PyTorch 中的相同：{}。",
        "extras": "除各类型自己的参数外：",
        "group": "除优化器的参数（`lr`、`weight_decay` 等）外：",
    },
}
# The headings behind the top level: the place in the YAML, and the definition or the kind of component that it takes.
PLACES = (
    ("experiment", "Experiment"),
    ("dataset", "dataset"),
    ("dataset.labels", "LabelCounter"),
    ("preprocessor", "preprocessor"),
    ("data_collator", "data collator"),
    ("model", "model"),
    ("model.embedder", "embedder"),
    ("model.encoder", "encoder"),
    ("model.loss", "loss"),
    ("train", "Train"),
    ("train.dataloader", "TrainDataLoader"),
    ("train.optimizer", "optimizer"),
    ("train.optimizer.param_groups", "parameter group AdamW"),
    ("train.optimizer.options", "OptimizerOptions"),
    ("train.optimizer.options.grad_clip", "GradClip"),
    ("train.lr_scheduler", "learning-rate scheduler"),
    ("train.lr_scheduler.options", "SchedulerOptions"),
    ("train.lr_scheduler.options.warmup", "Warmup"),
    ("train.lr_scheduler_hook", "SchedulerHook"),
    ("train.hooks", "hook"),
    ("evaluation", "Evaluation"),
    ("evaluation.dataloader", "EvaluationDataLoader"),
    ("evaluation.metrics", "metric"),
    ("parallel", "Parallel"),
)
_HEADING_OF = {definition: place for place, definition in PLACES}
# Kinds with classes of PyTorch among them: only the keys that these share with ours, and their names, are listed.
_WITH_TORCH = {
    "optimizer": ("param_groups", "layer_decay", "options"),
    "learning-rate scheduler": ("warmup_rate", "warmup_steps", "options"),
}

Schema = dict[str, Any]


class Page:
    """The tables in one language.

    Args:
        schema: the JSON Schema of configurations.
        language: en or zh.
        translate: gives the help text in that language.
    """

    def __init__(self, schema: Schema, language: str, translate: Callable[[str], str]) -> None:
        self._schema = schema
        self._definitions: dict[str, Schema] = schema["$defs"]
        self._words = WORDS[language]
        self._translate = translate

    def text(self) -> str:
        """All headings and tables."""
        blocks = [f"## {self._words['top']}", self._table(self._schema)]
        for place, name in PLACES:
            blocks.append(f"## {place}")
            if name == "dataset":
                blocks += self._dataset()
            elif name.startswith("parameter group"):
                blocks += self._parameter_group(name)
            elif name in self._definitions and "properties" in self._definitions[name]:
                blocks.append(self._table(self._definitions[name]))
            else:
                blocks += self._kind(name)
        return "\n\n".join(blocks)

    def _dataset(self) -> Iterator[str]:
        section = self._schema["properties"]["dataset"]
        yield f"### {self._words['common']}"
        yield self._table(section)
        shared = set(section["properties"])
        for names, definition in self._types("dataset"):
            own = {key: value for key, value in definition["properties"].items() if key not in shared}
            yield from self._component(names, {**definition, "properties": own})

    def _parameter_group(self, name: str) -> Iterator[str]:
        """Only its own keys; the others are those of the optimizer, which PyTorch explains."""
        definition = self._definitions[name]
        others = self._definitions[name.replace("parameter group", "optimizer")]["properties"]
        own = {key: value for key, value in definition["properties"].items() if key not in others}
        yield self._words["group"]
        yield self._table({**definition, "properties": own})

    def _kind(self, kind: str) -> Iterator[str]:
        torch_names = []
        extras = _WITH_TORCH.get(kind, ())
        if extras:
            some = self._definitions[f"{kind} {'AdamW' if kind == 'optimizer' else 'linear'}"]
            yield self._words["extras"]
            yield self._table({"properties": {key: some["properties"][key] for key in extras}})
        for names, definition in self._types(kind):
            own = {key: value for key, value in definition["properties"].items() if key not in (*extras, "param_group")}
            if extras and names[0][0].isupper():
                torch_names += names
            else:
                yield from self._component(names, {**definition, "properties": own})
        if torch_names:
            yield self._words["torch"].format(", ".join(f"`{name}`" for name in torch_names))

    def _types(self, kind: str) -> Iterator[tuple[list[str], Schema]]:
        """The types of a kind, those that mean the same together."""
        same: dict[str, list[str]] = {}
        for key, definition in self._definitions.items():
            if key.startswith(f"{kind} "):
                same.setdefault(json.dumps(definition), []).append(key.removeprefix(f"{kind} "))
        for text, names in same.items():
            yield names, json.loads(text)

    def _component(self, names: list[str], definition: Schema) -> Iterator[str]:
        yield "### " + ", ".join(names)
        if "description" in definition:
            yield self._sentence(definition["description"])
        if any(key != "type" for key in definition["properties"]):
            yield self._table(definition)

    def _table(self, definition: Schema) -> str:
        rows = [self._words["heads"], "|---|---|---|---|"]
        for key, value in definition["properties"].items():
            if (key == "type" and set(value) == {"description"}) or value.get("deprecated"):
                continue
            is_required = key in definition.get("required", ())
            default = self._words["required"] if is_required else _literal(value.get("default"))
            meaning = self._sentence(value.get("description", "")).rstrip(".。")
            rows.append(
                "| "
                + " | ".join(each.replace("|", "\\|") for each in (f"`{key}`", self._value(value), default, meaning))
                + " |"
            )
        return "\n".join(rows)

    def _sentence(self, text: str) -> str:
        return self._translate(" ".join(text.split())) if text else ""

    def _value(self, value: Schema) -> str:
        options = list(dict.fromkeys(self._options(value)))
        return self._words["or"].join(options)

    def _options(self, value: Schema) -> Iterator[str]:
        """What may stand there; nothing (null) and variables may stand in most places and are not listed."""
        if "$ref" in value:
            name = value["$ref"].removeprefix("#/$defs/").replace("%20", " ")
            if name in _HEADING_OF:
                yield f"[{_HEADING_OF[name]}](#{_HEADING_OF[name].replace('.', '')})"
            elif name != "variable":
                yield self._words["object"]
        elif "enum" in value:
            yield ", ".join(f"`{each}`" for each in value["enum"])
        elif "const" in value:
            yield _literal(value["const"])
        elif "anyOf" in value:
            for each in value["anyOf"]:
                yield from self._options(each)
        elif value.get("pattern") == ":":
            yield "`module:Class`"
        elif value.get("type") == "array" and "items" in value:
            yield self._words["list of"].format(self._value(value["items"]))
        elif isinstance(value.get("type"), list):
            for each in value["type"]:
                yield from self._options({**value, "type": each})
        elif value.get("type") in self._words:
            yield self._words[value["type"]]


def _literal(value: Any) -> str:
    if value is None:
        return ""
    return f"`{value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}`"


def render(schema: Schema, language: str, missing: set[str]) -> str:
    """The whole page: the prose as it stands, with new tables.

    Args:
        schema: the JSON Schema of configurations.
        language: en or zh.
        missing: gets the help texts that are not translated.
    """
    known = yaml.safe_load(TRANSLATIONS.read_text(encoding="utf-8")) if language == "zh" else {}

    def translate(text: str) -> str:
        if language == "zh" and text not in known:
            missing.add(text)
        return known.get(text, text)

    before, _, rest = PAGES[language].read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{Page(schema, language, translate).text()}\n\n{END}{after}"


def main() -> int:
    """Write or check the pages."""
    from adaseq.config.schema import json_schema

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit status 1 if a page is out of date")
    options = parser.parse_args()
    schema = json_schema()
    missing: set[str] = set()
    stale = []
    for language, page in PAGES.items():
        text = render(schema, language, missing)
        if text != page.read_text(encoding="utf-8"):
            stale.append(page.name)
            if not options.check:
                page.write_text(text, encoding="utf-8")
    for text in sorted(missing) if not options.check else ():
        print(f"not translated: {text}", file=sys.stderr)
    print(("out of date: " if options.check else "written: ") + (", ".join(stale) or "none"))
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
