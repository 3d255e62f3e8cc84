"""The one way in for pixels: any picture becomes the canonical glyph of a frame, for training and for serving.

It is not a reader of files (`glifo.pictures`) nor of pages (one picture, one glyph), and not augmentation. Use:

    glyph = canonical_glyph(load_picture("letter.jpg"), FRAMES["emnist"])      # uint8 "28 28", ink bright on black
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any, Literal

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

__all__ = ["FRAMES", "Frame", "Preparation", "as_batch", "canonical_glyph", "fit_preparation"]

Picture = UInt8[np.ndarray, "h w"] | UInt8[np.ndarray, "h w 3"]


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The canonical picture of a data set or a recogniser.

    `border` is the number of empty pixels round the ink's box; `centre` says what lies in the middle, the ink's box or
    its centre of mass; `blur` is the Gaussian sigma in pixels of EMNIST's 128-pixel frame (0: none). A "photo" is not
    searched for ink, and only a photo may have 3 channels.
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
                f"a frame of kind {self.kind!r} and centre {self.centre!r}: "
                "the kind is 'glyph' or 'photo', the centre 'box' or 'mass'"
            )
        if min(self.height, self.width) < 1 or self.channels not in ((1,) if self.kind == "glyph" else (1, 3)):
            raise ValueError(
                f"a {self.kind} frame of {self.height}x{self.width} with {self.channels} channels: "
                "give sides of at least 1 and 1 channel, or 3 channels for a photo"
            )
        if not 0 <= 2 * self.border < min(self.height, self.width) or not 0 <= self.blur <= 8:
            raise ValueError(
                f"a frame with border {self.border} and blur {self.blur}: "
                "the border must leave room for ink and the blur lie in 0..8"
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one canonical image: (height, width) or (height, width, 3)."""
        return (self.height, self.width) if self.channels == 1 else (self.height, self.width, self.channels)

    def to_dict(self) -> dict[str, Any]:
        """The frame as plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Frame:
        """The frame that `to_dict` wrote; ValueError names fields it does not know and values of the wrong type."""
        defaults = {field.name: field.default for field in fields(cls)}
        for name, value in values.items():
            if name not in defaults:
                raise ValueError(f"a frame with the field {name!r}: expected {', '.join(defaults)}")
            kinds = (int, float) if name == "blur" else type(defaults[name])
            if not isinstance(value, kinds) or isinstance(value, bool):
                raise ValueError(f"a frame with {name}={value!r}: expected a value like {defaults[name]!r}")
        return cls(**values)


FRAMES: dict[str, Frame] = {
    "emnist": Frame(),
    "mnist": Frame(border=4, centre="mass", blur=0.0),
    "usps": Frame(height=16, width=16, border=0, blur=0.0),
    "optdigits": Frame(height=8, width=8, border=0, blur=0.0),
    "cifar10": Frame(kind="photo", height=32, width=32, channels=3, border=0, blur=0.0),
}


def canonical_glyph(picture: Picture, frame: Frame) -> Picture:
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


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """From a picture to a network's input: the frame, then a mean and a deviation, all as plain numbers.

    mean, std: white is 1; one number, one per channel, or one per pixel ("height width channels", flattened).
    Training and serving use the same value, so that they cannot differ.

    >>> float(Preparation(frame=Frame(), mean=(0.5,), std=(0.25,)).normalise(np.ones((1, 1, 28, 28))).max())
    2.0
    """

    frame: Frame
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in (1, self.frame.channels, math.prod(self.frame.shape)):
                raise ValueError(
                    f"a {name} of {len(values)} numbers for images shaped {self.frame.shape}: "
                    "expected one, one per channel or one per pixel; fit the preparation on images of this frame"
                )
            odd = [value for value in values if not _is_number(value) or (name == "std" and value <= 0)]
            if odd:
                raise ValueError(
                    f"a {name} with {odd[0]!r}: expected finite numbers, and a std above 0; fit the preparation again"
                )

    def prepare(self, picture: Picture) -> Picture:
        """The canonical glyph of a picture (see `canonical_glyph`)."""
        return canonical_glyph(picture, self.frame)

    def as_batch(self, images: UInt8[np.ndarray, "n ..."]) -> Float32[np.ndarray, "n channels height width"]:
        """Canonical images as the function `as_batch` gives them; ValueError if they do not fit the frame."""
        if images.shape[1:] != self.frame.shape:
            raise ValueError(
                f"images shaped {images.shape[1:]}: expected {self.frame.shape}; make each with canonical_glyph first"
            )
        return as_batch(images)

    def normalise(self, images: Any) -> Any:
        """(images - mean) / std for floats "n channels height width" in 0..1, a NumPy array or a torch tensor."""
        mean, std = self._constants
        if hasattr(images, "new_tensor"):  # a tensor makes its like on its own device, without torch imported here
            return (images - images.new_tensor(mean)) / images.new_tensor(std)
        return (images - mean.astype(images.dtype)) / std.astype(images.dtype)

    @cached_property
    def _constants(self) -> tuple[np.ndarray, np.ndarray]:
        return self._shaped(self.mean), self._shaped(self.std)

    def _shaped(self, values: tuple[float, ...]) -> np.ndarray:
        array = np.asarray(values, np.float64)
        if array.size <= self.frame.channels:
            return array.reshape(1, -1, 1, 1)
        return array.reshape(1, self.frame.height, self.frame.width, -1).transpose(0, 3, 1, 2)

    def to_dict(self) -> dict[str, Any]:
        """The preparation as plain values, for JSON."""
        return {"frame": self.frame.to_dict(), "mean": list(self.mean), "std": list(self.std)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Preparation:
        """The preparation that `to_dict` wrote; ValueError if a part is missing or of the wrong kind."""
        kinds = {"frame": dict, "mean": list, "std": list}
        if set(values) != set(kinds) or not all(isinstance(values[name], kind) for name, kind in kinds.items()):
            raise ValueError(
                f"a preparation with the parts {sorted(values)}: expected frame, mean and std as to_dict writes them"
            )
        return cls(frame=Frame.from_dict(values["frame"]), mean=tuple(values["mean"]), std=tuple(values["std"]))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def as_batch(images: UInt8[np.ndarray, "n ..."]) -> Float32[np.ndarray, "n channels height width"]:
    """Images uint8 "n height width" or "n height width 3" as float32 "n channels height width" in 0..1."""
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        raise ValueError(f"images of {images.dtype} shaped {images.shape}: expected uint8, n x height x width [x 3]")
    with_channels = images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(with_channels, dtype=np.float32) / np.float32(255)


def fit_preparation(images: UInt8[np.ndarray, "n ..."], frame: Frame, per_pixel: bool = False) -> Preparation:
    """The mean and deviation of canonical training images, per channel or per pixel; a constant pixel gets std 1.

    Give training rows only. The sums are whole numbers, so that the result does not depend on the order of the rows.
    """
    if images.dtype != np.uint8 or images.shape[1:] != frame.shape or len(images) == 0:
        raise ValueError(
            f"{images.dtype} images shaped {images.shape}: expected at least one uint8 image of {frame.shape}"
        )
    pieces = [images[start : start + 4096] for start in range(0, len(images), 4096)]
    axes = 0 if per_pixel else tuple(range(3))
    count = len(images) if per_pixel else len(images) * frame.height * frame.width
    total = np.sum([piece.sum(axes, dtype=np.int64) for piece in pieces], axis=0)
    squares = np.sum([np.square(piece, dtype=np.uint32).sum(axes, dtype=np.int64) for piece in pieces], axis=0)
    mean = np.ravel(total / count / 255)
    std = np.sqrt(np.maximum(np.ravel(squares / count / 255**2) - mean**2, 0))
    return Preparation(frame=frame, mean=tuple(mean.tolist()), std=tuple(np.where(std > 1e-6, std, 1.0).tolist()))
