"""The ink of a picture of one character: which pixels are strokes, whatever the paper, the light and the pen.

It knows nothing of frames (`glifo.images`) and does not cut pages into characters. Use:

    strokes = find_ink(grey)          # uint8, bright on black, cut to the strokes' box, some 100 pixels long
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Int32, UInt8

__all__ = ["even_pen", "find_ink"]

NEAR_PX = 64  # a box found smaller than this is cut out of the picture and looked at again, enlarged
LONG_PX = 128  # to this length, that of EMNIST's frame
MIN_CONTRAST = 10  # of 255: a fainter thing is no ink
# Strokes thinner or wider than nearly all of EMNIST's (1st and 98th percentile: 2.0 and 5.5 pixels of 24) are made so:
# a recogniser of EMNIST lost 2 points on hairlines and 1 on felt pens without it (400 held-out glyphs each).
PEN = (0.13, 0.23)
FAINT = 60  # of 255: below this it must look like ink to be taken for ink, not like the shading of an empty sheet
NO_INK = (
    "no ink found in the picture (nothing stands out from its ground); "
    "give one with a dark character on light paper or the reverse"
)
Grey = UInt8[np.ndarray, "_height _width"]


def find_ink(grey: Grey) -> Grey:
    """The strokes of the one character in a grey picture, 0 (paper) to 255 (ink), cut to their box.

    Ink may be darker or lighter than its ground. ValueError where nothing stands out from the ground.
    """
    side = max(grey.shape)
    scale = min(side, 160 if side <= 512 else 320) / side if side > 96 else 128 / side
    view = _resized(grey, scale)
    light = _is_light_on_dark(view)
    ink = _strokes(255 - view if light else view)
    top, bottom, left, right = _box(ink)
    length = max(bottom - top, right - left)
    if length < NEAR_PX and max(view.shape) > 1.5 * length:
        margin = 0.4 * length + 2
        rows = slice(max(0, int((top - margin) / scale)), int(np.ceil((bottom + margin) / scale)))
        columns = slice(max(0, int((left - margin) / scale)), int(np.ceil((right + margin) / scale)))
        view = _resized(grey[rows, columns], scale * LONG_PX / length)
        ink = _strokes(255 - view if light else view)
        top, bottom, left, right = _box(ink)
    return ink[top:bottom, left:right]


def even_pen(strokes: Grey) -> Grey:
    """Strokes whose mean width lies within PEN of their box's length: widened or narrowed where it does not."""
    width, length = _stroke_width(strokes), max(strokes.shape)
    radius = round((float(np.clip(width, PEN[0] * length, PEN[1] * length)) - width) / 2)
    radius = max(radius, -int(width / 4))  # never so much that a pen's thinner strokes vanish
    if radius == 0:
        return strokes
    reach = abs(radius)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    padded = cv2.copyMakeBorder(strokes, reach, reach, reach, reach, cv2.BORDER_CONSTANT)
    return cv2.morphologyEx(padded, cv2.MORPH_DILATE if radius > 0 else cv2.MORPH_ERODE, kernel)


def _stroke_width(ink: Grey) -> float:
    """The mean width of strokes in pixels: four times the mean distance to the ground, which is exact for a ribbon."""
    mask = cv2.threshold(ink, 127, 255, cv2.THRESH_BINARY)[1]
    distance = cv2.distanceTransform(cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT), cv2.DIST_L2, 3)
    return 4 * cv2.sumElems(distance)[0] / max(1, cv2.countNonZero(mask))


def _resized(grey: Grey, scale: float) -> UInt8[np.ndarray, "new_h new_w"]:
    size = max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)


def _is_light_on_dark(grey: Grey) -> bool:
    """Whether the ink is lighter than its ground: what is rarer and lies inside is ink, seen small and fast.

    The ground is the level of an even ring near the rim, also inside a form's box, else a wide median. In a picture cut
    close to a bold character, where both may be as common, ink is what hangs together.
    """
    small = _resized(grey, 32 / max(grey.shape)).astype(np.float32)
    for depth in (2, 3, 4):
        inside = small[depth:-depth, depth:-depth]
        if min(inside.shape) > 6:
            ring = np.concatenate([inside[0], inside[-1], inside[:, 0], inside[:, -1]])
            if np.ptp(ring) < 0.25 * np.ptp(small) and np.ptp(inside) > 0.5 * np.ptp(small):
                return float(((inside - np.median(ring)) ** 3).sum()) > 0
    dark = small < (small.min() + small.max()) / 2
    if sum(0 < side.mean() < 1 for side in (dark[0], dark[-1], dark[:, 0], dark[:, -1])) >= 3:
        together = _largest_share(~dark) - _largest_share(dark)
        if abs(together) > 0.5:
            return together > 0
    cubes = (small - cv2.medianBlur(small.astype(np.uint8), 25)) ** 3
    return float(cubes.sum()) > 0.3 * float(np.abs(cubes).sum())  # in doubt, dark on light


def _largest_share(mask: Bool[np.ndarray, "_height _width"]) -> float:
    """The largest component's share of a mask's area."""
    areas = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)[2][1:, cv2.CC_STAT_AREA]
    return float(areas.max() / areas.sum())


def _box(ink: Grey) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(ink.max(1) > 127), np.flatnonzero(ink.max(0) > 127)
    if rows.size == 0:
        raise ValueError(NO_INK)
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


@dataclass(frozen=True, kw_only=True, eq=False)
class _Seen:
    """What stands out from the paper: by how much (0..255), by how much where it is ink, and its components."""

    contrast: UInt8[np.ndarray, "h w"]
    level: float
    mask: UInt8[np.ndarray, "h w"]
    labels: Int32[np.ndarray, "h w"]
    stats: Int32[np.ndarray, "components 5"]
    inner: Bool[np.ndarray, " components"]  # ink that is not only along the picture's rim

    def pick(self, wanted: Bool[np.ndarray, " components"]) -> Grey:
        """The mask of some components."""
        return (255 * wanted).astype(np.uint8)[self.labels]


