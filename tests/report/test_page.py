"""The page read as a browser reads it: self-contained, escaped, labelled, small."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from glifo.evaluation.calibration import reliability, softmax
from glifo.evaluation.confusions import count_confusions
from glifo.evaluation.metrics import score
from glifo.report.drawing import THEME
from glifo.report.page import (
    Measure,
    ReportPage,
    Section,
    Table,
    evaluation_page,
    natural_width,
    render,
    shown,
    write_page,
)
from glifo.report.plots import GlyphCaption, curve_plot

LATIN = tuple("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
VOID = {"meta", "br", "img", "link", "input", "hr"}
HISTORY = [
    {"epoch": e, "loss": 1 / e, "validation_loss": 1.1 / e, "validation_accuracy": 1 - 0.5 / e} for e in (1, 2, 3)
]


class Reader(HTMLParser):
    """Collects tags with their attributes and text; notes a tag closed out of turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.crossed: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if self.open.pop() != tag:
            self.crossed.append(tag)

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(data.strip())

    def attributes(self, tag: str, name: str) -> list[str]:
        return [attributes[name] for found, attributes in self.tags if found == tag and name in attributes]


def evaluated(classes: tuple[str, ...] = LATIN, num: int = 3000, noise: float = 0.4, **more: object) -> ReportPage:
    random = np.random.default_rng(0)
    labels = random.integers(0, len(classes), num)
    logits = 4 * np.eye(len(classes))[labels] + random.normal(0, noise * 4, (num, len(classes)))
    found = count_confusions(labels, logits.argmax(axis=1), classes)
    both = (reliability(softmax(logits), labels), reliability(softmax(logits, 1.5), labels))
    return evaluation_page("A title", (("seed", "7"),), score(logits, labels, classes, 1.5), found, both, **more)


def everything() -> ReportPage:
    """The largest page: 62 classes, history, 40 mistakes of 28x28, readings."""
    images = np.random.default_rng(0).integers(0, 256, (40, 28, 28), dtype=np.uint8)
    captions = [GlyphCaption(read="<", truth="&", confidence=0.5)] * 40
    readings = Table(caption="Pictures read", columns=("picture", "read"), rows=(("a.png", "<i>"),), num_text_columns=2)
    return evaluated(history=HISTORY, mistakes=(images, captions), readings=readings)


@pytest.fixture(scope="module")
def largest() -> str:
    return render(everything())


def test_the_page_loads_nothing_and_runs_nothing(largest: str) -> None:
    reader = Reader(largest)
    assert not {tag for tag, _ in reader.tags} & {"script", "link", "iframe", "object", "embed", "base", "form"}
    assert [tag for tag, _ in reader.tags].count("style") == 1, "a figure's own style would reach the whole page"
    addresses = [
        value for _, found in reader.tags for name, value in found.items() if name.split(":")[-1] in {"src", "href"}
    ]
    assert addresses
    assert all(address.startswith(("#", "data:image/png;base64,")) for address in addresses)
    assert not re.search(r"@import|url\((?!#)|https?://", largest)
    assert not [name for _, found in reader.tags for name in found if name.startswith("on")]


def test_tags_close_in_turn_and_ids_are_one_of_each(largest: str) -> None:
    reader = Reader(largest)
    assert (reader.open, reader.crossed) == ([], [])
    ids = [found["id"] for _, found in reader.tags if "id" in found]
    assert len(ids) == len(set(ids))
    used = re.findall(r'(?:url\(|href=")#([^)"]+)', largest)
    assert used
    assert set(used) <= set(ids)


def test_figures_and_tables_are_labelled(largest: str) -> None:
    reader = Reader(largest)
    tags = [tag for tag, _ in reader.tags]
    figures = [found for _, found in reader.tags if found.get("role") == "img"]
    assert len(figures) == tags.count("figure") == tags.count("figcaption") == tags.count("svg") == 5
    assert all(found["aria-label"] for found in figures)
    assert tags.count("table") == tags.count("caption") == 3
    assert set(reader.attributes("th", "scope")) == {"col", "row"}
    assert all("scope" in found for tag, found in reader.tags if tag == "th")
    assert tags.count("h1") == 1
    assert reader.attributes("html", "lang") == ["en"]
    assert reader.attributes("section", "aria-labelledby") == reader.attributes("h2", "id")


