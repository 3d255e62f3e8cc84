"""Glyphs rendered as pictures that a person might give: pens, papers, light, cameras and careless crops.

Each condition is a pure function of a glyph (uint8 28x28, ink bright on black) and a seeded generator; it returns a picture,
uint8 "height width" or, for photographs in colour, "height width 3" (RGB). A letter is some 96 pixels long on a sheet of
160, dark on light, unless its condition says otherwise. Nothing here reads: `rendered_pictures.py` does. Use:

    picture = CONDITIONS["pencil"](glyph, np.random.default_rng(0))
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from pen_and_paper import (
    INK,
    PAPER,
    SIDE_PX,
    Glyph,
    Picture,
    Random,
    beyond,
    box_of,
    clouds,
    either_way,
    felt,
    gradient,
    grain,
    in_colour,
    jpeg,
    moved,
    on_paper,
    out_of_focus,
    pen,
    photographed,
    shade,
    shaken,
    strokes,
)

__all__ = ["CONDITIONS", "Condition"]

Condition = Callable[[Glyph, Random], Picture]


def untouched(glyph: Glyph, random: Random) -> Picture:
    return 255 - cv2.resize(glyph, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_CUBIC)


def hairline(glyph: Glyph, random: Random) -> Picture:
    return photographed(on_paper(pen(strokes(glyph), random.uniform(1.2, 1.8), random), INK + 20))


def thin_pen(glyph: Glyph, random: Random) -> Picture:
    return photographed(on_paper(pen(strokes(glyph), random.uniform(2.5, 4.0), random)))


def felt_pen(glyph: Glyph, random: Random) -> Picture:
    return photographed(on_paper(felt(strokes(glyph), random.uniform(2.5, 4.5)), 20))


def pencil(glyph: Glyph, random: Random) -> Picture:
    """Grey and broken up by the paper's grain, which shows beside it too."""
    line = pen(strokes(glyph), random.uniform(2.5, 5.0), random)
    broken = line * (0.8 + 0.25 * grain(random, line.shape)).clip(0.15, 1)
    paper = 232 + 3 * grain(random, line.shape)
    return photographed(out_of_focus(on_paper(broken, random.uniform(70, 130), paper), 0.6))


def ball_pen_photo(glyph: Glyph, random: Random) -> Picture:
    """A ball pen photographed from near: colour, uneven light, a little noise."""
    picture = in_colour(pen(strokes(glyph), random.uniform(3.0, 5.0), random), random)
    picture *= gradient(random, picture.shape, random.uniform(0.7, 0.95))[..., None]
    picture = out_of_focus(picture, 0.9) + random.normal(0, 3, picture.shape)
    return jpeg(photographed(picture), 80)


def blur(glyph: Glyph, random: Random) -> Picture:
    return photographed(out_of_focus(on_paper(strokes(glyph)), random.uniform(2.5, 4.0)))


def motion_blur(glyph: Glyph, random: Random) -> Picture:
    length = 2 * int(random.integers(4, 8)) + 1
    return photographed(shaken(on_paper(strokes(glyph)), length, random.uniform(0, 180)))


def jpeg_20_to_40(glyph: Glyph, random: Random) -> Picture:
    noisy = on_paper(strokes(glyph)) + random.normal(0, 5, (SIDE_PX, SIDE_PX))
    return jpeg(photographed(noisy), int(random.integers(20, 41)))


def shading(glyph: Glyph, random: Random) -> Picture:
    light = gradient(random, (SIDE_PX, SIDE_PX), random.uniform(0.3, 0.5))
    return photographed(on_paper(strokes(glyph)) * light)


def shadow_band(glyph: Glyph, random: Random) -> Picture:
    """The shadow of a pen or a finger across the picture."""
    inside = random.uniform(0.12, 0.25) * SIDE_PX - np.abs(beyond(random, (SIDE_PX, SIDE_PX)))
    return photographed(on_paper(strokes(glyph)) * shade(random, inside, random.uniform(0.45, 0.65)))


def noise(glyph: Glyph, random: Random) -> Picture:
    values = on_paper(strokes(glyph))
    return photographed(values + random.normal(0, random.uniform(18, 28), values.shape))


def slant(glyph: Glyph, random: Random) -> Picture:
    return photographed(on_paper(moved(strokes(glyph), slant_degrees=either_way(random, 10, 20))))


def rotation(glyph: Glyph, random: Random) -> Picture:
    return photographed(on_paper(moved(strokes(glyph), turn_degrees=either_way(random, 6, 12))))


def off_centre(glyph: Glyph, random: Random) -> Picture:
    """A letter of 40 to 60 pixels somewhere on a sheet of 360 x 300."""
    side = int(random.integers(67, 101))
    small = cv2.resize(strokes(glyph), (side, side), interpolation=cv2.INTER_AREA)
    top, left = int(random.integers(0, 360 - side)), int(random.integers(0, 300 - side))
    sheet = np.pad(small, ((top, 360 - side - top), (left, 300 - side - left)))
    return photographed(on_paper(sheet) + random.normal(0, 3, sheet.shape))


