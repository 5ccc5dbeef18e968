"""Components against their signatures.

Everything that can be wrong with a block `{type: …, **arguments}` is reported; a block that is right comes back with the
defaults of all its arguments filled in.
"""

from __future__ import annotations

import traceback
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from adaseq.config.document import Document, Place, plain
from adaseq.config.pairing import default_type
from adaseq.config.problems import listed, shown
from adaseq.config.signatures import REQUIRED, Argument, Signature, signature_of
from adaseq.config.validation import INVALID, check_value, describe, unknown_key
from adaseq.errors import AdaSeqError
from adaseq.registry import METRICS, Registry, UnknownComponent


class Catalogue:
    """Where signatures come from: here, from the classes themselves, which are imported."""

    def names(self, registry: Registry) -> list[str]:
        """The known types of a kind."""
        return registry.names()

    def find(self, document: Document, registry: Registry, name: Any, path: Place) -> Signature | None:
        """The signature of a type; None, with a report about the value at the path, if there is none."""
        component = find_class(document, registry, name, path)
        return signature_of(registry, component) if component else None

    def is_dumper(self, name: str) -> bool:
        """Whether a metric writes predictions to a file."""
        return hasattr(METRICS.get(name), "write")


def check_component(
    document: Document,
    registry: Registry,
    value: Any,
    path: Place,
    other_keys: Collection[str] = (),
    catalogue: Catalogue | None = None,
) -> dict[str, Any] | None:
    """Check a component block and fill in its defaults.

    Args:
        document: is told what is wrong.
        registry: the kind of component.
        value: the block, or only the name of the type.
        path: where it stands.
        other_keys: keys of the block that are not for the constructor; they are left out of the result.
        catalogue: where signatures come from.

    Returns:
        The block with all arguments, or None if something is wrong with it.
    """
    catalogue = catalogue or Catalogue()
    before = len(document.problems)
    block = _as_block(document, registry, value, path, catalogue)
    type_path = path if isinstance(value, str) else (*path, "type")
    known = catalogue.find(document, registry, block["type"], type_path) if block else None
    if block is None or known is None:
        return None
    checked: dict[str, Any] = {"type": block["type"]}
    for name, given in block.items():
        if name == "type" or name in other_keys:
            continue
        place = (*path, name)
        if name in known.arguments:
            checked[name] = _check_argument(document, known.arguments[name], given, place, catalogue)
        elif name in known.supplied:
            document.report(place, "is filled in by AdaSeq and cannot be set", at_key=True)
        elif known.is_open:
            checked[name] = given
        else:
            message = unknown_key(name, sorted({*known.arguments, *other_keys}))
            below = next(_places_below(block, name), None)
            if below is not None:
                message += f"; there is one below: {'.'.join(map(str, (*path, *below)))}"
            document.report(place, message, at_key=True)
    _report_missing(document, known, block, path)
    if len(document.problems) > before:
        return None
    completed = with_defaults(checked, known)
    try:
        if known.check is not None:
            known.check(completed)
    except AdaSeqError as error:
        document.report((*path, *getattr(error, "place", ())), str(error), at_key=True)
        return None
    return completed


def _places_below(value: Any, key: str) -> Iterator[Place]:
    """Where a key stands in the blocks inside a block or a list."""
    inside = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inside:
        if isinstance(each, Mapping) and key in each:
            yield name, key
        yield from ((name, *place) for place in _places_below(each, key))


def find_class(document: Document, registry: Registry, name: Any, path: Place) -> type | None:
    """The class that a `type:` names; None, with a report, if there is none."""
    if not isinstance(name, str):
        document.report(path, f"received {shown(name)}; expected the name of {_a(registry.kind)}")
        return None
    try:
        return registry.get(name)
    except UnknownComponent as error:
        document.report(path, str(error))
    except (Exception, SystemExit) as error:  # a module of the user's own may fail in any way while it is imported
        if ":" not in name:
            raise
        document.report(path, f"importing '{name.partition(':')[0]}' failed: {import_failure(error)}")
    return None


def import_failure(error: BaseException) -> str:
    """What went wrong in the import of a user's module, and on which line."""
    if isinstance(error, SyntaxError):  # its frames are those of Python's own importing
        return f"{type(error).__name__}: {error.msg} ({error.filename}:{error.lineno})"
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({frame.filename}:{frame.lineno})"


def with_defaults(block: dict[str, Any], known: Signature) -> dict[str, Any]:
    """The block in the order of the signature, with the defaults that YAML can hold; what is offered is left out."""
    filled = {"type": block["type"]}
    for name, argument in known.arguments.items():
        default = plain(argument.default)
        if name in block:
            filled[name] = block[name]
        elif not argument.is_offered and argument.default is not REQUIRED and _is_plain(default):
            filled[name] = default
    return {**filled, **block}


def _as_block(
    document: Document, registry: Registry, value: Any, path: Place, catalogue: Catalogue
) -> dict[str, Any] | None:
    if isinstance(value, str):
        return {"type": value}
    if not isinstance(value, dict):
        document.report(
            path, f"received {shown(value, path)}; expected {_a(registry.kind)}: its name, or a mapping with 'type'"
        )
        return None
    if value.get("type") is not None:
        return value
    chosen = default_type(registry, value)
    if chosen is None:
        known = listed(catalogue.names(registry))
        document.report((*path, "type"), f"is required: which {registry.kind} to use; known: {known}", at_key=True)
        return None
    return {**value, "type": chosen}


def _check_argument(document: Document, argument: Argument, value: Any, path: Place, catalogue: Catalogue) -> Any:
    hint = argument.component
    if value is None and argument.may_be_null:
        return None
    if hint is None:
        checked = check_value(argument.annotation, value, document, path)
        return plain(checked) if checked is not INVALID else None
    if not hint.many:
        return check_component(document, hint.registry, value, path, catalogue=catalogue)
    if not isinstance(value, list):
        document.report(path, f"received {shown(value, path)}; expected a list of {hint.registry.kind}s")
        return None
    return [
        check_component(document, hint.registry, each, (*path, index), catalogue=catalogue)
        for index, each in enumerate(value)
    ]


def _report_missing(document: Document, known: Signature, block: dict[str, Any], path: Place) -> None:
    for argument in known.arguments.values():
        if argument.is_required and argument.name not in block:
            kind = _a(argument.component.registry.kind) if argument.component else describe(argument.annotation)
            about = f": {known.help[argument.name]}" if argument.name in known.help else ""
            document.report((*path, argument.name), f"'{block['type']}' needs it ({kind}){about}", at_key=True)


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, (str, int)) and _is_plain(each) for key, each in value.items())
    if isinstance(value, list):
        return all(_is_plain(each) for each in value)
    return value is None or type(value) in (str, bool, int, float)
