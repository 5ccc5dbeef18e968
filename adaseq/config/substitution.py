"""Variables in configuration values: `${NAME}`, `$NAME`, `${NAME|default}`, `$NAME|default`, and `$$` for a dollar sign."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from adaseq.errors import nearest

_VARIABLE = re.compile(
    r"""\$(?:
        (?P<dollar>\$)
      | \{(?P<braced>[^{}|]*)(?:\|(?P<braced_default>(?:[^{}]|\{[^{}]*\})*))?\}
      | (?P<named>[^\W\d][\w.-]*)(?:\|(?P<named_default>.*))?
    )""",
    re.VERBOSE | re.DOTALL,
)
_NAME = re.compile(r"[\w.-]+\Z")


class Variables:
    """The variables of the environment, and `root_dir`, the folder of the working directory unless the environment sets it.

    Args:
        environ: names and values; a process's own environment is `os.environ`.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._values = {"root_dir": str(Path.cwd()), **environ}

    def substitute(self, text: str, report: Callable[[str], None]) -> str:
        """Replace the variables in a text.

        Args:
            text: the text; `$5` and a dollar sign before anything else that is no name stay as they are.
            report: is told about each variable that has neither a value nor a default.
        """

        def replace(match: re.Match[str]) -> str:
            if match["dollar"]:
                return "$"
            is_braced = match["braced"] is not None
            name = (match["braced"] if is_braced else match["named"]).strip()
            default = match["braced_default"] if is_braced else match["named_default"]
            if name in self._values:
                return self._values[name]
            if default is not None:
                return self.substitute(default.strip(), report)
            report(self._undefined(name, match[0]))
            return match[0]

        return _VARIABLE.sub(replace, text)

    def _undefined(self, name: str, written: str) -> str:
        if not _NAME.match(name):
            return f"'{written}' names no variable: a name has letters, digits, '_', '-' and '.'; write $$ for a dollar sign"
        return (
            f"the variable '{name}' is not set{nearest(name, self._values) or '.'} Set it in the environment, or give it a "
            f"default: ${{{name}|default}}. A dollar sign itself is written $$"
        )


def escape(text: str) -> str:
    """The text written so that `Variables.substitute` gives it back."""
    return text.replace("$", "$$") if _VARIABLE.search(text) else text
