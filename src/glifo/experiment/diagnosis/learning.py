"""Checks of what was learnt: answers that collapsed onto few classes, and the curves of the training."""

from __future__ import annotations

from glifo.evaluation.gaps import Collapse, find_collapse, read_curves
from glifo.evaluation.metrics import wilson
from glifo.experiment.diagnosis.findings import MIN_POINTS, Finding, Passed
from glifo.experiment.diagnosis.mending import Examined
from glifo.experiment.diagnosis.second_reader import second_accuracy

CONSTANT = 0.9  # of all answers
MIN_LOST = 0.02  # share of rows whose class is never answered
MIN_GAP = 0.03
MIN_BEHIND = 0.05  # accuracy that the nearest training pictures read more
LAST_FALL = 0.01  # accuracy of the last epoch over the one before


def check_answers_vary(seen: Examined) -> Finding | Passed:
    """Does the recogniser answer with all classes, and with numbers?"""
    found = find_collapse(seen.mended.rows.labels, seen.mended.predictions, seen.mended.finite, seen.case.num_classes)
    classes = seen.case.bundle.classes
    if found.not_finite > 0:
        return collapsed(seen, found, "The network answers with what are no numbers (NaN or infinity)")
    if found.answered >= CONSTANT and found.answered > 2 * found.true:
        return collapsed(seen, found, f"The recogniser answers {classes[found.favourite]!r} whatever it is shown")
    if found.lost >= MIN_LOST:
        return collapsed(seen, found, f"{len(found.never)} of {len(classes)} classes are never answered")
    return Passed(
        name="answers",
        saw=f"every class but {len(found.never)} is answered; the commonest answer, {classes[found.favourite]!r}, makes "
        f"{found.answered:.1%}",
    )


def collapsed(seen: Examined, found: Collapse, title: str) -> Finding:
    classes = seen.case.bundle.classes
    best = max(
        second_accuracy(seen), 0.0 if seen.case.served_row is None else seen.case.served_row["validation_accuracy"]
    )
    is_constant = found.not_finite > 0 or found.answered >= CONSTANT
    never = ", ".join(classes[number] for number in found.never[:12])
    return Finding(
        name="constant-predictor",
        title=title,
        points=100 * (max(0.0, best - seen.mended.accuracy) if is_constant else found.lost),
        measured=False,
        symptom=True,
        evidence=(
            f"{classes[found.favourite]!r} makes {found.answered:.1%} of the answers and {found.true:.1%} of the rows",
            *([f"never answered: {never}"] if never else []),
            *([f"{found.not_finite:.1%} of the rows are answered with no numbers"] if found.not_finite else []),
        ),
        advice=(
            "Look for dead units or a rate too high (`glifo lr-find`), and for NaN in the loss.",
            "Check the class shares of the training rows.",
        ),
        numbers={"answered": found.answered, "never": [classes[number] for number in found.never]},
    )


def check_overfitting(seen: Examined) -> Finding | Passed:
    """Does the network know its training rows better than others, by the rows themselves or by the curves?"""
    curves, row = read_curves(seen.case.history), seen.case.served_row
    if curves is None or row is None:
        return Passed(name="overfitting", saw="too few epochs to read curves", skipped=True)
    told = (
        f"in the served epoch {row['epoch']:.0f} training accuracy is {row['accuracy']:.2%} and validation accuracy "
        f"{row['validation_accuracy']:.2%}"
    )
    by_rows, sure = gap_of_rows(seen)
    rises = curves.overfits and row["epoch"] > curves.lowest_epoch
    gap = max(by_rows, row["accuracy"] - row["validation_accuracy"] if rises else 0.0)
    if gap < MIN_GAP or not (rises or sure):
        return Passed(name="overfitting", saw=told)
    rose = (
        f"validation loss was lowest in epoch {curves.lowest_epoch} and has risen by {curves.rise - 1:.0%} since, while the "
        f"training loss fell; {'a later' if rises else 'the best'} epoch is served"
    )
    return Finding(
        name="overfitting",
        title="The network overfits: it knows its training rows better than new ones",
        points=100 * gap,
        measured=True,
        evidence=(
            told,
            *(
                [f"as served (and mended) it reads {100 * by_rows:.1f} points more of the training rows"]
                if sure
                else []
            ),
            *([rose] if curves.overfits else []),
        ),
        advice=(
            *(["Serve the best epoch (keep_best) or stop early (patience)."] if rises else []),
            "Augment, add dropout or weight decay, train on more rows or with a smaller network.",
        ),
        numbers={"gap": gap, "rise": curves.rise, "lowest_epoch": curves.lowest_epoch},
    )


