"""Recipes for the embedded optical digits (1,797 pictures of 8x8, scikit-learn's copy of UCI's test part)."""

from __future__ import annotations

from glifo.recipes.recipe import Recipe


def digits() -> Recipe:
    """The demo: the scanner's network on the embedded digits, no download.

    Run sheet: `glifo train digits`; figures and hardware in benchmarks/results/digits.json.
    """
    return Recipe(
        name="digits",
        description="Optical digits 0-9, embedded: the demo",
        data="optdigits",
        network="scanner",
        num_epochs=30,
        batch_size=128,
        learning_rate=4e-3,
        weight_decay=0.01,
        validation_fraction=0.15,
        augment={"rotation_degrees": 8.0, "scale": 0.08, "shear": 0.1, "shift": 0.06},
        label_smoothing=0.05,
        average_decay=0.95,
    )
