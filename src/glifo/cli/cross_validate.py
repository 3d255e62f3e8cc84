"""`glifo cross-validate`: a recipe's accuracy over folds, with an interval that can be believed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from glifo.cli.output import MAX_SEED, check_writable, err, out, print_json
from glifo.cli.train import find

if TYPE_CHECKING:
    from glifo.experiment.folds import CrossValidation


def cross_validate(
    recipe: Annotated[str, typer.Argument(help="Name of a recipe (`glifo recipes` lists them) or a recipe.json.")],
    folds: Annotated[int, typer.Option(min=2, help="How many parts the rows are cut into.")] = 5,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Seed of the folds, the weights and the order.")] = 0,
    out_file: Annotated[Path | None, typer.Option("--out", help="Write the result into this JSON file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Train a recipe once for each fold and judge it on that fold; the sealed test stays sealed, no model is kept.

    Early stopping and the choice of the best epoch see rows outside the fold only, so they do not flatter its accuracy.
    The interval is the corrected t interval (Nadeau and Bengio 2003): folds share training rows and are not independent.

    [bold]Examples[/bold]

    glifo cross-validate digits

    glifo cross-validate digits --folds 10 --out folds.json
    """
    from glifo import experiment
    from glifo.files import write_json

    if out_file is not None:
        check_writable(out_file)
    result = experiment.cross_validate(find(recipe), folds, seed, progress=True)
    if out_file is not None:
        write_json(out_file, result.to_dict())
        err.print(f"wrote {out_file}", style="dim", markup=False)
    if json:
        print_json(result.to_dict())
    else:
        print_folds(result)


def print_folds(result: CrossValidation) -> None:
    """A row for each fold, then mean, standard deviation and interval."""
    table = Table("fold", "rows", "trained on", "validated on", "epochs", "accuracy")
    for number, fold in enumerate(result.folds, start=1):
        counts = (len(fold.rows), fold.num_train, fold.num_validation, fold.num_epochs)
        table.add_row(str(number), *(f"{count:,}" for count in counts), f"{fold.accuracy:.2%}")
    out.print(table)
    interval = result.interval
    out.print(
        f"accuracy [bold]{result.mean:.2%}[/bold] over {len(result.folds)} folds, standard deviation {result.stdev:.2%} "
        f"(95 % interval {interval.low:.2%} to {interval.high:.2%})"
    )
