"""A training's state at an epoch's end, on disk: enough to go on to the same weights as if nothing had happened.

Written whole or not at all after every epoch, read with torch's weights-only reader (no code in the file is run). The
random state needs no keeping: every epoch is seeded by its number.
"""

from __future__ import annotations

import io
from pathlib import Path

import torch

from glifo.files import write_whole
from glifo.training.callbacks import Callback
from glifo.training.state import Fit

FORMAT_VERSION = 1


class Checkpoint(Callback):
    """Saves the whole state to `path` after every epoch; put it last, so that the other callbacks have had their say."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def after_epoch(self, run: Fit) -> None:
        save_checkpoint(self.path, run)


def save_checkpoint(path: Path, run: Fit) -> None:
    """Write the weights, the average, the optimizer, the history and the best epoch of a training."""
    state = {
        "format_version": FORMAT_VERSION,
        "epoch": run.epoch,
        "network": run.engine.accelerator.unwrap_model(run.network).state_dict(),
        "average": run.average.state_dict() if run.average is not None else None,
        "optimizer": run.optimizer.state_dict(),
        "history": run.history,
        "best": run.best,
        "rate_factor": run.rate_factor,
        "precision": run.engine.precision,
        "stop": run.stop,
    }
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_whole(path, buffer.getvalue())


def read_checkpoint(path: Path) -> dict:
    """The state that `save_checkpoint` wrote; a damaged or newer file is a ValueError."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise ValueError(f"{path} is not there, so there is nothing to resume; start the training again") from None
    except Exception as error:
        raise ValueError(f"{path} is no whole checkpoint ({type(error).__name__}); start the training again") from None
    if state.get("format_version") != FORMAT_VERSION:
        raise ValueError(
            f"{path} is a checkpoint of format {state.get('format_version')}, this glifo reads {FORMAT_VERSION}; "
            f"resume it with the glifo that wrote it"
        )
    return state


def restore(run: Fit, state: dict) -> None:
    """Put a checkpoint's state into a training that was made from the same recipe."""
    run.network.load_state_dict(state["network"])
    if run.average is not None:
        run.average.load_state_dict(state["average"])
    rates = [group["lr"] for group in run.optimizer.param_groups]
    run.optimizer.load_state_dict(state["optimizer"])
    for group, rate in zip(run.optimizer.param_groups, rates, strict=True):
        group["lr"] = rate
    run.epoch, run.history, run.best = state["epoch"], state["history"], state["best"]
    run.rate_factor, run.stop = state["rate_factor"], state["stop"]
