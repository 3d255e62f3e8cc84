"""Checks of the recogniser as it is served: preparation, weights, BatchNorm statistics, class numbers.

What `mending` measured is put into words here, with the numbers that say which fault it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from glifo.evaluation.gaps import read_curves
from glifo.experiment.diagnosis.case import Case, Weights
from glifo.experiment.diagnosis.findings import Finding, Passed, in_words
from glifo.experiment.diagnosis.mending import Examined, Step, fitted_preparation
from glifo.experiment.diagnosis.second_reader import second_accuracy
from glifo.images import Preparation

CLOSE = 1e-4  # relative: what a rate too low for float32 leaves of a weight
SCALES_APART = (
    50.0  # between the deviations of two preparations: no data set explains it, a second division by 255 does
)

PICTURES = {
    "plain": (
        "skew-frame",
        "The pictures are changed when they are brought into the recogniser's frame",
        "They read better as they are stored: give them in the recogniser's frame, or train on pictures like them.",
    ),
    "inverted": (
        "skew-polarity",
        "The pictures have the opposite polarity (dark ink on light ground)",
        "Invert the pictures (255 - pixel): the recogniser was trained on bright ink on black.",
    ),
    "transposed": (
        "skew-transposition",
        "The pictures are transposed (rows and columns exchanged)",
        "Transpose the pictures; EMNIST's official files store them transposed, most readers turn them.",
    ),
    "stretched": (
        "skew-scale",
        "The pictures were divided by 255 before they were stored",
        "Store pixels as 0 to 255; the preparation divides by 255 itself.",
    ),
}


def check_preparation(seen: Examined) -> Finding | Passed:
    """Is the bundle's preparation the one of the training, and is there none that reads better?"""
    step = seen.step("preparation", *PICTURES)
    if step is None:
        kept = "equals" if fitted_preparation(seen.case) == seen.case.bundle.preparation else "reads as well as"
        return Passed(
            name="preparation",
            saw=f"the bundle's preparation {kept} the one fitted anew on training rows, and no change of polarity, "
            "orientation or scale helps",
        )
    if step.name == "preparation":
        return preparation_finding(seen, step)
    name, title, advice = PICTURES[step.name]
    images = seen.served.images
    evidence = (gained(seen, step), f"their mean pixel is {images.mean():.1f} of 255 (training: {mean_pixel(seen)})")
    return from_step(name, title, step, evidence, (advice,))


def mean_pixel(seen: Examined) -> str:
    return f"{seen.case.training.images.mean():.1f}"


def preparation_finding(seen: Examined, step: Step) -> Finding:
    served, fitted = step.before.preparation, step.after.preparation
    name, title, advice = kind_of_skew(served, fitted)
    evidence = (
        gained(seen, step),
        f"served with mean {span(served.mean)} and deviation {span(served.std)}; fitted anew on training rows they are "
        f"{span(fitted.mean)} and {span(fitted.std)} (white is 1)",
        *served_unlike_validated(seen),
    )
    return from_step(name, title, step, evidence, (advice, "Train or export the bundle again and diagnose it."))


def kind_of_skew(served: Preparation, fitted: Preparation) -> tuple[str, str, str]:
    """Which preparation skew it is: name, title and advice."""
    ratio = float(np.mean(served.std)) / float(np.mean(fitted.std))
    if not 1 / SCALES_APART < ratio < SCALES_APART:
        times = "twice" if ratio > 1 else "never"
        return (
            "skew-scale",
            f"Serving divides pixels by 255 {times}, unlike the training",
            "Divide by 255 in one place only, the preparation that training and serving share.",
        )
    if not np.any(served.mean) and np.any(fitted.mean):
        return (
            "skew-mean",
            "Serving forgets the mean that training subtracts (train/serve skew)",
            "Serve with the preparation of the training: subtract its mean picture.",
        )
    return (
        "skew-preparation",
        "Serving prepares pictures unlike the training (train/serve skew)",
        "Serve with the mean and deviation fitted on the training rows.",
    )


