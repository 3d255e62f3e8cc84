"""Gather what the model card of a shipped model says: scores on every test, doubt, confusable groups, how to make it again.

    python benchmarks/model_card.py runs/latin62-seed0 --name latin62

Each sealed test is read once and kept in the run's folder (as record.py does); docs/model-card.md is made from
benchmarks/results/NAME-card.json by docs/generate.py.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
from record import RESULTS, final_of, parameters_of

from glifo.evaluation.confusions import Confusions
from glifo.files import write_json
from glifo.networks import build
from glifo.networks.summary import summarize
from glifo.runs import Run

TESTS = (None, "emnist-partial-bymerge", "mnist", "usps", "optdigits-full")
GROUPS = (
    "0Oo",
    "1lIi",
    "5Ss",
    "2Zz",
    "9gq",
    "Cc",
    "Kk",
    "Pp",
    "Uu",
    "Vv",
    "Ww",
    "Xx",
    "Yy",
    "Mm",
    "6Gb",
    "4Aa",
    "8B",
    "ft",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--name", default="latin62")
    arguments = parser.parse_args()
    run = Run(folder=arguments.run)
    finals = {data: final_of(run, data) for data in TESTS}
    confusions = Confusions.from_dict(finals[None]["confusions"])
    card = {
        "format_version": 1,
        "command": f"python benchmarks/model_card.py RUN --name {arguments.name}",
        "hardware": run.environment["hardware"],
        "versions": run.environment["versions"],
        "commit": run.environment["commit"],
        "seed": run.seed,
        "recipe": run.recipe.to_dict(),
        "data": run.environment["data"],
        "bundle": facts_of(run),
        "validation": run.scores,
        "tests": [{"data": data or run.recipe.data, **kept(scores)} for data, scores in finals.items()],
        "groups": [group_of(confusions, group) for group in GROUPS],
        "most_confused": [vars(pair) for pair in confusions.most_confused(20)],
        "per_class": finals[None]["per_class"],
    }
    write_json(RESULTS / f"{arguments.name}-card.json", card)
    sys.stderr.write(f"wrote {RESULTS / arguments.name}-card.json\n")


def kept(scores: dict[str, Any]) -> dict[str, Any]:
    names = ("n", "accuracy", "top_k", "case_merged", "cross_entropy", "ece_before", "ece_after", "macro_f1")
    return {name: scores[name] for name in (*names, "merged", "within_alphabet", "repeats", "doubt")}


def facts_of(run: Run) -> dict[str, Any]:
    """The file's size and hash, and what the network costs."""
    bundle, data = run.bundle, run.bundle_path.read_bytes()
    frame = bundle.preparation.frame
    shape = (frame.channels, frame.height, frame.width)
    network = build(run.recipe.network, shape=shape, num_classes=len(bundle.classes))
    return {
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "classes": list(bundle.classes),
        "num_parameters": parameters_of(run),
        "flops": summarize(network, shape).flops,
        "temperature": bundle.temperature,
        "training_cpu_seconds": round(sum(row.get("cpu_seconds", 0.0) for row in run.history)),
        "num_epochs": bundle.facts["num_epochs"],
    }


def group_of(confusions: Confusions, group: str) -> dict[str, Any]:
    """Of a group's rows: how many are read right, as another of the group, and as something else."""
    numbers = np.array([confusions.classes.index(character) for character in group])
    rows = confusions.matrix[numbers]
    total, right, inside = rows.sum(), confusions.matrix[numbers, numbers].sum(), rows[:, numbers].sum()
    return {
        "group": group,
        "n": int(total),
        "right": float(right / total),
        "as_another_of_the_group": float((inside - right) / total),
        "as_something_else": float((total - inside) / total),
        "matrix": rows[:, numbers].tolist(),
    }


if __name__ == "__main__":
    main()
