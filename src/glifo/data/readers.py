"""One reader for each data set of the catalogue: finds its files in the data folder and turns them into `Content`.

A reader first makes a `Plan` (which files, with which published hashes); only `Plan.read` opens them, so that the
cache can answer without it. Nothing here writes. Use:

    plan = make_plan(SOURCES["mnist"], folder)
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from glifo.data.catalog import SOURCES, Source, SourceFile
from glifo.data.content import Content
from glifo.data.formats import (
    check_examples,
    parse_cifar_binary,
    parse_idx,
    parse_optdigits,
    parse_usps,
    sixteen_to_bytes,
    upright,
)
from glifo.data.matlab import parse_mat
from glifo.data.pickles import parse_cifar_python
from glifo.data.published import BYCLASS, BYMERGE, LETTERS
from glifo.files import read_json

__all__ = ["Plan", "make_plan", "manifest_path", "presence", "read_embedded"]

Examples = tuple[np.ndarray, np.ndarray]
Reader = Callable[[bytes, str], Examples]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The files that a data set will be read from, each with its known hashes, and the function that reads them."""

    hashes: dict[Path, dict[str, str]]
    read: Callable[[], Content]


def make_plan(source: Source, folder: Path) -> Plan | None:
    """How to read `source` from `folder`, or None when too few of its files are there."""
    return PLANNERS[source.name](source, folder)


def presence(source: Source, folder: Path) -> str:
    """Whether the data set is here: "embedded", "whole", "part" (it opens, but files are missing) or "absent"."""
    if source.embedded:
        return "embedded"
    if _find_all(folder, source.files) or (source.alternatives and _find_all(folder, source.alternatives)):
        return "whole"
    return "part" if make_plan(source, folder) else "absent"


def manifest_path(source: Source, folder: Path) -> Path:
    """Where `fetch` records what it brought."""
    return folder / f"{source.name}.manifest.json"