def tight_crop(glyph: Glyph, random: Random) -> Picture:
    """Cut to the ink's box, and up to two pixels of it away on each side."""
    cover = strokes(glyph)
    top, bottom, left, right = np.array(box_of(cover)) + random.integers(0, 3, 4) * (1, -1, 1, -1)
    return photographed(on_paper(cover)[top : max(bottom, top + 4), left : max(right, left + 4)])


def partial_box(glyph: Glyph, random: Random) -> Picture:
    """A form's printed box round the letter, cut so that one to three of its sides are seen."""
    cover = strokes(glyph)
    way = np.array((-1, 1, -1, 1))  # out of the letter: up, down, to the left, to the right
    box = np.array(box_of(cover)) + way * random.integers(10, 17, 4)
    values = on_paper(cover)
    top, bottom, left, right = (int(each) for each in box)
    cv2.rectangle(values, (left, top), (right, bottom), random.uniform(60, 140), int(random.integers(1, 4)))
    seen = random.permutation([True, bool(random.integers(2)), bool(random.integers(2)), False])
    cut = box + way * np.where(seen, random.integers(3, 8, 4), -random.integers(3, 7, 4))
    top, bottom, left, right = (int(each) for each in cut)
    return photographed(values[max(0, top) : bottom, max(0, left) : right])


def ruled_line(glyph: Glyph, random: Random) -> Picture:
    """A printed line below the letter, hardly tilted."""
    cover = strokes(glyph)
    values, down = on_paper(cover), box_of(cover)[1] + int(random.integers(5, 12))
    tilt = int(random.integers(-2, 3))
    cv2.line(
        values, (0, down), (SIDE_PX, down + tilt), random.uniform(110, 180), int(random.integers(1, 3)), cv2.LINE_AA
    )
    return photographed(values)


def squared_paper(glyph: Glyph, random: Random) -> Picture:
    """Printed squares of 18 to 28 pixels under a letter of a thin pen."""
    paper = np.full((SIDE_PX, SIDE_PX), PAPER, np.float32)
    pitch, level = random.uniform(18, 28), random.uniform(160, 205)
    for start, lines in ((random.uniform(0, pitch), paper), (random.uniform(0, pitch), paper.T)):
        lines[np.arange(start, SIDE_PX, pitch).astype(int)] = level
    cover = pen(strokes(glyph), random.uniform(3.5, 6.0), random)
    return photographed(out_of_focus(on_paper(cover, INK + 10, paper), 0.7))


def blackboard(glyph: Glyph, random: Random) -> Picture:
    """Chalk on a board that was wiped before."""
    line = pen(strokes(glyph), random.uniform(4.5, 8.0), random)
    chalk = line * (0.85 + 0.22 * grain(random, line.shape)).clip(0.2, 1)
    board = random.uniform(45, 70) + 5 * clouds(random, line.shape, 6) + 2 * grain(random, line.shape)
    return photographed(out_of_focus(on_paper(chalk, random.uniform(200, 235), board), 0.6))


def low_contrast(glyph: Glyph, random: Random) -> Picture:
    paper = random.uniform(150, 215)
    values = on_paper(strokes(glyph), paper - random.uniform(32, 50), paper)
    return photographed(values + random.normal(0, 2, values.shape))


def phone(glyph: Glyph, random: Random) -> Picture:
    """A ball pen, turned, leaning, off the middle, photographed in the shadow's edge of a hand, and sent on."""
    cover = pen(strokes(glyph), random.uniform(3.0, 5.0), random)
    wide = np.pad(cover, ((30, 30), (60, 60)))
    wide = moved(
        wide, either_way(random, 2, 10), either_way(random, 2, 8), random.uniform(-50, 50), random.uniform(-20, 20)
    )
    light = gradient(random, wide.shape, random.uniform(0.5, 0.8))
    light *= shade(random, beyond(random, wide.shape), random.uniform(0.65, 0.95))
    picture = out_of_focus(in_colour(wide, random) * light[..., None], random.uniform(0.8, 1.6))
    return jpeg(photographed(picture + random.normal(0, 5, picture.shape)), int(random.integers(35, 66)))


def tiny(glyph: Glyph, random: Random) -> Picture:
    """The letter as a screen of 72 dots per inch shows a small one: 24 x 24 pixels, the letter some 19."""
    values = on_paper(strokes(glyph))
    margin = int(random.integers(16, 23))
    return photographed(cv2.resize(values[margin:-margin, margin:-margin], (24, 24), interpolation=cv2.INTER_AREA))


CONDITIONS: dict[str, Condition] = {
    "untouched": untouched,
    "hairline": hairline,
    "thin pen": thin_pen,
    "felt pen": felt_pen,
    "pencil": pencil,
    "ball pen photo": ball_pen_photo,
    "blur": blur,
    "motion blur": motion_blur,
    "JPEG 20-40": jpeg_20_to_40,
    "shading": shading,
    "shadow band": shadow_band,
    "noise": noise,
    "slant": slant,
    "rotation": rotation,
    "off-centre": off_centre,
    "tight crop": tight_crop,
    "partial box": partial_box,
    "ruled line": ruled_line,
    "squared paper": squared_paper,
    "blackboard": blackboard,
    "low contrast": low_contrast,
    "phone": phone,
    "tiny, 24 px": tiny,
}
