"""Conformal sets: coverage for every class whatever the shares, small cases by hand, classes with few rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glifo.evaluation.calibration import softmax
from glifo.evaluation.conformal import coverage_of, fit_conformal, in_set


def drawn(num: int, shares: list[float], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of classes drawn with these shares, and a recogniser that is far less sure of the last class."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(len(shares), num, p=shares)
    strength = np.linspace(4.0, 1.0, len(shares))[labels]
    logits = rng.normal(0, 1, (num, len(shares)))
    logits[np.arange(num), labels] += strength
    return softmax(logits), labels


@pytest.mark.parametrize("coverage", [0.9, 0.95, 0.99])
def test_every_class_is_covered_even_where_the_shares_have_changed(coverage: float) -> None:
    thresholds = fit_conformal(*drawn(40_000, [0.7, 0.2, 0.1], 0), coverage=coverage)
    probabilities, labels = drawn(60_000, [0.1, 0.2, 0.7], 1)
    chosen = in_set(probabilities, thresholds)
    for number in range(3):
        covered, _ = coverage_of(chosen[labels == number], labels[labels == number])
        assert covered == pytest.approx(coverage, abs=0.012)


def test_one_threshold_for_all_would_not_cover_the_class_that_is_read_worst() -> None:
    """The planted fault that class-conditional sets are there for."""
    probabilities, labels = drawn(40_000, [0.7, 0.2, 0.1], 0)
    of_the_true = probabilities[np.arange(len(labels)), labels]
    chosen = in_set(probabilities, np.full(3, np.quantile(of_the_true, 0.1)))
    assert coverage_of(chosen[labels == 2], labels[labels == 2])[0] < 0.8


def test_the_quantile_by_hand() -> None:
    shares = np.array(
        [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.15]
    )  # of the true class, 9 rows: 10 * 0.2 = 2 left out
    probabilities = np.stack([shares, 1 - shares], axis=1)
    thresholds = fit_conformal(probabilities, np.zeros(9, dtype=np.int64), coverage=0.8)
    assert thresholds[0] == pytest.approx(0.2)  # at 0.2 a row is kept: of ten rows two may fall below
    assert thresholds[1] == 0.0  # no row at all: in every set


def test_rare_classes_share_a_quantile() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(12), [500, 500, *[12] * 10])
    probabilities = softmax(rng.normal(0, 1, (len(labels), 12)) + 3 * np.eye(12)[labels])
    thresholds = fit_conformal(probabilities, labels, coverage=0.95)
    assert len(set(thresholds[2:])) == 1 and thresholds[2] > 0 and thresholds[0] != thresholds[2]


@given(seed=st.integers(0, 1000), coverage=st.floats(0.5, 0.95))
def test_higher_coverage_only_adds_classes(seed: int, coverage: float) -> None:
    probabilities, labels = drawn(600, [0.5, 0.3, 0.2], seed)
    low, high = (fit_conformal(probabilities, labels, coverage=each) for each in (coverage, (1 + coverage) / 2))
    assert (in_set(probabilities, low) <= in_set(probabilities, high)).all()


@pytest.mark.parametrize("coverage", [0.0, 1.0, 95.0])
def test_a_coverage_that_is_none_is_refused(coverage: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        fit_conformal(*drawn(50, [0.5, 0.5], 0), coverage=coverage)
