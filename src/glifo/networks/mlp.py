"""Multi-layer perceptrons A to F of the optical digits work: 64 values in, one or two small hidden layers, 10 out."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

from torch import nn


def mlp(
    shape: tuple[int, int, int],
    num_classes: int,
    hidden: tuple[int, ...],
    activation: Callable[[], nn.Module] = nn.ReLU,
) -> nn.Module:
    """Dense layers of the `hidden` widths with `activation` between them; pictures of any shape are flattened first."""
    widths = [math.prod(shape), *hidden]
    layers: list[nn.Module] = [nn.Flatten()]
    for width_in, width_out in pairwise(widths):
        layers += [nn.Linear(width_in, width_out), activation()]
    return nn.Sequential(*layers, nn.Linear(widths[-1], num_classes))


def mlp_a(shape: tuple[int, int, int], num_classes: int) -> nn.Module:
    """Perceptron A, 64-10-10 ReLU: 760 parameters."""
    return mlp(shape, num_classes, (10,))


def mlp_b(shape: tuple[int, int, int], num_classes: int) -> nn.Module:
    """Perceptron B, 64-40-10 ReLU: 3,010 parameters."""
    return mlp(shape, num_classes, (40,))


def mlp_c(shape: tuple[int, int, int], num_classes: int) -> nn.Module:
    """Perceptron C, 64-10-10 tanh: 760 parameters."""
    return mlp(shape, num_classes, (10,), nn.Tanh)


def mlp_d(shape: tuple[int, int, int], num_classes: int) -> nn.Module:
    """Perceptron D, 64-40-10 tanh: 3,010 parameters."""
    return mlp(shape, num_classes, (40,), nn.Tanh)


def mlp_e(shape: tuple[int, int, int], num_classes: int) -> nn.Module:
    """Perceptron E, 64-10-10-10 ReLU: 870 parameters."""
    return mlp(shape, num_classes, (10, 10))


def mlp_f(shape: tuple[int, int, int], num_classes: int) -> nn.Module:
    """Perceptron F, 64-40-40-10 ReLU: 4,650 parameters."""
    return mlp(shape, num_classes, (40, 40))
