"""Pictures in a grid, pixel for pixel: glyphs as ink, photos, maps with a sign, and maps over a glyph.

Blue is above zero and orange below; nothing is smoothed. Use:

    tile_grid([Tile(layers=(ink(glyph), signed(heat)), title="a", note="0.97")], caption="...", alt="...")
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from jaxtyping import Float, UInt8
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import Rectangle

from glifo.report.drawing import BLUE, GRID, INK, MUTED, ORANGE, STYLE, Figure, to_svg

SIDE = 0.88  # of a tile's unit width, for the picture
LINE = 0.2  # height of a line of text


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Pixels to draw, RGB or RGBA; ink is black with opacity, and turns white on a dark page."""

    pixels: UInt8[np.ndarray, "height width channels"]
    is_ink: bool = False


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One picture of a grid: layers from the bottom up, a title and a note below; all may be empty."""

    layers: tuple[Layer, ...]
    title: str = ""
    note: str = ""


def ink(image: UInt8[np.ndarray, "height width"] | UInt8[np.ndarray, "height width 3"], strength: float = 1.0) -> Layer:
    """A glyph, ink bright on black, as ink of its own opacity; a colour picture as it is. strength: 0..1, of the opacity."""
    if image.ndim == 3:
        opacity = np.full(image.shape[:2], round(255 * strength), np.uint8)
        return Layer(pixels=np.dstack([image, opacity]))
    opacity = np.rint(image * strength).astype(np.uint8)
    return Layer(pixels=np.dstack([np.zeros((*image.shape, 3), np.uint8), opacity]), is_ink=True)


def signed(values: Float[np.ndarray, "height width"], largest: float | None = None) -> Layer:
    """Values as blue above zero and orange below, more opaque the farther from it; `largest` is fully opaque.

    `largest` is the largest absolute value when None; values all zero are transparent.
    """
    largest = float(np.abs(values).max()) if largest is None else largest
    strength = np.clip(np.abs(values) / (largest or 1.0), 0, 1)
    blue, orange = (255 * np.array(to_rgb(colour)) for colour in (BLUE, ORANGE))
    colours = np.where((values >= 0)[..., None], blue, orange)
    return Layer(pixels=np.rint(np.dstack([colours, 255 * strength])).astype(np.uint8))


def tile_grid(
    tiles: Sequence[Tile], *, columns: int, caption: str, alt: str, row_names: Sequence[str] = (), width: float = 1.0
) -> Figure:
    """Tiles in reading order under each other; `row_names` stand before the rows; `width` is a tile's in inches.

    ValueError when there is no tile, or fewer row names than rows.
    """
    if not tiles or columns < 1:
        raise ValueError(f"got {len(tiles)} tiles for {columns} columns, expected one or more of both")
    columns = min(columns, len(tiles))
    num_rows = -(-len(tiles) // columns)
    if row_names and len(row_names) != num_rows:
        raise ValueError(f"got {len(row_names)} row names for {num_rows} rows, expected one for each")
    lines = LINE * (any(tile.title for tile in tiles) + any(tile.note for tile in tiles)) / width
    high, margin = 1.0 + lines, 1.5 / width if row_names else 0.0
    with matplotlib.rc_context(STYLE):
        drawing = Drawing(figsize=(width * (columns + margin), width * high * num_rows))
        axes = drawing.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        for number, tile in enumerate(tiles):
            row, column = divmod(number, columns)
            _draw_tile(axes, tile, margin + column, high * row, number, LINE / width)
        for row, name in enumerate(row_names):
            axes.text(0.02, high * row + 0.5, name, ha="left", va="center", color=INK, fontsize=8)
        axes.set(xlim=(0, columns + margin), ylim=(high * num_rows, 0))
        svg = to_svg(drawing)
    return Figure(svg=svg, caption=caption, alt=alt)


def _draw_tile(axes: Axes, tile: Tile, left: float, top: float, number: int, line: float) -> None:
    if not tile.layers:
        return
    height, width = tile.layers[0].pixels.shape[:2]
    wide, high = 0.94 * SIDE * width / max(height, width), 0.94 * SIDE * height / max(height, width)
    extent = (left + 0.5 - wide / 2, left + 0.5 + wide / 2, top + 0.5 + high / 2, top + 0.5 - high / 2)
    for depth, layer in enumerate(tile.layers):
        drawn = axes.imshow(layer.pixels, extent=extent, interpolation="none", aspect="auto", clip_on=False)
        drawn.set_gid(f"{'ink' if layer.is_ink else 'map'}-{number}-{depth}")
    corner = (left + (1 - SIDE) / 2, top + (1 - SIDE) / 2)
    axes.add_patch(Rectangle(corner, SIDE, SIDE, fill=False, edgecolor=GRID, linewidth=1, clip_on=False))
    texts = [text for text in ((tile.title, INK, 9, "bold"), (tile.note, MUTED, 7.5, "normal")) if text[0]]
    for place, (text, colour, size, weight) in enumerate(texts):
        middle = top + 1.0 + line * (place + 0.35)
        axes.text(left + 0.5, middle, text, ha="center", va="center", color=colour, fontsize=size, fontweight=weight)
