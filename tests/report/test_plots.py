"""Plots are read back: their XML, their letters, and the pixels of the pictures inside them."""

from __future__ import annotations

import base64
import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from glifo.evaluation.calibration import ReliabilityBins
from glifo.evaluation.confusions import Confusions
from glifo.evaluation.metrics import class_scores
from glifo.report.drawing import BLUE, ORANGE, Figure
from glifo.report.plots import (
    GlyphCaption,
    confusion_plot,
    curve_plot,
    glyph_sheet,
    history_plot,
    per_class_plot,
    reliability_plot,
)

STRANGE = ("<", "&", "$a$", "文", '"', "א")
ROWS = [
    {"epoch": 1, "loss": 1.0, "validation_loss": 1.1, "validation_accuracy": 0.5, "learning_rate": 0.1},
    {"epoch": 2, "loss": 0.5, "validation_loss": 0.7, "validation_accuracy": 0.8125, "learning_rate": 0.1},
]


def texts(figure: Figure) -> list[str]:
    """Every text of a figure, in order; fails where the SVG is not well-formed."""
    return [node.text or "" for node in ElementTree.fromstring(figure.svg).iter() if node.tag.endswith("}text")]


def pictures(figure: Figure) -> list[np.ndarray]:
    """The pixels of the pictures inside a figure."""
    found = re.findall(r'xlink:href="data:image/png;base64,\s*([^"]+)"', figure.svg)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(text)))) for text in found]


def confusions(matrix: np.ndarray, classes: tuple[str, ...] | None = None) -> Confusions:
    return Confusions(matrix=matrix, classes=classes or tuple("abcdefghijklmnopqrstuvwxyz"[: len(matrix)]))


def bins(accuracy: list[float], count: list[int]) -> ReliabilityBins:
    places = (np.arange(len(count)) + 0.5) / len(count)
    return ReliabilityBins(confidence=places, accuracy=np.array(accuracy), count=np.array(count))


def test_history_shows_both_panels_and_tells_the_end() -> None:
    figure = history_plot(ROWS)
    assert {"Loss", "Accuracy", "training", "validation", "epoch"} <= set(texts(figure))
    assert "over 2 epochs" in figure.alt
    assert "validation loss 0.7, validation accuracy 81.25%" in figure.alt


def test_history_takes_one_epoch_and_missing_columns() -> None:
    figure = history_plot([{"epoch": 1, "loss": 1.0}])
    assert "training" in texts(figure)
    assert "validation" not in texts(figure)
    assert figure.alt.endswith("ending at loss 1.")


def test_an_empty_history_is_refused() -> None:
    with pytest.raises(ValueError, match="history without epochs"):
        history_plot([])


def test_the_heat_map_holds_each_share_in_its_cell() -> None:
    matrix = np.random.default_rng(0).integers(0, 30, (12, 12))
    (drawn,) = pictures(confusion_plot(confusions(matrix)))
    drawn = drawn if drawn.shape == (12, 12, 4) else np.zeros((12, 12, 4))
    assert np.abs(drawn[..., 3] / 255 - np.sqrt(matrix / matrix.sum(axis=1, keepdims=True))).max() < 0.01
    assert (drawn[..., 2] > drawn[..., 0])[np.eye(12, dtype=bool)].all()
    assert (drawn[..., 2] < drawn[..., 0])[~np.eye(12, dtype=bool) & (matrix > 0)].all()


def test_few_classes_get_numbers_and_many_do_not() -> None:
    small = texts(confusion_plot(confusions(np.array([[199, 1], [30, 70]]))))
    assert [text for text in small if text in {"100", "99", "0.5", "30", "70", "0.0"}] == ["100", "0.5", "30", "70"]
    many = confusion_plot(confusions(np.full((26, 26), 5)))
    assert sorted(set(texts(many))) == sorted({*"abcdefghijklmnopqrstuvwxyz", "true", "read as"})


def test_an_empty_row_is_drawn_empty() -> None:
    (drawn,) = pictures(confusion_plot(confusions(np.array([[3, 0], [0, 0]]))))
    assert drawn[1, :, 3].tolist() == [0, 0]
    assert "0.0" not in texts(confusion_plot(confusions(np.array([[3, 0], [0, 0]]))))


