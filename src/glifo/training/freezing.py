"""Which layers of a network train, and at which rates: the layer groups of transfer learning.

A layer group is a direct part of the network that has parameters, from the input to the head, the last. Nothing here
loads weights; that is `glifo.experiment.transfer`. Use:

    groups = layer_groups(network)
    freeze(network, groups[:-1])                       # the head alone trains
    Unfreezing(0.5)                                    # a callback: a further group at a time
"""

from __future__ import annotations

import math

from torch import nn

from glifo.training.callbacks import Callback
from glifo.training.state import Fit


def layer_groups(network: nn.Module) -> list[nn.Module]:
    """The network's direct parts that have parameters, from the input to the head."""
    return [part for part in network.children() if any(True for _ in part.parameters())]


def freeze(frozen: list[nn.Module], trained: list[nn.Module]) -> None:
    """Let no weight of `frozen` learn and every weight of `trained`.

    The running figures of frozen normalisations must rest too: the loop keeps the modules of `Fit.frozen` in eval mode.
    """
    for part in frozen:
        part.requires_grad_(False)
    for part in trained:
        part.requires_grad_(True)


def num_trained(progress: float, num_groups: int, fraction: float) -> int:
    """How many groups, from the head down, train at `progress` (0..1) when the last joins at `fraction` of the run.

    >>> [num_trained(progress, 4, 0.5) for progress in (0, 0.2, 0.4, 0.5, 1)]
    [1, 2, 3, 4, 4]
    """
    return num_groups if progress >= fraction else 1 + math.floor(progress / fraction * (num_groups - 1))


class Unfreezing(Callback):
    """Trains the head first and a further layer group at a time, all from `fraction` of the run on.

    Howard and Ruder 2018, "Universal language model fine-tuning", arXiv 1801.06146. The state is a function of the
    epoch, so that a resumed run goes on as an undisturbed one.
    """

    def __init__(self, fraction: float = 0.5) -> None:
        self.fraction = fraction

    def before_epoch(self, run: Fit) -> None:
        groups = layer_groups(run.engine.accelerator.unwrap_model(run.network))
        count = num_trained(run.epoch / run.num_epochs, len(groups), self.fraction)
        run.frozen = groups[:-count]
        freeze(run.frozen, groups[-count:])
