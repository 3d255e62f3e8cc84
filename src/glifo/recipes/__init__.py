"""The recipes, by name: each a function that returns a complete, frozen `Recipe`. Adding one is one line here.

recipe = find_recipe("digits")
"""

from __future__ import annotations

from collections.abc import Callable

from glifo.files import nearest
from glifo.recipes.digits import digits
from glifo.recipes.emnist import emnist_custom, latin62
from glifo.recipes.mnist import mnist, mnist_net_1
from glifo.recipes.recipe import Recipe

__all__ = ["RECIPES", "Recipe", "find_recipe"]

RECIPES: dict[str, Callable[[], Recipe]] = {
    "digits": digits,
    "mnist": mnist,
    "mnist-net_1": mnist_net_1,
    "emnist-custom": emnist_custom,
    "latin62": latin62,
}


def find_recipe(name: str) -> Recipe:
    """The recipe called `name`; an unknown name is a ValueError with the nearest ones."""
    if name not in RECIPES:
        raise ValueError(f"no recipe is called {name!r}; {nearest(name, RECIPES)}")
    return RECIPES[name]()
