"""What a migration did, for the user to read."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Report:
    """Lines about what was changed and why.

    Args:
        changes: what is written otherwise than before.
        effects: what is written as before and has another effect than in AdaSeq 0.6.
        to_do: what the user has to do.
    """

    changes: list[str] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)
    to_do: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        parts = {
            "Changed:": self.changes or ["nothing: it is written as today"],
            "Written as before, with another effect than in AdaSeq 0.6:": self.effects,
            "To be done by you:": self.to_do,
        }
        return "\n".join(
            line for title, lines in parts.items() if lines for line in (title, *(f"  {each}" for each in lines))
        )
