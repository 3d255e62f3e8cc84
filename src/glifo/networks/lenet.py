"""LeNet as the EMNIST ByClass work had it: two valid convolutions, one pooling, heavy dropout.

After LeCun et al. 1998, "Gradient-based learning applied to document recognition", by way of Keras' MNIST example.
"""

from __future__ import annotations

from torch import nn

from glifo.networks.blocks import Flatten, conv_relu, num_features


def lenet(shape: tuple[int, int, int], num_classes: int) -> nn.Module:
    """Two valid convolutions, one pooling, two dropouts: 1,206,590 parameters on (1, 28, 28) with 62 classes."""
    body = nn.Sequential(
        *conv_relu(shape[0], 32), nn.Conv2d(32, 64, 3), nn.MaxPool2d(2), nn.ReLU(), nn.Dropout(0.5), Flatten()
    )
    head = [nn.Linear(num_features(body, shape), 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, num_classes)]
    return nn.Sequential(*body, *head)
