"""The one way in for pixels: any picture becomes the canonical glyph of a frame, for training and for serving.

It is not a page reader (one picture, one glyph) and not augmentation. Use:

    glyph = canonical_glyph(load_picture("letter.jpg"), FRAMES["emnist"])      # uint8 "28 28", ink bright on black
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import cv2
import numpy as np
from jaxtyping import UInt8

__all__ = ["FRAMES", "Frame", "canonical_glyph"]


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The canonical picture of a data set or a recogniser.

    `border` is the number of empty pixels round the ink's box; `centre` says what lies in the middle, the ink's box or
    its centre of mass; `blur` is the Gaussian sigma in pixels of EMNIST's 128-pixel frame (0: none). A "photo" has no ink.
    """

    kind: Literal["glyph", "photo"] = "glyph"
    height: int = 28
    width: int = 28
    channels: int = 1
    border: int = 2
    centre: Literal["box", "mass"] = "box"
    blur: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in ("glyph", "photo") or self.centre not in ("box", "mass"):
            raise ValueError(
                f"a frame of kind {self.kind!r} and centre {self.centre!r}: the kind is 'glyph' or 'photo', the centre 'box' or 'mass'"
            )
        if min(self.height, self.width) < 1 or self.channels not in (1, 3):
            raise ValueError(
                f"a frame of {self.height}x{self.width}x{self.channels}: give positive sides and 1 or 3 channels"
            )
        if self.border < 0 or 2 * self.border >= min(self.height, self.width) or not 0 <= self.blur < 100:
            raise ValueError(
                f"a frame with border {self.border} and blur {self.blur}: the border must leave room for ink and the blur be >= 0"
            )

    def to_dict(self) -> dict[str, Any]:
        """The frame as plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Frame:
        """The frame that `to_dict` wrote; ValueError names fields it does not know."""
        unknown = set(values) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"a frame with the fields {sorted(unknown)}: expected {[f.name for f in fields(cls)]}")
        return cls(**values)


FRAMES: dict[str, Frame] = {
    "emnist": Frame(),
    "mnist": Frame(border=4, centre="mass", blur=0.0),
    "usps": Frame(height=16, width=16, border=0, blur=0.0),
    "optdigits": Frame(height=8, width=8, border=0, blur=0.0),
    "cifar10": Frame(kind="photo", height=32, width=32, channels=3, border=0, blur=0.0),
}


def canonical_glyph(
    picture: UInt8[np.ndarray, "h w"] | UInt8[np.ndarray, "h w 3"], frame: Frame
) -> UInt8[np.ndarray, "height width"] | UInt8[np.ndarray, "height width 3"]:
    """The picture in the frame: grey, ink bright on black, cropped to its box, scaled and centred."""
    if frame.kind == "photo":
        return np.asarray(cv2.resize(picture, (frame.width, frame.height), interpolation=cv2.INTER_AREA), np.uint8)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if picture.ndim == 3 else picture
    ink = grey if np.median(grey) < 128 else 255 - grey
    rows, columns = np.flatnonzero((ink > 64).any(1)), np.flatnonzero((ink > 64).any(0))
    if rows.size == 0:
        raise ValueError("no ink found in the picture; give one with a dark character on light paper or the reverse")
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = min((frame.height - 2 * frame.border) / ink.shape[0], (frame.width - 2 * frame.border) / ink.shape[1])
    size = max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale))
    small = cv2.resize(ink, size, interpolation=cv2.INTER_AREA)
    glyph = np.zeros((frame.height, frame.width), np.uint8)
    top, left = (frame.height - size[1]) // 2, (frame.width - size[0]) // 2
    glyph[top : top + size[1], left : left + size[0]] = small
    return glyph
