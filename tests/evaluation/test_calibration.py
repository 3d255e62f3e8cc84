"""Softmax, temperature and calibration error, against scipy and against planted truths."""

from __future__ import annotations

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from glifo.evaluation.calibration import (
    check_answers,
    cross_entropy,
    expected_calibration_error,
    fit_temperature,
    log_softmax,
    reliability,
    softmax,
)

LOGITS = arrays.arrays(np.float64, st.tuples(st.integers(1, 8), st.integers(2, 6)), elements=st.floats(-1e4, 1e4))


def sampled(num: int, classes: int, seed: int = 0, spread: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels drawn from exactly the probabilities those logits claim."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, spread, (num, classes))
    claimed = scipy.special.softmax(logits, axis=1).cumsum(axis=1)
    labels = (random.random((num, 1)) > claimed).sum(axis=1).clip(max=classes - 1)
    return logits, labels


@given(logits=LOGITS, temperature=st.floats(0.05, 20))
def test_softmax_agrees_with_scipy(logits: np.ndarray, temperature: float) -> None:
    assert np.allclose(softmax(logits, temperature), scipy.special.softmax(logits / temperature, axis=1), atol=1e-12)
    assert np.allclose(log_softmax(logits, temperature), scipy.special.log_softmax(logits / temperature, axis=1))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_softmax_keeps_its_precision_and_survives_huge_logits(kind: type) -> None:
    found = softmax(np.array([[1e30, 0, -1e30], [5, 5, 5]], dtype=kind))
    assert found.dtype == kind
    assert np.allclose(found, [[1, 0, 0], [1 / 3] * 3])


@given(logits=LOGITS, temperature=st.floats(0.05, 20))
def test_temperature_never_changes_the_first_guess(logits: np.ndarray, temperature: float) -> None:
    apart = np.round(logits, 3) + np.arange(logits.shape[1]) * 1e-4  # equal logits may round to either class
    assert (softmax(apart, temperature).argmax(axis=1) == apart.argmax(axis=1)).all()


def test_cross_entropy_agrees_with_scikit_learn() -> None:
    logits, labels = sampled(500, 7)
    expected = log_loss(labels, scipy.special.softmax(logits / 1.7, axis=1), labels=range(7))
    assert cross_entropy(logits, labels, 1.7) == pytest.approx(expected)


@pytest.mark.parametrize("planted", [0.5, 1.0, 2.5])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_planted_temperature_is_recovered(planted: float, kind: type) -> None:
    logits, labels = sampled(40_000, 10)
    assert fit_temperature((logits * planted).astype(kind), labels) == pytest.approx(planted, rel=0.02)


def test_the_fitted_temperature_is_no_worse_than_any_on_a_grid() -> None:
    logits, labels = sampled(2_000, 5, seed=3)
    best = cross_entropy(logits * 3, labels, fit_temperature(logits * 3, labels))
    assert best <= min(cross_entropy(logits * 3, labels, float(t)) for t in np.geomspace(0.1, 10, 60)) + 1e-9


def test_calibrated_data_has_a_small_error_and_overconfident_data_a_large_one() -> None:
    logits, labels = sampled(40_000, 10)
    assert expected_calibration_error(softmax(logits), labels) < 0.01
    assert expected_calibration_error(softmax(logits * 4), labels) > 0.15


def test_reliability_by_hand() -> None:
    probabilities = np.array([[0.8, 0.2], [0.7, 0.3], [0.0, 1.0], [0.5, 0.5]])
    found = reliability(probabilities, np.array([0, 1, 1, 0]), bins=4)
    assert found.count.tolist() == [0, 1, 1, 2]
    assert found.confidence == pytest.approx([0, 0.5, 0.7, 0.9])
    assert found.accuracy == pytest.approx([0, 1, 0, 1])
    error = expected_calibration_error(probabilities, np.array([0, 1, 1, 0]), bins=4)
    assert error == pytest.approx((0.5 + 0.7 + 0.2) / 4)


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), bins=st.integers(1, 40))
def test_the_error_is_a_fraction_and_forgets_the_order_of_rows(seed: int, bins: int) -> None:
    logits, labels = sampled(60, 4, seed)
    order = np.random.default_rng(seed).permutation(60)
    found = expected_calibration_error(softmax(logits), labels, bins)
    assert 0 <= found <= 1
    assert expected_calibration_error(softmax(logits)[order], labels[order], bins) == pytest.approx(found)
    assert reliability(softmax(logits), labels, bins).count.sum() == 60


@pytest.mark.parametrize(
    ("values", "labels", "message"),
    [
        (np.zeros((3, 2)), np.zeros(2, int), r"shape \(3, 2\) and labels of shape \(2,\)"),
        (np.zeros(3), np.zeros(3, int), r"expected \(n, classes\)"),
        (np.zeros((0, 2)), np.zeros(0, int), "got no pictures"),
        (np.zeros((2, 1)), np.zeros(2, int), "got 1 class, expected at least 2"),
        (np.array([[0.0, 1], [0, np.nan]]), np.zeros(2, int), "row 1 holds NaN"),
        (np.array([[0.0, np.inf], [0, 1]]), np.zeros(2, int), "row 0 holds NaN or infinity"),
        (np.zeros((2, 2)), np.array([0, 2]), "labels from 0 to 2, expected 0 to 1"),
        (np.zeros((2, 2)), np.array([-1, 0]), "labels from -1 to 0"),
        (np.zeros((2, 2)), np.zeros(2), "labels of type float64"),
    ],
)
def test_values_that_do_not_fit_are_refused(values: np.ndarray, labels: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_answers(values, labels)


def test_a_wrong_number_of_classes_bins_or_degrees_is_refused() -> None:
    with pytest.raises(ValueError, match="got 3 columns for 2 classes"):
        check_answers(np.zeros((1, 3)), np.zeros(1, int), 2)
    with pytest.raises(ValueError, match="got 0 bins"):
        reliability(np.full((1, 2), 0.5), np.zeros(1, int), bins=0)
    for temperature in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="expected a positive number"):
            softmax(np.zeros((1, 2)), temperature)
