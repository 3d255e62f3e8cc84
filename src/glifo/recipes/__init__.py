"""The recipes, by name: each a function that returns a complete, frozen `Recipe`. Adding one is one line here.

recipe = find_recipe("digits")
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial

from glifo.files import nearest
from glifo.recipes import characters, letters, small_pictures, transfer
from glifo.recipes.champions import champion, latin62
from glifo.recipes.digits import digits
from glifo.recipes.emnist import emnist_custom, emnist_custom_62
from glifo.recipes.mnist import mnist, mnist_net_1
from glifo.recipes.recipe import Recipe

__all__ = ["RECIPES", "Recipe", "find_recipe", "run_sheet"]

RECIPES: dict[str, Callable[[], Recipe]] = {
    "digits": digits,
    "mnist": mnist,
    "mnist-net_1": mnist_net_1,
    "emnist-custom": emnist_custom,
    "emnist-custom-62": emnist_custom_62,
    "champion": champion,
    "latin62": latin62,
    # E1: characters
    "e1-lenet": partial(characters.original, "lenet"),
    "e1-lenet-cyclic": partial(characters.cyclic, "lenet"),
    "e1-lenet-modern": partial(characters.modern, "lenet"),
    "e1-custom": partial(characters.original, "custom"),
    "e1-custom-cyclic": partial(characters.cyclic, "custom"),
    "e1-custom-modern": partial(characters.modern, "custom"),
    "e1-resnet": partial(characters.original, "resnet"),
    "e1-resnet-cyclic": partial(characters.cyclic, "resnet"),
    "e1-resnet-modern": partial(characters.modern, "resnet"),
    "classic-skew-lenet": partial(characters.classic_skew, "lenet"),
    "classic-skew-custom": partial(characters.classic_skew, "custom"),
    "classic-skew-resnet": partial(characters.classic_skew, "resnet"),
    "rates-constant": partial(characters.rate_trial, "constant"),
    "rates-triangular2": partial(characters.rate_trial, "triangular2"),
    "rates-one_cycle": partial(characters.rate_trial, "one_cycle"),
    # E1: transfer
    "resnet18-cifar10": partial(transfer.pretraining, "cifar10"),
    "resnet18-mnist": partial(transfer.pretraining, "mnist"),
    **{f"transfer-none-{size}": partial(transfer.scratch, size) for size in transfer.SIZES},
    **{
        f"transfer-{source}-{way}-{size}": partial(transfer.transfer, source, way, size)
        for source in ("cifar10", "mnist")
        for way in transfer.WAYS
        for size in transfer.SIZES
    },
    # E2: the letter scanner
    "e2-scanner": letters.scanner,
    "e2-scanner-modern": letters.scanner_modern,
    # E4: perceptrons and small pictures
    **{f"e4-mlp-{letter}": partial(small_pictures.perceptron, letter) for letter in "abcdef"},
    **{f"e4-mlp-{letter}-modern": partial(small_pictures.perceptron_modern, letter) for letter in "abcdef"},
    **{f"e4-mlp-{letter}-usps": partial(small_pictures.perceptron, letter, "usps") for letter in "abcdef"},
    **{f"e4-mlp-{letter}-mnist": partial(small_pictures.perceptron, letter, "mnist") for letter in "abcdef"},
    **{
        f"e4-{network}-{optimizer}": partial(small_pictures.two_conv, network, optimizer)
        for network in ("net_1", "net_2")
        for optimizer in small_pictures.RATES
    },
    "e4-net_1-cifar10-adadelta-1": partial(small_pictures.cifar10, "adadelta-1"),
    "e4-net_1-cifar10-adam": partial(small_pictures.cifar10, "adam"),
    "e4-net_1-cifar10-modern": small_pictures.cifar10_modern,
}


def run_sheet(name: str) -> str:
    """What the docstring of a recipe's function says: source, figures, how it differs from what was published."""
    recipe = RECIPES[name]
    return inspect.getdoc(recipe.func if isinstance(recipe, partial) else recipe) or ""


def find_recipe(name: str) -> Recipe:
    """The recipe called `name`; an unknown name is a ValueError with the nearest ones."""
    if name not in RECIPES:
        raise ValueError(f"no recipe is called {name!r}; {nearest(name, RECIPES)}")
    return RECIPES[name]()
