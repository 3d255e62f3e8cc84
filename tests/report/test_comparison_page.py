"""The page of a comparison, from entries with known figures."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glifo.evaluation.comparison import Judged
from glifo.evaluation.confusions import count_confusions
from glifo.evaluation.metrics import wilson
from glifo.experiment import Comparison
from glifo.experiment.compare import Entry, conclude
from glifo.recipes import find_recipe
from glifo.report import comparison_report
from glifo.report.comparison import accuracy_table, comparison_page, cost_table, findings, seeds_table, thousands
from glifo.report.comparison_plots import confusions_plot, curves_plot, heat, looks_of, pareto_front, pareto_plot
from glifo.report.page import Table, render

CLASSES = ("0", "1", "<")
LABELS = np.arange(120) % 3
HISTORY = [
    {"epoch": 1.0, "loss": 1.0, "accuracy": 0.5, "validation_loss": 0.9, "validation_accuracy": 0.6},
    {"epoch": 2.0, "loss": 0.5, "accuracy": 0.7, "validation_loss": 0.4, "validation_accuracy": 0.85},
]


def judged(num_wrong: int) -> Judged:
    """120 rows of three classes, the first `num_wrong` read wrong."""
    right = np.arange(120) >= num_wrong
    return Judged(
        accuracy=wilson(120 - num_wrong, 120),
        cross_entropy=0.1,
        confusions=count_confusions(LABELS, np.where(right, LABELS, (LABELS + 1) % 3), CLASSES),
        right=right,
    )


def entry(name: str, wrong: tuple[int, ...], seconds: float, recipe: str = "digits", **changes) -> Entry:
    parts = dict(zip(("training", "validation", "test"), map(judged, wrong), strict=False))
    return replace(
        Entry(
            name=name,
            folder=f"runs/{name}",
            recipe=replace(find_recipe("digits"), name=recipe),
            seed=0,
            parts=parts,
            validation_rows="same",
            num_parameters=1234567,
            flops=1_251_840,
            best_epoch=1,
            num_epochs=2,
            training_seconds=seconds,
            hardware="A processor, 2 cores",
            cpu_seconds=None,
            peak_memory_mb=512.4,
            ms_per_glyph=0.25,
            cost=None,
            energy_wh=None,
            history=HISTORY,
        ),
        **changes,
    )


def two(part: str = "test") -> Comparison:
    wrong = ((0, 6, 12), (12, 30, 36)) if part == "test" else ((0, 6), (12, 30))
    return conclude([entry("good", wrong[0], 10.0), entry("fast", wrong[1], 1.0, recipe="other")], part)


def row_of(table: Table, name: str) -> dict[str, object]:
    (row,) = (row for row in table.rows if row[0] == name)
    return dict(zip(table.columns, row, strict=True))


def test_the_table_holds_every_figure():
    row = row_of(accuracy_table(two(), cost=True), "good *")
    assert row["train"] == "100.00 (96.90–100.00)"
    assert row["validation"] == "95.00 (89.52–97.69)"  # Wilson of 114 in 120
    assert (row["test"], row["gap"]) == ("90.00 (83.33–94.19)", "+5.00")
    assert (row["parameters"], row["FLOPs"], row["epochs"], row["s/epoch"]) == (1234567, "1.25M", "1/2", "5")
    assert (row["CPU s"], row["peak MB"], row["ms/glyph"]) == (None, "512", "0.25")
    assert "cost" not in row
    assert "Wh" not in row


def test_without_the_test_its_column_is_empty():
    row = row_of(accuracy_table(two("validation")), "fast")
    assert (row["test"], row["gap"]) == (None, None)
    page = comparison_page(two("validation"))
    assert "the test stays sealed" in page.subtitle
    assert "The best run on the test" not in [section.heading for section in page.sections]


def test_money_and_energy_have_columns_where_they_are_asked_for():
    found = conclude([entry("a", (0, 1), 36.0, cost=0.2, energy_wh=0.65)], "validation")
    row = row_of(cost_table(found), "a")
    assert (row["cost"], row["Wh"]) == ("0.2", "0.65")


def test_seeds_are_rows_with_mean_and_deviation():
    runs = [entry("a", (0, 6), 1.0), entry("b", (0, 18), 3.0), entry("c", (0, 30), 2.0, recipe="other")]
    found = conclude(runs, "validation")
    row = row_of(seeds_table(found), "digits *")
    assert (row["runs"], row["validation"], row["seconds"]) == (2, "90.00 ± 7.07", "2.0 ± 1.4")  # 95 and 85
    assert row_of(seeds_table(found), "other")["validation"] == "75.00"


def test_the_page_says_all_of_it(tmp_path: Path):
    comparison_report(tmp_path / "compare.html", two())
    text = (tmp_path / "compare.html").read_text(encoding="utf-8")
    assert "<title>2 runs on optdigits</title>" in text
    assert "good reads 24 rows right that fast reads wrong, fast 0 that good does: the difference is real" in text
    assert "-20.00 (" in text
    for heading in ("Curves", "Accuracy against time", "Confusions", "The best run on the test"):
        assert f">{heading}</h2>" in text
    assert text.count("<svg") == 5  # curves, time, two runs, the best on the test
    assert not re.search(r"<script|src=\"http|href=\"http", text)
    assert "A processor, 2 cores" in text


def test_names_are_escaped():
    found = conclude([entry("<b>", (0, 6), 1.0, recipe="<i>")], "validation")
    text = render(comparison_page(found))
    assert "<b>" not in text
    assert "<i>" not in text


def test_one_run_alone_has_no_differences():
    page = comparison_page(conclude([entry("only", (0, 6), 1.0)], "validation"))
    assert page.title == "1 run on optdigits"
    assert "Which differences are real" not in [section.heading for section in page.sections]


def test_findings_name_every_real_difference_and_ten_others():
    runs = [entry(f"r{number}", (0, 6), 1.0) for number in range(6)] + [entry("bad", (0, 60), 1.0)]
    lines = findings(conclude(runs, "validation"))
    assert sum("the difference is real" in line for line in lines) == 6
    assert sum("no real difference is shown" in line for line in lines) == 10
    assert lines[-1] == "5 more pairs show no real difference"  # 21 pairs in all


POINTS = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 6)), min_size=1, max_size=12)


@given(POINTS)
def test_the_front_holds_what_nothing_beats(points):
    seconds, accuracy = [float(s) for s, _ in points], [a / 6 for _, a in points]
    front = {(seconds[number], accuracy[number]) for number in pareto_front(seconds, accuracy)}
    beaten = {
        (s, a)
        for s, a in zip(seconds, accuracy, strict=True)
        for t, b in zip(seconds, accuracy, strict=True)
        if (t <= s and b > a) or (t < s and b >= a)
    }
    assert front == set(zip(seconds, accuracy, strict=True)) - beaten


def test_the_plots_name_what_they_show():
    found = two()
    assert "good 85.00%; fast 85.00%" in curves_plot(found.entries, found.groups).alt
    assert "on the front: fast, good" in pareto_plot(found.entries, found.groups).alt
    assert "0 read as 1 2 times" in confusions_plot(found.entries[0], True).alt
    assert ">digits</text>" in curves_plot(found.entries, found.groups).svg


def test_a_run_without_epochs_on_record_is_drawn():
    found = conclude([entry("old", (0, 6), 1.0, history=[])], "validation")
    assert "old unknown" in curves_plot(found.entries, found.groups).alt


def test_runs_of_a_recipe_look_alike_and_nine_recipes_differ():
    runs = [entry(f"r{number}", (0, 6), 1.0, recipe=f"recipe {number // 2}") for number in range(18)]
    looks = looks_of(conclude(runs, "validation").groups)
    assert looks["r0"] == looks["r1"]
    assert len(set(looks.values())) == 9


@pytest.mark.parametrize("plot", [curves_plot, pareto_plot])
def test_a_legend_of_long_names_stays_inside(plot, monkeypatch):
    drawn = []
    monkeypatch.setattr("glifo.report.comparison_plots.to_svg", lambda drawing: drawn.append(drawing) or "")
    runs = [
        entry(f"r{number}", (0, 6), 1.0 + number, recipe=f"letters-custom-cyclic-{number:04}") for number in range(10)
    ]
    plot(runs, conclude(runs, "validation").groups)
    (drawing,) = drawn
    drawing.draw_without_rendering()
    legend = drawing.legends[0].get_window_extent()
    axes = min(axes.get_window_extent().y0 for axes in drawing.axes)
    assert legend.x0 >= 0
    assert legend.x1 <= drawing.bbox.width
    assert 0 <= legend.y0 < legend.y1 < axes


def test_the_heat_is_blue_on_the_diagonal_and_as_strong_as_the_root_of_the_share():
    colours = heat(np.array([[0.75, 0.25], [0.0, 1.0]]))
    assert colours[..., 3] == pytest.approx(np.sqrt([[0.75, 0.25], [0.0, 1.0]]))
    assert colours[0, 0, :3].tolist() == colours[1, 1, :3].tolist() != colours[0, 1, :3].tolist()


@pytest.mark.parametrize(
    ("number", "text"), [(999, "999"), (9120, "9.12k"), (71_000_000, "71M"), (1_250_000_000, "1.25G")]
)
def test_large_numbers_are_short(number, text):
    assert thousands(number) == text
