"""From a recipe's names to the things a training needs: rows, batches, network, optimizer, engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from glifo.batch import Batch
from glifo.data.augment import Augment
from glifo.data.batches import Batches
from glifo.data.dataset import Dataset, open_data
from glifo.data.splits import Splits, split
from glifo.experiment.transfer import start_from
from glifo.images import Frame, Preparation, fit_preparation
from glifo.networks import build
from glifo.recipes import Recipe
from glifo.training.engine import Engine, channels_last
from glifo.training.freezing import freeze, layer_groups
from glifo.training.loop import classification_figures, predict
from glifo.training.losses import classification_loss
from glifo.training.optimizers import make_optimizer
from glifo.training.schedules import make_schedule
from glifo.training.state import Fit

VALIDATION_BATCH = 512


@dataclass(frozen=True, kw_only=True, eq=False)
class Assembly:
    """The data side of a training: training and validation rows in memory, and the preparation fitted on training rows.

    Where rows have label sets, those of several classes train and do not validate.
    """

    recipe: Recipe
    seed: int
    dataset: Dataset
    splits: Splits
    preparation: Preparation
    train_images: UInt8[np.ndarray, "n ..."]
    train_labels: Int[np.ndarray, " n"]
    validation_images: UInt8[np.ndarray, "m ..."]
    validation_labels: Int[np.ndarray, " m"]
    train_allowed: Bool[np.ndarray, "n classes"] | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of a picture."""
        frame = self.dataset.frame
        return frame.channels, frame.height, frame.width

    def batches(self, *, rank: int = 0, world: int = 1) -> Batches:
        """The training rows, shuffled and augmented as the recipe says."""
        return Batches(
            images=self.train_images,
            labels=self.train_labels,
            allowed=self.train_allowed,
            normalise=self.preparation.normalise,
            batch_size=self.recipe.batch_size,
            seed=self.seed,
            augment=make_augment(self.recipe.augment),
            rank=rank,
            world=world,
        )

    def validation(self) -> Batches:
        """The validation rows in their order, as they are."""
        return Batches(
            images=self.validation_images,
            labels=self.validation_labels,
            normalise=self.preparation.normalise,
            batch_size=VALIDATION_BATCH,
            shuffle=False,
        )


def assemble(recipe: Recipe, seed: int, dataset: Dataset | None = None) -> Assembly:
    """Open the recipe's data, cut it by the seed, and fit the preparation on the training rows; test rows stay sealed.

    `dataset` is taken instead of the recipe's data: a fold of it, say.
    """
    dataset = open_data(recipe.data, verify=True) if dataset is None else dataset
    splits = split_as_recipe(dataset, recipe, seed)
    check_classes(dataset, splits)
    train_images = take(dataset.images, splits.train)
    judged = with_one_label(dataset, splits.validation)
    return Assembly(
        recipe=recipe,
        seed=seed,
        dataset=dataset,
        splits=splits,
        preparation=fit_as_recipe(train_images, dataset.frame, recipe),
        train_images=train_images,
        train_labels=take(dataset.labels, splits.train),
        validation_images=take(dataset.images, judged),
        validation_labels=take(dataset.labels, judged),
        train_allowed=take_sets(dataset, splits.train),
    )


def split_as_recipe(dataset: Dataset, recipe: Recipe, seed: int) -> Splits:
    """The rows of a training: they depend on the data, the seed and four fields of the recipe alone."""
    return split(
        dataset,
        seed=seed if recipe.split_seed is None else recipe.split_seed,
        validation_fraction=recipe.validation_fraction,
        test_fraction=recipe.test_fraction,
        max_train_rows=recipe.max_train_rows,
    )


def fit_as_recipe(images: UInt8[np.ndarray, "n ..."], frame: Frame, recipe: Recipe) -> Preparation:
    """The preparation a recipe asks for, fitted on training rows."""
    preparation = fit_preparation(images, frame, per_pixel=recipe.per_pixel or recipe.mean_image)
    return replace(preparation, std=(1.0,)) if recipe.mean_image else preparation


def check_classes(dataset: Dataset, splits: Splits) -> None:
    """Refuse a split in which a class has no training row, or in which nothing is left to validate on."""
    counts = np.bincount(dataset.labels[splits.train], minlength=len(dataset.classes))
    missing = [name for name, count in zip(dataset.classes, counts, strict=True) if count == 0]
    if missing and dataset.allowed is None:
        raise ValueError(
            f"{dataset.name}: no training row is left for the class {missing[0]}; give more pictures of it"
        )
    if len(splits.validation) and len(with_one_label(dataset, splits.validation)) == 0:
        raise ValueError(
            f"{dataset.name}: every validation row has a set of classes for its label; give rows with a single one to "
            f"judge by"
        )
    if len(splits.validation) == 0 or len(splits.train) < 2:
        raise ValueError(
            f"{dataset.name}: {len(splits.train)} training and {len(splits.validation)} validation rows are left; give "
            f"more pictures or other fractions"
        )


