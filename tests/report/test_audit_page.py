"""The page of a label audit and the benchmark that publishes one, on answers made by hand."""

from __future__ import annotations

import csv
import importlib.util
import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from glifo.data.dataset import open_data
from glifo.evaluation.labels import Suspect
from glifo.evaluation.metrics import wilson
from glifo.experiment.audit import AuditPlan, LabelAudit, conclude, plan_audit
from glifo.experiment.folds import Fold
from glifo.recipes import find_recipe
from glifo.report.audit import audit_page, audit_report, draw_suspects, suspect_sheet
from glifo.report.page import render

CLASSES = ("0", "O", "<", "3", "4", "5", "6", "7", "8", "9")


def answered(plan: AuditPlan, number: int, wrong: np.ndarray) -> Fold:
    """Answers that are sure of the label everywhere but in the wrong rows, where the next class is surer."""
    rows = plan.folds[number]
    labels = np.asarray(plan.dataset.labels)[rows]
    read = np.where(np.isin(rows, wrong), (labels + 1) % 10, labels)
    probabilities = np.full((len(rows), 10), 0.01)
    probabilities[np.arange(len(rows)), read] = 0.91
    facts = {"num_train": 1, "num_validation": 1, "num_repeats": 0, "num_epochs": 1, "cpu_seconds": 0.5}
    return Fold(rows=rows, labels=labels, probabilities=probabilities, **facts)


@pytest.fixture
def audit() -> LabelAudit:
    """An audit of the digits' test in which every tenth row is suspect; the classes 0 and 1 are called 0 and O."""
    plan = plan_audit(find_recipe("digits"), part="test", folds=2)
    plan = replace(plan, dataset=replace(plan.dataset, classes=CLASSES))
    wrong = np.sort(np.concatenate(plan.folds))[::10]
    return conclude(plan, [answered(plan, number, wrong) for number in (0, 1)])


def test_the_page_tells_counts_method_and_the_reading_of_the_test(audit: LabelAudit) -> None:
    assert len(audit.suspects) == 27
    labels = open_data("optdigits").labels[np.array([each.row for each in audit.suspects])]
    num_alike = int((labels == 0).sum())  # a 0 that is read as O
    page = audit_page(audit)
    values = {measure.name: measure.value for measure in page.measures}
    assert values["Suspects"] == "27"
    assert values["Look-alike shapes"] == f"{num_alike}"
    assert values["Different shapes"] == f"{27 - num_alike}"
    assert values["Out-of-fold accuracy"] == "90.00%"
    text = render(page)
    assert "27 of 270 labels are suspect" in text
    assert "no test result" in text
    assert "a label audit of the part test, 2 folds, recipe digits" in text
    assert "O → &lt;" in text
    assert all(f"row {each.row}" in text for each in audit.suspects)


def test_the_page_shows_as_many_suspects_as_asked(audit: LabelAudit, tmp_path: Path) -> None:
    audit_report(tmp_path / "audit.html", audit, num=2)
    text = (tmp_path / "audit.html").read_text(encoding="utf-8")
    assert f"The 2 surest of {len(audit.others)}." in text
    assert text.count("<image ") == 2 + min(2, len(audit.look_alikes))
    HTMLParser().feed(text)
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "<script" not in text


def test_an_audit_without_suspects_says_so(audit: LabelAudit) -> None:
    clean = conclude(audit.plan, [answered(audit.plan, number, np.zeros(0, np.int64)) for number in (0, 1)])
    text = render(audit_page(clean))
    assert "0 of 270 labels are suspect" in text
    assert text.count("There is none.") == 2
    assert "No kind of noise was found." in text


def suspect(row: int, suggestion: int = 1) -> Suspect:
    return Suspect(row=row, label=0, suggestion=suggestion, label_probability=0.034, suggestion_probability=0.9)


def test_a_tile_names_label_suggestion_probabilities_and_row() -> None:
    figure = suspect_sheet(np.zeros((2, 8, 8), np.uint8), [suspect(7), suspect(1_234_567)], ("a", "$b$"))
    for words in ("a → $b$", "3.4% → 90.0%", "row 7", "row 1234567"):
        assert words in figure.svg
    assert figure.alt == "2 pictures with suspect labels: row 7: a → $b$; row 1234567: a → $b$."


