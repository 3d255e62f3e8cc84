"""Recipes for MNIST."""

from __future__ import annotations

from dataclasses import replace

from glifo.recipes.recipe import Recipe


def mnist() -> Recipe:
    """The custom CNN on MNIST with one-cycle, augmentation and averaged weights.

    Run sheet: `glifo train mnist`; figures and hardware in benchmarks/results/mnist.json.
    """
    return Recipe(
        name="mnist",
        description="MNIST digits, custom CNN, one-cycle with augmentation",
        data="mnist",
        network="custom",
        num_epochs=12,
        batch_size=256,
        learning_rate=5e-3,
        weight_decay=0.02,
        augment={"rotation_degrees": 12.0, "scale": 0.12, "shear": 0.15, "shift": 0.07, "elastic": 0.02},
        label_smoothing=0.05,
        average_decay=0.998,
    )


def mnist_net_1() -> Recipe:
    """net_1 of the small pictures work on MNIST with the modern recipe.

    Run sheet: `glifo train mnist-net_1`; figures and hardware in benchmarks/results/mnist-net_1.json.
    """
    return replace(
        mnist(),
        name="mnist-net_1",
        description="MNIST digits, net_1, one-cycle with augmentation",
        network="net_1",
        num_epochs=10,
        learning_rate=2e-3,
        clip_norm=1.0,
    )
