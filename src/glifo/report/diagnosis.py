"""The page of a diagnosis: the verdict, each finding with its evidence and a plot, and what was in order.

diagnosis_report(Path("diagnosis.html"), diagnose(run))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import PercentFormatter

from glifo.experiment.diagnose import Diagnosis, Finding
from glifo.experiment.diagnosis.findings import Trial, points
from glifo.report.drawing import BLUE, GRID, INK, MUTED, ORANGE, STYLE, Figure, to_svg
from glifo.report.page import Measure, ReportPage, Section, Table, write_page
from glifo.report.plots import history_plot
from glifo.report.tiles import Tile, ink, tile_grid

REPAIRED = ("skew", "weights", "batch-norm", "labels")  # the findings that a repair shows, by the start of their names


def diagnosis_report(path: Path, diagnosis: Diagnosis) -> None:
    """Write the page of a diagnosis; raises OSError."""
    write_page(path, diagnosis_page(diagnosis))


def diagnosis_page(diagnosis: Diagnosis) -> ReportPage:
    """Compose the page: accuracies, findings in their order, what was in order, and the figures of both sets."""
    findings = [finding_section(number, each, diagnosis) for number, each in enumerate(diagnosis.findings, start=1)]
    return ReportPage(
        title=f"Diagnosis of {Path(diagnosis.run).name}",
        subtitle=diagnosis.verdict,
        facts=(("run", diagnosis.run), ("reference", diagnosis.reference), ("judged", diagnosis.judged)),
        measures=headline(diagnosis),
        sections=(*findings, *left_over(diagnosis), in_order_section(diagnosis)),
    )


def headline(diagnosis: Diagnosis) -> tuple[Measure, ...]:
    judged, reference = diagnosis.judged_accuracy, diagnosis.reference_accuracy
    return (
        Measure(
            name="Accuracy, judged rows", value=f"{judged.value:.2%}", note=f"{judged.low:.2%} to {judged.high:.2%}"
        ),
        Measure(
            name="Accuracy, reference",
            value=f"{reference.value:.2%}",
            note=f"{reference.low:.2%} to {reference.high:.2%}",
        ),
        Measure(
            name="Mended", value=f"{diagnosis.mended_accuracy:.2%}", note="judged rows with every repair that helps"
        ),
        Measure(name="Findings", value=f"{len(diagnosis.findings)}"),
    )


def finding_section(number: int, finding: Finding, diagnosis: Diagnosis) -> Section:
    """A finding in words, with the plot in which people would look for it."""
    rows = (
        *(("evidence", sentence) for sentence in finding.evidence),
        *(("try", sentence) for sentence in finding.advice),
    )
    is_first = not any(shown(each) == shown(finding) for each in diagnosis.findings[: number - 1])
    plot = FIGURES.get(shown(finding)) if is_first else None
    return Section(
        heading=f"{number}. {finding.title}",
        text=f"{finding.name}: {finding.severity}, {points(finding)}.",
        figures=() if plot is None else plot(diagnosis),
        tables=(Table(caption="What was seen, and what to try", columns=("", ""), rows=rows, num_text_columns=2),),
    )


def shown(finding: Finding) -> str:
    """The kind of plot that shows a finding."""
    if finding.name.startswith(REPAIRED):
        return "repairs"
    return {"prior-shift": "shares", "label-noise": "suspects"}.get(
        finding.name, "curves" if "fitting" in finding.name else ""
    )


def left_over(diagnosis: Diagnosis) -> tuple[Section, ...]:
    """The plots that no finding has shown."""
    used = {shown(finding) for finding in diagnosis.findings}
    headings = {"repairs": "Repairs that were tried", "shares": "Class shares", "curves": "Training"}
    return tuple(
        Section(heading=heading, figures=figures)
        for kind, heading in headings.items()
        if kind not in used and (figures := FIGURES[kind](diagnosis))
    )


def in_order_section(diagnosis: Diagnosis) -> Section:
    rows = tuple((each.name, "not checked" if each.skipped else "in order", each.saw) for each in diagnosis.passed)
    table = Table(caption="Checks without a finding", columns=("check", "", "seen"), rows=rows, num_text_columns=3)
    return Section(heading="What was in order", tables=(table,) if rows else ())


def repair_figures(diagnosis: Diagnosis) -> tuple[Figure, ...]:
    return (repair_plot(diagnosis.trials),)


def repair_plot(trials: Sequence[Trial]) -> Figure:
    """Accuracy as served and under each repair alone, as bars."""
    names, values = [trial.name for trial in trials], [trial.accuracy for trial in trials]
    with matplotlib.rc_context(STYLE | {"axes.grid.axis": "x"}):
        drawing = Drawing(figsize=(6.8, 0.7 + 0.32 * len(trials)), layout="constrained")
        axes = drawing.subplots()
        colours = [MUTED, *(ORANGE if value > values[0] + 0.02 else BLUE for value in values[1:])]
        axes.barh(range(len(trials)), values, color=colours, alpha=0.8, height=0.62)
        for place, value in enumerate(values):
            axes.text(value + 0.01, place, f"{value:.1%}", va="center", color=INK, fontsize=8)
        axes.axvline(values[0], color=MUTED, linewidth=1, linestyle=(0, (3, 3)))
        axes.set_yticks(range(len(trials)), names, color=INK)
        axes.set(xlim=(0, 1.12), xticks=np.linspace(0, 1, 6))
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.invert_yaxis()
        svg = to_svg(drawing)
    told = "; ".join(f"{trial.name} {trial.accuracy:.1%}" for trial in trials)
    return Figure(
        svg=svg,
        caption="Accuracy on the judged rows as served, and with each repair alone. Orange: it gives accuracy back.",
        alt=f"Bar chart of accuracy: {told}.",
    )


def share_figures(diagnosis: Diagnosis) -> tuple[Figure, ...]:
    """Class shares of both sets, the reference's as bars, the judged rows' as dots."""
    shares = [np.array(counts) / max(1, sum(counts)) for counts in diagnosis.class_counts]
    places, classes = range(len(diagnosis.classes)), diagnosis.classes
    with matplotlib.rc_context(STYLE | {"axes.grid.axis": "y"}):
        drawing = Drawing(figsize=(float(np.clip(0.19 * len(classes), 5.0, 11.0)), 2.9), layout="constrained")
        axes = drawing.subplots()
        axes.bar(places, shares[0], color=GRID, width=0.78, label="reference")
        axes.scatter(places, shares[1], s=16, color=BLUE, zorder=3, label="judged")
        axes.set_xticks(places, classes, rotation=90 if max(map(len, classes)) > 3 else 0, color=INK)
        axes.set(ylabel="share of rows", xlim=(-0.7, len(classes) - 0.3))
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        drawing.legend(labelcolor=MUTED, loc="outside upper left", ncols=2)
        svg = to_svg(drawing)
    most = int(np.abs(shares[0] - shares[1]).argmax())
    return (
        Figure(
            svg=svg,
            caption="Share of each class among the reference and the judged rows.",
            alt=f"Class shares of both sets; they differ most for {classes[most]}: {shares[0][most]:.1%} of the reference, "
            f"{shares[1][most]:.1%} of the judged rows.",
        ),
    )


def suspect_figures(diagnosis: Diagnosis) -> tuple[Figure, ...]:
    """The surest suspects as pictures: label → suggestion, and the row number."""
    suspects = diagnosis.suspects[: len(diagnosis.suspect_images)]
    if not suspects:
        return ()
    tiles = [
        Tile(
            layers=(ink(image),),
            title=f"{diagnosis.classes[each.label]} → {diagnosis.classes[each.suggestion]}",
            note=f"row {each.row}",
        )
        for each, image in zip(suspects, diagnosis.suspect_images, strict=True)
    ]
    caption = f"The {len(tiles)} surest of {len(diagnosis.suspects):,} suspects: the label as given → what is read."
    told = "; ".join(f"{tile.note}: {tile.title}" for tile in tiles[:12])
    return (tile_grid(tiles, columns=8, caption=caption, alt=f"Pictures with suspect labels: {told}."),)


def curve_figures(diagnosis: Diagnosis) -> tuple[Figure, ...]:
    return (history_plot(diagnosis.history),) if diagnosis.history else ()


FIGURES: dict[str, Callable[[Diagnosis], tuple[Figure, ...]]] = {
    "repairs": repair_figures,
    "shares": share_figures,
    "suspects": suspect_figures,
    "curves": curve_figures,
}
