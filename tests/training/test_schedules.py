"""Schedules against torch's own, and at 0, at their peak and at the end."""

from __future__ import annotations

import pytest
import torch
from torch.optim.lr_scheduler import CyclicLR, LRScheduler, OneCycleLR

from glifo.training.schedules import SCHEDULES, make_schedule

STEPS = 240


def rates_of(make_scheduler) -> list[float]:
    """The rates torch's scheduler sets, as shares of a peak of 0.1."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    scheduler: LRScheduler = make_scheduler(optimizer)
    rates = []
    for _ in range(STEPS):
        rates.append(optimizer.param_groups[0]["lr"] / 0.1)
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize("mode", ["triangular", "triangular2"])
def test_cyclic_schedules_are_torchs(mode):
    def cyclic(optimizer):
        return CyclicLR(optimizer, base_lr=0.001, max_lr=0.1, step_size_up=30, mode=mode, cycle_momentum=False)

    ours = make_schedule(mode, {"half_cycle_fraction": 30 / STEPS, "lowest": 0.01})
    assert [ours(step / STEPS) for step in range(STEPS)] == pytest.approx(rates_of(cyclic))


def test_exp_range_is_torchs():
    decay = 0.05

    def cyclic(optimizer):
        return CyclicLR(
            optimizer,
            base_lr=0.001,
            max_lr=0.1,
            step_size_up=30,
            mode="exp_range",
            gamma=decay ** (1 / STEPS),
            cycle_momentum=False,
        )

    ours = make_schedule("exp_range", {"half_cycle_fraction": 30 / STEPS, "lowest": 0.01, "decay": decay})
    assert [ours(step / STEPS) for step in range(STEPS)] == pytest.approx(rates_of(cyclic))


def test_one_cycle_is_torchs():
    """torch puts its peak at step 0.3 * n - 1 of n - 1; ours is a share of the run, so progress is mapped to that."""

    def cycle(optimizer):
        return OneCycleLR(optimizer, max_lr=0.1, total_steps=STEPS + 1, pct_start=0.3, cycle_momentum=False)

    peak = 0.3 * (STEPS + 1) - 1
    ours = make_schedule("one_cycle", {"warmup_fraction": peak / STEPS})
    assert [ours(step / STEPS) for step in range(STEPS)] == pytest.approx(rates_of(cycle))


@pytest.mark.parametrize(
    ("name", "options", "start", "where", "peak", "end"),
    [
        ("constant", {}, 1.0, 0.5, 1.0, 1.0),
        ("cosine", {"warmup_fraction": 0.1}, 0.0, 0.1, 1.0, 0.0),
        ("one_cycle", {}, 0.04, 0.3, 1.0, 4e-6),
        ("triangular", {}, 0.01, 0.125, 1.0, 0.01),
        ("triangular2", {}, 0.01, 0.125, 1.0, 0.01),
        ("exp_range", {"decay": 0.5}, 0.01, 0.0, 0.01, 0.01),
    ],
)
def test_schedules_at_start_peak_and_end(name, options, start, where, peak, end):
    schedule = make_schedule(name, options)
    assert [schedule(0.0), schedule(where), schedule(1.0)] == pytest.approx([start, peak, end])


@pytest.mark.parametrize("name", SCHEDULES)
def test_rates_stay_between_nothing_and_the_peak(name):
    schedule = make_schedule(name, {})
    assert all(0 <= schedule(step / 1000) <= 1 + 1e-12 for step in range(1001))


def test_unknown_names_and_options_are_refused():
    with pytest.raises(ValueError, match="no schedule is called 'one_cycel'; did you mean one_cycle"):
        make_schedule("one_cycel", {})
    with pytest.raises(ValueError, match="schedule cosine takes warmup_fraction, final, not warm"):
        make_schedule("cosine", {"warm": 1})
