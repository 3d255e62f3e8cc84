"""The champion: small, convolutional, made for 28x28 glyphs and for processors without a graphics card.

A stem, then three stages that halve the picture and double the channels: convolution, pooling, normalisation, ReLU, and
one residual convolution. Pooling before normalisation saves three quarters of the normalisation's and ReLU's work. The
end takes each channel's maximum over the picture: whether a stroke is there counts more than how much of it.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from glifo.networks.blocks import batch_norm


class Residual(nn.Module):
    """A picture plus what `body` makes of it (He et al. 2016)."""

    def __init__(self, *body: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(*body)

    def forward(self, image: Tensor) -> Tensor:
        return image + self.body(image)


class GlobalMax(nn.Module):
    """The maximum of each channel over the picture."""

    def forward(self, image: Tensor) -> Tensor:
        return image.amax((2, 3))


def conv(channels_in: int, channels_out: int) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False)


def stage(channels_in: int, channels_out: int) -> list[nn.Module]:
    """Half the side, other channels, and a residual convolution at that size."""
    return [
        conv(channels_in, channels_out),
        nn.MaxPool2d(2),
        batch_norm(channels_out),
        nn.ReLU(),
        Residual(conv(channels_out, channels_out), batch_norm(channels_out), nn.ReLU()),
    ]


def champion(shape: tuple[int, int, int], num_classes: int) -> nn.Module:
    """Widths 16, 32, 64, 128: 300,302 parameters and 32 MFLOP on (1, 28, 28) with 62 classes."""
    widths = (16, 32, 64, 128)
    body = [conv(shape[0], widths[0]), batch_norm(widths[0]), nn.ReLU()]
    for channels_in, channels_out in pairwise(widths):
        body += stage(channels_in, channels_out)
    return nn.Sequential(*body, GlobalMax(), nn.Dropout(0.2), nn.Linear(widths[-1], num_classes))
