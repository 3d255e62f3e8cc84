"""Learning-rate schedules: pure functions of progress, each giving the rate as a share of the peak rate.

    schedule = SCHEDULES["one_cycle"](warmup_fraction=0.3)
    schedule(0.3) == 1.0        # progress: 0 at the first step, 1 at the end of the run

Lengths are fractions of the run, lowest rates are shares of the peak. Reduce-on-plateau watches the validation loss and
not the clock, so it is a callback (`glifo.training.callbacks.ReduceOnPlateau`).
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

from glifo.files import nearest

Schedule = Callable[[float], float]


def constant() -> Schedule:
    """The peak rate from the first step to the last."""
    return lambda progress: 1.0


def cosine(warmup_fraction: float = 0.0, final: float = 0.0) -> Schedule:
    """Linear warm-up from 0, then half a cosine from 1 down to `final` (Loshchilov and Hutter 2017, SGDR, one cycle)."""

    def rate(progress: float) -> float:
        if progress < warmup_fraction:
            return progress / warmup_fraction
        return between(1.0, final, (progress - warmup_fraction) / (1 - warmup_fraction))

    return rate


def one_cycle(warmup_fraction: float = 0.3, initial: float = 0.04, final: float = 4e-6) -> Schedule:
    """Cosine up from `initial` to 1, cosine down to `final` (Smith 2018, "Super-convergence"; torch's OneCycleLR)."""

    def rate(progress: float) -> float:
        if progress < warmup_fraction:
            return between(initial, 1.0, progress / warmup_fraction)
        return between(1.0, final, (progress - warmup_fraction) / (1 - warmup_fraction))

    return rate


def triangular(half_cycle_fraction: float = 0.125, lowest: float = 0.01) -> Schedule:
    """Linear up and down between `lowest` and 1, for ever (Smith 2017, "Cyclical learning rates", arXiv 1506.01186)."""
    return lambda progress: cyclic(progress, half_cycle_fraction, lowest, 1.0)


def triangular2(half_cycle_fraction: float = 0.125, lowest: float = 0.01) -> Schedule:
    """As triangular, the height halved with every cycle."""
    return lambda progress: cyclic(
        progress, half_cycle_fraction, lowest, 0.5 ** math.floor(progress / (2 * half_cycle_fraction))
    )


def exp_range(half_cycle_fraction: float = 0.125, lowest: float = 0.01, decay: float = 0.05) -> Schedule:
    """As triangular, the height falling exponentially to `decay` at the end of the run."""
    return lambda progress: cyclic(progress, half_cycle_fraction, lowest, decay**progress)


SCHEDULES: dict[str, Callable[..., Schedule]] = {
    "constant": constant,
    "cosine": cosine,
    "one_cycle": one_cycle,
    "triangular": triangular,
    "triangular2": triangular2,
    "exp_range": exp_range,
}


def make_schedule(name: str, options: dict[str, Any]) -> Schedule:
    """The schedule called `name` with its options; an unknown name or option is a ValueError."""
    if name not in SCHEDULES:
        raise ValueError(f"no schedule is called {name!r}; {nearest(name, SCHEDULES)}")
    allowed = list(inspect.signature(SCHEDULES[name]).parameters)
    unknown = sorted(set(options) - set(allowed))
    if unknown:
        raise ValueError(f"schedule {name} takes {', '.join(allowed) or 'no options'}, not {', '.join(unknown)}")
    wrong = [f"{option} {value}" for option, value in options.items() if not is_in_range(option, value)]
    if wrong:
        raise ValueError(f"schedule {name}: {', '.join(wrong)}; give fractions between 0 and 1, half cycles above 0")
    return SCHEDULES[name](**options)


def is_in_range(option: str, value: Any) -> bool:
    """Whether an option's value is a share; a half cycle takes some time, and a warm-up ends before the run does."""
    is_share = isinstance(value, int | float) and 0 <= value <= 1
    return is_share and not (option == "half_cycle_fraction" and value == 0) and not ("warmup" in option and value == 1)


def between(start: float, end: float, part: float) -> float:
    """Half a cosine from `start` to `end`, `part` of the way along."""
    return end + (start - end) * (1 + math.cos(math.pi * min(part, 1.0))) / 2


def cyclic(progress: float, half_cycle: float, lowest: float, height: float) -> float:
    position = progress / half_cycle % 2
    return lowest + (1 - lowest) * height * (1 - abs(1 - position))
