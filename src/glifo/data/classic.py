"""Two small functions of the earlier work, kept with its own tests; glifo itself uses `glifo.images` and label numbers.

>>> normalize_images(np.array([0, 255])).tolist()
[0.0, 1.0]
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Int, Shaped


def normalize_images(images: Shaped[np.ndarray, "..."]) -> Float32[np.ndarray, "..."]:
    """Grey levels 0..255 as float32 in 0..1.

    >>> normalize_images(np.array([0, 51, 255])).tolist()
    [0.0, 0.20000000298023224, 1.0]
    """
    return np.asarray(images, np.float32) / np.float32(255)


def one_hot(labels: Int[np.ndarray, " n"], num_classes: int | None = None) -> Float32[np.ndarray, "n classes"]:
    """Each label as a row of zeros with a one at its number; classes are 0 to the largest label unless said.

    ValueError for a label below 0 or not below `num_classes`.

    >>> one_hot(np.array([1, 0])).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    num = int(labels.max(initial=-1)) + 1 if num_classes is None else num_classes
    if len(labels) and not 0 <= labels.min() <= labels.max() < num:
        raise ValueError(f"labels from {labels.min()} to {labels.max()}: expected 0 to {num - 1}; number them from 0")
    return np.eye(num, dtype=np.float32)[labels]
