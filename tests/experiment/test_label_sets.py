"""Training on sets of allowed classes, and judging where the data merges cases: optical digits renamed as letters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small import short_recipe

from glifo.data.dataset import open_data
from glifo.experiment import diagnose, judge, train

LETTERS = np.array(["A", "a", "B", "b", "C", "c", "D", "d", "E", "e"])


def write(path: Path, **more) -> Path:
    digits = open_data("optdigits")
    np.savez(path, **{"images": digits.images, "labels": digits.labels, "classes": LETTERS} | more)
    return path


def with_sets(path: Path, share: float) -> Path:
    """The digits as letters; of `share` of the rows the case is not known, and their label is its capital."""
    labels = open_data("optdigits").labels
    unknown = np.random.default_rng(0).random(len(labels)) < share
    allowed = np.eye(10, dtype=bool)[labels]
    allowed[unknown] |= np.eye(10, dtype=bool)[labels[unknown] ^ 1]
    return write(path, labels=np.where(unknown, labels & ~1, labels), allowed=allowed)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets")
    recipe = short_recipe(data=str(with_sets(folder / "letters.npz", 0.4)), num_epochs=20)
    return train(recipe, out=folder / "run")


def test_rows_of_unknown_case_train_and_only_rows_of_one_class_are_judged(run):
    data = open_data(run.recipe.data)
    verdict = judge(run)
    known = data.allowed.sum(axis=1) == 1
    assert 0 < verdict.scores.n < 0.7 * 229 and verdict.scores.n == run.scores["n"]
    assert len(judge(run, part="training").labels) < known.sum()
    assert verdict.scores.accuracy.value >= 0.93  # the labels as they stand say capital for 70 % of the rows


def test_the_history_and_the_diagnosis_judge_the_same_rows(run):
    best = run.history[int(run.bundle.facts["best_epoch"]) - 1]
    assert best["validation_accuracy"] == pytest.approx(run.scores["accuracy"]["value"])
    diagnosis = diagnose(run)
    assert [each.name for each in diagnosis.findings] == []
    assert diagnosis.judged_accuracy.value == pytest.approx(run.scores["accuracy"]["value"])


def test_the_labels_alone_would_have_taught_capitals(run, tmp_path):
    """The planted fault: the same training with the sets left out answers with the capital now and then."""
    labels = open_data(run.recipe.data).labels
    without = train(
        short_recipe(data=str(write(tmp_path / "plain.npz", labels=labels)), num_epochs=20), out=tmp_path / "run"
    )
    true = write(tmp_path / "true.npz")
    assert (
        judge(without, data=str(true)).scores.accuracy.value < judge(run, data=str(true)).scores.accuracy.value - 0.02
    )


def test_data_of_one_case_counts_the_other_as_its_own(run, tmp_path):
    labels = open_data("optdigits").labels
    capitals = write(tmp_path / "capitals.npz", labels=labels // 2, classes=LETTERS[::2])
    verdict = judge(run, data=str(capitals))
    assert verdict.merged == {"a": "A", "b": "B", "c": "C", "d": "D", "e": "E"}
    assert verdict.confusions.classes == ("A", "B", "C", "D", "E")
    assert verdict.logits.shape[1] == 5 and verdict.scores.accuracy.value >= 0.93


def test_nothing_to_judge_by_is_refused(tmp_path):
    cases = np.eye(10, dtype=bool)[open_data("optdigits").labels]
    both = cases | cases[:, np.arange(10) ^ 1]
    recipe = short_recipe(data=str(write(tmp_path / "letters.npz", allowed=both)))
    with pytest.raises(ValueError, match="every validation row has a set of classes"):
        train(recipe, out=tmp_path / "run")


def test_letters_may_be_left_out_of_the_answers(run, tmp_path):
    """On data of two letters the others count as wrong, unless only those two may be answered."""
    digits = open_data("optdigits")
    rows = np.flatnonzero(digits.labels < 2)
    path = tmp_path / "two.npz"
    np.savez(path, images=digits.images[rows], labels=digits.labels[rows], classes=LETTERS[:2])
    verdict = judge(run, data=str(path), part="training")
    among_two = verdict.logits[:, :2].argmax(axis=1) == verdict.labels
    assert verdict.within_alphabet.value == among_two.mean() >= verdict.scores.accuracy.value
    assert judge(run).within_alphabet is None
