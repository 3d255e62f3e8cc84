"""The case: a run, the rows it is judged on, the rows it is compared with, and everything rebuilt from its folder.

Nothing is judged here. At most 5,000 rows of each set are looked at, a seeded sample, so that a diagnosis takes minutes
at most whatever the size of the data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from safetensors.torch import load as load_safetensors
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from glifo.bundle import Bundle
from glifo.data.dataset import Dataset, open_data
from glifo.data.splits import rows_to_show
from glifo.experiment.assemble import Assembly, assemble, split_as_recipe, with_one_label
from glifo.experiment.evaluate import check_same_rows, renumber, rows_of
from glifo.experiment.train import OWN, same_source
from glifo.experiment.transfer import start_from
from glifo.images import Preparation, as_batch, canonical_glyph
from glifo.networks import build
from glifo.recipes import Recipe
from glifo.recognizer import BATCH, Recognizer
from glifo.runs import CHECKPOINT, Run
from glifo.training.checkpoint import read_checkpoint

MAX_ROWS = 5000
MAX_STATISTICS_BATCHES = 40
AVERAGED = "module."  # before the names in an averaged model's state

Pictures = Float[np.ndarray, "n channels height width"]
Logits = Float[np.ndarray, "n classes"]
Network = Callable[[Pictures], Logits]
Weights = dict[str, Tensor]


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """Labelled pictures of one set; `images` as they are served, `plain` as the data holds them (None: the same).

    numbers: the row numbers in the data set `data`; name: for people.
    """

    name: str
    data: str
    numbers: Int[np.ndarray, " n"]
    labels: Int[np.ndarray, " n"]
    images: UInt8[np.ndarray, "n ..."]
    plain: UInt8[np.ndarray, "n ..."] | None = None

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """What a diagnosis looks at. `other` says that the judged rows are of another data set than the run's own."""

    run: Run
    bundle: Bundle
    assembly: Assembly
    training: Rows
    validation: Rows
    reference: Rows
    judged: Rows
    other: bool

    @property
    def recipe(self) -> Recipe:
        return self.assembly.recipe

    @property
    def num_classes(self) -> int:
        return len(self.bundle.classes)

    @cached_property
    def history(self) -> list[dict[str, float]]:
        return self.run.history

    @property
    def served_row(self) -> dict[str, float] | None:
        """The history's row of the epoch that is served, None where there is none."""
        epoch = self.bundle.facts.get("best_epoch") if self.recipe.keep_best else len(self.history)
        return next((row for row in self.history if row["epoch"] == epoch), None)

    @cached_property
    def graph(self) -> Network:
        """The bundle's ONNX graph, as it is served."""
        session = Recognizer(self.bundle).session
        name = session.get_inputs()[0].name
        return lambda pictures: session.run(None, {name: pictures})[0]

    @cached_property
    def bundle_weights(self) -> Weights:
        return load_safetensors(self.bundle.weights)

    @cached_property
    def checkpoint_weights(self) -> Weights | None:
        """The weights that the training's checkpoint says should be served; None where it is gone."""
        if not (self.run.folder / CHECKPOINT).is_file():
            return None
        state = read_checkpoint(self.run.folder / CHECKPOINT)
        if "weights" in state["best"]:
            return state["best"]["weights"]
        if state["average"] is None:
            return state["network"]
        averaged = state["average"].items()
        return {name.removeprefix(AVERAGED): each for name, each in averaged if name.startswith(AVERAGED)}

    @cached_property
    def fresh_network(self) -> nn.Module | None:
        """The network as the training began with it, from the seed; None where it cannot be built again."""
        if self.recipe.network.startswith(OWN):
            return None
        torch.manual_seed(self.run.seed)
        network = build(self.recipe.network, shape=self.assembly.shape, num_classes=self.num_classes)
        if self.recipe.start_from is not None:
            try:
                source = same_source(self.run)
            except ValueError:
                return None  # the weights it began with are gone or others now
            if source is not None:
                start_from(source, network, self.assembly.dataset.classes)
        return network

    def rebuilt(self, weights: Weights) -> nn.Module | None:
        """The recipe's network with these weights, None where it cannot be built again or they do not fit."""
        if self.recipe.network.startswith(OWN):
            return None
        network = build(self.recipe.network, shape=self.assembly.shape, num_classes=self.num_classes)
        try:
            network.load_state_dict(weights)
        except RuntimeError:
            return None
        return network.eval()

    @cached_property
    def refreshed(self) -> nn.Module | None:
        """The bundle's network with the statistics of its normalisations taken anew over training batches.

        None where it has none. The batches are the training's own, augmented as it had them.
        """
        network = self.rebuilt(self.bundle_weights)
        if network is None or not any(isinstance(part, nn.modules.batchnorm._BatchNorm) for part in network.modules()):
            return None
        batches = (
            batch.image for _, batch in zip(range(MAX_STATISTICS_BATCHES), self.assembly.batches()(0), strict=False)
        )
        torch.manual_seed(self.run.seed)  # dropout
        update_bn(batches, network)
        return network.eval()


