"""`glifo data`: list, fetch, import, show and sample data sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from glifo.cli.output import err, out, print_json

if TYPE_CHECKING:
    from glifo.data.catalog import Source
    from glifo.data.dataset import Dataset

app = typer.Typer(
    help="List, fetch, import, show and sample data sets: official ones and your own.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
NAME_HELP = "A name of 'glifo data list', or the path of your own folder, .csv or .npz."


@app.command("list")
def list_(json: Json = False) -> None:
    """List the data sets of the catalogue and those you imported, and whether their files are here.

    Example: [bold]glifo data list --json[/bold]
    """
    from glifo.data.catalog import SOURCES
    from glifo.data.dataset import open_data
    from glifo.data.own import imported_names

    rows = [_source_facts(source) for source in SOURCES.values()]
    rows += [_imported_facts(open_data(name)) for name in imported_names()]
    if json:
        print_json(rows)
    else:
        _print_list(rows)


def _print_list(rows: list[dict[str, Any]]) -> None:
    table = Table("name", "classes", "rows", "test rows", "download", "here", box=box.SIMPLE)
    for row in rows:
        size = f"{row['bytes'] / 1e6:,.1f} MB" if row["can_be_fetched"] else "-"
        counts = [str(len(row["classes"])), f"{row['num_train']:,}", f"{row['num_test']:,}"]
        table.add_row(row["name"], *counts, size, row["here"])
    out.print(table)
    # Titles, licences and notes are too long for a column of a narrow terminal.
    for row in rows:
        texts = [row["title"], f"licence: {row['licence']}", row["note"]]
        out.print(f"{row['name']}: {'; '.join(text for text in texts if text)}", markup=False)


def _source_facts(source: Source) -> dict[str, Any]:
    from glifo.data.dataset import data_folder
    from glifo.data.readers import presence

    texts = {name: getattr(source, name) for name in ("name", "title", "licence", "citation", "homepage", "note")}
    downloads = {(file.archive or file).name: file.archive or file for file in source.files}
    return texts | {
        "classes": source.classes,
        "num_train": source.counts[0],
        "num_test": source.counts[1],
        "bytes": source.size,
        "can_be_fetched": source.can_be_fetched,
        "here": presence(source, data_folder()),
        "files": [{"name": f.name, "bytes": f.size, **f.hashes, "mirrors": f.mirrors} for f in downloads.values()],
    }


def _imported_facts(dataset: Dataset) -> dict[str, Any]:
    texts = {"name": dataset.name, "title": "your own", "licence": "your own", "citation": "", "homepage": ""}
    counts = {"num_train": len(dataset), "num_test": 0, "bytes": 0, "can_be_fetched": False, "files": []}
    return texts | counts | {"note": dataset.note, "classes": dataset.classes, "here": "imported"}


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="A name of 'glifo data list'.")],
    from_: Annotated[
        Path | None, typer.Option("--from", help="A file or folder to take the files from, accepted by hash.")
    ] = None,
    timeout_s: Annotated[
        float, typer.Option(min=0.1, help="Seconds of silence after which a mirror is given up.")
    ] = 30,
    json: Json = False,
) -> None:
    """Fetch a data set into GLIFO_DATA: mirror by mirror, resumed where it broke off, verified by hash.

    Examples: [bold]glifo data fetch mnist[/bold], [bold]glifo data fetch emnist-letters --from gzip.zip[/bold]
    """
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    from glifo.data.catalog import SOURCES
    from glifo.data.dataset import data_folder
    from glifo.data.download import fetch as fetch_files
    from glifo.files import nearest

    if name not in SOURCES:
        raise ValueError(f"no data set is named {name!r}: {nearest(name, SOURCES)}")
    name_column = TextColumn("{task.description}")
    columns = (name_column, BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    tasks: dict[str, Any] = {}
    with Progress(*columns, console=err) as bar:

        def progress(file: str, done: int, total: int | None) -> None:
            if file not in tasks:
                tasks[file] = bar.add_task(file, total=total)
            bar.update(tasks[file], completed=done, total=total)

        paths = fetch_files(SOURCES[name], data_folder(), progress=progress, local=from_, timeout_s=timeout_s)
    if json:
        print_json({"name": name, "folder": str(data_folder()), "files": [str(path) for path in paths]})
    else:
        here = f"{len(paths)} files, verified, in {data_folder()}" if paths else "nothing to fetch, it is embedded"
        out.print(f"{name}: {here}", markup=False)


@app.command("import")
def import_(
    path: Annotated[Path, typer.Argument(help="A folder of pictures per class, a .csv of path,label or a .npz.")],
    name: Annotated[str, typer.Option(help="The name to keep it under: lower-case letters, digits, -, _ and '.'.")],
    frame: Annotated[str, typer.Option(help="The frame to bring pictures into: emnist, mnist, usps, ... .")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Take the place of an earlier import.")] = False,
    json: Json = False,
) -> None:
    """Import your own pictures under a name that every verb accepts.

    Example: [bold]glifo data import letters/ --name my-hand[/bold]
    """
    from glifo.data.dataset import import_data
    from glifo.data.own import find_frame

    dataset = import_data(path, name, frame=find_frame(frame) if frame else None, replace_old=replace)
    facts = {"name": name, "num_rows": len(dataset), "classes": dataset.classes, "identity": dataset.identity}
    if json:
        print_json(facts)
    else:
        out.print(f"{name}: {len(dataset):,} rows of {len(dataset.classes)} classes", markup=False)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help=NAME_HELP)],
    out_: Annotated[Path | None, typer.Option("--out", help="Where to draw the contact sheet, a .png.")] = None,
    per_class: Annotated[int, typer.Option(min=1, max=200, help="Images of each class on the sheet.")] = 16,
    seed: Annotated[int, typer.Option(min=0, help="Which images the sheet draws.")] = 0,
    json: Json = False,
) -> None:
    """Show a data set: class counts, splits, repeated images, and a contact sheet.

    Example: [bold]glifo data show mnist --out contact.png[/bold]
    """
    from glifo.data.dataset import open_data
    from glifo.data.describe import describe
    from glifo.data.sheet import contact_sheet
    from glifo.data.splits import rows_to_show

    dataset = open_data(name)
    facts = describe(dataset)
    if out_:
        save_png(contact_sheet(dataset, rows_to_show(dataset), per_class=per_class, seed=seed), out_)
        facts["contact_sheet"] = str(out_)
    if json:
        print_json(facts)
    else:
        _print_facts(facts)


def _print_facts(facts: dict[str, Any]) -> None:
    table = Table("class", "rows", "share", title=escape(facts["name"]))
    for name, count in facts["classes"].items():
        table.add_row(escape(name), f"{count:,}", f"{count / facts['num_rows']:.1%}")
    out.print(table)
    splits = facts["splits"]
    sizes = splits.get("reason") or "train {train:,}, validation {validation:,}, test {test:,}".format(**splits)
    lines = {
        "rows": f"{facts['num_rows']:,}, of {facts['shape']}, {facts['num_official_test']:,} set apart as the test part",
        "splits": f"{sizes} ({splits['rule']})" if "rule" in splits else sizes,
        "repeats": f"{facts['repeats']['inside']:,} images repeat an earlier one, "
        f"{facts['repeats']['test_in_training']:,} test images also lie outside the test",
        "note": facts["note"],
        "contact sheet": facts.get("contact_sheet"),
    }
    for title, text in lines.items():
        if text:
            out.print(f"{title}: {text}", markup=False)


@app.command()
def sample(
    characters: Annotated[str, typer.Option(help="The classes, as 38Uae, or cat,dog.")],
    out_: Annotated[Path, typer.Option("--out", help="The folder to write the pictures to.")],
    name: Annotated[str, typer.Argument(help=NAME_HELP + " Without it: the first EMNIST set that is here.")] = "",
    seed: Annotated[int, typer.Option(min=0, help="Which images are drawn.")] = 0,
    scale: Annotated[int, typer.Option(min=1, max=64, help="Enlarge each pixel so many times.")] = 1,
    paper: Annotated[bool, typer.Option("--paper", help="Dark ink on white, instead of bright on black.")] = False,
    json: Json = False,
) -> None:
    """Write one picture for each character, upright, never from the sealed test rows where there are others.

    Example: [bold]glifo data sample emnist-balanced --characters 38Uae --out samples[/bold]
    """
    from glifo.data.dataset import open_data
    from glifo.data.describe import first_emnist
    from glifo.data.sheet import chosen_classes, picture_of, sample_name, sample_rows
    from glifo.data.splits import rows_to_show

    dataset = open_data(name or first_emnist())
    rows = sample_rows(dataset, rows_to_show(dataset), chosen_classes(dataset, characters), seed)
    written = []
    for character, row in rows.items():
        path = out_ / sample_name(character)
        save_png(picture_of(dataset.images[row], scale=scale, paper=paper), path)
        written.append({"character": character, "path": str(path), "row": row})
    if json:
        print_json({"name": dataset.name, "pictures": written})
    else:
        out.print("\n".join(f"{picture['character']}  {picture['path']}" for picture in written), markup=False)


def save_png(picture: Any, path: Path) -> None:
    """Write a Pillow picture as PNG, whole or not at all."""
    import io

    from glifo.files import write_whole

    if path.suffix.lower() != ".png":
        raise ValueError(f"{path}: the picture is a PNG; give a name that ends in .png")
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    write_whole(path, buffer.getvalue())
