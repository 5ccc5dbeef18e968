"""Values against type annotations: pydantic does the checking, this module says in our words what is wrong.

It is the one module that imports pydantic.
"""

from __future__ import annotations

import functools
import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError, PydanticUndefinedAnnotation

from adaseq.config.document import KEY, Document, Place
from adaseq.config.problems import listed, shown
from adaseq.errors import nearest

__all__ = [
    "INVALID",
    "Field",
    "Section",
    "allow_other_keys",
    "check_value",
    "describe",
    "json_schema_of",
    "unknown_key",
]

INVALID = object()
"""What `check_value` returns for a value that is not what it should be."""

_EXPECTED = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "bool": "true or false",
    "string": "text",
    "path": "text",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "iterable": "a list",
    "sequence": "a list",
    "dict": "a mapping (key: value)",
    "mapping": "a mapping (key: value)",
    "model": "a mapping (key: value)",
    "none": "nothing (null)",
    "callable": "a function, which no configuration can hold",
}
_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}

# An infinite rate or width means nothing.
_FOR_ARGUMENTS = ConfigDict(arbitrary_types_allowed=True, allow_inf_nan=False)

allow_other_keys = ConfigDict(extra="allow")


class Section(BaseModel):
    """What all sections have in common: a key that is not listed is an error."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=(), defer_build=True, allow_inf_nan=False)


def nested(section: type[Section], help_text: str) -> Any:
    """A key that holds a section of its own, with all its defaults if it is absent."""
    return Field(default_factory=section, description=help_text)


def check_value(annotation: Any, value: Any, document: Document, path: Place) -> Any:
    """Check a value against an annotation and convert it as far as nothing is lost (`"3"` to 3, `on` to true).

    Args:
        annotation: any type, or a pydantic model for a section.
        value: what was read.
        document: is told what is wrong.
        path: where the value stands.

    Returns:
        The converted value, or `INVALID`.
    """
    adapter = _adapter(annotation)
    if adapter is None:
        return value
    try:
        checked = adapter.validate_python(value)
        if hasattr(checked, "__next__"):  # pydantic checks the items of an Iterable only when they are asked for
            checked = list(checked)
    except ValidationError as error:
        as_written = _numbers_as_text(error, value, document, path)
        if as_written is not None:
            return check_value(annotation, as_written, document, path)
        _report(error, annotation, value, document, path)
        return INVALID
    wrong = next(_truth_as_number(value, _comparable(checked)), None)
    if wrong is not None:
        document.report((*path, *wrong), f"received {shown(document.at((*path, *wrong)))}; expected a number")
        return INVALID
    return checked


def _adapter(annotation: Any) -> TypeAdapter[Any] | None:
    try:
        return _new_adapter(annotation)
    except TypeError:  # an annotation without a hash
        return _new_adapter.__wrapped__(annotation)


@functools.lru_cache(maxsize=1024)
def _new_adapter(annotation: Any) -> TypeAdapter[Any] | None:
    if annotation is Any:
        return None
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    try:
        return TypeAdapter(annotation, config=None if is_model else _FOR_ARGUMENTS)
    except (PydanticSchemaGenerationError, PydanticUndefinedAnnotation):
        return None


def json_schema_of(annotation: Any) -> dict[str, Any]:
    """The JSON Schema of an annotation; empty where it has none."""
    adapter = _adapter(annotation)
    try:
        schema = adapter.json_schema() if adapter else {}
        return schema if schema.get("anyOf", True) else {}
    except Exception:  # noqa: BLE001 - pydantic has several errors for what JSON cannot hold, such as functions
        return {}


def describe(annotation: Any) -> str:
    """What an annotation asks for, in words."""
    adapter = _adapter(annotation)
    if adapter is None:
        return "a value"
    try:
        adapter.validate_python(_Nothing())
    except ValidationError as error:
        return _expected([dict(each) for each in error.errors(include_url=False)])
    return "a value"


class _Nothing:
    """An object that no annotation accepts."""


def _real_path(location: tuple[Any, ...], value: Any, kind: str) -> Place:
    """The part of pydantic's location that stands in the configuration; the rest names options of unions."""
    path: list[Any] = []
    for position, part in enumerate(location):
        if part in (value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()):
            path.append(part)
            value = value[part]
        elif kind == "missing" and position + 1 == len(location):
            path.append(part)
    return tuple(path)


def _numbers_as_text(error: ValidationError, value: Any, document: Document, path: Place) -> Any:
    """The value with numbers in place of text as they were written (`run_name: 007`); None if there are none."""
    numbers = [
        each
        for each in error.errors(include_url=False)
        if each["type"] == "string_type" and isinstance(each["input"], (bool, int, float))
    ]
    # Values first: their paths go through keys as they are now.
    for is_key in (False, True):
        changed = None
        for each in numbers:
            if (each["loc"][-1:] == (KEY,)) is not is_key:
                continue
            inner = _real_path(each["loc"], value, each["type"])
            text = document.texts.get((*path, *inner, KEY) if is_key else (*path, *inner))
            if document.name is None and type(each["input"]) is int:
                text = str(each["input"])
            if text is not None:
                changed = _replaced(value if changed is None else changed, inner, text, is_key)
        if changed is not None:
            return changed
    return None


