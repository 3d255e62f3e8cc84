"""Augmentation of whole batches: an affine change and an elastic one, composed into one field and sampled once.

    augment = Augment(rotation_degrees=10, scale=0.1, shear=0.1, shift=0.07, elastic=0.03)
    augmented = augment(image)          # "batch channels height width" in 0..1, any dtype that is floating

Simard et al. 2003, "Best practices for convolutional neural networks applied to visual document analysis".
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from glifo.data.appearance import add_grain, add_rule, vary_blur, vary_ink, vary_stroke

CHANGES = {"stroke": vary_stroke, "rule": add_rule, "blur": vary_blur, "ink": vary_ink, "grain": add_grain}
BELOW_1 = ("scale", "ink", "rule")


@dataclass(frozen=True, kw_only=True)
class Augment:
    """How far a picture may be changed; 0 turns a change off.

    rotation_degrees: uniform in +-; scale: each axis uniform in 1 +- scale; shear: uniform in +-, shares of the height;
    shift: uniform in +-, shares of the side; elastic: standard deviation of the smooth displacement, shares of the side;
    elastic_cells: displacement is drawn on a grid of that many cells a side; stroke, blur, ink, grain: how far strokes,
    sharpness, strength of the ink and noise vary; rule: share of pictures with a piece of a ruled line (the last five, see
    `glifo.data.appearance`, 0..1).
    """

    rotation_degrees: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    shift: float = 0.0
    elastic: float = 0.0
    elastic_cells: int = 5
    stroke: float = 0.0
    blur: float = 0.0
    ink: float = 0.0
    grain: float = 0.0
    rule: float = 0.0

    def __post_init__(self) -> None:
        wrong = [name for name, value in asdict(self).items() if not (math.isfinite(value) and value >= 0)]
        wrong += [name for name in BELOW_1 if getattr(self, name) >= 1 and name not in wrong]
        if wrong:
            raise ValueError(
                f"augmentation {', '.join(wrong)} is out of range; give numbers >= 0, and < 1 for {', '.join(BELOW_1)}"
            )

    def __call__(
        self, image: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch channels height width"]:
        field = affine_field(self, image)
        if self.elastic > 0:
            field = field + elastic_field(self, image)
        image = nn.functional.grid_sample(image, field, mode="bilinear", padding_mode="zeros", align_corners=False)
        for name, change in CHANGES.items():
            if getattr(self, name) > 0:
                image = change(image, getattr(self, name))
        return image


def affine_field(
    augment: Augment, image: Float[Tensor, "batch channels height width"]
) -> Float[Tensor, "batch height width 2"]:
    """Where each pixel of the changed picture is looked up, in grid_sample's coordinates (-1..1)."""
    return nn.functional.affine_grid(affine_matrices(augment, len(image)), list(image.shape), align_corners=False)


def affine_matrices(augment: Augment, num: int) -> Float[Tensor, "num 2 3"]:
    """Random matrices: rotation times shear times scale, then a shift."""

    def uniform(reach: float) -> Tensor:
        return (torch.rand(num) * 2 - 1) * reach

    angle, shear = uniform(math.radians(augment.rotation_degrees)), uniform(augment.shear)
    wide, high = 1 + uniform(augment.scale), 1 + uniform(augment.scale)
    cos, sin = angle.cos(), angle.sin()
    rows = [cos * wide, (cos * shear - sin) * high, 2 * uniform(augment.shift)]
    rows += [sin * wide, (sin * shear + cos) * high, 2 * uniform(augment.shift)]
    return torch.stack(rows, dim=1).view(num, 2, 3)


def elastic_field(
    augment: Augment, image: Float[Tensor, "batch channels height width"]
) -> Float[Tensor, "batch height width 2"]:
    """A smooth random displacement: normal numbers on a coarse grid, interpolated bicubically, still at the rim."""
    cells = augment.elastic_cells
    coarse = torch.zeros(len(image), 2, cells + 2, cells + 2)
    coarse[:, :, 1:-1, 1:-1] = torch.randn(len(image), 2, cells, cells) * (2 * augment.elastic)
    fine = nn.functional.interpolate(coarse, size=image.shape[-2:], mode="bicubic", align_corners=True)
    return fine.permute(0, 2, 3, 1)
