"""k-means over a range of k, and the k that the silhouette and the elbow choose; labels play no part in it.

Mini-batch k-means (Sculley 2010) above 10,000 rows. scikit-learn does the mathematics.

    curve = sweep(vectors, range_of_k(1500, num_classes=10), seed=0, sample=rows)
    curve.by_silhouette, curve.by_elbow
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int

LARGEST_FULL = 10_000
NUM_STARTS = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Sweep:
    """What k-means gave for each k: the sum of squared distances to the centroids, and the mean silhouette, -1..1."""

    ks: tuple[int, ...]
    inertias: tuple[float, ...]
    silhouettes: tuple[float, ...]

    @property
    def by_silhouette(self) -> int:
        """The k of the largest mean silhouette (Rousseeuw 1987)."""
        return self.ks[int(np.argmax(self.silhouettes))]

    @property
    def by_elbow(self) -> int:
        """The k at the elbow of the inertias."""
        return elbow(self.ks, self.inertias)


def range_of_k(num_different: int, num_classes: int) -> tuple[int, ...]:
    """At most 20 numbers from 2 to twice the classes (to 20 at least), below the number of different rows.

    >>> range_of_k(1000, 62)[:4]
    (2, 8, 15, 21)
    """
    largest = max(2, min(max(20, 2 * num_classes), num_different - 1))
    return tuple(sorted({round(k) for k in np.linspace(2, largest, min(20, largest - 1))}))


def fit_clusters(vectors: Float[np.ndarray, "n features"], k: int, seed: int) -> tuple[Int[np.ndarray, " n"], float]:
    """The cluster of each row, 0..k-1, and the inertia: the best of four starts by `seed`.

    ValueError when k is below 1 or above the number of rows; k above the number of different rows leaves clusters empty.
    """
    from sklearn.cluster import KMeans, MiniBatchKMeans

    if not 1 <= k <= len(vectors):
        raise ValueError(f"k = {k} clusters of {len(vectors):,} rows: expected 1 to {len(vectors):,}; choose another k")
    if len(vectors) > LARGEST_FULL:
        found = MiniBatchKMeans(k, random_state=seed, n_init=NUM_STARTS, batch_size=4096).fit(vectors)
    else:
        found = KMeans(k, random_state=seed, n_init=NUM_STARTS).fit(vectors)
    return found.labels_.astype(np.int64), float(found.inertia_)


def sweep(
    vectors: Float[np.ndarray, "n features"], ks: Sequence[int], seed: int, sample: Int[np.ndarray, " m"]
) -> Sweep:
    """Fit k-means for each k of `ks` (ascending, from 2 on); silhouettes are taken over the rows of `sample`.

    Distances between all rows would grow with their square; the same sample for each k keeps the curve comparable.
    """
    from sklearn.metrics import pairwise_distances

    check_range(ks)
    distances = pairwise_distances(vectors[sample])
    np.fill_diagonal(distances, 0)
    inertias, silhouettes = [], []
    for k in ks:
        clusters, inertia = fit_clusters(vectors, k, seed)
        inertias.append(inertia)
        silhouettes.append(silhouette(distances, clusters[sample]))
    return Sweep(ks=tuple(ks), inertias=tuple(inertias), silhouettes=tuple(silhouettes))


def check_range(ks: Sequence[int]) -> None:
    if not ks or ks[0] < 2 or any(b <= a for a, b in pairwise(ks)):
        raise ValueError(f"k from the range {tuple(ks)}: expected ascending whole numbers from 2 on; give more rows")


def silhouette(distances: Float[np.ndarray, "m m"], clusters: Int[np.ndarray, " m"]) -> float:
    """The mean silhouette of sampled rows; 0 where they lie in one cluster or each in its own, as it is then undefined."""
    from sklearn.metrics import silhouette_score

    if not 2 <= len(np.unique(clusters)) < len(clusters):
        return 0.0
    return float(silhouette_score(distances, clusters, metric="precomputed"))


def elbow(ks: Sequence[int], inertias: Sequence[float]) -> int:
    """The k at which a falling curve bends most: farthest below the line between its ends (Satopaa et al. 2011, Kneedle).

    Both axes are scaled to 0..1 first. Fewer than three ks have no bend: the first is returned.

    >>> elbow([2, 3, 4, 5, 6], [100, 60, 20, 18, 16])
    4
    """
    x, y = np.asarray(ks, np.float64), np.asarray(inertias, np.float64)
    if len(x) < 3 or y[0] <= y[-1]:
        return int(ks[0])
    x, y = (x - x[0]) / (x[-1] - x[0]), (y - y[-1]) / (y[0] - y[-1])
    return int(ks[int(np.argmax(1 - x - y))])
