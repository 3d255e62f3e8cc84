"""Small files in the official formats, written by second, plain derivations, for the tests of the data room."""

from __future__ import annotations

import gzip
import io
import pickle
import struct
from pathlib import Path

import numpy as np
from scipy.io import savemat


def idx(array: np.ndarray, *, packed: bool = True) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + b"".join(struct.pack(">I", side) for side in array.shape)
    data = header + array.astype(np.uint8).tobytes()
    return gzip.compress(data, mtime=0) if packed else data


def pictures(count: int, *, height: int = 28, width: int = 28, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, height, width), np.uint8)


def labels(count: int, num_classes: int, *, first: int = 0) -> np.ndarray:
    return (np.arange(count) % num_classes + first).astype(np.int64)


def write_emnist(
    folder: Path, kind: str, *, num_classes: int, first: int = 0, parts: tuple[str, ...] = ("train", "test")
) -> np.ndarray:
    """Writes transposed images, as NIST does, and returns the upright ones, training first."""
    (folder / "emnist").mkdir(parents=True, exist_ok=True)
    upright = []
    for seed, part in enumerate(parts):
        images = pictures(4 * num_classes, seed=seed)
        upright.append(images)
        stem = folder / "emnist" / f"emnist-{kind}-{part}"
        transposed = np.stack([image.T for image in images])
        Path(f"{stem}-images-idx3-ubyte.gz").write_bytes(idx(transposed))
        Path(f"{stem}-labels-idx1-ubyte.gz").write_bytes(idx(labels(4 * num_classes, num_classes, first=first)))
    return np.concatenate(upright)


def mat(images: np.ndarray, rows: np.ndarray, *, packed: bool = True) -> bytes:
    """EMNIST's MATLAB file: each image is a row of 784 in column-major order."""
    flat = np.stack([image.flatten(order="F") for image in images])
    part = {"images": flat, "labels": rows.reshape(-1, 1).astype(np.uint8), "writers": np.zeros((len(rows), 1))}
    buffer = io.BytesIO()
    mapping = np.array([[0, 48], [1, 49]])
    savemat(buffer, {"dataset": {"train": part, "test": part, "mapping": mapping}}, do_compression=packed)
    return buffer.getvalue()


def cifar_rows(count: int) -> tuple[np.ndarray, np.ndarray]:
    return np.random.default_rng(1).integers(0, 256, (count, 3072), np.uint8), labels(count, 10)


def cifar_binary(count: int) -> bytes:
    rows, numbers = cifar_rows(count)
    return b"".join(bytes([number]) + row.tobytes() for row, number in zip(rows, numbers, strict=True))


def cifar_python(count: int) -> bytes:
    """As today's Python writes it at protocol 2: bytes through _codecs.encode."""
    rows, numbers = cifar_rows(count)
    batch = {b"batch_label": b"testing batch 1 of 1", b"labels": numbers.tolist(), b"data": rows}
    return pickle.dumps(batch | {b"filenames": [b"a.png"] * count}, protocol=2)


def cifar_python_2(count: int) -> bytes:
    """As Python 2 wrote the official files: the array's bytes are a `str`, its module is numpy.core.multiarray."""
    rows, numbers = cifar_rows(count)

    def text(value: bytes) -> bytes:
        return b"T" + struct.pack("<i", len(value)) + value

    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + text(b"b") + b"\x87R"
    kind = (
        b"cnumpy\ndtype\n"
        + text(b"u1")
        + b"K\x00K\x01\x87R(K\x03"
        + text(b"|")
        + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    )
    shape = b"J" + struct.pack("<i", count) + b"J" + struct.pack("<i", 3072) + b"\x86"
    state = b"(K\x01" + shape + kind + b"\x89" + text(rows.tobytes()) + b"tb"
    numbers_list = b"](" + b"".join(b"K" + bytes([number]) for number in numbers) + b"e"
    return b"\x80\x02}(" + text(b"data") + array + state + text(b"labels") + numbers_list + b"u."


def usps(count: int, *, packed: bool = True) -> bytes:
    values = np.linspace(-1, 1, 256)
    lines = "".join(f"{row % 10}.0000 " + " ".join(f"{value:.4f}" for value in values) + " \n" for row in range(count))
    return gzip.compress(lines.encode(), mtime=0) if packed else lines.encode()


def optdigits(count: int) -> bytes:
    return "".join(",".join(str(v % 17) for v in range(64)) + f",{row % 10}\n" for row in range(count)).encode()
