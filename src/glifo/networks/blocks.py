"""The layers that several networks share."""

from __future__ import annotations

import torch
from torch import nn


def conv_relu(channels_in: int, channels_out: int, *, padding: int = 0) -> list[nn.Module]:
    """A 3x3 convolution with bias and its ReLU; padding 0 is Keras' "valid", 1 its "same"."""
    return [nn.Conv2d(channels_in, channels_out, 3, padding=padding), nn.ReLU()]


def batch_norm(channels: int) -> nn.BatchNorm2d:
    """Batch normalisation with Keras' epsilon of 1e-3 (torch's is 1e-5), as the earlier works ran it."""
    return nn.BatchNorm2d(channels, eps=1e-3)


@torch.no_grad()
def num_features(body: nn.Module, shape: tuple[int, int, int]) -> int:
    """How many numbers `body` gives for one picture of `shape` (channels, height, width)."""
    body.eval()
    features = body(torch.zeros(1, *shape)).numel()
    body.train()
    return int(features)
