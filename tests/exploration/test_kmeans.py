"""Choosing k on planted blobs, and silhouettes worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from glifo.exploration import kmeans
from glifo.exploration.kmeans import elbow, fit_clusters, range_of_k, silhouette, sweep


def blobs(k: int, each: int = 25, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """k round groups of rows, all equally far apart (the corners of a simplex)."""
    labels = np.repeat(np.arange(k), each)
    return 10 * np.eye(k)[labels] + np.random.default_rng(seed).normal(0, 0.5, (k * each, k)), labels


@pytest.mark.parametrize("planted", [3, 5, 8])
def test_silhouette_and_elbow_find_the_planted_number(planted: int) -> None:
    vectors, labels = blobs(planted)
    found = sweep(vectors, range(2, 16), seed=0, sample=np.arange(len(labels)))
    assert found.by_silhouette == planted
    assert found.by_elbow == planted
    clusters, inertia = fit_clusters(vectors, planted, seed=0)
    assert adjusted_rand_score(labels, clusters) == 1
    assert inertia == pytest.approx(sum(np.square(v - v.mean(axis=0)).sum() for v in np.split(vectors, planted)))


def test_a_sample_of_rows_is_enough_for_the_silhouette() -> None:
    vectors, labels = blobs(4, each=50)
    assert sweep(vectors, range(2, 10), seed=0, sample=np.arange(0, len(labels), 5)).by_silhouette == 4


def test_mini_batches_find_the_blobs_too(monkeypatch) -> None:
    monkeypatch.setattr(kmeans, "LARGEST_FULL", 50)
    vectors, labels = blobs(4, each=50)
    assert adjusted_rand_score(labels, fit_clusters(vectors, 4, seed=0)[0]) == 1


def test_the_same_seed_gives_the_same_clusters() -> None:
    vectors = np.random.default_rng(0).normal(size=(200, 5))
    first, again, other = (fit_clusters(vectors, 6, seed=seed)[0] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_silhouette_by_hand() -> None:
    # Points 0, 1 and 4 on a line, the first two together: (4 - 1) / 4, (3 - 1) / 3, and 0 for the one alone.
    distances = np.abs(np.subtract.outer([0.0, 1.0, 4.0], [0.0, 1.0, 4.0]))
    assert silhouette(distances, np.array([0, 0, 1])) == pytest.approx((3 / 4 + 2 / 3 + 0) / 3)
    assert silhouette(distances, np.array([0, 0, 0])) == 0
    assert silhouette(distances, np.array([0, 1, 2])) == 0


@pytest.mark.parametrize(
    ("inertias", "expected"), [([100, 60, 20, 18, 16], 4), ([100, 10, 9, 8, 7], 3), ([5, 5, 5, 5, 5], 2)]
)
def test_the_elbow_of_a_curve_by_hand(inertias: list[float], expected: int) -> None:
    assert elbow([2, 3, 4, 5, 6], inertias) == expected


@given(st.floats(0.1, 1e6), st.floats(0, 1e6))
def test_the_elbow_does_not_depend_on_the_scale(scale: float, shift: float) -> None:
    curve = np.array([100.0, 40, 20, 15, 12, 10])
    assert elbow(range(2, 8), (curve * scale + shift).tolist()) == elbow(range(2, 8), curve.tolist())


@given(st.integers(2, 5000), st.integers(2, 100))
def test_a_range_can_be_filled(num_different: int, num_classes: int) -> None:
    ks = range_of_k(num_different, num_classes)
    assert ks[0] == 2
    assert len(ks) <= 20
    assert list(ks) == sorted(set(ks))
    assert ks[-1] == max(2, min(max(20, 2 * num_classes), num_different - 1))


@pytest.mark.parametrize("k", [0, 9])
def test_a_k_that_rows_cannot_fill_is_refused(k: int) -> None:
    with pytest.raises(ValueError, match="expected 1 to 8"):
        fit_clusters(np.eye(8), k, seed=0)


@pytest.mark.parametrize("ks", [(), (1, 2), (3, 3)])
def test_a_range_that_cannot_be_is_refused(ks: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected ascending whole numbers"):
        sweep(np.eye(8), ks, seed=0, sample=np.arange(8))
