"""Plots of a comparison: curves of all runs over each other, accuracy against time, small confusion matrices.

Each function takes the entries of a comparison and returns a `Figure`; runs of one recipe share a colour. The look is in
`glifo.report.drawing`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure as Drawing
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, PercentFormatter

from glifo.evaluation.comparison import Group
from glifo.experiment.compare import Entry
from glifo.report.drawing import BLUE, INK, MUTED, ORANGE, STYLE, Figure, to_svg
from glifo.report.plots import LINES, NUMBERED_CLASSES

DASHED: tuple[float, tuple[float, ...]] = (0, (3, 2))
LOG_FROM = 10  # times between the shortest and the longest training
MARKERS = "osD^vP"  # colours come again after eight recipes, with the next marker


def looks_of(groups: Sequence[Group]) -> dict[str, tuple[str, str]]:
    """The colour and the marker of each run, by name: those of its recipe."""
    return {
        run: (LINES[number % len(LINES)], MARKERS[number // len(LINES) % len(MARKERS)])
        for number, group in enumerate(groups)
        for run in group.runs
    }


def curves_plot(entries: Sequence[Entry], groups: Sequence[Group]) -> Figure:
    """Loss and accuracy of every run by epoch: training dashed, validation solid."""
    looks = looks_of(groups)
    with matplotlib.rc_context(STYLE | {"lines.linewidth": 1.4}):
        drawing = Drawing(figsize=(8.8, 3.1 + legend_height(groups, 8.8)), layout="constrained")
        left, right = drawing.subplots(1, 2)
        for entry in entries:
            _draw_curve(left, entry.history, ("loss", "validation_loss"), looks[entry.name])
            _draw_curve(right, entry.history, ("accuracy", "validation_accuracy"), looks[entry.name])
        left.set(title="Loss", xlabel="epoch")
        right.set(title="Accuracy", xlabel="epoch")
        right.yaxis.set_major_formatter(PercentFormatter(1))
        for axes in (left, right):
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
        parts = [Line2D([], [], color=MUTED, linestyle=line, label=name) for name, line in _PARTS.items()]
        _add_legend(drawing, groups, looks, parts)
        svg = to_svg(drawing)
    told = "; ".join(f"{entry.name} {_last(entry.history, 'validation_accuracy')}" for entry in entries)
    return Figure(
        svg=svg,
        caption="Loss and accuracy after each epoch. Training figures are of the batches as they were learnt, augmented and "
        "smoothed where the recipe says so: the dashed loss can lie above the solid one.",
        alt=f"Line charts of loss and accuracy by epoch. Last validation accuracy: {told}.",
    )


_PARTS: dict[str, tuple[float, tuple[float, ...]]] = {"training": DASHED, "validation": (0, ())}


def _draw_curve(
    axes: Axes, history: Sequence[Mapping[str, float]], names: tuple[str, str], look: tuple[str, str]
) -> None:
    for name, line in zip(names, _PARTS.values(), strict=True):
        rows = [row for row in history if name in row]
        colour, marker = look
        shape = marker if len(rows) == 1 or marker != MARKERS[0] else None
        axes.plot(
            [row["epoch"] for row in rows],
            [row[name] for row in rows],
            color=colour,
            linestyle=line,
            marker=shape,
            markersize=4,
            alpha=0.9,
        )


def _last(history: Sequence[Mapping[str, float]], name: str) -> str:
    return f"{history[-1][name]:.2%}" if history and name in history[-1] else "unknown"


def _add_legend(
    drawing: Drawing, groups: Sequence[Group], looks: Mapping[str, tuple[str, str]], more: Sequence[Line2D]
) -> None:
    handles = [
        Line2D([], [], color=colour, marker=marker, markersize=5, label=group.label)
        for group in groups
        for colour, marker in [looks[group.runs[0]]]
    ]
    columns = min(legend_columns(groups, drawing.get_figwidth()), len(handles) + len(more))
    drawing.legend(handles=[*handles, *more], labelcolor=MUTED, loc="outside lower center", ncols=columns)


def legend_columns(groups: Sequence[Group], width_inches: float) -> int:
    """How many names of recipes fit beside each other, four at most."""
    longest = max(len(group.label) for group in groups)
    return max(1, min(4, int(width_inches / (0.08 * longest + 0.5))))


def legend_height(groups: Sequence[Group], width_inches: float) -> float:
    """Inches that the legend takes, two more entries than recipes in it."""
    return 0.2 * -(-(len(groups) + 2) // legend_columns(groups, width_inches))


def pareto_front(seconds: Sequence[float], accuracy: Sequence[float]) -> list[int]:
    """The numbers of the points that no other point beats in both, fewer seconds and more accuracy, fastest first.

    >>> pareto_front([1.0, 2.0, 3.0], [0.9, 0.8, 0.95])
    [0, 2]
    """
    front: list[int] = []
    for number in sorted(range(len(seconds)), key=lambda each: (seconds[each], -accuracy[each])):
        if not front or accuracy[number] > accuracy[front[-1]]:
            front.append(number)
    return front


def pareto_plot(entries: Sequence[Entry], groups: Sequence[Group]) -> Figure:
    """Validation accuracy of every run against its seconds of training, the front marked."""
    looks = looks_of(groups)
    seconds = [entry.training_seconds for entry in entries]
    intervals = [entry.parts["validation"].accuracy for entry in entries]
    front = pareto_front(seconds, [interval.value for interval in intervals])
    with matplotlib.rc_context(STYLE):
        drawing = Drawing(figsize=(6.6, 3.4 + legend_height(groups, 6.6)), layout="constrained")
        axes = drawing.subplots()
        on_front = [(seconds[number], intervals[number].value) for number in front]
        axes.step(*zip(*on_front, strict=True), where="post", color=MUTED, linewidth=1, linestyle=DASHED, zorder=1)
        for number, (entry, interval) in enumerate(zip(entries, intervals, strict=True)):
            colour, marker = looks[entry.name]
            reach = [[interval.value - interval.low], [interval.high - interval.value]]
            edge = INK if number in front else "none"
            axes.errorbar(seconds[number], interval.value, reach, color=colour, elinewidth=1, alpha=0.45, zorder=2)
            axes.scatter(
                seconds[number],
                interval.value,
                s=56,
                color=colour,
                marker=marker,
                edgecolors=edge,
                linewidths=1.3,
                zorder=3,
            )
        axes.set(xlabel="seconds of training", ylabel="validation accuracy")
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        _scale_time(axes, seconds)
        _add_legend(drawing, groups, looks, [Line2D([], [], color=MUTED, linestyle=DASHED, linewidth=1, label="front")])
        svg = to_svg(drawing)
    names = ", ".join(entries[number].name for number in front)
    return Figure(
        svg=svg,
        caption="Validation accuracy with its 95% interval against the time of training. No run is both faster and more "
        f"accurate than one on the front, which is outlined: {names}.",
        alt=f"Scatter plot of accuracy against seconds of training for {len(entries)} runs; on the front: {names}.",
    )


def _scale_time(axes: Axes, seconds: Sequence[float]) -> None:
    if max(seconds) > LOG_FROM * min(seconds) > 0:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")  # Matplotlib's own would write formulas, which STYLE leaves unread
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_xlim(left=0, right=1.08 * max(seconds))


def confusions_plot(entry: Entry, is_best: bool) -> Figure:
    """The normalised confusion matrices of a run on its training and its validation rows, side by side."""
    with matplotlib.rc_context(STYLE | {"axes.grid": False, "font.size": 7, "axes.titlesize": 8}):
        drawing = Drawing(figsize=(5.2, 2.85), layout="constrained")
        for axes, part in zip(drawing.subplots(1, 2), ("training", "validation"), strict=True):
            confusions, accuracy = entry.parts[part].confusions, entry.parts[part].accuracy
            axes.imshow(heat(confusions.normalised()), interpolation="none")
            axes.set(title=f"{part} {accuracy.value:.2%}", xlabel="read as", ylabel="true")
            shown = confusions.classes if len(confusions.classes) <= NUMBERED_CLASSES else ()
            rotation = 90 if max(map(len, confusions.classes)) > 2 else 0
            axes.set_xticks(range(len(shown)), shown, color=INK, rotation=rotation)
            axes.set_yticks(range(len(shown)), shown, color=INK)
        svg = to_svg(drawing)
    best = ", the best by validation" if is_best else ""
    pairs = entry.parts["validation"].confusions.most_confused(3)
    told = ", ".join(f"{pair.true} read as {pair.predicted} {pair.count} times" for pair in pairs) or "none"
    return Figure(
        svg=svg,
        caption=f"{entry.name}{best}.",
        alt=f"Confusion matrices of {entry.name} on training and validation rows; most confused in validation: {told}.",
    )


def heat(shares: Float[np.ndarray, "true predicted"]) -> Float[np.ndarray, "true predicted 4"]:
    """Blue for what was read right, orange for the rest, as strong as the square root of the share."""
    colours = np.array([to_rgb(ORANGE), to_rgb(BLUE)])[np.eye(len(shares), dtype=int)]
    return np.dstack([colours, np.sqrt(shares)])
