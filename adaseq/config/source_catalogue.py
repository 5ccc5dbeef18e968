"""Signatures read from the source code of our own components and of torch's optimizers, without importing them.

Importing torch takes seconds. So the arguments of components are checked by the source first: their names, and the values
of those whose annotations are made of plain types. Configurations that are right by the source are checked against the
classes themselves.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import importlib.util
import itertools
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from adaseq import metainfo
from adaseq.config.components import Catalogue
from adaseq.config.docstrings import arguments_in
from adaseq.config.document import Document, Place
from adaseq.config.signatures import REQUIRED, Argument, Signature
from adaseq.registry import LR_SCHEDULERS, OPTIMIZERS, ComponentHint, Registry
from adaseq.utils import ranges

_Statement = TypeVar("_Statement", bound=ast.stmt)


class Tensor:
    """Stands for torch's, which no configuration holds."""


# What annotations of arguments that YAML can hold are made of.
_NAMES = {
    **{each.__name__: each for each in (int, float, bool, str, list, dict, tuple, Tensor)},
    "Any": Any,
    "Callable": Callable,
    "Iterable": Iterable,
    "Literal": Literal,
    "Mapping": Mapping,
    "Sequence": Sequence,
    **{name: each for name, each in vars(ranges).items() if hasattr(each, "__metadata__")},
}
# Where torch defines its own.
_TORCH = {OPTIMIZERS.kind: "optim/*.py", LR_SCHEDULERS.kind: "optim/lr_scheduler.py"}
_REGISTRATION = re.compile(r"^@(\w+\.register\((?:.|\n)*?\))\nclass (\w+)", re.MULTILINE)
_CLASS = re.compile(r"^class (\w+)", re.MULTILINE)
_CONSTANT = re.compile(r"^(\w+) = ", re.MULTILINE)
# What begins a line of a module and closes no bracket.
_BEGINNING = re.compile(r"^[^\s#)\]}]", re.MULTILINE)
_METHOD = re.compile(r"^    (?:@|def )", re.MULTILINE)
_CONSTRUCTOR = re.compile(r"^    def __init__\((?:.|\n)*?\)(?: -> None)?:", re.MULTILINE)
# Bases that bring no constructor arguments.
_PLAIN_BASES = frozenset({"ABC", "Generic", "object"})


class SourceCatalogue(Catalogue):
    """Signatures from source code; a type that it does not find is left alone.

    Attributes:
        found_all: whether it has found every type that it was asked for.
    """

    def __init__(self) -> None:
        self.found_all = True

    def names(self, registry: Registry) -> list[str]:
        """The types that the source registers."""
        return sorted(_registrations(registry))

    def find(self, document: Document, registry: Registry, name: Any, path: Place) -> Signature | None:
        """The signature, or None if the source registers no such type."""
        signature = _signature(registry, name) if isinstance(name, str) else None
        self.found_all = self.found_all and signature is not None
        return signature

    def is_dumper(self, name: str) -> bool:
        """True: what is right by the source is completed from the classes, not from here."""
        return True


@functools.cache
def _signature(registry: Registry, name: str) -> Signature | None:
    found = _registrations(registry).get(name)
    if found is None:
        return _of_torch(registry, name)
    source, class_name, call = found
    node = source.classes.get(class_name)
    return source.signature(node, registry, {each.arg: each.value for each in call.keywords}) if node else None


@functools.cache
def _registrations(registry: Registry) -> dict[str, tuple[_Source, str, ast.Call]]:
    """The classes that the home of a registry registers with decorators, by all names: where they are, and the call."""
    spec = importlib.util.find_spec(registry.home)
    if spec is None or spec.origin is None:
        return {}
    origin = Path(spec.origin)
    files = sorted(origin.parent.rglob("*.py")) if origin.name == "__init__.py" else [origin]
    source = _Source([file.read_text(encoding="utf-8") for file in files])
    found = {}
    for match in source.matches(_REGISTRATION):
        call = ast.parse(match[1], mode="eval").body
        if isinstance(call, ast.Call):
            found.update({_name(each): (source, match[2], call) for each in call.args})
    return found


def _of_torch(registry: Registry, name: str) -> Signature | None:
    """The signature of an optimizer or schedule of torch's."""
    torch = importlib.util.find_spec("torch")
    if registry.kind not in _TORCH or not name.isidentifier() or torch is None or torch.origin is None:
        return None
    for file in Path(torch.origin).parent.glob(_TORCH[registry.kind]):
        source = _Source([file.read_text(encoding="utf-8")])
        node = source.classes.get(name)
        if node is not None:
            return source.signature(node, registry, {}) if source.takes(node, registry.supplied) else None
    return None


