"""What a configuration can say about a component: the arguments of its constructor."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from adaseq.config.docstrings import argument_help
from adaseq.registry import FORMATS, HOOKS, METRICS, ComponentHint, Registry, component_hint, parameter_hints

# `total_iters:` left empty means all of the training; the class itself wants a number.
_EMPTY_MEANS_SOMETHING = frozenset({"total_iters"})
REQUIRED = inspect.Parameter.empty
# Building one of ours neither reads nor writes anything, so its constructor can say what it thinks of its arguments.
_LIGHT = (FORMATS, METRICS, HOOKS)
_VARIADIC = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)


@dataclass(frozen=True)
class Argument:
    """One argument that a configuration can set.

    Args:
        name: its name.
        annotation: its type.
        default: its default, or `REQUIRED`.
        component: the kind of component that it takes, if it does.
        is_offered: whether the framework has a value for it unless the configuration gives one.
    """

    name: str
    annotation: Any
    default: Any
    component: ComponentHint | None
    is_offered: bool

    @property
    def is_required(self) -> bool:
        """Whether a configuration must give it."""
        return self.default is REQUIRED and not self.is_offered

    @property
    def may_be_null(self) -> bool:
        """Whether null is right whatever the annotation says."""
        return self.default is None or self.name in _EMPTY_MEANS_SOMETHING


@dataclass(frozen=True)
class Signature:
    """The arguments of a component.

    Args:
        arguments: by name.
        supplied: arguments that only the framework may fill in.
        is_open: whether it takes any other argument too.
        help: what the docstring says about the arguments.
        check: raises an `AdaSeqError` for arguments that are right one by one but not together.
    """

    arguments: dict[str, Argument]
    supplied: frozenset[str]
    is_open: bool = False
    help: dict[str, str] = field(default_factory=dict)
    check: Callable[[dict[str, Any]], object] | None = None


def signature_of(registry: Registry, component: type) -> Signature:
    """The signature of a class of a registry."""
    hints = parameter_hints(component)
    supplied = frozenset(registry.supplied) | frozenset(getattr(component, "_supplied", ()))
    offered = getattr(component, "_supplied_unless_given", ())
    constructor = component.__init__  # type: ignore[misc]
    parameters = (
        list(inspect.signature(constructor).parameters.values())[1:] if constructor is not object.__init__ else []
    )
    arguments = {
        each.name: Argument(
            each.name,
            hints.get(each.name, Any),
            each.default,
            component_hint(hints.get(each.name)),
            each.name in offered,
        )
        for each in parameters
        if each.kind not in _VARIADIC and each.name not in supplied
    }
    is_open = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters)
    check = getattr(component, "check_arguments", None)
    if check is None and registry in _LIGHT and component.__module__.startswith("adaseq."):
        check = registry.build
    return Signature(arguments, supplied, is_open, argument_help(component), check)
