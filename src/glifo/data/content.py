"""`Content`: what a data set holds, before it has a name; the value that readers, your own data and the cache share.

Use `open_data` in `dataset.py` to get a data set; this is what it is made of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64, UInt8

from glifo.images import Frame

__all__ = ["Content", "checked", "checked_sets"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Content:
    """Images (uint8 "n height width [3]", ink bright on black, upright), labels, classes and how they came about.

    The last `num_official_test` rows are the official test part. `allowed` is a label set for each row, or None.
    """

    images: UInt8[np.ndarray, "n height width"] | UInt8[np.ndarray, "n height width 3"]
    labels: Int64[np.ndarray, " n"]
    classes: tuple[str, ...]
    frame: Frame
    num_official_test: int = 0
    allowed: Bool[np.ndarray, "n classes"] | None = None
    note: str = ""


def checked(content: Content, name: str) -> Content:
    """The content when it can be learnt from: at least two classes, each with its own name and with rows."""
    num_classes = len(content.classes)
    if num_classes < 2:
        raise ValueError(f"{name}: {num_classes} class, expected at least 2; add pictures of another class")
    if len(set(content.classes)) != num_classes:
        raise ValueError(f"{name}: the same class is named twice; give every class its own name")
    counts = np.bincount(content.labels, minlength=num_classes)
    if not counts.all():
        empty = ", ".join(content.classes[index] for index in np.flatnonzero(counts == 0)[:5])
        raise ValueError(f"{name}: no rows of the class {empty}; add some or leave the class out")
    return content


def checked_sets(
    allowed: np.ndarray, labels: Int64[np.ndarray, " n"], num_classes: int, name: str
) -> Bool[np.ndarray, "n classes"]:
    """A matrix of label sets as booleans, when it has a row for each image and every row allows its own label."""
    wanted = (len(labels), num_classes)
    if allowed.shape != wanted or allowed.dtype.kind not in "biuf" or not np.isin(allowed, (0, 1)).all():
        raise ValueError(
            f"{name}: label sets of type {allowed.dtype} and shape {allowed.shape}, expected true or false {wanted}; "
            "give a row for each image and a column for each class"
        )
    allowed = allowed.astype(bool)
    outside = np.flatnonzero(~allowed[np.arange(len(allowed)), labels])
    if outside.size:
        raise ValueError(f"{name}: the label set of row {outside[0]} leaves out the row's own label; mend the matrix")
    return allowed
