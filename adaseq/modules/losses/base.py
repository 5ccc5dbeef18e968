"""What every loss promises."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from adaseq.errors import ModelError
from adaseq.registry import LOSSES, Lazy, Registry


class Loss(nn.Module, ABC):
    """How far scores are from the truth.

    A model that lets one choose takes `loss: Lazy[Loss] | None` and builds it with `build_loss`.

    Attributes:
        is_multilabel: whether an item may have several classes (or none); otherwise it has exactly one.
    """

    registry: ClassVar[Registry] = LOSSES
    is_multilabel: ClassVar[bool] = False

    @abstractmethod
    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The mean loss, a scalar; zero, but with a gradient to flow, when there is nothing to judge.

        Args:
            logits: `(N, K)` scores, any floating dtype.
            targets: with one class per item `(N,)` ids, where a negative one means: do not count this item; with several
                `(N, K)`, 1 for the classes that hold and 0 for those that do not, where a negative one means: do not
                count this cell.
        """


class SingleLabelLoss(Loss):
    """A loss for items that have exactly one class; derived classes say what one item costs."""

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The mean over the items that count; see `Loss`."""
        if logits.ndim != 2 or targets.shape != logits.shape[:1]:
            raise ValueError(
                f"logits (N, K) and targets (N,) expected, received {tuple(logits.shape)} and {tuple(targets.shape)}"
            )
        counted = targets >= 0
        losses, weights = self.item_losses(logits[counted].float(), targets[counted])
        return losses.sum() / weights.sum().clamp(min=1e-12)

    @abstractmethod
    def item_losses(self, logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """What each item costs, `(N,)`, and how much it counts in the mean, `(N,)`."""


class MultiLabelLoss(Loss):
    """A loss for items that may have several classes; derived classes judge all cells at once."""

    is_multilabel: ClassVar[bool] = True

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The mean over the cells that count, if a derived class says nothing else; see `Loss`."""
        if logits.ndim != 2 or targets.shape != logits.shape:
            raise ValueError(
                f"logits (N, K) and targets (N, K) expected, received {tuple(logits.shape)} and {tuple(targets.shape)}"
            )
        return self.cell_loss(logits.float(), targets.clamp(min=0).float(), targets >= 0)

    @abstractmethod
    def cell_loss(self, logits: Tensor, targets: Tensor, counted: Tensor) -> Tensor:
        """The loss.

        Args:
            logits: `(N, K)` float32.
            targets: `(N, K)` 0.0 or 1.0.
            counted: `(N, K)` False for cells that do not count.
        """


def build_loss(recipe: Lazy[Loss], classes: Sequence[str]) -> Loss:
    """The loss that a configuration describes.

    Args:
        recipe: what the constructor of a model received.
        classes: the names of the classes in the order of the scores; given to losses that ask for `classes`.
    """
    asked = inspect.signature(recipe.cls).parameters
    return recipe.build(classes=list(classes)) if "classes" in asked else recipe.build()


def check_loss(arguments: Mapping[str, Any], is_multilabel: bool, where: str = "model.loss") -> None:
    """Refuse a loss for items of the other sort; for `check_arguments` of models.

    Args:
        arguments: those of the model, of which `loss` is the block of a loss or None.
        is_multilabel: whether the model's items may have several classes.
        where: what the block is called in messages.

    Raises:
        ModelError: the loss is of the other sort.
    """
    block = arguments.get("loss")
    component: Any
    if isinstance(block, Lazy):
        component, name = block.cls, getattr(block.cls, "__name__", "loss")
    else:
        name = block.get("type") if isinstance(block, Mapping) else block
        component = LOSSES.get(name) if isinstance(name, str) else None
    if component is not None and getattr(component, "is_multilabel", is_multilabel) != is_multilabel:
        names = [each for each in LOSSES.names() if getattr(LOSSES.get(each), "is_multilabel", None) is is_multilabel]
        several = "may have several classes" if is_multilabel else "has exactly one class"
        raise ModelError(f"{where}.type is '{name}', but here each item {several}; choose among {', '.join(names)}")


def mean_over(losses: Tensor, counted: Tensor) -> Tensor:
    """The mean of some cells, zero if there is none."""
    return (losses * counted).sum() / counted.sum().clamp(min=1)


def require_classes(classes: Sequence[str] | None, loss: str) -> list[str]:
    """The names of the classes.

    Raises:
        ModelError: nobody gave them.
    """
    if classes is None:
        raise ModelError(f"the loss '{loss}' has to be built with the names of the classes")
    return list(classes)
