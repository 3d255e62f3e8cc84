"""A label audit: out-of-fold answers on chosen rows of a data set, and the labels that they make suspect.

    audit = audit_labels(find_recipe("digits"), part="train")
    audit.suspects[0]

This judges labels, not a recogniser. An audit of the test part trains on test rows, each network on the folds that it
does not answer: the networks are thrown away, and no accuracy of theirs is a test result. The reading of the sealed rows
is put on record in the audit's own values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from jaxtyping import Int

from glifo.data.dataset import Dataset, open_data
from glifo.data.splits import k_fold, split
from glifo.evaluation.labels import (
    LabelNoise,
    Suspect,
    estimate_noise,
    find_suspects,
    look_alike,
    split_look_alikes,
)
from glifo.experiment.folds import Fold, OutOfFold, select, train_fold
from glifo.recipes import Recipe

PARTS = ("test", "train", "all")


@dataclass(frozen=True, kw_only=True, eq=False)
class AuditPlan:
    """What an audit trains on what: the folds' rows, the extra rows that every fold trains on, and the test's reading."""

    dataset: Dataset
    recipe: Recipe
    part: str
    seed: int
    folds: tuple[Int[np.ndarray, " _"], ...]  # of unlike lengths
    extra: Int[np.ndarray, " m"]
    test_read: dict[str, Any] | None

    def train(self, number: int, device: str = "auto", *, progress: bool = False) -> Fold:
        """Train on everything but fold `number` (from 0) and answer that fold."""
        others = [rows for each, rows in enumerate(self.folds) if each != number]
        rows = np.concatenate([self.extra, *others])
        return train_fold(self.recipe, self.dataset, rows, self.folds[number], self.seed, device, progress=progress)

    def to_dict(self) -> dict[str, Any]:
        """All that the answers depend on, as plain values; no row numbers."""
        return {
            "data": {"name": self.dataset.name, "identity": self.dataset.identity},
            "part": self.part,
            "recipe": self.recipe.to_dict(),
            "seed": self.seed,
            "folds": [len(rows) for rows in self.folds],
            "extra_training_rows": len(self.extra),
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelAudit:
    """What an audit found: the out-of-fold answers, the estimated noise, and the suspects, surest first."""

    plan: AuditPlan
    folds: tuple[Fold, ...]
    answers: OutOfFold
    noise: LabelNoise
    suspects: tuple[Suspect, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        return self.plan.dataset.classes

    @property
    def look_alikes(self) -> tuple[Suspect, ...]:
        """The suspects between characters of one shape."""
        return split_look_alikes(self.suspects, self.classes)[0]

    @property
    def others(self) -> tuple[Suspect, ...]:
        """The suspects between characters of different shapes."""
        return split_look_alikes(self.suspects, self.classes)[1]

    @property
    def accuracy(self) -> float:
        """The share of rows read as their label, out of fold: how far to trust the suspects, no test result."""
        return float((self.answers.probabilities.argmax(axis=1) == self.answers.labels).mean())

    def per_class(self) -> list[dict[str, Any]]:
        """For each class its rows, suspects, those among look-alikes, and the estimated share of wrong labels."""
        count = np.bincount(self.answers.labels, minlength=len(self.classes))
        found = np.bincount([each.label for each in self.suspects], minlength=len(self.classes))
        alike = np.bincount([each.label for each in self.look_alikes], minlength=len(self.classes))
        given, right = self.noise.joint.sum(axis=1), self.noise.joint.diagonal()
        return [
            {
                "class": name,
                "n": int(count[i]),
                "suspects": int(found[i]),
                "look_alikes": int(alike[i]),
                "estimated_share_wrong": float(1 - right[i] / given[i]) if given[i] else None,
            }
            for i, name in enumerate(self.classes)
        ]

    def to_dict(self, num: int | None = None) -> dict[str, Any]:
        """Plain values for JSON, with the `num` surest suspects (all when None)."""
        shown = [
            each.to_dict(self.classes)
            | {"look_alike": look_alike(self.classes[each.label], self.classes[each.suggestion])}
            for each in self.suspects[:num]
        ]
        return {
            "format_version": 1,
            "purpose": "an audit of labels; its networks are thrown away and its accuracy is no test result",
            "plan": self.plan.to_dict(),
            "test_read": self.plan.test_read,
            "folds": [fold.to_dict() for fold in self.folds],
            "n": self.noise.n,
            "out_of_fold_accuracy": self.accuracy,
            "num_suspects": len(self.suspects),
            "num_suspects_look_alike": len(self.look_alikes),
            "num_suspects_other": len(self.others),
            "share_suspect": len(self.suspects) / self.noise.n,
            "estimated_share_wrong": self.noise.share,
            "largest_noise": [vars(pair) for pair in self.noise.pairs(self.classes)],
            "per_class": self.per_class(),
            "suspects": shown,
        }


def audit_labels(
    recipe: Recipe,
    *,
    part: str = "test",
    folds: int = 4,
    with_training_rows: bool = False,
    seed: int = 0,
    device: str = "auto",
    progress: bool = False,
    keep_record: Callable[[dict[str, Any]], None] | None = None,
) -> LabelAudit:
    """Plan an audit of the recipe's data, train its folds one after the other, and conclude. See `plan_audit`.

    keep_record: told of the reading of sealed test rows before the first fold is trained on them.
    """
    plan = plan_audit(recipe, part=part, folds=folds, with_training_rows=with_training_rows, seed=seed)
    if plan.test_read is not None and keep_record is not None:
        keep_record({"test_read": plan.test_read, "state": "not finished"})
    return conclude(plan, [plan.train(number, device, progress=progress) for number in range(folds)])


def plan_audit(
    recipe: Recipe, *, part: str = "test", folds: int = 4, with_training_rows: bool = False, seed: int = 0
) -> AuditPlan:
    """Cut the audited rows of the recipe's data into folds, stratified by class.

    part: "test", "train" (all that is not the test) or "all"; with_training_rows: let every fold of a test's audit train
    on the training rows too. Raises ValueError for another part, data that is not there, a number of folds that the rows
    do not allow, or training rows beside a part that holds them.
    """
    if part not in PARTS:
        raise ValueError(f"no part of the rows is called {part!r}; expected {', '.join(PARTS)}")
    if with_training_rows and part != "test":
        raise ValueError(f"part {part} holds the training rows already; leave them out, or audit the part test")
    dataset = open_data(recipe.data, verify=True)
    splits = split(dataset, validation_fraction=0.0, test_fraction=recipe.test_fraction)
    rows, test_read = splits.train, None
    if part != "train":
        reason = f"a label audit of the part {part}, {folds} folds, recipe {recipe.name}"
        test = splits.test.open(reason)
        rows = test if part == "test" else np.concatenate([rows, test])
        test_read = {"when": datetime.now(UTC).isoformat(timespec="seconds"), "reason": reason, "n": len(test)}
    cuts = k_fold(select(dataset, rows), folds, seed, test_fraction=0.0)
    return AuditPlan(
        dataset=dataset,
        recipe=recipe,
        part=part,
        seed=seed,
        folds=tuple(rows[cut.validation] for cut in cuts),
        extra=splits.train if with_training_rows else splits.train[:0],
        test_read=test_read,
    )


def conclude(plan: AuditPlan, folds: Sequence[Fold]) -> LabelAudit:
    """What the folds' answers say about the labels."""
    answers = OutOfFold.of(folds)
    return LabelAudit(
        plan=plan,
        folds=tuple(folds),
        answers=answers,
        noise=estimate_noise(answers.probabilities, answers.labels),
        suspects=tuple(
            each
            for each in find_suspects(answers.probabilities, answers.labels, answers.rows)
            if plan.dataset.allowed is None or not plan.dataset.allowed[each.row, each.suggestion]
        ),
    )
