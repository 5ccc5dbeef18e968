"""The result of a prediction: a dict, which notebooks show as text with coloured entities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adaseq.inference.html import fragment


class Result(dict[str, Any]):
    """What was found in a text: `output`, a list of plain dicts, and perhaps `readings`.

    It equals the plain dict with the same content, and JSON is made of it as of one.

    Args:
        content: the dict.
        text: the text, or its words.
        joiner: what stands between words that are joined to a text.
        colours: of the types, in degrees, by their names.
    """

    def __init__(
        self,
        content: Mapping[str, Any],
        text: str | Sequence[str],
        joiner: str = " ",
        colours: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(content)
        self._shown = text, joiner, colours or {}

    def _repr_html_(self) -> str:
        """What notebooks show."""
        text, joiner, colours = self._shown
        return fragment(text if isinstance(text, str) else joiner.join(text), self, colours)
