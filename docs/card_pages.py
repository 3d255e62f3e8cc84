"""docs/model-card.md and its plot docs/risk.svg, made from benchmarks/results/latin62-card.json.

Used by docs/generate.py; the figures are gathered by benchmarks/model_card.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from markdown_table import table

from glifo.files import read_json
from glifo.report.drawing import BLUE, ORANGE, STYLE

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
CARD = RESULTS / "latin62-card.json"
MADE = "<!-- Made by docs/card_pages.py from benchmarks/results/latin62-card.json; do not edit. -->\n\n"
WHAT = {
    "emnist-partial-all": "EMNIST, 62 classes, official rows of known case",
    "emnist-partial-bymerge": "official EMNIST ByMerge test, 47 classes",
    "mnist": "MNIST test (from the same forms as EMNIST, perhaps the same drawings)",
    "usps": "USPS test, other source",
    "optdigits-full": "optical digits test, 8x8, other source",
}


def model_card_page() -> str:
    """What the shipped model reads, how sure it may be, where it errs, and how to make it again."""
    card = read_json(CARD)
    return "\n".join(
        (
            head_text(card),
            scores_text(card),
            doubt_text(card),
            confusions_text(card),
            rendered_text(),
            limits_text(card),
        )
    )


def head_text(card: dict[str, Any]) -> str:
    bundle, recipe = card["bundle"], card["recipe"]
    return f"""# Model card: latin62

{MADE}A recogniser of one handwritten character: {len(bundle["classes"])} classes, the digits and the Latin letters in both
cases. `glifo read picture.png --as glyph` uses it.

| what | is |
| --- | --- |
| file | `src/glifo/models/latin62.glifo`, {bundle["bytes"] / 1e6:.2f} MB, sha256 `{bundle["sha256"]}` |
| network | `{recipe["network"]}`, {bundle["num_parameters"]:,} parameters, {bundle["flops"] / 1e6:.0f} MFLOP a glyph |
| data | `{card["data"]["name"]}`: EMNIST (NIST SD 19, US Government), 136,231 images, of which nine tenths train and one tenth validates; 15,439 of them carry a set of allowed classes ("c or C") |
| training | recipes `{recipe["start_from"]}`, then `{recipe["name"]}`, seed {card["seed"]}; {card["hardware"]["cores"]} cores, {card["hardware"]["processor"]} |
| calibration | one temperature ({bundle["temperature"]:.3f}), conformal thresholds and the risk dial, fitted on validation rows |
| cite | Cohen, Afshar, Tapson, van Schaik 2017, EMNIST, arXiv 1702.05373 |

To make it again: `glifo train champion --out runs/champion-seed0 && glifo train latin62 --out runs/latin62-seed0`.
"""


def scores_text(card: dict[str, Any]) -> str:
    rows = [
        [
            WHAT.get(test["data"], test["data"]),
            f"{test['n']:,}",
            interval(test["accuracy"]),
            share(test["case_merged"]["value"] if test["case_merged"] and test["within_alphabet"] is None else None),
            share(test["within_alphabet"]),
            f"{share(test['ece_before'])} / {share(test['ece_after'])}",
        ]
        for test in card["tests"]
    ]
    head = ["test", "n", "accuracy, 95 % interval", "case merged", "only its classes", "ECE raw / calibrated"]
    return f"""## Scores

One network, one seed, each test read once. Published for comparison: 91.80 on ByMerge and 88.43 on ByClass, with 697,932
training images. "Only its classes": letters may not be answered on data of digits. USPS and the optical digits were never
seen in training or for any choice; they are 16x16 and 8x8 pictures of other origin, enlarged.

{table(head, rows)}
"""


def doubt_text(card: dict[str, Any]) -> str:
    judged = {test["data"]: test["doubt"] for test in card["tests"] if test["data"] in list(WHAT)[:2]}
    sets = [
        [
            WHAT[data],
            share(float(coverage)),
            share(at["coverage"]),
            f"{at['mean_size']:.2f}",
            share(at["single"]),
            share(at["empty"]),
        ]
        for data, doubt in judged.items()
        for coverage, at in doubt["sets"].items()
    ]
    dial = [
        [WHAT[data], share(float(wish)), share(at["answered"]), share(at["error"])]
        for data, doubt in judged.items()
        for wish, at in doubt["risk_dial"].items()
        if at["answered"] > 0
    ]
    augrc = "; ".join(f"{WHAT[data]} {doubt['augrc']:.4f}" for data, doubt in judged.items())
    return f"""## Doubt

