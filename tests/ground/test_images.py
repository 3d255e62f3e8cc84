"""The one way in for pixels: the same letter gives the same glyph however it was pictured, and glyphs stay as they are."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from scipy import ndimage

from glifo.images import FRAMES, Frame, canonical_glyph

EMNIST = FRAMES["emnist"]
GLYPH_FRAMES = {name: frame for name, frame in FRAMES.items() if frame.kind == "glyph"}
SAME = 15.0  # mean grey levels of 255 between two glyphs of one letter; see the planted faults


STROKES = {
    "R": [[(0, 10), (0, 0), (5, 0), (7, 1), (7, 4), (5, 5), (0, 5)], [(3, 5), (8, 10)]],
    "S": [[(7, 1), (5, 0), (2, 0), (0, 2), (1, 4), (6, 6), (7, 8), (5, 10), (2, 10), (0, 9)]],
    "4": [[(5, 10), (5, 0), (0, 7), (8, 7)]],
    "m": [[(0, 5), (0, 0), (0, 2), (2, 0), (4, 1), (4, 5), (4, 2), (6, 0), (8, 1), (8, 5)]],
    "1": [[(0, 2), (2, 0), (2, 10)]],
    "L": [[(0, 0), (0, 10), (6, 10)]],
    "|": [[(0, 0), (1, 10)]],
}


def letter(text: str = "R", size: int = 200, pen: int = 34, ink: float = 25.0, paper: float = 235.0) -> np.ndarray:
    """A letter in the middle of a square sheet, as floats so that light and noise can be laid on it.

    The pen is measured on a sheet of 1000 pixels, where the letter is 500 high.
    """
    mask = np.zeros((1000, 1000), np.uint8)
    for stroke in STROKES[text]:
        cv2.polylines(mask, [np.int32(stroke) * 50 + (300, 250)], False, 255, pen, cv2.LINE_AA)
    mask = cv2.resize(mask, (size, size), interpolation=cv2.INTER_AREA)
    return paper + (ink - paper) * (mask / 255.0)


def photographed(values: np.ndarray) -> np.ndarray:
    return np.rint(values).clip(0, 255).astype(np.uint8)


def glyph(values: np.ndarray, frame: Frame = EMNIST) -> np.ndarray:
    return canonical_glyph(photographed(values), frame)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(float) - other).mean())


def noise(shape: tuple[int, ...], deviation: float) -> np.ndarray:
    return np.random.default_rng(0).normal(0, deviation, shape)


def slope(size: int) -> np.ndarray:
    return np.linspace(1.0, 0.45, size) * np.linspace(1.0, 0.8, size)[:, None]


def sharp_shadow(size: int) -> np.ndarray:
    down, across = np.mgrid[:size, :size]
    return np.where(down + across > 1.1 * size, 0.55, 1.0)


def speckled(values: np.ndarray) -> np.ndarray:
    for across, down in ((12, 15), (185, 30), (20, 180), (170, 190), (100, 8)):
        cv2.circle(values, (across, down), 2, 20.0, -1)
    return values


def boxed(values: np.ndarray, inset: int = 1) -> np.ndarray:
    return cv2.rectangle(values, (inset, inset), (199 - inset, 199 - inset), 30.0, 3)


def with_a_neighbour(values: np.ndarray) -> np.ndarray:
    return cv2.rectangle(values, (165, 60), (199, 140), 30.0, -1)


def striped_shadow(size: int) -> np.ndarray:
    down, across = np.mgrid[:size, :size]
    return np.where(np.abs(down + across - size) < 0.2 * size, 0.55, 1.0)


def shifted(values: np.ndarray) -> np.ndarray:
    return np.pad(values, ((260, 20), (15, 330)), mode="edge")


def cut_close(values: np.ndarray) -> np.ndarray:
    rows, columns = np.flatnonzero((values < 130).any(1)), np.flatnonzero((values < 130).any(0))
    return values[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


PICTURED = {
    "small": lambda: letter(size=40),
    "large": lambda: letter(size=900),
    "off-centre on a sheet": lambda: shifted(letter()),
    "tiny on a large sheet": lambda: np.pad(letter(size=150), ((900, 700), (1100, 800)), mode="edge"),
    "chalk": lambda: letter(ink=220, paper=40),
    "low contrast": lambda: letter(ink=170, paper=205),
    "dark": lambda: letter(ink=5, paper=70),
    "shaded": lambda: letter() * slope(200),
    "sharp shadow": lambda: letter() * sharp_shadow(200),
    "striped shadow": lambda: letter() * striped_shadow(200),
    "shaded chalk": lambda: letter(ink=220, paper=60) * slope(200),
    "noise": lambda: letter() + noise((200, 200), 15),
    "out of focus": lambda: cv2.GaussianBlur(letter(), (0, 0), 3),
    "specks": lambda: speckled(letter()),
    "in a box": lambda: boxed(letter()),
    "in a box with paper round it": lambda: boxed(letter(), inset=9),
    "beside a neighbour": lambda: with_a_neighbour(letter()),
    "cut close": lambda: cut_close(letter()),
    "felt pen": lambda: letter(pen=80),
    "fine pen": lambda: letter(size=600, pen=8),
}


@pytest.mark.parametrize("how", PICTURED)
def test_a_letter_gives_one_glyph_however_it_is_pictured(how):
    assert difference(glyph(PICTURED[how]()), glyph(letter())) < SAME


CLOSE = [(text, pen, is_chalk) for text in "RS4m1" for pen in (35, 60, 80) for is_chalk in (False, True)]


@pytest.mark.parametrize(("text", "pen", "is_chalk"), [*CLOSE, ("L", 140, False), ("|", 120, False), ("|", 120, True)])
def test_a_letter_cut_close_is_the_letter_with_room_round_it(text, pen, is_chalk):
    with_room = letter(text, pen=pen)
    cut = cut_close(with_room)
    assert difference(glyph(255 - cut if is_chalk else cut), glyph(with_room)) < SAME


def test_colour_and_transparency_make_no_difference():
    mask = (letter(ink=1, paper=0))[..., None]
    blue_on_yellow = photographed(np.array([250, 235, 150]) * (1 - mask) + np.array([30, 40, 160]) * mask)
    assert difference(canonical_glyph(blue_on_yellow, EMNIST), glyph(letter())) < SAME


@pytest.mark.parametrize(
    "fault",
    [
        np.transpose,
        np.fliplr,
        np.flipud,
        lambda image: 255 - image,
        lambda image: image // 255,
        lambda image: image // 2,
    ],
)
def test_a_planted_fault_is_noticed(fault):
    """Transposed, mirrored, inverted, divided by 255 twice: each is far outside the tolerance of the tests above."""
    right = glyph(letter())
    assert difference(fault(right), right) > 1.5 * SAME


def emnist_by_scipy(mask: np.ndarray) -> np.ndarray:
    """EMNIST's method a second time: Gaussian, region of interest, square with a border of 2 in 28, box filter."""
    unit = max(mask.shape) / 24
    blurred = ndimage.gaussian_filter(np.pad(mask.astype(float), 20), 0.47 * unit)
    (rows, columns) = ndimage.find_objects((blurred > 0.05).astype(int))[0]
    region = blurred[rows, columns]
    side = round(max(region.shape) * 28 / 24)
    square = np.zeros((side, side))
    top, left = (side - region.shape[0]) // 2, (side - region.shape[1]) // 2
    square[top : top + region.shape[0], left : left + region.shape[1]] = region
    small = np.asarray(Image.fromarray(square).resize((28, 28), Image.Resampling.BOX))
    return small * 255 / small.max()


