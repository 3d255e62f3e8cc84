"""Parsed arrays on disk, memory-mapped: the second opening of a data set reads a manifest and nothing else.

A folder of the cache holds `images.npy`, `labels.npy`, `allowed.npy` where there are label sets, and `manifest.json`,
written last. The official files stay the truth: their sizes and times are compared at every opening, their hashes
when those changed. So are the arrays' own: by hash when their size or time changed, and always when `verify` asks, as
every training does. Deleting the cache is always safe. Use:

    content, identity = cached("mnist", plan, cache_folder())
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from glifo.data.content import Content, checked
from glifo.data.readers import Plan
from glifo.files import digest, read_json, write_json
from glifo.images import Frame

__all__ = ["cache_folder", "cached", "load_content", "save_content"]

FORMAT_VERSION = 1
KEYS = {"format_version", "identity", "classes", "frame", "num_official_test", "note", "arrays"}


def cache_folder() -> Path:
    """Where parsed arrays lie: GLIFO_CACHE, else glifo/arrays in the user's cache folder (XDG_CACHE_HOME, ~/.cache)."""
    named = os.environ.get("GLIFO_CACHE")
    return Path(named).expanduser() if named else user_cache_folder() / "arrays"


def user_cache_folder() -> Path:
    """glifo's folder in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base and Path(base).is_absolute() else Path.home() / ".cache") / "glifo"


def cached(name: str, plan: Plan, root: Path, *, verify: bool = False) -> tuple[Content, str]:
    """The content of a data set and its identity, from the cache when that is whole and its files are unchanged.

    verify: hash the cached arrays even when their sizes and times are as they were written.

    ValueError: a file whose hash is not the published one, a file that cannot be parsed, a cache that cannot be
    written (nothing half-written stays).
    """
    paths = sorted(plan.hashes)
    key = hashlib.sha256("\n".join(str(path.resolve()) for path in paths).encode()).hexdigest()[:12]
    folder = root / f"{name}-{key}"
    manifest = _read_manifest(folder, verify=verify)
    now = {str(path): _stamp(path) for path in paths}
    if manifest and manifest.get("sources") == now:
        return load_content(folder), str(manifest["identity"])
    hashes = {str(path): _checked_hash(path, plan.hashes[path], name) for path in paths}
    identity = _identity(name, hashes)
    if manifest and manifest["identity"] == identity:
        with clear_errors(root):
            write_json(folder / "manifest.json", manifest | {"sources": now})
        return load_content(folder), identity
    content = checked_unless_test_only(plan.read(), name)
    save_content(content, folder, identity=identity, sources=now, hashes=hashes)
    return load_content(folder), identity


def checked_unless_test_only(content: Content, name: str) -> Content:
    return content if content.num_official_test == len(content.labels) else checked(content, name)


def _stamp(path: Path) -> dict[str, int]:
    status = path.stat()
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns}


def _checked_hash(path: Path, expected: dict[str, str], name: str) -> str:
    for algorithm, value in expected.items():
        found = digest(path, algorithm)
        if found != value:
            raise ValueError(
                f"{path} has the {algorithm} {found}, expected {value}: the file is damaged or another one; "
                f"delete it and run: glifo data fetch {name}"
            )
    return expected.get("sha256") or digest(path, "sha256")


def _identity(name: str, hashes: dict[str, str]) -> str:
    """The same on every machine: the name, the version of this format and what the files hold, not where they lie."""
    files = sorted((Path(path).name, value) for path, value in hashes.items())
    return hashlib.sha256(json.dumps([FORMAT_VERSION, name, files]).encode()).hexdigest()


def _read_manifest(folder: Path, *, verify: bool = False) -> dict[str, Any] | None:
    """The manifest when it is of this version and its arrays are those that it states, else None."""
    path = folder / "manifest.json"
    if not path.is_file():
        return None
    try:
        manifest = read_json(path)
    except ValueError:
        return None  # a damaged cache is made again
    if not isinstance(manifest, dict) or manifest.get("format_version") != FORMAT_VERSION or not set(manifest) >= KEYS:
        return None
    arrays = manifest["arrays"].items()
    return manifest if all(_is_as_written(folder / name, stated, verify) for name, stated in arrays) else None


def _is_as_written(path: Path, stated: dict[str, Any], verify: bool) -> bool:
    """Whether an array has the size it was written with, and the hash where its time changed or `verify` asks."""
    if not path.is_file() or path.stat().st_size != stated["size"]:
        return False
    if path.stat().st_mtime_ns == stated.get("mtime_ns") and not verify:
        return True
    return digest(path) == stated.get("sha256")


def load_content(folder: Path, *, verify: bool = False) -> Content:
    """The content that `save_content` wrote, its images memory-mapped; ValueError when the folder is not whole."""
    manifest = _read_manifest(folder, verify=verify)
    if manifest is None:
        raise ValueError(
            f"{folder} is not a whole set of arrays of version {FORMAT_VERSION} (a file is missing or was changed); delete "
            f"it and open or import the data again"
        )
    allowed = np.load(folder / "allowed.npy", mmap_mode="r") if "allowed.npy" in manifest["arrays"] else None
    return Content(
        images=np.load(folder / "images.npy", mmap_mode="r"),
        labels=np.load(folder / "labels.npy"),
        allowed=allowed,
        classes=tuple(manifest["classes"]),
        frame=Frame.from_dict(manifest["frame"]),
        num_official_test=manifest["num_official_test"],
        note=manifest["note"],
    )


def save_content(content: Content, folder: Path, *, identity: str, **details: Any) -> None:
    """Write the content as `folder`, whole or not at all; `details` go into its manifest."""
    arrays = {"images.npy": content.images, "labels.npy": content.labels}
    if content.allowed is not None:
        arrays["allowed.npy"] = content.allowed
    manifest = {
        "format_version": FORMAT_VERSION,
        "identity": identity,
        "classes": content.classes,
        "frame": content.frame.to_dict(),
        "num_official_test": content.num_official_test,
        "note": content.note,
        **details,
    }
    with clear_errors(folder.parent), _whole_folder(folder) as temporary:
        manifest["arrays"] = {name: _write_array(temporary / name, array) for name, array in arrays.items()}
        write_json(temporary / "manifest.json", manifest)


# numpy.save reports a full disk without an errno, so that the bytes are written here.
def _write_array(path: Path, array: np.ndarray) -> dict[str, Any]:
    array = np.ascontiguousarray(array)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
        file.write(array.data.cast("B"))
        file.flush()
        os.fsync(file.fileno())
    return {"shape": array.shape, "dtype": str(array.dtype), "sha256": digest(path)} | _stamp(path)


@contextmanager
def _whole_folder(folder: Path) -> Iterator[Path]:
    """A temporary folder that takes the place of `folder` at the end, and vanishes after an error."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        temporary.chmod(0o755)
        yield temporary
        _replace_folder(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _replace_folder(temporary: Path, folder: Path) -> None:
    if folder.exists():
        old = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.old."))
        folder.rename(old / "was")
        shutil.rmtree(old, ignore_errors=True)
    try:
        temporary.rename(folder)
    except OSError as error:
        # Another process put the same data set here a moment ago: its folder is as good as ours.
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST) or _read_manifest(folder) is None:
            raise


@contextmanager
def clear_errors(folder: Path) -> Iterator[None]:
    """Says which folder could not be written, and how to name another."""
    try:
        yield
    except OSError as error:
        reason = (
            "no space left on the device" if error.errno == errno.ENOSPC else (error.strerror or str(error)).lower()
        )
        raise ValueError(
            f"cannot write arrays to {folder} ({reason}): free some space there, or set GLIFO_CACHE to another folder"
        ) from error
