"""Which tags may begin a path, end it, and follow each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


class Constraints:
    """The tag paths that a scheme admits.

    Args:
        num_tags: how many tags there are (K).
        allowed_start: whether a path may begin with each tag, `(K,)`.
        allowed_end: whether it may end with each tag, `(K,)`.
        allowed_transitions: whether tag j may follow tag i, `(K, K)`.

    Raises:
        ValueError: a shape is wrong, nothing is allowed to begin or end, or long paths are impossible.
    """

    def __init__(
        self,
        num_tags: int,
        allowed_start: Sequence[bool] | Tensor,
        allowed_end: Sequence[bool] | Tensor,
        allowed_transitions: Sequence[Sequence[bool]] | Tensor,
    ) -> None:
        self.start = _read("allowed_start", allowed_start, (num_tags,))
        self.end = _read("allowed_end", allowed_end, (num_tags,))
        self.transitions = _read("allowed_transitions", allowed_transitions, (num_tags, num_tags))
        self._matrix = self.transitions.numpy()
        self._endings = self.end.numpy()
        self._reached = self.start.numpy()
        self._has_path: list[bool] = []
        self._is_settled = False
        survivors = np.ones(num_tags, dtype=bool)
        for _ in range(num_tags):
            survivors = survivors @ self._matrix
        if not survivors.any():
            raise ValueError(f"allowed_transitions admit no path of more than {num_tags} words")

    def has_path(self, length: int) -> bool:
        """Whether there is any path of this many words."""
        while len(self._has_path) < length and not self._is_settled:
            self._has_path.append(bool((self._reached & self._endings).any()))
            reached = self._reached @ self._matrix
            self._is_settled = bool((reached == self._reached).all())
            self._reached = reached
        return self._has_path[min(length, len(self._has_path)) - 1]


def _read(name: str, values: Sequence | Tensor, shape: tuple[int, ...]) -> Tensor:
    tensor = torch.as_tensor(values).detach().to("cpu", torch.bool, copy=True)
    if tuple(tensor.shape) != shape:
        raise ValueError(f"{name} must be {shape}, got {tuple(tensor.shape)}")
    if not tensor.any():
        raise ValueError(f"{name} allows nothing")
    return tensor
