"""The earlier work's own check, five pictures read with confidence, beside the test that would have caught its bug.

Its check passed with the bug in place: pictures whose strokes are thick enough survive a forgotten mean. What catches it
is to read the validation rows as they are served and to ask for the accuracy that the training saw.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from small import short_recipe
from typer.testing import CliRunner

import glifo
from glifo.cli import app
from glifo.experiment import judge, train
from glifo.recognizer import Recognizer
from glifo.runs import Run


@pytest.mark.data
@pytest.mark.skipif("GLIFO_DATA" not in os.environ, reason="set GLIFO_DATA to the folder of the official files")
def test_the_originals_five_pictures_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLIFO_CACHE", str(tmp_path / "cache"))
    written = ["data", "sample", "emnist-partial-byclass", "--characters", "38Uae", "--out", str(tmp_path / "five")]
    assert CliRunner().invoke(app, written).exit_code == 0
    readings = glifo.read(sorted(tmp_path.glob("five/*.png")), as_="glyph")
    assert [reading.text for reading in readings] == ["3", "8", "U", "a", "e"]
    assert min(reading.confidence for reading in readings) > 0.7


def reads_as_trained(run: Run) -> bool:
    """Whether the served recogniser scores on the validation rows what the training saw there."""
    return judge(run).scores.accuracy.value == pytest.approx(run.scores["accuracy"]["value"], abs=0.005)


def test_five_pictures_pass_with_the_bug_and_the_served_validation_does_not(tmp_path: Path) -> None:
    recipe = {"mean_image": True, "num_epochs": 12, "average_decay": None, "label_smoothing": 0.0}
    sound = train(short_recipe(**recipe), seed=0, out=tmp_path / "sound")
    skewed = train(short_recipe(**recipe, fault="no_mean_when_serving"), seed=0, out=tmp_path / "skewed")
    verdict = judge(skewed)
    probabilities = Recognizer(skewed.bundle).probabilities(verdict.images)
    passes = (probabilities.argmax(1) == verdict.labels) & (probabilities.max(1) > 0.7)
    assert passes.sum() >= 5  # so that five pictures can be found that hide the bug
    assert reads_as_trained(sound)
    assert not reads_as_trained(skewed)
