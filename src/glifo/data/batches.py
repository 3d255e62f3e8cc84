"""Batches cut from pictures that lie whole in memory: no workers, augmented a batch at a time, reshuffled every epoch.

batches = Batches(images, labels, normalise=preparation.normalise, batch_size=128, seed=0, augment=Augment(shift=.1))
for batch in batches(epoch): ...      # the order and the changes depend on the seed and the epoch alone
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from glifo.batch import Batch
from glifo.data.augment import Augment

Pictures = Float[Tensor, "batch channels height width"]
SEED_STRIDE = 1_000_003


@dataclass(frozen=True, kw_only=True, eq=False)
class Batches:
    """Callable that gives the batches of an epoch.

    images: uint8 "n height width" or "n height width channels"; labels: class numbers; allowed: label sets, or None;
    normalise: pictures in 0..1 to the network's input; shuffle False keeps the rows' order, as validation needs it. In a
    run of several processes each takes every `world`-th row of a step, from number `rank` on. A shuffled epoch leaves out
    a last step of fewer than two rows a process, which batch normalisation cannot use; another epoch has them elsewhere.
    """

    images: UInt8[np.ndarray, "n ..."]
    labels: Int[np.ndarray, " n"]
    allowed: Bool[np.ndarray, "n classes"] | None = None
    normalise: Callable[[Pictures], Pictures]
    batch_size: int
    seed: int = 0
    shuffle: bool = True
    augment: Augment | None = None
    rank: int = 0
    world: int = 1

    def __post_init__(self) -> None:
        if len(self.images) != len(self.labels) or len(self.images) == 0:
            raise ValueError(
                f"{len(self.images)} pictures and {len(self.labels)} labels; give as many of each, at least one"
            )
        if self.batch_size < 1:
            raise ValueError(f"batch size {self.batch_size} was given; give 1 or more")

    def __len__(self) -> int:
        """Batches of an epoch; the last may be smaller."""
        return max(1, -(-self.num_used // self.step_size))

    @property
    def step_size(self) -> int:
        """Rows that all processes together take in a step."""
        return self.batch_size * self.world

    @property
    def num_used(self) -> int:
        """Rows of an epoch, without a last step too small to train on."""
        rest = len(self.images) % self.step_size
        return len(self.images) - (rest if self.shuffle and rest < 2 * self.world < self.step_size else 0)

    def __call__(self, epoch: int = 0) -> Iterator[Batch]:
        generator = torch.Generator().manual_seed(self.seed * SEED_STRIDE + epoch)
        num = len(self.images)
        order = torch.randperm(num, generator=generator) if self.shuffle else torch.arange(num)
        images, labels = torch.from_numpy(self.images), torch.from_numpy(self.labels)
        for rows in order[: self.num_used].split(self.step_size):
            mine = rows[self.rank :: self.world]
            allowed = None if self.allowed is None else torch.from_numpy(self.allowed)[mine]
            yield Batch(image=self.prepare(images[mine]), label=labels[mine].long(), allowed=allowed)

    def prepare(self, pictures: UInt8[Tensor, "batch ..."]) -> Pictures:
        """uint8 pictures as the network takes them: channels first, 0..1, augmented, normalised."""
        image = pictures[:, None] if pictures.ndim == 3 else pictures.permute(0, 3, 1, 2)
        image = image.float() / 255
        if self.augment is not None:
            image = self.augment(image)
        return self.normalise(image)
