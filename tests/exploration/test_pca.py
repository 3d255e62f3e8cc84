"""PCA against NumPy's singular value decomposition."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glifo.exploration import pca
from glifo.exploration.pca import fit_pca


def rows(num: int, width: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.normal(size=(num, width)) * np.arange(1, width + 1)


@pytest.mark.parametrize(("num", "width"), [(60, 7), (5, 30), (30, 30)])
def test_components_are_those_of_numpys_svd(num: int, width: int) -> None:
    vectors = rows(num, width)
    found = fit_pca(vectors, seed=0)
    _, values, directions = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)
    shares = values**2 / (values**2).sum()
    real = shares > 1e-12
    assert np.allclose(found.shares[: real.sum()], shares[real])
    alignment = np.abs((found.directions[: real.sum()] * directions[real]).sum(axis=1))
    assert np.allclose(alignment, 1), "the same directions but for their sign"


def test_the_randomized_solver_finds_the_leading_components(monkeypatch) -> None:
    monkeypatch.setattr(pca, "LARGEST_EXACT", 20)
    monkeypatch.setattr(pca, "NUM_RANDOMIZED", 5)
    vectors = rows(80, 40)
    found = fit_pca(vectors, seed=0)
    values = np.linalg.svd(vectors - vectors.mean(axis=0), compute_uv=False)
    assert len(found) == 5
    assert np.allclose(found.shares, (values**2 / (values**2).sum())[:5], rtol=0.02)
    assert found.num_for(0.999) is None
    assert np.array_equal(found.shares, fit_pca(vectors, seed=0).shares)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(3, 20), st.integers(2, 8))
def test_all_components_rebuild_the_rows_and_more_are_never_worse(seed: int, num: int, width: int) -> None:
    vectors = rows(num, width, seed)
    found = fit_pca(vectors, seed=0)
    errors = [np.abs(found.reconstruct(vectors, m) - vectors).__pow__(2).sum() for m in range(len(found) + 1)]
    assert errors[-1] < 1e-9 * errors[0]
    assert all(after <= before + 1e-9 * errors[0] for before, after in pairwise(errors))
    assert np.allclose(1 - np.array(errors) / errors[0], [0, *np.cumsum(found.shares)], atol=1e-8)


def test_the_number_of_components_for_a_share() -> None:
    # Two uncorrelated columns with variances 9 and 1: the first component explains 90 %.
    vectors = np.array([[3.0, 1.0], [3.0, -1.0], [-3.0, 1.0], [-3.0, -1.0]])
    found = fit_pca(vectors, seed=0)
    assert np.allclose(found.shares, [0.9, 0.1])
    assert [found.num_for(share) for share in (0.5, 0.9, 0.95, 1.0)] == [1, 1, 2, 2]
    assert np.allclose(found.reconstruct(vectors, 1), vectors * [1, 0])


@pytest.mark.parametrize("vectors", [np.ones((5, 3)), np.ones((1, 3))])
def test_rows_without_difference_are_refused(vectors: np.ndarray) -> None:
    with pytest.raises(ValueError, match="without any difference"):
        fit_pca(vectors, seed=0)
