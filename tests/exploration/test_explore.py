"""Exploring a data set: floors on the embedded digits, sealed rows, determinism, and wrong use."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from glifo.data.dataset import open_data
from glifo.data.splits import rows_to_show
from glifo.experiment.explore import Exploration, explore


@pytest.fixture(scope="module")
def digits() -> Exploration:
    return explore("optdigits")


def save(folder: Path, images: np.ndarray, labels: np.ndarray) -> Path:
    path = folder / "own.npz"
    np.savez(path, images=images, labels=labels, classes=np.array(["a", "b", "c"][: labels.max() + 1]))
    return path


def random_pictures(num: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (num, 9, 9), dtype=np.uint8)


def test_clusters_of_the_digits_agree_with_the_classes(digits: Exploration) -> None:
    found = digits.clustering
    assert 8 <= found.choices["silhouette"] <= 12
    assert found.choices["classes"] == 10
    assert found.agreement.adjusted_rand > 0.55
    assert found.agreements[10].adjusted_rand > 0.6
    assert found.agreements[10].purity > 0.7
    assert found.agreements[10].normalized_mutual_information > 0.7
    assert digits.num_components[0.95] in range(25, 32)


def test_the_test_rows_are_not_among_those_looked_at(digits: Exploration) -> None:
    dataset = open_data("optdigits")
    rows = rows_to_show(dataset)
    assert len(digits.labels) == digits.num_shown == len(rows) < len(dataset)
    assert np.array_equal(digits.images, dataset.images[rows])
    assert np.array_equal(digits.labels, dataset.labels[rows])


def test_clusters_stand_in_the_order_of_their_commonest_labels(digits: Exploration) -> None:
    majorities = digits.clustering.agreement.majorities
    assert (np.diff(majorities) >= 0).all()
    told = digits.cluster_dicts()
    assert [each["cluster"] for each in told] == list(range(1, len(told) + 1))
    assert sum(each["rows"] for each in told) == len(digits.labels)
    assert all(sum(each["labels"].values()) == each["rows"] for each in told)


def test_centroids_are_the_mean_pictures(digits: Exploration) -> None:
    first = digits.images[digits.clustering.clusters == 0]
    assert np.abs(digits.centroids()[0] - first.mean(axis=0)).max() <= 0.5


def test_the_same_seed_gives_the_same_json_and_another_seed_another_sample() -> None:
    first, again, other = (explore("optdigits", num_rows=200, seed=seed) for seed in (3, 3, 4))
    assert json.dumps(first.to_dict()) == json.dumps(again.to_dict())
    assert len(first.labels) == 200
    assert not np.array_equal(first.images, other.images)


def test_classes_and_k_can_be_chosen() -> None:
    found = explore("optdigits", classes="07", num_rows=150, k=2, embedding="tsne")
    assert found.classes == ("0", "7")
    assert set(found.labels.tolist()) == {0, 1}
    assert found.clustering.k == found.clustering.choices["given"] == 2
    assert found.clustering.agreement.purity > 0.95
    assert found.map is not None
    assert found.map.shape == (150, 2)


def test_colour_pictures_are_explored_too(tmp_path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
    found = explore(save(tmp_path, images, np.arange(40) % 3))
    assert found.components.mean.size == 192
    assert found.centroids().shape == (found.clustering.k, 8, 8, 3)


@pytest.mark.parametrize(
    ("num", "num_labels", "options", "message"),
    [
        (40, 3, {"classes": "a"}, "rows of 1 classes to explore"),
        (2, 2, {}, "10 rows"),
        (40, 3, {"num_rows": 5}, "5 rows of"),
        (40, 3, {"k": 35}, "choose a smaller k"),
        (40, 3, {"k": 0}, "k = 0 clusters"),
        (40, 3, {"classes": "x"}, "has no class"),
        (40, 3, {"embedding": "isomap"}, "no embedding is called"),
        (40, 3, {"num_rows": 0}, "a sample of 0 rows"),
    ],
)
def test_wrong_use_is_told(tmp_path, num: int, num_labels: int, options: dict, message: str) -> None:
    path = save(tmp_path, random_pictures(num), np.arange(num) % num_labels)
    with pytest.raises(ValueError, match=message):
        explore(path, **options)


def test_pictures_that_are_all_the_same_are_refused(tmp_path) -> None:
    with pytest.raises(ValueError, match="pictures are the same"):
        explore(save(tmp_path, np.full((40, 9, 9), 7, np.uint8), np.arange(40) % 3))


def test_few_different_pictures_are_enough(tmp_path) -> None:
    images = np.zeros((40, 9, 9), np.uint8)
    images[::2, 4] = 255
    found = explore(save(tmp_path, images, np.arange(40) % 2))
    assert found.clustering.k == 2
    assert found.clustering.agreement.purity == 1


def test_an_unknown_data_set_is_told() -> None:
    with pytest.raises(ValueError, match="optdigits"):
        explore("optdigit")
