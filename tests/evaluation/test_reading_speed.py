"""The reading-speed benchmark's figures, against hand-computed rounds; nothing is timed."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

CLASSES = ("0", "O", "o", "C", "c", "a", "A")
MERGE = np.array([0, 1, 1, 3, 3, 5, 6])  # ByMerge has one class for O and o, and for C and c; a and A stay apart


@pytest.fixture(scope="module", autouse=True)
def _benchmarks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
        yield


@pytest.fixture(scope="module")
def figures(_benchmarks: None) -> ModuleType:
    return import_module("reading_figures")


def network(speed: float, p50: float) -> dict[str, float]:
    return {"glyphs_per_s": speed, "p50_ms": p50, "p99_ms": 2 * p50}


def a_round(onnx: float, int8: float, peak: float, seconds: float) -> dict[str, Any]:
    return {
        "peak": {"fp32": {"gflops": peak}, "bf16": {"gflops": 2 * peak}},
        "network": {
            "onnxruntime": network(onnx, 0.2),
            "onnxruntime_int8": network(int8, 0.1),
            "torch": network(onnx / 2, 0.4),
            "keras": {"left_out": "not installed"},
        },
        "pictures": {
            "glifo": {"s_per_picture": seconds, "answers": ["0", "o", "c"]},
            "tesseract": {"s_per_picture": 40 * seconds, "answers": ["O|", "", "C"]},
            "rapidocr": {"left_out": "not installed"},
        },
    }


ROUNDS = [a_round(1000, 1500, 100, 0.001), a_round(500, 1000, 80, 0.002), a_round(2000, 2200, 100, 0.001)]
LABELS = np.array([0, 2, 4, 5])
LOGITS = 4 * np.eye(7)[[0, 1, 4, 6]]  # 0 right, o read as O, c right, a read as A


def summed_up(figures: ModuleType, **others: np.ndarray) -> dict[str, Any]:
    logits = {"onnxruntime": LOGITS, "torch": LOGITS, "onnxruntime_int8": LOGITS} | others
    return figures.summed_up(CLASSES, LABELS, ROUNDS, logits, flops=10_000_000)


def test_ratios_are_taken_within_each_round(figures: ModuleType) -> None:
    networks = summed_up(figures)["networks"]
    assert networks["onnxruntime_int8"]["over_onnxruntime"] == pytest.approx({"median": 1.5, "min": 1.1, "max": 2})
    assert networks["torch"]["over_onnxruntime"] == {"median": 0.5, "min": 0.5, "max": 0.5}
    assert networks["onnxruntime"]["glyphs_per_s"] == {"median": 1000, "min": 500, "max": 2000}
    assert networks["onnxruntime"]["p99_ms"]["median"] == 0.4
    shares = networks["onnxruntime"]["share_of_fp32_peak"]  # 10, 5 and 20 GFLOP/s of 100, 80 and 100
    assert shares == pytest.approx({"median": 0.1, "min": 0.0625, "max": 0.2})


def test_what_is_not_installed_keeps_its_reason(figures: ModuleType) -> None:
    result = summed_up(figures)
    assert result["networks"]["keras"] == result["pictures"]["rapidocr"] == {"left_out": "not installed"}


def test_accuracy_stands_beside_that_of_the_bare_session(figures: ModuleType) -> None:
    networks = summed_up(figures, onnxruntime_int8=4 * np.eye(7)[[0, 2, 4, 6]])["networks"]
    assert networks["onnxruntime"]["accuracy"]["value"] == 0.5
    assert networks["onnxruntime"]["accuracy_case_merged"]["value"] == 0.75
    assert networks["onnxruntime_int8"]["accuracy"]["value"] == 0.75
    assert networks["onnxruntime_int8"]["answers_unlike_onnxruntime"] == 1


def test_a_path_is_kept_when_it_is_faster_in_every_round_and_loses_less_than_a_tenth_of_a_point(
    figures: ModuleType,
) -> None:
    assert figures.worth_keeping(1.01, 0.0009)
    assert figures.worth_keeping(1.01, -0.01)
    assert not figures.worth_keeping(1.0, 0.0)
    assert not figures.worth_keeping(1.5, 0.001)
    assert summed_up(figures)["networks"]["onnxruntime_int8"]["kept"] is True
    worse = 4 * np.eye(7)[[0, 1, 3, 6]]
    assert summed_up(figures, onnxruntime_int8=worse)["networks"]["onnxruntime_int8"]["kept"] is False
    assert "kept" not in summed_up(figures)["networks"]["torch"]


def test_a_network_with_other_logits_is_refused(figures: ModuleType) -> None:
    with pytest.raises(ValueError, match="differ from the network's"):
        summed_up(figures, torch=LOGITS + 0.1)


def test_programs_are_judged_by_their_first_known_character(figures: ModuleType) -> None:
    pictures = summed_up(figures)["pictures"]
    assert pictures["glifo"]["accuracy"]["value"] == 1
    tesseract = pictures["tesseract"]  # 0 read as O, o not read, c read as C
    assert (tesseract["accuracy"]["value"], tesseract["accuracy"]["n"], tesseract["unanswered"]) == (0, 3, 1)
    assert tesseract["accuracy_case_merged"]["value"] == pytest.approx(1 / 3)
    assert tesseract["time_over_glifo"]["median"] == pytest.approx(40)
    assert [figures.class_of(text, CLASSES) for text in ("a", "|oA", "。", "")] == [5, 2, -1, -1]


def test_no_answer_is_wrong_even_where_the_last_class_is_right(figures: ModuleType) -> None:
    judged = figures.judge(np.array([-1, 6, 1]), np.array([6, 6, 2]), MERGE)
    assert judged["accuracy"]["value"] == pytest.approx(1 / 3)
    assert judged["accuracy_case_merged"]["value"] == pytest.approx(2 / 3)


def test_tesseracts_pages_have_form_feeds_between_or_behind_them(_benchmarks: None) -> None:
    pages_of = import_module("rivals").pages_of
    assert pages_of("a\n\f\fc\n", 3) == pages_of("a\n\f\fc\n\f", 3) == ["a", "", "c"]
    with pytest.raises(ValueError, match="gave 3 answers for 5 pictures"):
        pages_of("a\n\f\fc\n", 5)


def test_a_picture_is_dark_on_white_with_a_margin(_benchmarks: None) -> None:
    glyph = np.zeros((28, 28), np.uint8)
    glyph[2:26, 12:16] = 255
    picture = import_module("reading_speed").as_picture(glyph)
    assert picture.shape == (64, 64)
    assert picture.dtype == np.uint8
    rim = np.ones((64, 64), bool)
    rim[8:-8, 8:-8] = False
    assert (picture[rim] == 255).all()
    dark = np.argwhere(picture < 128)  # 24 by 4 pixels of 28, at 48 / 28
    assert dark.min(axis=0).tolist() == pytest.approx([8 + 2 * 48 / 28, 8 + 12 * 48 / 28], abs=1)
    assert dark.max(axis=0).tolist() == pytest.approx([8 + 26 * 48 / 28 - 1, 8 + 16 * 48 / 28 - 1], abs=1)
