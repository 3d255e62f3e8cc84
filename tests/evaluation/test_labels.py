"""Confident learning against cleanlab, a plain second derivation, a table by hand, and planted noise."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from cleanlab.count import compute_confident_joint, estimate_joint
from cleanlab.filter import find_label_issues
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from glifo.evaluation.labels import (
    Suspect,
    class_thresholds,
    estimate_noise,
    find_suspects,
    look_alike,
    split_look_alikes,
)

# Two rows of each class; row 1 is surely a "b" called "a", row 5 is nothing surely. Thresholds by hand:
# a (.8 + .1) / 2 = .45, b (.7 + .6) / 2 = .65, c (.9 + .3) / 2 = .6
PROBABILITIES = np.array(
    [[0.8, 0.1, 0.1], [0.1, 0.85, 0.05], [0.2, 0.7, 0.1], [0.2, 0.6, 0.2], [0.05, 0.05, 0.9], [0.4, 0.3, 0.3]]
)
LABELS = np.array([0, 0, 1, 1, 2, 2])
CLASSES = ("a", "b", "c")


def test_a_table_of_three_classes_by_hand() -> None:
    noise = estimate_noise(PROBABILITIES, LABELS)
    np.testing.assert_allclose(noise.thresholds, [0.45, 0.65, 0.6])
    assert noise.confident.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]  # rows 3 and 5 reach no threshold
    np.testing.assert_allclose(noise.joint, np.array([[1, 1, 0], [0, 2, 0], [0, 0, 2]]) / 6)
    assert noise.share == pytest.approx(1 / 6)
    (pair,) = noise.pairs(CLASSES)
    assert (pair.given, pair.true) == ("a", "b")
    assert (pair.count, pair.share) == (pytest.approx(1), pytest.approx(1 / 6))
    (suspect,) = find_suspects(PROBABILITIES, LABELS, np.arange(10, 16))
    assert suspect == Suspect(row=11, label=0, suggestion=1, label_probability=0.1, suggestion_probability=0.85)
    assert suspect.margin == pytest.approx(-0.75)
    assert suspect.to_dict(CLASSES) == {
        "row": 11,
        "label": "a",
        "suggestion": "b",
        "label_probability": 0.1,
        "suggestion_probability": 0.85,
    }


@cache
def digits(num_flipped: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Out-of-fold probabilities of a logistic regression on digits, their labels, and which labels were falsified."""
    images, truth = load_digits(return_X_y=True)
    rng = np.random.default_rng(0)
    flipped = np.isin(np.arange(len(truth)), rng.choice(len(truth), num_flipped, replace=False))
    labels = np.where(flipped, (truth + rng.integers(1, 10, len(truth))) % 10, truth)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    model = LogisticRegression(C=1.0, max_iter=2000)
    probabilities = cross_val_predict(model, images / 16, labels, cv=folds, method="predict_proba")
    return probabilities, labels, flipped


@pytest.mark.parametrize("num_flipped", [0, 120])
def test_joint_and_suspects_agree_with_cleanlab(num_flipped: int) -> None:
    probabilities, labels, _ = digits(num_flipped)
    noise = estimate_noise(probabilities, labels)
    theirs = compute_confident_joint(labels, probabilities, calibrate=False)
    np.testing.assert_array_equal(noise.confident, theirs)
    np.testing.assert_allclose(noise.joint, estimate_joint(labels, probabilities, confident_joint=theirs), atol=1e-3)
    for ranking, name in (("self_confidence", "self_confidence"), ("margin", "normalized_margin")):
        issues = find_label_issues(
            labels, probabilities, filter_by="confident_learning", return_indices_ranked_by=name, n_jobs=1
        )
        assert [each.row for each in find_suspects(probabilities, labels, ranking=ranking)] == list(issues)


def test_planted_wrong_labels_are_found() -> None:
    probabilities, labels, flipped = digits(120)
    rows = [each.row for each in find_suspects(probabilities, labels)]
    assert flipped[rows].mean() >= 0.95  # precision
    assert flipped[rows].sum() / flipped.sum() >= 0.7  # recall: the rule is strict, the estimated share is not
    assert flipped[rows[:60]].mean() >= 0.98  # the surest are surer
    assert estimate_noise(probabilities, labels).share == pytest.approx(120 / 1797, abs=0.01)


def test_suggestions_are_the_labels_before_the_fault() -> None:
    probabilities, labels, flipped = digits(120)
    truth = load_digits().target
    found = [each for each in find_suspects(probabilities, labels) if flipped[each.row]]
    assert np.mean([each.suggestion == truth[each.row] for each in found]) >= 0.95


