"""The page of a comparison: runs side by side, what differs for sure, curves, cost, confusions.

It measures nothing: `glifo.experiment.compare` does. The look is in `glifo.report.page`, the plots are in
`glifo.report.comparison_plots`.

    comparison_report(Path("compare.html"), compare(["runs/a", "runs/b"]))
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from glifo.evaluation.comparison import Spread
from glifo.experiment.compare import Comparison, Entry
from glifo.report.comparison_plots import confusions_plot, curves_plot, pareto_plot
from glifo.report.page import Cell, Measure, ReportPage, Section, Table, write_page
from glifo.report.plots import confusion_plot

PART_NAMES = {"training": "train", "validation": "validation", "test": "test"}


def comparison_report(path: Path, comparison: Comparison) -> None:
    """Write the page of a comparison as one HTML file. Raises OSError when it cannot be written."""
    write_page(path, comparison_page(comparison))


def comparison_page(comparison: Comparison) -> ReportPage:
    """Compose what a comparison found."""
    entries, groups = comparison.entries, comparison.groups
    rows = "the sealed test rows" if comparison.part == "test" else "validation rows; the test stays sealed"
    tables = (accuracy_table(comparison, cost=True), *([seeds_table(comparison)] if has_seeds(comparison) else []))
    test = comparison.best.parts.get("test")
    sections = [
        Section(heading="Runs", text=READING, tables=tables),
        differences_section(comparison),
        Section(heading="Curves", figures=(curves_plot(entries, groups),)),
        Section(heading="Accuracy against time", text=TIMES, figures=(pareto_plot(entries, groups),)),
        Section(
            heading="Confusions",
            text="Each row is one true character and sums to 100%. Blue was read right, orange was taken for another.",
            figures=tuple(confusions_plot(entry, entry is comparison.best) for entry in entries),
        ),
        test
        and Section(
            heading="The best run on the test",
            text=f"{comparison.best.name} is the best by its validation rows. On the sealed test it reads "
            f"{test.accuracy.percent()} of {test.accuracy.n:,} pictures right.",
            figures=(confusion_plot(test.confusions),),
        ),
    ]
    return ReportPage(
        title=f"{len(entries)} {'run' if len(entries) == 1 else 'runs'} on {comparison.data}",
        subtitle=f"Compared on {rows}. The best is chosen by validation alone.",
        facts=facts(comparison),
        measures=headline(comparison),
        sections=tuple(section for section in sections if isinstance(section, Section)),
    )


READING = (
    "Accuracies in percent with their 95% interval (Wilson), each of the recogniser as it is served. The gap is validation "
    "minus test in points. FLOPs are of one picture forward; epochs are the best and all; reading is the median of single "
    "glyphs, all runs in turn. * marks the best by validation."
)
TIMES = "Trainings that ran at the same time slow each other down, and other machines have other times."


def facts(comparison: Comparison) -> tuple[tuple[str, str], ...]:
    """The data and, once each, what the runs were trained on."""
    hardware = dict.fromkeys(entry.hardware for entry in comparison.entries)
    return ("data", comparison.data), *(("trained on", each) for each in hardware)


def headline(comparison: Comparison) -> tuple[Measure, ...]:
    """The best run, what it reached, and how many differences are real."""
    best, num = comparison.best, len(comparison.differences)
    accuracies = [
        Measure(name=f"Its {part} accuracy", value=f"{judged.accuracy.value:.2%}", note=f"n = {judged.accuracy.n:,}")
        for part, judged in best.parts.items()
    ]
    real = sum(difference.is_real for difference in comparison.differences)
    tested = (
        [Measure(name="Real differences", value=f"{real} of {num}", note="pairs, McNemar with Holm")] if num else []
    )
    return Measure(name="Best by validation", value=best.name), *accuracies, *tested


def accuracy_table(comparison: Comparison, *, cost: bool = False) -> Table:
    """A row for each run: what it reached and, with `cost`, what that took."""
    more = COSTS | asked(comparison) if cost else {}
    columns = ("run", "network", "train", "validation", "test", "gap", *more)
    rows = tuple(
        (marked(entry, comparison), entry.recipe.network, *accuracies(entry), *(cell(entry) for cell in more.values()))
        for entry in comparison.entries
    )
    return Table(caption="Runs; accuracies in percent", columns=columns, rows=rows, num_text_columns=2)


def cost_table(comparison: Comparison) -> Table:
    """A row for each run: size, time, memory."""
    more = COSTS | asked(comparison)
    rows = tuple((marked(entry, comparison), *(cell(entry) for cell in more.values())) for entry in comparison.entries)
    return Table(caption="Size, time and memory", columns=("run", *more), rows=rows)


def marked(entry: Entry, comparison: Comparison) -> str:
    return f"{entry.name} *" if entry is comparison.best and len(comparison.entries) > 1 else entry.name


def accuracies(entry: Entry) -> tuple[Cell, ...]:
    """The three accuracies and the gap; a part that was not judged is None."""
    judged = [entry.parts.get(part) for part in PART_NAMES]
    gap = entry.gap_points
    shown = [None if part is None else part.accuracy.percent().replace("%", "") for part in judged]
    return *shown, None if gap is None else f"{gap:+.2f}"


COSTS: dict[str, Callable[[Entry], Cell]] = {
    "parameters": lambda entry: entry.num_parameters,
    "FLOPs": lambda entry: None if entry.flops is None else thousands(entry.flops),
    "epochs": lambda entry: f"{entry.best_epoch}/{entry.num_epochs}",
    "s/epoch": lambda entry: f"{entry.seconds_per_epoch:.3g}",
    "s in all": lambda entry: f"{entry.training_seconds:,.1f}",
    "CPU s": lambda entry: None if entry.cpu_seconds is None else f"{entry.cpu_seconds:,.1f}",
    "peak MB": lambda entry: None if entry.peak_memory_mb is None else f"{entry.peak_memory_mb:,.0f}",
    "ms/glyph": lambda entry: f"{entry.ms_per_glyph:.3g}",
}


def asked(comparison: Comparison) -> dict[str, Callable[[Entry], Cell]]:
    """The columns of money and energy, where a price or a power was given."""
    more: dict[str, Callable[[Entry], Cell]] = {}
    if comparison.entries[0].cost is not None:
        more["cost"] = lambda entry: f"{entry.cost:.4g}"
    if comparison.entries[0].energy_wh is not None:
        more["Wh"] = lambda entry: f"{entry.energy_wh:.3g}"
    return more


def thousands(number: int) -> str:
    """A large number in thousands, millions or billions, three digits of it.

    >>> thousands(1_251_840)
    '1.25M'
    """
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            return f"{number / size:.3g}{letter}"
    return str(number)


def has_seeds(comparison: Comparison) -> bool:
    return any(len(group.runs) > 1 for group in comparison.groups)


def seeds_table(comparison: Comparison) -> Table:
    """A row for each recipe: how many runs, mean and standard deviation of accuracy and time."""
    rows = tuple(
        (
            f"{group.label} *" if group is comparison.best_group and len(comparison.groups) > 1 else group.label,
            len(group.runs),
            *(percent_of(group.accuracy.get(part)) for part in PART_NAMES),
            f"{group.seconds.mean:.1f}"
            + ("" if group.seconds.deviation is None else f" ± {group.seconds.deviation:.1f}"),
        )
        for group in comparison.groups
    )
    columns = ("recipe", "runs", *PART_NAMES.values(), "seconds")
    return Table(
        caption="Recipes; mean and standard deviation over runs, accuracy in percent", columns=columns, rows=rows
    )


def percent_of(spread: Spread | None) -> str | None:
    if spread is None:
        return None
    deviation = "" if spread.deviation is None else f" ± {100 * spread.deviation:.2f}"
    return f"{100 * spread.mean:.2f}{deviation}"


def differences_section(comparison: Comparison) -> Section | None:
    """McNemar's tests in words, the clearest first, and why pairs are missing; None for a single run."""
    if len(comparison.entries) == 1:
        return None
    notes = [f"{note}." for note in comparison.notes]
    rows = tuple(
        (
            each.in_words,
            f"{100 * each.paired.difference:+.2f} ({100 * each.paired.low:+.2f} to {100 * each.paired.high:+.2f})",
            f"{each.paired.p_value:.2g}",
            f"{each.adjusted_p:.2g}",
        )
        for each in sorted(comparison.differences, key=lambda each: each.adjusted_p)
    )
    columns = ("finding", "second minus first, points", "p", "p after Holm")
    table = Table(
        caption=f"Every pair on the same {comparison.part} rows, the clearest first", columns=columns, rows=rows
    )
    return Section(
        heading="Which differences are real", text=" ".join([TESTED, *notes]), tables=(table,) if rows else ()
    )


TESTED = (
    "McNemar's test looks at the rows that one run reads right and the other wrong; a difference counts as real when its p, "
    "after Holm's correction for the number of pairs, is below .05. The interval is Newcombe's. It compares these two runs: "
    "whether one recipe is better than another takes several seeds of each."
)


def findings(comparison: Comparison) -> list[str]:
    """Lines for below the tables: every real difference in words, ten more pairs at most, and the notes."""
    found = sorted(comparison.differences, key=lambda each: each.adjusted_p)
    shown = sum(each.is_real for each in found) + 10
    lines = [each.in_words for each in found[:shown]]
    if len(found) > shown:
        lines.append(f"{len(found) - shown} more pairs show no real difference")
    if len(comparison.entries) > 1:
        lines.insert(0, f"* best by validation; differences on the same {comparison.part} rows, p after Holm:")
    return [*lines, *comparison.notes]
