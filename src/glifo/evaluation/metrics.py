"""Scores of a recogniser: each proportion with its interval, each class with its own row.

This is not the confusion matrix (see `confusions`) and draws nothing. `score` does it all from logits and labels.

>>> wilson(90, 100).percent(1)
'90.0% (82.6–94.5)'
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from jaxtyping import Float, Int64, Integer

from glifo.evaluation.calibration import check_answers, cross_entropy, expected_calibration_error, softmax
from glifo.evaluation.confusions import count_confusions

TOP_KS = (1, 2, 3, 5)


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A proportion of `n` trials with the ends of its 95 % interval, all as fractions from 0 to 1."""

    value: float
    low: float
    high: float
    n: int

    def percent(self, digits: int = 2) -> str:
        """The proportion as text: value and interval in percent."""
        value, low, high = (f"{100 * part:.{digits}f}" for part in (self.value, self.low, self.high))
        return f"{value}% ({low}–{high})"


@dataclass(frozen=True, kw_only=True)
class ClassScore:
    """One class against all others; a ratio whose denominator is 0 is None.

    `recall` is also called sensitivity; `over_prediction` is how often the class was guessed over how often it is true.
    """

    character: str
    support: int
    precision: float | None
    recall: float | None
    specificity: float | None
    f1: float | None
    over_prediction: float | None


@dataclass(frozen=True, kw_only=True)
class Scores:
    """What a set of labelled logits says about a recogniser; fractions from 0 to 1, cross-entropy in nats.

    Macro values are plain means over the classes where the value is defined. `cross_entropy` and `case_merged` are of
    the probabilities at `temperature`; `ece_before` is at temperature 1, `ece_after` at `temperature`.
    `case_merged` is None where no class has a partner in the other case.
    """

    n: int
    accuracy: Interval
    top_k: dict[int, Interval]
    balanced_accuracy: float
    macro_f1: float
    macro_specificity: float
    cross_entropy: float
    ece_before: float
    ece_after: float
    temperature: float
    case_merged: Interval | None
    per_class: tuple[ClassScore, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: no NaN, the keys of `top_k` as text."""
        plain = asdict(self)
        return {
            **plain,
            "top_k": {str(k): interval for k, interval in plain["top_k"].items()},
            "per_class": list(plain["per_class"]),
        }


def wilson(successes: int, n: int) -> Interval:
    """The share of `successes` in `n` trials with its 95 % score interval.

    Source: Wilson 1927, Probable Inference, the Law of Succession, and Statistical Inference.
    """
    if not 0 <= successes <= n or n == 0:
        raise ValueError(
            f"got {successes} successes in {n} trials, expected 0 <= successes <= trials and a trial or more"
        )
    z = NormalDist().inv_cdf(0.975)
    share = successes / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    return Interval(value=share, low=max(0.0, min(share, centre - half)), high=min(1.0, max(share, centre + half)), n=n)


def score(
    logits: Float[np.ndarray, "n classes"],
    labels: Integer[np.ndarray, " n"],
    classes: tuple[str, ...],
    temperature: float = 1.0,
) -> Scores:
    """Score logits against labels.

    `labels` are numbers of `classes`. Fit `temperature` on validation rows (`fit_temperature`). Raises ValueError when
    shapes disagree, n is 0, a logit is not finite or a label is out of range.
    """
    check_answers(logits, labels, len(classes))
    exact = logits.astype(np.float64)
    ranks = _ranks(exact, labels)
    plain, calibrated = softmax(exact), softmax(exact, temperature)
    per_class = class_scores(count_confusions(labels, exact.argmax(axis=1), classes).matrix, classes)
    return Scores(
        n=len(labels),
        accuracy=_share(ranks < 1),
        top_k={k: _share(ranks < k) for k in TOP_KS if k < len(classes)},
        balanced_accuracy=_mean(row.recall for row in per_class),
        macro_f1=_mean(row.f1 for row in per_class),
        macro_specificity=_mean(row.specificity for row in per_class),
        cross_entropy=cross_entropy(exact, labels, temperature),
        ece_before=expected_calibration_error(plain, labels),
        ece_after=expected_calibration_error(calibrated, labels),
        temperature=float(temperature),
        case_merged=case_merged_accuracy(calibrated, labels, classes),
        per_class=per_class,
    )


def class_scores(matrix: Int64[np.ndarray, "true predicted"], classes: tuple[str, ...]) -> tuple[ClassScore, ...]:
    """Score each class against all others from a confusion matrix (rows true, columns predicted)."""
    total = int(matrix.sum())
    support, guessed, right = (part.tolist() for part in (matrix.sum(axis=1), matrix.sum(axis=0), matrix.diagonal()))
    return tuple(
        _class_score(character, total, *counts)
        for character, *counts in zip(classes, support, guessed, right, strict=True)
    )


def _class_score(character: str, total: int, support: int, guessed: int, right: int) -> ClassScore:
    return ClassScore(
        character=character,
        support=support,
        precision=_ratio(right, guessed),
        recall=_ratio(right, support),
        specificity=_ratio(total - support - guessed + right, total - support),
        f1=_ratio(2 * right, support + guessed),
        over_prediction=_ratio(guessed, support),
    )


def case_merged_accuracy(
    probabilities: Float[np.ndarray, "n classes"], labels: Integer[np.ndarray, " n"], classes: tuple[str, ...]
) -> Interval | None:
    """Accuracy when a and A count as one character, their probabilities summed; None if no class has such a partner."""
    names = sorted({name.lower() for name in classes})
    if len(names) == len(classes):
        return None
    group = np.array([names.index(name.lower()) for name in classes])
    merged = probabilities @ np.eye(len(names))[group]
    return _share(merged.argmax(axis=1) == group[labels])


def _ranks(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How many classes come before the true one; of equal logits the first class wins, as in argmax."""
    true = logits[np.arange(len(labels)), labels][:, None]
    earlier = np.arange(logits.shape[1]) < labels[:, None]
    return ((logits > true) | ((logits == true) & earlier)).sum(axis=1)


def _share(right: np.ndarray) -> Interval:
    return wilson(int(right.sum()), len(right))


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _mean(values: Iterable[float | None]) -> float:
    """The mean of the defined values; there is always one, because there is always a row and a second class."""
    defined = [value for value in values if value is not None]
    assert defined
    return sum(defined) / len(defined)
