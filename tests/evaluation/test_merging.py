"""Merging classes: the probabilities of c and C summed where the data has no c."""

from __future__ import annotations

import numpy as np
import pytest

from glifo.evaluation.calibration import softmax
from glifo.evaluation.merging import fold_cases, merge_logits


@pytest.mark.parametrize(
    ("classes", "alphabet", "counts_as"),
    [
        (("C", "c"), ("C", "c"), [0, 1]),
        (("C", "c", "a", "A"), ("A", "C"), [0, 0, 3, 3]),
        (("c", "C"), ("c",), [0, 0]),
        (("0", "o", "O"), ("0",), [0, 1, 2]),  # other classes stay what they are: o is no digit
        (("c", "1"), ("C", "1"), [0, 1]),  # nothing to merge into
    ],
)
def test_which_class_counts_as_which(classes: tuple[str, ...], alphabet: tuple[str, ...], counts_as: list[int]) -> None:
    assert fold_cases(classes, alphabet).tolist() == counts_as


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_probabilities_are_summed_at_the_temperature(temperature: float) -> None:
    logits = np.random.default_rng(0).normal(0, 4, (20, 5))
    merged = merge_logits(logits, np.array([0, 1, 1, 3, 0]), temperature)
    before = softmax(logits, temperature)
    expected = np.stack([before[:, 0] + before[:, 4], before[:, 1] + before[:, 2], before[:, 3]], axis=1)
    np.testing.assert_allclose(softmax(merged, temperature), expected, rtol=1e-9)


def test_two_halves_beat_one_larger_class() -> None:
    logits = np.log(np.array([[0.4, 0.35, 0.25]]))  # 0, O, o
    assert logits.argmax() == 0
    assert merge_logits(logits, np.array([0, 1, 1]), 1.0).argmax() == 1
