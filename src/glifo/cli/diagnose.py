"""`glifo diagnose`: why a recogniser does worse on one set than on another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glifo.cli.output import check_writable, err, out, print_json

if TYPE_CHECKING:
    from glifo.experiment.diagnose import Diagnosis, Finding


def diagnose(
    folder: Annotated[Path, typer.Argument(help="A run's folder.", metavar="RUN")],
    data: Annotated[str | None, typer.Option(help="Other data to judge: a name or a path.", metavar="DATA")] = None,
    part: Annotated[str, typer.Option(help="validation or test; a test reading is put on record.")] = "validation",
    html: Annotated[Path | None, typer.Option(help="Write one self-contained HTML page with the plots.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Find why a run's recogniser does worse on one set than on another: causes, strongest first, with evidence.

    Training rows are compared with validation rows; with --data or --part test, validation rows with those. Each repair
    is tried on the rows themselves, so that its points are measured. At most 5,000 rows of a set are looked at.

    [bold]Examples[/bold]

    glifo diagnose runs/classic-skew-custom-seed0

    glifo diagnose runs/mnist-seed0 --data usps --html diagnosis.html
    """
    from glifo.experiment.diagnose import diagnose as find_causes
    from glifo.runs import Run

    if html is not None:
        check_writable(html)
    diagnosis = find_causes(Run(folder=folder), data=data, part=part)
    if html is not None:
        from glifo.report.diagnosis import diagnosis_report

        diagnosis_report(html, diagnosis)
        err.print(f"wrote {html}", style="dim", markup=False)
    if json:
        print_json(diagnosis.to_dict())
    else:
        print_diagnosis(diagnosis)


def print_diagnosis(diagnosis: Diagnosis) -> None:
    """Both accuracies, the findings in order, and what was in order."""
    for name, rows, found in (
        ("reference", diagnosis.reference, diagnosis.reference_accuracy),
        ("judged", diagnosis.judged, diagnosis.judged_accuracy),
    ):
        out.print(f"{name:<10} {found.value:7.2%}  ({found.low:.2%} to {found.high:.2%})  {rows}", markup=False)
    if diagnosis.mended_accuracy != diagnosis.judged_accuracy.value:
        out.print(f"{'mended':<10} {diagnosis.mended_accuracy:7.2%}", markup=False)
    out.print(f"\n{diagnosis.verdict}", style="bold", markup=False)
    for number, finding in enumerate(diagnosis.findings, start=1):
        print_finding(number, finding)
    checked = [passed for passed in diagnosis.passed if not passed.skipped]
    skipped = [passed for passed in diagnosis.passed if passed.skipped]
    for heading, group in (("In order:", checked), ("Not checked:", skipped)):
        if group:
            out.print(f"\n{heading}", markup=False)
        for passed in group:
            out.print(f"  {passed.name}: {passed.saw}", style="dim", markup=False)


def print_finding(number: int, finding: Finding) -> None:
    """Name, severity, points, evidence and advice."""
    how = "measured" if finding.measured else "estimated"
    colour = {"severe": "red", "clear": "yellow"}.get(finding.severity, "")
    line = f"\n{number}. {finding.title}  [{finding.name}, {finding.severity}, {finding.points:.1f} points {how}]"
    out.print(line, style=colour, markup=False)
    for sentence in finding.evidence:
        out.print(f"   - {sentence}", markup=False)
    for sentence in finding.advice:
        out.print(f"   > {sentence}", markup=False)
