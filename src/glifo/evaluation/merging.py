"""Judging a recogniser on data with fewer classes than it knows: "c" counts as "C" where the data has no "c".

EMNIST's ByMerge and Letters have one class for both cases of some letters. The probabilities of both are summed before
the best is chosen, as Cohen et al. 2017 merge the classes before training.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int64


def fold_cases(classes: tuple[str, ...], alphabet: tuple[str, ...]) -> Int64[np.ndarray, " classes"]:
    """For each class the number of the class that it counts as on data with this alphabet: itself, or its other case.

    >>> fold_cases(("C", "c", "a"), ("C", "a")).tolist()
    [0, 0, 2]
    """
    return np.array([classes.index(_counts_as(name, classes, alphabet)) for name in classes], dtype=np.int64)


def _counts_as(name: str, classes: tuple[str, ...], alphabet: tuple[str, ...]) -> str:
    other = name.swapcase()
    return other if name not in alphabet and other in alphabet and other in classes else name


def merge_logits(
    logits: Float[np.ndarray, "n classes"], counts_as: Int64[np.ndarray, " classes"], temperature: float
) -> Float[np.ndarray, "n merged"]:
    """Logits of the classes that are left, whose probabilities at `temperature` are the sums of those merged into them."""
    kept = np.unique(counts_as)
    scaled = logits.astype(np.float64) / temperature
    columns = [np.logaddexp.reduce(scaled[:, counts_as == number], axis=1) for number in kept]
    return np.stack(columns, axis=1) * temperature
