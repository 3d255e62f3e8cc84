"""The training loop: read `fit` from top to bottom, it is all there is.

    fit(Fit(network=..., optimizer=..., ...), batches, validation, callbacks=[ProgressBar(), EarlyStopping()])

Extras are callbacks (`glifo.training.callbacks`). Every epoch is seeded by itself, so a run resumed at an epoch's end
goes on exactly as an undisturbed one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from glifo.batch import Batch
from glifo.training.callbacks import Callback
from glifo.training.engine import Engine
from glifo.training.losses import is_right
from glifo.training.state import Fit

SEED_STRIDE = 1_000_003


def fit(
    run: Fit,
    batches: Callable[[int], Iterable[Batch]],
    num_steps: int,
    validate: Callable[[nn.Module], dict[str, float]],
    callbacks: Sequence[Callback] = (),
) -> list[dict[str, float]]:
    """Train `run.network` from `run.epoch` to the last epoch and return the history, a row for each epoch.

    batches: gives the batches of an epoch, `num_steps` of them; validate: gives the validation figures of a network.
    """
    peak_rates = [group["lr"] for group in run.optimizer.param_groups]
    run.network, run.optimizer = run.engine.accelerator.prepare(run.network, run.optimizer)
    tell(callbacks, "before_fit", run)
    while run.epoch < run.num_epochs and not run.stop:
        torch.manual_seed(run.seed * SEED_STRIDE + run.epoch)
        tell(callbacks, "before_epoch", run)
        run.network.train()
        for part in run.frozen:
            part.eval()  # else its normalisations' running figures would still learn
        loss_sum, hits, seen = torch.zeros(()), torch.zeros(()), 0
        for step, batch in enumerate(batches(run.epoch)):
            share = run.rate_factor * run.schedule((run.epoch * num_steps + step) / (run.num_epochs * num_steps))
            for group, peak_rate in zip(run.optimizer.param_groups, peak_rates, strict=True):
                group["lr"] = peak_rate * share
            with run.engine.autocast():
                logits = run.network(run.engine.place(batch.image))
            loss = run.loss(logits.float(), batch)
            run.engine.accelerator.backward(loss)
            if run.clip_norm is not None:
                run.engine.accelerator.clip_grad_norm_(run.network.parameters(), run.clip_norm)
            run.optimizer.step()
            run.optimizer.zero_grad()
            if run.average is not None:
                run.average.update_parameters(run.network)
            size = len(batch.label)
            loss_sum, seen = loss_sum + loss.detach().cpu() * size, seen + size
            hits = hits + is_right(logits, batch.label, batch.allowed).sum()
            run.step_loss, run.num_seen = float(loss.detach()), seen
            tell(callbacks, "after_step", run)
        row = {"epoch": run.epoch + 1, "loss": float(loss_sum) / seen, "accuracy": float(hits) / seen}
        row["learning_rate"] = peak_rates[0] * share
        run.history.append(row | validate(run.served))
        run.epoch += 1
        tell(callbacks, "after_epoch", run)
        run.stop, run.rate_factor = run.engine.agree((run.stop, run.rate_factor))
    tell(callbacks, "after_fit", run)
    return run.history


def tell(callbacks: Sequence[Callback], hook: str, run: Fit) -> None:
    for callback in callbacks:
        getattr(callback, hook)(run)


@torch.inference_mode()
def predict(network: nn.Module, batches: Iterable[Batch], engine: Engine) -> Float[Tensor, "n classes"]:
    """The network's logits in float32 for every picture of the batches, in their order."""
    network.eval()
    return torch.cat([network(engine.place(batch.image)).float().cpu() for batch in batches])


def classification_figures(logits: Float[Tensor, "n classes"], labels: Tensor) -> dict[str, float]:
    """Validation loss (cross-entropy, nats) and accuracy (0..1) of logits."""
    return {
        "validation_loss": float(nn.functional.cross_entropy(logits, labels)),
        "validation_accuracy": float((logits.argmax(1) == labels).float().mean()),
    }
