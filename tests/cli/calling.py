"""Calls the command line as a user does, in this process: its result, its JSON, and its refusals."""

from __future__ import annotations

import json
from typing import Any

from typer.testing import CliRunner, Result

from glifo.cli import app


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def json_of(*arguments: object) -> Any:
    result = call(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def assert_refused(message: str, *arguments: object) -> None:
    """The call ends with exit code 2 and one line that holds the message."""
    result = call(*arguments)
    line = result.stderr.strip()
    assert result.exit_code == 2, result.output
    assert line.startswith("error: ")
    assert "\n" not in line
    assert message in line
