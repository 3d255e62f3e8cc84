"""Extras of the training loop, each a few lines: a bar, early stopping, the best weights, a history file, limits.

A callback is told of five moments, by name. A method whose name begins like a hook and is none is refused when the class
is made, so that a misspelt hook cannot stay silent.
"""

from __future__ import annotations

import copy
import csv
import io
import math
import time
from pathlib import Path
from typing import Any, Literal

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch.optim import SGD
from torch.optim.lr_scheduler import ReduceLROnPlateau

from glifo.files import write_whole
from glifo.training.state import Fit

HOOKS = ("before_fit", "before_epoch", "after_step", "after_epoch", "after_fit")


class Callback:
    """Does nothing at every hook; override those you need."""

    def __init_subclass__(cls) -> None:
        for name in vars(cls):
            if name.startswith(("before_", "after_")) and name not in HOOKS:
                raise TypeError(f"{cls.__name__}.{name} is no hook of the training loop; hooks: {', '.join(HOOKS)}")

    def before_fit(self, run: Fit) -> None: ...
    def before_epoch(self, run: Fit) -> None: ...
    def after_step(self, run: Fit) -> None: ...
    def after_epoch(self, run: Fit) -> None: ...
    def after_fit(self, run: Fit) -> None: ...

    def close(self) -> None:
        """Give back what the callback holds, whether or not the training ended well."""


class FiniteLoss(Callback):
    """Ends the training with a ValueError as soon as the loss is no number, before anything of it is kept."""

    def after_step(self, run: Fit) -> None:
        if not math.isfinite(run.step_loss):
            raise ValueError(
                f"the loss became {run.step_loss} in epoch {run.epoch + 1} after {run.num_seen:,} pictures; lower the "
                f"learning rate (`glifo lr-find` suggests one) or set clip_norm in the recipe"
            )


class BestWeights(Callback):
    """Keeps the weights of the best epoch by `monitor` and puts them back at the end."""

    def __init__(self, monitor: str = "validation_loss") -> None:
        self.monitor = monitor

    def after_epoch(self, run: Fit) -> None:
        value = run.history[-1][self.monitor]
        if not run.best or better(self.monitor, value, run.best["value"]):
            weights = copy.deepcopy(run.served.state_dict())
            run.best = {"epoch": run.epoch, "value": value, "weights": weights}

    def after_fit(self, run: Fit) -> None:
        if run.best:
            run.served.load_state_dict(run.best["weights"])


class EarlyStopping(Callback):
    """Stops when `monitor` has not improved by more than `min_delta` for `patience` epochs.

    min_delta is 0 by default: the earlier work's .01 threw real gains away.
    """

    def __init__(self, patience: int, monitor: str = "validation_loss", min_delta: float = 0.0) -> None:
        self.patience, self.monitor, self.min_delta = patience, monitor, min_delta

    def after_epoch(self, run: Fit) -> None:
        best, waited = None, 0
        for row in run.history:
            if best is None or better(self.monitor, row[self.monitor], best, self.min_delta):
                best, waited = row[self.monitor], 0
            else:
                waited += 1
        if waited >= self.patience:
            run.stop = f"{self.monitor} has not improved for {self.patience} epochs"


class ReduceOnPlateau(Callback):
    """Multiplies the rate by `factor` when `monitor` has not improved for `patience` epochs (torch's ReduceLROnPlateau).

    The history is replayed each time, so that a resumed run stands where an undisturbed one would.
    """

    def __init__(self, patience: int = 5, factor: float = 0.1, monitor: str = "validation_loss") -> None:
        self.patience, self.factor, self.monitor = patience, factor, monitor

    def after_epoch(self, run: Fit) -> None:
        stand_in = SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        mode: Literal["min", "max"] = "max" if "accuracy" in self.monitor else "min"
        plateau = ReduceLROnPlateau(stand_in, mode=mode, factor=self.factor, patience=self.patience)
        for row in run.history:
            plateau.step(row[self.monitor])
        run.rate_factor = stand_in.param_groups[0]["lr"]


class HistoryFile(Callback):
    """Writes the history as CSV after every epoch, whole each time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def after_epoch(self, run: Fit) -> None:
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(run.history[-1]))
        writer.writeheader()
        writer.writerows(run.history)
        write_whole(self.path, text.getvalue().encode())


class TimeLimit(Callback):
    """Stops after the epoch in which `seconds` of training have passed, those before a resume counted too."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def after_epoch(self, run: Fit) -> None:
        if sum(row.get("seconds", 0.0) for row in run.history) >= self.seconds:
            run.stop = f"the time limit of {self.seconds:g} s has passed"


class Stopwatch(Callback):
    """Notes the wall seconds and the processor's seconds (all threads) of each epoch, validation included.

    The processor's seconds hardly change when other programs run beside the training; wall seconds do.
    """

    def before_epoch(self, run: Fit) -> None:
        self.start, self.cpu_start = time.perf_counter(), time.process_time()

    def after_epoch(self, run: Fit) -> None:
        run.history[-1]["seconds"] = round(time.perf_counter() - self.start, 4)
        run.history[-1]["cpu_seconds"] = round(time.process_time() - self.cpu_start, 4)


class ProgressBar(Callback):
    """A bar on stderr: epoch, loss, validation accuracy, images per second, time left of the whole run."""

    def __init__(self, num_images: int, console: Console | None = None) -> None:
        self.num_images = num_images
        columns: list[Any] = [
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[note]}"),
        ]
        self.progress = Progress(*columns, TimeRemainingColumn(), console=console or Console(stderr=True))

    def before_fit(self, run: Fit) -> None:
        self.task = self.progress.add_task("training", total=run.num_epochs * self.num_images, note="")
        self.progress.start()

    def after_step(self, run: Fit) -> None:
        task = self.progress.tasks[self.task]
        description = f"epoch {run.epoch + 1}/{run.num_epochs}"
        done = run.epoch * self.num_images + run.num_seen
        self.progress.update(self.task, completed=done, description=description, note=self.note(run, task.speed))

    def note(self, run: Fit, speed: float | None) -> str:
        valid = f" valid {run.history[-1]['validation_accuracy']:.2%}" if run.history else ""
        return f"loss {run.step_loss:.3f}{valid} {speed or 0:,.0f} images/s"

    def after_fit(self, run: Fit) -> None:
        last = run.history[-1]
        note = f"loss {last['loss']:.3f} valid {last['validation_accuracy']:.2%}"
        self.progress.update(self.task, note=note, completed=run.num_epochs * self.num_images)

    def close(self) -> None:
        self.progress.stop()


def better(monitor: str, value: float, best: float, min_delta: float = 0.0) -> bool:
    """Whether a figure improved on the best: up for accuracies, down for losses; NaN never does."""
    return value > best + min_delta if "accuracy" in monitor else value < best - min_delta
