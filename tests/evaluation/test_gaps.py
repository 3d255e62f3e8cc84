"""Causes of gaps, against hand-computed figures and by property."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glifo.evaluation.gaps import (
    best_assignment,
    expected_accuracy,
    find_collapse,
    find_relabelling,
    read_curves,
    split_gap,
)


@given(st.permutations(range(6)), st.integers(0, 99))
def test_any_permutation_of_classes_is_found(order, seed):
    truth = np.random.default_rng(seed).permutation(np.repeat(np.arange(6), 20))
    mapping = np.array(order)
    found = find_relabelling(truth, mapping[truth], 6, seed)
    if (mapping == np.arange(6)).all():
        assert found is None
        return
    assert found is not None
    assert found.mapping == tuple(order)
    assert found.gain == pytest.approx((mapping != np.arange(6))[truth].mean(), abs=0.2)


@pytest.mark.parametrize(("step", "shift"), [(1, 1), (-1, -1), (3, 3)])
def test_a_constant_shift_is_told_with_its_sign(step, shift):
    truth = np.tile(np.arange(10), 20)
    found = find_relabelling(truth, (truth + step) % 10, 10)
    assert found is not None
    assert (found.shift, found.gain, len(found.moved)) == (shift, 1.0, 10)


def test_confusions_move_no_class():
    """O is read as 0 more often than not, and 0 as 0: no cycle, so nothing is renumbered."""
    truth = np.repeat([0, 1], 100)
    answers = np.where(np.arange(200) < 190, 0, 1)
    assert find_relabelling(truth, answers, 2) is None
    assert find_relabelling(truth, np.random.default_rng(0).integers(0, 2, 200), 2) is None


@given(st.integers(0, 200))
def test_an_assignment_kept_is_the_best_of_all(seed):
    truth = np.random.default_rng(seed).permutation(4)
    matrix = 10 * np.eye(4, dtype=np.int64)[truth] + np.random.default_rng(seed).integers(0, 3, (4, 4))
    total = max(sum(matrix[i, p[i]] for i in range(4)) for p in permutations(range(4)))
    assert matrix[np.arange(4), best_assignment(matrix)].sum() == total


def test_accuracy_under_other_shares_by_hand():
    labels, right = np.array([0, 0, 1, 1]), np.array([True, True, True, False])
    assert expected_accuracy(labels, right, np.array([0.2, 0.8, 0.0])) == pytest.approx(0.2 * 1 + 0.8 * 0.5)
    assert expected_accuracy(labels, right, np.array([0.0, 0.0, 1.0])) == pytest.approx(0.75)  # never seen: the mean


def test_a_gap_is_split_by_hand():
    first_labels, first_right = np.array([0, 0, 1, 1]), np.array([True, True, True, False])
    second_labels, second_right = np.array([0, 1, 1, 1]), np.array([True, False, False, True])
    parts = split_gap(first_labels, first_right, second_labels, second_right, 2)
    assert parts.priors == pytest.approx(0.75 - (0.25 * 1 + 0.75 * 0.5))
    assert parts.within == pytest.approx(0.625 - 0.5)


@given(st.integers(0, 500))
def test_the_parts_add_up_to_the_gap(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 5, 60), rng.integers(0, 5, 40)
    right_a, right_b = rng.random(60) < 0.9, rng.random(40) < 0.6
    parts = split_gap(a, right_a, b, right_b, 5)
    assert parts.priors + parts.within == pytest.approx(right_a.mean() - right_b.mean())


def test_a_collapse_is_described():
    labels = np.repeat([0, 1, 2, 3], 5)
    found = find_collapse(labels, np.where(labels == 1, 1, 2), np.arange(20) > 0, 4)
    assert (found.favourite, found.answered, found.true) == (2, 0.75, 0.25)
    assert (found.never, found.lost, found.not_finite) == ((0, 3), 0.5, pytest.approx(0.05))


def rows(train: list[float], validation: list[float]) -> list[dict[str, float]]:
    return [
        {"epoch": i + 1, "loss": a, "validation_loss": b, "accuracy": 0.9, "validation_accuracy": 0.8}
        for i, (a, b) in enumerate(zip(train, validation, strict=True))
    ]


@pytest.mark.parametrize(
    ("train", "validation", "overfits", "falling", "flat"),
    [
        ([1.0, 0.5, 0.2, 0.1], [1.0, 0.6, 0.7, 0.9], True, False, False),
        ([1.0, 0.8, 0.6, 0.4], [1.0, 0.8, 0.6, 0.5], False, True, False),
        ([1.0, 0.4, 0.3, 0.299], [1.0, 0.5, 0.4, 0.4], False, False, False),
        ([2.3, 2.301, 2.3, 2.3], [2.3, 2.31, 2.3, 2.3], False, False, True),
        ([1.0, 0.5, 0.6, 0.7], [1.0, 0.6, 0.7, 0.9], False, False, False),  # both rise: no overfitting, a rate too high
    ],
)
def test_curves_are_read(train, validation, overfits, falling, flat):
    curves = read_curves(rows(train, validation))
    assert curves is not None
    assert (curves.overfits, curves.still_falling, curves.flat) == (overfits, falling, flat)


def test_one_epoch_is_no_curve():
    assert read_curves(rows([1.0], [1.0])) is None
