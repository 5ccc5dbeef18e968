"""Registries: from the `type:` of a configuration to a class, and from a configuration block to an object.

A component is a class with one decorator:

    @ENCODERS.register("lstm")
    class LSTMEncoder(Encoder):
        def __init__(self, hidden_size: int, num_layers: int = 1) -> None: ...

The constructor's signature is the schema of the block. A parameter whose annotation is the base class of a registry
(`embedder: Embedder`) takes a nested block and receives the built object; `encoder: Lazy[Encoder] | None` receives a
recipe instead, for a part that needs something which only its owner knows. What the framework supplies at run time
(`labels`, …) is named at registration and is neither asked of users nor accepted from them.
"""

from __future__ import annotations

import collections.abc
import contextlib
import contextvars
import functools
import importlib
import importlib.metadata
import inspect
import pkgutil
import sys
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Generic, TypeVar

from adaseq.errors import AdaSeqError, nearest

T = TypeVar("T")
C = TypeVar("C", bound=type)

_may_import: contextvars.ContextVar[bool] = contextvars.ContextVar("may_import", default=True)


class Registry:
    """The classes of one kind.

    Args:
        kind: what a registered class is, for messages ("encoder").
        home: the module or package whose import registers the built-in classes; imported on first use.
        fallback: finds a class for a name that nobody registered (`torch.optim.AdamW`), or returns None.
        fallback_names: the names that `fallback` knows, for messages and for the JSON Schema.
        supplied: parameters that the framework fills in for every class of this kind.
        trial: `module:function` that finds out whether blocks can be used, beyond what signatures say.
        is_of_kind: whether a class is of this kind that is not derived from a base class of ours.
    """

    instances: ClassVar[list[Registry]] = []

    def __init__(
        self,
        kind: str,
        home: str,
        fallback: Callable[[str], type | None] | None = None,
        fallback_names: Callable[[], list[str]] | None = None,
        supplied: tuple[str, ...] = (),
        trial: str | None = None,
        is_of_kind: Callable[[type], bool] | None = None,
    ) -> None:
        self.kind = kind
        self.home = home
        self.supplied = supplied
        self._fallback = fallback
        self._fallback_names = fallback_names
        self._trial = trial
        self._is_of_kind = is_of_kind
        self._classes: dict[str, type] = {}
        Registry.instances.append(self)

    def register(
        self, name: str, *aliases: str, supplied: tuple[str, ...] = (), supplied_unless_given: tuple[str, ...] = ()
    ) -> Callable[[C], C]:
        """Register the decorated class.

        Args:
            name: the name used in configurations.
            aliases: other names with the same meaning.
            supplied: constructor parameters that the framework fills in; a configuration must not set them.
            supplied_unless_given: the same, but a value in a configuration wins.

        Raises:
            AdaSeqError: a name is taken by another class.
        """

        def decorator(cls: C) -> C:
            for each in (name, *aliases):
                taken = self._classes.get(each)
                if taken is not None and _origin(taken) != _origin(cls):
                    both = " and ".join(f"{one.__module__}:{one.__qualname__}" for one in (taken, cls))
                    raise AdaSeqError(
                        f"two classes are registered as {self.kind} '{each}': {both}; yours needs a name of its own"
                    )
                self._classes[each] = cls
            cls._supplied = tuple(supplied)  # type: ignore[attr-defined]
            cls._supplied_unless_given = tuple(supplied_unless_given)  # type: ignore[attr-defined]
            return cls

        return decorator

    def get(self, name: str) -> type:
        """The class for a registered name, an alias, or `package.module:Class`.

        Raises:
            UnknownComponent: there is none; the message names the nearest one.
        """
        if ":" in name:
            return self._import_dotted(name)
        self._import_home()
        if name not in self._classes:
            import_installed_plugins()
        if name in self._classes:
            return self._classes[name]
        found = self._fallback(name) if self._fallback else None
        if found is None:
            raise UnknownComponent(self, name)
        return found

    def names(self) -> list[str]:
        """Every name that `get` knows, sorted."""
        self._import_home()
        return sorted({*self._classes, *(self._fallback_names() if self._fallback_names else ())})

    def build(self, block: Mapping[str, Any] | str, **supplied: Any) -> Any:
        """Build the object that a (checked) configuration block describes.

        Args:
            block: `{"type": name, **arguments}`, or the name alone.
            supplied: everything the framework can supply; each class takes what it declared.
        """
        return Lazy.from_block(self, block, supplied).build()

    def try_out(self, block: Mapping[str, Any], *others: Mapping[str, Any]) -> None:
        """Find out whether a (checked) block can be used, as far as that shows without data and weights.

        Args:
            block: the block.
            others: blocks of other kinds that it has to go with.

        Raises:
            AdaSeqError: it cannot; a `MisfitError` says where.
        """
        if self._trial is not None:
            module, _, name = self._trial.partition(":")
            getattr(importlib.import_module(module), name)(block, *others)

    def _import_dotted(self, path: str) -> type:
        module_name, _, attribute = path.partition(":")
        if not _may_import.get() and module_name not in sys.modules:
            raise UnknownComponent(
                self,
                path,
                f"the module '{module_name}' is not imported, and a model folder does not decide what is: if you trust it, import it "
                f"first (--import {module_name})",
            )
        try:
            module = importlib.import_module(module_name)
        except ImportError as error:
            raise UnknownComponent(self, path, f"the module '{module_name}' cannot be imported ({error})") from error
        found = getattr(module, attribute, None)
        if not isinstance(found, type):
            raise UnknownComponent(self, path, f"the module '{module_name}' has no class '{attribute}'")
        if not self._takes(found):
            raise UnknownComponent(self, path, f"'{path}' is no {self.kind}: it is not derived from one")
        return found

    def _takes(self, found: type) -> bool:
        """Whether a class is of this kind: a name in a file must not be able to call anything there is."""
        if self._is_of_kind is not None and self._is_of_kind(found):
            return True
        self._import_home()
        knows_base = self._is_of_kind is not None or any(_kind_of(each) is self for each in self._classes.values())
        return not knows_base or _kind_of(found) is self

    def _import_home(self) -> None:
        import_tree(self.home)