def make_augment(options: dict[str, Any]) -> Augment | None:
    """The augmentation of these options, None for none; an unknown option is a ValueError."""
    unknown = sorted(set(options) - {each.name for each in fields(Augment)})
    if unknown:
        raise ValueError(
            f"augmentation has no option {', '.join(unknown)}; known: {', '.join(each.name for each in fields(Augment))}"
        )
    return Augment(**options) if options else None


def take(array: np.ndarray, rows: Int[np.ndarray, " n"]) -> np.ndarray:
    """Rows of a memory-mapped array, copied into memory."""
    return np.ascontiguousarray(array[rows])


def take_sets(dataset: Dataset, rows: Int[np.ndarray, " n"]) -> Bool[np.ndarray, "n classes"] | None:
    """The label sets of these rows; None where the data has none."""
    return None if dataset.allowed is None else take(dataset.allowed, rows)


def with_one_label(dataset: Dataset, rows: Int[np.ndarray, " n"]) -> Int[np.ndarray, " m"]:
    """Those of the rows whose one class is known: the ones a recogniser can be judged on."""
    sets = take_sets(dataset, rows)
    return rows if sets is None else rows[sets.sum(axis=1) == 1]


def make_fit(
    assembly: Assembly,
    *,
    device: str,
    network: nn.Module | None = None,
    precision: str | None = None,
    num_threads: int | None = None,
    start: Path | None = None,
) -> Fit:
    """The network with fresh weights from the seed (or the one given), its optimizer, schedule, average and engine.

    start: a file of weights to begin with, see `glifo.experiment.transfer.find_source`.
    """
    recipe, batches = assembly.recipe, assembly.batches()
    network = make_network(assembly, network, start)
    engine = Engine.start(
        network,
        next(batches(0)),
        device=device,
        precision=precision or recipe.precision,
        num_threads=num_threads or recipe.num_threads,
    )
    network = network.to(engine.accelerator.device)
    frozen = freeze_as_recipe(network, recipe, engine)
    return Fit(
        network=network,
        optimizer=make_optimizer(
            recipe.optimizer,
            network,
            learning_rate=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            options=recipe.optimizer_options,
            layer_decay=recipe.layer_decay,
        ),
        loss=partial(batch_loss, smoothing=recipe.label_smoothing),
        schedule=make_schedule(recipe.schedule, recipe.schedule_options),
        engine=engine,
        num_epochs=recipe.num_epochs,
        seed=assembly.seed,
        clip_norm=recipe.clip_norm,
        frozen=frozen,
        average=make_average(network, recipe.average_decay, recipe.num_epochs * len(batches)),
    )


def make_network(assembly: Assembly, network: nn.Module | None, start: Path | None) -> nn.Module:
    """The network given, or the recipe's with fresh weights from the seed; with the weights of `start` where they fit."""
    torch.manual_seed(assembly.seed)
    classes = assembly.dataset.classes
    if network is None:
        network = build(assembly.recipe.network, shape=assembly.shape, num_classes=len(classes))
    if start is not None:
        start_from(start, network, classes)
    return channels_last(network)


def freeze_as_recipe(network: nn.Module, recipe: Recipe, engine: Engine) -> list[nn.Module]:
    """The layer groups that do not learn at the start."""
    if recipe.train_part == "gradual" and engine.accelerator.num_processes > 1:
        raise ValueError(
            f"recipe {recipe.name} unfreezes layers during the training, which needs one process; start one"
        )
    frozen = [] if recipe.train_part == "all" else layer_groups(network)[:-1]
    if recipe.train_part == "head":
        freeze(frozen, [])
    return frozen


def make_average(network: nn.Module, decay: float | None, num_steps: int) -> AveragedModel | None:
    """An exponential moving average of the weights and running figures, None for no decay.

    It looks back over a fifth of the run at most, else a short run would serve its first weights: one epoch of MNIST
    at .998 read 11 %.
    """
    if decay is None:
        return None
    decay = max(0.0, min(decay, 1 - 5 / num_steps))
    return AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)


def batch_loss(logits: Float[Tensor, "batch classes"], batch: Batch, *, smoothing: float) -> Float[Tensor, ""]:
    """The loss of a batch; `functools.partial` fixes the smoothing and can be pickled."""
    return classification_loss(logits, batch.label, batch.allowed, smoothing=smoothing)


def make_validate(assembly: Assembly, engine: Engine) -> Callable[[nn.Module], dict[str, float]]:
    """A function from a network to its validation loss and accuracy, in float32 as it will be served."""
    batches, labels = assembly.validation(), torch.from_numpy(assembly.validation_labels).long()
    return lambda network: classification_figures(predict(network, batches(), engine), labels)
