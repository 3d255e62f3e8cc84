"""Confidence that can be believed: softmax, the temperature that mends it, and the error that is left.

It does not choose between classes: a temperature never changes which class comes first. SciPy is imported only where
a temperature is fitted, so that readers without it can still call `softmax`.

>>> import numpy as np
>>> softmax(np.array([[0.0, 0.0]])).tolist()
[[0.5, 0.5]]
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64, Integer

LOG_TEMPERATURE_BOUNDS = (-4.0, 4.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class ReliabilityBins:
    """Mean confidence, accuracy and count per equally wide bin of confidence; an empty bin is 0 in all three."""

    confidence: Float[np.ndarray, " bins"]
    accuracy: Float[np.ndarray, " bins"]
    count: Int64[np.ndarray, " bins"]


def check_answers(values: np.ndarray, labels: np.ndarray, num_classes: int | None = None) -> None:
    """Refuse logits or probabilities that do not fit their labels: ValueError that says what was given and expected."""
    if values.ndim != 2 or labels.ndim != 1 or len(values) != len(labels):
        raise ValueError(
            f"got values of shape {values.shape} and labels of shape {labels.shape}, expected (n, classes) and (n,): "
            "give one row and one label per picture"
        )
    if len(values) == 0:
        raise ValueError("got no pictures to evaluate, expected at least one: choose a part of the data that has rows")
    _check_classes(values.shape[1], num_classes)
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
        raise ValueError(f"row {row} holds NaN or infinity, expected finite numbers: train again at a lower rate")
    _check_labels(labels, values.shape[1])


def _check_classes(columns: int, num_classes: int | None) -> None:
    if num_classes is not None and columns != num_classes:
        raise ValueError(
            f"got {columns} columns for {num_classes} classes, expected one each: give the model's own classes"
        )
    if columns < 2:
        raise ValueError(f"got {columns} class, expected at least 2: there is nothing to tell apart")


def _check_labels(labels: np.ndarray, num_classes: int) -> None:
    if labels.dtype.kind not in "iu":
        raise ValueError(f"got labels of type {labels.dtype}, expected whole numbers: convert them to int64")
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= num_classes:
        raise ValueError(
            f"got labels from {low} to {high}, expected 0 to {num_classes - 1}: use data with the model's own classes"
        )


def softmax(logits: Float[np.ndarray, "n classes"], temperature: float = 1.0) -> Float[np.ndarray, "n classes"]:
    """Turn logits into probabilities, stably and in their own precision.

    Rows sum to 1. `temperature` above 1 softens, below 1 sharpens; it must be positive (ValueError).
    """
    powers = np.exp(_shifted(logits, temperature))
    return powers / powers.sum(axis=1, keepdims=True)


def log_softmax(logits: Float[np.ndarray, "n classes"], temperature: float = 1.0) -> Float[np.ndarray, "n classes"]:
    """The natural logarithm of `softmax`, finite where a probability underflows to 0."""
    shifted = _shifted(logits, temperature)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _shifted(logits: np.ndarray, temperature: float) -> np.ndarray:
    if not temperature > 0:
        raise ValueError(f"got temperature {temperature}, expected a positive number: 1 leaves the logits as they are")
    return (logits - logits.max(axis=1, keepdims=True)) / logits.dtype.type(temperature)


def cross_entropy(
    logits: Float[np.ndarray, "n classes"], labels: Integer[np.ndarray, " n"], temperature: float = 1.0
) -> float:
    """Mean negative log probability of the true class, in nats."""
    return float(-log_softmax(logits, temperature)[np.arange(len(labels)), labels].mean())


def fit_temperature(logits: Float[np.ndarray, "n classes"], labels: Integer[np.ndarray, " n"]) -> float:
    """Find the temperature that minimises the cross-entropy of `logits / temperature`.

    Fit it on validation rows, never on the test. The search is over the logarithm, from e**-4 to e**4; a set without
    one mistake ends near the lower bound. Raises ValueError as `check_answers` does.
    Source: Guo et al. 2017, On Calibration of Modern Neural Networks.
    """
    from scipy.optimize import minimize_scalar  # here, because a reader's machine has no SciPy

    check_answers(logits, labels)
    exact = logits.astype(np.float64)
    found = minimize_scalar(
        lambda log_temperature: cross_entropy(exact, labels, float(np.exp(log_temperature))),
        bounds=LOG_TEMPERATURE_BOUNDS,
        method="bounded",
        options={"xatol": 1e-4},
    )
    return float(np.exp(found.x))


def reliability(
    probabilities: Float[np.ndarray, "n classes"], labels: Integer[np.ndarray, " n"], bins: int = 15
) -> ReliabilityBins:
    """Compare confidence with accuracy in `bins` equally wide bins of confidence: (0, 1/bins], ..., (1 - 1/bins, 1].

    Raises ValueError as `check_answers` does, and for less than one bin.
    """
    check_answers(probabilities, labels)
    if bins < 1:
        raise ValueError(f"got {bins} bins, expected at least 1: 15 is usual")
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = (probabilities.argmax(axis=1) == labels).astype(np.float64)
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins).astype(np.int64)
    filled = np.maximum(count, 1)
    return ReliabilityBins(
        confidence=np.bincount(place, confidence, bins) / filled,
        accuracy=np.bincount(place, right, bins) / filled,
        count=count,
    )


def expected_calibration_error(
    probabilities: Float[np.ndarray, "n classes"], labels: Integer[np.ndarray, " n"], bins: int = 15
) -> float:
    """The mean distance between confidence and accuracy, weighted by each bin's count, from 0 (honest) to 1.

    Source: Naeini et al. 2015, Obtaining Well Calibrated Probabilities Using Bayesian Binning.
    """
    found = reliability(probabilities, labels, bins)
    return float((found.count * np.abs(found.accuracy - found.confidence)).sum() / found.count.sum())
