"""Reading: the same answer from every door, calibrated, without torch."""

from __future__ import annotations

import json
import subprocess
import sys

import cv2
import numpy as np
import pytest
from PIL import Image

import glifo
from glifo.data.dataset import open_data
from glifo.experiment import judge
from glifo.recognizer import load
from glifo.runs import Run


@pytest.fixture(scope="module")
def pictures(run, tmp_path_factory):
    """Eight validation glyphs as dark-on-white PNG files, enlarged, with what they show."""
    folder = tmp_path_factory.mktemp("pictures")
    verdict = judge(run)
    paths, truths = [], []
    for number, (image, label) in enumerate(zip(verdict.images[:8], verdict.labels[:8], strict=True)):
        paths.append(folder / f"{number}.png")
        Image.fromarray(255 - image).resize((96, 96), Image.Resampling.NEAREST).save(paths[-1])
        truths.append(verdict.confusions.classes[label])
    return paths, truths


def test_pictures_on_disk_are_read(run, pictures):
    paths, truths = pictures
    readings = glifo.read(paths, as_="glyph", model=run.folder)
    assert [reading.text for reading in readings] == truths
    assert all(0.3 < reading.confidence <= 1 for reading in readings)


def test_every_door_gives_the_same_answer(run, pictures):
    path = pictures[0][0]
    recognizer = glifo.load(run.bundle_path)
    guess = recognizer.guess(path, top=3)
    assert len(guess) == 3
    assert glifo.read(str(path), as_="glyph", model=str(run.folder)).guesses[:3] == tuple(guess)
    assert recognizer.guess(path.read_bytes(), top=3) == guess
    assert recognizer.guess(np.asarray(Image.open(path)), top=3) == guess


def test_probabilities_are_softmax_of_scaled_logits(run):
    from scipy.special import softmax

    recognizer = load(run.folder)
    glyphs = np.asarray(open_data("optdigits").images[:700])
    expected = softmax(recognizer.logits(glyphs) / run.bundle.temperature, axis=1)
    assert np.allclose(recognizer.probabilities(glyphs), expected, atol=1e-5)
    assert recognizer.probabilities(glyphs).dtype == np.float32


def test_training_rows_enter_as_they_are(run):
    """What training saw and what serving sees of a canonical glyph is the same to the byte: no skew."""
    recognizer = load(run.folder)
    for image in np.asarray(open_data("optdigits").images[:50]):
        assert np.array_equal(recognizer.glyph(image), image)


def test_a_transposed_glyph_is_another_glyph(run):
    """The check above would miss a preparation that transposes both; accuracy does not."""
    verdict = judge(run)
    recognizer = load(run.folder)
    turned = np.ascontiguousarray(verdict.images.transpose(0, 2, 1))
    assert (recognizer.probabilities(turned).argmax(1) == verdict.labels).mean() < 0.6


def test_reading_imports_no_torch(run, pictures):
    script = """
import sys, json, glifo
reading = glifo.read(sys.argv[1], as_="glyph", model=sys.argv[2])
heavy = [name for name in ("torch", "sklearn", "scipy", "matplotlib", "accelerate", "pandas") if name in sys.modules]
print(json.dumps({"text": reading.text, "heavy": heavy}))
"""
    arguments = [sys.executable, "-c", script, str(pictures[0][0]), str(run.bundle_path)]
    answer = json.loads(subprocess.run(arguments, capture_output=True, check=True, text=True).stdout)
    assert answer == {"text": pictures[1][0], "heavy": []}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"as_": "page"}, "this version of glifo reads single characters"),
        ({"as_": "word"}, 'give "page", "glyph" or "form"'),
        ({"as_": "glyph", "prefer": "digits"}, "without prefer"),
    ],
)
def test_what_this_version_cannot_do_is_said(options, text):
    with pytest.raises(ValueError, match=text):
        glifo.read("a.png", **options)


def test_wrong_input_is_refused(run, tmp_path):
    recognizer = load(run.folder)
    with pytest.raises(ValueError, match=r"expected uint8 of shape \(n, 8, 8\) with n >= 1"):
        recognizer.probabilities(np.zeros((1, 28, 28), np.uint8))
    with pytest.raises(ValueError, match="expected uint8"):
        recognizer.probabilities(np.zeros((0, 8, 8), np.uint8))
    with pytest.raises(ValueError, match="no picture was given"):
        glifo.read([], as_="glyph", model=run.folder)
    blank = tmp_path / "blank.png"
    cv2.imwrite(str(blank), np.full((50, 50), 255, np.uint8))
    with pytest.raises(ValueError, match="no ink"):
        recognizer.guess(blank)
    with pytest.raises(ValueError, match="no model is called 'latin99'"):
        load("latin99")
    with pytest.raises(ValueError, match="there is no bundle at"):
        load(tmp_path / "missing.glifo")
    with pytest.raises(ValueError, match="holds no run"):
        _ = Run(folder=tmp_path).bundle


def test_public_names_and_no_others():
    assert {"read", "load", "train", "open_data"} <= set(glifo.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'reed'"):
        _ = glifo.reed
