"""The first label audit of EMNIST: confident learning on the official ByMerge test, with a hand check.

    python benchmarks/label_audit.py --folds 3 --work runs/label-audit --sheet
    python benchmarks/label_audit.py --folds 3 --work runs/label-audit --checked benchmarks/results/label_audit_checked.csv

Writes benchmarks/results/label_audit.json: command, hardware, versions, counts, the surest suspects. The answers of each
fold stay in --work (float16 .npy); a finished fold is not trained again. --sheet draws two contact sheets into --work:
a seeded random sample of 100 suspects (numbers 1 to 100) and the 100 surest (101 to 200). --checked reads what a person
wrote down for them, a CSV with the columns number,row,verdict and one of the verdicts wrong-label (the picture plainly
shows another character), label-right, ambiguous, unreadable. The share of wrong labels and the accuracy ceiling come
from the random sample alone. The networks are thrown away, and no accuracy of theirs is a test result.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from glifo.evaluation.labels import Suspect, look_alike
from glifo.evaluation.metrics import wilson
from glifo.experiment.audit import AuditPlan, LabelAudit, conclude, plan_audit
from glifo.experiment.folds import Fold
from glifo.files import read_json, write_json, write_whole
from glifo.recipes import find_recipe
from glifo.report.audit import draw_suspects
from glifo.runs import describe_environment

RESULT = Path(__file__).parent / "results" / "label_audit.json"
CHECKED = "label_audit_checked.csv"
VERDICTS = ("wrong-label", "label-right", "ambiguous", "unreadable")
NUM_CHECKED, SAMPLE_SEED, NUM_KEPT = 100, 0, 200
FACTS = ("num_train", "num_validation", "num_repeats", "num_epochs", "cpu_seconds")


def main() -> None:
    arguments = parsed()
    recipe = replace(find_recipe(arguments.recipe), data=arguments.data, num_epochs=arguments.epochs)
    plan = plan_audit(
        recipe, part=arguments.part, folds=arguments.folds, with_training_rows=arguments.with_training_rows
    )
    begun = begin(plan, arguments.work)
    plan = replace(plan, test_read=begun["test_read"])
    audit = conclude(plan, [finished_fold(plan, number, arguments.work) for number in range(len(plan.folds))])
    sheets = sheets_of(audit)
    if arguments.sheet:
        for name, numbered in sheets.items():
            draw_sheet(arguments.work / f"{name}.png", audit, numbered)
    result = {"command": command(arguments)} | result_of(audit, begun["environment"], sheets)
    if arguments.checked is not None:
        result["hand_check"] = hand_check(read_checked(arguments.checked, sheets), audit, sheets)
    write_json(arguments.out, result)
    sys.stderr.write(f"wrote {arguments.out}: {len(audit.suspects):,} suspects of {audit.noise.n:,} labels\n")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="emnist-partial-bymerge")
    parser.add_argument("--recipe", default="emnist-custom")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--part", default="test")
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--with-training-rows", action="store_true", help="every fold trains on the training rows too")
    parser.add_argument("--work", type=Path, required=True, help="folder of the folds' answers and the sheets")
    parser.add_argument("--sheet", action="store_true", help="draw the contact sheets for the hand check")
    parser.add_argument("--checked", type=Path, help="CSV with number,row,verdict")
    parser.add_argument("--out", type=Path, default=RESULT)
    return parser.parse_args()


def command(arguments: argparse.Namespace) -> str:
    """The command that makes the result, without the folders of the machine it ran on."""
    names = ("data", "recipe", "epochs", "part", "folds")
    given = " ".join(f"--{name} {getattr(arguments, name)}" for name in names)
    more = " --with-training-rows" if arguments.with_training_rows else ""
    if arguments.checked is not None:
        more += f" --checked benchmarks/results/{CHECKED}"
    return f"python benchmarks/label_audit.py {given}{more} --work runs/label-audit"


def begin(plan: AuditPlan, work: Path) -> dict[str, Any]:
    """What the folder says of how its audit began; a folder of another audit is refused."""
    path, values = work / "plan.json", json.loads(json.dumps(plan.to_dict()))
    if not path.is_file():
        environment = describe_environment(plan.seed)
        write_json(path, {"plan": values, "test_read": plan.test_read, "environment": environment})
    begun = read_json(path)
    if begun["plan"] != values:
        sys.exit(f"{work} holds the folds of another audit; name another folder with --work")
    return begun


def finished_fold(plan: AuditPlan, number: int, work: Path) -> Fold:
    """The answers of a fold, from its files where it is finished; the facts are written last."""
    answers, facts = work / f"fold-{number + 1}.npy", work / f"fold-{number + 1}.json"
    if not facts.is_file():
        trained = plan.train(number, progress=True)
        array = io.BytesIO()
        np.save(array, trained.probabilities.astype(np.float16))
        write_whole(answers, array.getvalue())
        write_json(facts, {name: getattr(trained, name) for name in FACTS})
        sys.stderr.write(f"fold {number + 1} of {len(plan.folds)}: {trained.accuracy:.2%} of {len(trained.rows):,}\n")
    rows = plan.folds[number]
    return Fold(
        rows=rows,
        labels=np.asarray(plan.dataset.labels)[rows],
        probabilities=np.load(answers).astype(np.float32),
        **read_json(facts),
    )


Sheet = dict[int, Suspect]


def sheets_of(audit: LabelAudit) -> dict[str, Sheet]:
    """The suspects to check by hand, by their number on the sheet: a random sample, and the surest."""
    num = min(NUM_CHECKED, len(audit.suspects))
    drawn = np.random.default_rng(SAMPLE_SEED).choice(len(audit.suspects), num, replace=False)
    sample = [audit.suspects[place] for place in drawn]
    return {
        "sample": dict(enumerate(sample, start=1)),
        "surest": dict(enumerate(audit.suspects[:num], start=NUM_CHECKED + 1)),
    }


def draw_sheet(path: Path, audit: LabelAudit, sheet: Sheet) -> None:
    """One contact sheet as PNG: number, row, label and suggestion below each picture."""
    suspects = list(sheet.values())
    images = audit.plan.dataset.images[np.array([each.row for each in suspects])]
    picture = io.BytesIO()
    draw_suspects(images, suspects, audit.classes, list(sheet)).savefig(picture, format="png", dpi=130)
    write_whole(path, picture.getvalue())
    sys.stderr.write(f"drew {path}\n")


def result_of(audit: LabelAudit, environment: dict[str, Any], sheets: dict[str, Sheet]) -> dict[str, Any]:
    """What is published: how it was made, the counts, the surest suspects and the random sample."""
    made = {name: environment[name] for name in ("commit", "hardware", "versions", "started")}
    sample = [{"number": number} | each.to_dict(audit.classes) for number, each in sheets["sample"].items()]
    return made | audit.to_dict(NUM_KEPT) | {"sample_seed": SAMPLE_SEED, "sample": sample}


def read_checked(path: Path, sheets: dict[str, Sheet]) -> dict[int, str]:
    """The verdicts by number; a number, row or verdict that does not fit the sheets ends the program."""
    known = {number: suspect for sheet in sheets.values() for number, suspect in sheet.items()}
    verdicts: dict[int, str] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            number, row, verdict = int(line["number"]), int(line["row"]), line["verdict"].strip()
            if number in verdicts or number not in known or known[number].row != row or verdict not in VERDICTS:
                sys.exit(
                    f"{path}: number {number}, row {row}, verdict {verdict!r}; expected each number of the sheets once, "
                    f"with its row and one of {', '.join(VERDICTS)}"
                )
            verdicts[number] = verdict
    return verdicts


def hand_check(verdicts: dict[int, str], audit: LabelAudit, sheets: dict[str, Sheet]) -> dict[str, Any]:
    """Counts of the verdicts on each sheet and kind, the share of wrong labels, and the ceiling that follows."""
    found: dict[str, Any] = {}
    for name, sheet in sheets.items():
        checked = {number: each for number, each in sheet.items() if number in verdicts}
        kinds = {number: is_look_alike(each, audit) for number, each in checked.items()}
        found[name] = counted([verdicts[number] for number in checked]) | {
            "look_alike": counted([verdicts[number] for number in checked if kinds[number]]),
            "other": counted([verdicts[number] for number in checked if not kinds[number]]),
        }
    complete = all(number in verdicts for number in sheets["sample"])
    return found | {"ceiling": ceiling(found["sample"], audit) if complete else None}


def is_look_alike(suspect: Suspect, audit: LabelAudit) -> bool:
    return look_alike(audit.classes[suspect.label], audit.classes[suspect.suggestion])


def counted(verdicts: Sequence[str]) -> dict[str, Any]:
    """How often each verdict was given, and the share of wrong labels with its Wilson interval."""
    counts = Counter(verdicts)
    share = asdict(wilson(counts["wrong-label"], len(verdicts))) if verdicts else None
    return {"n": len(verdicts), "verdicts": {name: counts[name] for name in VERDICTS}, "share_wrong_label": share}


def ceiling(sample: dict[str, Any], audit: LabelAudit) -> dict[str, Any]:
    """The accuracy that a reader without fault could reach against these labels, at most.

    It loses every suspect whose label is wrong. Wrong labels that are no suspects would lower the ceiling further; they
    are not estimated here. The second figure is of a reader that loses the ambiguous and unreadable suspects too.
    """
    share = len(audit.suspects) / audit.noise.n
    wrong, n = sample["share_wrong_label"], sample["n"]
    lost = wilson(n - sample["verdicts"]["label-right"], n)
    return {
        "wrong_labels_among_suspects": {name: wrong[name] * len(audit.suspects) for name in ("value", "low", "high")},
        "accuracy_at_most": interval(1 - share * wrong["value"], 1 - share * wrong["high"], 1 - share * wrong["low"]),
        "if_ambiguous_and_unreadable_are_lost": interval(
            1 - share * lost.value, 1 - share * lost.high, 1 - share * lost.low
        ),
    }


def interval(value: float, low: float, high: float) -> dict[str, float]:
    return {"value": value, "low": low, "high": high}


if __name__ == "__main__":
    main()
