"""The earlier work's two helpers: its own tests, and what they left out."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import LabelBinarizer

from glifo.data.classic import normalize_images, one_hot


def test_the_originals_normalize_images():
    found = normalize_images(np.array([0, 127, 255]))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.array([0, 127 / 255, 1], np.float32))


def test_the_originals_one_hot():
    np.testing.assert_array_equal(one_hot(np.arange(10)), np.identity(10))


def test_one_hot_agrees_with_scikit_learn():
    labels = np.random.default_rng(0).integers(0, 7, 50)
    np.testing.assert_array_equal(one_hot(labels, 7), LabelBinarizer().fit(range(7)).transform(labels))


@pytest.mark.parametrize("labels", [[0, 3], [-1, 0]])
def test_labels_out_of_range_are_refused(labels):
    with pytest.raises(ValueError, match="expected 0 to 2; number them from 0"):
        one_hot(np.array(labels), 3)
