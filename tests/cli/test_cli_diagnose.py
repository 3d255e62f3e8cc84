"""`glifo diagnose`: the verdict on the terminal, as JSON and as a page, and wrong use as one line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from calling import assert_refused, call, json_of

from glifo.data.dataset import open_data
from glifo.experiment import train
from glifo.recipes import find_recipe


@pytest.fixture(scope="module")
def skewed(tmp_path_factory) -> Path:
    """A run that forgets its mean when it serves."""
    recipe = replace(
        find_recipe("digits"),
        num_epochs=8,
        precision="fp32",
        num_threads=1,
        mean_image=True,
        fault="no_mean_when_serving",
    )
    return train(recipe, out=tmp_path_factory.mktemp("runs") / "skewed").folder


def test_the_cause_is_named_first_with_its_evidence(skewed):
    printed = call("diagnose", skewed).stdout
    assert "1. Serving forgets the mean that training subtracts" in printed
    assert "[skew-mean, " in printed
    assert "mended, accuracy goes from" in printed
    assert "In order:" in printed


def test_json_holds_the_findings_in_order(skewed):
    found = json_of("diagnose", skewed)
    assert found["findings"][0]["name"] == "skew-mean"
    points = [(0.5 if each["symptom"] else 1) * each["points"] for each in found["findings"]]
    assert points == sorted(points, reverse=True)
    assert found["mended_accuracy"] > found["judged"]["value"]
    assert {each["name"] for each in found["in_order"]} >= {"weights", "batch-norm", "repeats"}


def test_the_page_shows_repairs_and_loads_nothing(skewed, tmp_path):
    result = call("diagnose", skewed, "--html", tmp_path / "page.html")
    assert result.exit_code == 0, result.output
    page = (tmp_path / "page.html").read_text()
    for text in ("Serving forgets the mean", "mean and deviation as in training", "What was in order", "Class shares"):
        assert text in page
    assert "<script" not in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_suspect_labels_are_shown_as_pictures(skewed, tmp_path):
    digits = open_data("optdigits")
    labels = digits.labels.copy()
    labels[:200] = (labels[:200] + 3) % 10
    np.savez(tmp_path / "noisy.npz", images=digits.images, labels=labels)
    found = json_of("diagnose", skewed, "--data", tmp_path / "noisy.npz", "--html", tmp_path / "page.html")
    assert "label-noise" in [each["name"] for each in found["findings"]]
    assert "surest of" in (tmp_path / "page.html").read_text()


def test_wrong_use_is_one_line(skewed, tmp_path):
    assert_refused("holds no run", "diagnose", tmp_path)
    assert_refused("expected validation or test", "diagnose", skewed, "--part", "all")
    assert_refused("no data set and no file is named", "diagnose", skewed, "--data", "nothing-there")
    np.savez(tmp_path / "ab.npz", images=np.zeros((4, 8, 8), np.uint8), labels=[0, 1, 0, 1], classes=["a", "b"])
    assert_refused("which the recogniser does not know", "diagnose", skewed, "--data", tmp_path / "ab.npz")
