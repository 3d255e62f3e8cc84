"""Purity, ARI and NMI on partitions worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glifo.exploration.agreement import compare

PARTITIONS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=2, max_size=60)


def test_a_table_by_hand() -> None:
    # Cluster 0 holds labels 0 0 1, cluster 1 holds 1 2 2 2.
    found = compare(np.array([0, 0, 0, 1, 1, 1, 1]), np.array([0, 0, 1, 1, 2, 2, 2]), num_classes=4)
    assert found.table.tolist() == [[2, 1, 0, 0], [0, 1, 3, 0]]
    assert found.purity == pytest.approx(5 / 7)
    assert found.majorities.tolist() == [0, 2]
    assert found.purities == pytest.approx([2 / 3, 3 / 4])
    assert found.entropies == pytest.approx([math.log2(3) - 2 / 3, 2 - 3 / 4 * math.log2(3)])
    assert found.most_mixed == 0
    # Pairs together in both: C(2,2) + C(3,2) = 4; in clusters: 3 + 6 = 9; in labels: 1 + 1 + 3 = 5; of 21.
    expected, largest = 9 * 5 / 21, (9 + 5) / 2
    assert found.adjusted_rand == pytest.approx((4 - expected) / (largest - expected))


def test_normalized_mutual_information_by_hand() -> None:
    found = compare(np.array([0, 0, 1, 1]), np.array([0, 0, 0, 1]), num_classes=2)
    of_clusters = math.log(2)
    of_labels = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    shared = 0.5 * math.log(0.5 / (0.5 * 0.75)) + 0.25 * math.log(0.25 / (0.5 * 0.75)) + 0.25 * math.log(0.25 / 0.125)
    assert found.normalized_mutual_information == pytest.approx(2 * shared / (of_clusters + of_labels))


@given(PARTITIONS)
def test_names_of_clusters_do_not_matter(pairs: list[tuple[int, int]]) -> None:
    clusters, labels = np.array(pairs).T
    found, renamed = compare(clusters, labels, 4), compare(4 - clusters, labels, 4)
    assert found.figures() == pytest.approx(renamed.figures())
    assert 1 / len(pairs) <= found.purity <= 1


@given(st.lists(st.integers(0, 3), min_size=2, max_size=40))
def test_the_labels_themselves_agree_fully(labels: list[int]) -> None:
    found = compare(np.array(labels), np.array(labels), 4)
    assert (found.purity, found.adjusted_rand) == (1, 1)
    assert not found.entropies.any()


def test_nothing_to_compare_is_refused() -> None:
    with pytest.raises(ValueError, match="no rows were given"):
        compare(np.zeros(0, np.int64), np.zeros(0, np.int64), 2)
