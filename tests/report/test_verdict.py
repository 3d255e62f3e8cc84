"""The report of a verdict: built from a run's folder and read back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from glifo.evaluation.calibration import reliability, softmax
from glifo.evaluation.confusions import count_confusions
from glifo.evaluation.metrics import score
from glifo.experiment import Verdict
from glifo.recipes import find_recipe
from glifo.report import evaluation_report
from glifo.report.page import ReportPage
from glifo.report.plots import reliability_plot
from glifo.report.verdict import run_facts, surest_mistakes
from glifo.runs import HISTORY, Run, start_run

CLASSES = ("0", "1", "<")
LOGITS = np.array([[3.0, 0, 0], [2, 0, 0], [0, 5, 0], [0, 4, 0], [0, 0, 1]])
LABELS = np.array([0, 1, 2, 1, 0])


def verdict(labels: np.ndarray = LABELS) -> Verdict:
    images = np.arange(5, dtype=np.uint8)[:, None, None] * np.ones((1, 8, 8), np.uint8)
    return Verdict(
        data="optdigits",
        part="test",
        scores=score(LOGITS, labels, CLASSES, 2.0),
        confusions=count_confusions(labels, LOGITS.argmax(axis=1), CLASSES),
        logits=LOGITS,
        labels=labels,
        images=images,
        repeats=3,
    )


ORIGIN = {"data": {"name": "optdigits", "identity": "0"}, "splits": {"fingerprint": "0"}}


def made_run(folder: Path) -> Run:
    run = start_run(folder / "run", find_recipe("digits"), 11, ORIGIN)
    (run.folder / HISTORY).write_text("epoch,loss,validation_loss,validation_accuracy\n1,1.5,1.6,0.5\n2,0.5,0.6,0.75\n")
    return run


def test_the_report_holds_the_verdict(tmp_path: Path) -> None:
    evaluation_report(tmp_path / "report.html", made_run(tmp_path), verdict())
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<title>digits on optdigits</title>" in text
    assert "judged on the sealed test" in text
    assert "40.00%" in text
    assert "3 pictures, 3 read wrong: &lt; read as 1; 1 read as 0; 0 read as &lt;." in text
    assert "validation accuracy 75.00%" in text


def test_reliability_is_before_and_after_scaling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages: list[ReportPage] = []
    monkeypatch.setattr("glifo.report.verdict.write_page", lambda path, page: pages.append(page))
    evaluation_report(tmp_path / "report.html", made_run(tmp_path), verdict())
    before, after = (reliability(softmax(LOGITS, temperature), LABELS) for temperature in (1.0, 2.0))
    (section,) = [section for section in pages[0].sections if section.heading == "Confidence"]
    assert section.figures == (reliability_plot(before, after),)


def test_a_faultless_run_without_history_has_a_report(tmp_path: Path) -> None:
    run = start_run(tmp_path / "run", find_recipe("digits"), 0, ORIGIN)
    evaluation_report(tmp_path / "report.html", run, verdict(LOGITS.argmax(axis=1)))
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Nothing was read wrong." in text
    assert "<h2" in text
    assert ">Mistakes<" not in text
    assert ">Training<" not in text


def test_the_surest_mistakes_come_first_with_their_own_pictures() -> None:
    found = verdict()
    images, captions = surest_mistakes(found.images, LABELS, LOGITS / 10, CLASSES, num=2)
    assert images[:, 0, 0].tolist() == [2, 1]
    assert [(caption.read, caption.truth, caption.confidence) for caption in captions] == [
        ("1", "<", 0.5),
        ("0", "1", 0.2),
    ]


def test_facts_name_the_origin(tmp_path: Path) -> None:
    facts = dict(run_facts(made_run(tmp_path), verdict()))
    assert facts["data"] == "optdigits, the sealed test"
    assert (facts["recipe"], facts["seed"], facts["repeats of training rows"]) == ("digits", "11", "3")
    assert "None" not in facts.values()
    assert "repeats of training rows" not in dict(run_facts(made_run(tmp_path / "b"), replace(verdict(), repeats=None)))
    assert {"glifo", "torch", "processor", "trained"} <= set(facts)
