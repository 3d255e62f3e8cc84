"""Why a recogniser reads a picture as it does: what each layer gives, which pixels count, what it has seen that is alike.

The torch network is built anew from the bundle's recipe and weights, and refused when it does not answer as the bundle's
graph does. Nothing is drawn here, see `glifo.report.explanation`. Use:

    found = explain("letter.png", load("latin62"))
    found.guesses[0], found.reason()
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from torch import nn

from glifo.bundle import Bundle
from glifo.data.dataset import Dataset, open_data
from glifo.experiment.assemble import split_as_recipe
from glifo.experiment.network import (
    LayerMaps,
    check_same_network,
    embed,
    gradient_of,
    layer_maps,
    lead_of,
    normalised,
    rebuild,
)
from glifo.exploration.attribution import integrated_gradients, occlusion, quadrants, saliency
from glifo.exploration.sampling import stratified_sample
from glifo.images import Preparation
from glifo.pictures import load_picture
from glifo.recipes import Recipe
from glifo.recognizer import Guess, Picture, Recognizer

NUM_NEIGHBOURS, SAMPLE_ROWS = 12, 5_000
PATCHES_ACROSS = 5  # an occluding square is a fifth of the picture's shorter side


@dataclass(frozen=True, kw_only=True, eq=False)
class Neighbour:
    """A training glyph, its class, and its Euclidean distance in the embedding before the last layer."""

    image: UInt8[np.ndarray, "height width"] | UInt8[np.ndarray, "height width 3"]
    character: str
    row: int
    distance: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanation:
    """All that `explain` found of one picture.

    glyph: what the network sees; guesses: the five best, calibrated; lead: logit of the best minus that of the runner-up,
    before temperature; blank_lead: the same of an empty picture; occlusion: by how much the probability of the best
    falls where a square covers the glyph; saliency: size of the gradient of its logit; attribution: what each pixel adds
    to `lead` over `blank_lead`, by integrated gradients; neighbours: nearest first, empty where `neighbours_note` says
    why; median_distance: to all training glyphs looked at.
    """

    path: str | None
    original: UInt8[np.ndarray, "_rows _columns"] | UInt8[np.ndarray, "_rows _columns 3"]
    glyph: UInt8[np.ndarray, "height width"] | UInt8[np.ndarray, "height width 3"]
    network: str
    parity: float
    guesses: tuple[Guess, ...]
    lead: float
    blank_lead: float
    layers: tuple[LayerMaps, ...]
    patch: int
    occlusion: Float[np.ndarray, "height width"]
    saliency: Float[np.ndarray, "height width"]
    attribution: Float[np.ndarray, "height width"]
    neighbours: tuple[Neighbour, ...]
    neighbours_note: str
    median_distance: float | None

    @property
    def quadrants(self) -> dict[str, float]:
        """What each quarter of the glyph adds to the lead, in logits."""
        return quadrants(self.attribution)

    @property
    def incompleteness(self) -> float:
        """What the attribution misses of lead - blank_lead, in logits: 0 for an exact integral."""
        return self.lead - self.blank_lead - float(self.attribution.sum())

    def reason(self) -> str:
        """Why the runner-up lost, in words that the quarters' sums bear out."""
        best, other = (guess.character for guess in self.guesses[:2])
        most, least = (choose(self.quadrants.items(), key=lambda item: item[1]) for choose in (max, min))
        told = f"{best} leads {other} by {self.lead:.2f} logits: {self.blank_lead:+.2f} for an empty picture, "
        told += f"{self.lead - self.blank_lead:+.2f} by what is in this one."
        if most[1] > 0:
            told += f" The {most[0]} quarter speaks most for {best} ({most[1]:+.2f})."
        if least[1] < 0:
            return f"{told} The {least[0]} quarter speaks most for {other} ({least[1]:+.2f})."
        return f"{told} No quarter speaks for {other}."

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; the maps stay out."""
        fall = np.unravel_index(int(self.occlusion.argmax()), self.occlusion.shape)
        return {
            "path": self.path,
            "network": self.network,
            "parity": self.parity,
            "guesses": [{"char": guess.character, "probability": guess.probability} for guess in self.guesses],
            "lead": self.lead,
            "blank_lead": self.blank_lead,
            "quadrants": self.quadrants,
            "incompleteness": self.incompleteness,
            "reason": self.reason(),
            "occlusion": {
                "patch": self.patch,
                "largest_fall": float(self.occlusion.max()),
                "row": int(fall[0]),
                "column": int(fall[1]),
            },
            "neighbours": [
                {"char": each.character, "row": each.row, "distance": each.distance} for each in self.neighbours
            ],
            "neighbours_note": self.neighbours_note,
            "median_distance": self.median_distance,
            "layers": [
                {"name": layer.name, "kind": layer.kind, "output_shape": list(layer.output_shape)}
                for layer in self.layers
            ],
        }


def explain(picture: Picture, recognizer: Recognizer) -> Explanation:
    """Explain one picture of one character.

    picture: a path, bytes or an array. Raises ValueError when it cannot be read or holds no ink, when the bundle's network
    is none of glifo's, and when its weights and its graph disagree.
    """
    bundle = recognizer.bundle
    network = rebuild(bundle)
    glyph = recognizer.glyph(picture)
    image = bundle.preparation.as_batch(glyph[None])
    parity = check_same_network(recognizer, network, glyph, image)
    probabilities = recognizer.probabilities(glyph[None])[0]
    best, other = (int(number) for number in np.argsort(-probabilities, kind="stable")[:2])
    blank = np.zeros_like(image[0])
    lead = lead_of(network, bundle.preparation, best, other)
    patch = max(2, min(glyph.shape[:2]) // PATCHES_ACROSS)
    neighbours, note, median = nearest(bundle, network, glyph)
    return Explanation(
        path=str(picture) if isinstance(picture, str | Path) else None,
        original=load_picture(picture),
        glyph=glyph,
        network=bundle.facts["recipe"]["network"],
        parity=parity,
        guesses=tuple(recognizer.best(probabilities, 5)),
        lead=float(lead(image)[0]),
        blank_lead=float(lead(blank[None])[0]),
        layers=tuple(layer_maps(network, normalised(bundle.preparation, image))),
        patch=patch,
        occlusion=occlusion(probability_of(recognizer, best), image[0], mean_picture(bundle.preparation), patch),
        saliency=saliency(gradient_of(network, bundle.preparation, {best: 1.0}), image[0]),
        attribution=integrated_gradients(
            gradient_of(network, bundle.preparation, {best: 1.0, other: -1.0}), image[0], blank
        ),
        neighbours=neighbours,
        neighbours_note=note,
        median_distance=median,
    )


def probability_of(recognizer: Recognizer, label: int) -> Callable[[np.ndarray], np.ndarray]:
    """From pictures "n channels height width" in 0..1 to the calibrated probability of one class."""

    def probability(pictures: np.ndarray) -> np.ndarray:
        glyphs = np.rint(255 * pictures).astype(np.uint8).transpose(0, 2, 3, 1)
        return recognizer.probabilities(np.ascontiguousarray(glyphs[..., 0] if glyphs.shape[-1] == 1 else glyphs))[
            :, label
        ]

    return probability


def mean_picture(preparation: Preparation) -> Float[np.ndarray, "channels height width"]:
    """The grey that the preparation turns into 0: the mean of the training pictures, 0..1."""
    frame, mean = preparation.frame, np.asarray(preparation.mean, np.float32)
    shape = (frame.channels, frame.height, frame.width)
    if mean.size > frame.channels:
        return np.ascontiguousarray(mean.reshape(frame.height, frame.width, -1).transpose(2, 0, 1))
    return np.broadcast_to(mean.reshape(-1, 1, 1), shape).copy()


def nearest(bundle: Bundle, network: nn.Module, glyph: np.ndarray) -> tuple[tuple[Neighbour, ...], str, float | None]:
    """The training glyphs nearest to this one, of a sample; or none, and why. Also the median distance to the sample."""
    try:
        dataset, rows = training_rows(bundle)
    except (ValueError, KeyError, TypeError) as error:
        return (), f"The training glyphs cannot be looked at: {' '.join(str(error).split())}", None
    rows = rows[stratified_sample(np.asarray(dataset.labels)[rows], SAMPLE_ROWS, seed=0)]
    images = np.ascontiguousarray(dataset.images[rows])
    here = embed(network, bundle.preparation, glyph[None])
    distances = np.linalg.norm(embed(network, bundle.preparation, images) - here, axis=1)
    neighbours = tuple(
        Neighbour(
            image=images[place],
            character=dataset.classes[dataset.labels[rows[place]]],
            row=int(rows[place]),
            distance=float(distances[place]),
        )
        for place in np.argsort(distances, kind="stable")[:NUM_NEIGHBOURS]
    )
    note = f"Of {len(rows):,} training glyphs of {dataset.name}, drawn with the shares of the classes."
    return neighbours, note, float(np.median(distances))


def training_rows(bundle: Bundle) -> tuple[Dataset, np.ndarray]:
    """The data a bundle was trained on and its training rows; ValueError or KeyError where that cannot be had."""
    recipe, environment = Recipe.from_dict(bundle.facts["recipe"]), bundle.facts["environment"]
    dataset = open_data(recipe.data)
    if dataset.identity != environment["data"]["identity"]:
        raise ValueError(f"{dataset.name} is not the data that the bundle was trained on")
    return dataset, split_as_recipe(dataset, recipe, environment["seed"]).train
