"""`glifo runs`: the trainings that lie in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from glifo.cli.output import out, print_json

if TYPE_CHECKING:
    from glifo.runs import Run


def runs(
    root: Annotated[Path, typer.Option(help="The folder that holds the runs.")] = Path("runs"),
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """List the runs: recipe, seed, epochs, validation accuracy, readings of the sealed test.

    [bold]Examples[/bold]

    glifo runs

    glifo runs --root experiments --json
    """
    from glifo.runs import list_runs

    rows = [row_or_damage(run) for run in list_runs(root)]
    if json:
        print_json(rows)
        return
    table = Table("run", "recipe", "seed", "epochs", "validation accuracy", "test accuracy", "state")
    for row in rows:
        accuracies = [row["validation_accuracy"], row["test_accuracy"]]
        shown = ["-" if accuracy is None else f"{accuracy:.2%}" for accuracy in accuracies]
        texts = [escape(str(row[name])) for name in ("run", "recipe", "seed", "epochs")]
        table.add_row(*texts, *shown, escape(row["state"]))
    out.print(table)


def row_or_damage(run: Run) -> dict[str, Any]:
    """A run as plain values; one that cannot be read says why and hides no other."""
    try:
        return row_of(run)
    except ValueError as error:
        unknown = dict.fromkeys(("seed", "validation_accuracy", "test_accuracy"))
        return {"run": str(run.folder), "recipe": "?", **unknown, "epochs": 0, "state": f"damaged: {error}"}


def row_of(run: Run) -> dict[str, Any]:
    """A run as plain values."""
    history, own = run.history, run.environment["data"]["identity"]
    reads = [each["accuracy"] for each in run.test_reads if "accuracy" in each and each.get("identity", own) == own]
    finished = run.bundle_path.is_file()
    return {
        "run": str(run.folder),
        "recipe": run.recipe.name,
        "seed": run.seed,
        "epochs": len(history),
        "validation_accuracy": run.scores["accuracy"]["value"] if finished else None,
        "test_accuracy": reads[-1] if reads else None,
        "state": "finished" if finished else f"glifo train --resume {run.folder}",
    }
