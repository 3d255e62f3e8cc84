"""E2: the letter scanner, 26 letters in either case."""

from __future__ import annotations

from dataclasses import replace

from glifo.recipes.characters import WRITING
from glifo.recipes.recipe import Recipe


def scanner() -> Recipe:
    """The letter scanner as the earlier work trained it: Adam, batch 128, and its three callbacks.

    Early stopping (accuracy, patience 10), reduce-on-plateau (loss, patience 5), best weights (accuracy); up to 50
    epochs there, 12 here. Test: 15 % of the 68,852 letters of `emnist-partial-train.npz`, stratified; none of its
    pictures is among the training rows. Peers reach .94 to .95 with 88,800 training pictures; the record is .9596.
    """
    return Recipe(
        name="e2-scanner",
        description="Letters A-Z in either case, the scanner's network with its three callbacks",
        data="emnist-partial-letters",
        network="scanner",
        num_epochs=12,
        batch_size=128,
        learning_rate=1e-3,
        optimizer="adam",
        schedule="constant",
        monitor="validation_accuracy",
        patience=10,
        plateau_patience=5,
    )


def scanner_modern() -> Recipe:
    """The same network and rows with AdamW, one cycle, augmentation, label smoothing and averaged weights."""
    return replace(
        scanner(),
        name="e2-scanner-modern",
        description="Letters A-Z in either case, the scanner's network, one-cycle with augmentation",
        learning_rate=4e-3,
        optimizer="adamw",
        weight_decay=0.02,
        schedule="one_cycle",
        monitor="validation_loss",
        patience=None,
        plateau_patience=None,
        augment=WRITING,
        label_smoothing=0.05,
        average_decay=0.998,
    )
