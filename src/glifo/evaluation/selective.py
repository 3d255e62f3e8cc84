"""Answering only when sure: which confidence keeps the errors among the answers below a wish.

    thresholds = fit_risk_dial(confidence, right)      # on validation rows: {error: confidence from which on to answer}
    curve = risk_curve(confidence, right)              # coverage against error
    augrc(confidence, right)                           # one figure for the whole curve

Source: Geifman and El-Yaniv 2017, Selective Classification for Deep Neural Networks; Traub et al. 2024, Overcoming Common
Flaws in the Evaluation of Selective Classification Systems (AUGRC).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

ERRORS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2)
DELTA = 0.05
NEVER = 2.0  # a confidence that no answer reaches


@dataclass(frozen=True, kw_only=True, eq=False)
class RiskCurve:
    """Answering the surest rows only: the confidence of the last row answered, the share answered, the errors among them."""

    confidence: Float[np.ndarray, " n"]
    coverage: Float[np.ndarray, " n"]
    error: Float[np.ndarray, " n"]


def risk_curve(confidence: Float[np.ndarray, " n"], right: Bool[np.ndarray, " n"]) -> RiskCurve:
    """The curve of coverage against error, from the surest row alone to all rows; rows of equal confidence come together."""
    check(confidence, right)
    order = np.argsort(-confidence, kind="stable")
    sure, wrong = confidence[order], np.cumsum(~right[order])
    last = np.append(np.flatnonzero(np.diff(sure)), len(sure) - 1)
    answered = last + 1
    return RiskCurve(
        confidence=sure[last].astype(np.float64), coverage=answered / len(sure), error=wrong[last] / answered
    )


def fit_risk_dial(confidence: Float[np.ndarray, " n"], right: Bool[np.ndarray, " n"]) -> dict[float, float]:
    """For each wished error in `ERRORS` the confidence from which on to answer; `NEVER` where no confidence will do.

    The upper 95 % limit of the error among the answered validation rows (Clopper and Pearson 1934) is what stays below the
    wish, at each confidence from there on up to all rows that are surer.
    """
    from scipy.stats import beta  # here, because a reader's machine has no SciPy

    curve = risk_curve(confidence, right)
    answered = np.round(curve.coverage * len(right))
    wrong = np.round(curve.error * answered)
    upper = np.where(wrong < answered, beta.ppf(1 - DELTA, wrong + 1, np.maximum(answered - wrong, 1e-9)), 1.0)
    return {wish: _last_below(curve.confidence, upper, wish) for wish in ERRORS}


def _last_below(confidence: Float[np.ndarray, " n"], upper: Float[np.ndarray, " n"], wish: float) -> float:
    kept = np.flatnonzero(upper <= wish)
    return float(confidence[kept[-1]]) if len(kept) else NEVER


def threshold_for(dial: dict[float, float], max_error: float) -> float:
    """The confidence from which on to answer so that at most `max_error` of the answers are wrong.

    The dial's next stricter wish is taken. ValueError where `max_error` is below the strictest.
    """
    wishes = [wish for wish in dial if wish <= max_error + 1e-12]
    if not wishes:
        raise ValueError(
            f"a largest error of {max_error:.2%} was given; this model's validation rows can vouch for "
            f"{min(dial, default=1.0):.1%} and more"
        )
    return dial[max(wishes)]


def augrc(confidence: Float[np.ndarray, " n"], right: Bool[np.ndarray, " n"]) -> float:
    """The area under the generalised risk-coverage curve, 0 (best) to 0.5: the mean share of rows answered and wrong."""
    curve = risk_curve(confidence, right)
    coverage, joint = np.append(0.0, curve.coverage), np.append(0.0, curve.error * curve.coverage)
    return float(np.trapezoid(joint, coverage))


def check(confidence: Float[np.ndarray, " n"], right: Bool[np.ndarray, " n"]) -> None:
    """ValueError where there is nothing to count, or what was given does not fit together."""
    if len(confidence) != len(right) or len(right) == 0 or not np.isfinite(confidence).all():
        raise ValueError(
            f"{len(confidence)} confidences for {len(right)} answers, expected as many finite ones, at least one"
        )
