"""The part of docs/results.md that asks whether a cyclic rate is faster, and its plot docs/cyclic.svg.

Used by docs/results_pages.py and docs/generate.py.
"""

from __future__ import annotations

import statistics
from pathlib import Path

import matplotlib.pyplot as plt
from markdown_table import table

from glifo.files import read_json
from glifo.report.drawing import STYLE

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
SCHEDULES = ("constant", "triangular2", "one_cycle")
GOALS = (0.76, 0.78, 0.80, 0.81, 0.82)


def curves(schedule: str) -> list[list[float]]:
    """Validation accuracy after each epoch, a list for each seed; empty where it is not measured."""
    path = RESULTS / f"rates-{schedule}.json"
    return [seed["epoch_validation_accuracy"] for seed in read_json(path)["seeds"]] if path.is_file() else []


def epochs_to(curve: list[float], goal: float) -> int | None:
    return next((epoch for epoch, value in enumerate(curve, start=1) if value >= goal), None)


def cyclic_text() -> str:
    """Is cyclic faster? Epochs to an accuracy, schedule by schedule, paired by seed."""
    measured = [name for name in SCHEDULES if len(curves(name)) > 1]
    if len({len(curves(name)) for name in measured}) != 1 or not {"constant", "triangular2"} <= set(measured):
        return ""
    head = ["schedule", *(f"epochs to {goal:.0%}" for goal in GOALS), "after 16 epochs", "seeds"]
    rows = []
    for name in measured:
        seeds = curves(name)
        cells = [reached([epochs_to(curve, goal) for curve in seeds]) for goal in GOALS]
        ends = [100 * curve[-1] for curve in seeds]
        rows.append([name, *cells, f"{statistics.fmean(ends):.2f} ± {statistics.stdev(ends):.2f}", str(len(seeds))])
    return f"""## Is cyclic faster?

The same network (custom), rows (10,000), batch (256) and highest rate (1e-3); only the schedule differs. An epoch costs the
same with each. Means over the seeds that got there, in brackets how many did where not all.

{table(head, rows)}

{verdict_on_cyclic()}
![validation accuracy over epochs](cyclic.svg)
"""


def reached(epochs: list[int | None]) -> str:
    there = [epoch for epoch in epochs if epoch is not None]
    if not there:
        return "never"
    share = "" if len(there) == len(epochs) else f" ({len(there)} of {len(epochs)})"
    return f"{statistics.fmean(there):.1f}{share}"


def verdict_on_cyclic() -> str:
    """What the paired differences say at the goals that both schedules reached with every seed."""
    lines = []
    for goal in GOALS:
        pairs = [
            (epochs_to(one, goal), epochs_to(two, goal))
            for one, two in zip(curves("constant"), curves("triangular2"), strict=True)
        ]
        if pairs and all(None not in pair for pair in pairs):
            differences = [two - one for one, two in pairs if one is not None and two is not None]
            spread = statistics.stdev(differences)
            lines.append(
                f"To {goal:.0%} triangular2 needs {statistics.fmean(differences):+.1f} ± {spread:.1f} epochs against "
                f"constant (paired by seed, n = {len(differences)}).\n"
            )
    ends = [100 * (two[-1] - one[-1]) for one, two in zip(curves("constant"), curves("triangular2"), strict=True)]
    lines.append(
        f"After the last epoch triangular2 stands {statistics.fmean(ends):+.1f} ± {statistics.stdev(ends):.1f} points against "
        f"constant. So a "
        "cycle is no faster on the way; what it gains, it gains where its rate has come down at the end.\n\n"
    )
    return "\n".join(lines)


def draw_cyclic() -> None:
    """Mean validation accuracy over epochs of each schedule, with the seeds as thin lines."""
    measured = [name for name in SCHEDULES if curves(name)]
    if not measured:
        return
    with plt.rc_context({**STYLE, "svg.fonttype": "none", "svg.hashsalt": "glifo"}):
        figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
        for name, colour in zip(measured, ("#2a6fb0", "#d1603d", "#3a9a5b"), strict=False):
            seeds = curves(name)
            epochs = range(1, len(seeds[0]) + 1)
            for seed in seeds:
                axes.plot(epochs, [100 * value for value in seed], color=colour, alpha=0.25, linewidth=0.8)
            mean = [100 * statistics.fmean(values) for values in zip(*seeds, strict=True)]
            axes.plot(epochs, mean, color=colour, linewidth=2, label=name)
        axes.set(xlabel="epoch", ylabel="validation accuracy, %", ylim=(60, None))
        axes.legend(frameon=False)
        figure.savefig(ROOT / "docs" / "cyclic.svg", metadata={"Date": None})
    plt.close(figure)
