"""Findings while they are collected: counts of everything, places of the first ones only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from adaseq.errors import AdaSeqError, nearest
from adaseq.inspection.kinds import KINDS, SEVERITIES, Kind, Severity

MOST_PLACES = 1000
_MOST_FILES = 10_000
_MOST_UNDECODABLE = 100_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was found.

    Args:
        file: the file; empty for what concerns the data as a whole.
        line: in it, counted from 1; None where a file has no lines.
        what: what is wrong there.
        context: the text around it.
        fix: what to write instead, where that can be said.
        is_fixed: `--fix` has mended it.
    """

    file: str
    line: int | None
    what: str
    context: str = ""
    fix: str = ""
    is_fixed: bool = False

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        optional = {"context": self.context, "fix": self.fix, "fixed": self.is_fixed}
        return {
            "file": self.file,
            "line": self.line,
            "what": self.what,
            **{key: value for key, value in optional.items() if value},
        }


@dataclass
class Finding:
    """All that was found of one kind.

    Args:
        kind: what it is.
        severity: that of the kind, unless options change it.
        count: how often.
        places: the first of them.
        by_file: how often in each file.
        note: a sentence about all of them together.
    """

    kind: Kind
    severity: Severity
    count: int = 0
    places: list[Place] = field(default_factory=list)
    by_file: Counter[str] = field(default_factory=Counter)
    note: str = ""

    def to_dict(self, most: int | None = None) -> dict[str, Any]:
        """As JSON.

        Args:
            most: how many places to name; by default all that are known.
        """
        return {
            "code": self.kind.code,
            "severity": self.severity,
            "title": self.kind.title,
            "why": self.kind.why,
            "fix": self.kind.fix,
            "count": self.count,
            **({"note": self.note} if self.note else {}),
            "by_file": dict(self.by_file),
            "places": [place.to_dict() for place in self.places[:most]],
        }


class Findings:
    """Collects findings in constant memory.

    Args:
        ignored: codes of kinds that are of no interest.
        most_places: of so many places of a kind it is known where they are.
        severities: for codes, another severity than usual.
    """

    def __init__(
        self,
        ignored: Collection[str] = (),
        most_places: int = MOST_PLACES,
        severities: dict[str, Severity] | None = None,
    ) -> None:
        for code in ignored:
            if code not in KINDS:
                raise AdaSeqError(
                    f"there is no finding '{code}'{nearest(code, KINDS) or ';'} known: {', '.join(sorted(KINDS))}"
                )
        self.ignored = frozenset(ignored)
        self.most_places = most_places
        self._severities = severities or {}
        self._undecodable: set[tuple[str, int | None]] = set()
        self._found: dict[str, Finding] = {}

    def add(self, code: str, place: Place, count: int = 1) -> None:
        """Note something.

        Args:
            code: its kind.
            place: where.
            count: how often it is there.
        """
        if code in self.ignored:
            return
        finding = self._of(code)
        finding.count += count
        if place.file in finding.by_file or len(finding.by_file) < _MOST_FILES:
            finding.by_file[place.file] += count
        if len(finding.places) < self.most_places:
            finding.places.append(place)

    def add_undecodable(self, place: Place) -> None:
        """Note bytes that are no text. What replaces them is not to be found once more."""
        self.add("undecodable-bytes", place)
        if len(self._undecodable) < _MOST_UNDECODABLE:
            self._undecodable.add((place.file, place.line))

    def is_undecodable(self, file: str, line: int | None) -> bool:
        """Whether a line has bytes that are no text."""
        if len(self._undecodable) == _MOST_UNDECODABLE:
            return True
        return (file, line) in self._undecodable

    def annotate(self, code: str, note: str) -> None:
        """Say something about all findings of a kind together."""
        if code in self._found:
            self._found[code].note = note

    def regrade(self, code: str, severity: Severity) -> None:
        """Change how bad the findings of a kind are."""
        self._severities[code] = severity
        if code in self._found:
            self._found[code].severity = severity

    def mark_fixed(self, fixed: Collection[tuple[str, str, int | None]]) -> None:
        """Mark the places that were mended.

        Args:
            fixed: code, file and line of each.
        """
        for code, finding in self._found.items():
            finding.places = [
                replace(place, is_fixed=True) if (code, place.file, place.line) in fixed else place
                for place in finding.places
            ]

    def get(self, code: str) -> Finding | None:
        """What was found of a kind; None if nothing."""
        return self._found.get(code)

    def __iter__(self) -> Iterator[Finding]:
        """The worst first, then in the order of the table of kinds."""
        order = {code: number for number, code in enumerate(KINDS)}
        return iter(
            sorted(self._found.values(), key=lambda each: (SEVERITIES.index(each.severity), order[each.kind.code]))
        )

    def count(self, severity: Severity) -> int:
        """How many findings of a severity there are."""
        return sum(finding.count for finding in self._found.values() if finding.severity == severity)

    def _of(self, code: str) -> Finding:
        if code not in self._found:
            kind = KINDS[code]
            self._found[code] = Finding(kind, self._severities.get(code, kind.severity))
        return self._found[code]
