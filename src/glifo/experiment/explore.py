"""What a data set looks like before anything is trained: principal components, clusters, maps.

The test rows (official, or the 15 % that recipes cut by default) are never looked at. Nothing is drawn here, see
`glifo.report.exploration`. Use:

    found = explore("optdigits", seed=0)
    found.clustering.choices["silhouette"], found.clustering.agreement.purity
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int64, UInt8

from glifo.data.dataset import Dataset, open_data
from glifo.data.sheet import chosen_classes
from glifo.data.splits import rows_to_show
from glifo.exploration.agreement import Agreement, compare
from glifo.exploration.kmeans import Sweep, fit_clusters, range_of_k, sweep
from glifo.exploration.maps import MAPS, check_map
from glifo.exploration.pca import Components, fit_pca
from glifo.exploration.sampling import stratified_sample

FEWEST_ROWS = 10
SILHOUETTE_ROWS = 2_000
CLUSTERED_SHARE = 0.9  # k-means works on the components that hold this share: the rest is mostly noise, and slow
MOST_CLUSTERED = 100
SHARES = (0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True, kw_only=True, eq=False)
class Clustering:
    """k-means over a range of k, and the clusters of the k that is shown.

    num_components: how many principal components it worked on; choices: the k by silhouette, by elbow, the number of
    classes where the range reaches it, and the one given; clusters: of each row; agreements: with the labels, by k.
    """

    num_components: int
    sweep: Sweep
    choices: dict[str, int]
    k: int
    clusters: Int64[np.ndarray, " n"]
    agreements: dict[int, Agreement]

    @property
    def agreement(self) -> Agreement:
        """Of the clusters that are shown."""
        return self.agreements[self.k]


@dataclass(frozen=True, kw_only=True, eq=False)
class Exploration:
    """What `explore` found, with the rows it looked at.

    num_shown: rows outside the sealed test, of which these are all or a sample; labels index into `classes`;
    coordinates: the first two principal components of each row; map: coordinates of the `embedding`, or None.
    """

    data: str
    identity: str
    seed: int
    num_shown: int
    images: UInt8[np.ndarray, "n ..."]
    labels: Int64[np.ndarray, " n"]
    classes: tuple[str, ...]
    components: Components
    coordinates: Float[np.ndarray, "n 2"]
    embedding: str | None
    map: Float[np.ndarray, "n 2"] | None
    clustering: Clustering

    @property
    def num_components(self) -> dict[float, int | None]:
        """How many components explain 80, 90, 95 and 99 % of the variance; None: more than were computed."""
        return {share: self.components.num_for(share) for share in SHARES}

    def centroids(self) -> UInt8[np.ndarray, "k ..."]:
        """The mean picture of each shown cluster."""
        clusters = self.clustering.clusters
        means = [self.images[clusters == cluster].mean(axis=0) for cluster in range(self.clustering.k)]
        return np.rint(means).astype(np.uint8)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; the pictures and coordinates stay out."""
        found = self.clustering
        return {
            "data": self.data,
            "identity": self.identity,
            "seed": self.seed,
            "rows": len(self.labels),
            "rows_outside_the_test": self.num_shown,
            "classes": list(self.classes),
            "components_for": {f"{share:.0%}": num for share, num in self.num_components.items()},
            "variance_shares": [float(share) for share in self.components.shares[:100]],
            "k_means_on_components": found.num_components,
            "k_range": list(found.sweep.ks),
            "inertias": list(found.sweep.inertias),
            "silhouettes": list(found.sweep.silhouettes),
            "choices": found.choices,
            "agreement": {str(k): each.figures() for k, each in found.agreements.items()},
            "k": found.k,
            "clusters": self.cluster_dicts(),
            "most_mixed": found.agreement.most_mixed + 1,
            "embedding": self.embedding,
        }

    def cluster_dicts(self) -> list[dict[str, Any]]:
        """For each shown cluster, counted from 1: size, commonest label, its share, and the count of every label."""
        found = self.clustering.agreement
        return [
            {
                "cluster": number,
                "rows": int(row.sum()),
                "label": self.classes[found.majorities[number - 1]],
                "share": float(found.purities[number - 1]),
                "labels": {name: int(count) for name, count in zip(self.classes, row, strict=True) if count},
            }
            for number, row in enumerate(found.table, start=1)
        ]


