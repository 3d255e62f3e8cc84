"""EMNIST's MATLAB 5 files, read without trusting them: structs and numeric arrays, nothing else.

SciPy's reader is not used here because damaged bytes crash it (a segmentation fault in SciPy 1.17.1, met
while fuzzing), and a parser of ours raises nothing but ValueError. The format is MathWorks' "MAT-File Level 5". Use:

    parts = parse_mat(path.read_bytes(), path.name)
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from glifo.data.formats import MAX_BYTES, upright

__all__ = ["parse_mat"]

HEADER_BYTES = 128
MATRIX, COMPRESSED = 14, 15
STRUCT = 2
NUMERIC = range(6, 16)  # the array classes double .. uint64
STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
MAX_DEPTH = 4  # dataset > train > images, and one to spare


def parse_mat(data: bytes, name: str = "the .mat file") -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Read an EMNIST .mat file: {"train": (images, labels), "test": (images, labels)}, images upright.

    Images are uint8 "n 28 28", labels int64 as stored (1..26 in Letters). ValueError when it is not MATLAB 5, or has
    another structure than `dataset.{train,test}.{images,labels}`.
    """
    try:
        dataset = _variable(data, "dataset")
        return {part: _examples(_field(dataset, part)) for part in ("train", "test")}
    except (ValueError, struct.error, zlib.error) as error:
        raise ValueError(
            f"{name} cannot be read as EMNIST's MATLAB file ({error}): "
            "expected the struct dataset with train and test; fetch it again"
        ) from None


def _field(value: Any, name: str) -> Any:
    if not isinstance(value, dict) or name not in value:
        raise ValueError(f"it has no field {name}")
    return value[name]


def _examples(part: Any) -> tuple[np.ndarray, np.ndarray]:
    images, labels = np.asarray(_field(part, "images")), np.asarray(_field(part, "labels"))
    if images.dtype != np.uint8 or images.ndim != 2 or images.shape[1] != 28 * 28:
        raise ValueError(f"images of type {images.dtype} and shape {images.shape}, expected uint8 (n, 784)")
    if labels.shape not in ((len(images), 1), (1, len(images))) or not np.isin(labels, np.arange(256)).all():
        raise ValueError(f"labels of type {labels.dtype} and shape {labels.shape} for {len(images)} images")
    return upright(images.reshape(-1, 28, 28)), labels.reshape(-1).astype(np.int64)


def _variable(data: bytes, wanted: str) -> Any:
    order = {b"IM": "<", b"MI": ">"}.get(data[126:128])
    if order is None or not data.startswith(b"MATLAB 5.0"):
        raise ValueError("it has no MATLAB 5.0 header")
    for kind, body in _elements(memoryview(data)[HEADER_BYTES:], order):
        if kind == COMPRESSED:
            unpacked = zlib.decompressobj().decompress(body, MAX_BYTES)
            kind, body = next(_elements(memoryview(unpacked), order), (0, memoryview(b"")))
        if kind == MATRIX:
            name, value = _matrix(body, order, depth=0)
            if name == wanted:
                return value
    raise ValueError(f"it has no variable {wanted}")


def _elements(view: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """The (type, bytes) elements in a row; a tag of 8 bytes, or a short one whose data share its 8 bytes."""
    while len(view) >= 8:
        kind, size = struct.unpack(order + "II", view[:8])
        if kind >> 16:
            kind, size, start, end = kind & 0xFFFF, kind >> 16, 4, 8
        else:
            start, end = 8, 8 + size + (0 if kind == COMPRESSED else -size % 8)
        if start + size > len(view):
            raise ValueError("it is cut off")
        yield kind, view[start : start + size]
        view = view[end:]


def _matrix(body: memoryview, order: str, depth: int) -> tuple[str, Any]:
    """The name of a matrix and what it holds: a dict for a struct, an array for numbers, None for anything else."""
    elements = _elements(body, order)
    flags, shape_bytes, name = (_next(elements) for _ in range(3))
    array_class = struct.unpack(order + "I", flags[1][:4])[0] & 0xFF
    shape = struct.unpack(f"{order}{len(shape_bytes[1]) // 4}i", shape_bytes[1])
    text = bytes(name[1]).decode("ascii", "replace")
    if array_class == STRUCT and math.prod(shape) == 1 and depth < MAX_DEPTH:
        return text, _struct(elements, order, depth)
    return text, _numbers(_next(elements), shape, order) if array_class in NUMERIC else None


def _next(elements: Iterator[tuple[int, memoryview]]) -> tuple[int, memoryview]:
    element = next(elements, None)
    if element is None:
        raise ValueError("it is cut off")
    return element


def _struct(elements: Iterator[tuple[int, memoryview]], order: str, depth: int) -> dict[str, Any]:
    (length,) = struct.unpack(order + "i", _next(elements)[1])
    names = bytes(_next(elements)[1])
    if not 0 < length <= 64 or len(names) % length:
        raise ValueError("a struct with damaged field names")
    fields = [names[at : at + length].split(b"\0")[0].decode("ascii", "replace") for at in range(0, len(names), length)]
    return {field: _matrix(_next(elements)[1], order, depth + 1)[1] for field in fields}


def _numbers(element: tuple[int, memoryview], shape: tuple[int, ...], order: str) -> np.ndarray:
    kind, body = element
    if kind not in STORED:
        raise ValueError(f"numbers of the unknown type {kind}")
    values = np.frombuffer(body, order + STORED[kind])
    if min(shape, default=0) < 0 or math.prod(shape) != len(values):
        raise ValueError(f"{len(values):,} numbers for the shape {shape}")
    return values.reshape(shape, order="F")
