"""Pictures as arrays: whatever a file, bytes or an array hold becomes 8-bit grey or RGB, upright and opaque.

Nothing here looks for ink; `glifo.images` does. A picture that cannot be read is a ValueError of one line. Use:

    picture = load_picture("letter.jpg")                     # uint8 "h w" or "h w 3"
"""

from __future__ import annotations

import io
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import ExifTags, Image

__all__ = ["MAX_MEGAPIXELS", "load_picture"]

MAX_MEGAPIXELS = 50
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "MPO")  # MPO: what many phones write as .jpg
WANTED = "expected a PNG, JPEG, WebP, TIFF, BMP or GIF picture"
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# warnings.catch_warnings changes the whole process, so that two threads must not be inside it at once.
_QUIET = threading.Lock()


def load_picture(source: str | Path | bytes | np.ndarray) -> UInt8[np.ndarray, "h w"] | UInt8[np.ndarray, "h w 3"]:
    """Read a picture from a file, its bytes or an array as 8-bit grey "h w" or RGB "h w 3".

    Files: PNG, JPEG, WebP, TIFF, BMP, GIF (first frame), in any mode; EXIF rotation is applied; transparency lies on
    white, or on black where the ink would vanish on white; 16-bit values are scaled, not clipped. Arrays: uint8, bool,
    uint16 or float in 0..1, shaped "h w", "h w 1", "h w 2" (grey, alpha), "h w 3" or "h w 4". ValueError, one line,
    for everything else, and for more than 50 megapixels, which is seen before the pixels are decoded.

    >>> load_picture(np.zeros((4, 6), bool)).shape
    (4, 6)
    """
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if isinstance(source, bytes | bytearray):
        return _from_bytes(bytes(source), f"the picture of {len(source)} bytes")
    if isinstance(source, str | Path):
        return _from_bytes(_read(Path(source)), str(source))
    raise ValueError(f"a picture given as {type(source).__name__}: expected a path, the bytes of a file or an array")


def _read(path: Path) -> bytes:
    if path.is_dir():
        raise ValueError(f"{path} is a folder: {WANTED}; name the files in it")
    if not path.exists():
        raise ValueError(f"{path} does not exist: {WANTED}; check the name and the folder you are in")
    if not path.is_file():
        raise ValueError(f"{path} is not a regular file: {WANTED}; save the picture to a file first")
    return path.read_bytes()


def _from_bytes(data: bytes, name: str) -> np.ndarray:
    if not data:
        raise ValueError(f"{name} is empty (0 bytes): {WANTED}; copy or save it again")
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata and large pictures; we refuse or do not care
        image = _open(data, name)
        _check_size(image.width, image.height, name)
        try:
            return _flatten(_upright(image))
        except Exception as error:  # damaged files make Pillow raise anything, from struct.error to KeyError
            raise ValueError(
                f"{name} is a damaged or cut-off {image.format} picture ({_line(error)}): {WANTED} that is complete; "
                "copy or save it again"
            ) from error


def _open(data: bytes, name: str) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise ValueError(f"{name} is too large ({_line(error)}): {_too_large()}") from error
    except Exception as error:  # see above
        raise ValueError(
            f"{name} is not a picture that can be read (it begins with {data[:8]!r}): {WANTED}; "
            "convert it or save it again"
        ) from error


def _check_size(width: int, height: int, name: str) -> None:
    if width * height > MAX_MEGAPIXELS * 1_000_000:
        raise ValueError(f"{name} is {width}x{height}, {width * height / 1e6:.0f} megapixels: {_too_large()}")
    if width * height == 0:
        raise ValueError(f"{name} has no pixels ({width}x{height}): give a picture of at least 1x1")


def _too_large() -> str:
    return f"at most {MAX_MEGAPIXELS} megapixels are read; cut out the part with the writing or make it smaller"


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__


def _upright(image: Image.Image) -> Image.Image:
    turn = UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    return image if turn is None else image.transpose(turn)


def _flatten(image: Image.Image) -> np.ndarray:
    if image.mode.startswith(("I", "F")):
        return _scaled(np.asarray(image))
    if image.has_transparency_data or image.mode in ("La", "RGBa"):
        return _on_paper(np.asarray(image.convert("RGBA")))
    return np.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB")).copy()


def _scaled(values: np.ndarray) -> np.ndarray:
    """High bit depths to 0..255, by the smallest usual range that holds the values: 12 of 16 bits stay bright."""
    if not np.isfinite(values).all():
        raise ValueError("it holds NaN or infinite values")
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 65535:
        return _to_bytes(values.astype(np.float64) - low, max(high - low, 1e-300))
    if values.dtype.kind == "f" and high <= 1:
        return _to_bytes(values, 1.0)
    return _to_bytes(values, next(2.0**bits - 1 for bits in (8, 10, 12, 14, 16) if high <= 2**bits - 1))


def _to_bytes(values: np.ndarray, white: float) -> np.ndarray:
    return np.rint(values * (255.0 / white)).clip(0, 255).astype(np.uint8)


def _on_paper(rgba: np.ndarray) -> np.ndarray:
    """Lay a transparent picture on white; on black where it would hardly differ from white (white ink)."""
    colour, alpha = rgba[..., :3].astype(np.float32), rgba[..., 3:].astype(np.float32) / 255
    on_black = colour * alpha
    on_white = on_black + 255 * (1 - alpha)
    contrast = float(np.ptp(on_white.mean(2)))
    chosen = on_black if contrast < 64 and float(np.ptp(on_black.mean(2))) > contrast else on_white
    return np.rint(chosen).astype(np.uint8)


def _from_array(array: np.ndarray) -> np.ndarray:
    pixels = array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array
    if not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (2, 3, 4))):
        raise ValueError(
            f"an array shaped {array.shape}: expected one picture, height x width, or with 1 to 4 channels last; "
            "give the pictures of a batch one by one"
        )
    _check_size(pixels.shape[1], pixels.shape[0], f"the array shaped {array.shape}")
    pixels = _array_to_bytes(pixels)
    if pixels.ndim == 3 and pixels.shape[2] == 2:
        pixels = pixels[..., [0, 0, 0, 1]]
    return _on_paper(pixels) if pixels.ndim == 3 and pixels.shape[2] == 4 else pixels


def _array_to_bytes(pixels: np.ndarray) -> np.ndarray:
    kind: Any = pixels.dtype
    if kind == np.uint8:
        return np.ascontiguousarray(pixels)
    if kind == np.bool_:
        return pixels.astype(np.uint8) * 255
    if kind == np.uint16:
        return _scaled(pixels)
    if kind.kind != "f":
        raise ValueError(f"an array of {kind}: expected uint8, uint16, bool or float in 0..1; convert it with .astype")
    if not np.isfinite(pixels).all():
        raise ValueError("an array with NaN or infinite values: expected float in 0..1; replace them")
    if pixels.min() < 0 or pixels.max() > 1:
        raise ValueError(
            f"an array of {kind} from {pixels.min():g} to {pixels.max():g}: expected float in 0..1; "
            "divide by its maximum or convert it to uint8"
        )
    return _to_bytes(pixels, 1.0)
