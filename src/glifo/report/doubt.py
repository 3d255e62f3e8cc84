"""The page's section on doubt: conformal sets, the risk dial, and errors against the share of pictures answered."""

from __future__ import annotations

from typing import Any

import matplotlib
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import PercentFormatter

from glifo.report.drawing import BLUE, STYLE, Figure, to_svg
from glifo.report.page import Section, Table, percent


def doubt_section(doubt: dict[str, Any]) -> Section:
    """What `Verdict.doubt` holds, as tables and a plot; a bundle without promises has the plot alone."""
    sets = tuple(
        (
            f"{float(asked):.0%}",
            percent(at["coverage"]),
            f"{at['mean_size']:.2f}",
            percent(at["single"]),
            percent(at["empty"]),
        )
        for asked, at in doubt["sets"].items()
    )
    dial = tuple(
        (f"{float(wish):.1%}", percent(at["answered"]), percent(at["error"]))
        for wish, at in doubt["risk_dial"].items()
        if at["answered"] > 0
    )
    tables = (
        Table(
            caption="Sets", columns=("asked", "hold the truth", "classes on average", "a single one", "none"), rows=sets
        ),
        Table(caption="The risk dial", columns=("at most wrong", "answered", "wrong among them"), rows=dial),
    )
    return Section(
        heading="Doubt",
        text="A set holds every character that cannot be ruled out at the asked coverage; the dial answers only from that "
        "confidence on at which the wished share of errors was kept on validation rows. The area under the generalised "
        f"risk-coverage curve (AUGRC, 0 is best) is {doubt['augrc']:.4f}.",
        figures=(risk_plot(doubt["risk_curve"]),),
        tables=tuple(table for table in tables if table.rows),
    )


def risk_plot(curve: dict[str, list[float]]) -> Figure:
    """Errors among the answered against the share answered, the surest first."""
    with matplotlib.rc_context(STYLE):
        drawing = Drawing(figsize=(5.6, 3.0), layout="constrained")
        axes = drawing.subplots()
        axes.plot(curve["coverage"], curve["error"], color=BLUE)
        axes.set(
            xlabel="answered", ylabel="wrong among them", xlim=(0, 1.01), ylim=(0, max(*curve["error"], 0.01) * 1.1)
        )
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PercentFormatter(1))
        svg = to_svg(drawing)
    return Figure(
        svg=svg,
        caption="How many of the answers are wrong when only the surest pictures are answered.",
        alt=f"Risk-coverage curve: {curve['error'][-1]:.2%} wrong when all are answered.",
    )
