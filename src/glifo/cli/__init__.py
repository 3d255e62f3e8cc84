"""The command `glifo`: one file per verb, each of which parses, calls and prints.

Results go to stdout, progress and errors to stderr. Wrong input ends with one clear line and exit code 2; a verb's
heavy imports stand inside its function, so that `glifo read` never loads torch.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Annotated, Any

import typer

import glifo
from glifo.cli import data, networks
from glifo.cli.audit import audit
from glifo.cli.compare import compare
from glifo.cli.cross_validate import cross_validate
from glifo.cli.demo import demo
from glifo.cli.diagnose import diagnose
from glifo.cli.evaluate import evaluate
from glifo.cli.explain import explain
from glifo.cli.explore import explore
from glifo.cli.lr_find import lr_find
from glifo.cli.output import complain, out
from glifo.cli.read import read
from glifo.cli.recipes import recipes
from glifo.cli.runs import runs
from glifo.cli.train import train


class ClearErrors(typer.core.TyperGroup):
    """Turns the errors that users can cause (ValueError, OSError, a missing extra) into one line and exit code 2.

    `GLIFO_TRACEBACK=1` shows the whole traceback instead, for those who mend glifo.
    """

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (ValueError, OSError, ModuleNotFoundError) as error:
            if os.environ.get("GLIFO_TRACEBACK"):
                raise
            complain(in_one_line(error))
            raise typer.Exit(2) from None


def in_one_line(error: Exception) -> str:
    """What went wrong and what to do, on one line."""
    if isinstance(error, ModuleNotFoundError):
        return f"this verb needs the module {error.name}, which is not installed; run: pip install 'glifo[train]'"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"no space left on device while writing {error.filename or 'a file'}; free some or choose another folder"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {(error.strerror or str(error)).lower()}; check the path and its permissions"
    return " ".join(str(error).split())


app = typer.Typer(
    name="glifo",
    cls=ClearErrors,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data.app, name="data")
app.add_typer(networks.app, name="networks")
for verb in (demo, train, evaluate, compare, diagnose, audit, explain, explore, read, runs, recipes):
    app.command(verb.__name__)(verb)
app.command("lr-find")(lr_find)
app.command("cross-validate")(cross_validate)


def show_version(wanted: bool | None) -> None:
    if wanted:
        out.print(f"glifo {glifo.__version__}", highlight=False)
        raise typer.Exit


@app.callback()
def describe(
    version: Annotated[
        bool | None, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version and stop.")
    ] = None,
) -> None:
    """Train, compare, explain and serve recognisers of handwritten characters, and read them from pictures."""


def main() -> None:
    """Run the command line (the console script `glifo`); what it prints is UTF-8 whatever the locale."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    app()
