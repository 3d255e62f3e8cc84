"""Splits: disjoint, stratified, the same for the same seed, the test rows sealed; repeats against brute force."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import planted
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glifo.data.dataset import Dataset, open_data
from glifo.data.splits import SealedRows, find_repeats, k_fold, rows_to_show, split
from glifo.images import FRAMES


def planted_set(labels: list[int] | np.ndarray, *, num_test: int = 0) -> Dataset:
    rows = np.asarray(labels, np.int64)
    classes = tuple(chr(65 + label) for label in range(int(rows.max()) + 1))
    return Dataset(
        name="planted",
        images=planted.pictures(len(rows), height=2, width=2),
        labels=rows,
        classes=classes,
        frame=FRAMES["emnist"],
        num_official_test=num_test,
        identity="0",
    )


def every_row(rows: Any) -> list[int]:
    return sorted([*rows.train.tolist(), *rows.validation.tolist(), *rows.test.open("a test of the split").tolist()])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    labels=st.lists(st.integers(0, 4), min_size=5, max_size=80),
    num_test=st.integers(0, 3),
    seed=st.integers(0, 5),
    fraction=st.sampled_from([0.0, 0.1, 0.3]),
)
def test_every_row_is_in_exactly_one_part(labels: list[int], num_test: int, seed: int, fraction: float) -> None:
    rows = split(planted_set(labels, num_test=num_test), seed=seed, validation_fraction=fraction)
    assert every_row(rows) == list(range(len(labels)))
    assert all((np.diff(part) > 0).all() for part in (rows.train, rows.validation, rows.test.open("order")))
    assert bool(len(rows.validation)) == bool(fraction)


def test_each_class_keeps_its_share() -> None:
    digits = open_data("optdigits")
    rows = split(digits, seed=3)
    whole = np.bincount(digits.labels) / len(digits)
    for part in (rows.train, rows.validation, rows.test.open("shares")):
        np.testing.assert_allclose(np.bincount(digits.labels[part]) / len(part), whole, atol=0.01)


def test_the_seed_moves_the_validation_rows_and_never_the_test() -> None:
    digits = open_data("optdigits")
    first, again, other = split(digits, seed=1), split(digits, seed=1), split(digits, seed=2)
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert first.validation.tolist() != other.validation.tolist()
    assert first.test.open("compare").tolist() == other.test.open("compare").tolist()


def test_the_official_test_rows_are_the_test() -> None:
    rows = split(planted_set(planted.labels(50, 5), num_test=20))
    assert rows.test.open("compare").tolist() == list(range(30, 50)) and max(rows.train) < 30


@pytest.mark.parametrize(
    "read",
    [iter, list, np.asarray, lambda rows: rows[0], lambda rows: rows[:], lambda rows: 3 in rows, reversed],
)
def test_the_test_rows_are_sealed(read: Callable[[Any], object]) -> None:
    with pytest.raises(ValueError, match="the test rows are sealed: only 'glifo evaluate --final' reads them"):
        read(split(planted_set(planted.labels(50, 5))).test)


@pytest.mark.parametrize("reason", ["", "  ", None])
def test_the_seal_needs_a_reason(reason: str) -> None:
    sealed = SealedRows(np.array([4, 5]))
    with pytest.raises(Exception, match=r"sealed|reason"):  # beartype speaks first where it checks the type
        sealed.open(reason)
    assert len(sealed) == 2 and sealed.open("evaluate --final").tolist() == [4, 5] and "4" not in repr(sealed)
    with pytest.raises(ValueError, match="read-only"):
        sealed.open("change it")[0] = 1


def test_to_dict_has_no_rows() -> None:
    facts = split(planted_set(planted.labels(100, 5)), seed=4).to_dict()
    assert (facts["train"], facts["validation"], facts["test"], facts["seed"]) == (77, 8, 15, 4)
    assert set(facts) == {"train", "validation", "test", "seed", "rule", "fingerprint"}


def test_a_class_with_one_row_ends_stratification_and_the_rule_says_so() -> None:
    rows = split(planted_set([0] * 20 + [1]))
    assert "not stratified: too few rows" in rows.rule and len(every_row(rows)) == 21


@pytest.mark.parametrize(
    ("labels", "num_test", "options", "message"),
    [
        ([0, 1] * 5, 10, {}, "10 rows, 10 of them its official test part: there is nothing to train on"),
        ([0, 1], 0, {}, "there is nothing to train on"),
        ([0, 1] * 5, 0, {"validation_fraction": 1.0}, "validation_fraction 1.0: expected at least 0 and less than 1"),
        ([0, 1] * 5, 0, {"test_fraction": -0.1}, "test_fraction -0.1"),
        ([0, 1] * 2, 0, {"test_fraction": 0.9}, "leaves none"),
    ],
)
def test_a_split_that_cannot_be_made(labels: list[int], num_test: int, options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        split(planted_set(labels, num_test=num_test), **options)


def test_each_row_validates_in_exactly_one_fold() -> None:
    data = planted_set(planted.labels(60, 3), num_test=12)
    folds = k_fold(data, 4, seed=1)
    assert sorted(np.concatenate([fold.validation for fold in folds]).tolist()) == list(range(48))
    assert len({tuple(fold.test.open("compare").tolist()) for fold in folds}) == 1
    for fold in folds:
        assert every_row(fold) == list(range(60))
        assert np.bincount(data.labels[fold.validation]).tolist() == [4, 4, 4]


def test_folds_of_rare_classes_are_not_stratified_and_say_so() -> None:
    folds = k_fold(planted_set([0] * 20 + [1, 1], num_test=0), 3, test_fraction=0.0)
    assert "not stratified" in folds[0].rule and len(folds) == 3


@pytest.mark.parametrize("k", [0, 1, 49])
def test_a_number_of_folds_out_of_range(k: int) -> None:
    with pytest.raises(ValueError, match=f"{k} folds of 48 rows: expected 2 to 48"):
        k_fold(planted_set(planted.labels(60, 3), num_test=12), k)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(values=st.lists(st.integers(0, 3), min_size=1, max_size=14), cut=st.integers(0, 14))
def test_repeats_equal_brute_force(values: list[int], cut: int) -> None:
    images = np.array(values, np.uint8).reshape(-1, 1, 1) * np.ones((1, 2, 3), np.uint8)
    rows_a, rows_b = np.arange(len(values))[:cut], np.arange(len(values))[cut:]
    expected = []
    for b in rows_b.tolist():
        same = [a for a in rows_a.tolist() if values[a] == values[b]]
        expected += [[same[0], b]] if same else []
    assert find_repeats(images, rows_a, rows_b).pairs.tolist() == expected
    every = np.arange(len(values))
    assert find_repeats(images, every, every).count == len(values) - len(set(values))


def test_repeats_as_plain_values() -> None:
    repeats = find_repeats(np.zeros((3, 2, 2), np.uint8), np.array([0]), np.array([1, 2]))
    assert repeats.to_dict() == {"count": 2, "first_pairs": [[0, 1], [0, 2]]}


def test_rows_to_show_leave_the_test_out() -> None:
    data = planted_set(planted.labels(50, 5), num_test=20)
    assert rows_to_show(data).tolist() == list(range(30))
    assert rows_to_show(planted_set([0, 1] * 5, num_test=10)).tolist() == list(range(10))


@pytest.mark.parametrize("num", [10, 11, 100, 700])
def test_fewer_training_rows_keep_every_class_and_their_shares(num):
    dataset = open_data("optdigits")
    whole, few = split(dataset, seed=4), split(dataset, seed=4, max_train_rows=num)
    assert len(few.train) == num and set(few.train) <= set(whole.train)
    np.testing.assert_array_equal(few.validation, whole.validation)
    counts = np.bincount(dataset.labels[few.train], minlength=10)
    expected = num * np.bincount(dataset.labels[whole.train]) / len(whole.train)
    assert counts.min() >= 1 and np.abs(counts - expected).max() <= 2
    assert f"training: {num} rows of the rest" in few.rule
    np.testing.assert_array_equal(split(dataset, seed=4, max_train_rows=num).train, few.train)
    np.testing.assert_array_equal(split(dataset, seed=4, max_train_rows=10_000).train, whole.train)
