"""Cross-validation and label audits: who is judged by whom, what stays sealed, and planted wrong labels."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import t
from small import short_recipe

from glifo.data.dataset import Dataset, open_data
from glifo.data.splits import split
from glifo.experiment import audit, audit_labels, cross_validate, folds
from glifo.experiment.audit import plan_audit
from glifo.experiment.folds import CrossValidation, Fold, corrected_interval, train_fold
from glifo.recipes import Recipe

RECIPE = short_recipe(max_train_rows=300)


@pytest.fixture(scope="module")
def result() -> CrossValidation:
    return cross_validate(short_recipe(num_epochs=4), folds=3)


def test_every_row_but_the_sealed_test_is_answered_once(result: CrossValidation) -> None:
    splits = split(open_data("optdigits"))
    np.testing.assert_array_equal(result.answers.rows, np.sort(np.concatenate([splits.train, splits.validation])))
    np.testing.assert_array_equal(result.answers.labels, open_data("optdigits").labels[result.answers.rows])
    np.testing.assert_allclose(result.answers.probabilities.sum(axis=1), 1, atol=1e-5)
    assert [fold.num_train + fold.num_validation for fold in result.folds] == [1018] * 3


def test_the_answers_are_good_and_belong_to_their_rows(result: CrossValidation) -> None:
    right = result.answers.probabilities.argmax(axis=1) == result.answers.labels
    assert right.mean() == pytest.approx(result.mean, abs=1e-9)  # folds of 509 rows each
    assert result.mean >= 0.9


def test_mean_spread_and_interval_by_hand(result: CrossValidation) -> None:
    values = np.array(result.accuracies)
    assert result.stdev == pytest.approx(values.std(ddof=1))
    reach = t(2).isf(0.025) * values.std(ddof=1) * math.sqrt(1 / 3 + 509 / 1018)
    assert result.interval.low == pytest.approx(values.mean() - reach)
    assert result.interval.high == pytest.approx(min(1, values.mean() + reach))
    plain = result.to_dict()
    assert (plain["mean"], plain["n"], len(plain["folds"])) == (result.mean, 1527, 3)


def test_the_corrected_interval_is_wider_than_that_of_independent_folds() -> None:
    low, high = corrected_interval([0.9, 0.92, 0.91, 0.93, 0.94], 1 / 4)
    naive_low, naive_high = t.interval(0.95, 4, 0.92, np.std([0.9, 0.92, 0.91, 0.93, 0.94], ddof=1) / math.sqrt(5))
    assert high - low == pytest.approx(1.5 * (naive_high - naive_low))  # sqrt((1/5 + 1/4) / (1/5))
    assert (low + high) / 2 == pytest.approx(0.92)


def test_a_fold_is_answered_without_its_labels() -> None:
    """The labels of the rows held out are falsified: not one answer changes, so nothing was chosen by them."""
    dataset = open_data("optdigits")
    held, others = np.arange(0, 1797, 5), np.setdiff1d(np.arange(1797), np.arange(0, 1797, 5))
    labels = dataset.labels.copy()
    labels[held] = (labels[held] + 1) % 10
    true = train_fold(RECIPE, dataset, others, held)
    false = train_fold(RECIPE, replace(dataset, labels=labels), others, held)
    np.testing.assert_array_equal(true.probabilities, false.probabilities)
    assert true.accuracy > 0.3 > false.accuracy
    np.testing.assert_array_equal(true.rows, held)


def test_the_sealed_test_never_reaches_a_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    clean = cross_validate(RECIPE, folds=2)
    dataset = open_data("optdigits")
    test = split(dataset).test.open("a test that poisons the test rows")
    images = dataset.images.copy()
    images[test] = 255 - images[test]
    monkeypatch.setattr(folds, "open_data", lambda *_, **__: replace(dataset, images=images))
    poisoned = cross_validate(RECIPE, folds=2)
    np.testing.assert_array_equal(clean.answers.probabilities, poisoned.answers.probabilities)


def test_training_rows_that_repeat_a_picture_of_the_fold_are_left_out() -> None:
    dataset = open_data("optdigits")
    held, others = np.arange(300), np.arange(300, 800)
    images = dataset.images.copy()
    images[[400, 500, 600]] = images[[7, 7, 8]]
    fold = train_fold(RECIPE, replace(dataset, images=images), others, held)
    without = train_fold(RECIPE, dataset, np.setdiff1d(others, [400, 500, 600]), held)
    assert (fold.num_repeats, without.num_repeats) == (3, 0)
    assert fold.num_train + fold.num_validation <= 497
    np.testing.assert_array_equal(fold.probabilities, without.probabilities)


def test_a_seed_gives_its_folds_again(result: CrossValidation) -> None:
    again, other = (cross_validate(RECIPE, 2, seed) for seed in (1, 2))
    same = cross_validate(RECIPE, 2, 1)
    np.testing.assert_array_equal(again.answers.probabilities, same.answers.probabilities)
    assert not np.array_equal(again.folds[0].rows, other.folds[0].rows)


def test_one_fold_is_refused() -> None:
    with pytest.raises(ValueError, match="1 folds of 1,527 rows: expected 2 to 1,527"):
        cross_validate(RECIPE, 1)


def noisy_digits() -> tuple[Dataset, np.ndarray]:
    """The digits with 90 falsified labels, and their rows."""
    dataset = open_data("optdigits")
    rng = np.random.default_rng(3)
    rows = rng.choice(len(dataset), 90, replace=False)
    labels = dataset.labels.copy()
    labels[rows] = (labels[rows] + rng.integers(1, 10, len(rows))) % 10
    return replace(dataset, labels=labels), rows


def test_an_audit_finds_planted_wrong_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, planted = noisy_digits()
    monkeypatch.setattr(audit, "open_data", lambda *_, **__: dataset)
    found = audit_labels(short_recipe(num_epochs=8), part="all", folds=2)
    suspects = [each.row for each in found.suspects]
    assert np.isin(suspects, planted).mean() >= 0.9
    assert np.isin(planted, suspects).mean() >= 0.5
    assert found.noise.share == pytest.approx(90 / 1797, abs=0.02)
    assert found.noise.n == 1797
    plain = found.to_dict(10)
    assert len(plain["suspects"]) == 10
    assert plain["num_suspects"] == len(suspects) == plain["num_suspects_look_alike"] + plain["num_suspects_other"]
    assert sum(row["suspects"] for row in plain["per_class"]) == len(suspects)
    assert sum(row["n"] for row in plain["per_class"]) == 1797


def test_the_parts_of_an_audit_and_the_record_of_sealed_rows() -> None:
    splits = split(open_data("optdigits"), validation_fraction=0.0)
    test, rest = splits.test.open("a test that compares row numbers"), splits.train
    for part, rows in {"test": test, "train": rest, "all": np.arange(1797)}.items():
        plan = plan_audit(RECIPE, part=part, folds=3)
        np.testing.assert_array_equal(np.sort(np.concatenate(plan.folds)), rows)
        assert len(plan.extra) == 0
        assert (plan.test_read is None) == (part == "train")
    plan = plan_audit(RECIPE, part="test", folds=3, with_training_rows=True)
    np.testing.assert_array_equal(plan.extra, rest)
    assert plan.test_read is not None
    assert plan.test_read["n"] == len(test)
    assert "label audit" in plan.test_read["reason"]


def test_a_fold_of_an_audit_trains_on_the_other_folds_and_the_extra_rows(
    monkeypatch: pytest.MonkeyPatch, result: CrossValidation
) -> None:
    seen: list[tuple[np.ndarray, np.ndarray]] = []

    def look_on(recipe: Recipe, dataset: Dataset, rows: np.ndarray, held: np.ndarray, *_: Any, **__: Any) -> Fold:
        seen.append((rows, held))
        return result.folds[0]

    monkeypatch.setattr(audit, "train_fold", look_on)
    plan = plan_audit(RECIPE, part="test", folds=3, with_training_rows=True)
    for number in range(3):
        plan.train(number)
    assert len(seen) == 3
    for number, (rows, held) in enumerate(seen):
        assert held is plan.folds[number]
        np.testing.assert_array_equal(np.sort(rows), np.setdiff1d(np.arange(1797), held))


def test_wrong_parts_are_refused() -> None:
    with pytest.raises(ValueError, match="no part of the rows is called 'tset'; expected test, train, all"):
        plan_audit(RECIPE, part="tset")
    with pytest.raises(ValueError, match="part all holds the training rows already"):
        plan_audit(RECIPE, part="all", with_training_rows=True)


def test_a_teacher_may_know_the_rows_held_out():
    with pytest.raises(ValueError, match="may know the rows held out"):
        cross_validate(short_recipe(teacher="digits"), folds=2)
