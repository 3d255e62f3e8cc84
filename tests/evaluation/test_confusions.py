"""The confusion matrix against scikit-learn, its pairs by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from glifo.evaluation.confusions import ConfusedPair, Confusions, count_confusions

ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60)
CLASSES = tuple("abcde")


def counted(rows: list[tuple[int, int]]) -> Confusions:
    labels, predictions = np.array(rows, dtype=np.int64).reshape(-1, 2).T
    return count_confusions(labels, predictions, CLASSES)


@given(rows=ROWS)
def test_counts_agree_with_scikit_learn(rows: list[tuple[int, int]]) -> None:
    labels, predictions = zip(*rows, strict=True)
    assert (counted(rows).matrix == confusion_matrix(labels, predictions, labels=range(5))).all()


@given(rows=ROWS)
def test_normalised_rows_sum_to_one_or_nothing(rows: list[tuple[int, int]]) -> None:
    seen = np.isin(range(5), [label for label, _ in rows])
    assert np.allclose(counted(rows).normalised().sum(axis=1), seen)


@given(rows=ROWS, seed=st.integers(0, 100))
def test_pairs_hold_every_error_once_in_falling_order(rows: list[tuple[int, int]], seed: int) -> None:
    pairs = counted(rows).most_confused(num=25)
    shares = [pair.share_of_errors for pair in pairs]
    assert sum(pair.count for pair in pairs) == sum(label != guess for label, guess in rows)
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1 if pairs else 0)
    shuffled = [rows[place] for place in np.random.default_rng(seed).permutation(len(rows))]
    assert counted(shuffled).most_confused(num=25) == pairs


def test_pairs_by_hand() -> None:
    found = Confusions(matrix=np.array([[6, 3, 1], [0, 4, 0], [1, 0, 9]]), classes=("O", "0", "Q"))
    assert found.most_confused(num=2) == (
        ConfusedPair(true="O", predicted="0", count=3, share_of_errors=0.6, share_of_true=0.3),
        ConfusedPair(true="O", predicted="Q", count=1, share_of_errors=0.2, share_of_true=0.1),
    )
    assert len(found.most_confused()) == 3


def test_no_errors_and_no_rows_give_no_pairs() -> None:
    assert counted([(1, 1)]).most_confused() == ()
    assert counted([]).matrix.sum() == 0


@given(rows=ROWS)
def test_json_round_trip(rows: list[tuple[int, int]]) -> None:
    found = counted(rows)
    restored = Confusions.from_dict(json.loads(json.dumps(found.to_dict())))
    assert restored.classes == found.classes
    assert restored.matrix.dtype == np.int64
    assert (restored.matrix == found.matrix).all()


def test_small_whole_numbers_do_not_overflow() -> None:
    classes = tuple(chr(0x4E00 + number) for number in range(200))
    found = count_confusions(np.array([199], dtype=np.uint8), np.array([198], dtype=np.uint8), classes)
    assert found.matrix[199, 198] == found.matrix.sum() == 1


@pytest.mark.parametrize(("classes", "matrix"), [(["a"], [[1, 2]]), (["a", "b"], [[1, 2]])])
def test_a_matrix_that_is_not_square_is_refused(classes: list, matrix: list) -> None:
    with pytest.raises(ValueError, match="expected one row and one column per class"):
        Confusions.from_dict({"classes": classes, "matrix": matrix})


@pytest.mark.parametrize("cell", [-1, 0.5, "7", None])
def test_a_cell_that_is_not_a_count_is_refused(cell: object) -> None:
    with pytest.raises(ValueError, match="a cell that is not a count"):
        Confusions.from_dict({"classes": ["a"], "matrix": [[cell]]})


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="got predictions from 2 to 5, expected 0 to 4"):
        count_confusions(np.array([0, 1]), np.array([2, 5]), CLASSES)
    with pytest.raises(ValueError, match="got labels from -1 to 0"):
        count_confusions(np.array([0, -1]), np.array([2, 3]), CLASSES)