class _Source:
    """The classes and the literal constants of some modules, by name.

    Args:
        texts: their source code.
    """

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts
        self.classes: Mapping[str, ast.ClassDef] = _Found(texts, _CLASS)
        self._constants: Mapping[str, ast.Assign] = _Found(texts, _CONSTANT)
        self._types = _Types(self._constants)

    def matches(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """Where a pattern matches in any of the modules."""
        return itertools.chain.from_iterable(map(pattern.finditer, self._texts))

    def signature(
        self, node: ast.ClassDef, registry: Registry, registration: Mapping[str | None, ast.expr]
    ) -> Signature | None:
        """The signature of a class; None if the source does not tell.

        Args:
            node: the class.
            registry: its kind.
            registration: the keyword arguments of its registration.
        """
        supplied = frozenset((*registry.supplied, *self._names(registration.get("supplied"))))
        offered = self._names(registration.get("supplied_unless_given"))
        try:
            constructor = self._constructor(node)
        except _Unknown:
            return None
        arguments = {
            name: Argument(name, self._evaluated(annotation), default, _component(annotation), name in offered)
            for name, annotation, default in _parameters(constructor)
            if name not in supplied
        }
        return Signature(arguments, supplied, False, self._help(node))

    def takes(self, node: ast.ClassDef, names: Collection[str]) -> bool:
        """Whether the constructor of a class has parameters of these names."""
        try:
            return {*names} <= {name for name, _, _ in _parameters(self._constructor(node))}
        except _Unknown:
            return False

    def _names(self, node: ast.expr | None) -> tuple[str, ...]:
        if isinstance(node, ast.Name):
            node = self._constants[node.id].value if node.id in self._constants else None
        return () if node is None else tuple(ast.literal_eval(node))

    def _constructor(self, node: ast.ClassDef) -> ast.arguments | None:
        """The parameters of the constructor that a class defines or inherits; None if it has none."""
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
                if statement.args.kwarg or statement.args.vararg:
                    raise _Unknown
                return statement.args
        inherited = None
        for base in node.bases:
            name = base.id if isinstance(base, ast.Name) else ""
            if name in self.classes:
                inherited = inherited or self._constructor(self.classes[name])
            elif name not in _PLAIN_BASES:
                raise _Unknown
        return inherited

    def _evaluated(self, annotation: ast.expr | None) -> Any:
        """The type that an annotation means; Any if a name in it is neither a plain type nor a constant of these modules."""
        if annotation is None:
            return Any
        try:
            return eval(compile(ast.Expression(annotation), "<annotation>", "eval"), {"__builtins__": {}}, self._types)
        except (NameError, AttributeError, TypeError):
            return Any

    def _help(self, node: ast.ClassDef) -> dict[str, str]:
        found = arguments_in(ast.get_docstring(node) or "")
        for base in node.bases:
            if isinstance(base, ast.Name) and base.id in self.classes:
                found = {**self._help(self.classes[base.id]), **found}
        return found


class _Found(Mapping[str, _Statement]):
    """The statements of one kind in some modules, by name; each is parsed when it is asked for.

    Args:
        texts: the source code of the modules.
        pattern: finds their beginnings, and their names.
    """

    def __init__(self, texts: list[str], pattern: re.Pattern[str]) -> None:
        self._places = {match[1]: (text, match.start()) for text in texts for match in pattern.finditer(text)}

    def __getitem__(self, name: str) -> _Statement:
        return _statement(*self._places[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


@functools.cache
def _statement(text: str, start: int) -> Any:
    """The statement that begins at a place of a module; of a class what stands before its methods, and its constructor."""
    following = _BEGINNING.search(text, text.find("\n", start) + 1 or len(text))
    whole = text[start : following.start() if following else None]
    methods, constructor = _METHOD.search(whole), _CONSTRUCTOR.search(whole)
    head = whole[: methods.start()] if methods else whole
    # The constructor without its body; and all that is left, should a line that looks like a beginning not be one.
    for part in (f"{head}{constructor[0]} pass" if constructor else head, text[start:]):
        with contextlib.suppress(SyntaxError):
            return ast.parse(part).body[0]
    raise _Unknown


class _Types(dict[str, Any]):
    """The types that annotations of a module may name: plain ones, and constants of its own made of such.

    Args:
        constants: the assignments at the top of the module.
    """

    def __init__(self, constants: Mapping[str, ast.Assign]) -> None:
        super().__init__(_NAMES)
        self._constants = constants

    def __missing__(self, name: str) -> Any:
        value = ast.Expression(self._constants[name].value)
        return eval(compile(value, "<constant>", "eval"), {"__builtins__": {}}, self)


class _Unknown(Exception):
    """The source that can be seen does not tell."""


def _parameters(constructor: ast.arguments | None) -> Iterator[tuple[str, ast.expr | None, Any]]:
    """Name, annotation and default of each parameter; a default that is no literal is given as an ellipsis."""
    if constructor is None:
        return
    positional = constructor.args[1:]
    defaults = [None] * (len(positional) - len(constructor.defaults)) + list(constructor.defaults)
    pairs = [
        *zip(positional, defaults, strict=True),
        *zip(constructor.kwonlyargs, constructor.kw_defaults, strict=True),
    ]
    for parameter, default in pairs:
        yield parameter.arg, parameter.annotation, REQUIRED if default is None else _literal(default)


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ...


def _component(annotation: ast.expr | None) -> ComponentHint | None:
    """The kind of component that an annotation asks for: an `Encoder` is of the kind 'encoder'."""
    if annotation is None:
        return None
    names = {each.id for each in ast.walk(annotation) if isinstance(each, ast.Name)}
    for registry in Registry.instances:
        if registry.kind.title().replace(" ", "") in names:
            return ComponentHint(registry, "Lazy" in names, "list" in names)
    return None


def _name(node: ast.expr) -> str:
    """The text of a literal, or of a constant such as `Models.SEQUENCE_LABELING`."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return str(getattr(getattr(metainfo, node.value.id), node.attr))
    return str(_literal(node))
