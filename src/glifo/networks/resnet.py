"""Residual networks: the small pre-activation one of the EMNIST work, and the standard ResNet-18 for small images.

He et al. 2016, "Deep residual learning for image recognition" and "Identity mappings in deep residual networks".
"""

from __future__ import annotations

from torch import Tensor, nn

from glifo.networks.blocks import batch_norm


class Bottleneck(nn.Module):
    """Pre-activation bottleneck 1x1, 3x3, 1x1 with a projection shortcut; the two ends meet after a normalisation each.

    The original names the widths and says that the shortcut has one; where biases stand is settled by its parameter
    count (960,190): in the first two convolutions, not in the two that end at the sum.
    """

    def __init__(self, channels_in: int, channels: int, channels_out: int, *, stride: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            batch_norm(channels_in),
            nn.ReLU(),
            nn.Conv2d(channels_in, channels, 1),
            batch_norm(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, stride=stride, padding=1),
            batch_norm(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels_out, 1, bias=False),
            batch_norm(channels_out),
        )
        self.shortcut = nn.Sequential(
            nn.Conv2d(channels_in, channels_out, 1, stride=stride, bias=False), batch_norm(channels_out)
        )

    def forward(self, image: Tensor) -> Tensor:
        return self.residual(image) + self.shortcut(image)


def resnet(shape: tuple[int, int, int], num_classes: int) -> nn.Module:
    """Two pre-activation bottleneck blocks: 960,190 parameters on (1, 28, 28) with 62 classes, as Keras counts."""
    return nn.Sequential(
        nn.ZeroPad2d(2),
        nn.Conv2d(shape[0], 64, 3, padding=1),
        batch_norm(64),
        nn.ReLU(),
        nn.MaxPool2d(2),
        Bottleneck(64, 64, 128, stride=1),
        Bottleneck(128, 256, 512, stride=2),
        nn.MaxPool2d(2),
        nn.Dropout(0.2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(512, 128),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(128, num_classes),
    )


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and an identity, projected where the shape changes (names as in torchvision's files)."""

    def __init__(self, channels_in: int, channels: int, *, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels:
            projection = nn.Conv2d(channels_in, channels, 1, stride=stride, bias=False)
            self.downsample = nn.Sequential(projection, nn.BatchNorm2d(channels))

    def forward(self, image: Tensor) -> Tensor:
        residual = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(image)))))
        return self.relu(residual + self.downsample(image))


class ResNet18(nn.Module):
    """ResNet-18 with the stem for small images: 3x3, stride 1, no pooling (layer names as in torchvision's files)."""

    def __init__(self, channels: int, num_classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 64, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.layer1 = nn.Sequential(BasicBlock(64, 64, stride=1), BasicBlock(64, 64, stride=1))
        self.layer2 = nn.Sequential(BasicBlock(64, 128, stride=2), BasicBlock(128, 128, stride=1))
        self.layer3 = nn.Sequential(BasicBlock(128, 256, stride=2), BasicBlock(256, 256, stride=1))
        self.layer4 = nn.Sequential(BasicBlock(256, 512, stride=2), BasicBlock(512, 512, stride=1))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(512, num_classes)

    def forward(self, image: Tensor) -> Tensor:
        features = self.relu(self.bn1(self.conv1(image)))
        features = self.layer4(self.layer3(self.layer2(self.layer1(features))))
        return self.fc(self.avgpool(features).flatten(1))


def resnet18(shape: tuple[int, int, int], num_classes: int) -> nn.Module:
    """ResNet-18 with the stem for small images: 11,209,086 parameters on (1, 28, 28) with 62 classes."""
    return ResNet18(shape[0], num_classes)
