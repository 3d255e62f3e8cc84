"""The recipe: a whole training as plain values, which go to JSON and come back the same.

Names in it (data set, network, optimizer, schedule) become things in `glifo.experiment`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

FORMAT_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides a training but the seed, the device and the folder.

    data: a catalogue name, an imported name or a path; per_pixel: standardise each pixel by its own mean and deviation
    over the training rows instead of one mean and one deviation for all; mean_image: only subtract the mean training
    picture (white is 1), as the EMNIST work did; max_train_rows: train on a stratified sample of that many rows;
    start_from: weights to begin with (a run's folder, a bundle, a recipe trained under runs/, or torchvision's ResNet-18
    file), the head fresh unless the classes are the same; train_part: "all" layers, the "head" alone over a frozen body,
    or "gradual", head first and a further layer group at a time in the first half of the run (Howard and Ruder 2018);
    split_seed: which rows validate, None for the run's own seed; teacher: recognisers to learn from (a run, a bundle, or a
    recipe: all its runs together), teacher_share: the share of what they answer in the loss, at teacher_temperature;
    layer_decay: the rate of each layer group as a share of the group above it; fault: a historic fault planted on
    purpose, for teaching ("no_mean_when_serving": the bundle forgets the mean); learning_rate: the schedule's peak;
    augment: options of `glifo.data.augment.Augment`, empty for none; average_decay: the share an exponential moving
    average of the weights keeps at each step (less in short runs), None for no averaging; clip_norm: largest norm of the
    gradient; patience: epochs without improvement of `monitor` before the training stops, None for never;
    plateau_patience: epochs without improvement before the rate is cut to a tenth; keep_best: serve the best epoch by
    `monitor` rather than the last; time_limit_s: seconds of training after which no further epoch begins; precision,
    num_threads: "auto" and None let a probe choose by speed, fixed ones give the same weights on every run of a machine.
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
    max_train_rows: int | None = None
    per_pixel: bool = False
    mean_image: bool = False
    start_from: str | None = None
    train_part: Literal["all", "head", "gradual"] = "all"
    layer_decay: float = 1.0
    split_seed: int | None = None
    teacher: str | None = None
    teacher_share: float = 0.5
    teacher_temperature: float = 2.0
    fault: Literal["no_mean_when_serving"] | None = None
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
    num_threads: int | None = None

    def __post_init__(self) -> None:
        check(vars(self))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"format_version": FORMAT_VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, values: Any) -> Recipe:
        """The recipe that `to_dict` wrote; unknown or missing fields are a ValueError."""
        if not isinstance(values, dict):
            raise ValueError(f"a recipe is a JSON object, {values!r} was given; `glifo recipes NAME --json` prints one")
        values = dict(values)
        version = values.pop("format_version", None)
        if version != FORMAT_VERSION:
            raise ValueError(f"a recipe of format {version} was given, this glifo reads {FORMAT_VERSION}; update glifo")
        unknown = sorted(set(values) - {each.name for each in fields(cls)})
        if unknown:
            raise ValueError(
                f"a recipe has no field {', '.join(unknown)}; known: {', '.join(e.name for e in fields(cls))}"
            )
        check(values)
        try:
            return cls(**values)
        except TypeError as error:
            raise ValueError(f"the recipe is not complete: {error}") from None


def check(values: dict[str, Any]) -> None:
    """Refuse the first field whose value is of another kind or range than expected; fields that are missing are not."""
    for names, is_right, expected in CHECKS:
        for name in names:
            if name in values and not is_right(values[name]):
                raise ValueError(f"recipe {values.get('name', '')}: {name} is {values[name]!r}, expected {expected}")


def is_number(value: Any) -> bool:
    """A finite number that is no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def are_numbers(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(key, str) and is_number(each) for key, each in value.items())


MONITORS = ("validation_loss", "validation_accuracy", "loss", "accuracy")
CHECKS: tuple[tuple[tuple[str, ...], Callable[[Any], bool], str], ...] = (
    (
        ("name", "description", "data", "network", "optimizer", "schedule"),
        lambda v: isinstance(v, str) and v != "",
        "text",
    ),
    (("num_epochs", "batch_size"), lambda v: is_whole(v) and v > 0, "a whole number above 0"),
    (("start_from", "teacher"), lambda v: v is None or (isinstance(v, str) and v != ""), "null or text"),
    (("train_part",), lambda v: v in ("all", "head", "gradual"), "all, head or gradual"),
    (("layer_decay",), lambda v: is_number(v) and 0 < v <= 1, "a number above 0, at most 1"),
    (("fault",), lambda v: v in (None, "no_mean_when_serving"), "null or no_mean_when_serving"),
    (
        ("patience", "num_threads", "max_train_rows"),
        lambda v: v is None or (is_whole(v) and v > 0),
        "null or a whole number above 0",
    ),
    (("plateau_patience",), lambda v: v is None or (is_whole(v) and v >= 0), "null or a whole number from 0 on"),
    (("learning_rate", "teacher_temperature"), lambda v: is_number(v) and v > 0, "a number above 0"),
    (("teacher_share",), lambda v: is_number(v) and 0 < v <= 1, "a number above 0, at most 1"),
    (("split_seed",), lambda v: v is None or (is_whole(v) and v >= 0), "null or a whole number from 0 on"),
    (("weight_decay", "min_delta"), lambda v: is_number(v) and v >= 0, "a number from 0 on"),
    (("validation_fraction", "test_fraction"), lambda v: is_number(v) and 0 < v < 1, "a number between 0 and 1"),
    (("label_smoothing",), lambda v: is_number(v) and 0 <= v < 1, "a number from 0 to below 1"),
    (("average_decay",), lambda v: v is None or (is_number(v) and 0 < v < 1), "null or a number between 0 and 1"),
    (("clip_norm", "time_limit_s"), lambda v: v is None or (is_number(v) and v > 0), "null or a number above 0"),
    (("per_pixel", "mean_image", "keep_best"), lambda v: isinstance(v, bool), "true or false"),
    (("monitor",), lambda v: v in MONITORS, f"one of {', '.join(MONITORS)}"),
    (("precision",), lambda v: v in ("auto", "fp32", "bf16"), "auto, fp32 or bf16"),
    (("augment", "schedule_options"), are_numbers, "names with numbers"),
    (("optimizer_options",), lambda v: isinstance(v, dict), "names with values"),
)
