"""Optimizers by name, all torch's own; weight decay is kept from biases and normalisation."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from glifo.files import nearest
from glifo.training.freezing import layer_groups

OPTIMIZERS: dict[str, type[Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "adadelta": torch.optim.Adadelta,
    "sgd": torch.optim.SGD,
}
FUSED = ("adam", "adamw", "sgd")


def make_optimizer(
    name: str,
    network: nn.Module,
    *,
    learning_rate: float,
    weight_decay: float,
    options: dict[str, Any],
    layer_decay: float = 1.0,
) -> Optimizer:
    """The optimizer called `name` over the network's trainable parameters; unknown names and options are ValueErrors.

    layer_decay: the rate of each layer group (`glifo.training.freezing`) as a share of the group above it.
    """
    if name not in OPTIMIZERS:
        raise ValueError(f"no optimizer is called {name!r}; {nearest(name, OPTIMIZERS)}")
    parts = [network] if layer_decay == 1 else layer_groups(network)[::-1]
    groups = [
        {**group, "lr": learning_rate * layer_decay**depth}
        for depth, part in enumerate(parts)
        for group in decay_groups(part, weight_decay)
    ]
    fused: dict[str, Any] = {"fused": True} if name in FUSED else {}
    try:
        return OPTIMIZERS[name]([group for group in groups if group["params"]], lr=learning_rate, **fused, **options)  # type: ignore[call-arg]
    except TypeError as error:
        raise ValueError(f"optimizer {name} does not take these options: {error}") from None


def decay_groups(part: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """A part's trainable weights with decay, and its trainable biases and normalisations without."""
    trainable = [parameter for parameter in part.parameters() if parameter.requires_grad]
    return [
        {"params": [each for each in trainable if each.ndim > 1], "weight_decay": weight_decay},
        {"params": [each for each in trainable if each.ndim <= 1], "weight_decay": 0.0},
    ]
