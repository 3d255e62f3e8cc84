"""What renderings are made of: a glyph's strokes as ink, pens, paper, light and cameras.

The ink is how much of each pixel of a sheet it covers, 0..1; grey levels are floats, 0..255, until `photographed` rounds
them. Whatever is drawn by chance takes a seeded generator. `rendering.py` makes pictures of it.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

GLYPH_PX, SIDE_PX = 112, 160  # the 28x28 glyph enlarged, and the sheet it lies on
PAPER, INK = 238.0, 35.0
Glyph = UInt8[np.ndarray, "28 28"]
Picture = UInt8[np.ndarray, "height width"] | UInt8[np.ndarray, "height width 3"]
Cover = Float[np.ndarray, "height width"]
Values = Float[np.ndarray, "height width"]
Mask = Bool[np.ndarray, "height width"]
Random = np.random.Generator


# Ink: the glyph's own strokes, or a pen drawn along their middle.


def strokes(glyph: Glyph) -> Cover:
    """The glyph's strokes in the middle of a sheet, enlarged, with edges one or two pixels soft."""
    size = GLYPH_PX, GLYPH_PX
    smooth = cv2.GaussianBlur(cv2.resize(glyph, size, interpolation=cv2.INTER_CUBIC), (0, 0), 1.5).astype(np.float32)
    margin = (SIDE_PX - GLYPH_PX) // 2
    return np.pad(((smooth - 112) / 48 + 0.5).clip(0, 1), margin)


def pen(cover: Cover, width_px: float, random: Random) -> Cover:
    """Ink of a pen drawn along the strokes' middle, up to 20 % wider or narrower with its pressure.

    Where the strokes run together in a blob, the blob stays, smaller, as a pen would fill it.
    """
    mask = cv2.GaussianBlur(cover, (0, 0), 2) > 0.45
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    line = centreline(mask)
    middle = float(np.median(depth[line]))
    line = without_spurs(line, depth < 0.85 * middle, round(1.2 * middle))
    away = cv2.distanceTransform(1 - line.astype(np.uint8), cv2.DIST_L2, 5)
    half = width_px / 2 * (1 + 0.2 * clouds(random, cover.shape, 5).clip(-1, 1))
    return np.maximum(half + 0.5 - away, depth - 1.5 * middle).clip(0, 1)


def turned(*kernels: tuple[tuple[int, ...], ...]) -> list[np.ndarray]:
    """Kernels for cv2.MORPH_HITMISS (1: ink, -1: none, 0: either) in four directions."""
    return [np.rot90(np.array(each), turn).astype(np.int32) for turn in range(4) for each in kernels]


EDGES = turned(((-1, -1, -1), (0, 1, 0), (1, 1, 1)), ((0, -1, -1), (1, 1, -1), (0, 1, 0)))
ENDS = turned(((0, 1, 0), (-1, 1, -1), (-1, -1, -1)), ((1, -1, -1), (-1, 1, -1), (-1, -1, -1)))


def centreline(mask: Mask) -> Mask:
    """The middle of strokes, one pixel wide and connected as they are, by thinning (Gonzalez & Woods, section 9.5.5)."""
    line, count = mask.astype(np.uint8), 0
    while count != (count := cv2.countNonZero(line)):
        for edge in EDGES:
            cv2.subtract(line, cv2.morphologyEx(line, cv2.MORPH_HITMISS, edge), dst=line)
    return line > 0


def without_spurs(line: Mask, may_go: Mask, longest_px: int) -> Mask:
    """A centreline without the forks that blunt ends of strokes leave: ends that may go do, one pixel after another."""
    line = line.astype(np.uint8)
    for _ in range(longest_px):
        for end in ENDS:
            line = line - cv2.morphologyEx(line, cv2.MORPH_HITMISS, end) * may_go
    return line > 0


