"""Several seeds of a recipe answer together: the mean of their calibrated probabilities, on sealed test rows.

    python benchmarks/committee.py champion --runs runs/record --data emnist-partial-bymerge

Reads every runs/RECIPE-seed*; writes benchmarks/results/committee-RECIPE-DATA.json with the committee's accuracy, each
member's, and how often the members disagree. The reading is put on each run's record. Opened once per claim: choose the
members before.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from glifo.evaluation.calibration import softmax
from glifo.evaluation.metrics import score
from glifo.experiment import judge
from glifo.experiment.evaluate import Verdict
from glifo.files import write_json
from glifo.runs import Run, describe_environment

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("--runs", type=Path, default=Path("runs/record"))
    parser.add_argument("--data", help="another data set's test part instead of the runs' own")
    arguments = parser.parse_args()
    runs = [Run(folder=folder) for folder in sorted(arguments.runs.glob(f"{arguments.recipe}-seed*"))]
    if len(runs) < 2:
        sys.exit(
            f"{len(runs)} runs of {arguments.recipe} lie under {arguments.runs}; a committee has two members or more"
        )
    verdicts = [judge(run, data=arguments.data, final=True) for run in runs]
    environment, name = describe_environment(0), f"committee-{arguments.recipe}-{verdicts[0].data}"
    more = f" --data {arguments.data}" if arguments.data else ""
    result = {
        "format_version": 1,
        "command": f"python benchmarks/committee.py {arguments.recipe}{more}",
        **{key: environment[key] for key in ("hardware", "versions", "commit")},
        "recipe": runs[0].recipe.to_dict(),
        "seeds": [run.seed for run in runs],
        "data": verdicts[0].data,
        **figures(verdicts),
    }
    write_json(RESULTS / f"{name}.json", result)
    sys.stderr.write(f"wrote {RESULTS / name}.json: {result['accuracy']['value']:.2%} of {result['n']:,}\n")


def figures(verdicts: list[Verdict]) -> dict[str, Any]:
    """The committee's scores and its members'."""
    first = verdicts[0]
    together = np.log(np.mean([probabilities(verdict) for verdict in verdicts], axis=0))
    scores = score(together, first.labels, first.confusions.classes)
    guesses = np.stack([verdict.logits.argmax(axis=1) for verdict in verdicts])
    return {
        **{name: scores.to_dict()[name] for name in ("n", "accuracy", "case_merged", "cross_entropy", "ece_after")},
        "members": [verdict.scores.accuracy.value for verdict in verdicts],
        "disagreement": float((guesses != guesses[0]).any(axis=0).mean()),
    }


def probabilities(verdict: Verdict) -> np.ndarray:
    """A member's calibrated probabilities; its logits may be of merged classes."""
    return np.clip(softmax(verdict.logits.astype(np.float64), verdict.scores.temperature), 1e-12, None)


if __name__ == "__main__":
    main()
