"""Changing values in the text of a YAML file while its comments, its order and its layout stay.

Each function takes the whole text and gives the whole text back. What they cannot do, such as changing what an alias
stands for, they refuse; who calls them reads the result again and compares.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from adaseq.config.document import Document, Place
from adaseq.config.reader import compose, is_text

_PLAIN = re.compile(r"[A-Za-z_./~$][\w./${}|~+-]*")
_PLAIN_IN_FLOW = re.compile(r"[A-Za-z_./~][\w./~+-]*")


class CannotEdit(Exception):
    """The place cannot be changed without rewriting what is around it."""


def rename(text: str, path: Place, new: str) -> str:
    """Give a key another name."""
    key, _ = _pair(text, path)
    written = json.dumps(new, ensure_ascii=False) if key.style == '"' else written_in_flow(new)
    return _spliced(text, key.start_mark.index, key.end_mark.index, written)


def replace(text: str, path: Place, value: Any) -> str:
    """Give a key, or an item of a list, another value."""
    parent, node = _nodes(text, path)
    if isinstance(parent, SequenceNode):
        begin = node.start_mark.index
        if begin < parent.start_mark.index:
            raise CannotEdit  # an alias
    else:
        key, _ = _pair(text, path)
        if isinstance(node, ScalarNode) and node.start_mark.index < node.end_mark.index and not node.style:
            begin = node.start_mark.index
        else:
            begin = _behind_colon(text, key)
            return _spliced(
                text, begin, max(_end(text, node, key), begin), f" {written_in_flow(value, reads_as_json(text))}"
            )
    return _spliced(text, begin, _end(text, node), written_in_flow(value, reads_as_json(text)))


def remove(text: str, path: Place) -> str:
    """Remove a key with its value, or an item of a list."""
    parent, _ = _nodes(text, path)
    if isinstance(parent, SequenceNode):
        items = [(each.start_mark.index, _end(text, each)) for each in parent.value]
        number = int(path[-1])
    else:
        items = [(key.start_mark.index, _end(text, value, key)) for key, value in parent.value]
        name, _ = _pair_in(parent, path[-1])
        number = next(number for number, (key, _) in enumerate(parent.value) if key is name)
    if any(begin < parent.start_mark.index for begin, _ in items):
        raise CannotEdit
    begin, end = items[number]
    if parent.flow_style:
        if number + 1 < len(items):
            return _spliced(text, begin, items[number + 1][0], "")
        return _spliced(text, items[number - 1][1] if number else begin, end, "")
    line = text.rfind("\n", 0, begin) + 1
    before = text[line:begin]
    is_alone = not before.strip() or (isinstance(parent, SequenceNode) and before.strip() == "-")
    if is_alone:
        stop = text.find("\n", end)
        return _spliced(text, line, len(text) if stop < 0 else stop + 1, "")
    if number + 1 < len(items):  # the first key of a mapping that is an item of a list: `- key: value`
        return _spliced(text, begin, items[number + 1][0], "")
    return _spliced(text, begin, end, "{}")


def add(text: str, path: Place, value: Any) -> str:
    """Put a new key behind the last of a mapping."""
    parent = _node(text, path[:-1])
    if not isinstance(parent, MappingNode):
        raise CannotEdit
    key, is_json = str(path[-1]), reads_as_json(text)
    written = f"{written_in_flow(key, is_json)}: "
    if not parent.value:
        begin = parent.start_mark.index + 1
        return _spliced(text, begin, begin, written + written_in_flow(value, is_json))
    end = _end(text, parent.value[-1][1], parent.value[-1][0])
    if parent.flow_style:
        return _spliced(text, end, end, f", {written}{written_in_flow(value, is_json)}")
    column = parent.value[0][0].start_mark.column
    stop = text.find("\n", end)
    stop = len(text) if stop < 0 else stop
    return _spliced(text, stop, stop, "\n" + written_in_block({key: value}, column).rstrip("\n"))


def written_in_flow(value: Any, is_json: bool = False) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        pairs = (f"{written_in_flow(key, is_json)}: {written_in_flow(each, is_json)}" for key, each in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(written_in_flow(each, is_json) for each in value)}]"
    if isinstance(value, str) and not is_json and _PLAIN_IN_FLOW.fullmatch(value) and is_text(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def written_in_block(value: Any, indent: int = 0) -> str:
    """A mapping or a list, one line for each scalar; variables stay as they are."""
    blanks = " " * indent
    if isinstance(value, Mapping) and value:
        lines = []
        for key, each in value.items():
            name = f"{blanks}{written_in_flow(key)}:"
            lines.append(
                f"{name}\n{written_in_block(each, indent + 2)}" if _is_nested(each) else f"{name} {_scalar(each)}\n"
            )
        return "".join(lines)
    if isinstance(value, list) and value:
        items = []
        for each in value:
            inner = written_in_block(each, indent + 2)
            items.append(f"{blanks}- {inner.lstrip(' ')}" if _is_nested(each) else f"{blanks}- {_scalar(each)}\n")
        return "".join(items)
    return f"{blanks}{_scalar(value)}\n"


def _is_nested(value: Any) -> bool:
    return isinstance(value, (Mapping, list)) and bool(value)


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and is_text(value):
        return value
    return written_in_flow(value)


def _node(text: str, path: Place) -> Node:
    node = compose(text, Document())
    if node is None:
        raise CannotEdit
    for part in path:
        node = _child(node, part)
    return node


def _nodes(text: str, path: Place) -> tuple[Any, Node]:
    parent = _node(text, path[:-1])
    return parent, _child(parent, path[-1])


def _child(node: Node, part: str | int) -> Node:
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part]
    return _pair_in(node, part)[1]


def _pair(text: str, path: Place) -> tuple[ScalarNode, Node]:
    return _pair_in(_node(text, path[:-1]), path[-1])


def _pair_in(node: Node, name: str | int) -> tuple[ScalarNode, Node]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode) and key.value == str(name):
                return key, value
    raise CannotEdit  # it comes from elsewhere, by `<<`


def _behind_colon(text: str, key: ScalarNode) -> int:
    return text.index(":", key.end_mark.index) + 1


def _end(text: str, node: Node, key: Node | None = None) -> int:
    """Where the last character of a value stands, without the comments and blank lines that follow it."""
    if key is not None and node.start_mark.index < key.end_mark.index:
        alias = re.compile(r"\s*:\s*\*[^\s,\]}]+").match(text, key.end_mark.index)
        if alias is None:
            raise CannotEdit
        return alias.end()
    end = node.end_mark.index
    if isinstance(node, ScalarNode):
        return len(text[:end].rstrip()) if node.style in ("|", ">") else int(end)
    if not isinstance(node, CollectionNode) or node.flow_style or not node.value:
        return int(end)
    if isinstance(node, SequenceNode):
        if node.value[-1].start_mark.index < node.start_mark.index:
            raise CannotEdit
        return _end(text, node.value[-1])
    return _end(text, node.value[-1][1], node.value[-1][0])


def reads_as_json(text: str) -> bool:
    """Whether a text is JSON, which is YAML too."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _spliced(text: str, begin: int, end: int, new: str) -> str:
    return text[:begin] + new + text[end:]