def as_function(network: nn.Module) -> Network:
    """A torch network as a function of arrays."""

    def answer(pictures: Pictures) -> Logits:
        with torch.inference_mode():
            return network(torch.from_numpy(np.ascontiguousarray(pictures))).numpy()

    return answer


def ask(network: Network, preparation: Preparation, images: UInt8[np.ndarray, "n ..."]) -> Logits:
    """The logits of a network for pictures prepared in one way."""
    starts = range(0, len(images), BATCH)
    return np.concatenate([network(preparation.normalise(as_batch(images[start : start + BATCH]))) for start in starts])


def open_case(run: Run, data: str | None, part: str) -> Case:
    """Open the run's own rows and those it is judged on; a reading of sealed test rows is put on record by the caller.

    ValueError: no run, an unfinished one, data that has changed or has classes that the recogniser does not know, and an
    unknown part.
    """
    bundle = run.bundle
    recipe = Recipe.from_dict(bundle.facts["recipe"])
    check_part(part)
    other = None if data is None else open_data(data)
    if other is not None and other.identity == run.environment["data"]["identity"]:
        other = None
    if other is not None:
        renumber(other, bundle.classes)
    assembly = assemble(recipe, run.seed)
    check_same_rows(run, assembly.dataset, assembly.splits)
    own = {
        name: gather(bundle, assembly.dataset, rows, f"{name} rows")
        for name, rows in (("training", assembly.splits.train), ("validation", assembly.splits.validation))
    }
    if other is not None:
        judged = gather_other(run, bundle, recipe, other, part)
    elif part == "test":
        judged = gather(bundle, assembly.dataset, rows_of(assembly.splits, part, run), "sealed test rows")
    else:
        judged = own["validation"]
    return Case(
        run=run,
        bundle=bundle,
        assembly=assembly,
        training=own["training"],
        validation=own["validation"],
        reference=own["training"] if judged is own["validation"] else own["validation"],
        judged=judged,
        other=other is not None,
    )


def check_part(part: str) -> None:
    if part not in ("validation", "test"):
        raise ValueError(f"part {part!r} was given; expected validation or test")


def gather_other(run: Run, bundle: Bundle, recipe: Recipe, dataset: Dataset, part: str) -> Rows:
    """The rows of another data set: all but its sealed test, or that test."""
    if part == "test":
        return gather(
            bundle, dataset, rows_of(split_as_recipe(dataset, recipe, run.seed), part, run), "sealed test rows"
        )
    return gather(bundle, dataset, rows_to_show(dataset), "rows")


def gather(bundle: Bundle, dataset: Dataset, rows: Int[np.ndarray, " n"], name: str) -> Rows:
    """A seeded sample of those rows whose one class is known, numbered as the recogniser's classes and in its frame."""
    rows = with_one_label(dataset, rows)
    if len(rows) > MAX_ROWS:
        rows = np.sort(np.random.default_rng(0).choice(rows, MAX_ROWS, replace=False))
        name = f"{name} (a sample)"
    images = np.ascontiguousarray(dataset.images[rows])
    found = Rows(
        name=f"{dataset.name}, {len(rows):,} {name}",
        data=dataset.name,
        numbers=rows,
        labels=renumber(dataset, bundle.classes)[np.asarray(dataset.labels)[rows]],
        images=images,
    )
    frame = bundle.preparation.frame
    if dataset.frame == frame:
        return found
    served = np.stack([canonical_glyph(image, frame) for image in images])
    return replace(found, images=served, plain=images if images.shape == served.shape else None)


def note_reading(case: Case) -> None:
    """Put the reading of sealed test rows on record in the run's folder, before anything is made of them."""
    case.run.note_test_read(
        {
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "data": case.judged.data,
            "purpose": "diagnosis",
            "identity": case.assembly.dataset.identity,
            "n": len(case.judged),
        }
    )
