"""The stratified sample by property, and the maps by what they must keep."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glifo.exploration.maps import MAPS, check_map
from glifo.exploration.sampling import stratified_sample


@given(st.lists(st.integers(0, 4), min_size=1, max_size=80), st.integers(1, 90), st.integers(0, 9))
def test_a_sample_keeps_the_shares(labels: list[int], num: int, seed: int) -> None:
    array = np.array(labels)
    rows = stratified_sample(array, num, seed)
    assert len(rows) == min(num, len(array))
    assert (np.diff(rows) > 0).all()
    for label in set(labels):
        share = len(rows) * (array == label).mean()
        assert abs((array[rows] == label).sum() - share) <= 2.5
    assert np.array_equal(rows, stratified_sample(array, num, seed))


def test_another_seed_draws_other_rows() -> None:
    labels = np.arange(1000) % 3
    assert not np.array_equal(stratified_sample(labels, 50, 0), stratified_sample(labels, 50, 1))


def test_a_sample_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 1 or more"):
        stratified_sample(np.array([0, 1]), 0, 0)


def test_tsne_keeps_neighbours_together_and_repeats_itself() -> None:
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 20)
    vectors = 20 * np.eye(3)[labels] + random.normal(size=(60, 3))
    found = MAPS["tsne"](vectors, 0)
    distances = np.linalg.norm(found[:, None] - found[None], axis=2) + 1e9 * np.eye(60)
    assert (labels[distances.argmin(axis=1)] == labels).mean() == 1
    assert np.array_equal(found, MAPS["tsne"](vectors, 0))


def test_maps_that_cannot_be_drawn_are_refused(monkeypatch) -> None:
    with pytest.raises(ValueError, match="known: tsne, umap"):
        check_map("isomap")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="pip install umap-learn"):
        check_map("umap")
    check_map("tsne")
