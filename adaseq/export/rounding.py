"""How matrices become whole numbers with the least harm to the products that they are factors of.

What a few large features lose when a word gets one scale for all of them is shared out with the weights that they meet (Xiao et
al. 2023, 'SmoothQuant', section 4); and what the rounding of one weight changes is made up for by those that are rounded after
it, by what the features were in some texts (Frantar et al. 2023, 'GPTQ', section 3).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np

# Seven of the bits: two products of eight by seven bits can be added up in the 16 that processors without instructions for eight
# bits have for them, so that results are the same everywhere.
LARGEST_WEIGHT = 63
# With less than this share of the range around zero in use, features are one-sided.
_ONE_SIDED = 0.75
# A feature that was hardly seen may be large in other texts: it counts as at least so much of the usual one.
_LEAST_SEEN = 0.25
# What is added to the products of features with themselves, as a share of their mean: a few texts do not tell all.
_DAMPING = 0.01
_BLOCK = 128
_TINY = 1e-30


class Factors:
    """Matrices that are multiplied with the same K features, and what these features were in some texts.

    Args:
        matrices: each `(K, N)`, by name.
    """

    def __init__(self, matrices: Mapping[str, np.ndarray]) -> None:
        self._matrices = matrices
        width = len(next(iter(matrices.values())))
        self._largest = np.zeros(width, np.float32)
        self._products = np.zeros((width, width), np.float32)
        self._used = 0.0
        self._count = 0
        self._rounded: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def observe(self, rows: np.ndarray) -> None:
        """Take in the features of some words; to be done before anything is asked.

        Args:
            rows: `(..., K)`.
        """
        rows = rows.reshape(-1, rows.shape[-1])
        self._largest = np.maximum(self._largest, np.abs(rows).max(0, initial=0))
        self._products += rows.T @ rows
        low, high = -rows.min(1, initial=0.0), rows.max(1, initial=0.0)
        self._used += float(((low + high) / np.maximum(2 * np.maximum(low, high), _TINY)).sum())
        self._count += len(rows)

    @property
    def is_one_sided(self) -> bool:
        """Whether features reach much farther on one side of zero than on the other, as behind a ReLU or GELU."""
        return self._used < _ONE_SIDED * self._count

    @functools.cached_property
    def divisors(self) -> np.ndarray:
        """`(K,)` float32, about 1: by what to divide the features, so that they and the weights are about as hard to round."""
        weights = np.max([np.abs(matrix).max(1) for matrix in self._matrices.values()], axis=0)
        largest, weights = (np.maximum(each, _LEAST_SEEN * np.median(each)) for each in (self._largest, weights))
        if not largest.all() or not weights.all():
            return np.ones_like(self._largest)
        roots = np.sqrt(largest / weights)
        return (roots / roots.mean()).astype(np.float32)

    def rounded(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """A matrix for the divided features in whole numbers `(K, N)` int8, and the scale of each column `(N,)` float32."""
        if name not in self._rounded:
            divisors = self.divisors
            products = self._products / np.outer(divisors, divisors)
            self._rounded[name] = rounded(self._matrices[name] * divisors[:, None], products)
        return self._rounded[name]


def rounded(matrix: np.ndarray, products: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The whole numbers that stand for a matrix, and the scale of each column.

    Args:
        matrix: `(K, N)`.
        products: `(K, K)`, the sum over words of each feature that it meets times each other.

    Returns:
        `(K, N)` int8 and `(N,)` float32.
    """
    scales = np.maximum(np.abs(matrix).max(0), _TINY) / LARGEST_WEIGHT
    # The features that matter most come first, while there are many left to make up for what rounding changes.
    order = np.argsort(-np.diag(products), kind="stable")
    left = matrix[order] / scales
    whole = np.empty_like(left)
    shares = _shares(products[np.ix_(order, order)])
    for start in range(0, len(left), _BLOCK):
        block = slice(start, start + _BLOCK)
        errors = np.empty_like(left[block])
        for row in range(len(errors)):
            place = start + row
            whole[place] = np.clip(np.round(left[place]), -LARGEST_WEIGHT, LARGEST_WEIGHT)
            errors[row] = (left[place] - whole[place]) / shares[place, place]
            left[place + 1 : block.stop] -= np.outer(shares[place, place + 1 : block.stop], errors[row])
        left[block.stop :] -= shares[block, block.stop :].T @ errors
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return whole[back].astype(np.int8), scales.astype(np.float32)


def _shares(products: np.ndarray) -> np.ndarray:
    """How the rounding of each feature's weights is shared out among those after it: `(K, K)`, upper triangular."""
    damped = products.astype(np.float64)
    mean = damped.trace() / len(damped)
    damped[np.diag_indices_from(damped)] += _DAMPING * mean if mean > 0 else 1.0
    upper: np.ndarray = np.linalg.cholesky(np.linalg.inv(damped)).T
    return upper.astype(np.float32)
