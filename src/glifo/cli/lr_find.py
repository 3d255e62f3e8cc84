"""`glifo lr-find`: which learning rate suits a recipe."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from glifo.cli.output import MAX_SEED, err, out, print_json
from glifo.cli.train import find


def lr_find(
    recipe: Annotated[str, typer.Argument(help="Name of a recipe, or a recipe.json.")],
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Seed of the weights and the order.")] = 0,
    steps: Annotated[int, typer.Option(min=10, help="Training steps, each at a higher rate.")] = 200,
    plot: Annotated[Path | None, typer.Option(help="Draw the curve into this SVG file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the curve as JSON.")] = False,
) -> None:
    """Raise the rate from 1e-10 to 10 step by step and suggest the one at which the loss falls fastest (Smith 2017).

    [bold]Examples[/bold]

    glifo lr-find digits

    glifo lr-find emnist-custom --plot rate.svg
    """
    from glifo.experiment import rate_curve

    if plot is not None and plot.suffix.lower() != ".svg":
        raise ValueError(f"{plot}: the curve is drawn as SVG; give a name that ends in .svg")
    curve = rate_curve(find(recipe), seed, num_steps=steps)
    if plot is not None:
        from glifo.files import write_whole
        from glifo.report.plots import curve_plot

        figure = curve_plot(
            list(curve.rates),
            {"loss": list(curve.losses)},
            "learning rate",
            "smoothed loss",
            log_x=True,
            mark=curve.suggestion,
        )
        write_whole(plot, figure.svg.encode())
        err.print(f"wrote {plot}", style="dim", markup=False)
    if json:
        print_json(asdict(curve))
        return
    out.print(
        f"suggested learning rate [bold]{curve.suggestion:.2g}[/bold] (steepest fall); lowest loss at {curve.lowest:.2g}"
    )
