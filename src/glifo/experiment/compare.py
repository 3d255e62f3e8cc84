"""Compare runs: what each scores, what it costs, and which differences are real.

The best run is chosen by validation rows alone; the sealed tests are opened only when `final` asks, each reading on
record. Who takes part is settled in `glifo.experiment.compete`, the page is drawn in `glifo.report.comparison`.

    comparison = compare(["digits", "runs/mine"], final=True)
    comparison.best.name, [difference.in_words for difference in comparison.differences]
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from glifo.bundle import Bundle
from glifo.data.dataset import open_data
from glifo.evaluation.comparison import Difference, Group, Judged, differences, spread_of
from glifo.experiment.assemble import split_as_recipe
from glifo.experiment.compete import (
    Contestant,
    Tell,
    check_same_test,
    check_same_validation,
    enter,
    hardware_of,
    recipe_key,
    reread,
    short_names,
    train_missing,
)
from glifo.experiment.evaluate import judge
from glifo.experiment.train import OWN
from glifo.networks import build
from glifo.networks.summary import summarize
from glifo.recipes import Recipe
from glifo.recognizer import Recognizer
from glifo.runs import Run

NUM_READINGS, NUM_WARM = 200, 10
SKIPPED = (
    "{} of {} pairs have different seeds and no paired test: each seed validates on rows of its own; the test rows are the "
    "same for every seed, --final compares on them"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """One run of a comparison. What the run does not know is None.

    name: the folder's last part where no other run has the same, else the whole folder; parts: "training", "validation"
    and, when the test was opened, "test"; flops: of one picture forward; ms_per_glyph: the median of single readings;
    cost, energy_wh: hours of training times the price of one, and times watts.
    """

    name: str
    folder: str
    recipe: Recipe
    seed: int
    parts: dict[str, Judged]
    validation_rows: str
    num_parameters: int | None
    flops: int | None
    best_epoch: int
    num_epochs: int
    training_seconds: float
    hardware: str
    cpu_seconds: float | None
    peak_memory_mb: float | None
    ms_per_glyph: float
    cost: float | None
    energy_wh: float | None
    history: list[dict[str, float]]

    @property
    def seconds_per_epoch(self) -> float:
        return self.training_seconds / self.num_epochs

    @property
    def gap_points(self) -> float | None:
        """Validation accuracy minus test accuracy in points of a hundred."""
        if "test" not in self.parts:
            return None
        return 100 * (self.parts["validation"].accuracy.value - self.parts["test"].accuracy.value)

    @property
    def rank(self) -> tuple[float, float]:
        """Larger for the better run by its validation rows: accuracy, then cross-entropy."""
        validation = self.parts["validation"]
        return validation.accuracy.value, -validation.cross_entropy

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        left_out = ("parts", "recipe", "validation_rows")
        plain = {name: value for name, value in vars(self).items() if name not in left_out}
        parts = {
            part: {
                "accuracy": vars(judged.accuracy),
                "cross_entropy": judged.cross_entropy,
                "confusions": judged.confusions.to_dict(),
            }
            for part, judged in self.parts.items()
        }
        derived = {"seconds_per_epoch": self.seconds_per_epoch, "gap_points": self.gap_points}
        return plain | derived | {"recipe": self.recipe.to_dict(), "parts": parts}


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """Runs of one data set side by side; `part` is the rows the differences are about, `notes` what could not be done."""

    data: str
    part: str
    entries: tuple[Entry, ...]
    groups: tuple[Group, ...]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]

    @property
    def best(self) -> Entry:
        """The best run by its validation rows."""
        return max(self.entries, key=lambda entry: entry.rank)

    @property
    def best_group(self) -> Group:
        """The recipe whose runs are best on validation rows in the mean."""
        return max(self.groups, key=lambda group: group.accuracy["validation"].mean)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "data": self.data,
            "part": self.part,
            "best_by_validation": self.best.name,
            "best_recipe_by_validation": self.best_group.label,
            "runs": [entry.to_dict() for entry in self.entries],
            "recipes": [group.to_dict() for group in self.groups],
            "differences": [difference.to_dict() for difference in self.differences],
            "notes": list(self.notes),
        }


def compare(
    arguments: Sequence[str],
    *,
    num_seeds: int = 1,
    seed: int = 0,
    out: Path = Path("runs/compare"),
    processes: int = 1,
    final: bool = False,
    price_per_hour: float | None = None,
    watts: float | None = None,
    tell: Tell = lambda text: None,
) -> Comparison:
    """Compare run folders and recipes; recipes (names or .json files) are trained below `out` first.

    num_seeds: how many seeds, from `seed` on, each recipe is trained with; processes: trainings at a time; final: open
    the sealed test of every run, on record; `tell` is told of the progress. Raises ValueError for runs that cannot be
    compared: unfinished, given twice, of different data or different test rows.
    """
    contestants = enter(arguments, seeds=range(seed, seed + num_seeds), out=out)
    (check_same_test if final else check_same_validation)(contestants)
    train_missing(contestants, processes, tell)
    recognizers = [Recognizer(each.run.bundle) for each in contestants]
    readings = time_readings(recognizers, sample_glyphs(contestants[0]))
    parts = judge_all(contestants, final, tell)
    entries = [
        measure(each, name, recognizer.bundle, judged, ms_per_glyph, price_per_hour, watts)
        for each, name, recognizer, judged, ms_per_glyph in zip(
            contestants, short_names(contestants), recognizers, parts, readings, strict=True
        )
    ]
    return conclude(entries, "test" if final else "validation", reread(contestants) if final else ())


def judge_all(contestants: Sequence[Contestant], final: bool, tell: Tell) -> list[dict[str, Judged]]:
    """The scores of every contestant by part; no sealed test opens before all stand on their other rows."""
    judged: list[dict[str, Judged]] = [{} for _ in contestants]
    for part in ("training", "validation", *(["test"] if final else [])):
        tell(f"judging {len(contestants)} runs on their {part} rows ...")
        for each, parts in zip(contestants, judged, strict=True):
            parts[part] = judge_part(each.run, part)
    return judged


def judge_part(run: Run, part: str) -> Judged:
    verdict = judge(run, part=part)
    return Judged(
        accuracy=verdict.scores.accuracy,
        cross_entropy=verdict.scores.cross_entropy,
        confusions=verdict.confusions,
        right=verdict.logits.argmax(axis=1) == verdict.labels,
    )


def sample_glyphs(contestant: Contestant) -> UInt8[np.ndarray, "n ..."]:
    """Validation pictures to read, as many as are timed or fewer."""
    dataset = open_data(contestant.recipe.data)
    rows = split_as_recipe(dataset, contestant.recipe, contestant.seed).validation[:NUM_READINGS]
    return np.ascontiguousarray(dataset.images[rows])


def time_readings(recognizers: Sequence[Recognizer], glyphs: UInt8[np.ndarray, "n ..."]) -> list[float]:
    """Median milliseconds of reading one glyph, by recogniser; they read in turn, so that other work slows all alike."""
    times = np.empty((NUM_WARM + NUM_READINGS, len(recognizers)))
    for call in range(len(times)):
        glyph = glyphs[call % len(glyphs)][None]
        for number, recognizer in enumerate(recognizers):
            start = time.perf_counter()
            recognizer.probabilities(glyph)
            times[call, number] = time.perf_counter() - start
    return [float(1000 * median) for median in np.median(times[NUM_WARM:], axis=0)]


def measure(
    contestant: Contestant,
    name: str,
    bundle: Bundle,
    parts: dict[str, Judged],
    ms_per_glyph: float,
    price_per_hour: float | None,
    watts: float | None,
) -> Entry:
    """What a finished run's bundle and history say of its training, beside its scores."""
    facts, history = bundle.facts, contestant.run.history
    seconds = float(facts["training_seconds"])
    num_parameters, flops = network_size(bundle, contestant.recipe)
    return Entry(
        name=name,
        folder=contestant.name,
        recipe=contestant.recipe,
        seed=contestant.seed,
        parts=parts,
        validation_rows=contestant.validation_rows,
        num_parameters=num_parameters,
        flops=flops,
        best_epoch=int(facts["best_epoch"]),
        num_epochs=int(facts["num_epochs"]),
        training_seconds=seconds,
        hardware=hardware_of(contestant.run),
        cpu_seconds=sum_of(history, "cpu_seconds"),
        peak_memory_mb=facts.get("peak_memory_mb"),
        ms_per_glyph=ms_per_glyph,
        cost=None if price_per_hour is None else seconds / 3600 * price_per_hour,
        energy_wh=None if watts is None else seconds / 3600 * watts,
        history=history,
    )


