"""Plots of an exploration: explained variance, curves over k, maps by class, clusters against classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from jaxtyping import Float, Int, Int64
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import MaxNLocator, PercentFormatter

from glifo.exploration.kmeans import Sweep
from glifo.report.drawing import BLUE, INK, MUTED, ORANGE, PAPER, STYLE, Figure, to_svg

COLOURS = ("#3974d8", "#d9652b", "#2f9470", "#9465cf", "#b08a1e", "#c24f86", "#3d93ad", "#7d8590", "#8a5a3c", "#7aa02c")
DOTS_PER_INCH = 200  # of the dots, which are pixels: five thousand vector dots would weigh half a megabyte
WRITTEN = 200  # up to so many cells of a heat map hold their number


def variance_plot(shares: Float[np.ndarray, " components"], needed: Mapping[float, int | None]) -> Figure:
    """The share of the variance that the first components explain together, with the numbers needed for some shares."""
    total = np.cumsum(shares)
    reached = {share: num for share, num in needed.items() if num is not None}
    last = min(len(total), round(1.25 * max(reached.values(), default=len(total))) + 1)
    with matplotlib.rc_context(STYLE):
        drawing = Drawing(figsize=(6.4, 3.2), layout="constrained")
        axes = drawing.subplots()
        axes.plot(range(1, last + 1), total[:last], color=BLUE)
        for share, num in reached.items():
            axes.plot([0, num, num], [share, share, 0], color=MUTED, linewidth=0.8, linestyle=(0, (3, 3)))
            axes.plot(num, share, "o", color=ORANGE, markersize=4)
            axes.annotate(
                f"{num:,}", (num, share), (4, -3), textcoords="offset points", va="top", color=INK, fontsize=8
            )
        axes.set(xlabel="components", ylabel="variance explained", ylim=(0, 1.02), xlim=(0, last))
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        svg = to_svg(drawing)
    told = ", ".join(f"{num:,} for {share:.0%}" for share, num in reached.items())
    return Figure(
        svg=svg,
        caption=f"Variance explained by the first components together: {told}.",
        alt=f"Line chart of the variance explained against the number of components: {told}.",
    )


def k_plot(sweep: Sweep) -> Figure:
    """Silhouette and sum of squared distances against k, with the k that each chooses."""
    with matplotlib.rc_context(STYLE):
        drawing = Drawing(figsize=(8.4, 2.9), layout="constrained")
        left, right = drawing.subplots(1, 2)
        _draw_curve(left, sweep.ks, sweep.silhouettes, sweep.by_silhouette, "Mean silhouette")
        _draw_curve(right, sweep.ks, sweep.inertias, sweep.by_elbow, "Sum of squared distances")
        right.set_ylim(bottom=0)
        svg = to_svg(drawing)
    told = f"the silhouette chooses {sweep.by_silhouette}, the elbow {sweep.by_elbow}"
    return Figure(
        svg=svg,
        caption=f"Both curves over k; orange is the choice: {told}.",
        alt=f"Line charts of silhouette and sum of squared distances for k from {sweep.ks[0]} to {sweep.ks[-1]}: {told}.",
    )


def _draw_curve(axes: Axes, ks: Sequence[int], values: Sequence[float], chosen: int, title: str) -> None:
    axes.plot(ks, values, color=BLUE, marker="o", markersize=3)
    axes.axvline(chosen, color=ORANGE, linewidth=1, linestyle=(0, (3, 3)))
    axes.plot(chosen, values[list(ks).index(chosen)], "o", color=ORANGE, markersize=6)
    axes.set(title=title, xlabel="k")
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))


def class_map(
    coordinates: Float[np.ndarray, "n 2"],
    labels: Int[np.ndarray, " n"],
    classes: tuple[str, ...],
    name: str,
    axis_names: tuple[str, str],
) -> Figure:
    """Rows as dots coloured by class, each class's name at the median of its dots; empty axis names draw no scales."""
    with matplotlib.rc_context(STYLE):
        drawing = Drawing(figsize=(6.2, 5.6), layout="constrained", dpi=DOTS_PER_INCH)
        axes = drawing.subplots()
        colours = np.array([to_rgba(COLOURS[label % len(COLOURS)], 0.65) for label in range(len(classes))])
        size = float(np.clip(20000 / len(labels), 4, 24))
        axes.scatter(coordinates[:, 0], coordinates[:, 1], s=size, c=colours[labels], linewidths=0, rasterized=True)
        label_ground = {"boxstyle": "round,pad=0.1", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.75}
        for label, text in enumerate(classes):
            x, y = np.median(coordinates[labels == label], axis=0)
            axes.text(x, y, text, ha="center", va="center", color=INK, weight="bold", bbox=label_ground)
        axes.set(xlabel=axis_names[0], ylabel=axis_names[1])
        if not any(axis_names):
            axes.set(xticks=[], yticks=[])
        svg = to_svg(drawing)
    return Figure(
        svg=svg,
        caption=f"Map by {name}.",
        alt=f"Scatter plot of {len(labels)} pictures of {len(classes)} classes by {name}.",
    )


def cluster_plot(table: Int64[np.ndarray, "k classes"], classes: tuple[str, ...]) -> Figure:
    """Clusters (rows) against classes as a heat map of the shares of each cluster."""
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    width, height = (float(np.clip(1.2 + 0.36 * num, 2.6, 9.2)) for num in shares.shape[::-1])
    crowded = max(shares.shape) > 30
    with matplotlib.rc_context(STYLE | {"axes.grid": False, "font.size": 6.5 if crowded else 9}):
        drawing = Drawing(figsize=(width, height), layout="constrained")
        axes = drawing.subplots()
        blue = np.broadcast_to(np.array(to_rgba(BLUE)[:3]), (*shares.shape, 3))
        axes.imshow(np.dstack([blue, np.sqrt(shares)]), interpolation="none", aspect="auto")
        rotation = 90 if max(map(len, classes)) > 3 else 0
        axes.set_xticks(range(len(classes)), classes, rotation=rotation, color=INK)
        axes.set_yticks(range(len(shares)), [f"#{number}" for number in range(1, len(shares) + 1)], color=INK)
        axes.set(xlabel="class", ylabel="cluster")
        if shares.size <= WRITTEN:
            for row, column in np.argwhere(shares >= 0.005):
                share = shares[row, column]
                colour = "#ffffff" if share > 0.4 else INK
                axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=7, color=colour)
        svg = to_svg(drawing)
    return Figure(
        svg=svg,
        caption="What each cluster holds: a row sums to 100% (the strength of the colour is the square root of the "
        "share).",
        alt=f"Heat map of {len(shares)} clusters against {len(classes)} classes; the table below names the commonest.",
    )
