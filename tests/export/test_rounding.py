"""Matrices in whole numbers: what products with them lose."""

from __future__ import annotations

import numpy as np
import pytest

from adaseq.export.rounding import LARGEST_WEIGHT, Factors, rounded

RANDOM = np.random.default_rng(3)


def correlated(count: int, width: int) -> np.ndarray:
    """Features that depend on each other, some of them large, as in a transformer."""
    causes = RANDOM.standard_normal((count, width // 4))
    features = causes @ RANDOM.standard_normal((width // 4, width)) + 0.1 * RANDOM.standard_normal((count, width))
    features[:, :3] *= 20
    return features.astype(np.float32)


def in_eight_bits(rows: np.ndarray) -> np.ndarray:
    steps = np.abs(rows).max(1, keepdims=True) / 127
    return np.round(rows / steps) * steps


@pytest.fixture
def matrix() -> np.ndarray:
    return RANDOM.standard_normal((160, 40)).astype(np.float32)


def test_rounding_harms_products_less_than_rounding_each_weight_alone(matrix: np.ndarray) -> None:
    seen, others = np.split(correlated(4000, 160), 2)
    whole, scales = rounded(matrix, seen.T @ seen)
    assert whole.dtype == np.int8 and np.abs(whole).max() == LARGEST_WEIGHT
    nearest = np.round(matrix / scales) * scales
    mine, alone = (np.square(others @ (each - matrix)).mean() for each in (whole * scales, nearest))
    assert mine < 0.5 * alone


def test_without_anything_seen_each_weight_is_rounded_alone(matrix: np.ndarray) -> None:
    factors = Factors({"a": matrix})
    whole, scales = factors.rounded("a")
    assert (factors.divisors == 1).all() and not factors.is_one_sided
    assert (whole == np.round(matrix / scales)).all()
    assert (scales == np.abs(matrix).max(0) / LARGEST_WEIGHT).all()


def test_large_features_are_shared_out_with_the_weights(matrix: np.ndarray) -> None:
    seen, others = np.split(correlated(4000, 160), 2)
    factors = Factors({"a": matrix, "b": matrix[:, :8] * 3})
    factors.observe(seen.reshape(20, 100, 160))
    divisors = factors.divisors
    assert divisors[:3].min() > divisors[3:].max() and divisors.mean() == pytest.approx(1)
    whole, scales = factors.rounded("a")
    shared = in_eight_bits(others / divisors) @ (whole * scales)
    plain, columns = rounded(matrix, seen.T @ seen)
    alone = in_eight_bits(others) @ (plain * columns)
    exact = others @ matrix
    assert np.square(shared - exact).mean() < 0.5 * np.square(alone - exact).mean()


def test_a_feature_that_was_not_seen_may_be_large_elsewhere(matrix: np.ndarray) -> None:
    seen = correlated(500, 160)
    seen[:, 100] = 0
    factors = Factors({"a": matrix})
    factors.observe(seen)
    assert factors.divisors.min() > 0.1 and np.isfinite(factors.rounded("a")[1]).all()


@pytest.mark.parametrize(("rows", "is_one_sided"), [(np.abs, True), (np.asarray, False)])
def test_features_of_one_sign(matrix: np.ndarray, rows: np.ufunc, is_one_sided: bool) -> None:
    factors = Factors({"a": matrix})
    factors.observe(rows(RANDOM.standard_normal((50, 160)).astype(np.float32)))
    assert factors.is_one_sided is is_one_sided