def _strokes(grey: Grey) -> Grey:
    """The soft, bright strokes of a picture at its working size, whose ink is dark."""
    radius = max(grey.shape) // 8
    seen = _seen(grey, radius)
    if all(side.any() for side in (seen.mask[0], seen.mask[-1], seen.mask[:, 0], seen.mask[:, -1])):
        radius = max(grey.shape) // 4  # cut close, and maybe very bold
        seen = _seen(grey, radius)
    # A window just wider than the strokes follows the edges of shadows, which a wide one takes for ink.
    narrow = max(4, round(2 * _ridge_width(seen)))
    if narrow < 0.8 * radius:
        seen = _seen(grey, narrow)
    if seen.level < FAINT and not (seen.inner.any() and _has_edges(seen)):
        raise ValueError(NO_INK)
    ramp = (np.arange(256) - 0.2 * seen.level) * (255 / 0.6 / seen.level)
    near = cv2.dilate(_character(seen), np.ones((5, 5), np.uint8))
    return cv2.bitwise_and(cv2.LUT(seen.contrast, ramp.clip(0, 255).astype(np.uint8)), near)


def _seen(grey: Grey, radius: int) -> _Seen:
    """Compare each pixel with the paper within `radius` pixels; ValueError if nothing rises above the noise."""
    window = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    paper = np.maximum(cv2.morphologyEx(cv2.blur(grey, (5, 5)), cv2.MORPH_CLOSE, window), 32)
    contrast = 255 - cv2.divide(cv2.GaussianBlur(grey, (3, 3), 0.8), paper, scale=255)
    level = _level(contrast)
    mask = cv2.threshold(contrast, 0.4 * level, 255, cv2.THRESH_BINARY)[1]
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    band = max(2, round(0.1 * max(grey.shape)))  # a box's lines and a neighbour's parts lie in it with all they have
    inside = np.bincount(labels[band:-band, band:-band].ravel(), minlength=len(stats))
    inner = inside >= 0.05 * stats[:, cv2.CC_STAT_AREA]
    inner[0] = False
    return _Seen(contrast=contrast, level=level, mask=mask, labels=labels, stats=stats, inner=inner)


def _level(contrast: Grey) -> float:
    """The contrast of the strokes: the mean weighted by its square, over what stands out from the noise."""
    counts = np.bincount(contrast.ravel(), minlength=256).astype(np.float64)
    q5, q20 = np.searchsorted(counts.cumsum(), np.array([0.05, 0.2]) * contrast.size)
    floor, values, level = max(MIN_CONTRAST, q20 + 4.5 * (q20 - q5)), np.arange(256.0), 0.0
    counts[: int(floor) + 1] = 0
    for _ in range(2):
        if counts.any():
            level = float((counts * values**3).sum() / (counts * values**2).sum())
            counts[: int(0.4 * level)] = 0
    if level < 1.35 * floor:
        raise ValueError(NO_INK)
    return level


def _has_edges(seen: _Seen) -> bool:
    """Whether the contrast rises by most of its height within a few pixels somewhere, as shading does not."""
    smooth, window = cv2.blur(seen.contrast, (3, 3)), np.ones((9, 9), np.uint8)
    return int(cv2.morphologyEx(smooth, cv2.MORPH_GRADIENT, window).max()) > 0.75 * seen.level


def _ridge_width(seen: _Seen) -> float:
    """The width of most strokes in pixels, measured along their middle, where a wide patch counts little.

    Of the largest component alone: the pixels of a ruled line outnumber those of the letter above it.
    """
    areas = seen.stats[:, cv2.CC_STAT_AREA] * seen.inner
    largest = seen.pick(np.arange(len(areas)) == areas.argmax()) if seen.inner.any() else seen.mask
    distance = cv2.distanceTransform(largest, cv2.DIST_L2, 3)
    ridge = distance[(distance > 0) & (distance == cv2.dilate(distance, np.ones((3, 3), np.uint8)))]
    return 2 * float(np.median(ridge))


def _character(seen: _Seen) -> Grey:
    """The mask of the character's components: dots are kept; left out are specks, far things and what the rim cuts off.

    If the largest component is cut off itself, the picture was cut close to the character, and cut parts are its own.
    """
    if len(seen.stats) == 2 or not seen.inner.any():
        return seen.mask
    areas = seen.stats[:, cv2.CC_STAT_AREA] * seen.inner
    left, top = seen.stats[:, cv2.CC_STAT_LEFT], seen.stats[:, cv2.CC_STAT_TOP]
    right, bottom = left + seen.stats[:, cv2.CC_STAT_WIDTH], top + seen.stats[:, cv2.CC_STAT_HEIGHT]
    height, width = seen.mask.shape
    is_cut = (left < 2) | (top < 2) | (right > width - 2) | (bottom > height - 2)
    free = areas * ~is_cut
    main = int((free if free.max() > 0.25 * areas.max() else areas).argmax())
    beside = np.maximum(left - right[main], left[main] - right)
    above = np.maximum(top - bottom[main], top[main] - bottom)
    stroke = _stroke_width(seen.pick(np.arange(len(areas)) == main))
    reach = max(right[main] - left[main], bottom[main] - top[main], 6 * stroke)
    keep = (areas > 0.35 * stroke**2) & (above < reach) & (beside < 0.4 * reach) & (is_cut <= is_cut[main])
    keep[main] = True
    return seen.pick(keep)
