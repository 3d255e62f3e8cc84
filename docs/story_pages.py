"""docs/skew.md and docs/label-audit.md: two stories told with our own figures, made from their result files.

Used by docs/generate.py. The words are here, the numbers come from benchmarks/results.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markdown_table import table

from glifo.files import read_json

RESULTS = Path(__file__).parent.parent / "benchmarks" / "results"
MADE = "<!-- Made by docs/story_pages.py from benchmarks/results; do not edit. -->\n\n"
PUBLISHED = {"lenet": (".78", ".80", ".62"), "custom": (".84", ".82", ".66"), "resnet": (".83", ".81", ".36")}


def percent(value: float, digits: int = 1) -> str:
    return f"{100 * value:.{digits}f}"


def skew_page() -> str:
    """The historic train/serve skew: what was published, what we see when it is planted, how it is found."""
    result = read_json(RESULTS / "classic_skew.json") if (RESULTS / "classic_skew.json").is_file() else {"rows": []}
    return f"""# The mean that was forgotten

{MADE}An earlier work trained three networks on EMNIST's 62 characters and published, for train / validation / test: lenet
.78 / .80 / .62, custom .84 / .82 / .66, resnet .83 / .81 / .36. It asked why resnet is so bad on the test, and why there
is a gap at all although its validation rows came from the test set.

The answer stood in its code. Training and validation subtracted the mean picture and divided by 255; testing and the
predictor only divided by 255. The networks were asked about pictures whose every pixel was brighter than any they had
learned from. Thin glyphs, whose strokes are little brighter than the missing mean, vanish; networks with batch
normalisation, whose running figures belong to the other preparation, suffer most. A unit test of five pictures passed.

## Planted again

`glifo train classic-skew-custom` trains as that work did and makes a bundle that forgets the mean. The same weights, on the
same sealed rows, served rightly and with the fault, in per cent:

{skew_table(result["rows"])}

By how much ink the glyph has, a quarter of the test rows each, from the thinnest to the boldest:

{ink_table(result["rows"])}

## How it is found

```
glifo train classic-skew-custom
glifo diagnose runs/classic-skew-custom-seed0
```

`glifo diagnose` reads the same rows with other preparations (the mean refitted on the training rows, one division by 255
undone, inverted, transposed) and names the one that gives the lost points back. It compares, too, what the training saw on
the validation rows with what the bundle answers on them today; with one preparation for both, those are equal. In glifo the
preparation lies in the bundle as plain numbers and there is no second one to forget; the recipe's field `fault` is the only
way to this bug. tests/experiment/test_five_pictures.py holds the original's check beside the one that would have caught it.
"""


def skew_table(rows: list[dict[str, Any]]) -> str:
    head = [
        "network",
        "published train / validation / test",
        "train",
        "validation",
        "test",
        "test with the fault",
        "lost",
    ]
    body = [
        [
            row["network"],
            " / ".join(PUBLISHED[row["network"]]),
            *(percent(row[name]) for name in ("train_accuracy", "validation_accuracy", "test_accuracy")),
            percent(row["test_accuracy_skewed"]),
            f"{100 * (row['test_accuracy'] - row['test_accuracy_skewed']):.1f} points",
        ]
        for row in rows
    ]
    return table(head, body)


def ink_table(rows: list[dict[str, Any]]) -> str:
    head = ["network", *(f"{name}, right / with the fault" for name in ("thinnest", "second", "third", "boldest"))]
    body = [
        [row["network"], *(f"{percent(each['sound'])} / {percent(each['skewed'])}" for each in row["by_ink"])]
        for row in rows
    ]
    return table(head, body)


def label_audit_page() -> str:
    """The label audit of EMNIST's ByMerge test: how many suspects, how they were checked, what follows."""
    result = read_json(RESULTS / "label_audit.json")
    text = "\n".join(
        (how_audited(result), what_was_found(result), how_checked(result["hand_check"]), what_follows(result))
    )
    return f"""# A label audit of EMNIST

{MADE}Wrong labels are known for MNIST's test (15) and CIFAR-10's (54); for EMNIST nobody had published an audit. This one looks
at the official ByMerge test: {result["n"]:,} characters, 47 classes.

{text}
## The random sample

![100 suspects drawn at random](label-audit-sample.png)

## The surest

![the 100 surest suspects](label-audit-surest.png)
"""


