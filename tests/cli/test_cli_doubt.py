"""`glifo read` with --max-error and --sets, and what `glifo evaluate` says of them."""

from __future__ import annotations

import pytest
from calling import assert_refused, call, json_of


def test_sets_and_question_marks(run_folder, picture):
    reading = json_of("read", picture, "--as", "glyph", "--model", run_folder, "--sets", "95%", "--max-error", "20%")[0]
    assert isinstance(reading["set"], list) and reading["text"] in ("?", reading["guesses"][0]["char"])
    table = call("read", picture, "--as", "glyph", "--model", run_folder, "--sets", "0.99").stdout
    assert "set" in table and "{" in table


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--max-error", "few"], "--max-error few was given; give a share such as 1% or 0.01"),
        (["--max-error", "200%"], "give a share between 0 and 1"),
        (["--sets", "42%"], "sets for a coverage of 0.42 were asked for; this model has"),
    ],
)
def test_wishes_that_are_none_are_refused(run_folder, picture, options, message):
    assert_refused(message, "read", picture, "--as", "glyph", "--model", run_folder, *options)


def test_evaluate_says_whether_the_promises_hold(run_folder):
    text = call("evaluate", run_folder).stdout
    assert "sets for 95%" in text and "sets for 99%" in text
    doubt = json_of("evaluate", run_folder)["doubt"]
    assert set(doubt) == {"augrc", "risk_curve", "risk_dial", "sets"}
