"""The part of docs/results.md that sets the champion's figures beside the aims and the best published ones.

Used by docs/results_pages.py.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markdown_table import table

from glifo.files import read_json

RESULTS = Path(__file__).parent.parent / "benchmarks" / "results"
BYMERGE = "emnist-partial-bymerge"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What is claimed, the aim, the reference, and where the figure stands: a result file and another data set's name."""

    what: str
    aim: str
    reference: str
    recipe: str
    data: str | None = None
    figure: str = "test_accuracy"


CLAIMS = (
    Claim(
        what="official ByMerge test, 47 classes",
        aim=">= 91.0",
        reference="91.80, 697,932 training images (WaveMix)",
        recipe="champion",
        data=BYMERGE,
    ),
    Claim(
        what="62 classes, the 16,478 ByMerge-test rows of known case",
        aim=">= 87.5",
        reference="88.43 on ByClass, 697,932 training images",
        recipe="champion",
    ),
    Claim(what="the same, case merged", aim="-", reference="-", recipe="champion", figure="case_merged"),
    Claim(what="official ByMerge test, custom CNN, 47 classes", aim="-", reference="-", recipe="emnist-custom"),
    Claim(what="MNIST test, one network", aim=">= 99.75", reference="99.7 to 99.8", recipe="mnist"),
)


def champion_text() -> str:
    """Each claim beside its aim; nothing where the champion is not measured."""
    if not (RESULTS / "champion.json").is_file():
        return ""
    rows = [cells(claim) for claim in CLAIMS if (RESULTS / f"{claim.recipe}.json").is_file()]
    head = ["what", "aim", "published", "ours", "n, seeds", "recipe"]
    return f"""## The champion

Trained on `emnist-partial-train.npz`, 136,231 images (published: 697,932), label sets included (docs/guide.md). No choice was
made on test rows; what was tried stands in docs/log.md. On ByMerge the probabilities of the cases that it merges are summed.
The model that is shipped has its own page, [the model card](model-card.md).

{table(head, rows)}
"""


def cells(claim: Claim) -> list[str]:
    seeds = [seed_of(claim, seed) for seed in read_json(RESULTS / f"{claim.recipe}.json")["seeds"]]
    values = [100 * seed[claim.figure] for seed in seeds]
    spread = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
    return [
        claim.what,
        claim.aim,
        claim.reference,
        f"{statistics.fmean(values):.2f}{spread}",
        f"{seeds[0]['test_n']:,}, {len(seeds)}",
        f"`{claim.recipe}`",
    ]


def seed_of(claim: Claim, seed: dict[str, Any]) -> dict[str, Any]:
    if claim.data is None:
        return seed
    return next(other for other in seed["also"] if other["data"] == claim.data)
