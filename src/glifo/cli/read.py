"""`glifo read`: pictures become characters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.markup import escape
from rich.table import Table

from glifo.cli.output import complain, out, print_json

if TYPE_CHECKING:
    from glifo.recognizer import Doubt, Reading, Recognizer


def read(
    pictures: Annotated[
        list[str], typer.Argument(help="Pictures: PNG, JPEG, WebP, TIFF or BMP.", metavar="PICTURE...")
    ],
    as_: Annotated[str, typer.Option("--as", help="What a picture holds: glyph (one character).")] = "page",
    model: Annotated[str, typer.Option(help="A *.glifo file, a run's folder, or a shipped model's name.")] = "latin62",
    top: Annotated[int, typer.Option(min=1, help="How many guesses to give.")] = 5,
    max_error: Annotated[
        str | None, typer.Option(help='Answer "?" where needed to keep wrong answers below this: 1% or 0.01.')
    ] = None,
    sets: Annotated[
        str | None, typer.Option(help="Give the set of characters that holds the truth this often: 95% or 99%.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the readings as JSON.")] = False,
) -> None:
    """Read pictures of single characters, dark on light or light on dark, any size.

    A picture that cannot be read is named on stderr and the others are still read; the exit code is then 2.

    [bold]Examples[/bold]

    glifo read letter.jpg --as glyph

    glifo read *.png --as glyph --model runs/digits-seed0 --json

    glifo read *.png --as glyph --max-error 1% --sets 95%
    """
    from glifo.recognizer import Doubt, load

    if as_ != "glyph":
        raise ValueError(f"--as {as_} was given; this version of glifo reads single characters: give --as glyph")
    doubt = Doubt(max_error=share(max_error, "--max-error"), coverage=share(sets, "--sets"))
    readings, unreadable = read_each(load(model), pictures, top, doubt)
    if json:
        print_json([reading.to_dict() for reading in readings])
    elif readings:
        out.print(table_of(readings))
    if unreadable:
        raise typer.Exit(2)


def share(text: str | None, option: str) -> float | None:
    """A share of 0..1 from "1%" or "0.01"; None for None."""
    if text is None:
        return None
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise ValueError(f"{option} {text} was given; give a share such as 1% or 0.01") from None
    return round(value, 12)


def read_each(recognizer: Recognizer, pictures: list[str], top: int, doubt: Doubt) -> tuple[list[Reading], int]:
    """The readings of the pictures that can be read, and the number of those that cannot, with a complaint for each."""
    glyphs: list[np.ndarray] = []
    names: list[str] = []
    for picture in pictures:
        try:
            glyphs.append(recognizer.glyph(picture))
            names.append(picture)
        except (ValueError, OSError) as error:
            complain(" ".join(str(error).split()))
    if not glyphs:
        return [], len(pictures)
    probabilities = recognizer.probabilities(np.stack(glyphs))
    return recognizer.readings(names, probabilities, top, doubt), len(pictures) - len(names)


def table_of(readings: list[Reading]) -> Table:
    """A row for each reading: picture, text, confidence, runners-up, and the set where one was asked for."""
    with_sets = any(reading.set_ is not None for reading in readings)
    table = Table("picture", "text", "confidence", "other guesses", *(["set"] if with_sets else []))
    names = [Path(str(reading.path)).name for reading in readings]
    if len(set(names)) < len(names):
        names = [str(reading.path) for reading in readings]
    for name, reading in zip(names, readings, strict=True):
        others = "  ".join(f"{escape(guess.character)} {guess.probability:.1%}" for guess in reading.guesses[1:4])
        text = f"[bold]{escape(reading.text)}[/bold]"
        chosen = ["{" + escape(", ".join(reading.set_)) + "}"] if reading.set_ is not None else []
        table.add_row(escape(name), text, f"{reading.confidence:.1%}", others, *chosen)
    return table
