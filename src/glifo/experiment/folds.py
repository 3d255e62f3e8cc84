"""Cross-validation: a recipe trained once for each fold, and what each network answers on the rows it never saw.

Nothing is kept of the trainings but their answers; the sealed test stays sealed. Use:

    cross_validate("digits", folds=5).mean

A fold is trained as any data set whose test part is that fold: the recipe's preparation, early stopping and choice of
the best epoch see only rows outside it, of which `validation_fraction` is cut off to validate on. So the fold's accuracy
is not flattered by having chosen the epoch. Training rows that repeat a picture of the fold, pixel by pixel, are left out.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float, Int, UInt8

from glifo.data.batches import Batches
from glifo.data.dataset import Dataset, open_data
from glifo.data.splits import find_repeats, k_fold
from glifo.evaluation.calibration import softmax
from glifo.evaluation.metrics import Interval
from glifo.experiment.assemble import VALIDATION_BATCH, Assembly, assemble, make_fit, make_validate, take
from glifo.experiment.train import recipe_callbacks
from glifo.experiment.transfer import find_source
from glifo.recipes import Recipe, find_recipe
from glifo.training.loop import fit, predict
from glifo.training.state import Fit


@dataclass(frozen=True, kw_only=True, eq=False)
class Fold:
    """What a network answers on rows it never saw: `rows` of the data set, their labels and probabilities.

    num_train, num_validation: rows it was trained and validated on; num_repeats: training rows left out because they
    repeat a picture of the fold; num_epochs: epochs trained; cpu_seconds: processor seconds of the training.
    """

    rows: Int[np.ndarray, " n"]
    labels: Int[np.ndarray, " n"]
    probabilities: Float[np.ndarray, "n classes"]
    num_train: int
    num_validation: int
    num_repeats: int
    num_epochs: int
    cpu_seconds: float

    @property
    def accuracy(self) -> float:
        """The share of the fold's rows that were read as their label."""
        return float((self.probabilities.argmax(axis=1) == self.labels).mean())

    def to_dict(self) -> dict[str, Any]:
        """Counts, accuracy and seconds as plain values; no rows."""
        counts = ("num_train", "num_validation", "num_repeats", "num_epochs", "cpu_seconds")
        return {"n": len(self.rows), "accuracy": self.accuracy} | {name: getattr(self, name) for name in counts}


@dataclass(frozen=True, kw_only=True, eq=False)
class OutOfFold:
    """The answers of all folds together, in ascending order of `rows`."""

    rows: Int[np.ndarray, " n"]
    labels: Int[np.ndarray, " n"]
    probabilities: Float[np.ndarray, "n classes"]

    @classmethod
    def of(cls, folds: Sequence[Fold]) -> OutOfFold:
        """The folds' answers put together."""
        order = np.argsort(np.concatenate([fold.rows for fold in folds]), kind="stable")
        joined = {
            name: np.concatenate([getattr(fold, name) for fold in folds])[order]
            for name in ("rows", "labels", "probabilities")
        }
        return cls(**joined)


@dataclass(frozen=True, kw_only=True, eq=False)
class CrossValidation:
    """A recipe's accuracy over folds, and the out-of-fold answers behind it."""

    recipe: Recipe
    seed: int
    identity: str
    folds: tuple[Fold, ...]

    @property
    def accuracies(self) -> tuple[float, ...]:
        return tuple(fold.accuracy for fold in self.folds)

    @property
    def mean(self) -> float:
        return statistics.fmean(self.accuracies)

    @property
    def stdev(self) -> float:
        """The sample standard deviation of the folds' accuracies."""
        return statistics.stdev(self.accuracies)

    @property
    def interval(self) -> Interval:
        """The mean with the corrected 95 % interval, see `corrected_interval`."""
        num_train = statistics.fmean(fold.num_train + fold.num_validation for fold in self.folds)
        num_test = statistics.fmean(len(fold.rows) for fold in self.folds)
        low, high = corrected_interval(self.accuracies, num_test / num_train)
        return Interval(value=self.mean, low=max(0.0, low), high=min(1.0, high), n=len(self.answers.rows))

    @cached_property
    def answers(self) -> OutOfFold:
        return OutOfFold.of(self.folds)

    def to_dict(self) -> dict[str, Any]:
        """Recipe, seed, the accuracy of each fold, mean, standard deviation and interval, as plain values."""
        return {
            "format_version": 1,
            "recipe": self.recipe.to_dict(),
            "seed": self.seed,
            "data": {"name": self.recipe.data, "identity": self.identity},
            "folds": [fold.to_dict() for fold in self.folds],
            "n": len(self.answers.rows),
            "mean": self.mean,
            "stdev": self.stdev,
            "interval": {"low": self.interval.low, "high": self.interval.high, "method": "Nadeau and Bengio 2003"},
        }


