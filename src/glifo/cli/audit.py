"""`glifo audit`: which labels of a data set are likely wrong."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from glifo.cli.output import MAX_SEED, check_writable, err, out, print_json, tell
from glifo.cli.train import find

if TYPE_CHECKING:
    from glifo.experiment.audit import LabelAudit
    from glifo.recipes import Recipe


def audit(
    data: Annotated[str, typer.Argument(help="A data set of the catalogue, an imported name or a path.")],
    recipe: Annotated[
        str | None, typer.Option(help="Recipe to train; the first made for all rows of the data.")
    ] = None,
    folds: Annotated[int, typer.Option(min=2, help="How many parts the rows are cut into.")] = 4,
    part: Annotated[str, typer.Option(help="test, train (all but the sealed test) or all.")] = "train",
    with_training_rows: Annotated[
        bool, typer.Option("--with-training-rows", help="Let every fold of a test's audit train on those rows too.")
    ] = False,
    num: Annotated[int, typer.Option(min=1, help="How many suspects of each kind to show.")] = 100,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Seed of the folds, the weights and the order.")] = 0,
    html: Annotated[Path | None, typer.Option(help="Write a page with the suspects as pictures.")] = None,
    out_file: Annotated[Path | None, typer.Option("--out", help="Write all suspects into this JSON file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Find suspect labels by confident learning: train on all folds but one, and doubt the labels of that one.

    An audit of the test trains on test rows. It judges labels, not a recogniser: its networks are thrown away and its
    accuracy is no test result. The reading of the sealed rows is written into the result, with its reason.

    [bold]Examples[/bold]

    glifo audit optdigits --html audit.html

    glifo audit emnist-partial-bymerge --part test --html audit.html --out audit.json
    """
    from glifo import experiment
    from glifo.files import write_json

    check_writable(html, out_file)
    if part in ("test", "all") and out_file is None:
        raise ValueError(f"an audit of the part {part} reads sealed test rows; give --out FILE, which keeps the record")
    result = experiment.audit_labels(
        recipe_for(data, recipe),
        part=part,
        folds=folds,
        with_training_rows=with_training_rows,
        seed=seed,
        progress=True,
        keep_record=None if out_file is None else partial(write_json, out_file),
    )
    if html is not None:
        from glifo.report.audit import audit_report

        audit_report(html, result, num)
        tell(f"wrote {html}")
    if out_file is not None:
        write_json(out_file, result.to_dict())
        tell(f"wrote {out_file}")
    if json:
        print_json(result.to_dict(num))
    else:
        print_audit(result)


def recipe_for(data: str, name: str | None) -> Recipe:
    """The recipe named, on this data; without a name the first made for all its rows."""
    from glifo.recipes import RECIPES

    if name is not None:
        return replace(find(name), data=data)
    made = [recipe for make in RECIPES.values() if (recipe := make()).data == data]
    fitting = [each for each in made if (each.max_train_rows, each.start_from, each.fault) == (None, None, None)]
    if not fitting:
        raise ValueError(f"no recipe is made for {data}; name one with --recipe (`glifo recipes` lists them)")
    return fitting[0]


def print_audit(result: LabelAudit) -> None:
    """Counts, the estimated share of wrong labels, and the surest suspects."""
    n, found = result.noise.n, len(result.suspects)
    out.print(f"part {result.plan.part}: [bold]{found:,}[/bold] of {n:,} labels are suspect ({found / n:.2%}),")
    out.print(f"{len(result.look_alikes):,} of them between look-alike shapes, {len(result.others):,} between others")
    out.print(f"estimated share of wrong labels {result.noise.share:.2%}; out-of-fold accuracy {result.accuracy:.2%}")
    table = Table("row", "label", "suggestion", "p(label)", "p(suggestion)", title="Surest suspects, other shapes")
    for each in result.others[:15]:
        characters = (escape(result.classes[number]) for number in (each.label, each.suggestion))
        shares = (f"{share:.2%}" for share in (each.label_probability, each.suggestion_probability))
        table.add_row(str(each.row), *characters, *shares)
    if result.others:
        out.print(table)
    if result.plan.test_read is not None:
        err.print("the sealed test rows were read for this audit; its accuracy is no test result", style="yellow")
