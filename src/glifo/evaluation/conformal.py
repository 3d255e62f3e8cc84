"""Conformal sets: answers such as {1, l, I} that hold the truth with a chosen probability, for every class.

    thresholds = fit_conformal(probabilities, labels, coverage=0.95)     # on validation rows
    in_set(probabilities, thresholds)                                    # "n classes", True where a class is in the set

Class-conditional split conformal prediction (Vovk 2012, Conditional Validity of Inductive Conformal Predictors) with the
score 1 - p (Sadinle, Lei and Wasserman 2019): the true class is left out of at most 1 - coverage of each class's rows,
whatever the shares of the classes are when reading. It says nothing about pictures of another kind than the validation rows.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Integer

from glifo.evaluation.calibration import check_answers


def fit_conformal(
    probabilities: Float[np.ndarray, "n classes"], labels: Integer[np.ndarray, " n"], *, coverage: float
) -> Float[np.ndarray, " classes"]:
    """For each class the probability from which on it belongs in the set.

    A class with too few rows for its own quantile (fewer than coverage / (1 - coverage)) shares one with all such
    classes; where all of them together are too few, it is in every set. Raises ValueError as `check_answers` does, and for
    a coverage outside 0..1.
    """
    check_answers(probabilities, labels)
    if not 0 < coverage < 1:
        raise ValueError(f"a coverage of {coverage} was given, expected a number between 0 and 1: 0.95 is usual")
    num_classes = probabilities.shape[1]
    of_the_true = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    counts = np.bincount(labels, minlength=num_classes)
    rare = counts < coverage / (1 - coverage)
    shared = _lowest_kept(of_the_true[rare[labels]], coverage)
    own = [_lowest_kept(of_the_true[labels == number], coverage) for number in range(num_classes)]
    return np.where(rare, shared, np.array(own))


def _lowest_kept(of_the_true: Float[np.ndarray, " n"], coverage: float) -> float:
    """The probability below which, of n + 1 rows, at most a share of 1 - coverage lies; 0 where n is too small to say."""
    num_left_out = int(np.floor((len(of_the_true) + 1) * (1 - coverage) + 1e-9))
    return 0.0 if num_left_out < 1 else float(np.sort(of_the_true)[num_left_out - 1])


def in_set(
    probabilities: Float[np.ndarray, "n classes"], thresholds: Float[np.ndarray, " classes"]
) -> Bool[np.ndarray, "n classes"]:
    """Which classes are in the set of each row; a set is empty where no class looks as that class usually does.

    To put the most probable class into every set would promise more than was asked: of a class that is read right more
    often than the coverage, more rows would be covered.
    """
    return probabilities >= thresholds


def coverage_of(chosen: Bool[np.ndarray, "n classes"], labels: Integer[np.ndarray, " n"]) -> tuple[float, float]:
    """The share of rows whose label is in their set, and the mean number of classes in a set."""
    return float(chosen[np.arange(len(labels)), labels].mean()), float(chosen.sum(axis=1).mean())
