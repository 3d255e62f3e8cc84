"""`glifo evaluate`: how good a trained recogniser is, and where it errs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from glifo.cli.output import check_writable, err, out, print_json

if TYPE_CHECKING:
    from glifo.experiment import Verdict
    from glifo.runs import Run

DIAL_SHOWN = ("0.01", "0.05")


def evaluate(
    folder: Annotated[Path, typer.Argument(help="A run's folder.", metavar="RUN")],
    final: Annotated[bool, typer.Option("--final", help="Open the sealed test; the reading is put on record.")] = False,
    data: Annotated[str | None, typer.Option(help="Judge on another data set's rows instead of the run's own.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write one self-contained HTML page with the plots.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Accuracy with its interval, figures per class, confusions and calibration.

    Without --final the run's validation rows are judged and the test stays sealed.

    [bold]Examples[/bold]

    glifo evaluate runs/digits-seed0

    glifo evaluate runs/digits-seed0 --final --html report.html
    """
    from glifo.experiment import judge
    from glifo.runs import Run

    run = Run(folder=folder)
    if html is not None:
        check_writable(html)
    verdict = judge(run, data=data, final=final)
    if html is not None:
        from glifo.report import evaluation_report

        evaluation_report(html, run, verdict)
        err.print(f"wrote {html}", style="dim", markup=False)
    if json:
        print_json({"run": str(folder), **verdict.to_dict()})
    else:
        print_verdict(verdict)
    warn_of_rereading(run, final)


def print_verdict(verdict: Verdict) -> None:
    """Headline figures, the classes read worst and the pairs confused most."""
    scores = verdict.scores
    out.print(f"{verdict.data}, {verdict.part} rows, n = {scores.n:,}", markup=False)
    interval = scores.accuracy
    out.print(f"accuracy [bold]{interval.value:.2%}[/bold] (95 % interval {interval.low:.2%} to {interval.high:.2%})")
    tops = ", ".join(f"top-{k} {share.value:.2%}" for k, share in scores.top_k.items() if k > 1)
    out.print(
        f"{tops}; macro F1 {scores.macro_f1:.2%}; ECE {scores.ece_before:.2%} raw, {scores.ece_after:.2%} calibrated"
    )
    if scores.case_merged is not None:
        out.print(f"upper and lower case merged {scores.case_merged.value:.2%}")
    if verdict.within_alphabet is not None:
        out.print(f"answering only with the {verdict.data} classes {verdict.within_alphabet.value:.2%}", markup=False)
    if verdict.merged:
        pairs = ", ".join(f"{name} as {other}" for name, other in verdict.merged.items())
        out.print(f"the data has one case of these letters: {pairs} counted", style="dim", markup=False)
    if verdict.repeats:
        out.print(f"{verdict.repeats} of these rows stand among the training rows too", style="yellow")
    print_doubt(verdict.doubt)
    out.print(worst_classes(verdict))
    out.print(confused_pairs(verdict))


def print_doubt(doubt: dict[str, Any]) -> None:
    """Conformal sets, and how much is answered when few errors are wished."""
    for coverage, figures in doubt["sets"].items():
        out.print(
            f"sets for {float(coverage):.0%}: {figures['coverage']:.2%} hold the truth, {figures['mean_size']:.2f} "
            f"classes on average, {figures['single']:.0%} a single one"
        )
    for wish, figures in doubt["risk_dial"].items():
        if wish in DIAL_SHOWN and figures["error"] is not None:
            out.print(
                f"at most {float(wish):.0%} wrong: {figures['answered']:.1%} answered, {figures['error']:.2%} of them wrong"
            )


def worst_classes(verdict: Verdict) -> Table:
    table = Table(
        "class", "n", "recall", "precision", "specificity", "F1", "over-prediction", title="Classes read worst"
    )
    seen = [each for each in verdict.scores.per_class if each.recall is not None]
    for each in sorted(seen, key=lambda each: each.recall or 0.0)[:10]:
        figures = (each.recall, each.precision, each.specificity, each.f1)
        percent = ["-" if figure is None else f"{figure:.1%}" for figure in figures]
        over = "-" if each.over_prediction is None else f"{each.over_prediction:.2f}"
        table.add_row(escape(each.character), f"{each.support:,}", *percent, over)
    return table


def confused_pairs(verdict: Verdict) -> Table:
    table = Table("is", "read as", "times", "share of errors", title="Most confused")
    for pair in verdict.confusions.most_confused(10):
        table.add_row(escape(pair.true), escape(pair.predicted), f"{pair.count:,}", f"{pair.share_of_errors:.1%}")
    return table


def warn_of_rereading(run: Run, final: bool) -> None:
    if final and len(run.test_reads) > 1:
        err.print(
            f"the sealed test of this run has now been read {len(run.test_reads)} times; choices made between "
            f"readings make its figure too good",
            style="yellow",
        )
