"""A data set in plain facts: class counts, splits, repeated images. Use: describe(open_data("mnist"))"""

from __future__ import annotations

from typing import Any

import numpy as np

from glifo.data.catalog import SOURCES
from glifo.data.dataset import Dataset, data_folder
from glifo.data.readers import make_plan
from glifo.data.sheet import class_counts
from glifo.data.splits import find_repeats, rows_to_show, split

__all__ = ["describe", "first_emnist"]

WITH_CASE = (
    "emnist-byclass",
    "emnist-partial-byclass",
    "emnist-partial-all",
    "emnist-partial-62",
    "emnist-bymerge",
    "emnist-partial-bymerge",
    "emnist-balanced",
)


def describe(dataset: Dataset) -> dict[str, Any]:
    """The facts of a data set as plain values.

    `repeats` counts images that equal an earlier one ("inside") and test images that also lie outside the test
    ("test_in_training"); the test rows' pixels are compared for that, and nothing else is learnt of them.
    """
    every, shown = np.arange(len(dataset)), rows_to_show(dataset)
    test = np.setdiff1d(every, shown)
    source = SOURCES.get(dataset.name)
    return {
        "name": dataset.name,
        "num_rows": len(dataset),
        "num_official_test": dataset.num_official_test,
        "shape": "x".join(str(side) for side in dataset.images.shape[1:]),
        "classes": dict(zip(dataset.classes, class_counts(dataset), strict=True)),
        "frame": dataset.frame.to_dict(),
        "has_label_sets": dataset.allowed is not None,
        "splits": _splits(dataset),
        "repeats": {
            "inside": find_repeats(dataset.images, every, every).count,
            "test_in_training": find_repeats(dataset.images, shown, test).count,
        },
        "licence": source.licence if source else "your own",
        "citation": source.citation if source else "",
        "note": dataset.note,
        "identity": dataset.identity,
    }


def _splits(dataset: Dataset) -> dict[str, Any]:
    try:
        return split(dataset).to_dict()
    except ValueError as error:
        return {"reason": str(error)}


def first_emnist() -> str:
    """The first EMNIST set with letters in both cases whose files are here, else the name to fetch.

    Sets with rows outside the official test come before those of which only the test is here.
    """
    plans = {name: make_plan(SOURCES[name], data_folder()) for name in WITH_CASE}
    here = [name for name, plan in plans.items() if plan]
    trainable = [name for name in here if any("train" in path.name for path in plans[name].hashes)]  # type: ignore[union-attr]
    return (trainable or here or ["emnist-balanced"])[0]
