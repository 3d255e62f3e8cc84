"""The layers that several networks share."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def conv_relu(channels_in: int, channels_out: int, *, padding: int = 0) -> list[nn.Module]:
    """A 3x3 convolution with bias and its ReLU; padding 0 is Keras' "valid", 1 its "same"."""
    return [nn.Conv2d(channels_in, channels_out, 3, padding=padding), nn.ReLU()]


def batch_norm(channels: int) -> nn.BatchNorm2d:
    """Batch normalisation with Keras' epsilon of 1e-3 (torch's is 1e-5), as the earlier works ran it."""
    return nn.BatchNorm2d(channels, eps=1e-3)


class Flatten(nn.Module):
    """Pictures as vectors in the order height, width, channels, as Keras flattens them.

    In channels-last memory that is a view. torch's own order costs a transposition forward and backward, which took half
    of net_1's training step (docs/log.md, 2026-11-21).
    """

    def forward(self, image: Tensor) -> Tensor:
        return image.permute(0, 2, 3, 1).flatten(1)


@torch.no_grad()
def num_features(body: nn.Module, shape: tuple[int, int, int]) -> int:
    """How many numbers `body` gives for one picture of `shape` (channels, height, width)."""
    body.eval()
    features = body(torch.zeros(1, *shape)).numel()
    body.train()
    return int(features)
