"""Predictions as one HTML page that needs nothing else: no script, no font, no picture, no request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adaseq.inference.html import fragment, label, shown

# Whatever the texts hold, the page may not load or run anything.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1c1e21; --faint: #656a70; --line: #dcdfe3; }
@media (prefers-color-scheme: dark) { :root { --back: #16181b; --text: #e4e6e9; --faint: #9aa0a6; --line: #34383d; } }
body { background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 58rem;
  padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.35rem; margin: 0 0 .6rem; overflow-wrap: anywhere; } .legend { line-height: 2.1; }
article { border-top: 1px solid var(--line); display: flex; gap: 1rem; padding: .5rem 0; } article > div { flex: 1;
  min-width: 0; } .number { color: var(--faint); font: .8rem/2.8rem ui-monospace, monospace; min-width: 2.2rem;
  text-align: right; }
"""
# With more types than these a legend is longer than it is useful.
_MOST_IN_LEGEND = 60


class Page:
    """Writes the page in parts, one for each text.

    Args:
        colours: of the types, in degrees.
        title: what was predicted.
    """

    def __init__(self, colours: Mapping[str, float], title: str = "") -> None:
        self._colours, self._title = colours, title
        self._number = 0

    def head(self) -> str:
        """All that stands before the first text."""
        heading = shown(self._title or "Predictions")
        types = [label(name, None, self._colours) for name in self._colours if name]
        legend = f"<p class='legend'>{' '.join(types)}</p>\n" if 0 < len(types) <= _MOST_IN_LEGEND else ""
        return (
            "<!DOCTYPE html>\n<html>\n<head>\n<meta charset='utf-8'>\n"
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
            "<meta name='viewport' content='width=device-width, initial-scale=1'>\n<meta name='referrer' content='no-referrer'>\n"
            f"<title>{heading}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{heading}</h1>\n{legend}"
        )

    def text(self, text: str, result: Mapping[str, Any]) -> str:
        """One text with what was found in it."""
        self._number += 1
        content = fragment(text, result, self._colours)
        return f"<article><span class='number'>{self._number:,}</span><div>{content}</div></article>\n"

    def foot(self) -> str:
        """All that stands behind the last text."""
        return "</body>\n</html>\n"
