"""The state of one training: the value that the loop changes and the callbacks look at. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from glifo.batch import Batch
from glifo.training.engine import Engine
from glifo.training.schedules import Schedule

Loss = Callable[[Float[Tensor, "batch classes"], Batch], Float[Tensor, ""]]


@dataclass(kw_only=True)
class Fit:
    """One training in progress: what callbacks may read, and what they may change (`stop`, `rate_factor`)."""

    network: nn.Module
    optimizer: Optimizer
    loss: Loss
    schedule: Schedule
    engine: Engine
    num_epochs: int
    seed: int = 0
    clip_norm: float | None = None
    average: AveragedModel | None = None
    frozen: list[nn.Module] = field(default_factory=list)
    epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best: dict[str, Any] = field(default_factory=dict)
    rate_factor: float = 1.0
    stop: str = ""
    step_loss: float = 0.0
    num_seen: int = 0

    @property
    def served(self) -> nn.Module:
        """The network that is validated and kept: the averaged one where averaging is on, without a process wrapper."""
        served = self.average.module if self.average is not None else self.network
        return self.engine.accelerator.unwrap_model(served)
