"""What every model promises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from torch import Tensor, nn

from adaseq.data.example import EntityForm
from adaseq.errors import ModelError
from adaseq.modules.embedders.base import Embedder
from adaseq.registry import MODELS, Registry

Batch = dict[str, Any]
Prediction = dict[str, Any]
Ability = Literal["dictionary", "n_best", "candidates"]


class Model(nn.Module, ABC):
    """A network for one task, composed of an embedder, an encoder and a decoder.

    Attributes:
        pipeline: the type of the ModelScope pipeline that serves it; None if there is none.
        answers_empty: whether it says something about a text without any word.
        abilities: what else it can do in prediction: `dictionary` (follow what stands under `guidance` in a batch, see
            `adaseq.models.guidance`), `n_best` (`decode_readings`), `candidates` (`decode_candidates`).
        predicts: what metrics find in its predictions (`spans`, `tags`, `label`, `labels`, `types`, `masked`); a model that
            does not say goes with any metric.
        entity_forms: the entities that it finds beside those that share no word with another one and have no gaps; None if it
            does not look for entities.
    """

    registry: ClassVar[Registry] = MODELS
    pipeline: ClassVar[str | None] = None
    answers_empty: ClassVar[bool] = False
    abilities: ClassVar[frozenset[Ability]] = frozenset()
    predicts: ClassVar[frozenset[str]] = frozenset()
    entity_forms: frozenset[EntityForm] | None = None

    @property
    def types(self) -> list[str]:
        """The types, labels or relations that it can find."""
        return list(getattr(self, "id_to_label", {}).values())

    @classmethod
    def check_embedder(cls, arguments: Mapping[str, Any], preprocessor: Mapping[str, Any]) -> None:
        """Refuse an embedder that the model cannot use, as far as the blocks tell.

        Args:
            arguments: those of the constructor, with `embedder` as a block.
            preprocessor: the block of the preprocessor.

        Raises:
            ModelError: it cannot.
        """

    @abstractmethod
    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The training step: `loss`, a scalar, and where they are kept the scores, `logits`."""

    @abstractmethod
    def decode(self, batch: Batch, with_prob: bool = False) -> list[Prediction]:
        """The predictions for a batch, in its order, as plain Python.

        Args:
            batch: what the model's collator makes; labels are not needed.
            with_prob: also compute the probability of each span under the model, as `prob`.

        Returns:
            For each example `spans`, a list of `{start, end, type}` in word indices, and what else the task predicts.
        """

    def decode_readings(self, batch: Batch, count: int) -> list[Prediction]:
        """The predictions for a batch, each with `readings`: the best ones as a whole, the most probable first.

        Args:
            batch: as of `decode`.
            count: how many readings there shall be at most.

        Raises:
            ModelError: the model does not rank readings.
        """
        raise lacks_ability(self, "n_best")

    def decode_candidates(self, batch: Batch, least: float) -> list[Prediction]:
        """The predictions for a batch with all spans that are probable enough, whether they overlap or not.

        Args:
            batch: as of `decode`.
            least: the least probability of a span, more than 0.

        Raises:
            ModelError: the model does not score spans one by one.
        """
        raise lacks_ability(self, "candidates")

    def decode_possible(self, batch: Batch) -> list[Prediction]:
        """The predictions for a batch, with all that some other threshold would let through.

        Raises:
            ModelError: the model has no threshold.
        """
        raise ModelError(f"{type(self).__name__} has no threshold that could be tuned; evaluate it with another metric")

    def set_threshold(self, threshold: float) -> None:
        """Predict with another threshold from now on; it is saved with the weights.

        Args:
            threshold: the probability above which something is predicted.
        """

    def ask_for(self, types: Sequence[str], preprocessor: Any) -> None:
        """Look for some types alone from now on, whether they were learned or not.

        Args:
            types: the types; none for all that were learned.
            preprocessor: that of the model.

        Raises:
            ModelError: the model finds nothing but what it has learned.
        """
        raise ModelError(
            f"{type(self).__name__} finds the types that it has learned and cannot be asked for others (prompts); "
            "pretraining-model can"
        )

    def portable_config(self, block: dict[str, Any]) -> dict[str, Any]:
        """The configuration block that rebuilds this model, without its weights, from a model folder alone.

        Args:
            block: the one that it was built from.
        """
        embedder = getattr(self, "embedder", None)
        if not isinstance(embedder, Embedder) or "embedder" not in block:
            return dict(block)
        return {**block, "embedder": embedder.portable_config(block["embedder"])}

    def upgraded(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """Weights that AdaSeq 0.6 saved, under the names and in the shapes of today; others as they are.

        Args:
            weights: the state dict.
        """
        return weights

    def save_assets(self, folder: Path) -> None:
        """Write what that block refers to, the backbone's configuration above all, into the model folder.

        Args:
            folder: the folder.
        """
        embedder = getattr(self, "embedder", None)
        if isinstance(embedder, Embedder):
            embedder.save_assets(folder)


_CANNOT: dict[Ability, str] = {
    "dictionary": "follows no dictionary",
    "n_best": "does not rank the readings of a text (n_best)",
    "candidates": "does not score spans one by one (candidates)",
}


def lacks_ability(model: object, ability: Ability) -> ModelError:
    """The error that says what a model cannot do, and which ones can.

    Args:
        model: the model.
        ability: what was asked for.
    """
    able = _names_of((name, MODELS.get(name)) for name in MODELS.names())
    names = [name for name, cls in able if ability in cls.abilities]
    return ModelError(f"{type(model).__name__} {_CANNOT[ability]}; these models do: {', '.join(sorted(names))}")


def _names_of(classes: Iterable[tuple[str, Any]]) -> list[tuple[str, type[Model]]]:
    return [(name, cls) for name, cls in classes if isinstance(cls, type) and issubclass(cls, Model)]
