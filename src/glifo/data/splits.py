"""Splits: which rows train, which validate, and which lie sealed until `glifo evaluate --final`.

Row numbers only, never pixels, so that a split is small, exact and easy to compare. The seed moves the validation
rows; the test rows are the same for every seed. Use:

    rows = split(dataset, seed=0)
    dataset.images[rows.train]
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from jaxtyping import Int64

from glifo.data.dataset import Dataset

__all__ = ["Repeats", "SealedRows", "Splits", "find_repeats", "k_fold", "rows_to_show", "split"]

TEST_SEED = 0
SEALED = (
    "the test rows are sealed: only 'glifo evaluate --final' reads them; use the validation rows, "
    "or say why with .open(reason)"
)


class SealedRows:
    """Row numbers that cannot be read by accident; `open` gives them to whoever says why."""

    def __init__(self, rows: Int64[np.ndarray, " n"]) -> None:
        self._rows = np.array(rows, np.int64)
        self._rows.flags.writeable = False

    def open(self, reason: str) -> Int64[np.ndarray, " n"]:
        """The rows, ascending and read-only; `reason` says what for, as "evaluate --final"."""
        if not isinstance(reason, str) or not reason.strip():
            raise ValueError(SEALED)
        return self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"SealedRows({len(self)} rows)"

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise ValueError(SEALED)

    __iter__ = __getitem__ = __contains__ = __array__ = __reversed__ = _refuse


@dataclass(frozen=True, kw_only=True, eq=False)
class Splits:
    """Ascending row numbers for training and validation, the sealed test rows, and how they were chosen."""

    train: Int64[np.ndarray, " n_train"]
    validation: Int64[np.ndarray, " n_validation"]
    test: SealedRows
    seed: int
    rule: str

    @property
    def fingerprint(self) -> str:
        """A sha256 over the three lists of rows."""
        total = hashlib.sha256()
        for rows in (self.train, self.validation, self.test.open("the fingerprint of the split")):
            total.update(len(rows).to_bytes(8, "little") + rows.astype("<i8").tobytes())
        return total.hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Sizes, seed, rule and fingerprint as plain values; no row numbers."""
        sizes = {"train": len(self.train), "validation": len(self.validation), "test": len(self.test)}
        return sizes | {"seed": self.seed, "rule": self.rule, "fingerprint": self.fingerprint}


def split(
    dataset: Dataset,
    *,
    seed: int = 0,
    validation_fraction: float = 0.1,
    test_fraction: float = 0.15,
    max_train_rows: int | None = None,
) -> Splits:
    """Cut a data set into training, validation and sealed test rows, stratified by class.

    The official test part is the test where there is one; else `test_fraction` of the rows is, cut with a fixed seed,
    so that every seed keeps the same test. Then `validation_fraction` of the remaining rows validates, by `seed`; of the
    rest, at most `max_train_rows` train, a sample stratified by class.
    A cut that cannot be stratified (a class with one row, fewer rows than classes) is a plain random one, and `rule`
    says so. ValueError: a fraction outside 0..1, or a data set with nothing to train on.

    >>> from glifo.data.dataset import open_data
    >>> [len(rows) for rows in (split(open_data("optdigits")).train, split(open_data("optdigits")).validation)]
    [1374, 153]
    """
    for name, fraction in (("validation_fraction", validation_fraction), ("test_fraction", test_fraction)):
        if not 0 <= fraction < 1:
            raise ValueError(f"{name} {fraction}: expected at least 0 and less than 1")
    pool, test, test_rule = _cut_test(dataset, test_fraction)
    train, validation, rule = _cut(pool, dataset, validation_fraction, seed)
    rules = f"test: {test_rule}; validation: {validation_fraction:g} of the rest{rule}"
    if max_train_rows is not None and max_train_rows < len(train):
        train = _sample(train, np.asarray(dataset.labels), max_train_rows, seed)
        rules += f"; training: {max_train_rows:,} rows of the rest"
    return Splits(train=train, validation=validation, test=SealedRows(test), seed=seed, rule=rules)


def rows_to_show(dataset: Dataset) -> Int64[np.ndarray, " n"]:
    """The rows that may be looked at: all but the sealed test rows, or all where there is nothing to train on."""
    if dataset.num_official_test >= len(dataset.labels) or len(dataset.labels) < 3:
        return np.arange(len(dataset.labels))
    rows = split(dataset)
    return np.sort(np.concatenate([rows.train, rows.validation]))