def test_a_page_of_62_classes_is_small(largest: str) -> None:
    assert len(largest.encode()) < 600_000


def test_figures_follow_light_and_dark(largest: str) -> None:
    assert "prefers-color-scheme: dark" in largest
    assert not [colour for colour in THEME if re.search(rf"(fill|stroke): {colour}", largest)]
    assert all(f": var(--{name})" in largest and largest.count(f"--{name}:") == 2 for name in THEME.values())


def test_the_same_values_give_the_same_page(largest: str) -> None:
    assert render(everything()) == largest


@pytest.mark.parametrize("evil", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</style><b>", "&lt;"])
def test_every_text_is_escaped(evil: str) -> None:
    figure = curve_plot([1, 2], {evil: [1, 2], "b": [2, 1]}, evil, evil)
    page = ReportPage(
        title=evil,
        subtitle=evil,
        facts=((evil, evil),),
        measures=(Measure(name=evil, value=evil, note=evil),),
        sections=(
            Section(
                heading=evil,
                text=evil,
                figures=(figure,),
                tables=(Table(caption=evil, columns=(evil, evil), rows=((evil, evil),)),),
            ),
            Section(heading=evil),
        ),
    )
    reader = Reader(render(page))
    assert (reader.open, reader.crossed) == ([], [])
    assert not {tag for tag, _ in reader.tags} & {"script", "img", "b"}
    assert reader.words.count(evil) >= 14
    assert evil in reader.attributes("div", "aria-label")


def test_classes_with_special_names_are_shown() -> None:
    words = Reader(render(evaluated(("<", "&", " ", "</table>")))).words
    assert {"<", "&", "␣", "</table>"} <= set(words)


def test_numbers_stand_on_the_page() -> None:
    page = evaluated()
    words = Reader(render(page)).words
    assert page.measures[0].name == "Accuracy"
    assert {measure.value for measure in page.measures} <= set(words)
    assert {"seed", "7", "Case merged", "Macro specificity", "Calibration error"} <= set(words)
    table = page.sections[1].tables[0]
    assert [row[0] for row in table.rows] == list(LATIN)


def test_what_is_missing_has_no_section() -> None:
    assert [section.heading for section in evaluated().sections] == ["Confusions", "Classes", "Confidence"]
    assert [section.heading for section in everything().sections] == [
        *("Readings", "Confusions", "Mistakes", "Classes", "Confidence", "Training")
    ]
    empty = evaluated(history=[], mistakes=(np.zeros((0, 8, 8), np.uint8), []))
    assert [section.heading for section in empty.sections] == ["Confusions", "Classes", "Confidence"]


def test_a_faultless_recogniser_has_no_pairs() -> None:
    section = evaluated(noise=0.0).sections[0]
    assert (section.text, section.tables) == ("Nothing was read wrong.", ())


@pytest.mark.parametrize(
    ("cell", "text"), [(None, "–"), (12345, "12,345"), (0.123456, "0.1235"), (" ", "␣"), ("a b", "a b"), ("", "")]
)
def test_cells_as_text(cell: str | float | None, text: str) -> None:
    assert shown(cell) == text


def test_the_file_is_written_whole_into_a_new_folder(tmp_path: Path) -> None:
    page = ReportPage(title="é", subtitle="", sections=())
    write_page(tmp_path / "new" / "report.html", page)
    assert (tmp_path / "new" / "report.html").read_text(encoding="utf-8") == render(page)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["report.html"]


def test_a_figure_knows_its_natural_width() -> None:
    assert natural_width(curve_plot([1], {"a": [1]}, "x", "y")) == round(6.4 * 72 * 1.25)


def assert_raises_os_error(write: Callable[[], None]) -> None:
    with pytest.raises(OSError, match=r"report|file"):
        write()


def test_a_folder_that_is_a_file_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    assert_raises_os_error(
        lambda: write_page(tmp_path / "file" / "report.html", ReportPage(title="", subtitle="", sections=()))
    )
    assert (tmp_path / "file").read_text() == "here"
