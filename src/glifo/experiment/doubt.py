"""What a bundle promises about its own doubt, and whether the promise is kept on judged rows.

conformal = fit_doubt(probabilities, labels)                    # on validation rows, kept in the bundle
judge_doubt(conformal, probabilities, chosen_labels, ...)       # on others
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Int

from glifo.evaluation.conformal import coverage_of, fit_conformal, in_set
from glifo.evaluation.selective import augrc, fit_risk_dial, risk_curve

COVERAGES = (0.95, 0.99)
NUM_POINTS = 200  # of the curve that is kept


def fit_doubt(probabilities: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, " n"]) -> dict[str, Any]:
    """Plain values for the bundle: thresholds of the sets by coverage, and of answering by wished error."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    sets = {str(each): fit_conformal(probabilities, labels, coverage=each).tolist() for each in COVERAGES}
    dial = {str(wish): threshold for wish, threshold in fit_risk_dial(confidence, right).items()}
    return {"sets": sets, "risk_dial": dial}


def judge_doubt(
    conformal: dict[str, Any],
    probabilities: Float[np.ndarray, "n classes"],
    labels: Int[np.ndarray, " n"],
    counts_as: Int[np.ndarray, " classes"],
) -> dict[str, Any]:
    """How far the promises hold on these rows: coverage and size of the sets, errors of the dial, the risk curve.

    labels: numbers of the bundle's classes; counts_as: the class that each counts as on this data (`fold_cases`).
    """
    merged = probabilities @ np.eye(len(counts_as), dtype=probabilities.dtype)[counts_as]
    confidence, right = merged.max(axis=1), merged.argmax(axis=1) == labels
    kept = conformal or {"sets": {}, "risk_dial": {}}
    return {
        "augrc": augrc(confidence, right),
        "risk_curve": points_of(confidence, right),
        "risk_dial": {wish: answered(confidence, right, float(at)) for wish, at in kept["risk_dial"].items()},
        "sets": {
            coverage: judge_sets(in_set(probabilities, np.array(thresholds)), labels, counts_as)
            for coverage, thresholds in kept["sets"].items()
        },
    }


def judge_sets(
    chosen: np.ndarray, labels: Int[np.ndarray, " n"], counts_as: Int[np.ndarray, " classes"]
) -> dict[str, float]:
    """Coverage, mean number of classes, and the share of sets that are empty or hold one class."""
    merged = chosen @ np.eye(len(counts_as), dtype=np.int64)[counts_as] > 0
    covered, size = coverage_of(merged, labels)
    sizes = merged.sum(axis=1)
    return {
        "coverage": covered,
        "mean_size": size,
        "empty": float((sizes == 0).mean()),
        "single": float((sizes == 1).mean()),
    }


def answered(confidence: Float[np.ndarray, " n"], right: np.ndarray, at: float) -> dict[str, float | None]:
    """The share of rows answered from this confidence on, and the errors among them (None where none is)."""
    chosen = confidence >= at
    return {"answered": float(chosen.mean()), "error": float(1 - right[chosen].mean()) if chosen.any() else None}


def points_of(confidence: Float[np.ndarray, " n"], right: np.ndarray) -> dict[str, list[float]]:
    """The risk curve at evenly spread coverages."""
    curve = risk_curve(confidence, right)
    places = np.unique(np.searchsorted(curve.coverage, np.linspace(0, 1, NUM_POINTS + 1)[1:] - 1e-12))
    places = places[places < len(curve.coverage)]
    return {"coverage": curve.coverage[places].round(5).tolist(), "error": curve.error[places].round(6).tolist()}
