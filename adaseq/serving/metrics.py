"""Figures in the text format of Prometheus."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence

Labels = tuple[tuple[str, str], ...]

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Metrics:
    """Counters, gauges and histograms. Their labels take few values, all known before: nothing of a request is among them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._help: dict[str, tuple[str, str]] = {}
        self._counters: dict[tuple[str, Labels], float] = {}
        self._gauges: dict[tuple[str, Labels], Callable[[], float]] = {}
        self._histograms: dict[tuple[str, Labels], _Histogram] = {}

    def count(self, name: str, text: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter.

        Args:
            name: of the counter.
            text: what it counts.
            amount: how much.
            labels: which of its kind.
        """
        key = name, tuple(sorted(labels.items()))
        with self._lock:
            self._help.setdefault(name, ("counter", text))
            self._counters[key] = self._counters.get(key, 0) + amount

    def gauge(self, name: str, text: str, value: Callable[[], float], **labels: str) -> None:
        """Show a value that is asked for when somebody looks.

        Args:
            name: of the gauge.
            text: what it shows.
            value: gives the value.
            labels: which of its kind.
        """
        with self._lock:
            self._help.setdefault(name, ("gauge", text))
            self._gauges[name, tuple(sorted(labels.items()))] = value

    def observe(self, name: str, text: str, value: float, bounds: Sequence[float] = SECONDS, **labels: str) -> None:
        """Put a value into a histogram.

        Args:
            name: of the histogram.
            text: what it measures.
            value: the value.
            bounds: the upper ends of its buckets.
            labels: which of its kind.
        """
        key = name, tuple(sorted(labels.items()))
        with self._lock:
            self._help.setdefault(name, ("histogram", text))
            self._histograms.setdefault(key, _Histogram(bounds)).add(value)

    def text(self) -> str:
        """All figures."""
        with self._lock:
            gauges = dict(self._gauges)
            lines: dict[str, list[str]] = {name: [] for name in self._help}
            for (name, labels), value in self._counters.items():
                lines[name].append(_line(name, labels, value))
            for (name, labels), histogram in self._histograms.items():
                lines[name] += histogram.lines(name, labels)
            kinds = dict(self._help)
        for (name, labels), read in gauges.items():
            lines[name].append(_line(name, labels, read()))
        parts = []
        for name, (kind, text) in kinds.items():
            parts += [f"# HELP {name} {text}", f"# TYPE {name} {kind}", *lines[name]]
        return "\n".join(parts) + "\n"


class _Histogram:
    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = list(bounds)
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def lines(self, name: str, labels: Labels) -> list[str]:
        """The buckets, each with all that is below it; the sum; the count."""
        total, lines = 0, []
        for bound, count in zip([*map(_number, self.bounds), "+Inf"], self.counts, strict=True):
            total += count
            lines.append(_line(f"{name}_bucket", (*labels, ("le", bound)), total))
        return [*lines, _line(f"{name}_sum", labels, self.sum), _line(f"{name}_count", labels, total)]


def _line(name: str, labels: Labels, value: float) -> str:
    shown = ",".join(f'{key}="{_escaped(each)}"' for key, each in labels)
    return f"{name}{{{shown}}} {_number(value)}" if shown else f"{name} {_number(value)}"


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _escaped(text: str) -> str:
    replacements: Mapping[str, str] = {"\\": r"\\", '"': r"\"", "\n": r"\n"}
    return "".join(replacements.get(each, each) for each in text)
