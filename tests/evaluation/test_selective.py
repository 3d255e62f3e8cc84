"""The risk dial: the promise kept on fresh rows, curves by hand and against a plain twin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glifo.evaluation.selective import ERRORS, NEVER, augrc, fit_risk_dial, risk_curve, threshold_for


def answers(num: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Confidences, and answers that are right with that very probability."""
    rng = np.random.default_rng(seed)
    confidence = 1 - 0.5 * rng.random(num) ** 4
    return confidence, rng.random(num) < confidence


def test_the_curve_by_hand() -> None:
    curve = risk_curve(np.array([0.5, 0.9, 0.7, 0.9]), np.array([False, True, False, True]))
    assert curve.confidence.tolist() == [0.9, 0.7, 0.5]
    assert curve.coverage.tolist() == [0.5, 0.75, 1.0]
    assert curve.error.tolist() == pytest.approx([0.0, 1 / 3, 0.5])


def test_augrc_by_hand() -> None:
    # answered and wrong: 0 of 2, then 1 of 2; trapezoids over coverage 0, 0.5, 1
    assert augrc(np.array([0.9, 0.8]), np.array([True, False])) == pytest.approx(0.5 * 0.5 * 0.5)
    assert augrc(np.array([0.9, 0.8]), np.array([True, True])) == 0.0
    assert augrc(np.array([0.9, 0.8, 0.7]), np.zeros(3, bool)) == pytest.approx(0.5)


@given(seed=st.integers(0, 500))
def test_a_plain_twin_of_the_curve(seed: int) -> None:
    rng = np.random.default_rng(seed)
    confidence, right = rng.integers(1, 6, 30) / 5, rng.random(30) < 0.7
    curve = risk_curve(confidence, right)
    for level, coverage, error in zip(curve.confidence, curve.coverage, curve.error, strict=True):
        answered = [ok for sure, ok in zip(confidence, right, strict=True) if sure >= level]
        assert coverage == pytest.approx(len(answered) / 30)
        assert error == pytest.approx(1 - sum(answered) / len(answered))


@pytest.mark.parametrize("wish", [0.005, 0.01, 0.05])
def test_the_promise_is_kept_on_fresh_rows(wish: float) -> None:
    dial = fit_risk_dial(*answers(20_000, 0))
    confidence, right = answers(200_000, 1)
    answered = confidence >= threshold_for(dial, wish)
    assert 0 < answered.mean() < 1
    assert 1 - right[answered].mean() <= wish
    assert 1 - right.mean() > wish  # without the dial it is broken


def test_a_wish_nobody_can_vouch_for_is_answered_never_or_refused() -> None:
    dial = fit_risk_dial(*answers(30, 0))
    assert dial[0.001] == NEVER
    with pytest.raises(ValueError, match=r"can vouch for 0\.1% and"):
        threshold_for(dial, 0.0001)


def test_the_next_stricter_wish_is_taken() -> None:
    dial = fit_risk_dial(*answers(5_000, 0))
    assert threshold_for(dial, 0.04) == dial[0.03] and threshold_for(dial, 0.02) == dial[0.02]
    assert threshold_for(dial, 1.0) == dial[max(ERRORS)]