def k_fold(dataset: Dataset, k: int, seed: int = 0, test_fraction: float = 0.15) -> list[Splits]:
    """The k splits of cross-validation: the same sealed test rows, each other row validating exactly once."""
    from sklearn.model_selection import KFold, StratifiedKFold

    pool, test, test_rule = _cut_test(dataset, test_fraction)
    if not 2 <= k <= len(pool):
        raise ValueError(f"{k} folds of {len(pool):,} rows: expected 2 to {len(pool):,}")
    counts = np.bincount(dataset.labels[pool])
    stratified = counts[counts > 0].min() >= k
    cut = (StratifiedKFold if stratified else KFold)(k, shuffle=True, random_state=seed)
    note = "" if stratified else f", not stratified: a class has fewer than {k} rows"
    return [
        Splits(
            train=pool[train],
            validation=pool[validation],
            test=SealedRows(test),
            seed=seed,
            rule=f"test: {test_rule}; validation: fold {number} of {k}{note}",
        )
        for number, (train, validation) in enumerate(cut.split(pool, dataset.labels[pool]), start=1)
    ]


def _cut_test(dataset: Dataset, fraction: float) -> tuple[np.ndarray, np.ndarray, str]:
    num_rows, num_official = len(dataset.labels), dataset.num_official_test
    if num_official >= num_rows or num_rows < 3:
        raise ValueError(
            f"{dataset.name} has {num_rows:,} rows, {num_official:,} of them its official test part: "
            "there is nothing to train on; fetch its training files, or train on another data set"
        )
    rows = np.arange(num_rows)
    if num_official:
        return (
            rows[:-num_official],
            rows[-num_official:],
            f"the last {num_official:,} rows, which the data set sets apart",
        )
    pool, test, rule = _cut(rows, dataset, fraction, TEST_SEED)
    return pool, test, f"{fraction:g} of all rows, the same for every seed{rule}"


def _sample(rows: np.ndarray, labels: np.ndarray, num: int, seed: int) -> np.ndarray:
    """`num` of the rows in proportion to the classes, one of each class at least where `num` is that large."""
    shuffled = np.random.default_rng(seed).permutation(rows)
    _, inverse, counts = np.unique(labels[shuffled], return_inverse=True, return_counts=True)
    by_class = np.argsort(inverse, kind="stable")
    rank = np.empty(len(rows), np.int64)
    rank[by_class] = np.arange(len(rows)) - np.repeat(counts.cumsum() - counts, counts)
    # A class's first row comes first of all; its others are spread evenly over the order, as their share asks.
    order = np.argsort(np.where(rank == 0, -1.0, (rank + 0.5) / counts[inverse]), kind="stable")
    return np.sort(shuffled[order[:num]])


def _cut(rows: np.ndarray, dataset: Dataset, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray, str]:
    """Rows kept, rows cut off, and a word on why the cut is not stratified."""
    from sklearn.model_selection import train_test_split

    if not fraction:
        return rows, rows[:0], ""
    num_cut = max(1, round(len(rows) * fraction))
    if num_cut >= len(rows):
        raise ValueError(
            f"{dataset.name}: cutting {fraction:g} off {len(rows)} rows leaves none; give more rows or a smaller fraction"
        )
    labels = np.asarray(dataset.labels)[rows]
    counts = np.bincount(labels)
    counts = counts[counts > 0]
    stratified = counts.min() >= 2 and min(num_cut, len(rows) - num_cut) >= len(counts)
    kept, cut = train_test_split(rows, test_size=num_cut, random_state=seed, stratify=labels if stratified else None)
    note = "" if stratified else ", not stratified: too few rows for the number of classes"
    return np.sort(kept), np.sort(cut), note


@dataclass(frozen=True, kw_only=True, eq=False)
class Repeats:
    """Rows that hold the same pixels: `pairs` has, for each repeated row of b, the first such row of a and that row."""

    pairs: Int64[np.ndarray, "count 2"]

    @property
    def count(self) -> int:
        """How many rows of b repeat a row of a."""
        return len(self.pairs)

    def to_dict(self) -> dict[str, Any]:
        """The count and the first hundred pairs, as plain values."""
        return {"count": self.count, "first_pairs": self.pairs[:100].tolist()}


def find_repeats(images: np.ndarray, rows_a: Int64[np.ndarray, " n_a"], rows_b: Int64[np.ndarray, " n_b"]) -> Repeats:
    """Find the rows of b whose image equals, to the byte, an image of a; a row is no repeat of itself.

    With the same rows twice it finds the repeats inside them: each later row with the first equal one. EMNIST's
    official splits are random partitions of one pool, so that images do repeat across them.

    >>> find_repeats(np.array([[[1]], [[2]], [[1]]], np.uint8), np.arange(3), np.arange(3)).pairs
    array([[0, 2]])
    """
    hashes = _row_hashes(images, np.union1d(rows_a, rows_b))
    first: dict[bytes, int] = {}
    for row in rows_a.tolist():
        first.setdefault(hashes[row], row)
    pairs = [(first[hashes[row]], row) for row in rows_b.tolist() if first.get(hashes[row], row) != row]
    return Repeats(pairs=np.array(pairs, np.int64).reshape(-1, 2))


def _row_hashes(images: np.ndarray, rows: np.ndarray) -> dict[int, bytes]:
    return {row: hashlib.blake2b(images[row].tobytes(), digest_size=16).digest() for row in rows.tolist()}