def span(values: tuple[float, ...]) -> str:
    """Numbers in words: the one there is, or the range."""
    low, high = min(values), max(values)
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g} over {len(values)} pixels"


def served_unlike_validated(seen: Examined) -> tuple[str, ...]:
    """What the history says of the served epoch against what the bundle reads on validation rows today."""
    row = seen.case.served_row
    if row is None:
        return ()
    return (
        f"in epoch {row['epoch']:.0f} of the training validation accuracy was {row['validation_accuracy']:.2%}; the "
        f"bundle reads {seen.validation.accuracy:.2%} of {len(seen.validation.rows):,} of the same rows today",
    )


def gained(seen: Examined, step: Step) -> str:
    """What a repair gave on the judged rows."""
    told = f"mended, accuracy goes from {step.accuracy_before:.2%} to {step.accuracy_after:.2%}"
    partner = "" if step.partner is None else f", together with another repair ({step.partner})"
    return f"{told} on {len(seen.served.rows):,} rows{partner} (McNemar p {in_words(step.p_value)})"


def from_step(
    name: str, title: str, step: Step, evidence: tuple[str, ...], advice: tuple[str, ...], **numbers: Any
) -> Finding:
    return Finding(
        name=name,
        title=title,
        points=100 * step.gain,
        measured=True,
        evidence=evidence,
        advice=advice,
        numbers={"repair": step.name, "gain": step.gain, "p_value": step.p_value} | numbers,
    )


def check_weights(seen: Examined) -> Finding | Passed:
    """Are the weights served those that were trained, and did training move them?"""
    case, step = seen.case, seen.step("checkpoint", "weights")
    if case.fresh_network is None:
        return Passed(
            name="weights", saw="the network cannot be built again, its weights were not compared", skipped=True
        )
    unmoved = unmoved_tensors(case.fresh_network, case.bundle_weights)
    if step is not None:
        return unloaded(seen, step, all_unmoved=all(unmoved.values()))
    if all(unmoved.values()):
        return not_trained(
            seen, "weights-untrained", "The network is untrained: its weights are the fresh ones of its seed"
        )
    stuck = stuck_layers(case, unmoved)
    if stuck:
        return not_trained(seen, "weights-frozen", f"Layers did not learn: {', '.join(stuck)} kept their fresh weights")
    return Passed(
        name="weights",
        saw=f"all {len(unmoved)} weight tensors moved from the seed's fresh ones"
        if not any(unmoved.values())
        else f"{sum(unmoved.values())} of {len(unmoved)} weight tensors kept their start, as the recipe asks",
    )


def unmoved_tensors(fresh: nn.Module, weights: Weights) -> dict[str, bool]:
    """For each parameter whether it is what it was before the training."""
    return {
        name: name in weights and torch.allclose(weights[name], start.detach(), rtol=CLOSE, atol=CLOSE / 100)
        for name, start in fresh.named_parameters()
    }


def stuck_layers(case: Case, unmoved: dict[str, bool]) -> list[str]:
    """The layers of which no parameter moved though the recipe trains them, or though they hold random weights."""
    layers: dict[str, list[bool]] = {}
    for name, is_unmoved in unmoved.items():
        layers.setdefault(name.rpartition(".")[0], []).append(is_unmoved)
    stuck = [layer for layer, flags in layers.items() if all(flags)]
    head = list(layers)[-1]
    meant = case.recipe.train_part != "all" and case.recipe.start_from is not None
    return [layer for layer in stuck if layer == head or not meant]


def unloaded(seen: Examined, step: Step, *, all_unmoved: bool) -> Finding:
    """The weights served are not those that were trained."""
    where = "the training's checkpoint" if step.name == "checkpoint" else "the bundle's own weights file"
    fresh = (" The bundle's weights are the fresh random ones of the seed." if all_unmoved else "",)
    return from_step(
        "weights-untrained" if all_unmoved else "weights-unloaded",
        "The network served is untrained: the trained weights were never loaded into it"
        if all_unmoved
        else f"The network served has other weights than {where}",
        step,
        (f"read with the weights of {where}: {gained(seen, step)}.{fresh[0]}", *served_unlike_validated(seen)),
        ("Export the bundle again from the checkpoint, and compare one logit before and after.",),
    )


