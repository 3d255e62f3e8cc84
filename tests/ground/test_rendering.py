"""The pictures of the reading benchmark: each as its condition says, repeatable, and plain to a person."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from pen_and_paper import centreline
from rendering import CONDITIONS

sys.path.pop(0)

FLOOR = 25  # grey levels of 255 between ink and the paper beside it
SHAPES = {"ball pen photo": (160, 160, 3), "phone": (220, 280, 3), "off-centre": (360, 300), "tiny, 24 px": (24, 24)}
CUT = ("tight crop", "partial box")  # to the letter's own box
FIXED = ("untouched",)  # nothing in it is drawn by chance


def drawn(*strokes: list[tuple[int, int]]) -> np.ndarray:
    """A glyph of 28x28, ink bright on black."""
    glyph = np.zeros((280, 280), np.uint8)
    for stroke in strokes:
        cv2.polylines(glyph, [np.array(stroke, np.int32) * 10], False, 255, 30, cv2.LINE_AA)
    return cv2.resize(glyph, (28, 28), interpolation=cv2.INTER_AREA)


R = drawn([(7, 25), (7, 3), (17, 4), (20, 9), (17, 13), (7, 14)], [(13, 14), (21, 25)])
ONE = drawn([(14, 4), (14, 24)])
I_WITH_DOT = drawn([(14, 11), (14, 25)], [(14, 4), (14, 5)])
GLYPHS = {"R": R, "1": ONE, "i": I_WITH_DOT}


def pictured(name: str, glyph: np.ndarray = R, seed: int = 0) -> np.ndarray:
    return CONDITIONS[name](glyph, np.random.default_rng(seed))


def grey(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if picture.ndim == 3 else picture


def stands_out(picture: np.ndarray) -> int:
    """By how many grey levels something in the picture's middle differs from what is round it, noise smoothed away."""
    smooth = cv2.GaussianBlur(grey(picture), (0, 0), 0.8)
    window = np.ones((2 * (max(smooth.shape) // 4) + 1,) * 2, np.uint8)
    dark, light = (cv2.morphologyEx(smooth, way, window) for way in (cv2.MORPH_BLACKHAT, cv2.MORPH_TOPHAT))
    return int(max(dark.max(), light.max()))


def ink(picture: np.ndarray) -> np.ndarray:
    return grey(picture) < 128


def box_of(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


@pytest.mark.parametrize("text", GLYPHS)
@pytest.mark.parametrize("name", CONDITIONS)
def test_a_picture_has_its_condition_s_shape_and_can_be_read_by_a_person(name, text):
    for seed in range(3):
        picture = pictured(name, GLYPHS[text], seed)
        assert picture.dtype == np.uint8
        if name in CUT:
            assert max(picture.shape) >= 60 and max(picture.shape) <= 160
        else:
            assert picture.shape == SHAPES.get(name, (160, 160))
        assert stands_out(picture) > FLOOR


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_seed_gives_one_picture_and_another_seed_another(name):
    given = R.copy()
    first = pictured(name, given, 5)
    np.testing.assert_array_equal(pictured(name, given, 5), first)
    np.testing.assert_array_equal(given, R)
    others = [pictured(name, given, seed) for seed in (6, 7, 8)]
    assert any(not np.array_equal(other, first) for other in others) == (name not in FIXED)


@pytest.mark.parametrize("name", [name for name in CONDITIONS if name not in FIXED])
def test_a_condition_changes_the_picture(name):
    plain, picture = pictured("untouched"), grey(pictured(name))
    picture = cv2.resize(picture, plain.shape[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(plain.astype(float) - picture).mean() > 3


def test_pens_are_as_wide_as_their_names_say():
    shares = [ink(pictured(name, ONE)).sum() for name in ("hairline", "thin pen", "slant", "felt pen")]
    assert shares == sorted(shares)
    rows = [np.median(ink(pictured(name, ONE))[50:110].sum(1)) for name in ("hairline", "thin pen", "felt pen")]
    assert rows[0] <= 2 and 2 <= rows[1] <= 5 and 15 <= rows[2] <= 24


def test_a_centreline_keeps_parts_and_holes_and_is_one_pixel_wide():
    mask = cv2.resize(R, (112, 112), interpolation=cv2.INTER_CUBIC) > 127
    line = centreline(mask)
    for each in (mask, line):
        assert cv2.connectedComponents(each.astype(np.uint8), connectivity=8)[0] == 2
        assert cv2.connectedComponents((~each).astype(np.uint8), connectivity=4)[0] == 3
    assert not (line & ~mask).any()
    assert cv2.distanceTransform(line.astype(np.uint8), cv2.DIST_L1, 3).max() <= 2


def tilt(name: str, seed: int) -> float:
    """By how many pixels the upper half of a 1 lies to the right of its lower half."""
    mask = ink(pictured(name, ONE, seed))
    top, bottom, _, _ = box_of(mask)
    ends = mask[top + 5 : top + 20], mask[bottom - 20 : bottom - 5]
    upper, lower = (np.flatnonzero(end.any(0)).mean() for end in ends)
    return float(upper - lower)


@pytest.mark.parametrize(("name", "low", "high"), [("slant", 10, 20), ("rotation", 6, 12)])
def test_letters_lean_both_ways_and_within_bounds(name, low, high):
    tilts = np.array([tilt(name, seed) for seed in range(12)])
    assert tilts.min() < 0 < tilts.max()
    angles = np.degrees(np.arctan(np.abs(tilts) / 67))
    assert low - 3 < angles.min() and angles.max() < high + 4


def test_a_tight_crop_has_ink_on_every_side_and_off_centre_is_small():
    for seed in range(4):
        mask = ink(pictured("tight crop", R, seed))
        assert all(side.any() for side in (mask[0], mask[-1], mask[:, 0], mask[:, -1]))
        top, bottom, left, right = box_of(ink(pictured("off-centre", R, seed)))
        assert 34 <= max(bottom - top, right - left) <= 66
    places = [box_of(ink(pictured("off-centre", R, seed)))[0] for seed in range(8)]
    assert max(places) - min(places) > 100


@pytest.mark.parametrize(("name", "most_sides"), [("partial box", 4), ("ruled line", 2)])
def test_printed_lines_reach_the_rim_and_do_not_touch_the_letter(name, most_sides):
    alone = int((pictured("slant") < 200).sum())
    for seed in range(10):
        mask = pictured(name, R, seed) < 200
        areas = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)[2][1:, cv2.CC_STAT_AREA]
        assert len(areas) >= 2 and abs(areas.max() - alone) < 0.15 * alone
        assert 1 <= sum(side.any() for side in (mask[0], mask[-1], mask[:, 0], mask[:, -1])) <= most_sides


def by_eye() -> dict[str, Callable[[np.ndarray], bool]]:
    """What else a picture must show, in one line each."""
    return {
        "blackboard": lambda picture: np.median(picture) < 90 and picture.max() > 170,
        "low contrast": lambda picture: np.ptp(cv2.blur(picture, (3, 3)).astype(int)) < 70,
        "shading": lambda picture: np.ptp(np.array([picture[y, x] for y in (0, -1) for x in (0, -1)]).astype(int)) > 60,
        "noise": lambda picture: picture[:20, :20].std() > 8,
    }


@pytest.mark.parametrize("name", by_eye())
def test_a_picture_shows_what_its_name_says(name):
    assert all(by_eye()[name](pictured(name, R, seed)) for seed in range(4))
