"""The official file formats, read from bytes: IDX, CIFAR-10 binary batches, USPS text, UCI optdigits.

Each parser takes the bytes of one file and its name (for errors) and returns plain arrays. Whatever the bytes are, a
parser raises nothing but ValueError. EMNIST's .mat is in `matlab.py`, CIFAR-10's python batches are in `pickles.py`.
Use:

    images = upright(parse_idx(path.read_bytes(), path.name))
"""

from __future__ import annotations

import gzip
import io
import math
import struct
import warnings
import zlib

import numpy as np
from jaxtyping import Int64, Num, UInt8

__all__ = [
    "check_examples",
    "parse_cifar_binary",
    "parse_idx",
    "parse_optdigits",
    "parse_usps",
    "upright",
]

IDX_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAX_BYTES = 4 << 30  # the largest official file unpacks to 0.55 GB: a header that promises more is damaged
MAX_TEXT_BYTES = 256 << 20
MAX_RATIO = 1100  # deflate packs 1032:1 at best; asking for more would only reserve memory
CIFAR_ROW = 1 + 3 * 32 * 32


def parse_idx(data: bytes, name: str = "the IDX file") -> Num[np.ndarray, "..."]:
    """Read an IDX file, gzipped or not, as an array of the type and shape its header states.

    The format is LeCun's: two zero bytes, a type code, the number of dimensions, their sizes (big-endian), the values.
    ValueError: wrong magic number, truncated, or longer than the header says.

    >>> parse_idx(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]))
    array([7, 8, 9], dtype=uint8)
    """
    with _stream(data) as file:
        magic = _read(file, 4, name)
        if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in IDX_TYPES or not 1 <= magic[3] <= 4:
            raise ValueError(
                f"{name} begins with the bytes {magic.hex(' ') or '(none)'}: expected an IDX file "
                "(00 00 08 01 for labels, 00 00 08 03 for images); fetch it again"
            )
        header = _read(file, 4 * magic[3], name)
        if len(header) < 4 * magic[3]:
            raise ValueError(f"{name} ends inside its header: expected {magic[3]} dimensions; fetch it again")
        shape = struct.unpack(f">{magic[3]}I", header)
        kind = np.dtype(IDX_TYPES[magic[2]])
        wanted = math.prod(shape) * kind.itemsize
        if wanted > MAX_BYTES:
            raise ValueError(f"{name} states the shape {shape}, more than any official file has; fetch it again")
        body = _read(file, min(wanted + 1, MAX_RATIO * len(data)), name)
    if len(body) != wanted:
        found = f"{len(body):,}" if len(body) < wanted else "more"
        raise ValueError(f"{name} holds {found} bytes of values: its shape {shape} needs {wanted:,}; fetch it again")
    return np.frombuffer(body, kind).reshape(shape).astype(kind.newbyteorder("="), copy=False)


def _stream(data: bytes) -> io.BufferedIOBase:
    file = io.BytesIO(data)
    return gzip.GzipFile(fileobj=file) if data[:2] == b"\x1f\x8b" else file


def _read(file: io.BufferedIOBase, num_bytes: int, name: str) -> bytes:
    try:
        return file.read(num_bytes)
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise ValueError(f"{name} is a damaged or cut-off gzip file ({error}); fetch it again") from None


def upright(images: UInt8[np.ndarray, "n 28 28"]) -> UInt8[np.ndarray, "n 28 28"]:
    """Undo EMNIST's transposition: every official EMNIST file stores rows as columns (Cohen et al. 2017)."""
    return np.ascontiguousarray(images.transpose(0, 2, 1))


def check_examples(
    images: np.ndarray, labels: np.ndarray, num_classes: int, name: str, *, first: int = 0
) -> tuple[np.ndarray, Int64[np.ndarray, " n"]]:
    """The images with their labels as int64 0..num_classes-1, once they agree.

    `first` is the label of the first class in the file (1 in EMNIST Letters). ValueError: images that are not 8-bit
    "n height width [3]", as many labels as images, labels out of range.
    """
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        raise ValueError(
            f"{name}: images of type {images.dtype} and shape {images.shape}, "
            "expected 8-bit (n, height, width); check the file"
        )
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise ValueError(
            f"{name}: labels of type {labels.dtype} and shape {labels.shape}, "
            "expected one whole number each; check the file"
        )
    if len(images) != len(labels):
        raise ValueError(
            f"{name}: {len(images):,} images but {len(labels):,} labels; fetch both files again, from the same place"
        )
    if not len(images):
        raise ValueError(f"{name}: no rows at all; fetch the file again")
    labels = labels.astype(np.int64) - first
    if labels.min() < 0 or labels.max() >= num_classes:
        low, high = labels.min() + first, labels.max() + first
        raise ValueError(
            f"{name}: labels from {low} to {high}, expected {first} to {first + num_classes - 1}; "
            "is it another data set's file?"
        )
    return images, labels


