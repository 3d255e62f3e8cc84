"""The page of a label audit: how many labels are suspect, which kinds, and the suspects as pictures.

It finds nothing itself (see `glifo.experiment.audit`) and calls no label wrong: that is for whoever looks at the pictures.

    audit_report(Path("audit.html"), audit_labels(find_recipe("digits"), part="train"))
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from jaxtyping import UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import Rectangle

from glifo.evaluation.labels import Suspect
from glifo.experiment.audit import LabelAudit
from glifo.report.drawing import GRID, INK, MUTED, STYLE, Figure, to_svg
from glifo.report.page import Measure, ReportPage, Section, Table, percent, write_page

PARTS = {"test": "the test rows", "train": "all rows but the sealed test", "all": "all rows"}
SHEET_WIDTH, TILE_HEIGHT = 10.0, 1.52  # inches
NO_TEST_RESULT = (
    "This is an audit of labels. Each picture was answered by a network that was trained without it, on the other folds; "
    "the networks were thrown away, and their accuracy is no test result."
)


def audit_report(path: Path, audit: LabelAudit, num: int = 100) -> None:
    """Write the audit's page with the `num` surest suspects of each kind as pictures; raises OSError."""
    write_page(path, audit_page(audit, num))


def audit_page(audit: LabelAudit, num: int = 100) -> ReportPage:
    """Compose the page: headline numbers, how it was done, suspects as pictures, kinds of noise, classes."""
    name, part = audit.plan.dataset.name, PARTS[audit.plan.part]
    found = len(audit.suspects)
    return ReportPage(
        title=f"Label audit of {name}",
        subtitle=f"{found:,} of {audit.noise.n:,} labels are suspect: {part}, confident learning over "
        f"{len(audit.folds)} folds.",
        facts=audit_facts(audit),
        measures=headline(audit),
        sections=(
            suspect_section(audit, audit.others, "Suspects between different shapes", num),
            suspect_section(audit, audit.look_alikes, "Suspects between look-alike shapes", num),
            noise_section(audit),
            class_section(audit),
            method_section(audit),
        ),
    )


def headline(audit: LabelAudit) -> tuple[Measure, ...]:
    n = audit.noise.n
    return (
        Measure(
            name="Suspects", value=f"{len(audit.suspects):,}", note=f"{len(audit.suspects) / n:.2%} of {n:,} labels"
        ),
        Measure(name="Different shapes", value=f"{len(audit.others):,}", note="the label or the reading is wrong"),
        Measure(
            name="Look-alike shapes", value=f"{len(audit.look_alikes):,}", note="0 and O: a picture alone cannot tell"
        ),
        Measure(name="Estimated wrong labels", value=f"{audit.noise.share:.2%}", note="by the calibrated joint"),
        Measure(name="Out-of-fold accuracy", value=f"{audit.accuracy:.2%}", note="no test result"),
    )


def audit_facts(audit: LabelAudit) -> tuple[tuple[str, str], ...]:
    """Where the figures come from: rows, folds, recipe, and the reading of the sealed rows where there was one."""
    plan = audit.plan
    facts = {
        "data": f"{plan.dataset.name}, {PARTS[plan.part]}",
        "labels": f"{audit.noise.n:,}",
        "folds": f"{len(audit.folds)}",
        "extra training rows in every fold": f"{len(plan.extra):,}",
        "recipe": f"{plan.recipe.name}, {plan.recipe.num_epochs} epochs at most",
        "seed": f"{plan.seed}",
    }
    if plan.test_read is not None:
        facts["sealed rows read"] = f"{plan.test_read['n']:,}, {plan.test_read['when']}: {plan.test_read['reason']}"
    return tuple(facts.items())


def suspect_section(audit: LabelAudit, suspects: Sequence[Suspect], heading: str, num: int) -> Section:
    """The surest suspects of one kind as pictures."""
    if not suspects:
        return Section(heading=heading, text="There is none.")
    shown = suspects[:num]
    images = audit.plan.dataset.images[np.array([each.row for each in shown])]
    sheet = suspect_sheet(images, shown, audit.classes)
    return Section(heading=heading, text=f"The {len(shown):,} surest of {len(suspects):,}.", figures=(sheet,))


def suspect_sheet(
    images: UInt8[np.ndarray, "n height width *channels"], suspects: Sequence[Suspect], classes: tuple[str, ...]
) -> Figure:
    """A contact sheet of suspects: label → suggestion, the probability of both, and the row number."""
    told = "; ".join(f"row {each.row}: {arrow(each, classes)}" for each in suspects[:12])
    return Figure(
        svg=to_svg(draw_suspects(images, suspects, classes)),
        caption="The label as given → what the out-of-fold network suggests, the probabilities it gives to both, and the "
        "row number in the data set.",
        alt=f"{len(suspects)} pictures with suspect labels: {told}{'; ...' if len(suspects) > 12 else ''}.",
    )