def read_embedded(source: Source) -> Content:
    """The optical digits that come with scikit-learn: 1,797 rows, no official test part."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    return _content(source, [(sixteen_to_bytes(digits.images), digits.target.astype(np.int64))], 0)


def _content(source: Source, parts: Sequence[Examples], num_official_test: int, note: str | None = None) -> Content:
    images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return Content(
        images=images,
        labels=labels,
        classes=source.classes,
        frame=source.frame,
        num_official_test=num_official_test,
        note=source.note if note is None else note,
    )


def _find(folder: Path, file: SourceFile) -> Path | None:
    path = folder / file.name
    candidates = [path, path.with_suffix("")] if path.suffix == ".gz" else [path]
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _find_all(folder: Path, files: Sequence[SourceFile]) -> dict[Path, SourceFile] | None:
    found = {_find(folder, file): file for file in files}
    return None if None in found else {path: file for path, file in found.items() if path}


def _hashes(source: Source, folder: Path, files: dict[Path, SourceFile]) -> dict[Path, dict[str, str]]:
    manifest = manifest_path(source, folder)
    recorded = read_json(manifest).get("sha256", {}) if manifest.is_file() else {}
    known = {}
    for path, file in files.items():
        as_published = path == folder / file.name
        written = {"sha256": recorded[file.name]} if file.name in recorded else {}
        known[path] = (file.hashes or written) if as_published else {}
    return known


def _plan_idx(source: Source, folder: Path) -> Plan | None:
    train, test = (_find_all(folder, files) for files in (source.files[:2], source.files[2:]))
    if not train and not test:
        return _plan_mat(source, folder) if source.alternatives else None
    found = {"training": train or {}, "test": test or {}}

    def read() -> Content:
        parts = {part: _read_idx_pair(source, list(paths)) for part, paths in found.items() if paths}
        num_test = len(parts["test"][1]) if test else 0
        missing = [part for part, paths in found.items() if not paths]
        note = "; ".join([*(f"the official {part} part is not here" for part in missing), source.note]).strip("; ")
        return _content(source, list(parts.values()), num_test, note=note)

    return Plan(hashes=_hashes(source, folder, found["training"] | found["test"]), read=read)


def _read_idx_pair(source: Source, paths: list[Path]) -> Examples:
    images, labels = (parse_idx(path.read_bytes(), path.name) for path in paths)
    first = 1 if source.name == "emnist-letters" else 0
    images, labels = check_examples(images, labels, len(source.classes), paths[0].name, first=first)
    if images.shape[1:] != (28, 28):
        raise ValueError(f"{paths[0].name}: images of {images.shape[1:]} pixels, expected 28x28; fetch it again")
    return (upright(images) if source.name.startswith("emnist-") else images), labels


def _plan_mat(source: Source, folder: Path) -> Plan | None:
    files = _find_all(folder, source.alternatives)
    if not files:
        return None
    path = next(iter(files))

    def read() -> Content:
        parts = parse_mat(path.read_bytes(), path.name)
        first = 1 if source.name == "emnist-letters" else 0
        examples = [check_examples(*parts[part], len(source.classes), path.name, first=first) for part in parts]
        return _content(source, examples, len(examples[-1][1]))

    return Plan(hashes=_hashes(source, folder, files), read=read)


def _plan_partial(source: Source, folder: Path) -> Plan | None:
    files = _find_all(folder, source.files)
    if not files:
        return None
    paths, read = list(files), _read_all_partial if source.name == "emnist-partial-all" else _read_known_partial
    return Plan(hashes=_hashes(source, folder, files), read=lambda: read(source, paths))


def _read_known_partial(source: Source, paths: list[Path]) -> Content:
    """The rows whose label of one kind is known."""
    parts = [_read_partial(paths[0], source)]
    if len(paths) > 1:
        parts.append(_read_partial_test(paths, source))
    return _content(source, parts, len(parts[1][1]) if len(parts) > 1 else 0)


def _read_all_partial(source: Source, paths: list[Path]) -> Content:
    """Every row, with the set of classes that its labels leave open."""
    images, sets = _read_label_sets(paths[0])
    test = _read_partial_test(paths, source)
    content = _content(source, [(images, sets.argmax(axis=1)), test], len(test[1]))
    return replace(content, allowed=np.concatenate([sets, np.eye(len(source.classes), dtype=bool)[test[1]]]))


PARTIAL_LABELS = {"byclass": "y62", "bymerge": "y47", "letters": "y26", "62": "y62"}


def _read_partial(path: Path, source: Source) -> Examples:
    column = PARTIAL_LABELS[source.name.removeprefix("emnist-partial-")]
    arrays = _load_npz(path, ("images", column))
    images, labels = arrays["images"], arrays[column]
    first, unknown = (1, 0) if column == "y26" else (0, 255)
    known = labels != unknown
    return check_examples(images[known], labels[known], len(source.classes), path.name, first=first)


def _load_npz(path: Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in names}
    except Exception as error:  # a damaged npz makes zipfile and NumPy raise anything
        raise ValueError(f"{path.name}: no npz with {' and '.join(names)} ({error}); restore the file") from None


def _read_label_sets(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """The training images and, for each, the classes that its most telling label allows: ByClass, ByMerge, Letters."""
    arrays = _load_npz(path, ("images", "y62", "y47", "y26"))
    count = len(arrays["images"])
    sets = np.zeros((count, len(BYCLASS)), dtype=bool)
    for column, first, unknown in (("y26", 1, 0), ("y47", 0, 255), ("y62", 0, 255)):  # the last known one stands
        known = arrays[column] != unknown
        _, labels = check_examples(
            arrays["images"][known], arrays[column][known], len(MEANINGS[column]), path.name, first=first
        )
        sets[known] = MEANINGS[column][labels]
    return arrays["images"], sets


def _sets_of(names: tuple[str, ...]) -> np.ndarray:
    """For each name of a merged alphabet the ByClass characters that it stands for: both cases where one is left out."""
    return np.array(
        [[each == name or (each.upper() == name and each not in names) for each in BYCLASS] for name in names]
    )


MEANINGS = {"y62": _sets_of(BYCLASS), "y47": _sets_of(BYMERGE), "y26": _sets_of(LETTERS)}


def _read_partial_test(paths: list[Path], source: Source) -> Examples:
    images, labels = _read_idx_pair(SOURCES["emnist-bymerge"], paths[1:3])
    if source.name == "emnist-partial-bymerge":
        return images, labels
    y62 = _read_npy(paths[3])
    if y62.shape != labels.shape:
        raise ValueError(f"{paths[3].name}: {y62.shape} labels for {len(labels):,} test rows; restore the file")
    known = y62 != 255
    return check_examples(images[known], y62[known], len(source.classes), paths[3].name)


def _read_npy(path: Path) -> np.ndarray:
    try:
        return np.asarray(np.load(io.BytesIO(path.read_bytes()), allow_pickle=False))
    except Exception as error:  # a damaged header makes NumPy raise anything
        raise ValueError(f"{path.name}: not a NumPy array ({error}); restore the file") from None


def _plan_cifar(source: Source, folder: Path) -> Plan | None:
    for files, parse in ((source.files, parse_cifar_binary), (source.alternatives, parse_cifar_python)):
        whole, train = _find_all(folder, files), _find_all(folder, files[:5])
        if whole or train:
            return _plan_tables(source, folder, whole or train or {}, parse, note="" if whole else BATCH_5)
    return None


BATCH_5 = "the official test batch is not here: training batch 5 is the held-out test part (40,000 rows remain)"


def _plan_usps(source: Source, folder: Path) -> Plan | None:
    files = _find_all(folder, source.files)
    return _plan_tables(source, folder, files, parse_usps) if files else None


def _plan_optdigits(source: Source, folder: Path) -> Plan | None:
    files = _find_all(folder, source.files)
    return _plan_tables(source, folder, files, parse_optdigits) if files else None


def _plan_tables(
    source: Source, folder: Path, files: dict[Path, SourceFile], parse: Reader, note: str | None = None
) -> Plan:
    """Files of whole examples, the last of which is the test part."""

    def read() -> Content:
        parts = [parse(path.read_bytes(), path.name) for path in files]
        return _content(source, parts, len(parts[-1][1]), note=note)

    return Plan(hashes=_hashes(source, folder, files), read=read)


PLANNERS: dict[str, Callable[[Source, Path], Plan | None]] = {
    "mnist": _plan_idx,
    "emnist-byclass": _plan_idx,
    "emnist-bymerge": _plan_idx,
    "emnist-balanced": _plan_idx,
    "emnist-letters": _plan_idx,
    "emnist-digits": _plan_idx,
    "emnist-mnist": _plan_idx,
    "emnist-partial-byclass": _plan_partial,
    "emnist-partial-bymerge": _plan_partial,
    "emnist-partial-letters": _plan_partial,
    "emnist-partial-62": _plan_partial,
    "emnist-partial-all": _plan_partial,
    "cifar10": _plan_cifar,
    "usps": _plan_usps,
    "optdigits-full": _plan_optdigits,
}
