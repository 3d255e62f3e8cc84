"""The learning-rate finder: raise the rate exponentially from step to step and watch where the loss falls fastest.

Smith 2017, "Cyclical learning rates for training neural networks", section 3.3. The weights are put back afterwards.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from glifo.batch import Batch
from glifo.training.state import Fit


@dataclass(frozen=True, kw_only=True)
class RateCurve:
    """Rates tried, the smoothed loss at each, the suggested rate, and the rate at which the loss was lowest."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    suggestion: float
    lowest: float


def find_rate(
    run: Fit,
    batches: Iterable[Batch],
    *,
    lowest: float = 1e-10,
    highest: float = 10.0,
    num_steps: int = 200,
    beta: float = 0.98,
    stop_factor: float = 4.0,
) -> RateCurve:
    """Train `num_steps` steps with rates rising from `lowest` to `highest`, and restore weights and optimizer.

    The loss is an exponential mean (`beta`) without its start's bias; the search ends where it passes `stop_factor`
    times its best. It ends early with the batches, too.
    """
    if not 0 < lowest < highest:
        raise ValueError(f"rates from {lowest:g} to {highest:g} were asked for; give 0 < lowest < highest")
    weights, state = copy.deepcopy(run.network.state_dict()), copy.deepcopy(run.optimizer.state_dict())
    rates, losses, mean, best = [], [], 0.0, math.inf
    run.network.train()
    for part in run.frozen:
        part.eval()
    for step, batch in zip(range(num_steps), batches, strict=False):
        rate = lowest * (highest / lowest) ** (step / max(num_steps - 1, 1))
        mean = beta * mean + (1 - beta) * take_step(run, batch, rate)
        smooth = mean / (1 - beta ** (step + 1))
        if not math.isfinite(smooth) or (step > 0 and smooth > stop_factor * best):
            break
        best = min(best, smooth)
        rates.append(rate)
        losses.append(smooth)
    run.network.load_state_dict(weights)
    if len(losses) < 3:
        raise ValueError(f"the loss was a number for {len(losses)} steps only; begin at a lower rate, or mend the data")
    run.optimizer.load_state_dict(state)
    return RateCurve(
        rates=tuple(rates),
        losses=tuple(losses),
        suggestion=steepest(rates, losses),
        lowest=rates[int(np.argmin(losses))],
    )


def take_step(run: Fit, batch: Batch, rate: float) -> float:
    """One optimizer step at a rate; the loss before it."""
    head = run.optimizer.param_groups[0]["lr"]
    for group in run.optimizer.param_groups:
        group["lr"] *= rate / head
    with run.engine.autocast():
        logits = run.network(run.engine.place(batch.image))
    loss = run.loss(logits.float(), batch)
    run.optimizer.zero_grad()
    loss.backward()
    run.optimizer.step()
    return float(loss.detach())


def steepest(rates: list[float], losses: list[float]) -> float:
    """The rate at which the loss falls fastest per factor of the rate, looked for before the lowest loss."""
    end = max(int(np.argmin(losses)) + 1, 2)
    if len(losses) < 3 or end < 3:
        return rates[0]
    slopes = np.gradient(np.asarray(losses[:end]), np.log(rates[:end]))
    return rates[int(np.argmin(slopes))]
