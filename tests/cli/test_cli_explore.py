"""`glifo explore` and `glifo explain`: results, JSON, pages, and wrong input as one line with exit code 2."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from glifo.cli import app
from glifo.experiment import train
from glifo.recipes import find_recipe


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory) -> Path:
    recipe = replace(find_recipe("digits"), num_epochs=4, precision="fp32", num_threads=1)
    return train(recipe, out=tmp_path_factory.mktemp("runs") / "digits").folder


@pytest.fixture
def picture(tmp_path) -> Path:
    """A drawn 1, dark on white."""
    image = np.full((80, 80), 255, np.uint8)
    image[12:68, 36:46] = 20
    path = tmp_path / "one.png"
    Image.fromarray(image).save(path)
    return path


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def json_of(*arguments: object) -> Any:
    result = call(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def assert_refused(message: str, *arguments: object) -> None:
    result = call(*arguments)
    line = result.stderr.strip()
    assert result.exit_code == 2, result.output
    assert line.startswith("error: ")
    assert "\n" not in line
    assert message in line


@pytest.mark.parametrize("verb", ["explore", "explain"])
def test_help_shows_an_example(verb) -> None:
    result = call(verb, "--help")
    assert result.exit_code == 0
    assert f"glifo {verb} " in result.stdout


def test_explore_prints_and_writes_the_same(tmp_path) -> None:
    options = ("explore", "optdigits", "--classes", "0123", "--rows", "200", "--seed", "1")
    told = json_of(*options, "--html", tmp_path / "explore.html")
    assert told["rows"] == 200
    assert told["classes"] == list("0123")
    page = (tmp_path / "explore.html").read_text()
    purity = told["agreement"][str(told["k"])]["purity"]
    assert f"{purity:.1%}" in page
    printed = call(*options)
    assert printed.exit_code == 0
    assert f"{purity:.3f}" in printed.stdout
    assert f"{told['components_for']['90%']} for 90%" in printed.stdout
    assert f"most mixed: cluster {told['most_mixed']}" in printed.stdout


def test_explore_shows_the_k_that_is_given() -> None:
    told = json_of("explore", "optdigits", "--rows", "150", "--k", "7")
    assert told["k"] == told["choices"]["given"] == len(told["clusters"]) == 7


def test_explore_refuses_wrong_input(tmp_path) -> None:
    assert_refused("did you mean optdigits", "explore", "optdigit")
    assert_refused("has no class 'x'", "explore", "optdigits", "--classes", "x")
    assert_refused("rows of 1 classes", "explore", "optdigits", "--classes", "3")
    assert_refused("choose a smaller k", "explore", "optdigits", "--rows", "50", "--k", "60")
    assert_refused("known: tsne, umap", "explore", "optdigits", "--embedding", "isomap")
    (tmp_path / "file").write_text("")
    assert call("explore", "optdigits", "--html", tmp_path / "file" / "page.html").exit_code == 2


def test_explain_prints_and_writes_the_same(run_folder, picture, tmp_path) -> None:
    options = ("explain", picture, "--model", run_folder, "--html", tmp_path / "page.html")
    told = json_of(*options)
    best = told["guesses"][0]
    page = (tmp_path / "page.html").read_text()
    assert f"Why one.png is read as {best['char']}" in page
    assert told["reason"] in page
    printed = call(*options)
    assert told["reason"] in printed.stdout
    assert f"{best['probability']:.1%}" in printed.stdout
    read = json_of("read", picture, "--as", "glyph", "--model", run_folder)
    assert read[0]["guesses"] == told["guesses"]


def test_explain_takes_the_shipped_model_and_says_where_data_is_missing(picture, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("GLIFO_DATA", str(tmp_path / "nowhere"))
    monkeypatch.chdir(tmp_path)
    printed = call("explain", picture)
    assert printed.exit_code == 0, printed.output
    assert "cannot be looked at" in printed.stdout
    assert (tmp_path / "explain.html").is_file()


def test_explain_refuses_wrong_input(run_folder, picture, tmp_path) -> None:
    page = ("--html", tmp_path / "page.html")
    assert_refused("no model is called", "explain", picture, "--model", "nothing", *page)
    assert_refused("missing.png", "explain", tmp_path / "missing.png", "--model", run_folder, *page)
    Image.fromarray(np.full((40, 40), 255, np.uint8)).save(tmp_path / "blank.png")
    assert_refused("ink", "explain", tmp_path / "blank.png", "--model", run_folder, *page)
    assert not (tmp_path / "page.html").exists()