@pytest.mark.parametrize("text", "RS4m")
def test_emnist_s_method_agrees_with_scipy(text):
    mask = letter(text, pen=80) < 130
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    expected = emnist_by_scipy(mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    assert difference(glyph(letter(text, pen=80)), expected) < 5


@pytest.mark.parametrize("name", GLYPH_FRAMES)
@pytest.mark.parametrize("text", "1Rm")
def test_the_box_and_the_centre_are_as_the_frame_says(name, text):
    frame = FRAMES[name]
    image = glyph(letter(text), frame)
    assert image.shape == frame.shape and image.dtype == np.uint8 and image.max() == 255
    rows, columns = np.flatnonzero(image.max(1)), np.flatnonzero(image.max(0))
    assert abs(max(np.ptp(rows), np.ptp(columns)) + 1 - (frame.height - 2 * frame.border)) <= 2
    down, across = ndimage.center_of_mass(image)
    if frame.centre == "mass":
        assert abs(down - 14) <= 0.53 and abs(across - 14) <= 0.53
    else:
        assert abs(rows[0] + rows[-1] - frame.height + 1) <= 1 and abs(columns[0] + columns[-1] - frame.width + 1) <= 1


def test_a_dot_is_kept_and_a_speck_is_not():
    body, dot, speck = ((90, 80), (110, 160)), ((90, 40), (110, 60)), ((40, 180), (43, 183))
    sheet = np.full((200, 200), 240.0)
    for start, end in (body, dot):
        cv2.rectangle(sheet, start, end, 20.0, -1)
    with_dot = glyph(sheet)
    assert with_dot[3:6, 12:16].min() > 100 and with_dot[7:10].max() < 60
    speckled_sheet = cv2.rectangle(sheet.copy(), *speck, 20.0, -1)
    assert difference(glyph(speckled_sheet), with_dot) < 1


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(GLYPH_FRAMES)),
    st.lists(st.tuples(st.integers(10, 110), st.integers(10, 110)), min_size=3, max_size=6, unique=True),
    st.integers(3, 8),
    st.booleans(),
)
def test_a_glyph_s_glyph_is_itself(name, points, pen, is_chalk):
    sheet = cv2.polylines(np.full((120, 120), 230, np.uint8), [np.int32(points)], False, 30, pen, cv2.LINE_AA)
    once = canonical_glyph(255 - sheet if is_chalk else sheet, FRAMES[name])
    np.testing.assert_array_equal(canonical_glyph(once, FRAMES[name]), once)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**32 - 1), st.sampled_from(sorted(FRAMES)))
