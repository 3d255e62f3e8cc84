"""What a network is made of: the summary people know from Keras, and its floating-point operations."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

Shape = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer: its dotted name, kind, output shape without the batch, and number of parameters."""

    name: str
    kind: str
    output_shape: Shape
    num_parameters: int


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A network's layers in the order they run, its parameters, and FLOPs of one picture forward (a multiply-add is 2)."""

    input_shape: Shape
    layers: tuple[Layer, ...]
    num_parameters: int
    num_trainable: int
    flops: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def count_parameters(module: nn.Module) -> int:
    """Weights, biases and running means and variances, as Keras counts them (batch counters are not counted)."""
    running = sum(buffer.numel() for buffer in module.buffers() if buffer.is_floating_point())
    return sum(parameter.numel() for parameter in module.parameters()) + running


@torch.no_grad()
def summarize(network: nn.Module, shape: Shape) -> Summary:
    """Run one picture of zeros of `shape` (channels, height, width) through any `torch.nn.Module` and note each layer."""
    layers: list[Layer] = []

    def note(name: str) -> Any:
        def hook(module: nn.Module, _: Any, output: Tensor) -> None:
            layers.append(
                Layer(
                    name=name,
                    kind=type(module).__name__,
                    output_shape=tuple(output.shape[1:]),
                    num_parameters=count_parameters(module),
                )
            )

        return hook

    leaves = [(name, module) for name, module in network.named_modules() if not list(module.children())]
    hooks = [module.register_forward_hook(note(name)) for name, module in leaves]
    was_training = network.training
    counter = FlopCounterMode(display=False)
    try:
        with counter:
            network.eval()(torch.zeros(1, *shape))
    finally:
        network.train(was_training)
        for hook in hooks:
            hook.remove()
    return Summary(
        input_shape=tuple(shape),
        layers=tuple(layers),
        num_parameters=count_parameters(network),
        num_trainable=sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad),
        flops=counter.get_total_flops(),
    )
