"""Stroke width, blur, ink, grain and rules: against SciPy, by range, and by what each must leave alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from glifo.data import appearance
from glifo.data.appearance import add_grain, add_rule, vary_blur, vary_ink, vary_stroke
from glifo.data.augment import Augment

EVERY = {"stroke": 0.8, "blur": 0.6, "ink": 0.4, "grain": 0.1, "rule": 0.5}


@pytest.fixture
def image() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.nn.functional.pad(torch.rand(6, 1, 10, 8), (3, 3, 3, 3))


def always(amount: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(appearance, "uniform", lambda image, low, high: torch.full((len(image), 1, 1, 1), amount))


@pytest.mark.parametrize(("amount", "name"), [(1.0, "grey_dilation"), (-1.0, "grey_erosion")])
def test_the_whole_way_is_scipys_dilation_or_erosion(image, monkeypatch, amount, name):
    import scipy.ndimage

    always(amount, monkeypatch)
    expected = [getattr(scipy.ndimage, name)(each, size=(3, 3)) for each in image[:, 0].numpy()]
    assert np.allclose(vary_stroke(image, 1.0)[:, 0].numpy(), expected)


def test_the_whole_blur_is_scipys_mean(image, monkeypatch):
    from scipy.ndimage import uniform_filter

    always(1.0, monkeypatch)
    expected = [uniform_filter(each, 3, mode="constant") for each in image[:, 0].numpy()]
    assert np.allclose(vary_blur(image, 1.0)[:, 0].numpy(), expected, atol=1e-6)


def test_thin_strokes_are_not_lost_half_way_and_thick_ones_grow():
    torch.manual_seed(1)
    line = torch.zeros(400, 1, 9, 9)
    line[:, :, 4, 1:8] = 1.0
    ink = vary_stroke(line, 0.8).sum((1, 2, 3))
    assert ink.min() >= 0.2 * 7 - 1e-4 and ink.max() > 2 * 7


def test_ink_fades_but_white_paper_stays(image):
    torch.manual_seed(2)
    changed = vary_ink(image, 0.5)
    assert (changed[image == 0] == 0).all()
    assert changed.max() <= 1 and 0.5 <= float(vary_ink(torch.ones(500, 1, 1, 1), 0.5).min()) < 0.6


def test_grain_is_as_strong_as_said():
    torch.manual_seed(3)
    grey = torch.full((2000, 1, 6, 6), 0.5)
    deviation = add_grain(grey, 0.1).std((1, 2, 3))
    assert deviation.max() < 0.16 and float(deviation.mean()) == pytest.approx(0.05, abs=0.005)


def test_rules_lie_near_a_side_in_the_share_of_pictures_asked_for():
    torch.manual_seed(4)
    ruled = add_rule(torch.zeros(2000, 1, 28, 28), 0.25)
    touched = ruled.amax((1, 2, 3)) > 0
    assert float(touched.float().mean()) == pytest.approx(0.25, abs=0.03)
    assert (ruled[:, :, 3:-3, 3:-3].amax((2, 3)) <= ruled.amax((2, 3))).all()
    lengths = (ruled[touched] > 0).sum((1, 2, 3))
    assert (lengths == 28).all()  # one line each, one pixel wide
    sides = [ruled[:, :, :3], ruled[:, :, -3:], ruled[..., :3], ruled[..., -3:]]
    full = [((side > 0).sum((1, 2, 3)) == 28).float().mean() for side in sides]
    assert all(0.04 < float(share) < 0.09 for share in full)


def test_all_together_stay_in_range_and_follow_the_seed(image):
    torch.manual_seed(5)
    first = Augment(**EVERY)(image)
    torch.manual_seed(5)
    assert torch.equal(Augment(**EVERY)(image), first)
    assert first.shape == image.shape and first.min() >= 0 and first.max() <= 1
    assert not torch.allclose(first, image, atol=0.1)


@pytest.mark.parametrize("options", [{"ink": 1.0}, {"rule": 1.5}, {"grain": -0.1}])
def test_amounts_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match="out of range"):
        Augment(**options)
