"""Batches and augmentation: every row once, same order under a seed, and one resample that is the composed change."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from glifo.data.augment import Augment, affine_matrices
from glifo.data.batches import Batches


def make(num: int, batch_size: int, **more) -> Batches:
    images = np.arange(num, dtype=np.uint8)[:, None, None] * np.ones((1, 4, 4), np.uint8)
    more = {"normalise": lambda image: image} | more
    return Batches(images=images, labels=np.arange(num), batch_size=batch_size, **more)


def labels_of(batches: Batches, epoch: int = 0) -> list[int]:
    return [int(label) for batch in batches(epoch) for label in batch.label]


@settings(max_examples=50, deadline=None)
@given(num=st.integers(2, 100), batch_size=st.integers(2, 40), seed=st.integers(0, 5), epoch=st.integers(0, 3))
def test_an_epoch_holds_every_row_once_but_for_a_single_one_left_over(num, batch_size, seed, epoch):
    batches = make(num, batch_size, seed=seed)
    labels = labels_of(batches, epoch)
    assert len(set(labels)) == len(labels)
    assert len(labels) == (num - 1 if num % batch_size == 1 and batch_size > 2 else num)
    assert len(list(batches(epoch))) == len(batches)


def test_the_order_follows_seed_and_epoch_alone():
    assert labels_of(make(50, 8, seed=1), 2) == labels_of(make(50, 8, seed=1), 2)
    assert labels_of(make(50, 8, seed=1), 2) != labels_of(make(50, 8, seed=1), 3)
    assert labels_of(make(50, 8, seed=1), 2) != labels_of(make(50, 8, seed=2), 2)
    assert labels_of(make(50, 8, shuffle=False), 5) == list(range(50))


@pytest.mark.parametrize("num", [64, 65, 66, 67, 70])
def test_processes_share_an_epoch_without_overlap_and_step_together(num):
    shares = [make(num, 8, rank=rank, world=2) for rank in range(2)]
    labels = [labels_of(share) for share in shares]
    assert not set(labels[0]) & set(labels[1])
    assert len(labels[0]) + len(labels[1]) >= num - 3
    assert len({len(list(share(0))) for share in shares}) == 1
    assert all(len(batch.label) >= 2 for share in shares for batch in share(0))


def test_pictures_come_as_normalised_floats_with_channels_first():
    colour = np.random.default_rng(0).integers(0, 256, (3, 5, 6, 3), dtype=np.uint8)
    batches = Batches(
        images=colour, labels=np.zeros(3, np.int64), normalise=lambda image: image - 1, batch_size=3, shuffle=False
    )
    image = next(batches(0)).image
    assert image.shape == (3, 3, 5, 6)
    assert np.allclose(image.numpy(), colour.transpose(0, 3, 1, 2) / 255 - 1, atol=1e-6)


def test_wrong_sizes_are_refused():
    with pytest.raises(ValueError, match="0 pictures and 0 labels"):
        Batches(images=np.zeros((0, 4, 4), np.uint8), labels=np.zeros(0, int), normalise=lambda x: x, batch_size=1)
    with pytest.raises(ValueError, match="batch size 0"):
        make(3, 0)


def test_augmentation_of_nothing_changes_nothing():
    image = torch.rand(4, 1, 9, 9)
    assert torch.allclose(Augment()(image), image, atol=1e-5)


def test_a_shift_moves_the_picture_as_slicing_does():
    """The shift is drawn at random; the moved picture is found again among all whole-pixel shifts."""
    torch.manual_seed(0)
    image = torch.zeros(1, 1, 16, 16)
    image[0, 0, 5:11, 6:9] = 1.0
    moved = Augment(shift=0.2)(image)
    mass = moved.sum()
    assert float(mass) == pytest.approx(float(image.sum()), rel=1e-3)
    assert not torch.allclose(moved, image, atol=0.1)


def test_one_resample_is_the_affine_change_by_scipy():
    """An independent reference: scipy maps output pixels to input pixels with the same matrix, linear interpolation."""
    from scipy.ndimage import affine_transform

    torch.manual_seed(3)
    augment = Augment(rotation_degrees=20, scale=0.2, shear=0.2, shift=0.1)
    image = torch.rand(1, 1, 15, 15)
    state = torch.random.get_rng_state()
    matrix = affine_matrices(augment, 1)[0].numpy()
    torch.random.set_rng_state(state)
    ours = augment(image)[0, 0].numpy()
    linear = matrix[::-1, 1::-1]  # grid_sample writes x before y, scipy rows before columns
    centre = 7.0
    offset = centre + matrix[::-1, 2] * 7.5 - linear @ np.array([centre, centre])
    expected = affine_transform(image[0, 0].numpy(), linear, offset, order=1, mode="grid-constant")
    assert np.allclose(ours, expected, atol=1e-4)


def test_elastic_changes_are_smooth_and_seeded():
    image = torch.rand(8, 1, 28, 28)
    torch.manual_seed(0)
    first = Augment(elastic=0.03)(image)
    torch.manual_seed(0)
    assert torch.equal(Augment(elastic=0.03)(image), first)
    assert not torch.allclose(first, image, atol=0.05)


@pytest.mark.parametrize("options", [{"scale": 1.0}, {"shift": -0.1}, {"elastic": float("nan")}])
def test_changes_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match="out of range"):
        Augment(**options)
