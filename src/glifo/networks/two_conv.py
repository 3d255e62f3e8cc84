"""net_1 and net_2: two convolutions and one dense layer; net_2 strides where net_1 pools."""

from __future__ import annotations

from torch import nn

from glifo.networks.blocks import Flatten, conv_relu, num_features


def net_1(shape: tuple[int, int, int], num_classes: int) -> nn.Module:
    """Two convolutions, pooling, two dense layers: 1,625,866 parameters on (1, 28, 28), 2,117,962 on (3, 32, 32)."""
    # ReLU and pooling commute; pooling first leaves ReLU a quarter of the work.
    pooled = [nn.Conv2d(32, 64, 3, padding=1), nn.MaxPool2d(2), nn.ReLU()]
    body = nn.Sequential(*conv_relu(shape[0], 32, padding=1), *pooled, Flatten())
    return with_head(body, shape, num_classes)


def net_2(shape: tuple[int, int, int], num_classes: int) -> nn.Module:
    """As net_1 without pooling: the second convolution takes stride 2, padded at the far edges as Keras' "same" is."""
    strided = [nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(32, 64, 3, stride=2), nn.ReLU()]
    body = nn.Sequential(*conv_relu(shape[0], 32, padding=1), *strided, Flatten())
    return with_head(body, shape, num_classes)


def with_head(body: nn.Sequential, shape: tuple[int, int, int], num_classes: int) -> nn.Module:
    return nn.Sequential(*body, nn.Linear(num_features(body, shape), 128), nn.ReLU(), nn.Linear(128, num_classes))
