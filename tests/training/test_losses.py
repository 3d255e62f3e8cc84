"""The loss over label sets: against hand-computed cases, a plain twin, and torch's cross-entropy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from glifo.training.losses import classification_loss, is_right, set_cross_entropy


def sets(*rows: str) -> torch.Tensor:
    return torch.tensor([[mark == "x" for mark in row] for row in rows])


def plain_twin(logits: np.ndarray, allowed: np.ndarray, smoothing: float) -> float:
    """The same loss, one row and one class at a time."""
    losses = []
    for row, open_classes in zip(logits.tolist(), allowed.tolist(), strict=True):
        total = sum(math.exp(value) for value in row)
        shares = [math.exp(value) / total for value in row]
        of_the_set = sum(share for share, is_open in zip(shares, open_classes, strict=True) if is_open)
        spread = sum(math.log(share) for share in shares) / len(shares)
        losses.append(-(1 - smoothing) * math.log(of_the_set) - smoothing * spread)
    return sum(losses) / len(losses)


@pytest.mark.parametrize(
    ("logits", "allowed", "loss"),
    [
        ([0.0, 0.0, 0.0, 0.0], "x---", math.log(4)),
        ([0.0, 0.0, 0.0, 0.0], "xx--", math.log(2)),
        ([0.0, 0.0, 0.0, 0.0], "xxxx", 0.0),
        ([math.log(5), math.log(3), math.log(2), math.log(10)], "-xx-", math.log(4)),  # 5/20 of the probability
        ([100.0, 0.0, 0.0, 0.0], "--xx", 100 - math.log(2)),  # no infinity where exp(-100) is lost beside 1
    ],
)
def test_hand_computed_cases(logits: list[float], allowed: str, loss: float) -> None:
    assert float(set_cross_entropy(torch.tensor([logits]), sets(allowed))) == pytest.approx(loss, abs=1e-5)


@given(seed=st.integers(0, 10_000), smoothing=st.sampled_from([0.0, 0.05, 0.3]))
def test_the_plain_twin_agrees(seed: int, smoothing: float) -> None:
    rng = np.random.default_rng(seed)
    logits, allowed = rng.normal(0, 3, (7, 5)), rng.random((7, 5)) < 0.4
    allowed[np.arange(7), rng.integers(0, 5, 7)] = True
    ours = float(set_cross_entropy(torch.from_numpy(logits), torch.from_numpy(allowed), smoothing=smoothing))
    assert ours == pytest.approx(plain_twin(logits, allowed, smoothing), rel=1e-9, abs=1e-9)


def test_sets_of_one_class_are_torchs_cross_entropy_with_its_gradient() -> None:
    torch.manual_seed(0)
    labels, logits = torch.tensor([0, 2, 1, 2]), torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    allowed = torch.eye(3, dtype=torch.bool)[labels]
    with_sets = classification_loss(logits, labels, allowed, smoothing=0.1)
    without = classification_loss(logits, labels, None, smoothing=0.1)
    torch.testing.assert_close(with_sets, without)
    gradients = [torch.autograd.grad(loss, logits)[0] for loss in (with_sets, without)]
    torch.testing.assert_close(*gradients)


def test_the_classes_of_a_set_are_pushed_up_in_the_ratio_of_their_probabilities() -> None:
    logits = torch.tensor([[math.log(3), 0.0, 0.0]], requires_grad=True)
    set_cross_entropy(logits, sets("xx-")).backward()
    assert logits.grad is not None
    rises = -logits.grad[0]
    assert float(rises[0] / rises[1]) == pytest.approx(3.0) and rises[2] < 0


def test_any_allowed_class_is_right() -> None:
    logits = torch.tensor([[0.0, 1.0, 2.0], [0.0, 1.0, 2.0], [3.0, 1.0, 2.0]])
    assert is_right(logits, torch.tensor([0, 0, 0]), sets("x-x", "xx-", "x--")).tolist() == [True, False, True]
    assert is_right(logits, torch.tensor([2, 0, 1]), None).tolist() == [True, False, False]
