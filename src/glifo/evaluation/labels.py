"""Confident learning: which labels of a data set are likely wrong, and how many of each kind.

It trains nothing and changes no label. The probabilities must be out-of-fold: each row answered by a network that never
saw it, else the network repeats the label it has learnt. A suspect is a row to look at, not a proven mistake.
Source: Northcutt, Jiang, Chuang 2021, Confident Learning: Estimating Uncertainty in Dataset Labels (arXiv 1911.00068).

>>> import numpy as np
>>> sure = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.1, 0.9]])
>>> [suspect.row for suspect in find_suspects(sure, np.array([0, 0, 1, 1, 0]))]
[4]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float, Int64, Integer

from glifo.evaluation.calibration import check_answers

LOOK_ALIKES = ("0Oo", "1IiLl", "2Zz", "5Ss", "6b", "8B", "9gq", "UuVv")
"""Groups of characters that one pen stroke can write alike; chosen by shape alone, before any audit. To them belong
the two cases of a letter that differ in size only."""
SAME_IN_BOTH_CASES = "cjkmopsuvwxyz"
Ranking = Literal["margin", "self_confidence"]


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """A row whose label is likely wrong: class numbers of its label and of the suggestion, and their probabilities."""

    row: int
    label: int
    suggestion: int
    label_probability: float
    suggestion_probability: float

    @property
    def margin(self) -> float:
        """Normalised margin: the label's probability less the suggestion's, from -1 (surely wrong) up."""
        return self.label_probability - self.suggestion_probability

    def to_dict(self, classes: tuple[str, ...]) -> dict[str, Any]:
        """Plain values for JSON, characters for class numbers, probabilities to four digits."""
        return {
            "row": self.row,
            "label": classes[self.label],
            "suggestion": classes[self.suggestion],
            "label_probability": round(self.label_probability, 4),
            "suggestion_probability": round(self.suggestion_probability, 4),
        }


@dataclass(frozen=True, kw_only=True)
class NoisePair:
    """A given label, the class that its rows likely show, the estimated number of such rows and share of all rows."""

    given: str
    true: str
    count: float
    share: float


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelNoise:
    """The estimated noise of a set of labels.

    `thresholds`: the mean probability of each class over the rows that bear its label, infinite where none does.
    `confident`: counts of rows that reach a threshold, by given label and by the class they reach it for.
    `joint`: the share of all rows with each given label and true class; it sums to 1, its rows to the labels' shares.
    """

    n: int
    thresholds: Float[np.ndarray, " classes"]
    confident: Int64[np.ndarray, "classes classes"]
    joint: Float[np.ndarray, "classes classes"]

    @property
    def share(self) -> float:
        """The estimated share of wrong labels, from 0 to 1."""
        return float(1 - self.joint.trace())

    def pairs(self, classes: tuple[str, ...], num: int = 20) -> tuple[NoisePair, ...]:
        """The `num` largest kinds of noise, largest first; kinds of which there is none are left out."""
        noise = self.joint - np.diag(self.joint.diagonal())
        order = np.argsort(-noise, axis=None, kind="stable")[:num]
        cells = (divmod(int(cell), len(classes)) for cell in order)
        return tuple(
            NoisePair(given=classes[i], true=classes[j], count=float(noise[i, j] * self.n), share=float(noise[i, j]))
            for i, j in cells
            if noise[i, j] > 0
        )


def class_thresholds(
    probabilities: Float[np.ndarray, "n classes"], labels: Integer[np.ndarray, " n"]
) -> Float[np.ndarray, " classes"]:
    """How sure the network is on average of a class where that is the label; infinite for a class without a row."""
    count = np.bincount(labels, minlength=probabilities.shape[1])
    own = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    total = np.bincount(labels, own, minlength=probabilities.shape[1])
    return np.where(count > 0, total / np.maximum(count, 1), np.inf)


def confident_classes(
    probabilities: Float[np.ndarray, "n classes"], thresholds: Float[np.ndarray, " classes"]
) -> Int64[np.ndarray, " n"]:
    """For each row the most probable of the classes that reach their threshold, -1 where none does."""
    reached = np.where(probabilities >= thresholds - 1e-6, probabilities, -1.0)  # 1e-6: a mean rounds
    return np.where(reached.max(axis=1) >= 0, reached.argmax(axis=1), -1).astype(np.int64)


def estimate_noise(probabilities: Float[np.ndarray, "n classes"], labels: Integer[np.ndarray, " n"]) -> LabelNoise:
    """Estimate how many labels are wrong, by pair of classes, from out-of-fold probabilities.

    Raises ValueError when shapes disagree, n is 0, a probability is not finite or a label is out of range.
    """
    check_answers(probabilities, labels)
    num_classes = probabilities.shape[1]
    thresholds = class_thresholds(probabilities, labels)
    reached = confident_classes(probabilities, thresholds)
    counted = reached >= 0
    cells = labels[counted].astype(np.int64) * num_classes + reached[counted]
    confident = np.bincount(cells, minlength=num_classes**2).astype(np.int64).reshape(num_classes, num_classes)
    return LabelNoise(
        n=len(labels), thresholds=thresholds, confident=confident, joint=calibrated_joint(confident, labels)
    )


def calibrated_joint(
    confident: Int64[np.ndarray, "classes classes"], labels: Integer[np.ndarray, " n"]
) -> Float[np.ndarray, "classes classes"]:
    """The confident counts with each row scaled to its label's share of all rows; a row without counts is taken as right."""
    counts = confident + np.diag(confident.sum(axis=1) == 0)
    given = np.bincount(labels, minlength=len(confident)) / len(labels)
    return counts / counts.sum(axis=1, keepdims=True) * given[:, None]


