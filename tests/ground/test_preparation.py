"""Frames and preparations: plain numbers that survive JSON, standardise as NumPy and torch do, and refuse nonsense."""

from __future__ import annotations

import json
import math

import jaxtyping
import numpy as np
import pytest
import torch

from glifo.images import FRAMES, Frame, Preparation, as_batch, canonical_glyph, fit_preparation


@pytest.fixture
def unchecked():
    """Without the type checks of the tests, so that wrong values meet the refusals that users meet."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_survives_json(name):
    assert Frame.from_dict(json.loads(json.dumps(FRAMES[name].to_dict()))) == FRAMES[name]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"centre": "page"}, "the kind is 'glyph' or 'photo'"),
        ({"height": 0}, "sides of at least 1"),
        ({"channels": 3}, "3 channels for a photo"),
        ({"border": 14}, "the border must leave room"),
        ({"blur": -1.0}, "the blur lie in 0..8"),
        ({"blur": math.nan}, "the blur lie in 0..8"),
        ({"height": 28.0}, "a frame with height=28.0: expected a value like 28"),
        ({"shade": 3}, "a frame with the field 'shade': expected kind, height"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_a_wrong_frame_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        Frame.from_dict(values)


IMAGES = np.random.default_rng(1).integers(0, 256, (20, 28, 28), np.uint8)
PHOTOS = np.random.default_rng(2).integers(0, 256, (20, 32, 32, 3), np.uint8)


@pytest.mark.parametrize(("images", "name"), [(IMAGES, "mnist"), (PHOTOS, "cifar10")])
@pytest.mark.parametrize("per_pixel", [False, True])
def test_preparation_standardises_as_scipy_does_and_alike_for_numpy_and_torch(images, name, per_pixel):
    preparation = fit_preparation(images, FRAMES[name], per_pixel=per_pixel)
    batch = preparation.as_batch(images)
    ours = preparation.normalise(batch)
    axes = (0,) if per_pixel else (0, 2, 3)
    exact = batch.astype(np.float64)
    np.testing.assert_allclose(
        ours, (exact - exact.mean(axes, keepdims=True)) / exact.std(axes, keepdims=True), atol=1e-4
    )
    in_torch = preparation.normalise(torch.from_numpy(batch))
    assert in_torch.dtype == torch.float32 and ours.dtype == np.float32
    np.testing.assert_allclose(in_torch.numpy(), ours, atol=1e-5)


def test_a_constant_pixel_gets_deviation_one():
    images = IMAGES.copy()
    images[:, 0, 0] = 17
    preparation = fit_preparation(images, FRAMES["emnist"], per_pixel=True)
    assert preparation.std[0] == 1 and preparation.mean[0] == pytest.approx(17 / 255)
    assert fit_preparation(np.zeros((3, 28, 28), np.uint8), FRAMES["emnist"]).std == (1.0,)


def test_preparation_survives_json_and_prepares():
    preparation = fit_preparation(IMAGES, FRAMES["emnist"], per_pixel=True)
    assert Preparation.from_dict(json.loads(json.dumps(preparation.to_dict()))) == preparation
    page = np.full((90, 60), 250, np.uint8)
    page[20:70, 30:35] = 10
    np.testing.assert_array_equal(preparation.prepare(page), canonical_glyph(page, FRAMES["emnist"]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"std": [0.0]}, "a std with 0.0: expected finite numbers, and a std above 0"),
        ({"std": [-1]}, "a std with -1"),
        ({"mean": [math.nan]}, "a mean with nan: expected finite numbers"),
        ({"mean": ["0.1"]}, "a mean with '0.1'"),
        ({"mean": [0.1, 0.2]}, r"a mean of 2 numbers for images shaped \(28, 28\): expected one, one per channel"),
        ({"mean": []}, "a mean of 0 numbers"),
        ({"mean": 0.1}, "expected frame, mean and std as to_dict writes them"),
        ({"more": 1}, "a preparation with the parts"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_a_wrong_preparation_is_refused(change, message):
    values = {"frame": FRAMES["emnist"].to_dict(), "mean": [0.1], "std": [0.3]} | change
    with pytest.raises(ValueError, match=message):
        Preparation.from_dict(values)


def test_a_batch_is_white_at_one_and_channels_first():
    assert as_batch(np.full((2, 28, 28), 255, np.uint8)).max() == 1.0
    batch = as_batch(PHOTOS)
    assert batch.shape == (20, 3, 32, 32) and batch.dtype == np.float32 and batch.flags.c_contiguous
    np.testing.assert_array_equal(np.rint(batch[:, 1] * 255), PHOTOS[..., 1])


def test_images_of_another_frame_are_refused():
    with pytest.raises(ValueError, match=r"images shaped \(28, 28\): expected \(32, 32, 3\); make each with canonical"):
        fit_preparation(PHOTOS, FRAMES["cifar10"]).as_batch(IMAGES)
    with pytest.raises(
        ValueError, match=r"images shaped \(20, 28, 28\): expected at least one uint8 image of \(8, 8\)"
    ):
        fit_preparation(IMAGES, FRAMES["optdigits"])


@pytest.mark.usefixtures("unchecked")
def test_pixels_that_are_not_bytes_are_refused():
    for picture in (np.zeros((9, 9)), np.zeros((3, 4, 5, 3), np.uint8), np.zeros((4, 4, 2), np.uint8)):
        with pytest.raises(ValueError, match=r"expected uint8, height x width \[x 3\]; pass it through load_picture"):
            canonical_glyph(picture, FRAMES["emnist"])
