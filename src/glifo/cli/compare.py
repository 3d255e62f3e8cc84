"""`glifo compare`: recipes and runs side by side, and which differences are real."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import JustifyMethod
from rich.markup import escape
from rich.table import Table

from glifo.cli.output import MAX_SEED, check_writable, out, print_json, tell

if TYPE_CHECKING:
    from glifo.experiment import Comparison
    from glifo.report.page import Table as PageTable

NAME = 14  # columns that a name keeps on a narrow terminal


def compare(
    names: Annotated[
        list[str], typer.Argument(help="Run folders, recipe names or recipe.json.", metavar="RECIPE|RUN...")
    ],
    final: Annotated[
        bool, typer.Option("--final", help="Open each sealed test; the readings are put on record.")
    ] = False,
    seeds: Annotated[int, typer.Option(min=1, help="Train each recipe with so many seeds.")] = 1,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="The first of these seeds.")] = 0,
    out_folder: Annotated[
        Path, typer.Option("--out", help="Where recipes are trained; what is finished there is used again.")
    ] = Path("runs/compare"),
    processes: Annotated[int, typer.Option(min=1, help="Trainings at the same time, one thread each if several.")] = 1,
    price_per_hour: Annotated[float | None, typer.Option(min=0, help="Price of an hour of training.")] = None,
    watts: Annotated[float | None, typer.Option(min=0, help="Power the machine draws while it trains.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write one self-contained HTML page with the plots.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Accuracy with intervals, size, time and memory of each run, and a paired test of every pair (McNemar).

    Recipes are trained first. The best run is chosen by validation rows; without --final every test stays sealed.

    [bold]Examples[/bold]

    glifo compare runs/digits-seed0 runs/mine --html compare.html

    glifo compare digits mine.json --seeds 5 --processes 2 --final
    """
    from glifo import experiment

    check_writable(html)
    comparison = experiment.compare(
        names,
        num_seeds=seeds,
        seed=seed,
        out=out_folder,
        processes=processes,
        final=final,
        price_per_hour=price_per_hour,
        watts=watts,
        tell=tell,
    )
    if html is not None:
        from glifo.report import comparison_report

        comparison_report(html, comparison)
        tell(f"wrote {html}")
    if json:
        print_json(comparison.to_dict())
    else:
        print_comparison(comparison)


def print_comparison(comparison: Comparison) -> None:
    """The tables, then what differs in words."""
    from glifo.report.comparison import accuracy_table, cost_table, findings, has_seeds, seeds_table

    seeds = [seeds_table(comparison)] if has_seeds(comparison) else []
    for table in (accuracy_table(comparison), cost_table(comparison), *seeds):
        print_table(table)
    for line in findings(comparison):
        out.print(line, markup=False)


def print_table(page_table: PageTable) -> None:
    """The table with every word of a figure whole; on a narrow terminal intervals go below, and names fold."""
    from glifo.report.page import shown

    cells = [["-" if cell is None else shown(cell) for cell in row] for row in page_table.rows]
    table = Table(title=page_table.caption, box=box.SIMPLE, title_justify="left", padding=(0, 1, 0, 0))
    for number, (column, below) in enumerate(zip(page_table.columns, zip(*cells, strict=True), strict=True)):
        word = max(len(word) for text in (column, *below) for word in text.split())
        justify: JustifyMethod = "left" if number < page_table.num_text_columns else "right"
        table.add_column(column, overflow="fold", justify=justify, min_width=word if number else min(word, NAME))
    for row in cells:
        table.add_row(*map(escape, row))
    out.print(table, soft_wrap=False, crop=False)
