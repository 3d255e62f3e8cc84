"""A second reader that knows only the training pictures: their nearest neighbours, no network.

Where it reads better than the network, the network did not learn what is there to learn; where both doubt a label, the
label is doubtful.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Int, UInt8

from glifo.experiment.diagnosis.mending import Examined

NUM_NEIGHBOURS = 10
NUM_COMPONENTS = 40


def flat(images: UInt8[np.ndarray, "n ..."]) -> np.ndarray:
    """Pictures as rows of numbers 0..1."""
    return images.reshape(len(images), -1).astype(np.float32) / 255


@lru_cache(maxsize=2)
def second_readings(seen: Examined) -> Int[np.ndarray, " n"]:
    """What the majority of the ten nearest training pictures, in 40 principal components, says of each judged row."""
    from sklearn.decomposition import PCA

    known = flat(seen.case.training.images)
    components = PCA(min(NUM_COMPONENTS, *known.shape), random_state=0).fit(known)
    near = nearest(components.transform(known), components.transform(flat(seen.mended.images)), NUM_NEIGHBOURS)
    return majority(seen.case.training.labels[near], seen.case.num_classes)


def neighbour_readings(seen: Examined) -> Int[np.ndarray, " n"]:
    """What the majority of the ten nearest other judged pictures is labelled, for each judged row."""
    from sklearn.decomposition import PCA

    judged = flat(seen.mended.images)
    parts = PCA(min(NUM_COMPONENTS, *judged.shape), random_state=0).fit_transform(judged)
    near = nearest(parts, parts, NUM_NEIGHBOURS + 1)[:, 1:]
    return majority(seen.mended.rows.labels[near], seen.case.num_classes)


def nearest(known: np.ndarray, asked: np.ndarray, num: int) -> Int[np.ndarray, "n neighbours"]:
    """For each row asked the numbers of the nearest known rows, nearest first."""
    from sklearn.neighbors import NearestNeighbors

    return NearestNeighbors(n_neighbors=min(num, len(known))).fit(known).kneighbors(asked, return_distance=False)


def majority(labels: Int[np.ndarray, "n neighbours"], num_classes: int) -> Int[np.ndarray, " n"]:
    """The commonest label of each row; of equally common ones the first class."""
    return np.eye(num_classes, dtype=np.int64)[labels].sum(axis=1).argmax(axis=1)


def second_accuracy(seen: Examined) -> float:
    """The second reader's accuracy on the judged rows."""
    return float((second_readings(seen) == seen.mended.rows.labels).mean())
