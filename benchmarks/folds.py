"""Five-fold cross-validation of recipes, each into a result file of its own.

    python benchmarks/folds.py e4-mlp-a e4-mlp-b

Writes benchmarks/results/folds-RECIPE.json: what `glifo cross-validate` finds, with command, hardware and versions. The
sealed test stays sealed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from glifo.experiment import cross_validate
from glifo.files import write_json
from glifo.runs import describe_environment

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="+")
    for name in parser.parse_args().recipes:
        environment = describe_environment(0)
        facts = {key: environment[key] for key in ("hardware", "versions", "commit")}
        found = cross_validate(name, folds=5, seed=0).to_dict()
        write_json(RESULTS / f"folds-{name}.json", {"command": f"python benchmarks/folds.py {name}"} | facts | found)
        sys.stderr.write(f"wrote {RESULTS / name}\n")


if __name__ == "__main__":
    main()