def test_any_pixels_give_a_glyph_or_no_ink(height, width, seed, name):
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    try:
        assert canonical_glyph(picture, FRAMES[name]).shape == FRAMES[name].shape
    except ValueError as refusal:
        assert "no ink found" in str(refusal)


@pytest.mark.parametrize("level", [0, 30, 128, 255])
@pytest.mark.parametrize("shape", [(1, 1), (28, 28), (200, 150)])
def test_an_empty_picture_has_no_ink(level, shape):
    with pytest.raises(
        ValueError, match=r"no ink found in the picture .*give one with a dark character on light paper"
    ):
        canonical_glyph(np.full(shape, level, np.uint8), EMNIST)


@pytest.mark.parametrize(
    "sheet", [200 * slope(200), 200 + noise((200, 200), 5), 200 * slope(200) ** 0.5 + noise((200, 200), 1)]
)
def test_an_empty_sheet_with_shading_and_noise_has_no_ink(sheet):
    with pytest.raises(ValueError, match="no ink found"):
        glyph(sheet)


@pytest.mark.parametrize("size", [(64, 96), (96, 64), (64, 64), (320, 96)])
def test_a_photo_is_cut_about_its_middle_and_scaled(size):
    photo = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    expected = ImageOps.fit(Image.fromarray(photo), (32, 32), Image.Resampling.BOX)
    assert difference(canonical_glyph(photo, FRAMES["cifar10"]), np.asarray(expected)) < 1


def test_a_photo_of_the_right_size_is_unchanged_and_grey_gets_three_channels():
    photo = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    np.testing.assert_array_equal(canonical_glyph(photo, FRAMES["cifar10"]), photo)
    grey = canonical_glyph(photo[..., 0], FRAMES["cifar10"])
    np.testing.assert_array_equal(grey, np.repeat(photo[..., :1], 3, axis=2))


def official(name: str) -> np.ndarray:
    """The first 20,000 official training rows, read without glifo's loaders."""
    if "GLIFO_DATA" not in os.environ:
        pytest.skip("GLIFO_DATA does not name the folder with the official data sets")
    folder = Path(os.environ["GLIFO_DATA"])
    if name == "emnist":
        return np.load(folder / "emnist/emnist-partial-train.npz")["images"][:20_000]
    if name == "mnist":
        data = gzip.decompress((folder / "mnist/train-images-idx3-ubyte.gz").read_bytes())
        return np.frombuffer(data, np.uint8, offset=16).reshape(-1, 28, 28)[:20_000]
    if name == "usps":
        return (
            np.rint((np.loadtxt(folder / "usps/zip.train.gz")[:, 1:] + 1) * 127.5).astype(np.uint8).reshape(-1, 16, 16)
        )
    counts = np.loadtxt(folder / "optdigits/optdigits.tra", delimiter=",")[:, :64]
    return np.rint(counts * 255 / 16).astype(np.uint8).reshape(-1, 8, 8)


@pytest.mark.data
@pytest.mark.parametrize("name", GLYPH_FRAMES)
def test_official_training_rows_are_canonical_already(name):
    rows = official(name)
    changed = sum(not np.array_equal(canonical_glyph(row, FRAMES[name]), row) for row in rows)
    assert changed <= 0.001 * len(rows)


@pytest.mark.data
def test_real_glyphs_survive_being_pictured():
    """Enlarged, dark on shaded paper with noise, off-centre: the glyph that comes back is the one that went out."""
    far = []
    for row in official("emnist")[:200]:
        large = cv2.resize(row, None, fx=5, fy=5, interpolation=cv2.INTER_CUBIC) / 255
        sheet = 230 - 200 * np.pad(large, ((60, 0), (0, 60)))
        far.append(difference(glyph(sheet * slope(200) + noise((200, 200), 4)), row))
    assert np.mean(far) < SAME and np.quantile(far, 0.95) < 2 * SAME
