"""Configurations: YAML with positions, substitution and overrides, validation, defaults, JSON Schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adaseq.config.compat import from_old_configuration
from adaseq.config.loading import find_config, load_config
from adaseq.config.problems import ConfigError, Problem

if TYPE_CHECKING:
    from adaseq.config.config import Config

__all__ = ["Config", "ConfigError", "Problem", "find_config", "from_old_configuration", "load_config"]


def __getattr__(name: str) -> Any:
    if name == "Config":  # it imports pydantic, without which a mistake in the YAML itself is found sooner
        from adaseq.config.config import Config

        return Config
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
