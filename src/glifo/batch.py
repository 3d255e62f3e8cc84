"""The value that travels from `data` to `training`: one batch of pictures with their labels.

Nothing here computes; `glifo.data.batches` cuts batches and `glifo.training.loop` consumes them.
"""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Bool, Float, Int
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Pictures ready for a network, and what they show.

    image: normalised by the preparation, "batch channels height width".
    label: class numbers, 0 <= label < number of classes; where there are label sets, one of the set.
    allowed: for each picture the classes that its label leaves open, None where every label is one class.
    """

    image: Float[Tensor, "batch channels height width"]
    label: Int[Tensor, " batch"]
    allowed: Bool[Tensor, "batch classes"] | None = None
