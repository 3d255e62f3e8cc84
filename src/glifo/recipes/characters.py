"""E1: the EMNIST character recognisers, 62 classes, as the earlier work trained them and as one would today.

The earlier work trained on 697,932 pictures for up to 50 epochs on a GPU. Here rows and epochs are fewer, and each recipe
says how many; the test is a stratified part of the same rows (`emnist-partial-62`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from glifo.recipes.recipe import Recipe

WRITING = {"rotation_degrees": 10.0, "scale": 0.1, "shear": 0.15, "shift": 0.05, "elastic": 0.02}
KERAS_RMSPROP = {"alpha": 0.9, "eps": 1e-7}
MODERN_RATES = {"lenet": 2e-3, "custom": 5e-3, "resnet": 3e-3}


def original(network: str) -> Recipe:
    """As the earlier work had it: RMSprop at a constant 1e-3, batch 2048, mean picture subtracted, patience 3.

    Published train / validation / test accuracy: lenet .78/.80/.62, custom .84/.82/.66, resnet .83/.81/.36, the test
    prepared unlike the training. Rows and epochs are cut to what 2 cores can do: 30,000 rows and 16 epochs, and for
    resnet, ten times as heavy, 6,000 rows, 8 epochs and batches of 256.
    """
    small: dict[str, Any] = {"max_train_rows": 6_000, "num_epochs": 8, "batch_size": 256} if network == "resnet" else {}
    recipe = Recipe(
        name=f"e1-{network}",
        description=f"EMNIST 62 classes, {network}, RMSprop at a constant rate, as the earlier work",
        data="emnist-partial-62",
        network=network,
        num_epochs=16,
        batch_size=2048,
        max_train_rows=30_000,
        learning_rate=1e-3,
        optimizer="rmsprop",
        optimizer_options=KERAS_RMSPROP,
        schedule="constant",
        mean_image=True,
        patience=3,
    )
    return replace(recipe, **small)


def cyclic(network: str) -> Recipe:
    """The same with the cyclic rate "triangular2" between 1e-5 and 1e-3, one whole cycle over the run.

    The earlier work's half cycle was 8 epochs; resnet's run of 8 epochs here has one of 4.
    """
    return replace(
        original(network),
        name=f"e1-{network}-cyclic",
        description=f"EMNIST 62 classes, {network}, RMSprop with the triangular2 rate",
        schedule="triangular2",
        schedule_options={"half_cycle_fraction": 0.5, "lowest": 0.01},
        patience=None,
    )


def modern(network: str) -> Recipe:
    """The same network and rows with AdamW, one cycle, augmentation, label smoothing and averaged weights."""
    recipe = original(network)
    return replace(
        recipe,
        name=f"e1-{network}-modern",
        description=f"EMNIST 62 classes, {network}, one-cycle with augmentation",
        batch_size=128,
        learning_rate=MODERN_RATES[network],
        optimizer="adamw",
        optimizer_options={},
        weight_decay=0.02,
        schedule="one_cycle",
        mean_image=False,
        patience=None,
        augment=WRITING,
        label_smoothing=0.05,
        average_decay=0.998,
    )


def classic_skew(network: str) -> Recipe:
    """For teaching: the earlier work's fault, planted on purpose. The bundle forgets the mean picture when it serves.

    Everything else is `e1-NETWORK`. Validation during the training looks well, the served recogniser fails;
    `glifo diagnose` names the cause.
    """
    return replace(
        original(network),
        name=f"classic-skew-{network}",
        description=f"For teaching: e1-{network}, served without the mean it was trained with",
        fault="no_mean_when_serving",
    )


def rate_trial(schedule: str) -> Recipe:
    """One side of "is cyclic faster?": the custom CNN on 10,000 rows, batch 256, everything but the schedule the same.

    Half cycles of 8 epochs as in the earlier work; constant and triangular2 have the same highest rate.
    """
    options = {"half_cycle_fraction": 0.5, "lowest": 0.01} if schedule == "triangular2" else {}
    return replace(
        original("custom"),
        name=f"rates-{schedule}",
        description=f"Is cyclic faster? The custom CNN with the {schedule} schedule",
        max_train_rows=10_000,
        batch_size=256,
        schedule=schedule,
        schedule_options=options,
        patience=None,
        keep_best=False,
    )
