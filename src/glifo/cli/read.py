"""`glifo read`: pictures become characters."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from glifo.cli.output import out, print_json


def read(
    pictures: Annotated[
        list[str], typer.Argument(help="Pictures: PNG, JPEG, WebP, TIFF or BMP.", metavar="PICTURE...")
    ],
    as_: Annotated[str, typer.Option("--as", help="What a picture holds: glyph (one character).")] = "page",
    model: Annotated[str, typer.Option(help="A *.glifo file, a run's folder, or a shipped model's name.")] = "latin62",
    top: Annotated[int, typer.Option(min=1, help="How many guesses to give.")] = 5,
    json: Annotated[bool, typer.Option("--json", help="Print the readings as JSON.")] = False,
) -> None:
    """Read pictures of single characters, dark on light or light on dark, any size.

    [bold]Examples[/bold]

    glifo read letter.jpg --as glyph

    glifo read *.png --as glyph --model runs/digits-seed0 --json
    """
    from glifo.recognizer import load

    if as_ != "glyph":
        raise ValueError(f"--as {as_} was given; this version of glifo reads single characters: give --as glyph")
    readings = load(model).read(pictures, top=top)
    if json:
        print_json([reading.to_dict() for reading in readings])
        return
    table = Table("picture", "text", "confidence", "other guesses")
    for reading in readings:
        others = "  ".join(f"{escape(guess.character)} {guess.probability:.1%}" for guess in reading.guesses[1:4])
        table.add_row(
            escape(Path(str(reading.path)).name),
            f"[bold]{escape(reading.text)}[/bold]",
            f"{reading.confidence:.1%}",
            others,
        )
    out.print(table)
