"""The report of one verdict on one run, put together from what both already hold.

It reads and changes neither; what the page looks like is in `glifo.report.page`.

    evaluation_report(Path("report.html"), run, judge(run, final=True))
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from glifo.evaluation.calibration import reliability, softmax
from glifo.experiment import Verdict
from glifo.recognizer import Reading
from glifo.report.doubt import doubt_section
from glifo.report.page import Table, evaluation_page, write_page
from glifo.report.plots import GlyphCaption
from glifo.runs import Run

NUM_MISTAKES = 40
PARTS = {"test": "the sealed test", "validation": "validation rows", "training": "training rows", "all": "all rows"}


def evaluation_report(path: Path, run: Run, verdict: Verdict, readings: Table | None = None) -> None:
    """Write the page of one verdict on one run: scores, confusions, surest mistakes, calibration, training curves.

    `readings` is an extra table to show first. Raises OSError when the file cannot be written.
    """
    temperature = verdict.scores.temperature
    probabilities = softmax(verdict.logits, temperature)
    part = PARTS.get(verdict.part, verdict.part)
    page = evaluation_page(
        title=f"{run.recipe.name} on {verdict.data}",
        subtitle=f"A recogniser of {len(verdict.confusions.classes)} classes, judged on {part}.",
        facts=run_facts(run, verdict),
        scores=verdict.scores,
        confusions=verdict.confusions,
        reliability=(reliability(softmax(verdict.logits), verdict.labels), reliability(probabilities, verdict.labels)),
        history=run.history,
        mistakes=surest_mistakes(verdict.images, verdict.labels, probabilities, verdict.confusions.classes),
        readings=readings,
        doubt=doubt_section(verdict.doubt) if verdict.doubt else None,
    )
    write_page(path, page)


def readings_report(path: Path, run: Run, verdict: Verdict, readings: Sequence[Reading], truths: Sequence[str]) -> None:
    """Write the page of a verdict with a table of pictures that were read, and what they show in truth."""
    rows = [
        (Path(str(reading.path)).name, truth, reading.text, f"{reading.confidence:.1%}")
        for reading, truth in zip(readings, truths, strict=True)
    ]
    columns = ("picture", "is", "read as", "confidence")
    evaluation_report(
        path,
        run,
        verdict,
        Table(caption="Pictures read from disk", columns=columns, rows=tuple(rows), num_text_columns=3),
    )


def surest_mistakes(
    images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray, classes: tuple[str, ...], num: int = NUM_MISTAKES
) -> tuple[np.ndarray, list[GlyphCaption]]:
    """The wrongly read pictures of which the recogniser was surest, surest first, with captions."""
    guesses, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(guesses != labels)
    rows = wrong[np.argsort(-confidence[wrong], kind="stable")][:num]
    captions = [
        GlyphCaption(read=classes[guesses[row]], truth=classes[labels[row]], confidence=float(confidence[row]))
        for row in rows
    ]
    return images[rows], captions


def run_facts(run: Run, verdict: Verdict) -> tuple[tuple[str, str], ...]:
    """Where the figures come from: rows, recipe, seed, start, hardware, versions."""
    environment = run.environment
    facts: dict[str, Any] = {
        "data": f"{verdict.data}, {PARTS.get(verdict.part, verdict.part)}",
        "pictures": f"{verdict.scores.n:,}",
        "repeats of training rows": None if verdict.repeats is None else f"{verdict.repeats:,}",
        "recipe": run.recipe.name,
        "seed": environment.get("seed"),
        "trained": environment.get("started"),
        "processor": environment.get("hardware", {}).get("processor"),
        "cores": environment.get("hardware", {}).get("cores"),
        **{name: environment.get("versions", {}).get(name) for name in ("glifo", "torch")},
    }
    return tuple((name, str(value)) for name, value in facts.items() if value is not None)
