"""The custom CNN of the EMNIST ByClass work: three valid convolutions, batch normalisation after ReLU."""

from __future__ import annotations

from torch import nn

from glifo.networks.blocks import Flatten, batch_norm, conv_relu, num_features


def custom(shape: tuple[int, int, int], num_classes: int) -> nn.Module:
    """Three convolutions with batch normalisation: 199,934 parameters on (1, 28, 28) with 62 classes, as Keras counts."""
    body = nn.Sequential(
        *conv_relu(shape[0], 32),
        batch_norm(32),
        nn.MaxPool2d(2),
        *conv_relu(32, 64),
        batch_norm(64),
        nn.Conv2d(64, 64, 3),
        nn.MaxPool2d(2),
        nn.ReLU(),
        Flatten(),
    )
    features = num_features(body, shape)
    head = [
        nn.BatchNorm1d(features, eps=1e-3),
        nn.Linear(features, 128),
        nn.ReLU(),
        nn.BatchNorm1d(128, eps=1e-3),
        nn.Dropout(0.2),
        nn.Linear(128, num_classes),
    ]
    return nn.Sequential(*body, *head)
