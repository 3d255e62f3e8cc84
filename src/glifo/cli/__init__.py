"""The command `glifo`: one file per verb, each of which parses, calls and prints.

Results go to stdout, progress and errors to stderr. Wrong input ends with one clear line and exit code 2; a verb's
heavy imports stand inside its function, so that `glifo read` never loads torch.
"""

from __future__ import annotations

import errno
import os
from typing import Any

import typer

from glifo.cli import data
from glifo.cli.output import complain


class ClearErrors(typer.core.TyperGroup):
    """Turns the errors that users can cause (ValueError, OSError) into one line and exit code 2.

    `GLIFO_TRACEBACK=1` shows the whole traceback instead, for those who mend glifo.
    """

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        try:
            return super().invoke(ctx)
        except (ValueError, OSError) as error:
            if os.environ.get("GLIFO_TRACEBACK"):
                raise
            complain(in_one_line(error))
            raise typer.Exit(2) from None


def in_one_line(error: ValueError | OSError) -> str:
    """What went wrong and what to do, on one line."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"no space left on device while writing {error.filename or 'a file'}; free some or choose another folder"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {(error.strerror or str(error)).lower()}; check the path and its permissions"
    return " ".join(str(error).split())


app = typer.Typer(
    name="glifo",
    cls=ClearErrors,
    help="Train, compare, explain and serve recognisers of handwritten characters, and read them from pictures.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data.app, name="data")


def main() -> None:
    """Run the command line (the console script `glifo`)."""
    app()
