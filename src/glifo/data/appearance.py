"""What pen, paper and camera do to a glyph that a move of its pixels does not: stroke width, blur, faint ink, grain, rules.

Each function takes pictures "batch channels height width" in 0..1, ink bright on black, and changes each by its own random
amount; none knows of the others. `glifo.data.augment.Augment` puts them together.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

Pictures = Float[Tensor, "batch channels height width"]


def vary_stroke(image: Pictures, reach: float) -> Pictures:
    """Strokes thinner or thicker: between the picture and its erosion or dilation by 3x3, `reach` of the way at most."""
    amount = uniform(image, -reach, reach)
    thicker = nn.functional.max_pool2d(image, 3, stride=1, padding=1)
    thinner = -nn.functional.max_pool2d(-image, 3, stride=1, padding=1)
    return image + amount.clamp(min=0) * (thicker - image) + (-amount).clamp(min=0) * (thinner - image)


def vary_blur(image: Pictures, reach: float) -> Pictures:
    """Between the picture and its 3x3 mean, `reach` of the way at most; below 0 that sharpens, half as far."""
    mean = nn.functional.avg_pool2d(image, 3, stride=1, padding=1)
    return (image + uniform(image, -reach / 2, reach) * (mean - image)).clamp(0, 1)


def vary_ink(image: Pictures, reach: float) -> Pictures:
    """Ink fainter by up to `reach`, and middle tones darker or lighter, a power between 1 - reach and 1 / (1 - reach)."""
    power = torch.exp(uniform(image, -1, 1) * -torch.log(torch.tensor(1 - reach)))
    return uniform(image, 1 - reach, 1) * image.clamp(0, 1) ** power


def add_grain(image: Pictures, reach: float) -> Pictures:
    """Grain of paper or sensor: normal noise with a deviation of up to `reach`, on the ink and beside it."""
    return (image + uniform(image, 0, reach) * torch.randn_like(image)).clamp(0, 1)


def add_rule(image: Pictures, share: float) -> Pictures:
    """What is left of a ruled line or box: in a `share` of the pictures one straight line within 3 pixels of a side."""
    num, _, height, width = image.shape
    place = torch.randint(0, 3, (num, 1))
    rows = (torch.arange(height) == torch.where(coin(num), place, height - 1 - place)).float()
    columns = (torch.arange(width) == torch.where(coin(num), place, width - 1 - place)).float()
    lies = coin(num)[:, :, None]
    line = torch.where(
        lies, rows[:, :, None].expand(num, height, width), columns[:, None, :].expand(num, height, width)
    )
    strength = uniform(image, 0.3, 1.0) * (torch.rand(num, 1, 1, 1) < share)
    return torch.maximum(image, line[:, None] * strength)


def uniform(image: Pictures, low: float, high: float) -> Float[Tensor, "batch 1 1 1"]:
    """A number for each picture."""
    return low + (high - low) * torch.rand(len(image), 1, 1, 1)


def coin(num: int) -> Tensor:
    return torch.rand(num, 1) < 0.5