def test_strange_class_names_survive() -> None:
    figure = confusion_plot(confusions(np.eye(len(STRANGE), dtype=np.int64), STRANGE))
    assert [text for text in texts(figure) if text in STRANGE] == [*STRANGE, *STRANGE]
    assert set(STRANGE) <= set(texts(per_class_plot(class_scores(np.eye(6, dtype=np.int64), STRANGE))))


def test_classes_stand_from_worst_to_best_without_the_absent() -> None:
    figure = per_class_plot(class_scores(np.array([[9, 1, 0], [5, 5, 0], [0, 0, 0]]), ("a", "b", "c")))
    assert [text for text in texts(figure) if text in "abc"] == ["b", "a"]
    assert "from b at 50.0% to a at 90.0%" in figure.alt


def test_reliability_leaves_empty_bins_out() -> None:
    figure = reliability_plot(bins([0, 0.5, 1], [0, 4, 4]), bins([0.2, 0.5, 1], [1, 3, 4]))
    assert [text for text in texts(figure) if "%" not in text] == ["confidence", "accuracy", "before", "after scaling"]
    assert "8 guesses" in figure.alt
    paths = re.findall(rf'<path d="([^"]+)"[^>]*style="fill: none; stroke: ({ORANGE}|{BLUE})', figure.svg)
    assert [(path.count("M") + path.count("L"), colour) for path, colour in paths[:2]] == [(2, ORANGE), (3, BLUE)]


def test_grey_glyphs_are_drawn_as_ink_pixel_for_pixel() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 20), dtype=np.uint8)
    figure = glyph_sheet(images, [GlyphCaption(read=name) for name in "abcde"], columns=2)
    drawn = pictures(figure)
    assert len(drawn) == 5
    for image, pixels in zip(images, drawn, strict=True):
        assert (pixels[..., 3] == image).all()
        assert (pixels[..., :3][image > 0] == 0).all()
    assert texts(figure) == list("abcde")


def test_colour_pictures_are_drawn_as_they_are() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    drawn = pictures(glyph_sheet(images, [GlyphCaption(read="cat")] * 2))
    assert all((pixels[..., :3] == image).all() for pixels, image in zip(drawn, images, strict=True))


def test_wrong_readings_are_marked_and_told() -> None:
    captions = [GlyphCaption(read="O", truth="0", confidence=0.987), GlyphCaption(read="1", truth="1")]
    figure = glyph_sheet(np.zeros((2, 8, 8), np.uint8), captions)
    assert [caption.is_wrong for caption in captions] == [True, False]
    assert texts(figure) == ["O, is 0", "98.7%", "1"]
    assert figure.svg.count(f"stroke: {ORANGE}") == 1
    assert figure.alt == "2 pictures, 1 read wrong: 0 read as O; 1."
    assert "Orange" in figure.caption


@pytest.mark.parametrize(("num", "num_captions", "columns"), [(2, 1, 8), (0, 0, 8), (1, 1, 0)])
def test_a_sheet_that_cannot_be_is_refused(num: int, num_captions: int, columns: int) -> None:
    with pytest.raises(ValueError, match="expected one caption for each picture"):
        glyph_sheet(np.zeros((num, 8, 8), np.uint8), [GlyphCaption(read="a")] * num_captions, columns)


def test_curves_on_a_log_axis_with_a_mark() -> None:
    figure = curve_plot([1e-4, 1e-2, 1], {"loss": [2, 1, 3], "other": [1, 1, 1]}, "rate", "loss", log_x=True, mark=1e-2)
    assert {"rate", "loss", "other", "0.01"} <= set(texts(figure))
    assert "loss goes from 2 to 3" in figure.alt
    assert figure.alt.endswith("0.01 is marked.")
    assert {"1e−04", "1e−02", "1"} <= set(texts(figure))
    assert not [text for text in texts(figure) if "$" in text]


@pytest.mark.parametrize(("x", "ys"), [([], {"a": []}), ([1], {}), ([1, 2], {"a": [1]})])
def test_curves_that_do_not_fit_are_refused(x: list, ys: dict) -> None:
    with pytest.raises(ValueError, match="expected one curve or more, as long as x"):
        curve_plot(x, ys, "x", "y")


def test_the_same_values_give_the_same_bytes_without_date_or_address() -> None:
    figure = history_plot(ROWS)
    assert figure == history_plot(ROWS)
    assert figure.svg.startswith("<svg")
    assert not re.search(r"<metadata|<!DOCTYPE|<\?xml|purl\.org|\b20\d\d-\d\d", figure.svg)
