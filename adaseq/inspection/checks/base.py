"""What a check is: it looks at one example after the other, and says at the end what only all of them together show."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from adaseq.inspection.findings import Findings
from adaseq.inspection.reading import Item


class Check(ABC):
    """A check. What it keeps is bounded: counts and hashes, never sentences.

    Args:
        findings: is told what is wrong.
    """

    def __init__(self, findings: Findings) -> None:
        self.findings = findings

    @abstractmethod
    def look(self, item: Item) -> None:
        """Look at an example."""

    def finish(self) -> None:
        """Say what all examples together show."""

    def summary(self) -> dict[str, Any]:
        """What there is to show beside findings; JSON-serialisable."""
        return {}
