"""`glifo explain`: why a recogniser reads a picture as it does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from glifo.cli.output import check_writable, err, out, print_json

if TYPE_CHECKING:
    from glifo.experiment.explain import Explanation


def explain(
    picture: Annotated[str, typer.Argument(help="A picture of one character.", metavar="PICTURE")],
    model: Annotated[str, typer.Option(help="A *.glifo file, a run's folder, or a shipped model's name.")] = "latin62",
    html: Annotated[Path, typer.Option(help="The page's file.")] = Path("explain.html"),
    json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
) -> None:
    """What the network sees layer by layer, where it looks, why the runner-up lost, which training glyphs are nearest.

    Writes one self-contained HTML page. The nearest glyphs need the data that the model was trained on.

    [bold]Examples[/bold]

    glifo explain letter.png

    glifo explain letter.png --model runs/digits-seed0 --html why.html --json
    """
    from glifo.experiment import explain as explain_picture
    from glifo.recognizer import load
    from glifo.report.explanation import explanation_report

    check_writable(html)
    found = explain_picture(picture, load(model))
    explanation_report(html, found)
    err.print(f"wrote {html}", style="dim", markup=False)
    if json:
        print_json(found.to_dict())
    else:
        print_explanation(found)


def print_explanation(found: Explanation) -> None:
    """The best guesses, the reason and the nearest glyphs."""
    table = Table("character", "probability", title="Best guesses")
    for guess in found.guesses:
        table.add_row(escape(guess.character), f"{guess.probability:.1%}")
    out.print(table)
    out.print(found.reason(), markup=False)
    if found.neighbours:
        near = "  ".join(f"{each.character} {each.distance:.2f}" for each in found.neighbours)
        out.print(f"nearest training glyphs: {near} (median distance {found.median_distance:.2f})", markup=False)
    else:
        out.print(found.neighbours_note, markup=False)
