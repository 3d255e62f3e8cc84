"""A sample that keeps the shares of the classes. Use: rows = stratified_sample(labels, 2000, seed=0)"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int, Int64


def stratified_sample(labels: Int[np.ndarray, " n"], num: int, seed: int) -> Int64[np.ndarray, " m"]:
    """At most `num` places in `labels`, ascending, each label with its share of them (rounded), drawn by `seed`.

    The places of each label are shuffled and spread evenly over 0..1; the first `num` of all are taken. All places when
    there are no more than `num`. ValueError when `num` is below 1.
    """
    if num < 1:
        raise ValueError(f"a sample of {num} rows: expected 1 or more")
    if num >= len(labels):
        return np.arange(len(labels))
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    by_label = shuffled[np.argsort(labels[shuffled], kind="stable")]
    counts = np.unique(labels, return_counts=True)[1]
    spread = np.concatenate([(np.arange(count) + 0.5) / count for count in counts])
    return np.sort(by_label[np.argsort(spread, kind="stable")[:num]])
