"""`glifo compare`: tables, JSON, the page, and wrong input as one line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from calling import assert_refused, call, json_of

from glifo.experiment import train
from glifo.recipes import find_recipe
from glifo.runs import Run


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> list[str]:
    root = tmp_path_factory.mktemp("runs")
    recipe = replace(find_recipe("digits"), num_epochs=5, precision="fp32", num_threads=1)
    networks = {"with-a-rather-long-name": "scanner", "mlp": "mlp_f"}
    return [str(train(replace(recipe, name=n, network=net), 0, root / n).folder) for n, net in networks.items()]


def test_help_has_examples():
    assert "glifo compare digits mine.json --seeds 5" in " ".join(call("compare", "--help").stdout.split())


@pytest.mark.parametrize("columns", ["80", "140"])
def test_the_tables_hold_every_figure_whole(folders, monkeypatch, columns):
    monkeypatch.setattr("glifo.cli.output.out._width", int(columns))
    result = call("compare", *folders, "--price-per-hour", 20)
    assert result.exit_code == 0, result.output
    found = json_of("compare", *folders)
    for run in found["runs"]:
        accuracy = run["parts"]["validation"]["accuracy"]
        assert f"{100 * accuracy['value']:.2f}" in result.stdout
        assert f"({100 * accuracy['low']:.2f}–{100 * accuracy['high']:.2f})" in result.stdout
        assert f"{run['num_parameters']:,}" in result.stdout
    assert "…" not in result.stdout
    assert found["differences"][0]["in_words"] in result.stdout
    if columns == "140":
        assert "with-a-rather-long-name *" in result.stdout


def test_the_sealed_test_is_read_with_final_alone(folders, tmp_path):
    shown = call("compare", *folders)
    assert "same validation rows" in shown.stdout
    assert [Run(folder=Path(folder)).test_reads for folder in folders] == [[], []]
    final = call("compare", *folders, "--final", "--html", tmp_path / "compare.html", "--json")
    found = json.loads(final.stdout)
    assert found["part"] == "test"
    assert found["best_by_validation"] == "with-a-rather-long-name"
    assert all(run["parts"]["test"]["confusions"]["matrix"] for run in found["runs"])
    assert "wrote" in final.stderr
    assert "<svg" in (tmp_path / "compare.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing-here",), "there is no run folder, recipe file or recipe 'nothing-here'"),
        ((0, 0), "takes part twice; name each once"),
        ((0, "--html", f"{__file__}/compare.html"), "test_cli_compare.py: "),
    ],
)
def test_wrong_input_is_one_line(folders, arguments, message):
    assert_refused(message, "compare", *(folders[each] if isinstance(each, int) else each for each in arguments))
