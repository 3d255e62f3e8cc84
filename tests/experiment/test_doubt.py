"""Saying "I don't know": thresholds in the bundle, "?" and sets when reading, and whether the promises are kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import glifo
from glifo.data.dataset import open_data
from glifo.evaluation.calibration import softmax
from glifo.experiment import judge
from glifo.experiment.doubt import fit_doubt, judge_doubt
from glifo.recognizer import Doubt, Recognizer


def spoilt(images: np.ndarray, seed: int = 0) -> np.ndarray:
    """Glyphs under noise, so that some are read wrongly."""
    noise = np.random.default_rng(seed).normal(0, 70, images.shape)
    return np.clip(images + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def doubtful(run):
    """The run's recogniser with thresholds fitted on spoilt digits, and other spoilt digits with their labels."""
    digits = open_data("optdigits")
    recognizer = Recognizer(run.bundle)
    images, labels = spoilt(np.asarray(digits.images)), np.asarray(digits.labels)
    first = np.random.default_rng(1).random(len(labels)) < 0.5
    conformal = fit_doubt(recognizer.probabilities(images[first]), labels[first])
    return Recognizer(replace(run.bundle, conformal=conformal)), images[~first], labels[~first]


def test_sets_hold_the_truth_as_often_as_asked(doubtful):
    recognizer, images, labels = doubtful
    for coverage in (0.95, 0.99):
        sets = recognizer.sets(recognizer.probabilities(images), coverage)
        held = np.mean([recognizer.classes[label] in chosen for chosen, label in zip(sets, labels, strict=True)])
        assert held == pytest.approx(coverage, abs=0.02)


def test_answers_below_the_dial_are_question_marks_and_the_rest_keeps_the_wish(doubtful):
    recognizer, images, labels = doubtful
    probabilities = recognizer.probabilities(images)
    texts = [each.text for each in recognizer.readings(list(images), probabilities, doubt=Doubt(max_error=0.05))]
    answered = np.array([text != "?" for text in texts])
    wrong = np.array([text != recognizer.classes[label] for text, label in zip(texts, labels, strict=True)])
    assert 0.3 < answered.mean() < 1
    assert wrong[answered].mean() <= 0.05 < (probabilities.argmax(axis=1) != labels).mean()


def test_a_reading_says_both_and_keeps_its_guesses(doubtful):
    recognizer, images, _ = doubtful
    doubt = Doubt(max_error=0.001, coverage=0.95)
    readings = [
        each.to_dict()
        for each in recognizer.readings(list(images), recognizer.probabilities(images), top=3, doubt=doubt)
    ]
    unsure = [each for each in readings if each["text"] == "?"]
    assert unsure and all(len(each["guesses"]) == 3 and each["guesses"][0]["char"] != "?" for each in unsure)
    sizes = [len(each["set"]) for each in readings]
    assert min(sizes) < max(sizes)
    ranks = [[guess["char"] for guess in each["guesses"]] for each in readings]
    in_order = [[char for char in best if char in each["set"]] for best, each in zip(ranks, readings, strict=True)]
    assert all(each["set"][: len(found)] == found for found, each in zip(in_order, readings, strict=True))


def test_without_a_wish_nothing_changes(run):
    image = np.asarray(open_data("optdigits").images[0])
    reading = glifo.read(image, as_="glyph", model=run.folder)
    assert reading.set_ is None and "set" not in reading.to_dict() and reading.text == reading.guesses[0].character


def test_a_trained_bundle_holds_its_thresholds(run):
    conformal = run.bundle.conformal
    assert set(conformal["sets"]) == {"0.95", "0.99"} and len(conformal["sets"]["0.95"]) == 10
    assert {float(wish) for wish in conformal["risk_dial"]} >= {0.01, 0.05}


def test_what_is_promised_is_judged_on_other_rows(run):
    doubt = judge(run, part="training").doubt
    assert 0.9 < doubt["sets"]["0.95"]["coverage"] <= 1 and doubt["augrc"] < 0.02
    assert doubt["risk_curve"]["coverage"][-1] == 1.0
    error = 1 - judge(run, part="training").scores.accuracy.value
    assert doubt["risk_curve"]["error"][-1] == pytest.approx(error, abs=1e-6)


def test_merged_classes_are_covered_by_either_case():
    probabilities = softmax(np.array([[3.0, 0.0, 1.0], [0.0, 3.0, 1.0]]))
    conformal = {"sets": {"0.95": [0.5, 0.5, 0.5]}, "risk_dial": {}}
    judged = judge_doubt(conformal, probabilities, np.array([0, 0]), np.array([0, 0, 2]))
    assert judged["sets"]["0.95"] == {"coverage": 1.0, "mean_size": 1.0, "empty": 0.0, "single": 1.0}
    apart = judge_doubt(conformal, probabilities, np.array([0, 0]), np.array([0, 1, 2]))
    assert apart["sets"]["0.95"]["coverage"] == 0.5


@pytest.mark.parametrize(
    ("doubt", "message"),
    [
        (Doubt(max_error=0.0), "give a share between 0 and 1"),
        (Doubt(max_error=0.0001), "can vouch for"),
        (Doubt(coverage=0.8), "this model has"),
    ],
)
def test_promises_that_cannot_be_kept_are_refused(run, doubt, message):
    recognizer, image = Recognizer(run.bundle), np.asarray(open_data("optdigits").images[0])
    with pytest.raises(ValueError, match=message):
        recognizer.read([image], doubt=doubt)


def test_an_older_bundle_is_told_apart(run):
    recognizer = Recognizer(replace(run.bundle, conformal={}))
    with pytest.raises(ValueError, match="without thresholds for doubt"):
        recognizer.read([np.asarray(open_data("optdigits").images[0])], doubt=Doubt(max_error=0.01))
