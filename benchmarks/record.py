"""Train a recipe with several seeds, open its sealed test once for each, and write the figures to a result file.

    python benchmarks/record.py digits --seeds 5

Writes benchmarks/results/RECIPE.json: command, hardware, versions, n, and for each seed the training, validation and
test figures; the tables in the README are generated from these files (docs/generate.py). A seed whose run lies finished
under --runs is not trained again, and its test is not read again.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path
from typing import Any

from glifo.experiment import judge, resume, train
from glifo.files import read_json, write_json
from glifo.recipes import find_recipe
from glifo.runs import RECIPE, Run

RESULTS = Path(__file__).parent / "results"
MAX_EPOCHS = 60  # of the curves that a result file keeps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--runs", type=Path, default=Path("runs/record"))
    parser.add_argument("--also", nargs="*", default=[], help="other data sets whose test parts are read as well")
    arguments = parser.parse_args()
    runs = [finished(arguments.recipe, seed, arguments.runs) for seed in range(arguments.seeds)]
    rows = [row_of(run) | also(run, arguments.also) for run in runs]
    recipe = find_recipe(arguments.recipe)
    run = Run(folder=folder_of(arguments.runs, recipe.name, 0))
    result = {
        "format_version": 1,
        "recipe": recipe.to_dict(),
        "command": f"python benchmarks/record.py {recipe.name} --seeds {arguments.seeds}"
        + (f" --also {' '.join(arguments.also)}" if arguments.also else ""),
        "hardware": run.environment["hardware"],
        "versions": run.environment["versions"],
        "commits": sorted({str(each.environment.get("commit")) for each in runs}),
        "note": "training times are of a machine that did other work beside it",
        "data": run.environment["data"],
        "precision": sorted({row["precision"] for row in rows}),
        "num_parameters": parameters_of(run),
        "summary": {name: summary_of([row[name] for row in rows]) for name in FIGURES},
        "seeds": rows,
    }
    write_json(RESULTS / f"{recipe.name}.json", result)
    sys.stderr.write(f"wrote {RESULTS / recipe.name}.json\n")


FIGURES = (
    *("train_accuracy", "train_accuracy_served", "validation_accuracy", "test_accuracy", "gap"),
    *("ece_after", "training_seconds", "cpu_seconds"),
)


def folder_of(root: Path, name: str, seed: int) -> Path:
    return root / f"{name}-seed{seed}"


def finished(name: str, seed: int, root: Path) -> Run:
    """The run of a seed: as it lies there, resumed, or trained anew."""
    folder = folder_of(root, name, seed)
    if not (folder / RECIPE).is_file():
        return train(name, seed, folder)
    if Run(folder=folder).recipe != find_recipe(name):
        sys.exit(f"{folder} was trained with another recipe than {name} is now; name another folder with --runs")
    return resume(folder)


def row_of(run: Run) -> dict[str, Any]:
    """The figures of one seed."""
    facts = run.bundle.facts
    final_scores = final_of(run)
    validation, test = run.scores["accuracy"]["value"], final_scores["accuracy"]["value"]
    return {
        "seed": run.seed,
        "epochs": facts["num_epochs"],
        "best_epoch": facts["best_epoch"],
        "precision": run.environment["precision"],
        "threads": run.environment["threads"],
        "training_seconds": facts["training_seconds"],
        "cpu_seconds": round(sum(row.get("cpu_seconds", 0.0) for row in run.history), 2),
        "peak_memory_mb": facts.get("peak_memory_mb"),
        "train_accuracy": facts["train_accuracy"],
        "train_accuracy_served": judge(run, part="training").scores.accuracy.value,
        "validation_accuracy": validation,
        "validation_n": run.scores["n"],
        "test_accuracy": test,
        "test_n": final_scores["n"],
        "gap": validation - test,
        "ece_after": final_scores["ece_after"],
        "case_merged": (final_scores["case_merged"] or {}).get("value"),
        "repeats_of_training_rows": final_scores["repeats"],
        "doubt": doubt_of(final_scores),
        "temperature": run.bundle.temperature,
        "onnx_parity": facts["onnx_parity"],
        "epoch_validation_accuracy": [round(row["validation_accuracy"], 5) for row in run.history[:MAX_EPOCHS]],
        "epoch_cpu_seconds": [round(row.get("cpu_seconds", 0.0), 3) for row in run.history[:MAX_EPOCHS]],
    }


def also(run: Run, names: list[str]) -> dict[str, Any]:
    """The figures on other data sets' test parts."""
    return {"also": [{"data": name, **figures_of(final_of(run, name))} for name in names]} if names else {}


def figures_of(scores: dict[str, Any]) -> dict[str, Any]:
    return {
        "test_accuracy": scores["accuracy"]["value"],
        "test_n": scores["n"],
        "ece_after": scores["ece_after"],
        "within_alphabet": scores.get("within_alphabet"),
        "merged": scores.get("merged"),
        "repeats_of_training_rows": scores.get("repeats"),
        "doubt": doubt_of(scores),
    }


def doubt_of(scores: dict[str, Any]) -> dict[str, Any] | None:
    """The sets' coverage and size, the dial's errors and AUGRC; the curve stays in the run's folder."""
    doubt = scores.get("doubt")
    return {name: value for name, value in doubt.items() if name != "risk_curve"} if doubt else None


def final_of(run: Run, data: str | None = None) -> dict[str, Any]:
    """The figures of a sealed test, the run's own or another data set's, read once and kept in the run's folder."""
    path = run.folder / ("final.json" if data is None else f"final-{data}.json")
    if not path.is_file():
        final = judge(run, data=data, final=True)
        kept = {name: getattr(final, name) for name in ("repeats", "merged", "doubt")}
        kept["confusions"] = final.confusions.to_dict()
        kept["within_alphabet"] = None if final.within_alphabet is None else final.within_alphabet.value
        write_json(path, final.scores.to_dict() | kept)
    return read_json(path)


def summary_of(values: list[float]) -> dict[str, Any]:
    spread = statistics.stdev(values) if len(values) > 1 else None
    return {"mean": statistics.fmean(values), "stdev": spread, "num_seeds": len(values)}


def parameters_of(run: Run) -> int:
    """Weights and running figures in the bundle, batch counters left out, as Keras counts."""
    from safetensors.numpy import load

    arrays = load(run.bundle.weights)
    return sum(array.size for name, array in arrays.items() if not name.endswith("num_batches_tracked"))


if __name__ == "__main__":
    main()