@contextlib.contextmanager
def without_imports() -> Iterator[None]:
    """Inside the block a `module:Class` is found only in modules that are imported already."""
    token = _may_import.set(False)
    try:
        yield
    finally:
        _may_import.reset(token)


def _origin(component: type) -> tuple[str | None, str]:
    """Where a class is defined; the same for one that comes again, from a module that is loaded anew or by another name."""
    return getattr(sys.modules.get(component.__module__), "__file__", None), component.__qualname__


def _kind_of(component: type) -> object:
    return getattr(component, "registry", None)


class UnknownComponent(AdaSeqError):
    """A `type:` that no class answers to."""

    def __init__(self, registry: Registry, name: str, reason: str | None = None) -> None:
        self.registry, self.name = registry, name
        super().__init__(no_such_component(registry.kind, name, registry.names(), reason))


def no_such_component(kind: str, name: str, known: list[str], reason: str | None = None) -> str:
    """The message about a `type:` that no class answers to.

    Args:
        kind: what is looked for.
        name: the type that was received.
        known: the types that there are.
        reason: why it cannot be found, if that is not just that nobody registered it.
    """
    what = reason or f"there is no {kind} {name!r}{nearest(name, known)}"
    return (
        f"{what}{'' if what.endswith('?') else ';'} known: {', '.join(known)}. A class of your own is named as 'module:Class', or "
        "registered in a module listed under 'plugins:'."
    )


def installed_plugins() -> list[importlib.metadata.EntryPoint]:
    """The plugins that installed packages announce as entry points of the group `adaseq.plugins`."""
    return list(importlib.metadata.entry_points(group="adaseq.plugins"))


@functools.cache
def import_installed_plugins() -> None:
    """Import them, once, so that their classes register.

    Raises:
        AdaSeqError: one of them cannot be imported.
    """
    for plugin in installed_plugins():
        try:
            plugin.load()
        except (Exception, SystemExit) as error:  # a module of the user's own may fail in any way
            raise AdaSeqError(
                f"the installed plugin '{plugin.name}' ({plugin.value}) cannot be imported: {type(error).__name__}: "
                f"{error}; uninstall or mend the package '{plugin.dist.name if plugin.dist else '?'}'"
            ) from error


@functools.cache
def import_tree(package: str) -> None:
    """Import a package and every module in it, once, so that their classes register."""
    module = importlib.import_module(package)
    for info in pkgutil.walk_packages(getattr(module, "__path__", ()), package + "."):
        importlib.import_module(info.name)


class Lazy(Generic[T]):
    """A recipe: a class with the arguments known so far. `build(**more)` makes the object.

    Arguments already present win over those given to `build`, so that an owner can offer a value ("your input is 384
    wide") which the configuration may also state.
    """

    def __init__(self, cls: Callable[..., T], **arguments: Any) -> None:
        self.cls = cls
        self.arguments = arguments

    def build(self, **more: Any) -> T:
        """Make the object."""
        return self.cls(**{**more, **self.arguments})

    @classmethod
    def from_block(cls, registry: Registry, block: Mapping[str, Any] | str, supplied: Mapping[str, Any]) -> Lazy:
        """The recipe for a configuration block; nested blocks are built, or become recipes, by their annotations."""
        arguments = {"type": block} if isinstance(block, str) else dict(block)
        component = registry.get(arguments.pop("type"))
        hints = parameter_hints(component)
        for name, value in arguments.items():
            if name in hints:
                arguments[name] = _resolve(hints[name], value, supplied)
        for name in getattr(component, "_supplied", ()) + getattr(component, "_supplied_unless_given", ()):
            # A key that is left empty says nothing.
            if name in supplied and arguments.get(name) is None:
                arguments[name] = supplied[name]
        return cls(component, **arguments)


