"""The networks, by name. Adding one is one line here; your own `torch.nn.Module` needs no line at all.

    network = build("lenet", shape=(1, 28, 28), num_classes=62)

A builder takes the shape of one picture (channels, height, width) and the number of classes and returns a
`torch.nn.Module` from pictures "batch channels height width" to logits "batch classes"; softmax is left to the loss
and to the reader.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from glifo.files import nearest
from glifo.networks.champion import champion
from glifo.networks.custom import custom
from glifo.networks.lenet import lenet
from glifo.networks.mlp import mlp_a, mlp_b, mlp_c, mlp_d, mlp_e, mlp_f
from glifo.networks.resnet import resnet, resnet18
from glifo.networks.scanner import scanner
from glifo.networks.two_conv import net_1, net_2

Shape = tuple[int, int, int]
Builder = Callable[[Shape, int], nn.Module]

NETWORKS: dict[str, Builder] = {
    "champion": champion,
    "lenet": lenet,
    "custom": custom,
    "resnet": resnet,
    "resnet18": resnet18,
    "net_1": net_1,
    "net_2": net_2,
    "scanner": scanner,
    "mlp_a": mlp_a,
    "mlp_b": mlp_b,
    "mlp_c": mlp_c,
    "mlp_d": mlp_d,
    "mlp_e": mlp_e,
    "mlp_f": mlp_f,
}


def build(name: str, *, shape: Shape, num_classes: int) -> nn.Module:
    """The network called `name` for pictures of `shape` (channels, height, width), with fresh random weights.

    Raises ValueError when there is no such network or when the pictures are too small for its layers.
    """
    if name not in NETWORKS:
        raise ValueError(f"no network is called {name!r}; {nearest(name, NETWORKS)}")
    try:
        return NETWORKS[name](shape, num_classes)
    except RuntimeError as error:
        raise ValueError(
            f"network {name} does not fit pictures of {shape} (channels, height, width): {error}; "
            f"give larger pictures or choose another network"
        ) from None
