"""CIFAR-10's python batches, read without trusting them: a pickle reader that can build nothing but plain values.

It is no general unpickler. Arrays arrive as stand-ins that keep their raw bytes, so that neither NumPy's nor anybody's
constructor runs on what the file says; opcodes that allocate by a stated size are not known to it. Use:

    images, labels = parse_cifar_python(path.read_bytes(), path.name)
"""

from __future__ import annotations

import io
import pickle
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Int64, UInt8

from glifo.data.formats import check_examples, colour_last

__all__ = ["parse_cifar_python"]


class RawType:
    """Stands in for numpy.dtype: keeps its code, as "u1"."""

    def __init__(self, code: Any, *_: Any) -> None:
        self.code = code.decode("ascii") if isinstance(code, bytes) else str(code)

    def __setstate__(self, state: Any) -> None:
        """The byte order and flags do not matter for the one-byte type that is accepted."""


class RawArray:
    """Stands in for numpy.ndarray: keeps shape, type and bytes."""

    shape: Any = ()
    kind: Any = None
    data: Any = b""

    def __setstate__(self, state: Any) -> None:
        _, self.shape, self.kind, fortran, self.data = state
        if fortran:
            raise pickle.UnpicklingError("an array in Fortran order")


def reconstruct(*_: Any) -> RawArray:
    return RawArray()


def encode(text: str, _: str = "latin1") -> bytes:
    return text.encode("latin1")


ADMITTED: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): reconstruct,
    ("numpy", "ndarray"): RawArray,
    ("numpy", "dtype"): RawType,
    ("_codecs", "encode"): encode,
}
# EXT1-4, PERSID, BINPERSID, INST, OBJ, NEWOBJ_EX, BYTEARRAY8, NEXT_BUFFER, READONLY_BUFFER
REFUSED = {*b"\x82\x83\x84PQio\x92\x96\x97\x98"}


# The C reader fills a memo as long as the index a damaged file states, up to 64 GB; the Python one keeps a dict.
class Reader(pickle._Unpickler):
    dispatch: ClassVar[dict[int, Any]] = {
        code: step for code, step in pickle._Unpickler.dispatch.items() if code not in REFUSED
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ADMITTED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return ADMITTED[module, name]


def parse_cifar_python(
    data: bytes, name: str = "the CIFAR-10 batch"
) -> tuple[UInt8[np.ndarray, "n 32 32 3"], Int64[np.ndarray, " n"]]:
    """Read a CIFAR-10 python batch (a pickled dict with `data` and `labels`) without running anything in it.

    ValueError for any other content, also for a pickle that asks for other names than NumPy's arrays need.
    """
    try:
        batch = Reader(io.BytesIO(data), encoding="bytes").load()
        images, labels = _pixels(batch[b"data"]), _labels(batch[b"labels"])
    except Exception as error:  # a damaged pickle makes its reader raise anything
        raise ValueError(
            f"{name} is not a python batch of CIFAR-10 ({type(error).__name__}: {error}); "
            "expected a pickled dict with data and labels; fetch it again"
        ) from None
    return check_examples(images, labels, 10, name)


def _pixels(array: Any) -> UInt8[np.ndarray, "n 32 32 3"]:
    if not isinstance(array, RawArray) or not isinstance(array.kind, RawType) or array.kind.code not in ("u1", "|u1"):
        raise ValueError("data is not an array of bytes")
    num_rows, num_columns = array.shape
    if num_columns != 3072 or len(array.data) != num_rows * 3072:
        raise ValueError(f"data of shape {array.shape} in {len(array.data)} bytes, expected 3072 a row")
    return colour_last(np.frombuffer(array.data, np.uint8).reshape(-1, 3072))


def _labels(labels: Any) -> Int64[np.ndarray, " n"]:
    if not isinstance(labels, list) or not all(type(label) is int and 0 <= label < 256 for label in labels):
        raise ValueError("labels is not a list of small whole numbers")
    return np.array(labels, np.int64)
