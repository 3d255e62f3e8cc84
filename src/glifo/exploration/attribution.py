"""Which pixels an answer hangs on, from the answer and its gradient as plain functions of pictures.

No network is known here: `answer` maps pictures to one number each, `gradient` to the derivative of that number by each
pixel. Pictures are floats "n channels height width" in 0..1.

    heat = occlusion(answer, picture, grey=0.17, side=5)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

Pictures = Float[np.ndarray, "n channels height width"]
Picture = Float[np.ndarray, "channels height width"]
HeatMap = Float[np.ndarray, "height width"]
BATCH = 64


def occlusion(
    answer: Callable[[Pictures], Float[np.ndarray, " n"]], picture: Picture, grey: float | Picture, side: int
) -> HeatMap:
    """How far the answer falls when a square of `side` pixels at each place is covered with `grey` (Zeiler & Fergus 2014).

    Each pixel has the mean over all squares that cover it; positive where the answer needs what was covered.
    ValueError when the square does not fit into the picture.
    """
    height, width = picture.shape[1:]
    if not 1 <= side <= min(height, width):
        raise ValueError(
            f"a square of {side} pixels on a picture of {height}x{width}: expected 1 to {min(height, width)}"
        )
    corners = [(top, left) for top in range(height - side + 1) for left in range(width - side + 1)]
    covered = np.repeat(picture[None], len(corners), axis=0)
    cover = np.broadcast_to(np.asarray(grey, picture.dtype), picture.shape)
    for number, (top, left) in enumerate(corners):
        square = np.s_[:, top : top + side, left : left + side]
        covered[number][square] = cover[square]
    falls = answer(picture[None])[0] - answer(covered)
    total, count = np.zeros((height, width)), np.zeros((height, width))
    for fall, (top, left) in zip(falls, corners, strict=True):
        total[top : top + side, left : left + side] += fall
        count[top : top + side, left : left + side] += 1
    return total / count


def saliency(gradient: Callable[[Pictures], Pictures], picture: Picture) -> HeatMap:
    """How strongly each pixel moves the answer at all, either way (Simonyan et al. 2013): the largest over the channels."""
    return np.abs(gradient(picture[None])[0]).max(axis=0).astype(np.float64)


def integrated_gradients(
    gradient: Callable[[Pictures], Pictures], picture: Picture, baseline: Picture, num_steps: int = 256
) -> HeatMap:
    """How much each pixel adds to answer(picture) - answer(baseline) (Sundararajan et al. 2017), summed over channels.

    The gradient is averaged along the straight way from the baseline to the picture, at the middles of `num_steps` equal
    parts. Completeness: the map sums to that difference, up to the error of the sum over steps.
    """
    middles = (np.arange(num_steps, dtype=picture.dtype) + 0.5) / num_steps
    total = np.zeros(picture.shape)
    for start in range(0, num_steps, BATCH):
        parts = middles[start : start + BATCH, None, None, None]
        total += gradient(baseline + parts * (picture - baseline)).sum(axis=0, dtype=np.float64)
    return ((picture - baseline) * total / num_steps).sum(axis=0)


def quadrants(heat: HeatMap) -> dict[str, float]:
    """The sum of a map over each quarter of the picture; a middle row or column of an odd side is shared by halves.

    >>> quadrants(np.array([[1.0, 2.0], [3.0, 4.0]]))
    {'upper left': 1.0, 'upper right': 2.0, 'lower left': 3.0, 'lower right': 4.0}
    """
    height, width = heat.shape
    upper = np.clip(height / 2 - np.arange(height), 0, 1)
    left = np.clip(width / 2 - np.arange(width), 0, 1)
    downs, acrosses = {"upper": upper, "lower": 1 - upper}, {"left": left, "right": 1 - left}
    return {f"{a} {b}": float(rows @ heat @ columns) for a, rows in downs.items() for b, columns in acrosses.items()}
