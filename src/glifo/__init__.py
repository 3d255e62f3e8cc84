"""glifo trains, compares, explains and serves recognisers of handwritten characters, and reads them from pictures.

    glifo.read("a.png", as_="glyph")      what a picture of one character says
    glifo.load("model.glifo")             a recogniser: classes, probabilities, guess
    glifo.train("digits")                 a recipe becomes a run with a bundle in it (needs glifo[train])
    glifo.open_data("mnist")              a data set: images, labels, classes (needs glifo[train])

Reading imports NumPy, OpenCV, Pillow and ONNX Runtime only; torch comes with `train`.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glifo.data.dataset import open_data
    from glifo.experiment import train
    from glifo.recognizer import load, read

__version__ = "0.1.0"
__all__ = ["load", "open_data", "read", "train"]

# Threads that have no work must sleep, not spin: beside one busy program, spinning threads made training over ten times
# slower (docs/log.md, 2026-11-21). Read when torch is first imported; a value that is set already is left.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

HOMES = {
    "read": "glifo.recognizer",
    "load": "glifo.recognizer",
    "train": "glifo.experiment",
    "open_data": "glifo.data.dataset",
}


def __getattr__(name: str) -> Any:
    """Import a public function when it is first asked for (PEP 562)."""
    if name not in HOMES:
        raise AttributeError(f"module 'glifo' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(HOMES[name]), name)
