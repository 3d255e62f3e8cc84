"""`glifo recipes`: the trainings that are known by name."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from glifo.cli.output import out, print_json


def recipes(
    name: Annotated[str | None, typer.Argument(help="Show this recipe whole.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """List the recipes, or show one whole.

    [bold]Examples[/bold]

    glifo recipes

    glifo recipes digits --json > mine.json    (edit it, then: glifo train mine.json)
    """
    from glifo.recipes import RECIPES, find_recipe

    found = [find_recipe(each) for each in ([name] if name else RECIPES)]
    if json:
        print_json(found[0].to_dict() if name else [recipe.to_dict() for recipe in found])
        return
    table = Table("field", "value") if name else Table("recipe", "data", "network", "epochs", "what it is")
    for recipe in found:
        if name:
            for field, value in recipe.to_dict().items():
                table.add_row(field, escape(str(value)))
        else:
            table.add_row(recipe.name, recipe.data, recipe.network, str(recipe.num_epochs), recipe.description)
    out.print(table)