def cross_validate(
    recipe: Recipe | str, folds: int = 5, seed: int = 0, device: str = "auto", *, progress: bool = False
) -> CrossValidation:
    """Train a recipe `folds` times, each time judged on another part of the rows that are not the sealed test.

    The seed cuts the folds and seeds every training. ValueError for unknown names, data that is not there, or a number
    of folds that the rows do not allow.
    """
    recipe = find_recipe(recipe) if isinstance(recipe, str) else recipe
    dataset = open_data(recipe.data, verify=True)
    cuts = k_fold(dataset, folds, seed, recipe.test_fraction)
    trained = [train_fold(recipe, dataset, cut.train, cut.validation, seed, device, progress=progress) for cut in cuts]
    return CrossValidation(recipe=recipe, seed=seed, identity=dataset.identity, folds=tuple(trained))


def train_fold(
    recipe: Recipe,
    dataset: Dataset,
    others: Int[np.ndarray, " m"],
    held_out: Int[np.ndarray, " n"],
    seed: int = 0,
    device: str = "auto",
    *,
    progress: bool = False,
) -> Fold:
    """Train a recipe on the `others` among the rows and answer the rows held out.

    The probabilities are as the network gives them. A temperature fitted on few inner validation rows may fall to its
    bound, where every answer is 0 or 1 and no order is left; confident learning sets its own threshold for each class.
    ValueError for a recipe with a teacher, which may know the rows held out.
    """
    if recipe.teacher is not None:
        raise ValueError(
            f"recipe {recipe.name} learns from {recipe.teacher}, which may know the rows held out; give one without"
        )
    repeats = find_repeats(dataset.images, held_out, others).pairs[:, 1]
    rows = np.concatenate([np.setdiff1d(others, repeats), held_out])
    fold = select(dataset, rows, num_official_test=len(held_out))
    assembly = assemble(recipe, seed, fold)
    training = carry_out_fold(assembly, device, progress)
    held_images, held_labels = fold.images[-len(held_out) :], fold.labels[-len(held_out) :]
    return Fold(
        rows=held_out,
        labels=held_labels,
        probabilities=softmax(answers(assembly, training, held_images, held_labels)),
        num_train=len(assembly.train_labels),
        num_validation=len(assembly.validation_labels),
        num_repeats=len(repeats),
        num_epochs=training.epoch,
        cpu_seconds=round(sum(row["cpu_seconds"] for row in training.history), 1),
    )


def select(dataset: Dataset, rows: Int[np.ndarray, " n"], num_official_test: int = 0) -> Dataset:
    """Some rows of a data set as a data set of its own, in memory; its last `num_official_test` rows are its test part."""
    return replace(
        dataset,
        images=take(dataset.images, rows),
        labels=take(dataset.labels, rows),
        allowed=None if dataset.allowed is None else take(dataset.allowed, rows),
        num_official_test=num_official_test,
    )


def carry_out_fold(assembly: Assembly, device: str, progress: bool) -> Fit:
    """Train as `glifo train` does, without a run folder."""
    training = make_fit(assembly, device=device, start=find_source(assembly.recipe.start_from))
    batches, callbacks = assembly.batches(), recipe_callbacks(assembly, progress)
    try:
        fit(training, batches, len(batches), make_validate(assembly, training.engine), callbacks)
    finally:
        for callback in callbacks:
            callback.close()
    return training


def answers(
    assembly: Assembly, training: Fit, images: UInt8[np.ndarray, "n ..."], labels: Int[np.ndarray, " n"]
) -> Float[np.ndarray, "n classes"]:
    """The trained network's logits on pictures as they are, in their order."""
    batches = Batches(
        images=images,
        labels=labels,
        normalise=assembly.preparation.normalise,
        batch_size=VALIDATION_BATCH,
        shuffle=False,
    )
    return predict(training.served, batches(), training.engine).numpy()


def corrected_interval(values: Sequence[float], test_per_train: float) -> tuple[float, float]:
    """The ends of the corrected 95 % t interval of a mean over folds.

    Source: Nadeau and Bengio 2003, Inference for the Generalization Error.
    Any two folds share most of their training rows, so their accuracies are not independent, and stdev / sqrt(k) would be
    too small. Its variance factor 1/k becomes 1/k + test rows / training rows.
    """
    from scipy.stats import t

    reach = t.ppf(0.975, len(values) - 1) * statistics.stdev(values) * (1 / len(values) + test_per_train) ** 0.5
    mean = statistics.fmean(values)
    return float(mean - reach), float(mean + reach)
