"""The recipe: a whole training as plain values, which go to JSON and come back the same.

Names in it (data set, network, optimizer, schedule) become things in `glifo.experiment`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

FORMAT_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides a training but the seed, the device and the folder.

    data: a catalogue name, an imported name or a path; per_pixel: standardise each pixel by its own mean and deviation
    over the training rows instead of one mean and one deviation for all; learning_rate: the schedule's peak;
    augment: options of `glifo.data.augment.Augment`, empty for none; average_decay: the share an exponential moving
    average of the weights keeps at each step (less in short runs), None for no averaging; clip_norm: largest norm of the gradient;
    patience: epochs without improvement of `monitor` before the training stops, None for never; plateau_patience:
    epochs without improvement before the rate is cut to a tenth; keep_best: serve the best epoch by `monitor` rather than
    the last; time_limit_s: seconds of training after which no further epoch begins.
    """

    name: str
    description: str
    data: str
    network: str
    num_epochs: int
    batch_size: int
    learning_rate: float
    optimizer: str = "adamw"
    optimizer_options: dict[str, Any] = field(default_factory=dict)
    schedule: str = "one_cycle"
    schedule_options: dict[str, Any] = field(default_factory=dict)
    weight_decay: float = 0.0
    validation_fraction: float = 0.1
    test_fraction: float = 0.15
    per_pixel: bool = False
    augment: dict[str, Any] = field(default_factory=dict)
    label_smoothing: float = 0.0
    average_decay: float | None = None
    clip_norm: float | None = None
    monitor: Literal["validation_loss", "validation_accuracy", "loss", "accuracy"] = "validation_loss"
    patience: int | None = None
    min_delta: float = 0.0
    plateau_patience: int | None = None
    keep_best: bool = True
    time_limit_s: float | None = None
    precision: Literal["auto", "fp32", "bf16"] = "auto"

    def __post_init__(self) -> None:
        if self.num_epochs < 1 or self.batch_size < 1 or not self.learning_rate > 0:
            raise ValueError(
                f"recipe {self.name}: {self.num_epochs} epochs, batch size {self.batch_size}, learning rate "
                f"{self.learning_rate}; all three must be above 0"
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"format_version": FORMAT_VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Recipe:
        """The recipe that `to_dict` wrote; unknown or missing fields are a ValueError."""
        values = dict(values)
        version = values.pop("format_version", None)
        if version != FORMAT_VERSION:
            raise ValueError(f"a recipe of format {version} was given, this glifo reads {FORMAT_VERSION}; update glifo")
        unknown = sorted(set(values) - {each.name for each in fields(cls)})
        if unknown:
            raise ValueError(
                f"a recipe has no field {', '.join(unknown)}; known: {', '.join(e.name for e in fields(cls))}"
            )
        try:
            return cls(**values)
        except TypeError as error:
            raise ValueError(f"the recipe is not complete: {error}") from None
