"""Judge a recogniser: on its validation rows, on its sealed test (once, on record), or on other data.

The judged thing is the bundle as it will be served: its ONNX graph and its preparation, not the torch network.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from jaxtyping import Float, Int, UInt8

from glifo.data.dataset import Dataset, open_data
from glifo.data.splits import Splits, find_repeats
from glifo.evaluation.calibration import softmax
from glifo.evaluation.confusions import Confusions, count_confusions
from glifo.evaluation.merging import fold_cases, merge_logits
from glifo.evaluation.metrics import Interval, Scores, score, wilson
from glifo.experiment.assemble import split_as_recipe, with_one_label
from glifo.experiment.doubt import judge_doubt
from glifo.images import canonical_glyph
from glifo.recipes import Recipe
from glifo.recognizer import Recognizer
from glifo.runs import Run


@dataclass(frozen=True, kw_only=True, eq=False)
class Verdict:
    """What a recogniser scored on some rows, with the rows themselves for whoever wants to look.

    part: "training", "validation", "test" or "all"; repeats: how many of the rows stand in the training rows too, pixel by
    pixel, None where those are not known; merged: classes of the recogniser that count as their other case, since the data
    has only that; doubt: how far the bundle's promises hold, see `glifo.experiment.doubt`; within_alphabet: accuracy when
    only the data's own classes may be answered, None where the recogniser knows no others.
    """

    data: str
    part: str
    scores: Scores
    confusions: Confusions
    logits: Float[np.ndarray, "n classes"]
    labels: Int[np.ndarray, " n"]
    images: UInt8[np.ndarray, "n ..."]
    repeats: int | None
    merged: dict[str, str] = field(default_factory=dict)
    doubt: dict[str, Any] = field(default_factory=dict)
    within_alphabet: Interval | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: data, part, repeats, scores, most confused pairs, confusion matrix."""
        pairs = [vars(pair) for pair in self.confusions.most_confused(10)]
        return {
            "data": self.data,
            "part": self.part,
            "repeats_of_training_rows": self.repeats,
            "merged": self.merged,
            "doubt": self.doubt,
            "within_alphabet": None if self.within_alphabet is None else asdict(self.within_alphabet),
            "scores": self.scores.to_dict(),
            "most_confused": pairs,
            "confusions": self.confusions.to_dict(),
        }


def judge(run: Run, *, data: str | None = None, part: str = "validation", final: bool = False) -> Verdict:
    """Score a run's bundle on a part of its rows; `data` names another data set.

    part: "training", "validation" or "test"; `final` is another word for the test.
    A reading of the sealed test is noted in the run's folder. Raises ValueError when the bundle is missing or the classes
    of the other data are unknown to it.
    """
    bundle = run.bundle
    recipe = Recipe.from_dict(bundle.facts["recipe"])
    dataset = open_data(data or recipe.data)
    splits = split_as_recipe(dataset, recipe, run.seed)
    if data is None:
        check_same_rows(run, dataset, splits)
    part = "test" if final else part
    rows = rows_of(splits, part, run)
    repeats = count_training_repeats(run, recipe, dataset, splits, rows, other=data is not None)
    verdict = judge_rows(Recognizer(bundle), dataset, rows, part=part, repeats=repeats)
    if part == "test":
        run.note_test_read(
            {
                "when": datetime.now(UTC).isoformat(timespec="seconds"),
                "data": dataset.name,
                "identity": dataset.identity,
                "n": verdict.scores.n,
                "accuracy": verdict.scores.accuracy.value,
            }
        )
    return verdict


def rows_of(splits: Splits, part: str, run: Run) -> Int[np.ndarray, " n"]:
    """The row numbers of a part; the sealed test opens for this run."""
    if part == "test":
        return splits.test.open(f"the final test of {run.folder}")
    rows = {"training": splits.train, "validation": splits.validation}
    if part not in rows:
        raise ValueError(f"no part of the rows is called {part!r}; expected training, validation or test")
    return rows[part]