def network_size(bundle: Bundle, recipe: Recipe) -> tuple[int | None, int | None]:
    """Parameters and FLOPs of one picture forward; None for a module that is none of glifo's."""
    if recipe.network.startswith(OWN):
        return None, None
    frame = bundle.preparation.frame
    shape = (frame.channels, frame.height, frame.width)
    summary = summarize(build(recipe.network, shape=shape, num_classes=len(bundle.classes)), shape)
    return summary.num_parameters, summary.flops


def sum_of(history: Sequence[dict[str, float]], name: str) -> float | None:
    """The sum of a column of the history, None where an epoch does not have it."""
    return sum(row[name] for row in history) if history and all(name in row for row in history) else None


def conclude(entries: Sequence[Entry], part: str, notes: Sequence[str] = ()) -> Comparison:
    """Group the runs by recipe and test every pair that was judged on the same rows."""
    pairs = tuple(combinations(entries, 2))
    same = [(one, other) for one, other in pairs if part == "test" or one.validation_rows == other.validation_rows]
    right = {entry.name: entry.parts[part].right for entry in entries}
    return Comparison(
        data=entries[0].recipe.data,
        part=part,
        entries=tuple(entries),
        groups=group(entries),
        differences=differences([(one.name, other.name) for one, other in same], right),
        notes=(*notes, *([SKIPPED.format(len(pairs) - len(same), len(pairs))] if len(same) < len(pairs) else [])),
    )


def group(entries: Sequence[Entry]) -> tuple[Group, ...]:
    """The runs by recipe, in the order of their first runs; a recipe name that two recipes have gets its first run's."""
    members: dict[str, list[Entry]] = {}
    for entry in entries:
        members.setdefault(recipe_key(entry.recipe), []).append(entry)
    names = [runs[0].recipe.name for runs in members.values()]
    return tuple(
        Group(
            label=name if names.count(name) == 1 else f"{name} ({runs[0].name})",
            runs=tuple(run.name for run in runs),
            accuracy={part: spread_of([run.parts[part].accuracy.value for run in runs]) for part in runs[0].parts},
            seconds=spread_of([run.training_seconds for run in runs]),
        )
        for name, runs in zip(names, members.values(), strict=True)
    )
