"""Bytes on disk: written whole or not at all, and known by their hash.

This module knows nothing of pictures or networks. A file is written beside its name and renamed over it, so that a
reader, a crash or a full disk never meets half a file.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` to `path`, whole or not at all (temporary file, flush to disk, rename); raises OSError naming `path`."""
    try:
        write_beside(path, data)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from None


def write_beside(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON, whole or not at all."""
    write_whole(path, (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode())


def read_json(path: Path) -> Any:
    """Read a JSON file; a file that is not JSON is a ValueError that names it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a JSON file ({error}); restore it or make it again") from None


def digest(path: Path, algorithm: str = "sha256") -> str:
    """The hexadecimal hash of a file's bytes, read in pieces; `algorithm` is a name hashlib knows."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


SHOWN = 12


def nearest(name: str, known: Iterable[str]) -> str:
    """The advice that ends an error about an unknown name: the nearest known names, else the first dozen of them.

    >>> nearest("lenett", ["lenet", "resnet"])
    'did you mean lenet?'
    """
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    return f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(known[:SHOWN])}{more}"
