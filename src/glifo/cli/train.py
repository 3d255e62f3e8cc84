"""`glifo train`: a recipe becomes a run folder with a bundle in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glifo.cli.output import MAX_SEED, err, out, print_json

if TYPE_CHECKING:
    from glifo.recipes import Recipe

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def train(
    recipe: Annotated[
        str | None, typer.Argument(help="Name of a recipe (`glifo recipes` lists them) or a recipe.json.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Seed of the split, the weights and the order.")] = 0,
    out_folder: Annotated[
        Path | None, typer.Option("--out", help="The run's folder; a new one under runs/ if not given.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    resume: Annotated[Path | None, typer.Option(help="Go on with the interrupted run in this folder.")] = None,
    json: Json = False,
) -> None:
    """Train a recipe; an interrupted run goes on with --resume.

    [bold]Examples[/bold]

    glifo train digits

    glifo train emnist-custom --seed 1 --out runs/mine

    glifo train --resume runs/mine
    """
    from glifo import experiment

    if (recipe is None) == (resume is None):
        raise ValueError(
            "give either a recipe to train or --resume FOLDER to go on with a run (`glifo recipes` lists recipes)"
        )
    if resume is not None:
        run = experiment.resume(resume, device, progress=True)
    else:
        run = experiment.train(find(str(recipe)), seed, out_folder, device, progress=True)
    scores = run.scores
    if json:
        print_json(
            {"run": str(run.folder), "bundle": str(run.bundle_path), "epochs": len(run.history), "scores": scores}
        )
        return
    accuracy = scores["accuracy"]
    low, high = f"{accuracy['low']:.2%}", f"{accuracy['high']:.2%}"
    out.print(f"validation accuracy [bold]{accuracy['value']:.2%}[/bold] ({low} to {high}, n = {accuracy['n']:,})")
    out.print(f"run {run.folder}", markup=False)
    err.print(f"next: glifo evaluate {run.folder} --final", style="dim", markup=False)


def find(recipe: str) -> Recipe:
    """A recipe by name, or from a JSON file."""
    from glifo.files import read_json
    from glifo.recipes import Recipe, find_recipe

    return Recipe.from_dict(read_json(Path(recipe))) if recipe.endswith(".json") else find_recipe(recipe)
