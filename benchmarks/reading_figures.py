"""The figures of reading_speed.py from what its rounds measured: medians, spreads, ratios within a round, accuracies.

Nothing is timed or run here. A round is {"peak" | "network" | "pictures": {method: its figures, or {"left_out": why}}}.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from glifo.data.published import BYMERGE
from glifo.evaluation.merging import fold_cases
from glifo.evaluation.metrics import wilson
from glifo.networks.to_onnx import check_parity

BASE, FASTER = "onnxruntime", ("torch_bf16", "onnxruntime_int8", "openvino", "openvino_bf16", "openvino_int8")
SAME_LOGITS = ("torch", "keras", "openvino")
LARGEST_DROP = 0.001


def summed_up(
    classes: tuple[str, ...],
    labels: np.ndarray,
    rounds: Sequence[dict[str, Any]],
    logits: dict[str, np.ndarray],
    flops: int,
) -> dict[str, Any]:
    """Medians, spreads and ratios of the rounds, with the accuracy of every method."""
    for name in set(SAME_LOGITS) & set(logits):
        check_parity(logits[name], logits[BASE])
    merge = fold_cases(classes, BYMERGE)
    answers = {name: each.argmax(axis=1) for name, each in logits.items()}
    judged = {name: judge(each, labels, merge) for name, each in answers.items()}
    measures, peaks, pictures = (by_method(rounds, kind) for kind in ("network", "peak", "pictures"))
    networks = {
        name: network_summary(name, measures, peaks["fp32"]["gflops"], flops) | accuracy_beside(name, judged, answers)
        if name in answers
        else each
        for name, each in measures.items()
    }
    for name in set(FASTER) & set(answers):
        drop = judged[BASE]["accuracy"]["value"] - judged[name]["accuracy"]["value"]
        networks[name]["kept"] = worth_keeping(networks[name]["over_onnxruntime"]["min"], drop)
    return {
        "peak_gflops": {name: spread(each["gflops"]) for name, each in peaks.items()},
        "networks": networks,
        "pictures": {name: picture_summary(name, pictures, classes, labels, merge) for name in pictures},
        "rounds": [{kind: each[kind] for kind in ("peak", "network")} for each in rounds],
    }


def network_summary(name: str, measures: dict[str, Any], peak_gflops: Sequence[float], flops: int) -> dict[str, Any]:
    """Speed and latency of a method, its speed by that of the bare session, and its share of the machine's peak."""
    speeds = measures[name]["glyphs_per_s"]
    more = {
        "over_onnxruntime": ratios(speeds, measures[BASE]["glyphs_per_s"]),
        "share_of_fp32_peak": ratios([flops * speed / 1e9 for speed in speeds], peak_gflops),
    }
    return {measure: spread(values) for measure, values in (measures[name] | more).items()}


def accuracy_beside(name: str, judged: dict[str, Any], answers: dict[str, np.ndarray]) -> dict[str, Any]:
    """A method's accuracy and how many of its answers are not those of the bare session."""
    return judged[name] | {"answers_unlike_onnxruntime": int(np.sum(answers[name] != answers[BASE]))}


def picture_summary(
    name: str, pictures: dict[str, Any], classes: tuple[str, ...], labels: np.ndarray, merge: np.ndarray
) -> dict[str, Any]:
    """Time and accuracy of a program on the pictures of glyphs."""
    if "left_out" in pictures[name]:
        return pictures[name]
    numbers = np.array([class_of(text, classes) for text in pictures[name]["answers"][0]])
    times = pictures[name]["s_per_picture"]
    return {
        "s_per_picture": spread(times),
        "time_over_glifo": spread(ratios(times, pictures["glifo"]["s_per_picture"])),
        "unanswered": int(np.sum(numbers < 0)),
    } | judge(numbers, labels[: len(numbers)], merge)


def by_method(rounds: Sequence[dict[str, Any]], kind: str) -> dict[str, Any]:
    """For each method its figures as lists over the rounds; one that was left out keeps the reason instead."""
    first = rounds[0][kind]
    return {
        name: figures if "left_out" in figures else {key: [each[kind][name][key] for each in rounds] for key in figures}
        for name, figures in first.items()
    }


def spread(values: Sequence[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def ratios(values: Sequence[float], others: Sequence[float]) -> list[float]:
    """One by the other within each round, so that a slow minute of the machine slows both."""
    return [value / other for value, other in zip(values, others, strict=True)]


def worth_keeping(smallest_ratio: float, drop: float) -> bool:
    """Whether a path is faster than the bare session in every round and loses less than 0.1 point of accuracy."""
    return smallest_ratio > 1 and drop < LARGEST_DROP


def class_of(text: str, classes: Sequence[str]) -> int:
    """The number of the first character that is a class, -1 for none.

    >>> class_of("|a.", ("a", "b"))
    0
    """
    return next((classes.index(character) for character in text if character in classes), -1)


def judge(answers: np.ndarray, labels: np.ndarray, merge: np.ndarray) -> dict[str, Any]:
    """Accuracy as it is and with ByMerge's letters of both cases counted as one; an answer of -1 is wrong."""
    answered = answers >= 0
    right = {"accuracy": answers == labels, "accuracy_case_merged": answered & (merge[answers] == merge[labels])}
    return {name: asdict(wilson(int(each.sum()), len(labels))) for name, each in right.items()}