def check_same_rows(run: Run, dataset: Dataset, splits: Splits) -> None:
    """Refuse data that is not what the run was trained on: its rows would be cut otherwise, and training rows judged."""
    environment = run.environment
    if (dataset.identity, splits.fingerprint) != (
        environment["data"]["identity"],
        environment["splits"]["fingerprint"],
    ):
        raise ValueError(
            f"the data {dataset.name} has changed since {run.folder} was trained; train it anew, or judge it as other "
            f"data with --data {dataset.name}"
        )


def count_training_repeats(
    run: Run, recipe: Recipe, dataset: Dataset, splits: Splits, rows: Int[np.ndarray, " n"], *, other: bool
) -> int | None:
    """How many judged rows stand among the run's training rows, pixel by pixel; None where those cannot be opened."""
    if not other:
        return find_repeats(dataset.images, splits.train, rows).count
    try:
        trained_on = open_data(recipe.data)
    except ValueError:
        return None  # the run came without its data: nothing to compare with, and the verdict says null
    if trained_on.images.shape[1:] != dataset.images.shape[1:]:
        return 0
    train = split_as_recipe(trained_on, recipe, run.seed).train
    images = np.concatenate([trained_on.images[train], dataset.images[rows]])
    return find_repeats(images, np.arange(len(train)), np.arange(len(train), len(images))).count


def judge_rows(
    recognizer: Recognizer, dataset: Dataset, rows: Int[np.ndarray, " n"], *, part: str, repeats: int | None = None
) -> Verdict:
    """Score a recogniser on some rows of a data set, whose classes may stand in another order or be fewer.

    Rows whose label is a set of classes are left out; letters of which the data has one case only count as that.
    """
    rows, known = with_one_label(dataset, rows), recognizer.classes
    counts_as = fold_cases(known, dataset.classes)
    classes = tuple(known[number] for number in np.unique(counts_as))
    labels = renumber(dataset, classes)[np.asarray(dataset.labels)[rows]]
    images = np.ascontiguousarray(dataset.images[rows])
    if dataset.frame != recognizer.bundle.preparation.frame:
        images = np.stack([canonical_glyph(image, recognizer.bundle.preparation.frame) for image in images])
    temperature = recognizer.bundle.temperature
    logits = recognizer.logits(images)
    doubt = judge_doubt(
        recognizer.bundle.conformal, softmax(logits, temperature), np.unique(counts_as)[labels], counts_as
    )
    if len(classes) < len(known):
        logits = merge_logits(logits, counts_as, temperature)
    return Verdict(
        data=dataset.name,
        part=part,
        scores=score(logits, labels, classes, temperature),
        confusions=count_confusions(labels, logits.argmax(axis=1), classes),
        logits=logits,
        labels=labels,
        images=images,
        repeats=repeats,
        doubt=doubt,
        within_alphabet=accuracy_within(logits, labels, renumber(dataset, classes)),
        merged={name: known[number] for name, number in zip(known, counts_as, strict=True) if known[number] != name},
    )


def accuracy_within(
    logits: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, " n"], alphabet: Int[np.ndarray, " known"]
) -> Interval | None:
    """Accuracy when only the classes of this alphabet may be answered; None where those are all."""
    if len(alphabet) == logits.shape[1]:
        return None
    right = alphabet[logits[:, alphabet].argmax(axis=1)] == labels
    return wilson(int(right.sum()), len(right))


def renumber(dataset: Dataset, classes: tuple[str, ...]) -> Int[np.ndarray, " classes"]:
    """For each class of the data set its number in the recogniser."""
    missing = [name for name in dataset.classes if name not in classes]
    if missing:
        raise ValueError(
            f"{dataset.name} has the classes {', '.join(missing)}, which the recogniser does not know "
            f"({', '.join(classes)}); evaluate it on data of its own classes"
        )
    return np.array([classes.index(name) for name in dataset.classes], dtype=np.int64)