def _replaced(value: Any, path: Place, new: str, is_key: bool) -> Any:
    """A copy with the value at a path, or its key, replaced."""
    if not path:
        return new
    if is_key and len(path) == 1:
        return {new if key == path[0] else key: each for key, each in value.items()}
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _replaced(value[path[0]], path[1:], new, is_key)  # type: ignore[index]
    return copy


def _comparable(checked: Any) -> Any:
    return checked.model_dump() if isinstance(checked, Section) else checked


def _truth_as_number(before: Any, after: Any) -> Iterator[Place]:
    """Where true or false has become a number."""
    if isinstance(before, bool):
        if isinstance(after, (int, float)) and not isinstance(after, bool):
            yield ()
    elif isinstance(before, dict) and isinstance(after, dict):
        for key, each in before.items():
            for path in _truth_as_number(each, after.get(key)):
                yield (key, *path)
    elif isinstance(before, (list, tuple)) and isinstance(after, (list, tuple)):
        for index, (left, right) in enumerate(zip(before, after, strict=False)):
            for path in _truth_as_number(left, right):
                yield (index, *path)


def _report(error: ValidationError, annotation: Any, value: Any, document: Document, path: Place) -> None:
    by_path: dict[Place, list[dict[str, Any]]] = {}
    for each in error.errors(include_url=False):
        by_path.setdefault(_real_path(each["loc"], value, each["type"]), []).append(dict(each))
    for inner, errors in by_path.items():
        if any(len(other) > len(inner) and other[: len(inner)] == inner for other in by_path):
            continue  # one option of a union fits in kind; what is wrong lies deeper
        place = (*path, *inner)
        kind, received = errors[0]["type"], errors[0]["input"]
        if any(each["loc"][-1:] == (KEY,) for each in errors):
            document.report(place, f"the key is {shown(inner[-1])}; {_wanted(errors, None)}", at_key=True)
        elif kind == "missing" and isinstance(inner[-1], int):
            document.report(place[:-1], f"received {shown(received)}; expected at least {inner[-1] + 1} values")
        elif kind == "missing":
            field = _fields_at(annotation, inner[:-1]).get(str(inner[-1]))
            about = (field.description or describe(field.annotation)) if field else "it has no default"
            document.report(place, f"is required: {about}", at_key=True)
        elif kind in ("extra_forbidden", "invalid_key"):
            document.report(place, unknown_key(inner[-1], sorted(_fields_at(annotation, inner[:-1]))), at_key=True)
        else:
            document.report(place, f"received {shown(received, place)}; {_wanted(errors, received)}")


def unknown_key(key: Any, allowed: typing.Iterable[str]) -> str:
    """The message for a key that means nothing where it stands."""
    names = list(allowed)
    return f"unknown key '{key}'{nearest(str(key), names) or ';'} allowed here: {listed(names)}"


def _fields_at(annotation: Any, path: Place) -> dict[str, Any]:
    """The fields of the section at a path inside an annotation; none if there is no section."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        if not path:
            return dict(annotation.model_fields)
        field = annotation.model_fields.get(str(path[0]))
        return _fields_at(field.annotation, path[1:]) if field else {}
    rest = path[1:] if typing.get_origin(annotation) in (list, dict) else path
    return next((found for option in typing.get_args(annotation) if (found := _fields_at(option, rest))), {})


def _wanted(errors: list[dict[str, Any]], received: Any) -> str:
    choices = [choice for each in errors if each["type"] == "literal_error" for choice in _choices(each)]
    text = f"expected {_expected(errors)}"
    return text + (nearest(received, choices) if isinstance(received, str) else "")


def _choices(error: dict[str, Any]) -> list[str]:
    return [part.strip("'") for part in error["ctx"]["expected"].replace(" or ", ", ").split(", ")]


def _expected(errors: list[dict[str, Any]]) -> str:
    parts = []
    for each in errors:
        kind = str(each["type"])
        context = each.get("ctx") or {}
        if kind in _BOUNDS:
            name, words = _BOUNDS[kind]
            part = f"{words} {context[name]}"
        elif kind == "literal_error":
            part = context["expected"].replace("True", "true").replace("False", "false")
        elif kind == "value_error":
            part = str(context["error"])
        elif kind in ("too_short", "too_long"):
            count = context["min_length" if kind == "too_short" else "max_length"]
            part = f"{'at least' if kind == 'too_short' else 'at most'} {count} values"
        else:
            part = _EXPECTED.get(kind.split("_")[0], "" if kind.startswith("is_") else each["msg"])
        if part and part not in parts:
            parts.append(part)
    return " or ".join(parts) or "another value"
