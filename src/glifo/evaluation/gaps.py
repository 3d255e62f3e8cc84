"""Why accuracy differs between two sets: what labels, answers and curves alone can say.

It reads no picture and no network; `glifo.experiment.diagnose` gathers those and ranks what is found. Each function
measures one cause:

>>> import numpy as np
>>> truth = np.tile(np.arange(4), 50)
>>> found = find_relabelling(truth, (truth + 1) % 4, 4)
>>> found.shift, found.gain
(1, 1.0)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Integer

MAJORITY = 0.5
RISE = 1.05  # the validation loss at the end over its lowest: from here on it has risen
FALL = 0.97  # a loss over the one an epoch before: below it is still falling
FLAT = 0.01  # of its own size: a loss that moved by less over the whole run did not move


@dataclass(frozen=True, kw_only=True)
class Relabelling:
    """Class numbers that were moved: for each true class the class that is read in its place.

    gain: how much accuracy the permutation recovers on rows it was not chosen on, 0..1; shift: the constant by which
    all classes are moved, None where it is another permutation.
    """

    mapping: tuple[int, ...]
    gain: float
    shift: int | None

    @property
    def moved(self) -> tuple[int, ...]:
        """The true classes that are read as another one."""
        return tuple(true for true, read in enumerate(self.mapping) if true != read)


@dataclass(frozen=True, kw_only=True)
class GapParts:
    """The gap between two accuracies as the part that other class shares explain, and the part within the classes.

    Both are fractions and add up to the first accuracy minus the second.
    """

    priors: float
    within: float


@dataclass(frozen=True, kw_only=True)
class Collapse:
    """What share of the answers is one class, what share of the rows truly is it, and the classes never answered.

    lost: the share of rows whose class is never answered; not_finite: the share of rows answered with NaN or infinity.
    """

    favourite: int
    answered: float
    true: float
    never: tuple[int, ...]
    lost: float
    not_finite: float


@dataclass(frozen=True, kw_only=True)
class Curves:
    """What the curves of a training show; accuracies and losses are those of the last epoch, gaps are fractions."""

    lowest_epoch: int
    rise: float
    gap: float
    still_falling: bool
    flat: bool

    @property
    def overfits(self) -> bool:
        """The training loss went on falling while the validation loss rose."""
        return self.rise >= RISE


def find_relabelling(
    labels: Integer[np.ndarray, " n"], predictions: Integer[np.ndarray, " n"], num_classes: int, seed: int = 0
) -> Relabelling | None:
    """The permutation of classes that explains the answers, None where it moves nothing.

    The best assignment (Kuhn 1955) is chosen on half of the rows and measured on the other. A class counts as moved only
    when each class of its cycle is read as the next one in most of its rows: mere confusions move none.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    chosen, measured = order[::2], order[1::2]
    mapping = best_assignment(count(labels[chosen], predictions[chosen], num_classes))
    if (mapping == np.arange(num_classes)).all() or not len(measured):
        return None
    truth, answers = labels[measured], predictions[measured]
    gain = float((mapping[truth] == answers).mean() - (truth == answers).mean())
    shifts = {int(step) for step in (mapping - np.arange(num_classes)) % num_classes}
    shift = shifts.pop() if len(shifts) == 1 else None
    if shift is not None and shift > num_classes / 2:
        shift -= num_classes
    return Relabelling(mapping=tuple(mapping.tolist()), gain=gain, shift=shift)


def count(true: np.ndarray, read: np.ndarray, num_classes: int) -> Integer[np.ndarray, "true read"]:
    return np.bincount(true * num_classes + read, minlength=num_classes**2).reshape(num_classes, num_classes)


def best_assignment(matrix: Integer[np.ndarray, "true read"]) -> Integer[np.ndarray, " true"]:
    """For each true class the class assigned to it; cycles that most rows do not follow are undone.

    A class without a row follows whatever cycle it stands in.
    """
    from scipy.optimize import linear_sum_assignment

    favoured = matrix + 1e-6 * np.eye(len(matrix))  # ties stay where they are
    mapping = linear_sum_assignment(favoured, maximize=True)[1]
    support = matrix.sum(axis=1)
    follows = matrix[np.arange(len(matrix)), mapping] > MAJORITY * support
    for start in range(len(matrix)):
        cycle = [start]
        while mapping[cycle[-1]] != start:
            cycle.append(int(mapping[cycle[-1]]))
        if not all(follows[each] or support[each] == 0 for each in cycle):
            mapping[cycle] = cycle
    return mapping


def expected_accuracy(
    labels: Integer[np.ndarray, " n"], right: Bool[np.ndarray, " n"], shares: Float64[np.ndarray, " classes"]
) -> float:
    """The accuracy that the recalls of these rows give under other class shares.

    A class without a row here counts with the accuracy of all rows.
    """
    num = np.bincount(labels, minlength=len(shares))
    recalls = np.where(num > 0, np.bincount(labels, right, len(shares)) / np.maximum(num, 1), right.mean())
    return float(recalls @ shares)


def split_gap(
    first_labels: Integer[np.ndarray, " n"],
    first_right: Bool[np.ndarray, " n"],
    second_labels: Integer[np.ndarray, " m"],
    second_right: Bool[np.ndarray, " m"],
    num_classes: int,
) -> GapParts:
    """Split the gap between two sets into class shares and the rest: the first recalls under the second shares."""
    shares = np.bincount(second_labels, minlength=num_classes) / len(second_labels)
    expected = expected_accuracy(first_labels, first_right, shares)
    return GapParts(priors=float(first_right.mean()) - expected, within=expected - float(second_right.mean()))


def find_collapse(
    labels: Integer[np.ndarray, " n"],
    predictions: Integer[np.ndarray, " n"],
    finite: Bool[np.ndarray, " n"],
    num_classes: int,
) -> Collapse:
    """How far the answers have collapsed onto few classes."""
    answered = np.bincount(predictions, minlength=num_classes) / len(predictions)
    true = np.bincount(labels, minlength=num_classes) / len(labels)
    favourite = int(answered.argmax())
    never = np.flatnonzero((answered == 0) & (true > 0))
    return Collapse(
        favourite=favourite,
        answered=float(answered[favourite]),
        true=float(true[favourite]),
        never=tuple(never.tolist()),
        lost=float(true[never].sum()),
        not_finite=float(1 - finite.mean()),
    )


def read_curves(history: Sequence[Mapping[str, float]]) -> Curves | None:
    """What the loss curves show; None with fewer than two epochs, of which no curve can be drawn."""
    if len(history) < 2:
        return None
    train = np.array([row["loss"] for row in history])
    validation = np.array([row["validation_loss"] for row in history])
    lowest, last = int(validation.argmin()), history[-1]
    falls = (train[-1] < FALL * train[-2]) and (validation[-1] < FALL * validation[-2])
    return Curves(
        lowest_epoch=int(history[lowest]["epoch"]),
        rise=float(validation[-1] / max(validation[lowest], 1e-12)) if train[-1] < train[lowest] else 1.0,
        gap=float(last["accuracy"] - last["validation_accuracy"]),
        still_falling=bool(falls),
        flat=bool(np.ptp(train) < FLAT * abs(train[0])) and len(history) >= 3,
    )