def find_suspects(
    probabilities: Float[np.ndarray, "n classes"],
    labels: Integer[np.ndarray, " n"],
    rows: Integer[np.ndarray, " n"] | None = None,
    ranking: Ranking = "margin",
) -> tuple[Suspect, ...]:
    """The rows that lie off the diagonal of the confident counts, those that are surest wrong first.

    A row whose own label is the most probable class is none. `rows` are the data set's row numbers of the answers, 0, 1,
    2, ... when None; `ranking` sorts by the normalised margin or by the label's probability, the other one breaking ties.
    Raises ValueError as `estimate_noise` does.
    """
    check_answers(probabilities, labels)
    exact = probabilities.astype(np.float64)
    places = np.arange(len(labels))
    reached = confident_classes(exact, class_thresholds(exact, labels))
    is_suspect = (reached >= 0) & (reached != labels) & (exact.argmax(axis=1) != labels)
    own, other = exact[places, labels], exact[places, reached]
    keys = (own - other, own) if ranking == "margin" else (own, own - other)
    order = np.lexsort((places, keys[1], keys[0]))
    names = places if rows is None else rows
    return tuple(
        Suspect(
            row=int(names[place]),
            label=int(labels[place]),
            suggestion=int(reached[place]),
            label_probability=float(own[place]),
            suggestion_probability=float(other[place]),
        )
        for place in order[is_suspect[order]]
    )


def look_alike(one: str, other: str, groups: Sequence[str] = LOOK_ALIKES) -> bool:
    """Whether two characters can have the same shape by nature, so that a picture alone cannot tell which was meant.

    >>> look_alike("0", "O"), look_alike("c", "C"), look_alike("a", "A")
    (True, True, False)
    """
    if one.lower() == other.lower() and one.lower() in SAME_IN_BOTH_CASES:
        return True
    return len(one) == len(other) == 1 and any(one in group and other in group for group in groups)


def split_look_alikes(
    suspects: Sequence[Suspect], classes: tuple[str, ...], groups: Sequence[str] = LOOK_ALIKES
) -> tuple[tuple[Suspect, ...], tuple[Suspect, ...]]:
    """The suspects between look-alike shapes, and the others; both in the order given."""
    alike = [look_alike(classes[each.label], classes[each.suggestion], groups) for each in suspects]
    pairs = list(zip(suspects, alike, strict=True))
    return tuple(each for each, is_alike in pairs if is_alike), tuple(each for each, is_alike in pairs if not is_alike)
