"""The letter scanner's network: convolution, batch normalisation and pooling in three blocks, dropout .2, dense.

The original gives the kinds of layers and no widths; 32-64-128 and a dense layer of 128 are ours.
"""

from __future__ import annotations

from itertools import pairwise

from torch import nn

from glifo.networks.blocks import Flatten, batch_norm, conv_relu, num_features


def scanner(shape: tuple[int, int, int], num_classes: int) -> nn.Module:
    """Three blocks of convolution, normalisation, pooling: 244,506 parameters on (1, 28, 28) with 26 classes."""
    widths = [shape[0], 32, 64, 128]
    body = nn.Sequential()
    for channels_in, channels_out in pairwise(widths):
        body.extend([*conv_relu(channels_in, channels_out, padding=1), batch_norm(channels_out), nn.MaxPool2d(2)])
    body.extend([nn.Dropout(0.2), Flatten()])
    head = [nn.Linear(num_features(body, shape), 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, num_classes)]
    return nn.Sequential(*body, *head)