def not_trained(seen: Examined, name: str, title: str) -> Finding:
    """A network that did not learn: the points are what the training's own figures or a plain second reader reach."""
    row, reader = seen.case.served_row, second_accuracy(seen)
    remembered = 0.0 if row is None else row["validation_accuracy"]
    curves = read_curves(seen.case.history)
    flat = (f"the training loss stayed at {seen.case.history[-1]['loss']:.4f}, as of a network that ignores its input",)
    return Finding(
        name=name,
        title=title,
        points=100 * max(0.0, max(remembered, reader) - seen.served.accuracy),
        measured=False,
        evidence=(
            f"accuracy {seen.served.accuracy:.2%}, by guessing {1 / seen.case.num_classes:.2%}; nearest training pictures "
            f"read {reader:.2%} of the same rows",
            *(flat if curves is not None and curves.flat else ()),
            *served_unlike_validated(seen),
        ),
        advice=(
            "Check that the optimizer has all parameters, that none is frozen, and that the learning rate is not too low "
            "(`glifo lr-find`).",
            "Check that the trained weights are loaded before the export.",
        ),
    )


def check_batch_norm(seen: Examined) -> Finding | Passed:
    """Do the running statistics fit the training rows?"""
    if seen.case.refreshed is None:
        return Passed(
            name="batch-norm", saw="the network has no batch normalisation that can be taken anew", skipped=True
        )
    apart = statistics_apart(seen.case.bundle_weights, seen.case.refreshed.state_dict())
    told = (
        f"running means lie {apart['mean']:.2g} deviations from those of training batches in the median, variances are "
        f"{apart['variance']:.2g} times as large"
    )
    step = seen.step("batch_norm")
    if step is None:
        return Passed(name="batch-norm", saw=told)
    return from_step(
        "batch-norm",
        "BatchNorm serves with wrong running statistics",
        step,
        (gained(seen, step), told, *served_unlike_validated(seen)),
        (
            "Take the statistics anew over training batches (torch.optim.swa_utils.update_bn) and export again.",
            "Check the momentum, and that the statistics are saved and loaded with the weights.",
        ),
        **apart,
    )


def statistics_apart(served: Weights, refreshed: Weights) -> dict[str, float]:
    """The median distance of running means in deviations, and the median ratio of variances."""
    means, ratios = [], []
    for name, mean in refreshed.items():
        if name.endswith("running_mean"):
            other = name.replace("running_mean", "running_var")
            variance = refreshed[other].clamp_min(1e-12)
            means.append((served[name] - mean).abs() / variance.sqrt())
            ratios.append(served[other] / variance)
    return {"mean": float(torch.cat(means).median()), "variance": float(torch.cat(ratios).median())}


def check_labels(seen: Examined) -> Finding | Passed:
    """Are the classes numbered alike on both sides?"""
    step = seen.step("relabelled")
    if step is None:
        return Passed(name="class-numbers", saw="no permutation of the classes reads better")
    found, classes = step.after.relabelling, seen.case.bundle.classes
    assert found is not None
    pairs = ", ".join(f"{classes[true]} read as {classes[found.mapping[true]]}" for true in found.moved[:8])
    how = f"shifted by {found.shift:+d} (off by one)" if found.shift in (1, -1) else "permuted"
    return from_step(
        "labels-remapped",
        f"The class numbers are {how if found.shift in (1, -1) or found.shift is None else f'shifted by {found.shift:+d}'}",
        step,
        (gained(seen, step), f"{len(found.moved)} of {len(classes)} classes are moved: {pairs}"),
        ("Compare the order of the class names in the data with that of the recogniser; labels count from 0.",),
        mapping=list(found.mapping),
        shift=found.shift,
    )