def felt(cover: Cover, more_px: float) -> Cover:
    """The strokes wider by `more_px` on each side, and the ink run out a little."""
    away = cv2.distanceTransform((cover <= 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    return cv2.GaussianBlur((more_px + 0.5 - away).clip(0, 1), (0, 0), 1.0)


def clouds(random: Random, shape: tuple[int, ...], cells: int) -> Values:
    """Smooth noise with a deviation of about 1: `cells` x `cells` normal numbers, enlarged."""
    coarse = random.normal(0, 1.3, (cells, cells)).astype(np.float32)
    return cv2.resize(coarse, shape[1::-1], interpolation=cv2.INTER_CUBIC)


def grain(random: Random, shape: tuple[int, ...]) -> Values:
    """Noise of the size of paper fibres, with a deviation of about 1."""
    return cv2.GaussianBlur(random.normal(0, 2.6, shape).astype(np.float32), (0, 0), 0.8)


# Where the ink lies: leaning, turned, moved.


def moved(cover: Cover, slant_degrees: float = 0, turn_degrees: float = 0, right: float = 0, down: float = 0) -> Cover:
    """The ink leaning to the right, turned to the left, then moved, about the middle of its sheet."""
    height, width = cover.shape
    turn = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), turn_degrees, 1), [0, 0, 1]])
    lean = np.tan(np.radians(slant_degrees))
    slant = np.array([[1, -lean, lean * height / 2], [0, 1, 0], [0, 0, 1]])
    matrix = (np.array([[1, 0, right], [0, 1, down], [0, 0, 1]]) @ turn @ slant)[:2]
    return cv2.warpAffine(cover, matrix, (width, height), flags=cv2.INTER_LINEAR)


def box_of(cover: Cover) -> tuple[int, int, int, int]:
    """Top, bottom, left and right of the ink."""
    rows, columns = np.flatnonzero((cover > 0.5).any(1)), np.flatnonzero((cover > 0.5).any(0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def either_way(random: Random, low: float, high: float) -> float:
    """A number between low and high, or between -high and -low."""
    return float(random.uniform(low, high) * random.choice((-1, 1)))


# Paper, light and camera.


def on_paper(cover: Cover, ink: float | Values = INK, paper: float | Values = PAPER) -> Values:
    """Grey levels of ink on paper."""
    return paper + (ink - paper) * cover


def in_colour(cover: Cover, random: Random) -> Float[np.ndarray, "height width 3"]:
    """Blue or black ball pen on white or yellowish paper, RGB."""
    ink = np.array([(38, 52, 142), (28, 40, 105), (46, 46, 54)], np.float32)[random.integers(3)]
    paper = np.array([(236, 234, 228), (228, 218, 192), (214, 219, 224)], np.float32)[random.integers(3)]
    return paper + (ink - paper) * (random.uniform(0.8, 0.95) * cover)[..., None]


def gradient(random: Random, shape: tuple[int, ...], darkest: float) -> Values:
    """Light that falls off evenly across the picture, from 1 to `darkest`."""
    down, across = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    angle = random.uniform(0, 2 * np.pi)
    slope = down * np.sin(angle) + across * np.cos(angle)
    return 1 + (darkest - 1) * (slope - slope.min()) / np.ptp(slope)


def beyond(random: Random, shape: tuple[int, ...]) -> Values:
    """By how many pixels each one lies beyond a straight line near the picture's middle."""
    angle, away = random.uniform(0, 2 * np.pi), random.uniform(-0.2, 0.2) * shape[0]
    down, across = np.mgrid[: shape[0], : shape[1]]
    return (down - shape[0] / 2) * np.sin(angle) + (across - shape[1] / 2) * np.cos(angle) - away


def shade(random: Random, inside_px: Values, darkest: float) -> Values:
    """Light with a shadow in it that has soft edges; inside_px: how deep in the shadow a pixel lies."""
    return 1 + (darkest - 1) * (inside_px / random.uniform(4, 16) + 0.5).clip(0, 1)


def out_of_focus(values: np.ndarray, sigma_px: float) -> np.ndarray:
    return cv2.GaussianBlur(values, (0, 0), sigma_px)


def shaken(values: Values, length_px: int, angle_degrees: float) -> Values:
    """The mean along a straight path of the camera."""
    kernel = np.zeros((length_px, length_px), np.float32)
    kernel[length_px // 2] = 1
    middle = (length_px - 1) / 2
    turn = cv2.getRotationMatrix2D((middle, middle), angle_degrees, 1)
    path = cv2.warpAffine(kernel, turn, (length_px, length_px))
    return cv2.filter2D(values, -1, path / path.sum(), borderType=cv2.BORDER_REPLICATE)


def photographed(values: np.ndarray) -> Picture:
    return np.rint(values).clip(0, 255).astype(np.uint8)


def jpeg(picture: Picture, quality: int) -> Picture:
    """Saved as a JPEG of that quality and opened again."""
    turned = np.ascontiguousarray(picture[..., ::-1]) if picture.ndim == 3 else picture
    data = cv2.imencode(".jpg", turned, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    opened = np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED))
    return np.ascontiguousarray(opened[..., ::-1]) if picture.ndim == 3 else opened
