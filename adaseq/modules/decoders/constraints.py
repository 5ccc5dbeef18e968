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
        # Whether there are paths of 1, 2, … words; which tags the next word can have; whether that changes no more. Threads
        # share it, so it is replaced as a whole.
        self._known: tuple[list[bool], np.ndarray, bool] = [], self.start.numpy(), False
        survivors = np.ones(num_tags, dtype=bool)
        for _ in range(num_tags):
            survivors = survivors @ self._matrix
        if not survivors.any():
            raise ValueError(f"allowed_transitions admit no path of more than {num_tags} words")

    def has_path(self, length: int) -> bool:
        """Whether there is any path of this many words."""
        has_path, reached, is_settled = self._known
        if len(has_path) < length and not is_settled:
            has_path = [*has_path]
            while len(has_path) < length and not is_settled:
                has_path.append(bool((reached & self._endings).any()))
                following = reached @ self._matrix
                is_settled, reached = bool((following == reached).all()), following
            self._known = has_path, reached, is_settled
        return has_path[min(length, len(has_path)) - 1]


def _read(name: str, values: Sequence | Tensor, shape: tuple[int, ...]) -> Tensor:
    tensor = torch.as_tensor(values).detach().to("cpu", torch.bool, copy=True)
    if tuple(tensor.shape) != shape:
        raise ValueError(f"{name} must be {shape}, got {tuple(tensor.shape)}")
    if not tensor.any():
        raise ValueError(f"{name} allows nothing")
    return tensor
