"""`glifo audit` and `glifo cross-validate`: tables, JSON, files, and wrong input as one line with exit code 2."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from calling import assert_refused, call, json_of

from glifo.recipes import find_recipe


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    short = replace(find_recipe("digits"), num_epochs=2, max_train_rows=300, precision="fp32", num_threads=1)
    path = tmp_path_factory.mktemp("recipes") / "short.json"
    path.write_text(json.dumps(short.to_dict()))
    return path


@pytest.mark.parametrize("verb", ["audit", "cross-validate"])
def test_help_has_an_example(verb: str) -> None:
    result = call(verb, "--help")
    assert result.exit_code == 0
    assert f"glifo {verb} " in result.stdout


def test_help_of_an_audit_says_that_its_accuracy_is_no_test_result() -> None:
    assert "no test result" in " ".join(call("audit", "--help").stdout.replace("│", " ").split())


def test_cross_validation_prints_a_row_for_each_fold_and_writes_the_same_as_json(recipe: Path, tmp_path: Path) -> None:
    printed = json_of("cross-validate", recipe, "--folds", "2", "--out", tmp_path / "result.json")
    written = json.loads((tmp_path / "result.json").read_text())
    assert [fold["accuracy"] for fold in printed["folds"]] == [fold["accuracy"] for fold in written["folds"]]
    assert printed["mean"] == sum(fold["accuracy"] for fold in printed["folds"]) / 2
    assert printed["interval"]["low"] <= printed["mean"] <= printed["interval"]["high"]
    table = call("cross-validate", recipe, "--folds", "2").stdout
    assert f"accuracy {printed['mean']:.2%} over 2 folds" in table
    assert all(f"{fold['accuracy']:.2%}" in table for fold in printed["folds"])


def test_an_audit_of_the_test_without_a_file_for_its_record_is_refused(recipe: Path) -> None:
    message = "give --out FILE, which keeps the record"
    assert_refused(message, "audit", "optdigits", "--part", "test", "--recipe", recipe)


def test_an_audit_of_the_test_writes_its_page_its_rows_and_its_reading(recipe: Path, tmp_path: Path) -> None:
    result = call(
        "audit", "optdigits", "--part", "test", "--recipe", recipe, "--folds", "2", "--with-training-rows", "--num", "5",
        "--html", tmp_path / "page.html", "--out", tmp_path / "audit.json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "labels are suspect" in result.stdout
    assert "sealed test rows were read" in result.stderr
    written = json.loads((tmp_path / "audit.json").read_text())
    assert written["n"] == 270
    assert written["test_read"]["n"] == 270
    assert written["plan"]["extra_training_rows"] == 1527
    assert len(written["suspects"]) == written["num_suspects"]
    page = (tmp_path / "page.html").read_text()
    assert "Label audit of optdigits" in page
    assert "no test result" in page


def test_an_audit_of_the_training_rows_leaves_the_test_sealed(recipe: Path) -> None:
    printed = json_of("audit", "optdigits", "--recipe", recipe, "--folds", "2", "--part", "train", "--num", "3")
    assert (printed["n"], printed["test_read"]) == (1527, None)
    assert len(printed["suspects"]) == min(3, printed["num_suspects"])


def test_wrong_use_is_one_line(recipe: Path, tmp_path: Path) -> None:
    assert_refused("no part of the rows is called 'tset'", "audit", "optdigits", "--recipe", recipe, "--part", "tset")
    assert_refused("no recipe is made for nothing; name one with --recipe", "audit", "nothing")
    assert_refused("no data set and no file is named 'optdigit'", "audit", "optdigit", "--recipe", recipe)
    assert_refused("no recipe is called 'digit'", "cross-validate", "digit")
    assert_refused("2000 folds of 1,527 rows", "cross-validate", recipe, "--folds", "2000")
    assert_refused(
        "holds the training rows",
        "audit",
        "optdigits",
        "--part",
        "all",
        "--with-training-rows",
        "--out",
        tmp_path / "out.json",
    )
