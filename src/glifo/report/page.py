"""A report as one HTML file that loads nothing: values in, text out.

It measures nothing and draws nothing (see `glifo.evaluation`, `glifo.report.plots`). The page follows the reader's
light or dark setting, fits a telephone, and has no script.

>>> "&lt;b&gt;" in render(ReportPage(title="<b>", subtitle="", sections=()))
True
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from glifo.evaluation.calibration import ReliabilityBins
from glifo.evaluation.confusions import Confusions
from glifo.evaluation.metrics import Scores
from glifo.files import write_whole
from glifo.report import plots
from glifo.report.drawing import THEME, Figure

Cell = str | int | float | None


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under columns; the first `num_text_columns` hold text, the others numbers. None is shown as a dash."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    num_text_columns: int = 1


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading with a paragraph, figures and tables below it."""

    heading: str
    text: str = ""
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A number worth a card of its own at the top; the first of a page is shown largest."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class ReportPage:
    """All that a page says. `facts` are names and values of where it comes from: data, recipe, versions."""

    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...] = ()
    measures: tuple[Measure, ...] = ()
    sections: tuple[Section, ...]


def write_page(path: Path, page: ReportPage) -> None:
    """Render a page into one HTML file, whole or not at all; raises OSError."""
    write_whole(path, render(page).encode())


def render(page: ReportPage) -> str:
    """The page as HTML: every text escaped, figures inline, nothing loaded from elsewhere."""
    environment = Environment(
        loader=PackageLoader("glifo", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    template = environment.get_template("page.html")
    return template.render(page=page, inline=inline, natural_width=natural_width, shown=shown)


def shown(cell: Cell) -> str:
    """A table's cell as text: thousands apart, a blank made visible."""
    if cell is None:
        return "–"
    if isinstance(cell, int):
        return f"{cell:,}"
    return ("␣" if cell.isspace() else cell) if isinstance(cell, str) else f"{cell:.4g}"


def natural_width(figure: Figure) -> int:
    """The width in pixels at which a figure's letters have their own size."""
    found = re.search(r'viewBox="[-\d.]+ [-\d.]+ ([\d.]+) ', figure.svg)
    assert found, "every figure is made by to_svg"
    return round(float(found[1]) * 1.25)


def inline(figure: Figure, prefix: str) -> Markup:
    """A figure for the inside of a page: the page's colours and style, ids that no other figure has."""
    svg = re.sub(r"<svg[^>]*?(viewBox=\"[^\"]+\")[^>]*>", r'<svg \1 aria-hidden="true">', figure.svg, count=1)
    svg = re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL)
    for colour, name in THEME.items():
        svg = re.sub(rf"(fill|stroke): {colour}\b", rf"\1: var(--{name})", svg)
    svg = re.sub(r' id="([^"]+)"(?=[^<>]*>)', rf' id="{prefix}\1"', svg)
    return Markup(re.sub(r'(url\(|xlink:href=")#', rf"\1#{prefix}", svg))


def evaluation_page(
    title: str,
    facts: tuple[tuple[str, str], ...],
    scores: Scores,
    confusions: Confusions,
    reliability: tuple[ReliabilityBins, ReliabilityBins],
    history: Sequence[Mapping[str, float]] | None = None,
    mistakes: tuple[np.ndarray, Sequence[plots.GlyphCaption]] | None = None,
    readings: Table | None = None,
    subtitle: str | None = None,
    doubt: Section | None = None,
) -> ReportPage:
    """Compose what an evaluation found: headline numbers, readings, confusions, mistakes, classes, confidence, training.

    `reliability` is before and after temperature scaling; `mistakes` are pictures uint8 "n height width [channels]"
    with their captions. What is None or empty has no section.
    """
    found = f"{scores.accuracy.value:.2%} of {scores.n:,} pictures read right, {len(confusions.classes)} classes."
    sections = [
        readings and Section(heading="Readings", tables=(readings,)),
        confusion_section(confusions),
        mistakes and len(mistakes[1]) and Section(heading="Mistakes", figures=(plots.glyph_sheet(*mistakes),)),
        class_section(scores),
        confidence_section(scores, reliability),
        doubt,
        history and Section(heading="Training", figures=(plots.history_plot(history),)),
    ]
    return ReportPage(
        title=title,
        subtitle=found if subtitle is None else subtitle,
        facts=facts,
        measures=headline(scores),
        sections=tuple(section for section in sections if isinstance(section, Section)),
    )


def headline(scores: Scores) -> tuple[Measure, ...]:
    """The cards at the top of an evaluation: accuracy first, then what else is known."""
    accuracy = scores.accuracy
    reach = f"95% interval {accuracy.low:.2%} to {accuracy.high:.2%}, n = {scores.n:,}"
    merged = scores.case_merged
    return (
        Measure(name="Accuracy", value=f"{accuracy.value:.2%}", note=reach),
        *(Measure(name=f"Top {k}", value=f"{top.value:.2%}") for k, top in scores.top_k.items() if k > 1),
        *([Measure(name="Case merged", value=f"{merged.value:.2%}", note="a and A count as one")] if merged else []),
        Measure(name="Balanced accuracy", value=f"{scores.balanced_accuracy:.2%}", note="mean recall of the classes"),
        Measure(name="Macro F1", value=f"{scores.macro_f1:.2%}"),
        Measure(name="Macro specificity", value=f"{scores.macro_specificity:.2%}"),
        Measure(
            name="Cross-entropy", value=f"{scores.cross_entropy:.4f}", note=f"temperature {scores.temperature:.3g}"
        ),
        Measure(
            name="Calibration error", value=f"{scores.ece_after:.2%}", note=f"{scores.ece_before:.2%} before scaling"
        ),
    )


def confusion_section(confusions: Confusions) -> Section:
    pairs = confusions.most_confused(15)
    rows = tuple((p.true, p.predicted, p.count, f"{p.share_of_errors:.1%}", f"{p.share_of_true:.1%}") for p in pairs)
    columns = ("true", "read as", "times", "of all errors", "of its class")
    table = Table(caption="Most confused pairs", columns=columns, rows=rows, num_text_columns=2)
    return Section(
        heading="Confusions",
        text="" if rows else "Nothing was read wrong.",
        figures=(plots.confusion_plot(confusions),),
        tables=(table,) if rows else (),
    )


def class_section(scores: Scores) -> Section:
    rows = tuple(
        (row.character, row.support, *map(percent, (row.recall, row.precision, row.f1, row.specificity)), over)
        for row in scores.per_class
        for over in [None if row.over_prediction is None else f"{row.over_prediction:.2f}"]
    )
    columns = ("class", "pictures", "recall", "precision", "F1", "specificity", "over-prediction")
    return Section(
        heading="Classes",
        text="Recall (sensitivity) is the share of a character's pictures that were read right; specificity the share of "
        "all others that were not taken for it; over-prediction how often it was read over how often it is true.",
        figures=(plots.per_class_plot(scores.per_class),),
        tables=(Table(caption="Each class against all others", columns=columns, rows=rows),),
    )


def percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.2%}"


def confidence_section(scores: Scores, reliability: tuple[ReliabilityBins, ReliabilityBins]) -> Section:
    return Section(
        heading="Confidence",
        text=f"The logits are divided by the temperature {scores.temperature:.3g}, which was fitted on validation rows. The "
        f"expected calibration error is {scores.ece_before:.2%} before and {scores.ece_after:.2%} after.",
        figures=(plots.reliability_plot(*reliability),),
    )
