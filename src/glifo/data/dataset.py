"""`Dataset`, the value every experiment starts from, and `open_data`, the one way to get it.

A data set is opened by its name in the catalogue, by the name it was imported under, or by the path of your own
pictures. Opening never downloads: `glifo data fetch` does. Use:

    digits = open_data("optdigits")
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int64, UInt8

from glifo.data.cache import cache_folder, cached, user_cache_folder
from glifo.data.catalog import SOURCES, Source
from glifo.data.content import Content
from glifo.data.own import check_name, import_own, imported_names, load_imported, read_own
from glifo.data.readers import make_plan, read_embedded
from glifo.files import nearest
from glifo.images import Frame

__all__ = ["Dataset", "data_folder", "import_data", "open_data"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Images with their labels, read-only where they are memory-mapped.

    `images`: uint8, grey "n height width" (ink bright on black, upright) or RGB "n height width 3". `labels`: int64,
    0-based, indices into `classes`. `frame`: the canonical picture that the images are in. The LAST
    `num_official_test` rows are the official test part (0: there is none). `allowed`: a label set for each row, or
    None. `identity`: a sha256 over the content of the files it was read from. `note`: what to know before quoting a
    result on it, as that CIFAR-10 without its official test batch holds out training batch 5 instead.
    """

    name: str
    images: UInt8[np.ndarray, "n height width"] | UInt8[np.ndarray, "n height width 3"]
    labels: Int64[np.ndarray, " n"]
    classes: tuple[str, ...]
    frame: Frame
    num_official_test: int = 0
    allowed: Bool[np.ndarray, "n classes"] | None = None
    identity: str
    note: str = ""

    def __len__(self) -> int:
        return len(self.labels)


def data_folder() -> Path:
    """Where official files lie: GLIFO_DATA, else glifo/data in the user's cache folder (XDG_CACHE_HOME, ~/.cache)."""
    named = os.environ.get("GLIFO_DATA")
    return Path(named).expanduser() if named else user_cache_folder() / "data"


def open_data(name_or_path: str | Path, folder: str | Path | None = None, *, verify: bool = False) -> Dataset:
    """Open a data set by catalogue name, imported name or path of your own data.

    `folder` holds the official files (default: `data_folder()`). A path is a folder of pictures per class, a CSV of
    path,label or an npz of images and labels, see `glifo.data.own`. `verify` hashes the cached arrays even when their
    times and sizes are as they were written. ValueError, one line: an unknown name (with the nearest), files that are
    missing (with the command that fetches them), damaged or of another data set.

    >>> open_data("optdigits").images.shape
    (1797, 8, 8)
    """
    name = str(name_or_path)
    if name in SOURCES:
        return _open_source(SOURCES[name], Path(folder).expanduser() if folder else data_folder(), verify)
    if name in imported_names():
        content, identity = load_imported(name, verify=verify)
        return _dataset(name, content, identity)
    path = Path(name_or_path).expanduser()
    if not path.exists():
        raise ValueError(
            f"no data set and no file is named {name!r}: {nearest(name, [*SOURCES, *imported_names()])} "
            "'glifo data list' shows what there is; the path of a folder, .csv or .npz is good as well"
        )
    content = read_own(path)
    return _dataset(path.resolve().stem, content, content_identity(content))


def import_data(path: Path, name: str, *, frame: Frame | None = None, replace_old: bool = False) -> Dataset:
    """Read your own data (see `glifo.data.own`) and keep it under a name that `open_data` accepts from then on.

    ValueError, and nothing written, when a picture cannot be read or the name is taken.
    """
    check_name(name, replace_old=replace_old)
    content = read_own(path, frame)
    import_own(content, name, identity=content_identity(content), source=str(path.resolve()))
    return open_data(name)


def _open_source(source: Source, folder: Path, verify: bool) -> Dataset:
    if source.embedded:
        content = read_embedded(source)
        return _dataset(source.name, content, content_identity(content))
    plan = make_plan(source, folder)
    if plan is None:
        raise ValueError(_missing(source, folder))
    content, identity = cached(source.name, plan, cache_folder(), verify=verify)
    return _dataset(source.name, replace(content, classes=source.classes, frame=source.frame), identity)


def _missing(source: Source, folder: Path) -> str:
    absent = [file.name for file in source.files if not (folder / file.name).is_file()]
    advice = f"run: glifo data fetch {source.name}" if source.can_be_fetched else "copy them there"
    more = f" and {len(absent) - 2} more" if len(absent) > 2 else ""
    return (
        f"{source.name} is not in {folder} (missing: {', '.join(absent[:2])}{more}): {advice}, "
        "or set GLIFO_DATA to the folder that has its files"
    )


def _dataset(name: str, content: Content, identity: str) -> Dataset:
    return Dataset(name=name, identity=identity, **vars(content))


def content_identity(content: Content) -> str:
    """A sha256 over classes, frame, labels, label sets and pixels."""
    total = hashlib.sha256(repr((content.classes, content.frame, content.images.shape)).encode())
    for array in (content.labels, content.images, content.allowed):
        if array is not None:
            total.update(np.ascontiguousarray(array).data)
    return total.hexdigest()
