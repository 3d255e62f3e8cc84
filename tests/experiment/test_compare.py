"""Comparisons of real, tiny runs: figures against the runs' own, rows that must agree, trainings in other processes."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest, chi2
from small import short_recipe

from glifo.evaluation.metrics import wilson
from glifo.experiment import compare, judge, train
from glifo.experiment.compare import Entry, conclude, time_readings
from glifo.experiment.compete import enter, train_missing
from glifo.recipes import Recipe
from glifo.recognizer import Recognizer
from glifo.runs import Run

MLP = short_recipe(name="mlp", network="mlp_f", num_epochs=3, average_decay=None)


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> dict[str, Run]:
    folder = tmp_path_factory.mktemp("compared")
    made = {"cnn": (short_recipe(num_epochs=6), 0), "mlp": (MLP, 0), "mlp-1": (MLP, 1)}
    return {name: train(recipe, seed, folder / name) for name, (recipe, seed) in made.items()}


@pytest.fixture
def copies(runs, tmp_path) -> dict[str, str]:
    """The runs where a test may change them."""
    return {name: str(shutil.copytree(run.folder, tmp_path / name)) for name, run in runs.items()}


def write(recipe: Recipe, path: Path) -> str:
    path.write_text(json.dumps(recipe.to_dict()))
    return str(path)


def test_every_figure_is_the_runs_own(copies):
    found = compare([copies["cnn"], copies["mlp"]], price_per_hour=36.0, watts=7200.0)
    cnn, mlp = found.entries
    verdict = judge(Run(folder=Path(copies["mlp"])), part="training")
    right = int((verdict.logits.argmax(axis=1) == verdict.labels).sum())
    assert mlp.parts["training"].accuracy == wilson(right, len(verdict.labels))
    assert vars(cnn.parts["validation"].accuracy) == Run(folder=Path(copies["cnn"])).scores["accuracy"]
    # mlp_f on 8x8 with 10 classes: 64-40-40-10, 4,650 weights and biases, a multiply-add is two operations
    assert (mlp.num_parameters, mlp.flops) == (4650, 2 * (64 * 40 + 40 * 40 + 40 * 10))
    assert (cnn.name, cnn.num_epochs, len(cnn.history)) == ("cnn", 6, 6)
    assert mlp.training_seconds == pytest.approx(sum(row["seconds"] for row in mlp.history), abs=1e-3)
    assert mlp.cost == pytest.approx(mlp.training_seconds / 100)
    assert mlp.energy_wh == pytest.approx(mlp.training_seconds * 2)
    assert mlp.ms_per_glyph > 0
    assert set(mlp.parts) == {"training", "validation"}
    assert mlp.gap_points is None
    json.dumps(found.to_dict(), allow_nan=False)


def test_the_paired_test_counts_the_same_rows(copies):
    (difference,) = compare([copies["cnn"], copies["mlp"]]).differences
    first, second = (judge(Run(folder=Path(copies[name]))) for name in ("cnn", "mlp"))
    a, b = (verdict.logits.argmax(axis=1) == verdict.labels for verdict in (first, second))
    counts = int((a & ~b).sum()), int((b & ~a).sum())
    assert (difference.paired.only_first, difference.paired.only_second) == counts
    exact = binomtest(counts[0], sum(counts)).pvalue
    corrected = chi2.sf((abs(counts[0] - counts[1]) - 1) ** 2 / sum(counts), 1)
    assert difference.adjusted_p == pytest.approx(exact if sum(counts) < 25 else corrected)
    assert difference.is_real
    assert difference.in_words.startswith(
        f"cnn reads {counts[0]} rows right that mlp reads wrong, mlp {counts[1]} that"
    )
    assert "the difference is real" in difference.in_words


def test_the_sealed_test_opens_only_when_asked_and_is_put_on_record(copies):
    folders = [copies["cnn"], copies["mlp"]]
    compare(folders)
    assert [Run(folder=Path(folder)).test_reads for folder in folders] == [[], []]
    found = compare(folders, final=True)
    reads = [Run(folder=Path(folder)).test_reads for folder in folders]
    assert [len(read) for read in reads] == [1, 1]
    assert [read[0]["accuracy"] for read in reads] == [entry.parts["test"].accuracy.value for entry in found.entries]
    assert (found.part, found.differences[0].paired.n) == ("test", reads[0][0]["n"])
    validation, test = (found.entries[0].parts[part].accuracy.value for part in ("validation", "test"))
    assert found.entries[0].gap_points == pytest.approx(100 * (validation - test))
    assert found.notes == ()
    assert "have been read more than once" in compare(folders, final=True).notes[0]


def test_seeds_of_a_recipe_are_grouped_and_not_paired_on_validation_rows(copies):
    found = compare([copies["mlp"], copies["mlp-1"], copies["cnn"]])
    mlp, cnn = found.groups
    values = [entry.parts["validation"].accuracy.value for entry in found.entries[:2]]
    assert (mlp.label, mlp.runs, cnn.runs) == ("mlp", ("mlp", "mlp-1"), ("cnn",))
    assert mlp.accuracy["validation"].mean == pytest.approx(statistics.mean(values))
    assert mlp.accuracy["validation"].deviation == pytest.approx(statistics.stdev(values))
    assert cnn.accuracy["validation"].deviation is None
    assert [(each.first, each.second) for each in found.differences] == [("mlp", "cnn")]
    assert found.notes[0].startswith("2 of 3 pairs have different seeds and no paired test")
    assert len(compare([copies["mlp"], copies["mlp-1"]], final=True).differences) == 1


def scored(entry: Entry, name: str, validation: float, test: float) -> Entry:
    """The entry with other accuracies."""
    parts = {
        part: replace(entry.parts["validation"], accuracy=wilson(round(value * 100), 100))
        for part, value in (("training", 1.0), ("validation", validation), ("test", test))
    }
    return replace(entry, name=name, parts=parts)


def test_the_best_is_chosen_by_validation_whatever_the_test_says(copies):
    (entry,) = compare([copies["mlp"]]).entries
    other = replace(entry, recipe=replace(entry.recipe, name="other"))
    found = conclude([scored(entry, "a", 0.9, 0.5), scored(other, "b", 0.8, 0.99)], "test")
    assert (found.best.name, found.best_group.label) == ("a", "mlp")


def test_two_recipes_of_one_name_are_two_groups(copies):
    (entry,) = compare([copies["mlp"]]).entries
    other = replace(entry, recipe=replace(entry.recipe, num_epochs=9))
    found = conclude([scored(entry, "a", 0.9, 0.9), scored(other, "b", 0.8, 0.8)], "test")
    assert [group.label for group in found.groups] == ["mlp (a)", "mlp (b)"]


def test_one_run_alone_is_a_table_of_one(copies):
    found = compare([copies["mlp"]])
    assert (len(found.entries), found.differences, found.notes) == (1, (), ())


def test_a_run_without_the_newer_columns_is_compared(copies):
    history = Path(copies["mlp"]) / "history.csv"
    rows = [line.rsplit(",", 1) for line in history.read_text().splitlines()]
    assert rows[0][1] == "cpu_seconds"
    history.write_text("\n".join(start for start, _ in rows) + "\n")
    assert compare([copies["mlp"]]).entries[0].cpu_seconds is None
    assert compare([copies["cnn"]]).entries[0].cpu_seconds > 0


def test_the_times_are_medians_in_milliseconds(runs, monkeypatch):
    ticks = iter(np.cumsum([0.0, 0.002] * 10_000))  # each reading takes 2 ms, and nothing between
    monkeypatch.setattr("time.perf_counter", lambda: next(ticks))

    class Reader(Recognizer):
        def probabilities(self, glyphs: np.ndarray) -> np.ndarray:
            assert glyphs.shape == (1, 8, 8)
            return np.ones((1, 10), np.float32)

    readers = [Reader(runs["mlp"].bundle)] * 2
    assert time_readings(readers, np.zeros((3, 8, 8), np.uint8)) == pytest.approx([2.0, 2.0])


def test_what_is_no_run_is_refused_with_advice(copies, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"empty holds no run .*`glifo runs` lists"):
        compare([str(tmp_path / "empty")])
    with pytest.raises(ValueError, match="no run folder, recipe file or recipe 'digit'; recipes: did you mean digits"):
        compare(["digit"])
    (Path(copies["mlp"]) / "model.glifo").unlink()
    with pytest.raises(ValueError, match=r"mlp has no bundle yet; finish it with `glifo train --resume"):
        compare([copies["cnn"], copies["mlp"]])
    with pytest.raises(ValueError, match="nothing was given"):
        compare([])


def test_the_same_run_twice_is_refused(copies):
    with pytest.raises(ValueError, match="mlp takes part twice; name each once"):
        compare([copies["mlp"], copies["mlp"] + "/../mlp"])


def test_two_recipes_of_one_name_and_folder_are_refused(tmp_path):
    recipes = [write(replace(MLP, num_epochs=num), tmp_path / f"{num}.json") for num in (1, 2)]
    with pytest.raises(ValueError, match="takes part twice; give the two recipes different names"):
        compare(recipes, out=tmp_path / "out")


def test_other_data_is_refused_before_anything_is_trained(copies, own_data, tmp_path):
    bars = write(replace(MLP, name="bars", data=str(own_data)), tmp_path / "bars.json")
    with pytest.raises(ValueError, match=r"rows of optdigits and .*bars\.npz, which are not the same data"):
        compare([copies["mlp"], bars], out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_other_test_rows_are_refused_before_the_test_is_opened(copies, tmp_path):
    other = train(replace(MLP, name="other", test_fraction=0.3), 0, tmp_path / "other")
    with pytest.raises(ValueError, match=r"keep other test rows of optdigits \(test_fraction 0\.15 and 0\.3\)"):
        compare([copies["mlp"], str(other.folder)], final=True)
    assert Run(folder=Path(copies["mlp"])).test_reads == []
    with pytest.raises(ValueError, match="have the seed 0 and validate on other rows"):
        compare([copies["mlp"], str(other.folder)])


def test_other_validation_rows_of_one_seed_are_compared_on_the_test_alone(copies, tmp_path):
    other = train(replace(MLP, name="other", validation_fraction=0.3), 0, tmp_path / "other")
    with pytest.raises(ValueError, match=r"validation_fraction 0\.15 and 0\.3"):
        compare([copies["mlp"], str(other.folder)])
    assert len(compare([copies["mlp"], str(other.folder)], final=True).differences) == 1


def test_recipes_are_trained_apart_resumed_and_used_again(runs, tmp_path):
    recipe, out, said = write(MLP, tmp_path / "mlp.json"), tmp_path / "out", []
    shutil.copytree(runs["mlp"].folder, out / "mlp-seed0")
    (out / "mlp-seed0" / "model.glifo").unlink()
    first = compare([recipe], num_seeds=2, out=out, processes=2, tell=said.append)
    assert [(entry.name, entry.seed) for entry in first.entries] == [("mlp-seed0", 0), ("mlp-seed1", 1)]
    assert sorted(said[:2]) == [f"resuming {out / 'mlp-seed0'} ...", f"training {out / 'mlp-seed1'} ..."]
    assert "2 of 2 trained" in " ".join(said)
    for entry, name in zip(first.entries, ("mlp", "mlp-1"), strict=True):  # trained in this process
        assert vars(entry.parts["validation"].accuracy) == runs[name].scores["accuracy"]
    assert first.entries[1].hardware.endswith("device cpu, threads 1, precision fp32")
    said.clear()
    compare([recipe], num_seeds=2, out=out, tell=said.append)
    assert all(text.startswith("judging") for text in said)


def test_a_folder_of_another_recipe_is_refused(copies, tmp_path):
    Path(copies["mlp"]).rename(tmp_path / "mlp-seed0")
    changed = write(replace(MLP, num_epochs=9), tmp_path / "changed.json")
    with pytest.raises(ValueError, match="mlp-seed0 holds a run of another recipe or seed than mlp with seed 0"):
        compare([changed], out=tmp_path)


def test_a_training_that_fails_says_why(tmp_path, monkeypatch):
    failed = subprocess.CompletedProcess([], 2, "", "epoch 1/3\nerror: the loss became nan in epoch 1\n\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    contestants = enter([write(MLP, tmp_path / "mlp.json")], seeds=[0, 1], out=tmp_path / "out")
    with pytest.raises(ValueError, match=r"mlp-seed\d could not be trained: the loss became nan in epoch 1$"):
        train_missing(contestants, 1, lambda text: None)
