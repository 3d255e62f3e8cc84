"""How far clusters found without labels agree with the labels: purity, ARI, NMI and the table of both.

>>> compare(np.array([0, 0, 1, 1]), np.array([5, 5, 7, 5]), num_classes=8).purity
0.75
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int, Int64


@dataclass(frozen=True, kw_only=True, eq=False)
class Agreement:
    """Clusters against labels.

    table: how many rows of each cluster have each label; purity: the share of rows whose label is their cluster's
    commonest (1 when each row is its own cluster, so it only compares equal k); adjusted_rand: 0 for chance, 1 for the
    same partition (Hubert & Arabie 1985); normalized_mutual_information: 0..1, over the arithmetic mean of the entropies.
    """

    table: Int64[np.ndarray, "k classes"]
    purity: float
    adjusted_rand: float
    normalized_mutual_information: float

    @property
    def majorities(self) -> Int64[np.ndarray, " k"]:
        """The commonest label of each cluster, the lower one of equals."""
        return self.table.argmax(axis=1)

    @property
    def purities(self) -> np.ndarray:
        """The share of each cluster that has its commonest label."""
        return self.table.max(axis=1) / np.maximum(self.table.sum(axis=1), 1)

    @property
    def most_mixed(self) -> int:
        """The cluster whose labels have the largest entropy, the first of equals."""
        return int(np.argmax(self.entropies))

    @property
    def entropies(self) -> np.ndarray:
        """The entropy of the labels in each cluster, in bits."""
        shares = self.table / np.maximum(self.table.sum(axis=1, keepdims=True), 1)
        logs = np.log2(shares, where=shares > 0, out=np.zeros_like(shares))
        return np.abs((shares * logs).sum(axis=1))

    def figures(self) -> dict[str, Any]:
        """The three figures as plain values."""
        return {
            "purity": self.purity,
            "adjusted_rand": self.adjusted_rand,
            "normalized_mutual_information": self.normalized_mutual_information,
        }


def compare(clusters: Int[np.ndarray, " n"], labels: Int[np.ndarray, " n"], num_classes: int) -> Agreement:
    """Compare clusters 0..k-1 with labels 0..num_classes-1 of the same rows; ValueError when there are none."""
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    if len(labels) == 0:
        raise ValueError("no rows were given to compare clusters and labels of; give one or more")
    table = np.zeros((int(clusters.max()) + 1, num_classes), np.int64)
    np.add.at(table, (clusters, labels), 1)
    return Agreement(
        table=table,
        purity=float(table.max(axis=1).sum() / len(labels)),
        adjusted_rand=float(adjusted_rand_score(labels, clusters)),
        normalized_mutual_information=float(normalized_mutual_info_score(labels, clusters)),
    )
