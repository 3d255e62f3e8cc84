"""The pictures of the reading benchmark: each as its condition says, repeatable, and plain to a person."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

FLOOR = 25  # grey levels of 255 between ink and the paper beside it
PENS = ("hairline", "thin pen", "felt pen")
SHAPES = {
    "ball pen photo": (160, 160, 3),
    "phone": (220, 280, 3),
    "off-centre": (360, 300),
    "tiny, 24 px": (24, 24),
}
CUT = ("tight crop", "partial box")  # to the letter's own box, so that only bounds are known


@pytest.fixture(scope="module")
def rendering() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
        return importlib.import_module("rendering")


def drawn(*strokes: list[tuple[int, int]]) -> np.ndarray:
    """A glyph of 28x28, ink bright on black, of strokes in its pixels."""
    glyph = np.zeros((280, 280), np.uint8)
    for stroke in strokes:
        cv2.polylines(glyph, [np.int32(stroke) * 10], False, 255, 30, cv2.LINE_AA)
    return cv2.resize(glyph, (28, 28), interpolation=cv2.INTER_AREA)


GLYPHS = {
    "R": drawn([(7, 25), (7, 3), (17, 4), (20, 9), (17, 13), (7, 14)], [(13, 14), (21, 25)]),
    "1": drawn([(14, 3), (14, 25)]),
    "i": drawn([(14, 11), (14, 25)], [(14, 4), (14, 5)]),
}
CASES = [(name, glyph) for name in GLYPHS for glyph in (GLYPHS[name],)]


def conditions() -> list[str]:
    """The names, without importing what they stand for before the tests run."""
    text = (Path(__file__).parents[2] / "benchmarks" / "rendering.py").read_text(encoding="utf-8")
    entries = text.split("CONDITIONS: dict[str, Condition] = {")[1].split("\n}")[0]
    return [line.split('"')[1] for line in entries.splitlines() if '"' in line]


def picture_of(rendering: ModuleType, name: str, glyph: np.ndarray, seed: int = 0) -> np.ndarray:
    return rendering.CONDITIONS[name](glyph, np.random.default_rng(seed))


def grey(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if picture.ndim == 3 else picture


def stands_out(picture: np.ndarray) -> int:
    """By how many grey levels the thing in the picture differs from what is beside it, noise smoothed away."""
    smooth = cv2.GaussianBlur(grey(picture), (0, 0), 0.8)
    window = np.ones((2 * (max(smooth.shape) // 4) + 1,) * 2, np.uint8)
    dark = cv2.morphologyEx(smooth, cv2.MORPH_BLACKHAT, window)
    light = cv2.morphologyEx(smooth, cv2.MORPH_TOPHAT, window)
    return int(max(dark.max(), light.max()))


def ink_share(picture: np.ndarray) -> float:
    return float((grey(picture) < 128).mean())


def box_of(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


def pieces(mask: np.ndarray) -> int:
    return cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)[0] - 1
