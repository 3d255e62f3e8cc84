"""Checks of the judged rows against the reference: class shares, pictures, repeats, labels.

All look at the answers as mended, so that a fault of serving is not told a second time.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from jaxtyping import Int

from glifo.data.splits import find_repeats
from glifo.evaluation.calibration import softmax
from glifo.evaluation.gaps import GapParts, split_gap
from glifo.evaluation.labels import Suspect, find_suspects, split_look_alikes
from glifo.evaluation.shift import adapt_priors, classifier_two_sample, compare_shares, kernel_two_sample
from glifo.experiment.diagnosis.findings import MIN_POINTS, Finding, Passed, in_words
from glifo.experiment.diagnosis.mending import Answers, Examined
from glifo.experiment.diagnosis.second_reader import flat, neighbour_readings, second_readings

RARE = 0.001  # p-values below it do not come by chance
MIN_DISTANCE = 0.1  # of class shares, total variation
MIN_SHARE_REPEATED = 0.01
MIN_SHARE_DOUBTED = 0.03
MIN_TESTED = 40
MAX_TESTED = 1000


def gap_parts(seen: Examined) -> GapParts:
    """The gap between the reference and the mended rows, split into class shares and the rest."""
    a, b = seen.reference_mended, seen.mended
    return split_gap(a.rows.labels, a.right, b.rows.labels, b.right, seen.case.num_classes)


def counts(answers: Answers, num_classes: int) -> Int[np.ndarray, " classes"]:
    return np.bincount(answers.rows.labels, minlength=num_classes)


def check_priors(seen: Examined) -> Finding | Passed:
    """Do the class shares differ, and does that cost accuracy?"""
    case, parts = seen.case, gap_parts(seen)
    known, judged = (counts(each, case.num_classes) for each in (seen.reference_mended, seen.mended))
    shift = compare_shares(known, judged)
    told = (
        f"class shares differ by {shift.distance:.0%} of the rows (chi-square {shift.chi_square:,.0f}, p "
        f"{in_words(shift.p_value)}, Cramér's V {shift.effect:.2f})"
    )
    if shift.p_value > RARE or shift.distance < MIN_DISTANCE:
        return Passed(name="class-shares", saw=told)
    recovered = reweighted_gain(seen)
    lost = max(100 * parts.priors, 100 * recovered)
    if lost < MIN_POINTS:
        return Passed(name="class-shares", saw=f"{told}; that costs no accuracy")
    return Finding(
        name="prior-shift",
        title="The class shares differ: the judged rows have more of the classes that are read worse",
        points=lost,
        measured=False,
        evidence=(
            told,
            f"the reference's recalls under the judged shares give {seen.reference_mended.accuracy - parts.priors:.2%} "
            f"instead of {seen.reference_mended.accuracy:.2%}",
            f"re-weighting the answers by shares estimated without labels (expectation maximisation) gives "
            f"{100 * recovered:+.1f} points, measured",
        ),
        advice=(
            *(["Re-weight the answers by the class shares of where it will be used."] if recovered > 0 else []),
            "Train with those shares, or report balanced accuracy beside accuracy.",
        ),
        numbers=shift.to_dict() | {"expected_loss": parts.priors, "reweighted_gain": recovered},
    )


def reweighted_gain(seen: Examined) -> float:
    """How much accuracy the answers gain when their class shares are estimated and put right, 0..1."""
    if not seen.mended.finite.all():
        return 0.0
    trained = np.bincount(seen.case.assembly.train_labels, minlength=seen.case.num_classes)
    renumbered = seen.step("relabelled")
    if renumbered is not None and renumbered.after.relabelling is not None:
        trained = trained[list(renumbered.after.relabelling.mapping)]  # as the columns of the mended answers
    probabilities = seen.mended.probabilities(seen.case.bundle.temperature)
    adapted = adapt_priors(probabilities, trained / trained.sum()).probabilities
    return float((adapted.argmax(axis=1) == seen.mended.rows.labels).mean() - seen.mended.accuracy)


def check_pictures(seen: Examined) -> Finding | Passed:
    """Do the pictures of the same classes look different (covariate shift)?"""
    first, second = same_classes(seen)
    if len(first) < MIN_TESTED:
        return Passed(name="pictures", saw=f"{len(first)} rows of common classes are too few to test", skipped=True)
    a, b = flat(seen.reference_mended.images[first]), flat(seen.mended.images[second])
    forest, kernel = classifier_two_sample(a, b), kernel_two_sample(a, b)
    told = (
        f"a classifier tells the two sets apart in {forest.statistic:.1%} of held-out rows, class by class (chance 50%, "
        f"p {in_words(forest.p_value)}); kernel discrepancy {kernel.statistic:.2g} (permutation p = {kernel.p_value:.2g})"
    )
    lost = 100 * (gap_parts(seen).within - share_of_wrong_labels(seen))
    if forest.p_value > RARE:
        return Passed(name="pictures", saw=told)
    if lost < MIN_POINTS:
        return Passed(name="pictures", saw=f"{told}; the sets differ, and that costs no accuracy")
    return Finding(
        name="covariate-shift",
        title="The pictures differ from those of the reference (covariate shift)",
        points=lost,
        measured=False,
        evidence=(
            told,
            f"accuracy is {lost:.1f} points lower than on the reference, class shares and doubted labels taken out",
        ),
        advice=(
            "Look at pictures of both sets side by side: pen, blur, noise, size, position.",
            "Augment the training accordingly, or add pictures of this source to it.",
        ),
        numbers={"classifier": forest.to_dict(), "kernel": kernel.to_dict(), "within_classes": lost / 100},
    )


@lru_cache(maxsize=2)
def same_classes(seen: Examined) -> tuple[Int[np.ndarray, " n"], Int[np.ndarray, " n"]]:
    """Rows of both sets with as many of each class: pictures are compared, not class shares."""
    rng = np.random.default_rng(0)
    chosen: list[list[np.ndarray]] = [[], []]
    for number in range(seen.case.num_classes):
        rows = [np.flatnonzero(each.rows.labels == number) for each in (seen.reference_mended, seen.mended)]
        num = min(map(len, rows))
        for kept, own in zip(chosen, rows, strict=True):
            kept.append(rng.choice(own, num, replace=False))
    first, second = (np.concatenate(kept) for kept in chosen)
    some = rng.permutation(len(first))[:MAX_TESTED]
    return first[some], second[some]


def check_repeats(seen: Examined) -> Finding | Passed:
    """Do judged pictures stand among the training rows, pixel by pixel?"""
    trained, judged = seen.case.assembly.train_images, seen.mended.rows
    images = judged.images if judged.plain is None else judged.plain
    if trained.shape[1:] != images.shape[1:]:
        return Passed(name="repeats", saw="the pictures have another size than the training's, none can repeat one")
    together = np.concatenate([trained, images])
    pairs = find_repeats(together, np.arange(len(trained)), np.arange(len(trained), len(together))).pairs
    repeated = np.isin(np.arange(len(images)), pairs[:, 1] - len(trained))
    share = float(repeated.mean())
    told = f"{repeated.sum():,} of {len(images):,} judged rows ({share:.1%}) repeat a training row to the pixel"
    if share < MIN_SHARE_REPEATED:
        return Passed(name="repeats", saw=told)
    right = seen.mended.right
    without = float(right[~repeated].mean()) if not repeated.all() else None
    inflated = 0.0 if without is None else max(0.0, float(right.mean()) - without)
    return Finding(
        name="repeats",
        title="Judged rows repeat training rows, so their accuracy is too good",
        points=100 * inflated,
        measured=True,
        evidence=(
            told,
            "no judged row is left without them"
            if without is None
            else f"accuracy is {without:.2%} without them, {right.mean():.2%} with them and "
            f"{right[repeated].mean():.2%} on them alone",
        ),
        advice=("Take the repeats out of one side and judge again.",),
        numbers={"repeats": int(repeated.sum()), "accuracy_without": without},
    )


@lru_cache(maxsize=2)
def doubted(seen: Examined) -> tuple[Suspect, ...]:
    """Judged rows whose label both the network and the nearest training pictures doubt, surest first.

    Suspects between look-alike shapes are left out, and those whose label their neighbours among the judged rows share:
    other pictures than the training's are misread without being mislabelled. Row numbers are places among the judged rows.
    """
    if not seen.mended.finite.all():
        return ()
    probabilities = softmax(seen.mended.logits.astype(np.float64), max(1.0, seen.case.bundle.temperature))
    suspects = split_look_alikes(find_suspects(probabilities, seen.mended.rows.labels), seen.case.bundle.classes)[1]
    other, neighbours = second_readings(seen), neighbour_readings(seen)
    return tuple(each for each in suspects if other[each.row] == each.suggestion and neighbours[each.row] != each.label)


def share_of_wrong_labels(seen: Examined) -> float:
    """The share of labels that are doubted, 0 where they are too few for a finding."""
    share = len(doubted(seen)) / len(seen.mended.rows)
    return share if share >= MIN_SHARE_DOUBTED else 0.0


def suspects_of(seen: Examined) -> tuple[Suspect, ...]:
    """The doubted rows with their row numbers in the data set."""
    return tuple(replace(each, row=int(seen.mended.rows.numbers[each.row])) for each in doubted(seen))


def check_label_noise(seen: Examined) -> Finding | Passed:
    """Are labels of the judged rows wrong (confident learning, confirmed by the second reader)?"""
    found, n = doubted(seen), len(seen.mended.rows)
    share = len(found) / n
    told = (
        f"{len(found):,} of {n:,} labels ({share:.1%}) are doubted by the network (confident learning) and by the nearest "
        "training pictures alike"
    )
    if share < MIN_SHARE_DOUBTED:
        return Passed(name="label-noise", saw=told)
    return Finding(
        name="label-noise",
        title="Labels of the judged rows are wrong",
        points=100 * share,
        measured=False,
        evidence=(told, "look-alike shapes (0 and O) are left out of the count"),
        advice=(
            "Look at the suspects on the page (--html) and correct those that are wrong.",
            "`glifo audit` looks at a whole data set, out of fold.",
        ),
        numbers={"suspects": len(found), "share": share},
    )
