"""The learning-rate finder on a recipe."""

from __future__ import annotations

from glifo.experiment.assemble import assemble, make_fit
from glifo.experiment.transfer import find_source
from glifo.recipes import Recipe, find_recipe
from glifo.training.lr_finder import RateCurve, find_rate


def rate_curve(recipe: Recipe | str, seed: int = 0, device: str = "auto", num_steps: int = 200) -> RateCurve:
    """Rates tried on a recipe's fresh network and the loss at each (Smith 2017); nothing is kept of the training."""
    recipe = find_recipe(recipe) if isinstance(recipe, str) else recipe
    assembly = assemble(recipe, seed)
    training = make_fit(assembly, device=device, start=find_source(recipe.start_from))
    batches = assembly.batches()
    epochs = -(-num_steps // len(batches))
    steps = (batch for epoch in range(epochs) for batch in batches(epoch))
    return find_rate(training, steps, num_steps=num_steps)