def how_audited(result: dict[str, Any]) -> str:
    return f"""**How.** Confident learning (Northcutt, Jiang, Chuang 2021): {len(result["folds"])} folds of the test rows, a custom CNN trained on
the others for {result["plan"]["recipe"]["num_epochs"]} epochs answers for each fold ({percent(result["out_of_fold_accuracy"], 2)} % agree
with the labels). A row is a suspect when another class is confidently more likely than its label. The networks are thrown
away; none of this is a test result. `{result["command"]}`
"""


def what_was_found(result: dict[str, Any]) -> str:
    rows = [[noise["given"], noise["true"], f"{noise['count']:,.0f}"] for noise in result["largest_noise"][:12]]
    return f"""**Found.** {result["num_suspects"]:,} suspects, {percent(result["share_suspect"], 2)} % of the rows.
{result["num_suspects_look_alike"]:,} of them lie between shapes that look alike by nature (0 and O; 1, I and L; 9, g and q; ...),
{result["num_suspects_other"]:,} do not. The method itself estimates {percent(result["estimated_share_wrong"], 2)} % of labels to be of
another class than the picture's, most of them between look-alikes.

{table(["label", "reads as", "estimated count"], rows)}
"""


def how_checked(check: dict[str, Any]) -> str:
    return f"""**Checked.** A random sample of {check["sample"]["n"]} suspects and the {check["surest"]["n"]} surest were looked at one by one on the
sheets below, label and suggestion in view, so not blind, by one reader, who is an AI model with sight and no person
([its verdicts](../benchmarks/results/label_audit_checked.csv)). "Wrong" means that the picture plainly shows another
character; a bare stroke labelled L or a ring labelled O is "ambiguous", since no reader could know.

{verdict_table(check)}
"""


def what_follows(result: dict[str, Any]) -> str:
    surest, ceiling = result["hand_check"]["surest"], result["hand_check"]["ceiling"]
    wrong, most = ceiling["wrong_labels_among_suspects"], ceiling["accuracy_at_most"]
    lost = ceiling["if_ambiguous_and_unreadable_are_lost"]
    return f"""**What follows.** Of all suspects about {wrong["value"]:.0f} ({wrong["low"]:.0f} to {wrong["high"]:.0f}, 95 %) carry a plainly wrong
label; among the surest, {other_case(result)} of {surest["verdicts"]["wrong-label"]} wrong ones show the other case of the
right letter: the writer wrote A where the form asked for a. A reader who is right
about every such picture scores at most {percent(most["value"], 2)} % ({percent(most["low"], 2)} to {percent(most["high"], 2)}) on this test. That is
an upper bound: on planted errors the method's list misses a quarter to two fifths. A reader who lost every ambiguous and
unreadable suspect as well would stand at {percent(lost["value"], 1)} %; one who guesses them well stands between. Single characters out of their line cannot be told apart much better than
that, which is why glifo answers with alternatives and probabilities.
"""


def other_case(result: dict[str, Any]) -> int:
    """How many of the surest suspects that were found wrong show the other case of their label's letter."""
    lines = (RESULTS / "label_audit_checked.csv").read_text().split()[1:]
    wrong = {int(row) for number, row, verdict in (line.split(",") for line in lines) if verdict == "wrong-label"}
    return sum(
        each["row"] in wrong and each["label"].swapcase() == each["suggestion"]
        for each in result["suspects"][: result["hand_check"]["surest"]["n"]]
    )


def verdict_table(check: dict[str, Any]) -> str:
    """Counts of the four verdicts in both samples, and in the random one by kind."""
    groups = {
        "random sample": check["sample"],
        "of it, look-alike shapes": check["sample"]["look_alike"],
        "of it, others": check["sample"]["other"],
        "the surest": check["surest"],
    }
    verdicts = ("wrong-label", "ambiguous", "unreadable", "label-right")
    rows = []
    for name, group in groups.items():
        share = group["share_wrong_label"]
        counts = [str(group["verdicts"][verdict]) for verdict in verdicts]
        interval = f"{percent(share['value'], 0)} % ({percent(share['low'], 0)} to {percent(share['high'], 0)})"
        rows.append([name, str(group["n"]), *counts, interval])
    return table(["suspects", "n", *verdicts, "share wrong, 95 %"], rows)
