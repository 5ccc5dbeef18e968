"""From a YAML or JSON file to a `Document`: plain values that know their file, line and column.

Scalars are those of the YAML 1.2 core schema: `2e-5` is a number, `yes` and `on` are text. Duplicate keys are errors, no
tag makes an object, and aliases can neither form cycles nor grow without bound.
"""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path
from typing import Any, NoReturn

from yaml.composer import Composer
from yaml.error import MarkedYAMLError, YAMLError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from adaseq.config.document import KEY, Document, Mark, Place
from adaseq.config.problems import ConfigError, Problem, shown
from adaseq.config.substitution import Variables

_TAG = "tag:yaml.org,2002:"
_NULL, _BOOL, _INT, _FLOAT, _STR, _MERGE = (_TAG + kind for kind in ("null", "bool", "int", "float", "str", "merge"))
_CORE_SCHEMA = [
    (_NULL, re.compile(r"(?:~|null|Null|NULL|)\Z")),
    (_BOOL, re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")),
    (_INT, re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z")),
    (_FLOAT, re.compile(r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)\Z")),
    (_FLOAT, re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z")),
    (_MERGE, re.compile(r"<<\Z")),
]
_KNOWN_TAGS = {_NULL, _BOOL, _INT, _FLOAT, _STR, _MERGE, _TAG + "map", _TAG + "seq"}
# Aliases of aliases can make a short file describe more values than any memory holds.
_MOST_VALUES = 100_000


class _Loader(Reader, Scanner, Parser, Composer, BaseResolver):
    """Text to YAML nodes, by the core schema."""

    def __init__(self, text: str) -> None:
        self.yaml_implicit_resolvers = {None: _CORE_SCHEMA}
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)


def read_document(path: Path, variables: Variables) -> Document:
    """Read a configuration file.

    Args:
        path: a `.json` file is JSON, any other YAML.
        variables: what `${NAME}` stands for.

    Returns:
        The document; variables without a value, duplicate keys and the like are among its problems.

    Raises:
        ConfigError: the file cannot be read, or is no YAML or JSON with a mapping at its top.
    """
    document = Document(name=str(path))
    text = read_text(path)
    if path.suffix.lower() == ".json":
        text = checked_json(text, document)
    node = compose(text, document)
    if node is None:
        _fail(document, "the file is empty; a configuration needs at least 'task', 'dataset' and 'model'")
    if not isinstance(node, MappingNode):
        _fail(
            document, "a configuration is a mapping (key: value), with 'task', 'dataset' and 'model' at its top", node
        )
    _NodeReader(document, variables).read_into(node)
    return document


def read_value(text: str, document: Document, path: Place, mark: Mark, variables: Variables) -> Any:
    """Read a value from the command line as YAML; its place in the document gets one mark for all of it.

    Raises:
        ConfigError: it is no YAML.
    """
    node = compose(text, Document(name=mark.file))
    if node is None:
        document.values[path] = mark
        return None
    return _NodeReader(document, variables, mark).read(node, path)


def read_as_written(text: str, name: str | None) -> Document:
    """Read a configuration in which variables stay as they are written.

    Args:
        text: YAML or JSON.
        name: the file, for messages.

    Raises:
        ConfigError: it is no YAML with a mapping at its top.
    """
    document = Document(name=name)
    node = compose(text, document)
    if not isinstance(node, MappingNode):
        _fail(document, "a configuration is a mapping (key: value)", node)
    _NodeReader(document, _NO_VARIABLES).read_into(node)
    return document


def resolve_scalar(text: str) -> str:
    """The YAML tag that plain text has by the core schema."""
    return next((tag for tag, pattern in _CORE_SCHEMA if pattern.match(text)), _STR)


def is_text(text: str) -> bool:
    """Whether a plain scalar would be read as text, not as a number, a truth value or nothing."""
    return resolve_scalar(text) == _STR


class _NodeReader:
    """Turns nodes into values, substitutes variables, and records where everything is written."""

    def __init__(self, document: Document, variables: Variables, mark: Mark | None = None) -> None:
        self._document = document
        self._variables = variables
        self._only_mark = mark
        self._open: set[int] = set()
        self._count = 0

    def read_into(self, node: Node) -> None:
        """Read the whole document."""
        self._document.data = self.read(node, ())

    def read(self, node: Node, path: Place) -> Any:
        """The value of a node, to be found at a path of the document."""
        self._count += 1
        if self._count > _MOST_VALUES:
            _fail(self._document, f"its aliases stand for more than {_MOST_VALUES} values", node)
        self._document.values[path] = self._mark(node)
        if id(node) in self._open:
            self._document.report(path, "an alias stands for something that it is itself a part of")
            return None
        if node.tag not in _KNOWN_TAGS:
            tag = node.tag.replace(_TAG, "!!")
            self._document.report(path, f"the tag '{tag}' is refused: a configuration holds plain values, no objects")
            return None
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        self._open.add(id(node))
        try:
            if isinstance(node, SequenceNode):
                return [self.read(each, (*path, index)) for index, each in enumerate(node.value)]
            return self._mapping(node, path)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: Node, path: Place) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        for key_node, value_node in self._own_pairs(node, path):
            key = self._key(key_node, path)
            child = (*path, key)
            if key in result:
                first = self._document.keys[child].line
                where = "" if first is None else f"; the first is on line {first}"
                self._document.keys[child] = self._mark(key_node)
                self._document.report(child, f"the key is given twice{where}", at_key=True)
                continue
            self._document.keys[child] = self._mark(key_node)
            result[key] = self.read(value_node, child)
        for key_node, value_node in self._merged_pairs(node, path, {id(node)}):
            key = self._key(key_node, path)
            if key not in result:
                self._document.keys[(*path, key)] = self._mark(key_node)
                result[key] = self.read(value_node, (*path, key))
        return result

    def _own_pairs(self, node: Node, path: Place) -> list[tuple[ScalarNode, Node]]:
        pairs = []
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                mark = self._mark(key_node)
                message = "a key must be text or a whole number, not a list or a mapping"
                self._document.problems.append(Problem("", mark.file, mark.line, mark.column, message))
            elif key_node.tag != _MERGE:
                pairs.append((key_node, value_node))
        return pairs

    def _merged_pairs(self, node: Node, path: Place, seen: set[int]) -> list[tuple[ScalarNode, Node]]:
        """The pairs that `<<:` brings in, those that win first."""
        pairs = []
        for key_node, value_node in node.value:
            if key_node.tag != _MERGE:
                continue
            for source in value_node.value if isinstance(value_node, SequenceNode) else [value_node]:
                if not isinstance(source, MappingNode) or id(source) in seen:
                    self._document.values[(*path, "<<")] = self._mark(value_node)
                    self._document.report((*path, "<<"), "'<<' merges another mapping, or a list of them: <<: *anchor")
                    continue
                pairs += self._own_pairs(source, path) + self._merged_pairs(source, path, {*seen, id(source)})
        return pairs

    def _key(self, node: ScalarNode, path: Place) -> str | int:
        if node.tag == _INT and not node.style:
            with contextlib.suppress(ValueError):  # so many digits that Python makes no number of them
                key = _int(node.value)
                self._document.texts[(*path, key, KEY)] = node.value
                return key
        return self._whole_characters(node.value, path)

    def _scalar(self, node: ScalarNode, path: Place) -> Any:
        text, tag = self._whole_characters(node.value, path), node.tag
        is_plain = node.style is None
        if "$" in text:
            text = self._variables.substitute(text, lambda message: self._document.report(path, message))
            if text != node.value and is_plain and tag in (_STR, _MERGE):
                if text.lstrip().startswith(("[", "{")):
                    return self._substituted_flow(text, path, self._mark(node))
                tag = resolve_scalar(text.strip())
                text = text.strip() if tag != _STR else text
        if tag in (_STR, _MERGE):
            return text
        try:
            value = _CONVERSIONS[tag](text)
        except (ValueError, KeyError):
            self._document.report(path, f"{shown(text, path)} is not what its tag '{tag.replace(_TAG, '!!')}' says")
            return None
        if is_plain:
            self._document.texts[path] = text
        return value

    def _substituted_flow(self, text: str, path: Place, mark: Mark) -> Any:
        try:
            node = compose(text, Document())
        except ConfigError:
            return text  # text that merely begins like a list
        return _NodeReader(self._document, _NO_VARIABLES, mark).read(node, path) if node is not None else text

    def _whole_characters(self, text: str, path: Place) -> str:
        """JSON writes a character beyond U+FFFF as two escapes, which YAML takes for two characters."""
        if not any("\ud800" <= char <= "\udfff" for char in text):
            return text
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            self._document.report(path, "an escape \\uD800 to \\uDFFF stands alone; such escapes come in pairs")
            return text.encode("utf-8", "replace").decode("utf-8")

    def _mark(self, node: Node) -> Mark:
        return self._only_mark or Mark(self._document.name, node.start_mark.line + 1, node.start_mark.column + 1)


class _NoVariables(Variables):
    """For text that has been substituted already."""

    def substitute(self, text: str, report: Any) -> str:
        return text


_NO_VARIABLES = _NoVariables({})


def _int(text: str) -> int:
    return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


def _bool(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


def _float(text: str) -> float:
    return float(re.sub(r"\.(inf|nan)\Z", r"\1", text.lower()))


_CONVERSIONS = {_NULL: lambda text: None, _BOOL: _bool, _INT: _int, _FLOAT: _float}


def read_text(path: Path) -> str:
    """The text of a configuration file.

    Raises:
        ConfigError: it cannot be read, or is not UTF-8.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError([Problem("", str(path), None, None, f"the file cannot be read: {error.strerror}")]) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, len(before.rpartition(b"\n")[2].decode("utf-8")) + 1
        message = f"not UTF-8: the byte 0x{content[error.start]:02x} is no part of a character; save the file as UTF-8"
        raise ConfigError([Problem("", str(path), line, column, message)]) from None


def checked_json(text: str, document: Document) -> str:
    """JSON as text that YAML takes too, each character in its place.

    Raises:
        ConfigError: it is no JSON; the document tells the file.
    """
    try:
        if text.strip():
            json.loads(text, parse_int=str)  # Python makes no number of thousands of digits
    except json.JSONDecodeError as error:
        raise ConfigError(
            [Problem("", document.name, error.lineno, error.colno, f"no valid JSON: {error.msg}")]
        ) from None
    except RecursionError:
        _fail(document, "nested too deeply")
    return text.replace("\t", " ")


def compose(text: str, document: Document) -> Node | None:
    """The nodes of a YAML text; None if there are none.

    Raises:
        ConfigError: it is no YAML; the document tells the file.
    """
    try:
        return _Loader(text).get_single_node()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        raise ConfigError([Problem("", document.name, line, column, _explain(error, text))]) from None
    except ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
        message = (
            f"the character U+{ord(text[error.position]):04X} is not allowed in YAML; write it as an escape in quotes"
        )
        raise ConfigError([Problem("", document.name, line, column, message)]) from None
    except RecursionError:
        _fail(document, "nested too deeply")
    except YAMLError as error:
        raise ConfigError([Problem("", document.name, None, None, f"no valid YAML: {error}")]) from None


def _explain(error: MarkedYAMLError, text: str) -> str:
    mark = error.problem_mark
    if mark is not None and text[max(mark.index - 1, 0) : mark.index + 1] == "${":
        return "inside { } and [ ] a variable must stand in quotes: '${NAME}'"
    problem = error.problem or error.context or "cannot be read"
    if "'\\t' that cannot start any token" in problem:
        return "a tab cannot indent a line in YAML; use spaces"
    if "mapping values are not allowed here" in problem:
        return "a ': ' cannot stand here; put text that contains one in quotes, or check the indentation of the lines above"
    return f"no valid YAML: {problem}" + (f" ({error.context})" if error.context and error.problem else "")


def _fail(document: Document, message: str, node: Node | None = None) -> NoReturn:
    mark = node.start_mark if node else None
    line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
    raise ConfigError([Problem("", document.name, line, column, message)])
