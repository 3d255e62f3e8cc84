"""E1's transfer: ResNet-18 from other pictures to letters, against training from scratch.

The earlier work's transfer "performed poorly": its weights were random and every layer frozen, the head included (the
loss stood at 5.6533). ResNet-18 costs 0.9 GFLOP a glyph, so rows are few: a pool of 2,600 letters is "100 %".
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from glifo.recipes.recipe import Recipe

POOL = 2_600
SIZES: dict[int, dict[str, Any]] = {  # per cent of the pool -> how long to train on it
    100: {"num_epochs": 3, "batch_size": 64},
    10: {"num_epochs": 12, "batch_size": 32},
    1: {"num_epochs": 20, "batch_size": 10},
}
WAYS: dict[str, dict[str, Any]] = {
    "head": {"train_part": "head", "learning_rate": 5e-3},
    "gradual": {"train_part": "gradual", "layer_decay": 0.6},
    "full": {"layer_decay": 1.0},
}


def pretraining(data: Literal["cifar10", "mnist"]) -> Recipe:
    """ResNet-18 on CIFAR-10 or on MNIST's digits, 5,000 rows: the weights that transfer starts from."""
    return Recipe(
        name=f"resnet18-{data}",
        description=f"ResNet-18 on 5,000 rows of {data}, to start others from",
        data=data,
        network="resnet18",
        num_epochs=3 if data == "cifar10" else 2,
        batch_size=64,
        max_train_rows=5_000,
        learning_rate=1e-3,
        weight_decay=0.05,
        validation_fraction=0.02,
        clip_norm=1.0,
    )


def scratch(per_cent: int) -> Recipe:
    """ResNet-18 on letters from random weights, on 1, 10 or 100 % of a pool of 2,600 rows.

    Validation and test are small, 134 and 2,066 rows, since reading with this network takes 7 ms a glyph on one core.
    """
    return Recipe(
        name=f"transfer-none-{per_cent}",
        description=f"Letters with {POOL * per_cent // 100:,} rows, ResNet-18 from scratch",
        data="emnist-partial-letters",
        network="resnet18",
        max_train_rows=POOL * per_cent // 100,
        learning_rate=1e-3,
        weight_decay=0.05,
        validation_fraction=0.002,
        test_fraction=0.03,
        clip_norm=1.0,
        keep_best=False,
        **SIZES[per_cent],
    )


def transfer(source: Literal["cifar10", "mnist"], way: str, per_cent: int) -> Recipe:
    """The same from weights trained on `source`: head only, gradual unfreezing with layer-wise rates, or all layers."""
    return replace(
        scratch(per_cent),
        name=f"transfer-{source}-{way}-{per_cent}",
        description=f"Letters with {POOL * per_cent // 100:,} rows, ResNet-18 from {source}, {way}",
        start_from=f"resnet18-{source}",
        **WAYS[way],
    )
