"""`glifo explore`: what a data set looks like before anything is trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from glifo.cli.output import MAX_SEED, check_writable, err, out, print_json

if TYPE_CHECKING:
    from glifo.experiment.explore import Exploration


def explore(
    data: Annotated[str, typer.Argument(help="A name of 'glifo data list', or the path of your own.", metavar="DATA")],
    classes: Annotated[str | None, typer.Option(help="Look at these alone: 0123456789, or cat,dog.")] = None,
    rows: Annotated[int, typer.Option(min=1, help="A stratified sample of so many pictures at most.")] = 5_000,
    k: Annotated[int | None, typer.Option("--k", help="Show so many clusters instead of the chosen number.")] = None,
    embedding: Annotated[str | None, typer.Option(help="Draw another map as well: tsne or umap.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Seed of the sample and of k-means.")] = 0,
    html: Annotated[Path | None, typer.Option(help="Write one self-contained HTML page with the pictures.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Principal components, clusters and how far these agree with the classes; sealed test rows are left out.

    [bold]Examples[/bold]

    glifo explore optdigits --html explore.html

    glifo explore emnist-partial-byclass --classes 0123456789 --rows 3000 --embedding tsne --html explore.html
    """
    from glifo.experiment import explore as explore_data

    if html is not None:
        check_writable(html)
    found = explore_data(data, classes=classes, num_rows=rows, k=k, embedding=embedding, seed=seed)
    if html is not None:
        from glifo.report.exploration import exploration_report

        exploration_report(html, found)
        err.print(f"wrote {html}", style="dim", markup=False)
    if json:
        print_json(found.to_dict())
    else:
        print_exploration(found)


def print_exploration(found: Exploration) -> None:
    """Headline figures, each choice of k with its agreement, and the clusters that are shown."""
    pictures = f"{len(found.labels):,} of {found.num_shown:,} pictures outside the sealed test"
    out.print(f"{found.data}: {pictures}, {len(found.classes)} classes", markup=False)
    needed = (
        f"{'more than ' + format(len(found.components), ',') if num is None else format(num, ',')} for {share:.0%}"
        for share, num in found.num_components.items()
    )
    out.print(f"principal components: {', '.join(needed)} of the variance", markup=False)
    out.print(table_of_choices(found))
    out.print(table_of_clusters(found))
    mixed = found.clustering.agreement.most_mixed + 1
    out.print(f"most mixed: cluster {mixed}", markup=False)


def table_of_choices(found: Exploration) -> Table:
    clustering = found.clustering
    table = Table("k", "chosen by", "purity", "adjusted Rand", "mutual information", title="How many clusters")
    for k, agreement in clustering.agreements.items():
        names = ", ".join(name for name, each in clustering.choices.items() if each == k)
        figures = agreement.figures().values()
        table.add_row(str(k), names, *(f"{figure:.3f}" for figure in figures))
    return table


def table_of_clusters(found: Exploration) -> Table:
    table = Table("cluster", "pictures", "commonest class", "its share", "others", title="Clusters and their classes")
    for each in found.cluster_dicts():
        counts = sorted(each["labels"].items(), key=lambda label: -label[1])[:8]
        others = ", ".join(f"{escape(name)}: {count}" for name, count in counts if name != each["label"])
        table.add_row(str(each["cluster"]), f"{each['rows']:,}", escape(each["label"]), f"{each['share']:.1%}", others)
    return table
