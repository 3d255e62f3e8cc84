"""Recipes for EMNIST: digits and letters, cut from NIST's forms (Cohen et al. 2017, arXiv 1702.05373)."""

from __future__ import annotations

from dataclasses import replace

from glifo.recipes.recipe import Recipe


def emnist_custom() -> Recipe:
    """The custom CNN of the EMNIST work, 47 classes, with one preparation for training and serving.

    Run sheet: `glifo train emnist-custom`, then `glifo evaluate RUN --final`; figures and hardware in
    benchmarks/results/emnist-custom.json. Trained on the 123,029 rows of `emnist-partial-train.npz` whose ByMerge label
    is known, tested on the official ByMerge test. Published for the same network (62 classes): .84 train, .82
    validation, .66 test, the gap made by unlike preparations.
    """
    return Recipe(
        name="emnist-custom",
        description="EMNIST ByMerge (partial training set), custom CNN, 47 classes",
        data="emnist-partial-bymerge",
        network="custom",
        num_epochs=12,
        batch_size=256,
        learning_rate=5e-3,
        weight_decay=0.02,
        augment={"rotation_degrees": 10.0, "scale": 0.1, "shear": 0.15, "shift": 0.05, "elastic": 0.02},
        label_smoothing=0.05,
        average_decay=0.998,
    )


def emnist_custom_62() -> Recipe:
    """The same network on 62 classes, as the first shipped recogniser was trained.

    Run sheet: `glifo train emnist-custom-62`; figures and hardware in benchmarks/results/emnist-custom-62.json.
    """
    return replace(
        emnist_custom(),
        name="emnist-custom-62",
        description="EMNIST ByClass (partial training set), custom CNN, 62 classes",
        data="emnist-partial-byclass",
    )