def test_tiles_of_long_names_are_wider_and_colour_pictures_stay_colour() -> None:
    suspects = [suspect(row) for row in range(12)]
    images = np.zeros((12, 32, 32, 3), np.uint8)
    short = draw_suspects(images, suspects, ("a", "b")).get_size_inches()
    long = draw_suspects(images, suspects, ("automobile", "automobile" * 12)).get_size_inches()
    assert short[0] / 10 < long[0]
    assert long[1] == pytest.approx(12 * 1.52)
    with pytest.raises(ValueError, match="got 11 pictures for 12 suspects"):
        draw_suspects(images[1:], suspects, ("a", "b"))


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "label_audit.py"
    spec = importlib.util.spec_from_file_location("label_audit", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_finished_fold_is_read_again_and_not_trained(
    audit: LabelAudit, benchmark: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[int] = []

    def train(self: AuditPlan, number: int, *_: object, **__: object) -> Fold:
        trained.append(number)
        return audit.folds[number]

    monkeypatch.setattr(AuditPlan, "train", train)
    first = [benchmark.finished_fold(audit.plan, number, tmp_path) for number in (0, 1)]
    (tmp_path / "fold-2.json").unlink()  # the second was interrupted before it was finished
    again = [benchmark.finished_fold(audit.plan, number, tmp_path) for number in (0, 1)]
    assert trained == [0, 1, 1]
    for fold, other, source in zip(first, again, audit.folds, strict=True):
        np.testing.assert_array_equal(fold.probabilities, other.probabilities)
        np.testing.assert_allclose(fold.probabilities, source.probabilities, atol=1e-3)
        np.testing.assert_array_equal(fold.labels, source.labels)
    assert np.load(tmp_path / "fold-1.npy").dtype == np.float16
    assert {each.row for each in conclude(audit.plan, again).suspects} == {each.row for each in audit.suspects}


def test_a_folder_of_another_audit_is_refused(audit: LabelAudit, benchmark: ModuleType, tmp_path: Path) -> None:
    begun = benchmark.begin(audit.plan, tmp_path)
    later = replace(audit.plan, test_read={"when": "later"})
    assert benchmark.begin(later, tmp_path)["test_read"] == begun["test_read"] == audit.plan.test_read
    with pytest.raises(SystemExit, match="holds the folds of another audit"):
        benchmark.begin(replace(audit.plan, seed=1), tmp_path)


def write_checked(path: Path, lines: list[tuple[int, int, str]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("number", "row", "verdict"), *lines])
    return path


def test_the_hand_check_gives_shares_and_the_ceiling(audit: LabelAudit, benchmark: ModuleType, tmp_path: Path) -> None:
    sheets = benchmark.sheets_of(audit)
    assert sorted(each.row for each in sheets["sample"].values()) == sorted(each.row for each in audit.suspects)
    assert [each.row for each in sheets["surest"].values()] == [each.row for each in audit.suspects]
    verdicts = ["wrong-label"] * 9 + ["ambiguous"] * 6 + ["unreadable"] * 3 + ["label-right"] * 9
    lines = [
        (number, each.row, verdict) for (number, each), verdict in zip(sheets["sample"].items(), verdicts, strict=True)
    ]
    checked = benchmark.read_checked(write_checked(tmp_path / "checked.csv", lines), sheets)
    found = benchmark.hand_check(checked, audit, sheets)
    assert found["sample"]["verdicts"] == {"wrong-label": 9, "label-right": 9, "ambiguous": 6, "unreadable": 3}
    assert found["sample"]["look_alike"]["n"] == len(audit.look_alikes)
    assert found["surest"]["n"] == 0
    share = wilson(9, 27)
    assert found["sample"]["share_wrong_label"]["low"] == share.low
    ceiling = found["ceiling"]["accuracy_at_most"]  # 27 suspects of 270 labels, a third of them wrong
    assert ceiling["value"] == pytest.approx(1 - 0.1 / 3)
    assert (ceiling["low"], ceiling["high"]) == (
        pytest.approx(1 - 0.1 * share.high),
        pytest.approx(1 - 0.1 * share.low),
    )
    assert found["ceiling"]["if_ambiguous_and_unreadable_are_lost"]["value"] == pytest.approx(1 - 0.1 * 18 / 27)
    json.dumps(benchmark.result_of(audit, benchmark.describe_environment(0), sheets) | found, allow_nan=False)


def test_a_sample_not_wholly_checked_gives_no_ceiling(audit: LabelAudit, benchmark: ModuleType) -> None:
    sheets = benchmark.sheets_of(audit)
    found = benchmark.hand_check({1: "wrong-label", 101: "label-right"}, audit, sheets)
    assert found["ceiling"] is None
    assert (found["sample"]["n"], found["surest"]["n"]) == (1, 1)


@pytest.mark.parametrize("fault", ["row", "verdict", "number", "twice"])
def test_a_line_that_does_not_fit_the_sheets_is_refused(
    audit: LabelAudit, benchmark: ModuleType, tmp_path: Path, fault: str
) -> None:
    sheets = benchmark.sheets_of(audit)
    row = sheets["sample"][1].row
    lines = {
        "row": [(1, row + 1, "wrong-label")],
        "verdict": [(1, row, "wrong")],
        "number": [(99, row, "wrong-label")],
        "twice": [(1, row, "wrong-label"), (1, row, "label-right")],
    }
    with pytest.raises(SystemExit, match="expected each number of the sheets once"):
        benchmark.read_checked(write_checked(tmp_path / "checked.csv", lines[fault]), sheets)
