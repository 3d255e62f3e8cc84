"""The pages of explore and explain: self-contained, and the pixels of their pictures read back."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from glifo.data.dataset import open_data
from glifo.data.splits import rows_to_show
from glifo.experiment.explain import Explanation, explain
from glifo.experiment.explore import Exploration, explore
from glifo.recognizer import load
from glifo.report.drawing import Figure
from glifo.report.explanation import explanation_page, explanation_report, near_square
from glifo.report.exploration import exploration_page, exploration_report
from glifo.report.page import render
from glifo.report.scatter import class_map, cluster_plot, variance_plot
from glifo.report.tiles import Tile, ink, signed, tile_grid


@pytest.fixture(scope="module")
def explored() -> Exploration:
    return explore("optdigits", num_rows=300, embedding="tsne")


@pytest.fixture(scope="module")
def explained() -> Explanation:
    """A drawn 7 read by the shipped model."""
    picture = np.full((60, 50), 255, np.uint8)
    picture[10:16, 8:42] = 0
    for row in range(16, 52):
        picture[row, 40 - (row - 16) // 2 : 46 - (row - 16) // 2] = 0
    return explain(picture, load("latin62"))


def texts(figure: Figure) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(figure.svg).iter() if node.tag.endswith("}text")]


def pictures(figure: Figure) -> list[np.ndarray]:
    found = re.findall(r'xlink:href="data:image/png;base64,\s*([^"]+)"', figure.svg)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(text)))) for text in found]


def assert_self_contained(text: str) -> None:
    tags: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: tags.append(tag)  # type: ignore[method-assign]
    parser.feed(text)
    assert not {"script", "link", "iframe", "object", "embed"} & set(tags)
    assert not re.search(r"@import|url\((?!#)|https?://", text)
    ids = re.findall(r'(?<=\s)id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert "nan" not in re.findall(r"\bnan\b", text.lower())


def test_the_page_of_an_exploration(explored: Exploration, tmp_path: Path) -> None:
    exploration_report(tmp_path / "explore.html", explored)
    text = (tmp_path / "explore.html").read_text(encoding="utf-8")
    assert_self_contained(text)
    page = exploration_page(explored)
    assert [section.heading for section in page.sections] == [
        *("Principal components", "Pictures from few components", "Maps", "How many clusters?", "Clusters")
    ]
    assert f"{explored.clustering.agreement.adjusted_rand:.3f}" in text
    assert len(page.sections[2].figures) == 2
    assert len(text) < 1_500_000
    assert render(page) == text


def test_centroids_are_drawn_pixel_for_pixel(explored: Exploration) -> None:
    figure = exploration_page(explored).sections[4].figures[0]
    drawn = pictures(figure)
    for centroid, pixels in zip(explored.centroids(), drawn, strict=True):
        assert np.array_equal(pixels[..., 3], centroid)
    labels = [each["label"] for each in explored.cluster_dicts()]
    assert [text.split(": ")[1] for text in texts(figure) if text.startswith("#")] == labels


def test_rebuilt_pictures_come_nearer(explored: Exploration) -> None:
    drawn = pictures(exploration_page(explored).sections[1].figures[0])
    rows = [np.stack(drawn[start : start + 8])[..., 3].astype(float) for start in range(0, len(drawn), 8)]
    errors = [np.abs(row - rows[0]).mean() for row in rows[1:]]
    assert len(errors) == 4
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 2


def test_the_page_of_an_explanation(explained: Explanation, tmp_path: Path) -> None:
    explanation_report(tmp_path / "explain.html", explained)
    text = (tmp_path / "explain.html").read_text(encoding="utf-8")
    assert_self_contained(text)
    page = explanation_page(explained)
    best, other = (guess.character for guess in explained.guesses[:2])
    assert page.title == f"Why this picture is read as {best}"
    assert [section.heading for section in page.sections] == [
        *("What the network sees", "Where it looks", f"Why {other} lost", "Nearest training glyphs", "Layer by layer")
    ]
    assert render(page) == text


def test_attributions_are_blue_for_and_orange_against(explained: Explanation) -> None:
    section = explanation_page(explained).sections[2]
    colours = pictures(section.figures[0])[-1].astype(int)
    bluish, strong = colours[..., 2] > colours[..., 0], colours[..., 3] > 0
    assert strong.any()
    assert np.array_equal(bluish[strong], explained.attribution[strong] > 0)
    largest = np.abs(explained.attribution).max()
    assert np.abs(colours[..., 3] / 255 - np.abs(explained.attribution) / largest).max() < 0.01
    shares = [float(row[1]) for row in section.tables[0].rows]
    assert sum(shares[:5]) == pytest.approx(shares[5], abs=0.03 + abs(explained.incompleteness))


def test_missing_neighbours_are_said(explained: Explanation) -> None:
    alone = replace(explained, neighbours=(), neighbours_note="The data is gone.", median_distance=None)
    section = explanation_page(alone).sections[3]
    assert (section.text, section.figures) == ("The data is gone.", ())


def test_a_page_with_a_strange_name_is_escaped(explained: Explanation) -> None:
    text = render(explanation_page(replace(explained, path="/x/<b>&.png")))
    assert "<b>" not in text
    assert "&lt;b&gt;&amp;.png" in text


def test_tiles_hold_their_layers_and_texts() -> None:
    glyph = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
    heat = np.linspace(-2, 1, 64).reshape(8, 8)
    tiles = [
        Tile(layers=(ink(glyph, 0.5), signed(heat)), title="<$a$>", note="n"),
        Tile(layers=()),
        Tile(layers=(ink(glyph),)),
    ]
    figure = tile_grid(tiles, columns=2, row_names=["first", "second"], caption="c", alt="a")
    under, over, alone = pictures(figure)
    assert np.abs(under[..., 3] - glyph / 2).max() <= 0.5
    assert np.array_equal(alone[..., 3], glyph)
    assert over[0, 0, 3] == 255
    assert over[-1, -1, 3] in (127, 128)
    assert texts(figure) == ["<$a$>", "n", "first", "second"]
    assert figure.svg.count('id="ink-') == 2


def test_zeros_are_transparent_and_a_shared_largest_is_kept() -> None:
    assert not signed(np.zeros((3, 3))).pixels[..., 3].any()
    assert signed(np.full((2, 2), 0.5), largest=2.0).pixels[0, 0, 3] == 64


@pytest.mark.parametrize(("num", "columns", "names"), [(0, 2, []), (2, 0, []), (3, 2, ["one"])])
def test_grids_that_cannot_be_are_refused(num: int, columns: int, names: list[str]) -> None:
    tiles = [Tile(layers=(ink(np.zeros((2, 2), np.uint8)),))] * num
    with pytest.raises(ValueError, match="expected one"):
        tile_grid(tiles, columns=columns, row_names=names, caption="", alt="")


def test_a_map_names_its_classes() -> None:
    figure = class_map(np.zeros((4, 2)), np.array([0, 1, 1, 2]), ("<", "b", "c"), "x", ("", ""))
    assert {"<", "b", "c"} <= set(texts(figure))
    assert len(pictures(figure)) == 1, "the dots are one picture, not thousands of shapes"


def test_clusters_against_classes_hold_their_shares() -> None:
    table = np.array([[8, 0, 2], [1, 1, 0]])
    figure = cluster_plot(table, ("a", "b", "c"))
    (drawn,) = pictures(figure)
    drawn = drawn if drawn.shape[:2] == (2, 3) else np.zeros((2, 3, 4))
    assert np.abs(drawn[..., 3] / 255 - np.sqrt(table / table.sum(axis=1, keepdims=True))).max() < 0.01
    assert texts(figure).count("50") == 2


def test_unreached_shares_are_left_out() -> None:
    figure = variance_plot(np.array([0.5, 0.2]), {0.5: 1, 0.9: None})
    assert "1 for 50%" in figure.caption
    assert "90%" not in figure.caption


def test_numbers_fill_a_near_square() -> None:
    assert near_square(np.arange(1.0, 6.0)).tolist() == [[1, 2, 3], [4, 5, 0]]


def test_colour_pictures_are_drawn_as_they_are(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
    np.savez(tmp_path / "own.npz", images=images, labels=np.arange(40) % 2, classes=np.array(["cat", "dog"]))
    dataset = open_data(tmp_path / "own.npz")
    page = exploration_page(explore(tmp_path / "own.npz"))
    first = images[next(row for row in rows_to_show(dataset) if dataset.labels[row] == 0)]
    assert np.array_equal(pictures(page.sections[1].figures[0])[0][..., :3], first)
    assert_self_contained(render(page))
