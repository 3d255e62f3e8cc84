"""The verbs beside `glifo data`: results, JSON, and wrong input as one line with exit code 2."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from calling import assert_refused, call, json_of
from PIL import Image

from glifo.cli import in_one_line
from glifo.networks import NETWORKS
from glifo.recipes import RECIPES, find_recipe

VERBS = [
    *("demo", "train", "evaluate", "read", "runs", "recipes", "lr-find", "networks list", "networks show"),
    *("compare", "diagnose", "explore", "explain", "audit", "cross-validate"),
]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb):
    result = call(*verb.split(), "--help")
    assert result.exit_code == 0
    assert f"glifo {verb}" in result.stdout or verb == "networks list"


def test_train_evaluate_runs_and_read_hang_together(tmp_path, picture):
    recipe = tmp_path / "mine.json"
    recipe.write_text(json.dumps(replace(find_recipe("digits"), name="mine", num_epochs=2).to_dict()))
    trained = json_of("train", recipe, "--out", tmp_path / "runs" / "mine")
    assert trained["epochs"] == 2
    judged = json_of("evaluate", trained["run"])
    assert judged["part"] == "validation"
    assert judged["scores"]["accuracy"] == trained["scores"]["accuracy"]
    final = json_of("evaluate", trained["run"], "--final", "--html", tmp_path / "page.html")
    assert final["part"] == "test"
    assert "<svg" in (tmp_path / "page.html").read_text()
    rows = json_of("runs", "--root", tmp_path / "runs")
    assert [(row["recipe"], row["state"]) for row in rows] == [("mine", "finished")]
    assert rows[0]["test_accuracy"] == final["scores"]["accuracy"]["value"]
    assert call("evaluate", trained["run"]).exit_code == 0
    assert "finished" in call("runs", "--root", tmp_path / "runs").stdout
    readings = json_of("read", picture, "--as", "glyph", "--model", trained["run"])
    assert set(readings[0]) == {"path", "text", "confidence", "guesses"}
    assert readings[0]["guesses"][0] == {"char": readings[0]["text"], "probability": readings[0]["confidence"]}
    assert len(readings[0]["guesses"]) == 5


def test_a_second_reading_of_the_test_is_said(run_folder):
    assert "times" not in call("evaluate", run_folder, "--final").stderr
    assert "has now been read 2 times" in call("evaluate", run_folder, "--final").stderr


def test_read_prints_a_table_and_keeps_the_order(run_folder, picture, tmp_path):
    other = tmp_path / "other.png"
    other.write_bytes(picture.read_bytes())
    readings = json_of("read", other, picture, "--as", "glyph", "--model", run_folder)
    assert [Path(reading["path"]).name for reading in readings] == ["other.png", "one.png"]
    assert "one.png" in call("read", picture, "--as", "glyph", "--model", run_folder).stdout


def test_networks_and_recipes_are_shown(tmp_path):
    assert set(json_of("networks", "list")) == set(NETWORKS)
    shown = json_of("networks", "show", "net_1", "--shape", "3x32x32", "--classes", "10")
    assert shown["num_parameters"] == 2_117_962
    assert "1,206,590 parameters" in call("networks", "show", "lenet").stdout
    assert [recipe["name"] for recipe in json_of("recipes")] == list(RECIPES)
    assert json_of("recipes", "digits")["data"] == "optdigits"
    assert "digits" in call("recipes").stdout


def test_the_rate_finder_draws_its_curve(tmp_path):
    curve = json_of("lr-find", "digits", "--steps", "40", "--plot", tmp_path / "rate.svg")
    assert curve["suggestion"] > 0
    assert (tmp_path / "rate.svg").read_text().lstrip().startswith(("<svg", "<?xml"))


def test_the_demo_does_all_of_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    short = replace(find_recipe("digits"), num_epochs=8)
    monkeypatch.setitem(RECIPES, "digits", lambda: short)
    answer = json_of("demo")
    assert answer["part"] == "test"
    assert sum(reading["text"] == reading["is"] for reading in answer["readings"]) >= 10
    assert "<svg" in (tmp_path / "report.html").read_text()
    assert json_of("demo")["run"] == "demo/run-2"


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ("no recipe is called 'digit'; did you mean digits", ["train", "digit"]),
        ("give either a recipe to train or --resume", ["train"]),
        ("holds no run", ["train", "--resume", "."]),
        ("check the path and its permissions", ["train", "nowhere.json"]),
        ("device 'tpu' is not known", ["train", "digits", "--device", "tpu", "--out", "never"]),
        ("holds no run", ["evaluate", "nowhere"]),
        ("there is no folder nowhere", ["runs", "--root", "nowhere"]),
        ("no network is called 'lenett'; did you mean lenet", ["networks", "show", "lenett"]),
        ("as in 1x28x28", ["networks", "show", "lenet", "--shape", "28"]),
        ("as in 1x28x28", ["networks", "show", "lenet", "--shape", "1x0x28"]),
        ("does not fit pictures", ["networks", "show", "lenet", "--shape", "1x4x4"]),
        ("no recipe is called", ["recipes", "nothing"]),
        ("give --as glyph", ["read", "a.png"]),
        ("no model is called 'nothing'", ["read", "a.png", "--as", "glyph", "--model", "nothing"]),
        ("there is no bundle at", ["read", "a.png", "--as", "glyph", "--model", "nothing.glifo"]),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(message, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert_refused(message, *arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"augment": {"rotation": 3.0}}, "augmentation has no option rotation"),
        ({"augment": {"elastic": "x"}}, "augment is"),
        ({"augment": {"scale": 2}}, "out of range"),
        ({"monitor": "val_loss"}, "expected one of validation_loss"),
        ({"schedule": "triangular", "schedule_options": {"half_cycle_fraction": 0}}, "half cycles above 0"),
        ({"schedule_options": {"speed": 1}}, "not speed"),
        ({"batch_size": 12.5}, "batch_size is 12.5, expected a whole number above 0"),
        ({"num_epochs": 1.5}, "num_epochs is 1.5"),
        ({"label_smoothing": 2}, "label_smoothing is 2"),
        ({"validation_fraction": 0}, "validation_fraction is 0, expected a number between 0 and 1"),
        ({"network": "nothing"}, "no network is called 'nothing'"),
        ({"optimizer": "adamm"}, "did you mean adam"),
        ({"optimizer_options": {"speed": 1}}, "does not take these options"),
        ({"epochs": 3}, "no field epochs"),
    ],
)
def test_a_wrong_recipe_is_one_line_and_leaves_no_folder(changes, message, tmp_path):
    recipe = tmp_path / "mine.json"
    recipe.write_text(json.dumps(find_recipe("digits").to_dict() | changes))
    assert_refused(message, "train", recipe, "--out", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_recipe_that_is_no_object_is_refused(tmp_path):
    (tmp_path / "five.json").write_text("5")
    assert_refused("a recipe is a JSON object", "train", tmp_path / "five.json")


def test_a_damaged_run_hides_no_other(run_folder, tmp_path):
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
        for file in ("recipe.json", "environment.json", "history.csv", "model.glifo"):
            (tmp_path / name / file).write_bytes((run_folder / file).read_bytes())
    (tmp_path / "bad" / "environment.json").write_text("{}")
    states = {Path(row["run"]).name: row["state"] for row in json_of("runs", "--root", tmp_path)}
    assert states["good"] == "finished"
    assert states["bad"].startswith("damaged: ")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.png", b"", "empty.png"),
        ("text.png", b"this is no picture", "text.png"),
        ("cut.png", None, "cut.png"),
    ],
)
def test_pictures_that_cannot_be_read_are_named(run_folder, picture, tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(picture.read_bytes()[:60] if content is None else content)
    assert_refused(message, "read", picture, path, "--as", "glyph", "--model", run_folder)
    assert_refused("missing.png", "read", tmp_path / "missing.png", "--as", "glyph", "--model", run_folder)


def test_a_damaged_bundle_is_refused(run_folder, picture, tmp_path):
    data = bytearray((run_folder / "model.glifo").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "bad.glifo").write_bytes(data)
    assert_refused("bad.glifo", "read", picture, "--as", "glyph", "--model", tmp_path / "bad.glifo")


def test_errors_of_the_system_and_missing_extras_are_one_line():
    full = OSError(errno.ENOSPC, "No space left on device", "runs/a")
    assert in_one_line(full) == "no space left on device while writing runs/a; free some or choose another folder"
    assert in_one_line(PermissionError(errno.EACCES, "Permission denied", "x")).startswith("x: permission denied;")
    missing = ModuleNotFoundError("No module named 'torch'", name="torch")
    assert "pip install 'glifo[train]'" in in_one_line(missing)
    assert "\n" not in in_one_line(ValueError("two\nlines"))


def test_the_command_runs_as_a_process_without_a_traceback(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "glifo", "train", "digit"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"COLUMNS": "40"},
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_the_version_is_told():
    import glifo

    assert call("--version").stdout.strip() == f"glifo {glifo.__version__}"


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a small tmpfs, which only Linux has")
def test_a_full_disk_ends_a_training_with_one_line_and_nothing_half_written(tmp_path):
    """A real full disk: a tmpfs of 64 kB, room for the first small files and not for a checkpoint."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a tmpfs needs the right to mount")
    try:
        result = call("train", "digits", "--out", small / "run")
        assert result.exit_code == 2
        assert result.stderr.splitlines()[-1].startswith("error: no space left on device while writing")
        assert "Traceback" not in result.stderr
        files = {path.name for path in (small / "run").iterdir()}
        assert files <= {"recipe.json", "environment.json", "history.csv"}
        assert json.loads((small / "run" / "recipe.json").read_text())["name"] == "digits"
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_one_bad_picture_hides_no_other_and_each_bad_one_is_named(run_folder, picture, tmp_path):
    blank = tmp_path / "blank.png"
    Image.new("L", (40, 40), 255).save(blank)
    (tmp_path / "[red]text.png").write_text("no picture")
    pictures = [blank, picture, tmp_path / "[red]text.png"]
    result = call("read", *pictures, "--as", "glyph", "--model", run_folder, "--json")
    assert result.exit_code == 2
    assert [Path(reading["path"]).name for reading in json.loads(result.stdout)] == ["one.png"]
    errors = result.stderr.splitlines()
    assert len(errors) == 2
    assert "blank.png: no ink" in errors[0]
    assert "[red]text.png" in errors[1]