**Sets.** `--sets 95%` answers with the characters that cannot be told apart at that coverage, class by class (class-conditional
split conformal, fitted on validation rows). Where the data merges cases, a merged class is in the set when either case is.

{table(["test", "asked", "holds the truth", "classes on average", "a single one", "none"], sets)}

**The risk dial.** `--max-error 1%` answers "?" where it must. The thresholds are the ones whose error among validation rows
is below the wish with 95 % confidence.

{table(["test", "at most wrong", "answered", "wrong among them"], dial)}

Area under the generalised risk-coverage curve (AUGRC, lower is better): {augrc}.

![errors against the share of characters answered](risk.svg)
"""


def confusions_text(card: dict[str, Any]) -> str:
    groups = [
        [
            " ".join(each["group"]),
            f"{each['n']:,}",
            share(each["right"]),
            share(each["as_another_of_the_group"]),
            share(each["as_something_else"]),
        ]
        for each in card["groups"]
    ]
    pairs = [
        [each["true"], each["predicted"], f"{each['count']:,}", share(each["share_of_errors"])]
        for each in card["most_confused"]
    ]
    return f"""## What looks alike

A character cut out of its line has no size and no neighbours: 0, O and o, or 1, l and I, are often the same drawing. The
guesses keep the alternatives with their probabilities. Measured on the {card["tests"][0]["n"]:,} official rows of known case.

{table(["group", "n", "right", "as another of the group", "as something else"], groups)}

{table(["is", "read as", "times", "share of errors"], pairs)}
"""


def rendered_text() -> str:
    """Pictures of held-out glyphs under what pens, paper and cameras do; nothing where it is not measured."""
    path = RESULTS / "rendered-latin62.json"
    if not path.is_file():
        return ""
    result = read_json(path)
    rows = [
        [
            name,
            f"{each['n']:,}",
            interval(each["accuracy"]),
            share(each["case_merged"]["value"]),
            str(each["num_refused"]),
        ]
        for name, each in result["conditions"].items()
    ]
    return f"""## Pictures

Validation glyphs rendered as pictures and read through the whole path (`{result["command"]}`).

{table(["condition", "n", "accuracy, 95 % interval", "case merged", "refused"], rows)}
"""


def limits_text(card: dict[str, Any]) -> str:
    return """## Limits

- One character a picture; no words, no accents, no punctuation. Printed type was not in the training.
- The writers are census employees and students of one country in the 1990s: a European 1 or 7 is rarer there than elsewhere.
- The promises of the sets and the dial hold for pictures like the validation rows. On others they may be broken, as the
  table of other sources shows.
- About one fifth of EMNIST's training images were at hand; the label audit (label-audit.md) bounds what any model can reach.
"""


def draw_risk() -> None:
    """Errors among the answered against the share answered, on both official tests."""
    if not CARD.is_file():
        return
    with plt.rc_context({**STYLE, "svg.fonttype": "none", "svg.hashsalt": "glifo"}):
        figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
        for test, colour in zip(read_json(CARD)["tests"][:2], (BLUE, ORANGE), strict=True):
            curve = test["doubt"]["risk_curve"]
            axes.plot(
                [100 * value for value in curve["coverage"]],
                [100 * value for value in curve["error"]],
                color=colour,
                label=WHAT[test["data"]],
            )
        axes.set(xlabel="answered, %", ylabel="wrong among them, %", ylim=(0, None), xlim=(0, 100))
        axes.legend(frameon=False)
        figure.savefig(ROOT / "docs" / "risk.svg", metadata={"Date": None})
    plt.close(figure)


def share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.2f} %"


def interval(figure: dict[str, Any]) -> str:
    return f"{100 * figure['value']:.2f} % ({100 * figure['low']:.2f} to {100 * figure['high']:.2f})"
