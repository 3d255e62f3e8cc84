"""Paired tests against SciPy, hand-computed tables, a simulation and a bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, chi2

from glifo.evaluation.comparison import chi_square_p, difference_interval, exact_p, holm, mcnemar

CELLS = st.integers(0, 60)
TABLES = st.tuples(CELLS, CELLS, CELLS, CELLS).filter(lambda table: sum(table) > 0)


def columns(both_right: int, only_first: int, only_second: int, both_wrong: int) -> tuple[np.ndarray, np.ndarray]:
    """Right and wrong of two recognisers with these counts."""
    counts = [both_right, only_first, only_second, both_wrong]
    return np.repeat([True, True, False, False], counts), np.repeat([True, False, True, False], counts)


def test_exact_p_is_the_hand_computed_one():
    assert exact_p(1, 9) == pytest.approx(2 * (1 + 10) / 2**10)  # two tails of ten fair coins
    assert exact_p(0, 6) == pytest.approx(2 / 2**6)
    assert exact_p(4, 4) == 1.0
    assert exact_p(0, 0) == 1.0


def test_chi_square_p_is_the_hand_computed_one():
    # |150 - 86| - 1 = 63 and 63 * 63 / 236 = 16.8178
    assert chi_square_p(150, 86) == pytest.approx(chi2.sf(16.8178, 1), rel=1e-4)
    assert chi_square_p(150, 86) == pytest.approx(4.11e-5, rel=1e-2)
    assert chi_square_p(30, 30) == 1.0
    assert chi_square_p(30, 31) == 1.0


def test_the_test_changes_at_25_discordant_rows():
    assert mcnemar(*columns(10, 4, 20, 0)).test == "exact binomial"
    assert mcnemar(*columns(10, 5, 20, 0)).test == "chi-square with continuity correction"
    assert mcnemar(*columns(10, 4, 20, 0)).p_value == pytest.approx(2 * binom.cdf(4, 24, 0.5))
    assert mcnemar(*columns(10, 5, 20, 0)).p_value == pytest.approx(chi2.sf(14**2 / 25, 1))


# Method 10 on the counts a, b, c, d of a crossover of 50, first minus second; the next two tests check it from outside.
@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [((36, 12, 2, 0), 0.0569, 0.3404), ((20, 12, 2, 16), 0.0562, 0.3292)],
)
def test_the_interval_of_the_difference_keeps_its_figures(counts, low, high):
    a, b, c, d = counts
    assert difference_interval(a, c, b, d) == pytest.approx((low, high), abs=6e-5)


def test_the_interval_covers_the_true_difference_95_times_in_100():
    rng = np.random.default_rng(0)
    shares = (0.85, 0.04, 0.08, 0.03)
    found = [difference_interval(*table) for table in rng.multinomial(400, shares, size=2000).tolist()]
    covered = np.mean([low <= 0.04 <= high for low, high in found])
    assert 0.935 <= covered <= 0.975


def test_the_interval_agrees_with_a_paired_bootstrap():
    first, second = columns(800, 30, 70, 100)
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 1000, (4000, 1000))
    differences = (second.astype(float) - first)[rows].mean(axis=1)
    found = mcnemar(first, second)
    assert (found.low, found.high) == pytest.approx(np.quantile(differences, [0.025, 0.975]), abs=0.002)


@given(TABLES)
def test_swapping_the_two_keeps_p_and_turns_the_difference(table):
    a, b, c, d = table
    there, back = mcnemar(*columns(a, b, c, d)), mcnemar(*columns(a, c, b, d))
    assert there.p_value == back.p_value
    assert 0 < there.p_value <= 1
    assert there.difference == -back.difference
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    assert -1 <= there.low <= there.difference <= there.high <= 1


@given(st.lists(st.booleans(), min_size=1, max_size=200))
def test_identical_answers_differ_in_nothing(right):
    found = mcnemar(np.array(right), np.array(right))
    assert (found.p_value, found.difference, found.only_first, found.only_second) == (1.0, 0.0, 0, 0)


def test_a_planted_difference_is_found_and_a_planted_tie_is_not():
    rng = np.random.default_rng(1)
    first = rng.random(2000) < 0.9
    better = first | (rng.random(2000) < 0.3)
    turned = rng.permutation(2000)[:40]
    tie = first.copy()
    tie[turned[first[turned]][:4]] = False
    tie[np.flatnonzero(~first)[:4]] = True
    assert mcnemar(first, better).p_value < 0.001
    assert mcnemar(first, better).low > 0
    assert mcnemar(first, tie).p_value == 1.0


def test_holm_follows_the_hand_computed_table():
    # sorted .005, .01, .03, .04 times 4, 3, 2, 1: .02, .03, .06, .04, then never falling: .02, .03, .06, .06
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == pytest.approx([1.0, 1.0])
    assert holm([0.2]) == [0.2]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_the_raw_and_the_bonferroni_value(p_values):
    for raw, adjusted in zip(p_values, holm(p_values), strict=True):
        assert raw <= adjusted <= min(1.0, raw * len(p_values)) + 1e-12


def test_unequal_rows_are_refused():
    with pytest.raises(ValueError, match="got 2 and 3 answers, expected the same rows"):
        mcnemar(np.array([True, False]), np.array([True, False, True]))
    with pytest.raises(ValueError, match="one at least"):
        mcnemar(np.zeros(0, bool), np.zeros(0, bool))
