"""Why a recogniser does worse on one set than on another: all checks, ranked by the accuracy they explain.

    diagnosis = diagnose(Run(folder=Path("runs/classic-skew-custom-seed0")))
    diagnosis.verdict

Two sets are compared: the run's training rows with its validation rows; or its validation rows with other data or with
the sealed test. First the judged rows are read again with every repair there is (`diagnosis.mending`), then the checks
say what the repairs and the statistics mean. It changes nothing in the run but the record of a test reading.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from glifo.evaluation.metrics import Interval, wilson
from glifo.experiment.diagnosis.case import note_reading, open_case
from glifo.experiment.diagnosis.findings import Diagnosis, Finding, Passed
from glifo.experiment.diagnosis.learning import (
    check_answers_vary,
    check_overfitting,
    check_served_as_validated,
    check_underfitting,
)
from glifo.experiment.diagnosis.mending import Answers, Examined, examine
from glifo.experiment.diagnosis.serving import check_batch_norm, check_labels, check_preparation, check_weights
from glifo.experiment.diagnosis.sets import (
    check_label_noise,
    check_pictures,
    check_priors,
    check_repeats,
    counts,
    doubted,
    suspects_of,
)
from glifo.runs import Run

__all__ = ["CHECKS", "Diagnosis", "Finding", "Passed", "diagnose"]

CHECKS: tuple[Callable[[Examined], Finding | Passed], ...] = (
    check_preparation,
    check_weights,
    check_batch_norm,
    check_labels,
    check_priors,
    check_pictures,
    check_repeats,
    check_label_noise,
    check_answers_vary,
    check_overfitting,
    check_underfitting,
    check_served_as_validated,
)
MAX_SHOWN = 40


def diagnose(run: Run, *, data: str | None = None, part: str = "validation") -> Diagnosis:
    """Find why a run's recogniser does worse on one set than on another, the strongest cause first.

    data: another data set, judged against the run's validation rows; part: "validation", or "test" for the sealed test
    rows, whose reading is put on record. Raises ValueError when the folder holds no finished run, its data has changed,
    or the other data has classes that the recogniser does not know.
    """
    case = open_case(run, data, part)
    if part == "test":
        note_reading(case)
    seen = examine(case)
    results = [check(seen) for check in CHECKS]
    findings = sorted((each for each in results if isinstance(each, Finding)), key=lambda each: -each.strength)
    return report(seen, tuple(findings), tuple(each for each in results if isinstance(each, Passed)))


def report(seen: Examined, findings: tuple[Finding, ...], passed: tuple[Passed, ...]) -> Diagnosis:
    """What was found, with the figures that the page draws."""
    case, num_classes = seen.case, seen.case.num_classes
    shown = any(finding.name == "label-noise" for finding in findings)
    places = np.array([each.row for each in doubted(seen)[:MAX_SHOWN]] if shown else [], np.int64)
    known, judged = (tuple(counts(each, num_classes).tolist()) for each in (seen.reference, seen.mended))
    return Diagnosis(
        run=str(case.run.folder),
        reference=case.reference.name,
        judged=case.judged.name,
        reference_accuracy=accuracy(seen.reference),
        judged_accuracy=accuracy(seen.served),
        mended_accuracy=seen.mended.accuracy,
        classes=case.bundle.classes,
        findings=findings,
        passed=passed,
        trials=seen.trials,
        class_counts=(known, judged),
        history=tuple(case.history),
        suspects=suspects_of(seen) if shown else (),
        suspect_images=seen.mended.images[places],
    )


def accuracy(answers: Answers) -> Interval:
    return wilson(int(answers.right.sum()), len(answers.rows))
