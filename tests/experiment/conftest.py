"""One trained run for the tests that read it, and small data to train on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small import short_recipe

from glifo.experiment import train
from glifo.runs import Run


@pytest.fixture(scope="session")
def run(tmp_path_factory) -> Run:
    return train(short_recipe(num_epochs=10), seed=0, out=tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="session")
def own_data(tmp_path_factory) -> Path:
    """An npz of 120 pictures 28x28 in three classes: a bar that lies, stands or slants."""
    rng = np.random.default_rng(0)
    labels = np.arange(120) % 3
    images = np.zeros((120, 28, 28), np.uint8)
    for image, label in zip(images, labels, strict=True):
        width = int(rng.integers(2, 5))
        if label == 0:
            image[14 - width : 14, 2:26] = 255
        elif label == 1:
            image[2:26, 14 - width : 14] = 255
        else:
            for step in range(24):
                image[2 + step, max(2, step) : min(26, step + width + 2)] = 255
    images[labels != 0] = np.minimum(images[labels != 0], 250)
    images[:, 0, 0] = rng.integers(0, 3, 120)
    path = tmp_path_factory.mktemp("data") / "bars.npz"
    np.savez(path, images=images, labels=labels, classes=np.array(["-", "|", "/"]))
    return path
