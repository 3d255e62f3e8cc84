"""Distillation: the loss by hand, what a teacher answers, what is learnt from it alone, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small import short_recipe

from glifo.data.dataset import open_data
from glifo.experiment import judge, resume, train
from glifo.experiment.assemble import assemble
from glifo.experiment.teaching import Teacher, find_teacher, restore
from glifo.images import FRAMES, Preparation, fit_preparation
from glifo.recognizer import Recognizer
from glifo.training.losses import distillation_loss


@given(seed=st.integers(0, 1000), temperature=st.sampled_from([1.0, 2.0, 5.0]))
def test_the_loss_is_scipys_divergence(seed, temperature):
    from scipy.special import softmax
    from scipy.stats import entropy

    rng = np.random.default_rng(seed)
    logits, teacher = rng.normal(0, 2, (4, 5)), softmax(rng.normal(0, 2, (4, 5)), axis=1)
    expected = entropy(teacher, softmax(logits / temperature, axis=1), axis=1).mean() * temperature**2
    ours = distillation_loss(torch.from_numpy(logits), torch.from_numpy(teacher), temperature)
    assert float(ours) == pytest.approx(float(expected), abs=1e-9)


@pytest.mark.parametrize("per_pixel", [False, True])
def test_a_normalised_picture_is_restored(per_pixel):
    images = np.asarray(open_data("optdigits").images[:40])
    preparation = fit_preparation(images, FRAMES["optdigits"], per_pixel=per_pixel)
    picture = torch.from_numpy(preparation.as_batch(images))
    torch.testing.assert_close(restore(preparation, preparation.normalise(picture)), picture, atol=1e-4, rtol=0)


def test_a_committee_answers_with_the_mean_in_the_teachers_own_preparation(run):
    recognizer = Recognizer(run.bundle)
    other = Recognizer(replace(run.bundle, preparation=replace(run.bundle.preparation, mean=(0.9,))))
    students = Preparation(frame=run.bundle.preparation.frame, mean=(0.1,), std=(2.0,))
    images = np.asarray(open_data("optdigits").images[:30])
    teacher = Teacher(sources=(), recognizers=(recognizer, other), preparation=students, temperature=2.0)
    answered = teacher(students.normalise(torch.from_numpy(students.as_batch(images))))
    each = [torch.from_numpy(one.logits(images) / 2.0).softmax(1) for one in (recognizer, other)]
    torch.testing.assert_close(answered, (each[0] + each[1]) / 2, atol=1e-4, rtol=0)


@pytest.fixture(scope="module")
def mislabelled(tmp_path_factory):
    """The optical digits with labels that say nothing."""
    digits = open_data("optdigits")
    path = tmp_path_factory.mktemp("data") / "mislabelled.npz"
    labels = np.random.default_rng(0).permutation(digits.labels)
    np.savez(path, images=digits.images, labels=labels, classes=np.array(digits.classes))
    return path


def test_a_student_learns_from_its_teacher_alone(run, mislabelled, tmp_path):
    taught = {"data": str(mislabelled), "num_epochs": 8, "keep_best": False, "teacher": str(run.folder)}
    student = train(short_recipe(**taught, teacher_share=1.0), out=tmp_path / "student")
    untaught = train(short_recipe(**taught | {"teacher": None}), out=tmp_path / "untaught")
    assert judge(student, data="optdigits").scores.accuracy.value > 0.93
    assert judge(untaught, data="optdigits").scores.accuracy.value < 0.3
    assert len(student.environment["teacher_sha256"]) == 1 and "teacher_sha256" not in untaught.environment


def test_every_seed_of_a_recipe_teaches_together(run, tmp_path):
    for seed in (0, 1):
        train(replace(short_recipe(num_epochs=1, split_seed=0), name="digits"), seed, tmp_path / f"digits-seed{seed}")
    recipe = short_recipe(num_epochs=1, teacher="digits", split_seed=0)
    teacher = find_teacher(assemble(recipe, 5), tmp_path)
    assert [source.parent.name for source in teacher.sources] == ["digits-seed0", "digits-seed1"]


def test_a_teacher_that_knows_the_validation_rows_is_refused(run, tmp_path):
    recipe = short_recipe(num_epochs=1, teacher=str(run.folder))
    with pytest.raises(ValueError, match="trained on rows that validate here"):
        train(recipe, seed=1, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    train(replace(recipe, split_seed=0), seed=1, out=tmp_path / "run")


def test_a_teacher_of_other_classes_is_refused(run, own_data, tmp_path):
    with pytest.raises(ValueError, match="answers other classes or takes other pictures"):
        train(short_recipe(data=str(own_data), teacher=str(run.folder)), out=tmp_path / "run")


def test_a_run_is_not_resumed_with_another_teacher(run, tmp_path):
    (tmp_path / "teacher.glifo").write_bytes(run.bundle_path.read_bytes())
    student = train(short_recipe(num_epochs=1, teacher=str(tmp_path / "teacher.glifo")), out=tmp_path / "run")
    student.bundle_path.unlink()
    replace(run.bundle, temperature=3.0).save(tmp_path / "teacher.glifo")
    with pytest.raises(ValueError, match=r"the teachers .* have changed"):
        resume(student.folder)
