"""What a diagnosis says, as plain frozen values: findings, what was in order, and the ranked whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import UInt8

from glifo.evaluation.labels import Suspect
from glifo.evaluation.metrics import Interval

SYMPTOM_WEIGHT = 0.5
MIN_POINTS = 1.0  # of accuracy: what costs less is not a cause worth naming


@dataclass(frozen=True, kw_only=True, eq=False)
class Finding:
    """One cause that was found.

    points: percentage points of accuracy that it explains on the judged rows; measured: whether a repair gave that many
    back, or they are an estimate; symptom: it follows from some other cause, and counts half so that the cause comes first;
    evidence, advice: sentences; numbers: the same figures as plain values for JSON.
    """

    name: str
    title: str
    points: float
    measured: bool
    evidence: tuple[str, ...]
    advice: tuple[str, ...]
    symptom: bool = False
    numbers: dict[str, Any] = field(default_factory=dict)

    @property
    def strength(self) -> float:
        """What findings are ranked by: the points, half of them for a symptom."""
        return self.points * (SYMPTOM_WEIGHT if self.symptom else 1.0)

    @property
    def severity(self) -> str:
        """severe from 20 points on, clear from 5, else slight."""
        return "severe" if self.points >= 20 else "clear" if self.points >= 5 else "slight"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "name": self.name,
            "title": self.title,
            "severity": self.severity,
            "points": round(self.points, 2),
            "measured": self.measured,
            "symptom": self.symptom,
            "evidence": list(self.evidence),
            "advice": list(self.advice),
            "numbers": self.numbers,
        }


@dataclass(frozen=True, kw_only=True)
class Passed:
    """A check that found nothing wrong, and what it saw; `skipped` when it could not look."""

    name: str
    saw: str
    skipped: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return vars(self)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One repair tried on the rows as served: its name and the accuracy it gives, 0..1."""

    name: str
    accuracy: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Diagnosis:
    """Why a recogniser does worse on the judged rows than on the reference: findings, strongest first.

    trials: accuracy under each repair; class_counts: of both sets; suspects: rows whose label is doubted, with their
    pictures in the same order.
    """

    run: str
    reference: str
    judged: str
    reference_accuracy: Interval
    judged_accuracy: Interval
    mended_accuracy: float
    classes: tuple[str, ...]
    findings: tuple[Finding, ...]
    passed: tuple[Passed, ...]
    trials: tuple[Trial, ...]
    class_counts: tuple[tuple[int, ...], tuple[int, ...]]
    history: tuple[dict[str, float], ...]
    suspects: tuple[Suspect, ...]
    suspect_images: UInt8[np.ndarray, "n ..."]

    @property
    def gap(self) -> float:
        """The reference's accuracy less that of the judged rows, in percentage points."""
        return 100 * (self.reference_accuracy.value - self.judged_accuracy.value)

    @property
    def verdict(self) -> str:
        """The diagnosis in one sentence."""
        if not self.findings:
            return "Nothing wrong was found."
        first = self.findings[0]
        share = f" ({points(first)})" if first.points >= 0.05 else ""
        return f"{first.title}{share}."

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; pictures are left out."""
        return {
            "format_version": 1,
            "run": self.run,
            "reference": {"rows": self.reference} | vars(self.reference_accuracy),
            "judged": {"rows": self.judged} | vars(self.judged_accuracy),
            "gap_points": round(self.gap, 2),
            "mended_accuracy": self.mended_accuracy,
            "verdict": self.verdict,
            "findings": [finding.to_dict() for finding in self.findings],
            "in_order": [passed.to_dict() for passed in self.passed],
            "trials": [vars(trial) for trial in self.trials],
            "suspects": [suspect.to_dict(self.classes) for suspect in self.suspects],
        }


def points(finding: Finding) -> str:
    """The points of a finding in words."""
    return f"{finding.points:.1f} points of accuracy, {'measured' if finding.measured else 'estimated'}"


def in_words(p_value: float) -> str:
    """A p-value with its sign: "= 0.02", or that it is smaller than need be told."""
    return "< 1e-16" if p_value < 1e-16 else f"= {p_value:.1g}"