def gap_of_rows(seen: Examined) -> tuple[float, bool]:
    """By how much training rows are read better than validation rows, mended, and whether the intervals lie apart.

    Nothing when other rows are judged.
    """
    if seen.case.judged is not seen.case.validation:
        return 0.0, False
    known, new = (wilson(int(each.right.sum()), len(each.rows)) for each in (seen.reference_mended, seen.mended))
    return known.value - new.value, known.low - new.high >= MIN_GAP


def check_underfitting(seen: Examined) -> Finding | Passed:
    """Is there more to learn than the network has learnt?"""
    curves, row = read_curves(seen.case.history), seen.case.served_row
    if curves is None or row is None:
        return Passed(name="underfitting", saw="too few epochs to read curves", skipped=True)
    reader, last = second_accuracy(seen), seen.case.history[-1]
    behind = reader - max(seen.mended.accuracy, row["validation_accuracy"])
    before = seen.case.history[-2]
    gain = min(last["validation_accuracy"] - before["validation_accuracy"], last["accuracy"] - before["accuracy"])
    grows = curves.still_falling and gain >= LAST_FALL and row["epoch"] == last["epoch"]
    told = f"training accuracy is {row['accuracy']:.2%}; the nearest training pictures read {reader:.2%} of the judged rows"
    points = 100 * max(behind, gain if grows else 0.0)
    if points < MIN_POINTS or not (behind >= MIN_BEHIND or grows):
        return Passed(name="underfitting", saw=told)
    return Finding(
        name="underfitting",
        title="The network underfits: it has not learnt what there is to learn",
        points=points,
        measured=False,
        symptom=True,
        evidence=(
            told,
            *([f"both losses were still falling; the last epoch gave {100 * gain:.1f} points"] if grows else []),
            *(["the training loss hardly moved over the whole run"] if curves.flat else []),
        ),
        advice=(
            "Train longer or at a higher rate (`glifo lr-find`).",
            "Take a larger network, or less dropout, weight decay or augmentation.",
        ),
        numbers={"behind_nearest": behind, "last_gain": gain, "still_falling": curves.still_falling},
    )


def check_served_as_validated(seen: Examined) -> Finding | Passed:
    """Does the bundle read validation rows as the training said, once what was found is mended?"""
    row = seen.case.served_row
    if row is None:
        return Passed(name="served-as-validated", saw="the run has no history of the served epoch", skipped=True)
    lost = row["validation_accuracy"] - seen.validation.accuracy
    explained = seen.mended.accuracy - seen.served.accuracy
    told = (
        f"validation accuracy {row['validation_accuracy']:.2%} in epoch {row['epoch']:.0f}, {seen.validation.accuracy:.2%} "
        f"as served on {len(seen.validation.rows):,} of the same rows"
    )
    if lost < MIN_GAP:
        return Passed(name="served-as-validated", saw=told)
    if explained > lost / 2:
        return Passed(name="served-as-validated", saw=f"{told}; the repairs found give {explained:.2%} back")
    return Finding(
        name="served-unlike-validated",
        title="The bundle reads validation rows worse than the training did",
        points=100 * lost,
        measured=True,
        symptom=True,
        evidence=(told, "no repair that was tried explains it"),
        advice=("Compare one picture's input and logits between training and serving, step by step.",),
        numbers={"lost": lost},
    )