def parse_cifar_binary(
    data: bytes, name: str = "the CIFAR-10 batch"
) -> tuple[UInt8[np.ndarray, "n 32 32 3"], Int64[np.ndarray, " n"]]:
    """Read a CIFAR-10 binary batch: rows of a label byte and three 32x32 planes, red, green, blue."""
    if not data or len(data) % CIFAR_ROW:
        raise ValueError(
            f"{name} has {len(data):,} bytes: expected whole rows of {CIFAR_ROW:,} "
            "(a label, 3 planes of 32x32); fetch it again"
        )
    rows = np.frombuffer(data, np.uint8).reshape(-1, CIFAR_ROW)
    return check_examples(colour_last(rows[:, 1:]), rows[:, 0], 10, name)


def colour_last(rows: UInt8[np.ndarray, "n 3072"]) -> UInt8[np.ndarray, "n 32 32 3"]:
    """CIFAR's planes (red, green, blue) as pictures."""
    return np.ascontiguousarray(rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))


def parse_usps(
    data: bytes, name: str = "the USPS file"
) -> tuple[UInt8[np.ndarray, "n 16 16"], Int64[np.ndarray, " n"]]:
    """Read USPS text (zip.train, zip.test; gzipped or not): a digit, then 256 values -1 (paper) .. 1 (ink).

    The values become 0..255 by round((v + 1) * 127.5).
    """
    rows = _table(data, 257, None, name)
    if np.abs(rows[:, 1:]).max() > 1:
        raise ValueError(f"{name}: values up to {np.abs(rows[:, 1:]).max():g}, expected -1..1; fetch it again")
    images = np.rint((rows[:, 1:] + 1) * 127.5).astype(np.uint8).reshape(-1, 16, 16)
    return check_examples(images, _whole(rows[:, 0], name), 10, name)


def parse_optdigits(
    data: bytes, name: str = "the optdigits file"
) -> tuple[UInt8[np.ndarray, "n 8 8"], Int64[np.ndarray, " n"]]:
    """Read UCI optdigits text (.tra, .tes): 64 pixels 0..16 and a digit, with commas; v becomes round(v * 255 / 16)."""
    rows = _table(data, 65, ",", name)
    if rows[:, :64].min() < 0 or rows[:, :64].max() > 16:
        raise ValueError(f"{name}: a pixel out of 0..16; expected UCI's optdigits.tra or .tes; fetch it again")
    return check_examples(sixteen_to_bytes(rows[:, :64].reshape(-1, 8, 8)), _whole(rows[:, 64], name), 10, name)


def sixteen_to_bytes(values: Num[np.ndarray, "n 8 8"]) -> UInt8[np.ndarray, "n 8 8"]:
    """Optdigits' pixels 0..16 as 0..255."""
    return np.rint(values * (255 / 16)).astype(np.uint8)


def _table(data: bytes, num_columns: int, delimiter: str | None, name: str) -> Num[np.ndarray, "rows columns"]:
    with _stream(data) as file:
        text = _read(file, min(MAX_TEXT_BYTES + 1, MAX_RATIO * len(data)), name)
    if not text.strip() or len(text) > MAX_TEXT_BYTES:
        raise ValueError(f"{name} is {'too long' if text.strip() else 'empty'}: expected a text table; fetch it again")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rows = np.loadtxt(io.StringIO(text.decode("ascii")), delimiter=delimiter, ndmin=2, comments=None)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{name} is not a table of numbers ({error}); fetch it again") from None
    if rows.size == 0 or rows.shape[1] != num_columns or not np.isfinite(rows).all():
        raise ValueError(
            f"{name}: a table of {rows.shape[0]} rows and {rows.shape[-1]} columns, "
            f"expected {num_columns} finite numbers a row; fetch it again"
        )
    return rows


def _whole(labels: np.ndarray, name: str) -> Int64[np.ndarray, " n"]:
    if not np.array_equal(labels, np.rint(labels)) or np.abs(labels).max() > 1000:
        raise ValueError(f"{name}: labels that are not small whole numbers; fetch it again")
    return labels.astype(np.int64)
