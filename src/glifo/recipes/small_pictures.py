"""E4: six perceptrons on optical digits, and net_1 and net_2 on MNIST and CIFAR-10."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from glifo.recipes.recipe import Recipe

PERCEPTRON_SIZES: dict[str, dict[str, Any]] = {
    "optdigits": {"num_epochs": 1000, "patience": 30},
    "usps": {"num_epochs": 200, "patience": 20},
    "mnist": {"num_epochs": 60, "patience": 5},
}


def perceptron(letter: str, data: str = "optdigits") -> Recipe:
    """One of the perceptrons A to F: each value standardised on training rows, Adam 1e-3, batch 128, early stopping.

    Split 70/30 as published, the 30 % halved into validation and sealed test. Best weights by validation loss are kept
    (patience 30 on optdigits). Published: F best, .99 on validation; its test "collapsed" because an untrained
    network was evaluated. Sound reference figures: A .9625 B .9817 C .9623 D .9762 E .9510 F .9782.
    """
    suffix = "" if data == "optdigits" else f"-{data}"
    return Recipe(
        name=f"e4-mlp-{letter}{suffix}",
        description=f"Perceptron {letter.upper()} on {data}",
        data=data,
        network=f"mlp_{letter}",
        batch_size=128,
        learning_rate=1e-3,
        optimizer="adam",
        schedule="constant",
        per_pixel=True,
        validation_fraction=3 / 17,
        test_fraction=0.15,
        **PERCEPTRON_SIZES[data],
    )


def perceptron_modern(letter: str) -> Recipe:
    """The same perceptron and rows with AdamW, one cycle, augmentation, label smoothing and averaged weights.

    Chosen on validation rows (six seeds, B and F): .990 and .993 against .977 and .976 of the plain recipe.
    """
    return replace(
        perceptron(letter),
        name=f"e4-mlp-{letter}-modern",
        description=f"Perceptron {letter.upper()} on optdigits, one-cycle with augmentation",
        num_epochs=200,
        patience=None,
        learning_rate=1e-2,
        optimizer="adamw",
        weight_decay=0.05,
        schedule="one_cycle",
        augment={"rotation_degrees": 8.0, "scale": 0.08, "shear": 0.1, "shift": 0.06},
        label_smoothing=0.05,
        average_decay=0.99,
    )


RATES = {"adadelta-.001": ("adadelta", 1e-3), "adadelta-1": ("adadelta", 1.0), "adam": ("adam", 1e-3)}


def two_conv(network: str, optimizer: str) -> Recipe:
    """net_1 or net_2 on MNIST as the earlier work had it: batch 32, 10 % validation; 2 of its 30 epochs.

    Adadelta at Keras' default of .001 and at the paper's 1.0 (Zeiler 2012, arXiv 1212.5701), and Adam beside them.
    The earlier work announced figures and shows none.
    """
    name, rate = RATES[optimizer]
    return Recipe(
        name=f"e4-{network}-{optimizer}",
        description=f"MNIST, {network}, {name} at {rate:g}",
        data="mnist",
        network=network,
        num_epochs=2,
        batch_size=32,
        learning_rate=rate,
        optimizer=name,
        schedule="constant",
    )


def cifar10(optimizer: str) -> Recipe:
    """net_1 on CIFAR-10: batch 128, 20 % validation; 6 of the earlier work's 30 epochs.

    Trained on four fifths of batches 1-4, tested on batch 5, since the official test batch is not whole here.
    """
    name, rate = RATES[optimizer]
    return Recipe(
        name=f"e4-net_1-cifar10-{optimizer}",
        description=f"CIFAR-10 (batch 5 as test), net_1, {name} at {rate:g}",
        data="cifar10",
        network="net_1",
        num_epochs=6,
        batch_size=128,
        learning_rate=rate,
        optimizer=name,
        schedule="constant",
        validation_fraction=0.2,
    )


def cifar10_modern() -> Recipe:
    """The same network and rows with AdamW, one cycle, augmentation and label smoothing."""
    return replace(
        cifar10("adam"),
        name="e4-net_1-cifar10-modern",
        description="CIFAR-10 (batch 5 as test), net_1, one-cycle with augmentation",
        num_epochs=8,
        learning_rate=2e-3,
        optimizer="adamw",
        weight_decay=0.05,
        schedule="one_cycle",
        augment={"rotation_degrees": 8.0, "scale": 0.1, "shift": 0.1},
        label_smoothing=0.05,
        average_decay=0.998,
    )
