"""The page that explains one reading: the glyph, where the network looks, why the runner-up lost, what is alike, the layers.

It computes nothing; see `glifo.experiment.explain`.

    explanation_report(Path("explain.html"), explain("letter.png", recognizer))
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import cv2
import numpy as np

from glifo.experiment.explain import Explanation
from glifo.experiment.network import NUM_CHANNELS, LayerMaps
from glifo.report.drawing import Figure
from glifo.report.page import Measure, ReportPage, Section, Table, write_page
from glifo.report.tiles import Layer, Tile, ink, signed, tile_grid

LARGEST_ORIGINAL_PX = 240
FAINT = 0.35  # of the glyph under a map
LARGE = 2.2  # inches


def explanation_report(path: Path, found: Explanation) -> None:
    """Write the page of an explanation as one file; raises OSError when it cannot be written."""
    write_page(path, explanation_page(found))


def explanation_page(found: Explanation) -> ReportPage:
    """Compose the page."""
    best, other = found.guesses[:2]
    name = Path(found.path).name if found.path else "this picture"
    nearest = [
        Measure(name="Nearest training glyph", value=each.character, note=f"distance {each.distance:.2f}")
        for each in found.neighbours[:1]
    ]
    return ReportPage(
        title=f"Why {name} is read as {best.character}",
        subtitle=found.reason(),
        facts=(
            ("network", found.network),
            ("rebuilt network against the bundle's graph", f"{found.parity:.1g} of the logits' range apart"),
        ),
        measures=(
            Measure(name="Read as", value=best.character, note=f"probability {best.probability:.1%}"),
            Measure(name="Runner-up", value=other.character, note=f"probability {other.probability:.1%}"),
            Measure(name="Lead", value=f"{found.lead:.2f}", note="logits, before temperature"),
            *nearest,
        ),
        sections=(
            seen_section(found),
            looking_section(found),
            runner_up_section(found),
            neighbour_section(found),
            layer_section(found),
        ),
    )


def seen_section(found: Explanation) -> Section:
    tiles = [
        Tile(layers=(photo(found.original),), title="the picture"),
        Tile(layers=(ink(found.glyph),), title="the glyph"),
    ]
    rows = tuple((guess.character, f"{guess.probability:.2%}") for guess in found.guesses)
    size = "x".join(map(str, found.glyph.shape))
    how = "The ink is found, scaled and centred" if found.glyph.ndim == 2 else "The picture is cut and scaled"
    return Section(
        heading="What the network sees",
        text=f"{how} to {size} pixels; the network sees nothing else.",
        figures=(
            tile_grid(
                tiles,
                columns=2,
                width=LARGE,
                caption="The picture that was given, and the canonical glyph made of it.",
                alt="The given picture and the glyph that the network sees.",
            ),
        ),
        tables=(Table(caption="Best guesses, calibrated", columns=("character", "probability"), rows=rows),),
    )


def photo(picture: np.ndarray) -> Layer:
    """The given picture as it is, no larger than needed."""
    scale = LARGEST_ORIGINAL_PX / max(picture.shape[:2])
    if scale < 1:
        size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return Layer(pixels=picture if picture.ndim == 3 else np.dstack([picture] * 3))


def looking_section(found: Explanation) -> Section:
    best = found.guesses[0].character
    tiles = [
        Tile(layers=(ink(found.glyph, FAINT), signed(found.occlusion)), title="occlusion"),
        Tile(layers=(ink(found.glyph, FAINT), signed(found.saliency)), title="gradient"),
    ]
    fall, rise = max(float(found.occlusion.max()), 0.0), max(-float(found.occlusion.min()), 0.0)
    return Section(
        heading="Where it looks",
        text=f"Occlusion (Zeiler & Fergus 2014): a grey square of {found.patch}x{found.patch} pixels slides over the glyph; "
        f"a pixel is bluer the more the probability of {best} falls, on average, while the pixel is covered (by "
        f"{fall:.3f} at most), and more orange the more it rises (by {rise:.3f} at most). Gradient (Simonyan et al. "
        f"2013): a pixel is bluer the more a small change of it would move the logit of {best}, either way.",
        figures=(
            tile_grid(
                tiles,
                columns=2,
                width=LARGE,
                caption="Each map over the glyph, strongest colour at its own largest value.",
                alt=f"Two maps over the glyph: occlusion, largest fall {fall:.3f}, and the size of the gradient.",
            ),
        ),
    )


def runner_up_section(found: Explanation) -> Section:
    best, other = (guess.character for guess in found.guesses[:2])
    rows = tuple((name, f"{added:+.2f}") for name, added in found.quadrants.items())
    total = (("an empty picture", f"{found.blank_lead:+.2f}"), ("the lead", f"{found.lead:+.2f}"))
    return Section(
        heading=f"Why {other} lost",
        text=f"Blue pixels speak for {best}, orange ones for {other}. Integrated gradients (Sundararajan et al. 2017) share "
        f"the lead of {best} over {other} out among the pixels, on the way from an empty picture to this one, so that the "
        f"parts sum to the whole; here they miss it by {abs(found.incompleteness):.2f}. Empty pixels get no share: what "
        "the absence of ink says is part of what the ink that is there adds.",
        figures=(
            tile_grid(
                [
                    Tile(layers=(ink(found.glyph),), title="the glyph"),
                    Tile(
                        layers=(ink(found.glyph, FAINT / 2), signed(found.attribution)), title=f"{best} against {other}"
                    ),
                ],
                columns=2,
                width=LARGE,
                caption=f"Blue: for {best}. Orange: for {other}.",
                alt=f"The glyph, and its pixels coloured by whether they speak for {best} or {other}. {found.reason()}",
            ),
        ),
        tables=(
            Table(
                caption=f"What each quarter adds to the lead of {best} over {other}, in logits",
                columns=("quarter", "logits"),
                rows=(*rows, *total),
            ),
        ),
    )


def neighbour_section(found: Explanation) -> Section:
    heading = "Nearest training glyphs"
    if not found.neighbours:
        return Section(heading=heading, text=found.neighbours_note)
    tiles = [
        Tile(layers=(ink(each.image),), title=each.character, note=f"{each.distance:.2f}") for each in found.neighbours
    ]
    told = ", ".join(f"{tile.title} at {tile.note}" for tile in tiles)
    return Section(
        heading=heading,
        text=f"{found.neighbours_note} Distance is Euclidean between what the last dense layer is given; its median over "
        f"the sample is {found.median_distance:.2f}.",
        figures=(
            tile_grid(
                tiles,
                columns=6,
                width=1.2,
                caption="Nearest first, with class and distance.",
                alt=f"The {len(tiles)} nearest training glyphs: {told}.",
            ),
        ),
    )


def layer_section(found: Explanation) -> Section:
    by_shape = groupby(found.layers, key=lambda layer: len(layer.output_shape) == 3)
    groups = [(is_map, list(layers)) for is_map, layers in by_shape]
    return Section(
        heading="Layer by layer",
        text="What the layers give for this glyph, in the order they run: blue above zero, orange below, the strongest "
        "colour at the layer's own largest value.",
        figures=tuple(map_figure(layers) if is_map else dense_figure(layers) for is_map, layers in groups),
    )


def map_figure(layers: list[LayerMaps]) -> Figure:
    """The first channels of some layers, a row for each layer."""
    tiles = []
    for layer in layers:
        largest = float(np.abs(layer.maps).max())
        maps = [Tile(layers=(signed(channel.astype(np.float64), largest),)) for channel in layer.maps]
        tiles += maps + [Tile(layers=())] * (NUM_CHANNELS - len(maps))
    return tile_grid(
        tiles,
        columns=NUM_CHANNELS,
        row_names=[f"{layer.name}\n{layer.kind}\n{'x'.join(map(str, layer.output_shape))}" for layer in layers],
        width=0.95,
        caption=f"The first {NUM_CHANNELS} channels of each layer (channels x height x width).",
        alt="Feature maps of the layers " + ", ".join(f"{layer.name} {layer.kind}" for layer in layers) + ".",
    )


def dense_figure(layers: list[LayerMaps]) -> Figure:
    """The numbers of dense layers, row by row in a near square."""
    tiles = [
        Tile(
            layers=(signed(near_square(layer.maps.reshape(-1).astype(np.float64))),),
            title=f"{layer.name} {layer.kind}",
            note=f"{layer.maps.size} numbers",
        )
        for layer in layers
    ]
    return tile_grid(
        tiles,
        columns=5,
        width=1.5,
        caption="Dense layers: their numbers row by row, the place has no meaning. The last gives a logit for each class.",
        alt="Numbers of the dense layers " + ", ".join(tile.title for tile in tiles) + ".",
    )


def near_square(values: np.ndarray) -> np.ndarray:
    """Numbers as rows of a near square, zeros behind."""
    side = int(np.ceil(np.sqrt(len(values))))
    rows = -(-len(values) // side)
    return np.pad(values, (0, rows * side - len(values))).reshape(rows, side)
