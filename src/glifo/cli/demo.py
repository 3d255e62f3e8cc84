"""`glifo demo`: the whole way in half a minute, from data to a recogniser that reads pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from glifo.cli.data import save_png
from glifo.cli.evaluate import print_verdict
from glifo.cli.output import MAX_SEED, check_writable, err, out, print_json

if TYPE_CHECKING:
    from glifo.experiment import Verdict
    from glifo.recognizer import Reading

NUM_PICTURES = 12


def demo(
    folder: Annotated[Path, typer.Option("--out", help="Where the run and the pictures go; made anew.")] = Path("demo"),
    html: Annotated[Path, typer.Option(help="The report's file.")] = Path("report.html"),
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Seed of the training.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Train on the embedded digits, open the sealed test, read pictures exported from it, write a report.

    [bold]Example[/bold]

    glifo demo --out demo --html report.html
    """
    from glifo.experiment import judge, train
    from glifo.recognizer import load
    from glifo.report import readings_report

    check_writable(html)
    err.print("training recipe digits on the embedded digits ...", style="dim")
    run = train("digits", seed, free_folder(folder, "run"), progress=True)
    verdict = judge(run, final=True)
    paths = export(verdict, free_folder(folder, "pictures"))
    readings = load(run.folder).read(paths)
    truths = [verdict.confusions.classes[label] for label in verdict.labels[:NUM_PICTURES]]
    readings_report(html, run, verdict, readings, truths)
    seconds = run.bundle.facts["training_seconds"]
    if json:
        read = [{**reading.to_dict(), "is": truth} for reading, truth in zip(readings, truths, strict=True)]
        print_json({"run": str(run.folder), "training_seconds": seconds, "readings": read, **verdict.to_dict()})
        return
    print_verdict(verdict)
    out.print(table_of(readings, truths))
    out.print(f"trained in {seconds:.1f} s; run {run.folder}; report {html}", markup=False)


def free_folder(folder: Path, name: str) -> Path:
    """`folder/name`, or with a number behind where that is taken: nothing of an earlier demo is written over."""
    path, number = folder / name, 2
    while path.exists():
        path, number = folder / f"{name}-{number}", number + 1
    return path


def export(verdict: Verdict, folder: Path) -> list[Path]:
    """The first pictures of the test as PNG files, enlarged, dark ink on white paper, as a camera would see them."""
    from glifo.data.sheet import picture_of

    folder.mkdir(parents=True)
    paths = [folder / f"{number:02}.png" for number in range(NUM_PICTURES)]
    for path, image in zip(paths, verdict.images[:NUM_PICTURES], strict=True):
        save_png(picture_of(image, scale=12, paper=True), path)
    return paths


def table_of(readings: list[Reading], truths: list[str]) -> Table:
    table = Table("picture", "is", "read as", "confidence", title="Pictures exported from the test and read back")
    for reading, truth in zip(readings, truths, strict=True):
        mark = "" if reading.text == truth else " [red]wrong[/red]"
        table.add_row(Path(str(reading.path)).name, truth, reading.text + mark, f"{reading.confidence:.1%}")
    return table
