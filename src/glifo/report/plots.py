"""Plots of training and evaluation: each function takes plain values and returns a `Figure`.

They decide nothing and keep nothing; the look is in `glifo.report.drawing`.

>>> curve_plot([0, 1, 2], {"rate": [0.0, 1.0, 0.5]}, "epoch", "rate").alt
'Line chart of rate against epoch: rate goes from 0 to 0.5.'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from jaxtyping import UInt8
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogFormatter, MaxNLocator, PercentFormatter

from glifo.evaluation.calibration import ReliabilityBins
from glifo.evaluation.confusions import Confusions
from glifo.evaluation.metrics import ClassScore, wilson
from glifo.report.drawing import BLUE, GRID, INK, MUTED, ORANGE, STYLE, Figure, to_svg

LINES = (BLUE, ORANGE, "#2f9470", "#9465cf", "#b08a1e", "#c24f86", "#3d93ad", "#7d8590")
NUMBERED_CLASSES = 16  # up to so many classes a number fits into each cell of the heat map


@dataclass(frozen=True, kw_only=True)
class GlyphCaption:
    """What was read in a picture, what it is (None: not known) and how sure the recogniser was, from 0 to 1."""

    read: str
    truth: str | None = None
    confidence: float | None = None

    @property
    def is_wrong(self) -> bool:
        return self.truth is not None and self.read != self.truth


def history_plot(history: Sequence[Mapping[str, float]]) -> Figure:
    """Loss and accuracy by epoch, from rows with `epoch`, `loss`, `validation_loss`, `validation_accuracy`.

    A key that no row has is left out. ValueError for an empty history.
    """
    if not history:
        raise ValueError("got a history without epochs, expected one row at least: train first")
    with matplotlib.rc_context(STYLE):
        drawing = Drawing(figsize=(8.4, 2.9), layout="constrained")
        left, right = drawing.subplots(1, 2)
        _draw_history(left, history, {"loss": "training", "validation_loss": "validation"}, "Loss")
        _draw_history(right, history, {"accuracy": "training", "validation_accuracy": "validation"}, "Accuracy")
        right.yaxis.set_major_formatter(PercentFormatter(1))
        svg = to_svg(drawing)
    last = history[-1]
    told = [f"{name.replace('_', ' ')} {last[name]:.4g}" for name in ("loss", "validation_loss") if name in last]
    if "validation_accuracy" in last:
        told.append(f"validation accuracy {last['validation_accuracy']:.2%}")
    alt = f"Line charts of loss and accuracy over {len(history)} epochs, ending at {', '.join(told)}."
    return Figure(svg=svg, caption="Loss and accuracy after each epoch.", alt=alt)


def _draw_history(axes: Axes, history: Sequence[Mapping[str, float]], names: dict[str, str], title: str) -> None:
    colours = {"training": MUTED, "validation": BLUE}
    for key, label in names.items():
        rows = [row for row in history if key in row]
        if rows:
            marker = "o" if len(rows) == 1 else None
            axes.plot(
                [r["epoch"] for r in rows], [r[key] for r in rows], color=colours[label], label=label, marker=marker
            )
    axes.set(title=title, xlabel="epoch")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
    if axes.lines:
        axes.legend(labelcolor=MUTED)


def confusion_plot(confusions: Confusions) -> Figure:
    """The confusion matrix as a heat map of row fractions: rows are true, columns read; for 2 to about 100 classes."""
    shares, classes = confusions.normalised(), confusions.classes
    side = float(np.clip(1.5 + 0.36 * len(classes), 3.6, 9.2))
    with matplotlib.rc_context(STYLE | {"axes.grid": False, "font.size": 9 if len(classes) <= NUMBERED_CLASSES else 7}):
        drawing = Drawing(figsize=(side, side), layout="constrained")
        axes = drawing.subplots()
        axes.imshow(_heat(shares), interpolation="none")
        rotation = 90 if max(map(len, classes)) > 3 else 0
        axes.set_xticks(range(len(classes)), classes, rotation=rotation, color=INK)
        axes.set_yticks(range(len(classes)), classes, color=INK)
        axes.set(xlabel="read as", ylabel="true")
        if len(classes) <= NUMBERED_CLASSES:
            _write_shares(axes, shares)
        svg = to_svg(drawing)
    return Figure(
        svg=svg,
        caption="Each row is one true character and sums to 100%. Blue was read right, orange was taken for another; "
        "faint shares are strengthened (the strength of a colour is the square root of its share).",
        alt=f"Confusion matrix of {len(classes)} classes; the most confused pairs are in the table.",
    )


def _heat(shares: np.ndarray) -> np.ndarray:
    """Blue on the diagonal, orange elsewhere, more opaque with the share: right on any background."""
    right = np.eye(len(shares), dtype=bool)[..., None]
    blue, orange = (np.array(to_rgb(colour)) for colour in (BLUE, ORANGE))
    return np.dstack([np.where(right, blue, orange), np.sqrt(shares)])


def _write_shares(axes: Axes, shares: np.ndarray) -> None:
    for row, column in np.argwhere(np.round(100 * shares, 1) > 0):
        share = shares[row, column]
        text = f"{100 * share:.0f}" if share >= 0.0995 else f"{100 * share:.1f}"
        axes.text(column, row, text, ha="center", va="center", fontsize=7, color="#ffffff" if share > 0.4 else INK)


def reliability_plot(before: ReliabilityBins, after: ReliabilityBins) -> Figure:
    """Accuracy against confidence before and after temperature scaling; a larger dot holds more guesses."""
    with matplotlib.rc_context(STYLE):
        drawing = Drawing(figsize=(4.4, 4.0), layout="constrained")
        axes = drawing.subplots()
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (3, 3)))
        for bins, label, colour in ((before, "before", ORANGE), (after, "after scaling", BLUE)):
            full = bins.count > 0
            size = 12 + 130 * bins.count[full] / bins.count.sum()
            axes.plot(bins.confidence[full], bins.accuracy[full], color=colour, linewidth=1, alpha=0.6, label=label)
            axes.scatter(bins.confidence[full], bins.accuracy[full], s=size, color=colour, alpha=0.8, linewidths=0)
        axes.set(xlabel="confidence", ylabel="accuracy", xlim=(-0.02, 1.04), ylim=(-0.02, 1.04), aspect="equal")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PercentFormatter(1))
        drawing.legend(labelcolor=MUTED, loc="outside upper left", ncols=2)
        svg = to_svg(drawing)
    return Figure(
        svg=svg,
        caption="How often the recogniser was right, by how sure it was. On the dashed line confidence can be "
        "believed; larger dots hold more guesses.",
        alt=f"Reliability diagram of {int(before.count.sum()):,} guesses before and after temperature scaling.",
    )


def per_class_plot(per_class: Sequence[ClassScore]) -> Figure:
    """Recall of each class with its 95% interval, the worst first; classes that never occur are left out."""
    rows = sorted((row for row in per_class if row.recall is not None), key=lambda row: row.recall or 0.0)
    shares = [wilson(round((row.recall or 0.0) * row.support), row.support) for row in rows]
    values = np.array([share.value for share in shares])
    reach = np.abs(np.array([[share.low, share.high] for share in shares]).T - values)
    with matplotlib.rc_context(STYLE | {"axes.grid.axis": "y"}):
        drawing = Drawing(figsize=(float(np.clip(0.19 * len(rows), 5.0, 11.0)), 2.9), layout="constrained")
        axes = drawing.subplots()
        axes.bar(range(len(rows)), values, color=BLUE, alpha=0.75, width=0.72)
        axes.errorbar(range(len(rows)), values, reach, fmt="none", ecolor=INK, elinewidth=0.8)
        rotation = 90 if max(len(row.character) for row in rows) > 3 else 0
        axes.set_xticks(range(len(rows)), [row.character for row in rows], rotation=rotation, color=INK)
        axes.set(ylabel="recall", ylim=(0, 1.02), xlim=(-0.7, len(rows) - 0.3))
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        svg = to_svg(drawing)
    return Figure(
        svg=svg,
        caption="Share of each character that was read right, worst first, with its 95% interval.",
        alt=f"Bar chart of recall by class, from {rows[0].character} at {values[0]:.1%} "
        f"to {rows[-1].character} at {values[-1]:.1%}.",
    )


def glyph_sheet(
    images: UInt8[np.ndarray, "n height width *channels"], captions: Sequence[GlyphCaption], columns: int = 8
) -> Figure:
    """A contact sheet: each picture with what was read, the truth where it differs, and the confidence.

    Grey pictures are ink bright on black and drawn as ink; colour pictures are drawn as they are. ValueError when there
    are no pictures, or not one caption for each.
    """
    if len(images) != len(captions) or not captions or columns < 1:
        raise ValueError(
            f"got {len(images)} pictures, {len(captions)} captions and {columns} columns, expected one caption for "
            "each picture and at least one of all: give the same rows of both"
        )
    columns = min(columns, len(images))
    num_rows = -(-len(images) // columns)
    with matplotlib.rc_context(STYLE):
        drawing = Drawing(figsize=(1.0 * columns, 1.42 * num_rows))
        axes = drawing.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        for place, (image, caption) in enumerate(zip(images, captions, strict=True)):
            row, column = divmod(place, columns)
            _draw_tile(axes, image, caption, column, 1.42 * row)
        axes.set(xlim=(0, columns), ylim=(1.42 * num_rows, 0))
        svg = to_svg(drawing)
    num_wrong = sum(caption.is_wrong for caption in captions)
    told = "; ".join(_told(caption) for caption in captions[:12]) + ("; ..." if len(captions) > 12 else "")
    return Figure(
        svg=svg,
        caption="What was read, and how sure the recogniser was." + (" Orange: read wrong." if num_wrong else ""),
        alt=f"{len(images)} pictures, {num_wrong} read wrong: {told}.",
    )


def _draw_tile(axes: Axes, image: np.ndarray, caption: GlyphCaption, left: float, top: float) -> None:
    height, width = image.shape[:2]
    wide, high = 0.8 * width / max(height, width), 0.8 * height / max(height, width)
    extent = (left + 0.5 - wide / 2, left + 0.5 + wide / 2, top + 0.48 + high / 2, top + 0.48 - high / 2)
    is_grey = image.ndim == 2 or image.shape[2] == 1
    shown = _as_ink(image.reshape(height, width)) if is_grey else image
    drawn = axes.imshow(shown, extent=extent, interpolation="none", aspect="auto", clip_on=False)
    drawn.set_gid(f"{'ink' if is_grey else 'photo'}-{left:.0f}-{top:.0f}")
    edge = ORANGE if caption.is_wrong else GRID
    frame = (left + 0.06, top + 0.04)
    axes.add_patch(Rectangle(frame, 0.88, 0.88, fill=False, edgecolor=edge, linewidth=1, clip_on=False))
    text = f"{caption.read}, is {caption.truth}" if caption.is_wrong else caption.read
    colour = ORANGE if caption.is_wrong else INK
    axes.text(left + 0.5, top + 1.05, text, ha="center", va="center", color=colour, fontsize=9, weight="bold")
    if caption.confidence is not None:
        axes.text(
            left + 0.5, top + 1.24, f"{caption.confidence:.1%}", ha="center", va="center", color=MUTED, fontsize=7.5
        )


def _as_ink(image: np.ndarray) -> np.ndarray:
    """Black ink whose opacity is the pixel: a page inverts it in the dark."""
    return np.dstack([np.zeros((*image.shape, 3), np.uint8), image])


def _told(caption: GlyphCaption) -> str:
    return f"{caption.truth} read as {caption.read}" if caption.is_wrong else caption.read


def curve_plot(
    x: Sequence[float],
    ys: Mapping[str, Sequence[float]],
    x_label: str,
    y_label: str,
    log_x: bool = False,
    mark: float | None = None,
) -> Figure:
    """Named curves over common `x` values; `mark` draws a vertical line at one x (a chosen learning rate, say).

    ValueError when there is no curve, or one is not as long as `x`.
    """
    if not ys or not len(x) or any(len(values) != len(x) for values in ys.values()):
        lengths = ", ".join(f"{name}: {len(values)}" for name, values in ys.items())
        raise ValueError(
            f"got {len(x)} x values and the curves {{{lengths}}}, expected one curve or more, as long as x"
        )
    with matplotlib.rc_context(STYLE):
        drawing = Drawing(figsize=(6.4, 3.2), layout="constrained")
        axes = drawing.subplots()
        for number, (name, values) in enumerate(ys.items()):
            axes.plot(x, values, label=name, color=LINES[number % len(LINES)])
        if mark is not None:
            axes.axvline(mark, color=ORANGE, linewidth=1, linestyle=(0, (3, 3)), label=f"{mark:.3g}")
        axes.set(xlabel=x_label, ylabel=y_label, xscale="log" if log_x else "linear")
        if log_x:  # Matplotlib's own would write formulas, which STYLE leaves unread
            axes.xaxis.set_major_formatter(LogFormatter())
            axes.xaxis.set_minor_formatter(LogFormatter())
        if len(ys) > 1 or mark is not None:
            axes.legend(labelcolor=MUTED)
        svg = to_svg(drawing)
    ends = "; ".join(f"{name} goes from {values[0]:.3g} to {values[-1]:.3g}" for name, values in ys.items())
    marked = "" if mark is None else f" {mark:.3g} is marked."
    alt = f"Line chart of {y_label} against {x_label}: {ends}.{marked}"
    return Figure(svg=svg, caption=f"{y_label} against {x_label}".capitalize() + ".", alt=alt)