def explore(
    data: str | Path,
    *,
    classes: str | None = None,
    num_rows: int = 5_000,
    k: int | None = None,
    embedding: str | None = None,
    seed: int = 0,
) -> Exploration:
    """Explore a data set: PCA, k-means over a range of k, and a map if asked for.

    data: a catalogue name, an imported name or a path; classes: "0123456789" to look at these alone ("cat,dog" for longer
    names); num_rows: a stratified sample of so many rows at most; k: the clusters to show (None: the larger of the two
    choices, since a cluster too few hides a class and one too many only parts it); embedding: "tsne" or "umap".
    The same seed gives the same result on one machine. ValueError: unknown names, fewer than two classes or ten rows,
    no difference between them, a k that the rows cannot fill.
    """
    if embedding is not None:
        check_map(embedding)
    dataset = open_data(data)
    shown = rows_of_classes(dataset, classes)
    rows = shown[stratified_sample(np.asarray(dataset.labels)[shown], num_rows, seed)]
    labels, names = renumbered(dataset, rows)
    images = np.ascontiguousarray(dataset.images[rows])
    num_different = check_rows(dataset.name, images, labels, k)
    components = fit_pca(as_vectors(images), seed)
    scores = components.project(as_vectors(images), MOST_CLUSTERED)
    num_clustered = min(components.num_for(CLUSTERED_SHARE) or MOST_CLUSTERED, MOST_CLUSTERED)
    clustered, coordinates = scores[:, :num_clustered], two_columns(scores)
    return Exploration(
        data=dataset.name,
        identity=dataset.identity,
        seed=seed,
        num_shown=len(shown),
        images=images,
        labels=labels,
        classes=names,
        components=components,
        coordinates=coordinates,
        embedding=embedding,
        map=None if embedding is None else MAPS[embedding](clustered if num_clustered > 1 else coordinates, seed),
        clustering=cluster(clustered, labels, len(names), num_different, k, seed),
    )


def cluster(
    vectors: Float[np.ndarray, "n features"],
    labels: Int64[np.ndarray, " n"],
    num_classes: int,
    num_different: int,
    k: int | None,
    seed: int,
) -> Clustering:
    """Choose k without the labels, cluster for every choice, and compare each with the labels."""
    sample = stratified_sample(labels, SILHOUETTE_ROWS, seed)
    curve = sweep(vectors, range_of_k(num_different, num_classes), seed, sample)
    choices = {"silhouette": curve.by_silhouette, "elbow": curve.by_elbow}
    shown = max(choices.values()) if k is None else k
    if num_classes <= curve.ks[-1]:
        choices["classes"] = num_classes
    if k is not None:
        choices["given"] = k
    clusters = {
        each: by_majority(fit_clusters(vectors, each, seed)[0], labels) for each in sorted(set(choices.values()))
    }
    return Clustering(
        num_components=vectors.shape[1],
        sweep=curve,
        choices=choices,
        k=shown,
        clusters=clusters[shown],
        agreements={each: compare(found, labels, num_classes) for each, found in clusters.items()},
    )


def by_majority(clusters: Int64[np.ndarray, " n"], labels: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
    """The same clusters, numbered in the order of their commonest labels, the purest of equals first."""
    found = compare(clusters, labels, int(labels.max()) + 1)
    order = np.lexsort((-found.purities, found.majorities))
    return np.argsort(order)[clusters]


def as_vectors(images: UInt8[np.ndarray, "n ..."]) -> Float[np.ndarray, "n features"]:
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)


def two_columns(scores: Float[np.ndarray, "n m"]) -> Float[np.ndarray, "n 2"]:
    """The first two coordinates; zeros for the second where there is only one (pictures of one pixel)."""
    return scores[:, :2] if scores.shape[1] > 1 else np.hstack([scores, np.zeros_like(scores)])


def rows_of_classes(dataset: Dataset, classes: str | None) -> Int64[np.ndarray, " n"]:
    """The rows outside the sealed test that have one of these classes, all rows outside it for None."""
    rows = rows_to_show(dataset)
    if classes is None:
        return rows
    wanted = [dataset.classes.index(name) for name in chosen_classes(dataset, classes)]
    return rows[np.isin(np.asarray(dataset.labels)[rows], wanted)]


def renumbered(dataset: Dataset, rows: Int64[np.ndarray, " n"]) -> tuple[Int64[np.ndarray, " n"], tuple[str, ...]]:
    """Labels counted from 0 over the classes that occur, and the names of those."""
    present, labels = np.unique(np.asarray(dataset.labels)[rows], return_inverse=True)
    return labels.astype(np.int64), tuple(dataset.classes[label] for label in present)


def check_rows(name: str, images: UInt8[np.ndarray, "n ..."], labels: Int64[np.ndarray, " n"], k: int | None) -> int:
    """How many of the pictures differ; refuse rows in which there is nothing to find, and a k they cannot fill."""
    num_classes = len(np.unique(labels))
    if num_classes < 2 or len(labels) < FEWEST_ROWS:
        raise ValueError(
            f"{name}: {len(labels)} rows of {num_classes} classes to explore (test rows stay sealed); expected "
            f"{FEWEST_ROWS} rows and 2 classes or more: give more rows or classes"
        )
    num_different = len(np.unique(images.reshape(len(images), -1), axis=0))
    if num_different == 1:
        raise ValueError(f"{name}: all {len(labels)} pictures are the same; give pictures that differ")
    if k is not None and not 1 <= k <= num_different:
        raise ValueError(
            f"k = {k} clusters of {len(labels):,} pictures, {num_different:,} of them different: expected 1 to "
            f"{num_different:,}; choose a smaller k or give more rows"
        )
    return num_different
