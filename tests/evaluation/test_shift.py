"""Two-sample tests: they keep their level where there is no shift, see one where there is, and agree with references."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare
from sklearn.linear_model import LogisticRegression

from glifo.evaluation.shift import (
    adapt_priors,
    classifier_two_sample,
    compare_shares,
    discrepancy,
    gaussian_kernel,
    kernel_two_sample,
)

TESTS = [classifier_two_sample, kernel_two_sample]


def normal(seed: int, num: int = 120, mean: float = 0.0, deviation: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, deviation, (num, 6))


@pytest.mark.parametrize("test", TESTS)
def test_one_source_is_seldom_called_two(test):
    p_values = [test(normal(2 * seed), normal(2 * seed + 1), seed).p_value for seed in range(20)]
    assert sum(p < 0.05 for p in p_values) <= 4  # of 20 at level .05: five or more happen in 3 of 1,000 such tests
    assert np.mean(p_values) > 0.25


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("change", [{"mean": 1.0}, {"deviation": 2.0}])
def test_a_shift_of_mean_or_of_spread_is_seen(test, change):
    assert test(normal(0), normal(1, **change)).p_value < 0.01


@pytest.mark.parametrize("test", TESTS)
def test_a_test_repeats_itself_and_says_how_many_rows_it_used(test):
    first, second = normal(0, 50), normal(1, 90)
    assert test(first, second, 3) == test(first, second, 3)
    assert test(first, second).n == 50


@pytest.mark.parametrize("test", TESTS)
def test_too_few_rows_are_refused(test):
    with pytest.raises(ValueError, match="expected at least 4 in each"):
        test(normal(0, 3), normal(1))


def test_the_discrepancy_is_the_textbook_sum():
    first, second = normal(0, 9), normal(1, 9, mean=0.5)
    rows = np.concatenate([first, second])
    distances = ((rows[:, None] - rows[None]) ** 2).sum(axis=2)
    kernel = np.exp(-distances / (2 * np.median(distances[np.triu_indices(18, 1)])))
    np.testing.assert_allclose(gaussian_kernel(rows), kernel)
    x, y, xy = kernel[:9, :9], kernel[9:, 9:], kernel[:9, 9:]
    expected = (x.sum() - 9) / 72 + (y.sum() - 9) / 72 - 2 * xy.sum() / 81
    signs = np.repeat([1.0, -1.0], 9)[:, None]
    assert discrepancy(kernel, signs)[0] == pytest.approx(expected)


@given(st.lists(st.integers(1, 200), min_size=2, max_size=8))
def test_equal_shares_have_no_shift(counts):
    shift = compare_shares(np.array(counts), 3 * np.array(counts))
    assert shift.distance == pytest.approx(0, abs=1e-9)
    assert shift.p_value == pytest.approx(1)


def test_share_shift_by_hand():
    shift = compare_shares(np.array([30, 10, 0]), np.array([10, 30, 0]))
    expected = chisquare([30, 10, 10, 30], [20, 20, 20, 20], ddof=2)  # 4 cells, 1 degree of freedom
    assert shift.chi_square == pytest.approx(20.0)
    assert shift.p_value == pytest.approx(expected.pvalue)
    assert (shift.effect, shift.distance) == (pytest.approx(0.5), pytest.approx(0.5))
    with pytest.raises(ValueError, match="expected at least one in each"):
        compare_shares(np.array([0, 0]), np.array([1, 1]))


def test_a_single_common_class_has_no_shift():
    assert compare_shares(np.array([5, 0]), np.array([9, 0])).p_value == 1.0


def test_adapted_priors_find_the_true_shares_and_gain_accuracy():
    rng = np.random.default_rng(0)

    def draw(shares: list[float], num: int) -> tuple[np.ndarray, np.ndarray]:
        labels = rng.choice(3, num, p=shares)
        return rng.normal(labels[:, None] * np.array([1.2, -0.8]), 1.0), labels

    train, test = draw([1 / 3, 1 / 3, 1 / 3], 4000), draw([0.8, 0.15, 0.05], 4000)
    probabilities = LogisticRegression().fit(*train).predict_proba(test[0])
    adapted = adapt_priors(probabilities, np.full(3, 1 / 3))
    np.testing.assert_allclose(adapted.priors, [0.8, 0.15, 0.05], atol=0.04)
    before = (probabilities.argmax(axis=1) == test[1]).mean()
    assert (adapted.probabilities.argmax(axis=1) == test[1]).mean() > before + 0.05
    np.testing.assert_allclose(adapted.probabilities.sum(axis=1), 1)


def test_adapted_answers_are_bayes_rule_under_the_new_priors():
    probabilities = np.array([[0.6, 0.4], [0.2, 0.8], [0.9, 0.1]])
    trained = np.array([0.7, 0.3])
    adapted = adapt_priors(probabilities, trained)
    weighted = probabilities * adapted.priors / trained
    np.testing.assert_allclose(adapted.probabilities, weighted / weighted.sum(axis=1, keepdims=True), atol=1e-4)
    np.testing.assert_allclose(adapted.priors, adapted.probabilities.mean(axis=0), atol=1e-4)
