"""The real official files, where GLIFO_DATA names them: counts, orientation, labels that agree with the images."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from glifo.data.catalog import SOURCES
from glifo.data.dataset import Dataset, open_data
from glifo.data.readers import presence
from glifo.data.splits import find_repeats, rows_to_show, split

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif("GLIFO_DATA" not in os.environ, reason="set GLIFO_DATA to the folder of the official files"),
]


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLIFO_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def opened(name: str) -> Dataset:
    if presence(SOURCES[name], Path(os.environ["GLIFO_DATA"])) == "absent":
        pytest.skip(f"{name} is not in GLIFO_DATA")
    return open_data(name)


@pytest.mark.parametrize(
    "name",
    ["mnist", "emnist-partial-byclass", "emnist-partial-bymerge", "emnist-partial-letters", "usps", "optdigits-full"],
)
def test_rows_are_as_many_as_published(name: str) -> None:
    data = opened(name)
    num_train, num_test = SOURCES[name].counts
    assert (len(data) - data.num_official_test, data.num_official_test) == (num_train, num_test)
    assert (np.bincount(data.labels, minlength=len(data.classes)) > 0).all()


def test_usps_counts_are_those_of_its_description() -> None:
    usps = opened("usps")
    assert np.bincount(usps.labels[:7291]).tolist() == [1194, 1005, 731, 658, 652, 556, 664, 645, 542, 644]
    assert np.bincount(usps.labels[7291:]).tolist() == [359, 264, 198, 166, 200, 160, 170, 147, 166, 177]


@pytest.mark.parametrize(
    ("name", "floor"), [("mnist", 0.88), ("emnist-partial-bymerge", 0.6), ("usps", 0.9), ("optdigits-full", 0.95)]
)
def test_labels_agree_with_the_images_of_both_parts(name: str, floor: float) -> None:
    """A transposed, shifted or shuffled part would leave the neighbours at chance."""
    data = opened(name)
    random = np.random.default_rng(0)
    train, test = (
        np.sort(random.permutation(rows)[:3000]) for rows in (rows_to_show(data), split(data).test.open("label check"))
    )
    pixels = data.images.reshape(len(data), -1)
    model = KNeighborsClassifier(3).fit(pixels[train] / 255, data.labels[train])
    assert model.score(pixels[test[:1000]] / 255, data.labels[test[:1000]]) > floor


def test_the_embedded_digits_are_the_official_test_file() -> None:
    full, embedded = opened("optdigits-full"), open_data("optdigits")
    np.testing.assert_array_equal(full.images[-1797:], embedded.images)
    np.testing.assert_array_equal(full.labels[-1797:], embedded.labels)


def test_the_partial_training_rows_are_not_in_the_official_test() -> None:
    data = opened("emnist-partial-bymerge")
    assert find_repeats(data.images, rows_to_show(data), split(data).test.open("repeats")).count == 0


def test_rows_shared_by_two_official_splits_are_found() -> None:
    """EMNIST's README figure: ByClass test and ByMerge test share 16,478 rows."""
    merged, by_class = opened("emnist-partial-bymerge"), opened("emnist-partial-byclass")
    images = np.concatenate([merged.images[-116_323:], by_class.images[-16_478:]])
    rows = np.arange(len(images))
    assert find_repeats(images, rows[:116_323], rows[116_323:]).count == 16_478


def test_cifar_without_the_official_test_batch_says_so() -> None:
    cifar = opened("cifar10")
    assert cifar.images.shape[1:] == (32, 32, 3)
    assert (cifar.num_official_test == 10_000) and (len(cifar) == 60_000 or "batch 5" in cifar.note)