def test_clean_labels_give_few_suspects() -> None:
    probabilities, labels, _ = digits(0)
    assert len(find_suspects(probabilities, labels)) <= 0.02 * len(labels)
    assert estimate_noise(probabilities, labels).share <= 0.02


def second_derivation(probabilities: np.ndarray, labels: np.ndarray) -> tuple[list[list[int]], set[int]]:
    """The paper's definition, row by row."""
    num = probabilities.shape[1]
    own = [[row[j] for row, label in zip(probabilities, labels, strict=True) if label == j] for j in range(num)]
    threshold = [sum(values) / len(values) - 1e-6 if values else 2.0 for values in own]
    counts, off = [[0] * num for _ in range(num)], set()
    for place, (row, label) in enumerate(zip(probabilities.tolist(), labels.tolist(), strict=True)):
        reached = [j for j in range(num) if row[j] >= threshold[j]]
        if reached:
            best = max(reached, key=lambda j: (row[j], -j))
            counts[label][best] += 1
            if best != label and row.index(max(row)) != label:
                off.add(place)
    return counts, off


TABLES = st.tuples(st.integers(1, 25), st.integers(2, 5)).flatmap(
    lambda shape: st.tuples(
        arrays(np.float64, shape, elements=st.integers(1, 50).map(float)),
        arrays(np.int64, shape[0], elements=st.integers(0, shape[1] - 1)),
    )
)


@given(table=TABLES)
def test_counts_agree_with_the_definition(table: tuple[np.ndarray, np.ndarray]) -> None:
    probabilities, labels = table[0] / table[0].sum(axis=1, keepdims=True), table[1]
    noise, suspects = estimate_noise(probabilities, labels), find_suspects(probabilities, labels)
    counts, off = second_derivation(probabilities, labels)
    assert noise.confident.tolist() == counts
    assert {each.row for each in suspects} == off
    assert [each.margin for each in suspects] == sorted(each.margin for each in suspects)
    given_shares = np.bincount(labels, minlength=probabilities.shape[1]) / len(labels)
    np.testing.assert_allclose(noise.joint.sum(axis=1), given_shares, atol=1e-12)
    assert -1e-12 <= noise.share <= 1


def test_a_label_that_is_most_probable_is_no_suspect() -> None:
    """Row 1 is below its own class's threshold of .675 and reaches that of b, .35; still it is read as its label."""
    probabilities = np.array([[0.9, 0.05, 0.05], [0.45, 0.4, 0.15], [0.3, 0.35, 0.35], [0.1, 0.1, 0.8]])
    labels = np.array([0, 0, 1, 2])
    assert estimate_noise(probabilities, labels).confident[0].tolist() == [1, 1, 0]
    assert find_suspects(probabilities, labels) == ()


def test_a_class_without_rows_is_never_suggested() -> None:
    probabilities = np.array([[0.4, 0.1, 0.5], [0.1, 0.4, 0.5]])
    labels = np.array([0, 1])
    assert class_thresholds(probabilities, labels)[2] == np.inf
    assert find_suspects(probabilities, labels) == ()


def test_half_precision_answers_will_do() -> None:
    probabilities, labels, _ = digits(120)
    exact = {each.row for each in find_suspects(probabilities, labels)}
    rounded = {each.row for each in find_suspects(probabilities.astype(np.float16).astype(np.float32), labels)}
    assert len(exact ^ rounded) <= 0.02 * len(exact)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [("0", "O", True), ("I", "1", True), ("9", "q", True), ("s", "S", True), ("a", "A", False), ("5", "6", False)],
)
def test_look_alikes_go_by_shape(one: str, other: str, alike: bool) -> None:
    assert look_alike(one, other) is alike
    assert look_alike(other, one) is alike


def test_words_are_no_look_alikes() -> None:
    assert not look_alike("Ii", "1I")
    assert look_alike("5", "6", groups=("56",))


def test_suspects_are_split_by_shape_in_their_order() -> None:
    def suspect(row: int, label: int, suggestion: int) -> Suspect:
        return Suspect(row=row, label=label, suggestion=suggestion, label_probability=0.1, suggestion_probability=0.9)

    suspects = (suspect(3, 0, 1), suspect(1, 0, 2), suspect(2, 1, 0))
    alike, others = split_look_alikes(suspects, ("0", "O", "A"))
    assert [each.row for each in alike] == [3, 2]
    assert [each.row for each in others] == [1]


def test_answers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="got labels from 0 to 3, expected 0 to 2"):
        find_suspects(PROBABILITIES, np.array([0, 0, 1, 1, 2, 3]))
    with pytest.raises(ValueError, match="expected at least one"):
        estimate_noise(PROBABILITIES[:0], LABELS[:0])
