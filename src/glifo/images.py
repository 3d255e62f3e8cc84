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

from glifo.ink import even_pen, find_ink

__all__ = ["FRAMES", "Frame", "Preparation", "as_batch", "canonical_glyph", "fit_preparation"]

Grey = UInt8[np.ndarray, "_height _width"]
Picture = UInt8[np.ndarray, "_height _width"] | UInt8[np.ndarray, "_height _width 3"]


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
    """The character of a picture as the frame wants it: uint8 "height width", ink bright on black; a photo fills it.

    The ink is found on light or dark ground of any shading (`glifo.ink`), cut to its box, blurred, scaled with its
    aspect kept and centred with a border, as EMNIST was made (Cohen et al. 2017, arXiv 1702.05373, section II), or by
    its centre of mass as MNIST was (LeCun et al. 1998). A picture that is a canonical glyph of this frame already is
    returned as it is, so that official training rows and served pictures meet. A "photo" is cut to the frame's aspect
    about its middle and scaled: "height width 3", or "height width" for one channel. ValueError if there is no ink.

    >>> page = np.full((90, 60), 250, np.uint8)
    >>> page[20:70, 30:35] = 10
    >>> (canonical_glyph(page, FRAMES["emnist"])[14] > 100).nonzero()[0].tolist()
    [13, 14]
    """
    if picture.dtype != np.uint8 or picture.size == 0 or picture.shape[2:] not in ((), (3,)) or picture.ndim < 2:
        raise ValueError(
            f"a picture of {picture.dtype} shaped {picture.shape}: expected uint8, height x width [x 3]; "
            "pass it through load_picture"
        )
    if frame.kind == "photo":
        return _fitted(picture, frame)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if picture.ndim == 3 else picture
    if grey.shape == frame.shape and _is_canonical(grey, frame):
        return grey
    return _placed(even_pen(find_ink(grey)), frame)


def _fitted(picture: Picture, frame: Frame) -> Picture:
    """A photo cut about its middle to the frame's aspect, scaled to its size, in its number of channels."""
    height, width = picture.shape[:2]
    scale = max(frame.height / height, frame.width / width)
    rows, columns = min(height, max(1, round(frame.height / scale))), min(width, max(1, round(frame.width / scale)))
    top, left = (height - rows) // 2, (width - columns) // 2
    middle = picture[top : top + rows, left : left + columns]
    size = frame.width, frame.height
    scaled = cv2.resize(middle, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    if frame.channels == 1:
        return cv2.cvtColor(scaled, cv2.COLOR_RGB2GRAY) if scaled.ndim == 3 else scaled
    return scaled if scaled.ndim == 3 else cv2.cvtColor(scaled, cv2.COLOR_GRAY2RGB)


# A glyph of EMNIST's is some 50 pixels long in its 128-pixel frame, so that one canonical pixel is about two of them:
# the edges of the official rows (4 37 127 217 250 of 255, half a pixel apart) are those of a sigma of 0.47.
BLUR_PX = 0.47


def _placed(strokes: Grey, frame: Frame) -> Grey:
    """Strokes cut to their box, blurred, scaled into the frame and centred, the brightest pixel 255."""
    inner = frame.height - 2 * frame.border, frame.width - 2 * frame.border
    finer = math.ceil(2 * max(inner) / max(strokes.shape))
    strokes = cv2.resize(strokes, None, fx=finer, fy=finer, interpolation=cv2.INTER_LINEAR)
    if frame.blur:
        sigma = frame.blur * BLUR_PX * max(strokes.shape[0] / inner[0], strokes.shape[1] / inner[1])
        strokes = cv2.GaussianBlur(_padded(strokes, math.ceil(3 * sigma), math.ceil(3 * sigma)), (0, 0), sigma)
    top, bottom, left, right = _box(strokes, 0.05 * float(strokes.max()))
    strokes = strokes[top:bottom, left:right]
    unit = max(strokes.shape[0] / inner[0], strokes.shape[1] / inner[1])
    down, across = (frame.height * unit - strokes.shape[0]) / 2, (frame.width * unit - strokes.shape[1]) / 2
    size = frame.width, frame.height
    glyph = cv2.resize(_padded(strokes, round(down), round(across)), size, interpolation=cv2.INTER_AREA)
    glyph = cv2.convertScaleAbs(glyph, alpha=255 / max(1, int(glyph.max())))
    return _shifted(glyph, *_shift(glyph, frame))


def _padded(image: Grey, down: int, across: int) -> Grey:
    return cv2.copyMakeBorder(image, down, down, across, across, cv2.BORDER_CONSTANT)


def _box(image: Grey, above: float) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(image.max(1) > above), np.flatnonzero(image.max(0) > above)
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _shift(glyph: Grey, frame: Frame) -> tuple[int, int]:
    """By how many whole pixels down and right the glyph must move to lie in the middle, without leaving the frame."""
    top, bottom, left, right = _box(glyph, 0)
    if frame.centre == "box":
        return int((frame.height - bottom - top) / 2), int((frame.width - right - left) / 2)
    weights = glyph.astype(np.float64)
    down = frame.height / 2 - weights.sum(1) @ np.arange(frame.height) / weights.sum()
    across = frame.width / 2 - weights.sum(0) @ np.arange(frame.width) / weights.sum()
    return _whole(down, -top, frame.height - bottom), _whole(across, -left, frame.width - right)


def _whole(offset: float, low: int, high: int) -> int:
    # MNIST's rows lie within half a pixel, give or take the rounding of their grey levels.
    return 0 if abs(offset) <= 0.52 else int(np.clip(round(offset), low, high))


def _shifted(glyph: Grey, down: int, across: int) -> Grey:
    return np.roll(glyph, (down, across), (0, 1)) if down or across else glyph


def _is_canonical(grey: Grey, frame: Frame) -> bool:
    """Whether a picture is a canonical glyph already: black ground, bright ink, its box and centre as the frame says."""
    rim = np.concatenate([grey[0], grey[-1], grey[1:-1, 0], grey[1:-1, -1]])
    if np.count_nonzero(rim > 127) > 0.6 * rim.size or grey.max() < 200:
        return False
    if frame.border == 0:
        return True
    top, bottom, left, right = _box(grey, 0)
    over = max(bottom - top - frame.height, right - left - frame.width) + 2 * frame.border
    return abs(over) <= 2 and _shift(grey, frame) == (0, 0)


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