def draw_suspects(
    images: UInt8[np.ndarray, "n height width *channels"],
    suspects: Sequence[Suspect],
    classes: tuple[str, ...],
    numbers: Sequence[int] | None = None,
) -> Drawing:
    """Draw suspects in rows of tiles; `numbers` are written beside the row numbers. ValueError for none, or not one each."""
    if len(images) != len(suspects) or not suspects:
        raise ValueError(f"got {len(images)} pictures for {len(suspects)} suspects, expected one each, at least one")
    width = max(1.0, 0.3 + 0.085 * max(len(arrow(each, classes)) for each in suspects))
    columns = max(1, min(len(suspects), int(SHEET_WIDTH / width)))
    num_rows = -(-len(suspects) // columns)
    with matplotlib.rc_context(STYLE):
        drawing = Drawing(figsize=(width * columns, TILE_HEIGHT * num_rows))
        axes = drawing.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        for place, (image, suspect) in enumerate(zip(images, suspects, strict=True)):
            row, column = divmod(place, columns)
            number = "" if numbers is None else f"#{numbers[place]}  "
            lines = (arrow(suspect, classes), shares(suspect), f"{number}row {suspect.row}")
            draw_tile(axes, image, lines, (column + 0.5) * width, TILE_HEIGHT * row)
        axes.set(xlim=(0, width * columns), ylim=(TILE_HEIGHT * num_rows, 0))
    return drawing


def draw_tile(axes: Axes, image: np.ndarray, lines: tuple[str, str, str], middle: float, top: float) -> None:
    """One picture in its frame with three lines of text below it; grey pictures are drawn as ink."""
    is_grey = image.ndim == 2
    shown = np.dstack([np.zeros((*image.shape, 3), np.uint8), image]) if is_grey else image
    extent = (middle - 0.42, middle + 0.42, top + 0.9, top + 0.06)
    drawn = axes.imshow(shown, extent=extent, interpolation="none", aspect="auto", clip_on=False)
    drawn.set_gid(f"{'ink' if is_grey else 'photo'}-{middle:.2f}-{top:.2f}")  # the page inverts ink in the dark
    frame = (middle - 0.45, top + 0.03)
    axes.add_patch(Rectangle(frame, 0.9, 0.9, fill=False, edgecolor=GRID, linewidth=1, clip_on=False))
    text: dict[str, Any] = {"ha": "center", "va": "center"}
    axes.text(middle, top + 1.05, lines[0], color=INK, fontsize=9, weight="bold", **text)
    axes.text(middle, top + 1.22, lines[1], color=MUTED, fontsize=7, **text)
    axes.text(middle, top + 1.36, lines[2], color=MUTED, fontsize=7, **text)


def arrow(suspect: Suspect, classes: tuple[str, ...]) -> str:
    return f"{classes[suspect.label]} → {classes[suspect.suggestion]}"


def shares(suspect: Suspect) -> str:
    return f"{suspect.label_probability:.1%} → {suspect.suggestion_probability:.1%}"


def noise_section(audit: LabelAudit) -> Section:
    """The largest off-diagonal cells of the estimated joint."""
    rows = tuple(
        (pair.given, pair.true, round(pair.count), f"{pair.share:.3%}") for pair in audit.noise.pairs(audit.classes, 30)
    )
    columns = ("label", "shows likely", "estimated rows", "of all rows")
    return Section(
        heading="Kinds of noise",
        text="The estimated joint distribution of given and true labels, its largest cells off the diagonal. Where the "
        "networks err often and surely it estimates too much."
        if rows
        else "No kind of noise was found.",
        tables=(Table(caption="Largest kinds of noise", columns=columns, rows=rows, num_text_columns=2),)
        if rows
        else (),
    )


def class_section(audit: LabelAudit) -> Section:
    rows = tuple(
        (
            row["class"],
            row["n"],
            row["suspects"],
            percent(row["suspects"] / row["n"]) if row["n"] else None,
            row["look_alikes"],
            percent(row["estimated_share_wrong"]),
        )
        for row in sorted(audit.per_class(), key=lambda row: -row["suspects"])
    )
    columns = ("label", "rows", "suspects", "of its rows", "with look-alikes", "estimated wrong")
    return Section(heading="Classes", tables=(Table(caption="By given label", columns=columns, rows=rows),))


def method_section(audit: LabelAudit) -> Section:
    return Section(
        heading="How this was done",
        text=f"{NO_TEST_RESULT} A row is suspect when the network gives another class at least the probability that it "
        "gives on average to pictures of that class, and does not read the label itself (confident learning; Northcutt, "
        "Jiang, Chuang 2021, arXiv 1911.00068). Training rows that repeat a picture of the fold were left out. Suspects "
        "are ordered by the label's probability less the suggestion's. A suspect is a row to look at: the label may be "
        "wrong, the writing ambiguous, or the network mistaken.",
    )
