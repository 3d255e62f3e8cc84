"""A recipe small enough for tests."""

from __future__ import annotations

from dataclasses import replace

from glifo.recipes import Recipe, find_recipe


def short_recipe(**changes) -> Recipe:
    """The demo's recipe, two epochs of it, in float32 so that every machine takes the same way."""
    return replace(find_recipe("digits"), **{"num_epochs": 2, "precision": "fp32", "num_threads": 1} | changes)
