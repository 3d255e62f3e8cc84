"""Repairs: read the same rows with other preparations, pixels, weights or class numbers, and see which gives accuracy back.

The repair that helps most is kept, then the others are tried on top of it, until none helps. So a repair counts only for
what no stronger one explains, and its gain is measured, not guessed. All gains are paired: the same rows before and after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8

from glifo.evaluation.calibration import softmax
from glifo.evaluation.comparison import mcnemar
from glifo.evaluation.gaps import Relabelling, find_relabelling
from glifo.experiment.assemble import fit_as_recipe
from glifo.experiment.diagnosis.case import Case, Network, Rows, as_function, ask
from glifo.experiment.diagnosis.findings import Trial
from glifo.images import Preparation

MIN_GAIN = 0.02
MAX_P = 0.001
DARK = 2  # pictures whose brightest pixel is no brighter were divided by 255 before they were stored

Pixels = Callable[[UInt8[np.ndarray, "n ..."]], UInt8[np.ndarray, "n ..."]]
CHANGES: dict[str, Pixels] = {
    "plain": lambda images: images,
    "inverted": lambda images: 255 - images,
    "transposed": lambda images: np.ascontiguousarray(images.swapaxes(1, 2)),
    "stretched": lambda images: np.minimum(images.astype(np.uint16) * 255, 255).astype(np.uint8),
}
TRIALS = {
    "preparation": "mean and deviation as in training",
    "checkpoint": "weights of the checkpoint",
    "weights": "weights file instead of graph",
    "batch_norm": "BatchNorm statistics taken anew",
    "relabelled": "classes renumbered",
    "plain": "pictures taken as they are",
    "inverted": "pictures inverted",
    "transposed": "pictures transposed",
    "stretched": "pictures multiplied by 255",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Way:
    """A way to read the rows: the preparation, the network, a change of pixels, and where the classes have gone."""

    preparation: Preparation
    network: Network
    change: str | None = None
    relabelling: Relabelling | None = None

    def images(self, rows: Rows) -> UInt8[np.ndarray, "n ..."]:
        """The pictures as this way shows them to the network."""
        if self.change is None:
            return rows.images
        return CHANGES[self.change](rows.images if rows.plain is None else rows.plain)

    def logits(self, rows: Rows) -> Float[np.ndarray, "n classes"]:
        """The answers, the columns in the order of the labels."""
        found = ask(self.network, self.preparation, self.images(rows))
        return found if self.relabelling is None else found[:, list(self.relabelling.mapping)]


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """What was answered on some rows in one way."""

    rows: Rows
    images: UInt8[np.ndarray, "n ..."]
    logits: Float[np.ndarray, "n classes"]

    @cached_property
    def predictions(self) -> Int[np.ndarray, " n"]:
        return np.where(np.isfinite(self.logits), self.logits, -np.inf).argmax(axis=1)

    @cached_property
    def finite(self) -> Bool[np.ndarray, " n"]:
        return np.isfinite(self.logits).all(axis=1)

    @property
    def right(self) -> Bool[np.ndarray, " n"]:
        return (self.predictions == self.rows.labels) & self.finite

    @property
    def accuracy(self) -> float:
        return float(self.right.mean())

    def probabilities(self, temperature: float) -> Float[np.ndarray, "n classes"]:
        return softmax(self.logits.astype(np.float64), temperature)


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """A repair that helped: its name, the ways and accuracies before and after it, and McNemar's p-value.

    partner: another repair without which this one gives nothing, as it gives nothing without this one; both carry the
    gain of the two together.
    """

    name: str
    before: Way
    after: Way
    accuracy_before: float
    accuracy_after: float
    p_value: float
    partner: str | None = None

    @property
    def gain(self) -> float:
        return self.accuracy_after - self.accuracy_before


@dataclass(frozen=True, kw_only=True, eq=False)
class Examined:
    """A case with its answers as served and as mended: what every check looks at.

    reference is read as served, reference_mended with those repairs that concern it too.
    """

    case: Case
    steps: tuple[Step, ...]
    trials: tuple[Trial, ...]
    served: Answers
    mended: Answers
    reference: Answers
    reference_mended: Answers

    @property
    def validation(self) -> Answers:
        """The answers as served on validation rows."""
        return self.served if self.case.judged is self.case.validation else self.reference

    def step(self, *names: str) -> Step | None:
        """The repair of one of these names that helped, if any did."""
        return next((step for step in self.steps if step.name in names), None)


def examine(case: Case) -> Examined:
    """Read both sets as they are served, and mend the judged rows' reading as far as repairs help."""
    way = as_served(case)
    served = mended = read(way, case.judged)
    steps: list[Step] = []
    trials: list[Trial] = []
    while True:
        tried = list(repairs(case, way, mended, {step.name for step in steps}))
        trials = trials or [Trial(name=TRIALS[name], accuracy=answers.accuracy) for name, _, answers in tried]
        found = best_repair(way, mended, tried) or best_pair(case, way, mended, tried)
        if found is None:
            break
        helpful, mended = found
        steps += helpful
        way = helpful[-1].after
    if case.other:  # what other pictures or labels have wrong, the run's own rows have not
        way = replace(way, change=None, relabelling=None)
    reference = read(as_served(case), case.reference)
    return Examined(
        case=case,
        steps=tuple(steps),
        trials=(Trial(name="as served", accuracy=served.accuracy), *trials),
        served=served,
        mended=mended,
        reference=reference,
        reference_mended=read(way, case.reference) if steps else reference,
    )


