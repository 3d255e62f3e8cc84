"""`glifo explore` and `glifo explain`: results, JSON, pages, and wrong input as one line with exit code 2."""

from __future__ import annotations

import numpy as np
import pytest
from calling import assert_refused, call, json_of
from PIL import Image


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
