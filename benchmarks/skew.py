"""The historic fault on real data: the E1 networks served with and without the mean picture they were trained with.

    python benchmarks/record.py e1-custom --seeds 1 --also emnist-partial-byclass    # first, and so for lenet and resnet
    python benchmarks/skew.py --runs runs/record

A skewed bundle holds the same weights as the sound one (asserted in the tests), so that the runs of `e1-*` serve for both.
Writes benchmarks/results/classic_skew.json: accuracy on the sealed test both ways, and by how much ink a glyph has.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from glifo.experiment import judge
from glifo.files import write_json
from glifo.recognizer import Recognizer
from glifo.runs import Run, describe_environment

RESULT = Path(__file__).parent / "results" / "classic_skew.json"
NETWORKS = ("lenet", "custom", "resnet")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=Path("runs/record"))
    arguments = parser.parse_args()
    environment = describe_environment(0)
    rows = [row_of(Run(folder=arguments.runs / f"e1-{name}-seed0")) for name in NETWORKS]
    result = {"format_version": 1, "command": "python benchmarks/skew.py"}
    result |= {key: environment[key] for key in ("hardware", "versions", "commit")}
    write_json(RESULT, result | {"rows": rows})
    sys.stderr.write(f"wrote {RESULT}\n")


def row_of(run: Run) -> dict[str, Any]:
    """One network: validation as the training saw it, and the sealed test with and without the mean."""
    verdict = judge(run, final=True)
    forgetful = replace(run.bundle, preparation=replace(run.bundle.preparation, mean=(0.0,)))
    skewed = Recognizer(forgetful).logits(verdict.images).argmax(1) == verdict.labels
    sound = verdict.logits.argmax(1) == verdict.labels
    return {
        "network": run.recipe.network,
        "train_accuracy": judge(run, part="training").scores.accuracy.value,
        "validation_accuracy": run.scores["accuracy"]["value"],
        "n": len(sound),
        "test_accuracy": float(sound.mean()),
        "test_accuracy_skewed": float(skewed.mean()),
        "by_ink": by_ink(verdict.images, sound, skewed),
    }


def by_ink(images: np.ndarray, sound: np.ndarray, skewed: np.ndarray) -> list[dict[str, float]]:
    """Accuracy both ways in four groups of as many glyphs, from the least ink to the most (mean grey, white is 1)."""
    ink = images.reshape(len(images), -1).mean(1) / 255
    groups = np.array_split(np.argsort(ink, kind="stable"), 4)
    return [
        {"mean_ink": float(ink[g].mean()), "sound": float(sound[g].mean()), "skewed": float(skewed[g].mean())}
        for g in groups
    ]


if __name__ == "__main__":
    main()
