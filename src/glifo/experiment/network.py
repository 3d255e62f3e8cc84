"""A bundle's torch network, built anew from its recipe and weights, and what can be asked of it besides its answer.

Reading needs none of this (see `glifo.recognizer`). Use:

    network = rebuild(bundle)
    layer_maps(network, normalised(bundle.preparation, image))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load as from_safetensors
from torch import Tensor, nn

from glifo.bundle import Bundle
from glifo.images import Preparation
from glifo.networks import NETWORKS, build
from glifo.networks.to_onnx import check_parity
from glifo.recognizer import Recognizer

NUM_CHANNELS, BATCH = 8, 256
MAPPED = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.BatchNorm2d, nn.Linear)


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerMaps:
    """What a layer gives for the glyph: its first channels as maps; a dense layer's numbers as one map of one row."""

    name: str
    kind: str
    output_shape: tuple[int, ...]
    maps: Float[np.ndarray, "channels height width"]


def rebuild(bundle: Bundle) -> nn.Module:
    """The torch network of a bundle, with its weights, for reading; ValueError where it is none of glifo's networks."""
    name = (bundle.facts.get("recipe") or {}).get("network")
    if name not in NETWORKS:
        raise ValueError(
            f"the bundle's network is {name!r}, which glifo cannot build anew; known: {', '.join(NETWORKS)}. Explain a "
            "bundle that a recipe of glifo's has trained"
        )
    frame = bundle.preparation.frame
    network = build(name, shape=(frame.channels, frame.height, frame.width), num_classes=len(bundle.classes))
    try:
        network.load_state_dict(from_safetensors(bundle.weights))
    except (RuntimeError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(
            f"the bundle's weights do not fit its network {name} ({reason}); get or make the bundle again"
        ) from None
    return network.float().eval().requires_grad_(False)


def check_same_network(recognizer: Recognizer, network: nn.Module, glyph: np.ndarray, image: np.ndarray) -> float:
    """How far the rebuilt network's logits are from the graph's, relative to their range; ValueError if they differ."""
    answer = network(normalised(recognizer.bundle.preparation, image)).numpy()
    try:
        return check_parity(recognizer.logits(glyph[None]), answer)
    except ValueError:
        raise ValueError(
            "the bundle's weights and its graph answer this picture differently, so the one cannot explain the other; get "
            "or make the bundle again"
        ) from None


def normalised(preparation: Preparation, image: np.ndarray) -> Tensor:
    """Pictures in 0..1 as the network takes them."""
    return preparation.normalise(torch.from_numpy(image))


def lead_of(network: nn.Module, preparation: Preparation, best: int, other: int) -> Callable[[np.ndarray], np.ndarray]:
    """From pictures to the logit of one class minus that of another."""

    def lead(pictures: np.ndarray) -> np.ndarray:
        logits = network(normalised(preparation, pictures))
        return (logits[:, best] - logits[:, other]).numpy()

    return lead


def gradient_of(
    network: nn.Module, preparation: Preparation, weights: dict[int, float]
) -> Callable[[np.ndarray], np.ndarray]:
    """From pictures in 0..1 to the gradient of a weighted sum of logits by each pixel."""

    def gradient(pictures: np.ndarray) -> np.ndarray:
        image = torch.from_numpy(pictures).requires_grad_(True)
        logits = network(preparation.normalise(image))
        total = sum(weight * logits[:, label].sum() for label, weight in weights.items())
        return torch.autograd.grad(total, image)[0].numpy()

    return gradient


@torch.no_grad()
def layer_maps(network: nn.Module, image: Float[Tensor, "1 channels height width"]) -> list[LayerMaps]:
    """What the convolutions, poolings, normalisations and dense layers give for one picture, in the order they run."""
    found: list[LayerMaps] = []

    def note(name: str) -> Any:
        def hook(module: nn.Module, _: Any, output: Tensor) -> None:
            values = output[0].float()
            maps = values[:NUM_CHANNELS] if values.dim() == 3 else values.reshape(1, 1, -1)
            kind = type(module).__name__
            found.append(LayerMaps(name=name, kind=kind, output_shape=tuple(values.shape), maps=maps.clone().numpy()))

        return hook

    hooks = [
        module.register_forward_hook(note(name))
        for name, module in network.named_modules()
        if isinstance(module, MAPPED)
    ]
    try:
        network(image)
    finally:
        for hook in hooks:
            hook.remove()
    return found


@torch.no_grad()
def embed(network: nn.Module, preparation: Preparation, glyphs: np.ndarray) -> Float[np.ndarray, "n features"]:
    """What the last dense layer is given for canonical glyphs: the network's own description of them."""
    given: list[Tensor] = []
    last = [module for module in network.modules() if isinstance(module, nn.Linear)][-1]
    hook = last.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0].flatten(1)))
    try:
        for start in range(0, len(glyphs), BATCH):
            network(normalised(preparation, preparation.as_batch(glyphs[start : start + BATCH])))
    finally:
        hook.remove()
    return torch.cat(given).float().numpy()