def as_served(case: Case) -> Way:
    return Way(preparation=case.bundle.preparation, network=case.graph)


def read(way: Way, rows: Rows) -> Answers:
    return Answers(rows=rows, images=way.images(rows), logits=way.logits(rows))


Tried = tuple[str, Way, Answers]


def best_repair(way: Way, old: Answers, tried: list[Tried]) -> tuple[list[Step], Answers] | None:
    """The repair that helps most, None when none helps beyond chance."""
    if not tried:
        return None
    name, after, new = max(tried, key=lambda each: each[2].accuracy)
    return ([as_step(name, way, after, old, new)], new) if helps(old, new) else None


def best_pair(case: Case, way: Way, old: Answers, tried: list[Tried]) -> tuple[list[Step], Answers] | None:
    """Two faults may hide each other: the repair that helps most once the classes are renumbered too, if any does."""
    pairs = []
    for name, after, new in tried if way.relabelling is None else ():
        renumbered = relabelled(case, after, new)
        if name != "relabelled" and renumbered is not None:
            pairs.append((name, renumbered, read(renumbered, case.judged)))
    if not pairs:
        return None
    name, after, new = max(pairs, key=lambda each: each[2].accuracy)
    if not helps(old, new):
        return None
    first, second = (as_step(each, way, after, old, new) for each in (name, "relabelled"))
    return [replace(first, partner=TRIALS["relabelled"]), replace(second, partner=TRIALS[name])], new


def helps(old: Answers, new: Answers) -> bool:
    """Whether a repair gives accuracy back, and more than by chance."""
    return new.accuracy - old.accuracy >= MIN_GAIN and mcnemar(old.right, new.right).p_value <= MAX_P


def as_step(name: str, before: Way, after: Way, old: Answers, new: Answers) -> Step:
    return Step(
        name=name,
        before=before,
        after=after,
        accuracy_before=old.accuracy,
        accuracy_after=new.accuracy,
        p_value=mcnemar(old.right, new.right).p_value,
    )


def repairs(case: Case, way: Way, answers: Answers, done: set[str]) -> Iterator[Tried]:
    """Each repair that is left, with the way it makes and its answers on the judged rows."""
    for name, after in [*serving_repairs(case, way), *picture_repairs(case, way)]:
        if name not in done:
            yield name, after, read(after, case.judged)
    renumbered = relabelled(case, way, answers)
    if renumbered is not None:
        yield "relabelled", renumbered, read(renumbered, case.judged)


def relabelled(case: Case, way: Way, answers: Answers) -> Way | None:
    """The way with the classes renumbered as its answers suggest; None where they suggest nothing."""
    if way.relabelling is not None:
        return None
    found = find_relabelling(case.judged.labels, answers.predictions, case.num_classes)
    return None if found is None else replace(way, relabelling=found)


def serving_repairs(case: Case, way: Way) -> Iterator[tuple[str, Way]]:
    """What the recogniser may have wrong: its preparation, its weights, the statistics of its normalisations."""
    fitted = fitted_preparation(case)
    if fitted != way.preparation:
        yield "preparation", replace(way, preparation=fitted)
    if case.checkpoint_weights is not None and parameters_differ(case):
        network = case.rebuilt(case.checkpoint_weights)
        if network is not None:
            yield "checkpoint", replace(way, network=as_function(network))
    network = case.rebuilt(case.bundle_weights)
    if network is not None:
        yield "weights", replace(way, network=as_function(network))
    if case.refreshed is not None:
        yield "batch_norm", replace(way, network=as_function(case.refreshed))


def picture_repairs(case: Case, way: Way) -> Iterator[tuple[str, Way]]:
    """What the pictures may have wrong: polarity, transposition, grey levels."""
    for name in CHANGES if way.change is None else ():
        if name == "plain" and case.judged.plain is None:
            continue
        if name == "transposed" and way.preparation.frame.height != way.preparation.frame.width:
            continue
        if name == "stretched" and int(case.judged.images.max()) > DARK:
            continue
        yield name, replace(way, change=name)


def fitted_preparation(case: Case) -> Preparation:
    """The preparation fitted anew on the run's training rows, as its recipe says."""
    return fit_as_recipe(case.assembly.train_images, case.assembly.dataset.frame, case.recipe)


def parameters_differ(case: Case) -> bool:
    """Whether a weight, not only a running statistic, of the bundle differs from the checkpoint's."""
    network, other = case.rebuilt(case.bundle_weights), case.checkpoint_weights
    if network is None or other is None:
        return False
    return any(name not in other or not torch.equal(each, other[name]) for name, each in network.named_parameters())
