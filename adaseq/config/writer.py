"""From a configuration to YAML that reads back as the same configuration, here and in YAML 1.1 readers."""

from __future__ import annotations

import sys
from typing import Any

import yaml

from adaseq.config.problems import SECRETS
from adaseq.config.reader import is_text
from adaseq.config.substitution import escape
from adaseq.utils.urls import is_url, redacted


class _Dumper(yaml.SafeDumper):
    """Quotes whatever either YAML version would not read as text, and writes nothing as an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything in full."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists inside mappings."""
        super().increase_indent(flow, False)


class _Key(str):
    """Text that is the key of a mapping, where variables have no meaning."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    written = text if isinstance(text, _Key) else escape(text)
    # PyYAML would fold the rarer line breaks into blanks; only double quotes keep them.
    style = '"' if any(char in text for char in "\x85\u2028\u2029") else None if is_text(text) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", written, style)


def _represent_mapping(dumper: yaml.SafeDumper, mapping: dict[Any, Any]) -> yaml.MappingNode:
    pairs = [(_Key(key) if isinstance(key, str) else key, value) for key, value in mapping.items()]
    return dumper.represent_mapping("tag:yaml.org,2002:map", pairs)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(_Key, _represent_text)
_Dumper.add_representer(dict, _represent_mapping)


def to_yaml(value: Any) -> str:
    """The YAML text of a configuration or a part of it."""
    # Text stays on its line, so that a value can be put into other YAML.
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=sys.maxsize)


def without_secrets(value: Any) -> Any:
    """A copy without passwords and access tokens, at any depth and in addresses."""
    if is_url(value):
        return redacted(value)
    if isinstance(value, dict):
        return {key: without_secrets(each) for key, each in value.items() if key not in SECRETS}
    return [without_secrets(each) for each in value] if isinstance(value, list) else value
