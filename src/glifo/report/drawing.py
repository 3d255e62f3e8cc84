"""The common look of all plots, and how a drawing becomes SVG text: the same bytes every time.

No window, no pyplot, no global state. Letters stay letters (not outlines), and the four colours in `THEME` are
placeholders that a page replaces to follow light and dark; outside a page they are a plain light picture.
"""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure as Drawing

INK, MUTED, GRID, PAPER = "#1f2329", "#6b7480", "#dfe3e8", "#fefefe"
THEME = {INK: "ink", MUTED: "muted", GRID: "grid", PAPER: "paper"}
BLUE, ORANGE = "#3974d8", "#d9652b"  # both readable on light and on dark
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "glifo",
    "font.sans-serif": ["DejaVu Sans", "Helvetica", "Arial"],
    "text.parse_math": False,  # a class may be called $
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": GRID,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.major.size": 0,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "figure.facecolor": PAPER,
}


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A picture as the text of one SVG element, with the caption below it and the words for who cannot see it."""

    svg: str
    caption: str
    alt: str


def to_svg(drawing: Drawing) -> str:
    """The drawing as one SVG element: no date, no doctype, nothing that points elsewhere."""
    text = io.StringIO()
    with warnings.catch_warnings():
        # The reader's browser has the fonts; Matplotlib only measures, and any script may be a class.
        warnings.filterwarnings("ignore", message=r".*[Gg]lyph.* missing from", category=UserWarning)
        drawing.savefig(text, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return re.sub(r"^.*?(?=<svg)", "", text.getvalue(), count=1, flags=re.DOTALL).strip()
