"""Scores against scikit-learn, Wilson's intervals against numbers worked by hand."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    log_loss,
    precision_recall_fscore_support,
    top_k_accuracy_score,
)

from glifo.evaluation.calibration import expected_calibration_error, softmax
from glifo.evaluation.metrics import ClassScore, Scores, case_merged_accuracy, class_scores, score, wilson

CLASSES = tuple("0123456")


def noisy(num: int = 400, classes: int = 7, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels and logits that lean to them, wrong about a third of the time."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, num)
    return 1.5 * np.eye(classes)[labels] + random.normal(0, 1, (num, classes)), labels


def assert_same_scores(one: Scores, other: Scores) -> None:
    left, right = one.to_dict(), other.to_dict()
    for name in ("cross_entropy", "ece_before", "ece_after"):
        assert left.pop(name) == pytest.approx(right.pop(name))
    assert left == right


def test_whole_scores_agree_with_scikit_learn() -> None:
    logits, labels = noisy()
    found, guesses = score(logits, labels, CLASSES, 1.3), logits.argmax(axis=1)
    assert found.accuracy.value == pytest.approx(accuracy_score(labels, guesses))
    assert found.balanced_accuracy == pytest.approx(balanced_accuracy_score(labels, guesses))
    assert found.macro_f1 == pytest.approx(f1_score(labels, guesses, average="macro"))
    assert found.cross_entropy == pytest.approx(log_loss(labels, softmax(logits, 1.3)))
    assert set(found.top_k) == {1, 2, 3, 5}
    for k, interval in found.top_k.items():
        assert interval.value == pytest.approx(top_k_accuracy_score(labels, logits, k=k))


def test_class_rows_agree_with_scikit_learn() -> None:
    logits, labels = noisy(seed=1)
    guesses = logits.argmax(axis=1)
    rows = score(logits, labels, CLASSES).per_class
    precision, recall, f1, support = precision_recall_fscore_support(labels, guesses)
    assert [row.precision for row in rows] == pytest.approx(precision)
    assert [row.recall for row in rows] == pytest.approx(recall)
    assert [row.f1 for row in rows] == pytest.approx(f1)
    assert [row.support for row in rows] == support.tolist()
    assert [row.over_prediction for row in rows] == pytest.approx(np.bincount(guesses, minlength=7) / support)


def test_specificity_by_hand() -> None:
    rows = class_scores(np.array([[5, 1, 0], [2, 6, 0], [0, 3, 3]]), ("a", "b", "c"))
    assert [row.specificity for row in rows] == pytest.approx([12 / 14, 8 / 12, 14 / 14])
    assert [row.over_prediction for row in rows] == pytest.approx([7 / 6, 10 / 8, 3 / 6])


def test_a_class_without_rows_has_none_and_spoils_no_mean() -> None:
    logits = np.array([[3.0, 1, 0], [0, 2, 1], [2, 1, 0]])
    found = score(logits, np.array([0, 1, 1]), ("a", "b", "c"))
    assert found.per_class[2] == ClassScore(
        character="c", support=0, precision=None, recall=None, specificity=1.0, f1=None, over_prediction=None
    )
    assert found.balanced_accuracy == pytest.approx((1 + 0.5) / 2)
    assert found.macro_f1 == pytest.approx(f1_score([0, 1, 1], [0, 1, 0], average="macro"))


def test_one_true_class_only_leaves_its_specificity_undefined() -> None:
    found = score(np.array([[2.0, 0.0]]), np.array([0]), ("a", "b"))
    assert found.per_class[0].specificity is None
    assert found.macro_specificity == 1.0


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [  # the first by hand, the others from Newcombe 1998, Two-sided confidence intervals, table I, method 3
        (5, 10, 0.2366, 0.7634),
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_intervals(successes: int, n: int, low: float, high: float) -> None:
    found = wilson(successes, n)
    assert (found.value, found.low, found.high) == pytest.approx((successes / n, low, high), abs=5.1e-5)


@given(n=st.integers(1, 10**6), share=st.floats(0, 1))
def test_an_interval_holds_its_value_inside_0_to_1(n: int, share: float) -> None:
    found = wilson(round(share * n), n)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high


def test_percent_reads_well_and_nonsense_is_refused() -> None:
    assert wilson(90, 100).percent() == "90.00% (82.56–94.48)"
    for successes, n in ((0, 0), (3, 2), (-1, 2)):
        with pytest.raises(ValueError, match=f"got {successes} successes in {n} trials"):
            wilson(successes, n)


def test_case_merged_accuracy_sums_both_cases() -> None:
    probabilities = np.array([[0.3, 0.3, 0.4], [0.1, 0.2, 0.7], [0.6, 0.3, 0.1]])
    merged = case_merged_accuracy(probabilities, np.array([0, 1, 1]), ("S", "s", "5"))
    assert merged is not None
    assert (merged.value, merged.n) == (2 / 3, 3)


@pytest.mark.parametrize("classes", [("A", "b", "1"), ("0", "1", "2"), ("א", "ب", "文")])
def test_case_merged_accuracy_is_none_without_partners(classes: tuple[str, ...]) -> None:
    assert case_merged_accuracy(np.full((1, 3), 1 / 3), np.array([0]), classes) is None


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), temperature=st.floats(0.2, 5))
def test_order_of_rows_and_temperature_change_no_accuracy(seed: int, temperature: float) -> None:
    logits, labels = noisy(50, 4, seed)
    order = np.random.default_rng(seed).permutation(50)
    plain, warm = score(logits, labels, tuple("aBcd")), score(logits, labels, tuple("aBcd"), temperature)
    assert_same_scores(score(logits[order], labels[order], tuple("aBcd")), plain)
    assert (warm.accuracy, warm.top_k, warm.per_class) == (plain.accuracy, plain.top_k, plain.per_class)
    assert warm.ece_before == plain.ece_before == plain.ece_after


def test_temperature_reaches_what_depends_on_confidence() -> None:
    logits, labels = noisy()
    found = score(logits, labels, tuple("aAbcdef"), 2.5)
    probabilities = softmax(logits, 2.5)
    assert found.temperature == 2.5
    assert found.ece_before == expected_calibration_error(softmax(logits), labels)
    assert found.ece_after == expected_calibration_error(probabilities, labels) != found.ece_before
    assert found.case_merged == case_merged_accuracy(probabilities, labels, tuple("aAbcdef"))
    assert found.case_merged != case_merged_accuracy(softmax(logits), labels, tuple("aAbcdef"))


@pytest.mark.parametrize(("num_classes", "ks"), [(2, [1]), (3, [1, 2]), (5, [1, 2, 3]), (6, [1, 2, 3, 5])])
def test_top_k_stops_below_the_number_of_classes(num_classes: int, ks: list[int]) -> None:
    found = score(*noisy(20, num_classes), CLASSES[:num_classes])
    assert list(found.top_k) == ks
    assert list(found.to_dict()["top_k"]) == [str(k) for k in ks]


def test_equal_logits_are_resolved_as_argmax_does() -> None:
    found = score(np.zeros((3, 3)), np.array([0, 1, 2]), ("a", "b", "c"))
    assert found.top_k[1].value == found.accuracy.value == pytest.approx(1 / 3)
    assert found.top_k[2].value == pytest.approx(2 / 3)


def test_to_dict_is_strict_json() -> None:
    found = score(*noisy(3), CLASSES)
    restored = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert restored["accuracy"] == asdict(found.accuracy)
    assert restored["top_k"]["5"]["value"] == found.top_k[5].value
    assert restored["per_class"][0]["character"] == "0"
    assert restored["case_merged"] is None


def test_float32_logits_and_small_labels_score_the_same() -> None:
    logits, labels = noisy()
    single = logits.astype(np.float32)
    double = score(single.astype(np.float64), labels, CLASSES)
    assert_same_scores(score(single, labels.astype(np.uint8), CLASSES), double)


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="got 3 columns for 2 classes"):
        score(np.zeros((1, 3)), np.array([0]), ("a", "b"))
    with pytest.raises(ValueError, match="labels from 5 to 5, expected 0 to 1"):
        score(np.zeros((1, 2)), np.array([5]), ("a", "b"))
    with pytest.raises(ValueError, match="row 0 holds NaN"):
        score(np.array([[np.nan, 0.0]]), np.array([0]), ("a", "b"))
    with pytest.raises(ValueError, match="got no pictures"):
        score(np.zeros((0, 2)), np.zeros(0, dtype=np.int64), ("a", "b"))