def parameter_hints(component: type) -> dict[str, Any]:
    """The type hints of a class's constructor parameters, resolved; `Any` for one that names what its module lacks."""
    constructor = component.__init__  # type: ignore[misc]
    names = {**vars(collections.abc), **getattr(constructor, "__globals__", {})}
    hints = {}
    for name, annotation in getattr(constructor, "__annotations__", {}).items():
        alone = types.SimpleNamespace(__annotations__={name: annotation})
        try:
            hints[name] = typing.get_type_hints(alone, names, include_extras=True)[name]
        except NameError:
            # torch imports some of what its annotations name for type checkers only.
            hints[name] = Any
    hints.pop("return", None)
    return hints


class ComponentHint(typing.NamedTuple):
    """What an annotation says about nested blocks."""

    registry: Registry
    lazy: bool
    many: bool


def component_hint(annotation: Any) -> ComponentHint | None:
    """Whether an annotation asks for a registered component: `Encoder`, `Lazy[Encoder]`, `list[Encoder]`, `… | None`."""
    for option in _options(annotation):
        origin, arguments = typing.get_origin(option), typing.get_args(option)
        if origin is Lazy or origin is list:
            inner = component_hint(arguments[0])
            if inner:
                return inner._replace(lazy=inner.lazy or origin is Lazy, many=origin is list)
        elif inspect.isclass(option) and isinstance(option.__dict__.get("registry"), Registry):
            return ComponentHint(option.__dict__["registry"], lazy=False, many=False)
    return None


def _options(annotation: Any) -> Iterator[Any]:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        yield from typing.get_args(annotation)
    else:
        yield annotation


def _resolve(annotation: Any, value: Any, supplied: Mapping[str, Any]) -> Any:
    hint = component_hint(annotation)
    if hint is None or value is None:
        return value
    if hint.many:
        return [_resolve_one(hint, each, supplied) for each in value]
    return _resolve_one(hint, value, supplied)


def _resolve_one(hint: ComponentHint, value: Any, supplied: Mapping[str, Any]) -> Any:
    if not isinstance(value, (str, Mapping)):
        return value
    recipe: Lazy = Lazy.from_block(hint.registry, value, supplied)
    return recipe if hint.lazy else recipe.build()


def _torch_class(module: str, base: str) -> Callable[[str], type | None]:
    def find(name: str) -> type | None:
        found = getattr(importlib.import_module(module), name, None)
        parent = getattr(importlib.import_module(module), base)
        return found if inspect.isclass(found) and issubclass(found, parent) and found is not parent else None

    return find


def _is_derived(module: str, base: str) -> Callable[[type], bool]:
    return lambda found: issubclass(found, getattr(importlib.import_module(module), base))


def _torch_names(module: str, base: str) -> Callable[[], list[str]]:
    find = _torch_class(module, base)
    return lambda: [n for n in dir(importlib.import_module(module)) if not n.startswith("_") and find(n)]


FORMATS = Registry("data format", "adaseq.data.formats")
SPLITTERS = Registry("text splitter", "adaseq.data.splitters")
PREPROCESSORS = Registry("preprocessor", "adaseq.data.preprocessors", trial="adaseq.models.trial:try_preprocessor")
INPUTS = Registry("input encoder", "adaseq.data.inputs")
DATA_COLLATORS = Registry("data collator", "adaseq.data.data_collators")
EMBEDDERS = Registry("embedder", "adaseq.modules.embedders")
ENCODERS = Registry("encoder", "adaseq.modules.encoders")
DECODERS = Registry("decoder", "adaseq.modules.decoders")
LABEL_DECODERS = Registry("label decoder", "adaseq.modules.label_decoders")
LOSSES = Registry("loss", "adaseq.modules.losses")
MODELS = Registry("model", "adaseq.models", trial="adaseq.models.trial:try_model")
METRICS = Registry("metric", "adaseq.metrics")
HOOKS = Registry("hook", "adaseq.training.hooks")
TRAINERS = Registry("trainer", "adaseq.training.trainer")
OPTIMIZERS = Registry(
    "optimizer",
    "adaseq.training.optimizer",
    _torch_class("torch.optim", "Optimizer"),
    _torch_names("torch.optim", "Optimizer"),
    supplied=("params",),
    trial="adaseq.training.trials:try_optimizer",
    is_of_kind=_is_derived("torch.optim", "Optimizer"),
)
LR_SCHEDULERS = Registry(
    "learning-rate scheduler",
    "adaseq.training.lr_scheduler",
    _torch_class("torch.optim.lr_scheduler", "LRScheduler"),
    _torch_names("torch.optim.lr_scheduler", "LRScheduler"),
    supplied=("optimizer",),
    trial="adaseq.training.trials:try_scheduler",
    is_of_kind=_is_derived("torch.optim.lr_scheduler", "LRScheduler"),
)
