"""What every metric promises: measure one example, then compute over all of them. No metric merges anything."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from adaseq.registry import METRICS, Registry
from adaseq.utils.files import atomic_write


class Metric(ABC):
    """Scores predictions.

    The evaluator measures each example where it was predicted, gathers what was measured over all processes, in the order
    of the data and each example once, and computes the scores from that.

    Attributes:
        tunes_threshold: whether it finds the best threshold of the model on the validation data, its score `threshold`. It is
            then shown there all that the model thinks possible at all.
        reads: what it needs of a prediction, of which one is enough (`spans`, `tags`, `label`, `labels`, `types`, `masked`); a
            metric that does not say is given to any model.
        has_fixed_scores: whether the names of its scores do not depend on the data.
    """

    registry: ClassVar[Registry] = METRICS
    tunes_threshold: ClassVar[bool] = False
    reads: frozenset[str] = frozenset()
    has_fixed_scores: ClassVar[bool] = False

    def may_give(self, name: str) -> bool:
        """Whether there may be a score of some name, whatever the data.

        Args:
            name: the name.
        """
        return not self.has_fixed_scores or name in self.compute([])

    @abstractmethod
    def measure(self, example: Any, prediction: Mapping[str, Any]) -> Any:
        """What `compute` needs to know of one example: small, plain and picklable.

        Args:
            example: an Example: `tokens`, `spans` and `mask` are what metrics look at.
            prediction: what the model's `decode` returned for it.
        """

    @abstractmethod
    def compute(self, results: list[Any]) -> dict[str, Any]:
        """The scores of a split.

        Args:
            results: what `measure` returned for each example of the split, in the order of the data.

        Returns:
            Scores by name; a nested dict where one name has several.
        """


class Dumper(Metric):
    """Writes predictions to a file; it scores nothing.

    Attributes:
        save_path: the file.
    """

    save_path: Path
    has_fixed_scores: ClassVar[bool] = True

    def compute(self, results: list[Any]) -> dict[str, Any]:
        """No scores."""
        return {}

    @abstractmethod
    def write(self, results: Iterable[Any]) -> None:
        """Write the file, whole or not at all.

        Args:
            results: what `measure` returned for each example, in the order of the data.

        Raises:
            AdaSeqError: it cannot be written.
        """


class FileDumper(Dumper):
    """Writes a JSON object per example, if a derived class says nothing else.

    Args:
        save_path: the file; by default `pred.txt` in the folder of the run.
        work_dir: the folder of the run.
    """

    def __init__(self, save_path: str | None = None, work_dir: str = ".") -> None:
        self.save_path = Path(save_path) if save_path else Path(work_dir) / "pred.txt"

    def write(self, results: Iterable[Any]) -> None:
        """Write the file, whole or not at all."""
        with atomic_write(self.save_path) as file:
            for result in results:
                file.writelines(self.lines(result))

    def lines(self, result: Any) -> Iterable[str]:
        """What is written for one example, with the ends of its lines.

        Args:
            result: what `measure` returned for it.
        """
        return [json.dumps(result, ensure_ascii=False) + "\n"]
