"""Attributions of functions whose answer is known, and completeness."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glifo.exploration.attribution import integrated_gradients, occlusion, quadrants, saliency

RANDOM = np.random.default_rng(0)
PICTURE = RANDOM.random((2, 6, 5))
WEIGHTS = RANDOM.normal(size=(2, 6, 5))


def linear(pictures: np.ndarray) -> np.ndarray:
    return (pictures * WEIGHTS).sum(axis=(1, 2, 3))


def linear_gradient(pictures: np.ndarray) -> np.ndarray:
    return np.broadcast_to(WEIGHTS, pictures.shape)


def test_occlusion_of_one_pixel_is_its_part_of_a_linear_answer() -> None:
    heat = occlusion(linear, PICTURE, grey=0.0, side=1)
    assert np.allclose(heat, (PICTURE * WEIGHTS).sum(axis=0))


def test_occlusion_with_what_is_there_changes_nothing() -> None:
    assert np.allclose(occlusion(linear, PICTURE, grey=PICTURE, side=3), 0)


def test_a_square_counts_for_every_pixel_it_covers() -> None:
    picture = np.zeros((1, 5, 5))
    picture[0, 0, 0] = 1.0  # one square of four covers this corner
    heat = occlusion(lambda pictures: pictures[:, 0, 0, 0], picture, grey=0.0, side=2)
    expected = np.zeros((5, 5))
    expected[:2, :2] = [[1, 1 / 2], [1 / 2, 1 / 4]]
    assert np.allclose(heat, expected)


@pytest.mark.parametrize("side", [0, 6])
def test_a_square_that_does_not_fit_is_refused(side: int) -> None:
    with pytest.raises(ValueError, match="expected 1 to 5"):
        occlusion(linear, PICTURE, grey=0.0, side=side)


def test_saliency_is_the_largest_gradient_over_channels() -> None:
    assert np.allclose(saliency(linear_gradient, PICTURE), np.abs(WEIGHTS).max(axis=0))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_integrated_gradients_are_complete(seed: int) -> None:
    """Sundararajan et al. 2017, proposition 1, on a curved function with its gradient written by hand."""
    random = np.random.default_rng(seed)
    weights, picture, baseline = random.normal(size=(3, 1, 4, 4))

    def gradient(pictures: np.ndarray) -> np.ndarray:
        return weights / np.cosh((pictures * weights).sum(axis=(1, 2, 3), keepdims=True)) ** 2

    def answer(picture: np.ndarray) -> float:
        return float(np.tanh((picture * weights).sum()))

    heat = integrated_gradients(gradient, picture, baseline)
    assert heat.sum() == pytest.approx(answer(picture) - answer(baseline), abs=2e-3)


def test_integrated_gradients_of_a_linear_answer_are_exact() -> None:
    heat = integrated_gradients(linear_gradient, PICTURE, 0 * PICTURE, num_steps=3)
    assert np.allclose(heat, (PICTURE * WEIGHTS).sum(axis=0))


def test_pixels_that_are_as_in_the_baseline_get_nothing() -> None:
    picture = PICTURE.copy()
    picture[:, 2] = 0
    assert not integrated_gradients(linear_gradient, picture, 0 * picture)[2].any()


@given(st.integers(1, 7), st.integers(1, 7))
def test_quadrants_share_everything(height: int, width: int) -> None:
    heat = np.arange(float(height * width)).reshape(height, width)
    assert sum(quadrants(heat).values()) == pytest.approx(heat.sum())


def test_quadrants_of_an_odd_side_share_the_middle() -> None:
    assert quadrants(np.array([[4.0, 2.0, 0.0]])) == {
        "upper left": 2.5,
        "upper right": 0.5,
        "lower left": 2.5,
        "lower right": 0.5,
    }
