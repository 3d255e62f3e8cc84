"""A trained run and a picture to read for the verbs that need them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from glifo.experiment import train
from glifo.recipes import find_recipe


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory) -> Path:
    recipe = replace(find_recipe("digits"), num_epochs=6, precision="fp32", num_threads=1)
    return train(recipe, out=tmp_path_factory.mktemp("runs") / "digits").folder


@pytest.fixture
def picture(tmp_path) -> Path:
    """A drawn 1, dark on white."""
    image = np.full((80, 80), 255, np.uint8)
    image[12:68, 36:46] = 20
    path = tmp_path / "one.png"
    Image.fromarray(image).save(path)
    return path
