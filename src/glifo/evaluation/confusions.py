"""Which character is taken for which: the confusion matrix and its worst pairs.

It holds counts only; the scores made from them are in `metrics`, the picture in `glifo.report`.

>>> import numpy as np
>>> found = count_confusions(np.array([0, 0, 1]), np.array([0, 1, 1]), ("O", "0"))
>>> found.most_confused()[0]
ConfusedPair(true='O', predicted='0', count=1, share_of_errors=1.0, share_of_true=0.5)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int64, Integer


@dataclass(frozen=True, kw_only=True)
class ConfusedPair:
    """A true character, what it was taken for, how often, and that count as a fraction of all errors and of its row."""

    true: str
    predicted: str
    count: int
    share_of_errors: float
    share_of_true: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Confusions:
    """Counts of true (rows) against predicted (columns) classes."""

    matrix: Int64[np.ndarray, "true predicted"]
    classes: tuple[str, ...]

    def normalised(self) -> Float[np.ndarray, "true predicted"]:
        """Each row as fractions of its true class; the row of a class that never occurs stays 0."""
        return self.matrix / np.maximum(self.matrix.sum(axis=1, keepdims=True), 1)

    def most_confused(self, num: int = 10) -> tuple[ConfusedPair, ...]:
        """The `num` commonest confusions, first the one with the largest share of all errors; ties in class order."""
        errors = self.matrix - np.diag(self.matrix.diagonal())
        order = np.argsort(-errors, axis=None, kind="stable")[:num]
        cells = (divmod(int(cell), len(self.classes)) for cell in order)
        return tuple(
            self._pair(true, predicted, int(errors.sum())) for true, predicted in cells if errors[true, predicted]
        )

    def _pair(self, true: int, predicted: int, num_errors: int) -> ConfusedPair:
        count = int(self.matrix[true, predicted])
        return ConfusedPair(
            true=self.classes[true],
            predicted=self.classes[predicted],
            count=count,
            share_of_errors=count / num_errors,
            share_of_true=count / int(self.matrix[true].sum()),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"classes": list(self.classes), "matrix": self.matrix.tolist()}

    @staticmethod
    def from_dict(values: dict[str, Any]) -> Confusions:
        """Restore what `to_dict` gave; ValueError when it is not a square of whole counts with one row per class."""
        classes = tuple(values.get("classes", ()))
        rows = values.get("matrix", [])
        if len(rows) != len(classes) or any(len(row) != len(classes) for row in rows):
            raise ValueError(
                f"got a confusion matrix that is not {len(classes)} by {len(classes)}, expected one row and one column "
                "per class: evaluate again"
            )
        if not all(type(count) is int and count >= 0 for row in rows for count in row):
            raise ValueError(
                "got a confusion matrix with a cell that is not a count, expected 0, 1, 2, ...: evaluate again"
            )
        return Confusions(matrix=np.array(rows, dtype=np.int64).reshape(len(classes), len(classes)), classes=classes)


def count_confusions(
    labels: Integer[np.ndarray, " n"], predictions: Integer[np.ndarray, " n"], classes: tuple[str, ...]
) -> Confusions:
    """Count how often each class (row) was taken for each class (column).

    Both arrays hold numbers of `classes`. Raises ValueError when their lengths differ or a number is out of range.
    """
    if labels.shape != predictions.shape:
        raise ValueError(
            f"got {len(labels)} labels for {len(predictions)} predictions, expected one each: check the rows"
        )
    for name, values in (("labels", labels), ("predictions", predictions)):
        if values.size and not 0 <= values.min() <= values.max() < len(classes):
            raise ValueError(
                f"got {name} from {values.min()} to {values.max()}, expected 0 to {len(classes) - 1}: "
                "use data with the model's own classes"
            )
    cells = labels.astype(np.int64) * len(classes) + predictions.astype(np.int64)
    counts = np.bincount(cells, minlength=len(classes) ** 2).astype(np.int64)
    return Confusions(matrix=counts.reshape(len(classes), len(classes)), classes=classes)
