"""Transfer: weights of another training as the start of this one.

They come from a run, a bundle, or torchvision's weight file of ResNet-18; never from a pickle that runs code. Weights
are matched by name. Two differences are bridged: a first convolution that saw colour is summed over its channels
for grey pictures (a grey picture in all three channels gives the same answer), and torchvision's 7x7 stem gives its
middle 3x3 to the small-image stem. The head starts fresh unless the classes are the same.

    loaded = start_from(find_source("runs/resnet18-cifar10-seed0"), network, classes)
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load as load_safetensors
from torch import Tensor, nn

from glifo.bundle import BUNDLE_NAME, Bundle
from glifo.recipes import RECIPES
from glifo.runs import RUNS, Run
from glifo.training.freezing import layer_groups


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What a network took over: the names of the tensors taken, and of those that start fresh."""

    taken: tuple[str, ...]
    fresh: tuple[str, ...]


def start_from(source: Path, network: nn.Module, classes: tuple[str, ...]) -> Loaded:
    """Copy the weights of `source` into the network where they fit, the head left fresh unless the classes are the same.

    source: a bundle, or a .pth file of torchvision's ResNet-18, see `find_source`. Raises ValueError when it cannot be
    read or holds another network's weights.
    """
    weights, its_classes = read_weights(source)
    own = network.state_dict()
    head = names_of_head(network)
    wanted = own if its_classes == classes else {name: tensor for name, tensor in own.items() if name not in head}
    offered = {name: bridged(weights[name], tensor) for name, tensor in wanted.items() if name in weights}
    fitted = {name: tensor for name, tensor in offered.items() if tensor is not None}
    body = [name for name in own if name not in head]
    missing = [name for name in body if name not in fitted and not name.endswith("num_batches_tracked")]
    if missing:
        raise ValueError(
            f"{source} holds no fitting weights for {len(missing)} of {len(body)} tensors of the network's body, "
            f"{missing[0]} the first; start from a training of the same network"
        )
    network.load_state_dict(own | fitted)
    return Loaded(taken=tuple(fitted), fresh=tuple(name for name in own if name not in fitted))


def names_of_head(network: nn.Module) -> set[str]:
    """The names of the head's tensors."""
    head = layer_groups(network)[-1]
    names = (name for name, part in network.named_children() if part is head)
    return {f"{name}.{tensor}" for name in names for tensor in head.state_dict()}


def bridged(given: Tensor, wanted: Tensor) -> Tensor | None:
    """The given tensor in the shape that is wanted, or None where no honest way leads there."""
    if given.ndim == 4 and wanted.ndim == 4:
        if given.shape[1] == 3 and wanted.shape[1] == 1:
            given = given.sum(1, keepdim=True)
        if given.shape[2:] == (7, 7) and wanted.shape[2:] == (3, 3):
            given = given[:, :, 2:5, 2:5]
    return given.to(wanted.dtype).clone() if given.shape == wanted.shape else None


def read_weights(path: Path) -> tuple[dict[str, Tensor], tuple[str, ...] | None]:
    """The tensors of a weight file or bundle by name, and its classes where they are known."""
    if path.suffix in (".pth", ".pt"):
        return read_state_dict(path), None
    bundle = Bundle.load(path)
    return load_safetensors(bundle.weights), bundle.classes


def find_source(source: str | None, beside: Path | None = None) -> Path | None:
    """The file that a recipe starts from, the first of `find_sources`; None for None."""
    return next(iter(find_sources(source, beside)), None)


def find_sources(source: str | None, beside: Path | None = None) -> list[Path]:
    """A file, a run's bundle, or the bundles of a recipe's seeds, trained beside or else under runs/.

    Nothing for None; ValueError where there is none.
    """
    if source is None or Path(source).is_file():
        return [Path(source)] if source else []
    if Path(source).is_dir():
        run = Run(folder=Path(source))
        return [run.bundle_path] if run.bundle else []
    places = [place for place in (beside, RUNS) if place is not None]
    found = [sorted(place.glob(f"{source}-seed*/{BUNDLE_NAME}")) for place in places]
    trained = next((paths for paths in found if paths), [])
    if source not in RECIPES or not trained:
        advice = f"train it first: glifo train {source}" if source in RECIPES else "give a run, a bundle or a .pth file"
        raise ValueError(f"there are no weights to start from at {source!r}; {advice}")
    return trained


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The tensors of a torch weight file; anything in it but tensors is refused, unread."""
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError) as error:
        raise ValueError(
            f"{path} is no torch weight file that can be read safely ({error}); give a state_dict"
        ) from None
    if not isinstance(weights, dict) or not all(isinstance(each, Tensor) for each in weights.values()):
        raise ValueError(f"{path} holds no state_dict (names with tensors); save the network's state_dict() instead")
    return weights