def test_brackets_in_names_are_printed_as_they_are(run_folder, tmp_path):
    folder = tmp_path / "[red]x" / "[" / "bold]"
    folder.mkdir(parents=True)
    for file in ("recipe.json", "environment.json", "history.csv", "model.glifo"):
        (folder / file).write_bytes((run_folder / file).read_bytes())
    result = call("train", "--resume", folder)
    assert result.exit_code == 0
    assert str(folder) in result.stdout
    images = np.zeros((20, 28, 28), np.uint8)
    images[:, 2:26, 10:14] = np.arange(100, 200, 5, dtype=np.uint8)[:, None, None]
    np.savez(tmp_path / "odd.npz", images=images, labels=np.arange(20) % 2, classes=np.array(["[/red]", "[bold]"]))
    shown = call("data", "show", tmp_path / "odd.npz")
    assert shown.exit_code == 0, shown.output
    assert "[/red]" in shown.stdout
    assert "[bold]" in shown.stdout


def test_a_report_that_cannot_be_written_leaves_the_test_sealed(tmp_path, run_folder):
    folder = tmp_path / "run"
    folder.mkdir()
    for file in ("recipe.json", "environment.json", "history.csv", "model.glifo"):
        (folder / file).write_bytes((run_folder / file).read_bytes())
    (tmp_path / "file").write_text("")
    assert_refused("file", "evaluate", folder, "--final", "--html", tmp_path / "file" / "page.html")
    assert not (folder / "test_reads.json").exists()


def test_weights_that_are_no_numbers_are_said(tmp_path):
    recipe = tmp_path / "mine.json"
    changes = {"learning_rate": 1e30, "num_epochs": 1, "average_decay": None, "optimizer": "sgd", "batch_size": 2000}
    recipe.write_text(json.dumps(find_recipe("digits").to_dict() | changes))
    result = call("train", recipe, "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert "lower the learning rate" in result.stderr.splitlines()[-1]
