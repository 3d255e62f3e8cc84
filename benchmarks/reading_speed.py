"""Reading speed of a shipped model: glifo, ONNX Runtime, PyTorch, Keras, int8, OpenVINO, Tesseract and RapidOCR in one run.

    python benchmarks/reading_speed.py                          # latin62, about fifteen minutes on a quiet machine
    python benchmarks/reading_speed.py --model latin62-fast
    python benchmarks/reading_speed.py --quick                  # does every path work? prints; times mean nothing

Writes benchmarks/results/reading_speed.json (reading_speed-MODEL.json for another model than latin62). Every method runs
in a process of its own; they take turns round by round; medians with the smallest and largest of the rounds, and ratios
within each round. glyphs/s: batches of 512 on all cores. Latency: one glyph, already canonical. glifo starts at bytes and
ends at calibrated probabilities, the other networks start at prepared numbers and end at logits. Those that compute in
fp32 must give the graph's own logits, else the run stops.

Accuracy is that on the validation rows of the model's own recipe and seed, less the rows that int8 was calibrated on;
needs its data under GLIFO_DATA. The sealed test is not read. Tesseract (a program) and RapidOCR read a sample of the same
glyphs as files, 64 px high, dark on white; an answer is its first character among the model's classes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from reading_figures import summed_up
from rivals import NETWORK_READERS, OPTIONS, PICTURE_READERS, LeftOutError, NetworkReader, quantise
from training_speed import peak

from glifo.bundle import Bundle
from glifo.data.dataset import open_data
from glifo.experiment.assemble import split_as_recipe, take, with_one_label
from glifo.experiment.network import rebuild
from glifo.files import write_json
from glifo.networks.summary import summarize
from glifo.recipes import Recipe
from glifo.recognizer import load
from glifo.runs import describe_environment, version_of

RESULTS = Path(__file__).parent / "results"
BATCH, WARM_UP, SAMPLE_SEED, NUM_CALIBRATION = 512, 5, 0, 1024
SIDE_PX, MARGIN_PX = 64, 8
RIVALS = ("keras", "tensorflow", "openvino", "rapidocr-onnxruntime", "onnx")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is measured: rounds, batches and single calls of a round, pictures for the OCR programs, rows judged."""

    rounds: int
    batches: int
    calls: int
    pictures: int
    rows: int | None


FULL = Plan(rounds=5, batches=40, calls=2000, pictures=200, rows=None)
QUICK = Plan(rounds=1, batches=2, calls=20, pictures=20, rows=1024)


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """Validation glyphs in random order: those that are judged with their labels, and those that int8 is calibrated on."""

    images: np.ndarray
    labels: np.ndarray
    calibration: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="latin62", help="a shipped model's name or a *.glifo file")
    parser.add_argument("--quick", action="store_true", help="tiny n, nothing is written")
    parser.add_argument("--one", nargs=2, metavar=("KIND", "NAME"), help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    plan, bundle = QUICK if arguments.quick else FULL, load(arguments.model).bundle
    if arguments.one:
        print(json.dumps(measured_here(arguments.one, bundle, plan, arguments.work)))
        return
    if "OMP_NUM_THREADS" in os.environ and not arguments.quick:
        raise SystemExit("OMP_NUM_THREADS is set, and all cores are to be measured; unset it")
    rows = validation_rows(bundle, plan)
    with tempfile.TemporaryDirectory() as folder:
        lay_out(Path(folder), bundle, rows, plan)
        worker = [sys.executable, __file__, "--model", arguments.model, "--work", folder]
        rounds = [one_round([*worker, *["--quick"] * arguments.quick]) for _ in range(plan.rounds)]
        logits = {path.stem: np.load(path) for path in Path(folder).glob("*.npy")}
    name = Path(arguments.model).stem
    result = head(bundle, plan, rows, name)
    result |= summed_up(bundle.classes, rows.labels, rounds, logits, result["model"]["flops"])
    print(json.dumps({part: result[part] for part in ("networks", "pictures")}, indent=1))
    if not arguments.quick:
        write_json(RESULTS / ("reading_speed.json" if name == "latin62" else f"reading_speed-{name}.json"), result)


def validation_rows(bundle: Bundle, plan: Plan) -> Rows:
    """The validation rows of the model's training; ValueError where the data is not what it was trained on."""
    recipe, environment = Recipe.from_dict(bundle.facts["recipe"]), bundle.facts["environment"]
    dataset = open_data(recipe.data)
    splits = split_as_recipe(dataset, recipe, environment["seed"])
    if (dataset.identity, splits.fingerprint) != (
        environment["data"]["identity"],
        environment["splits"]["fingerprint"],
    ):
        raise ValueError(
            f"{recipe.data} is not the data that the model was trained on; its validation rows are unknown"
        )
    rows = np.random.default_rng(SAMPLE_SEED).permutation(with_one_label(dataset, splits.validation))
    calibration, judged = rows[:NUM_CALIBRATION], rows[NUM_CALIBRATION:][: plan.rows]
    numbers = np.array([bundle.classes.index(name) for name in dataset.classes])
    return Rows(
        images=take(dataset.images, judged),
        labels=numbers[dataset.labels[judged]],
        calibration=take(dataset.images, calibration),
    )


def lay_out(work: Path, bundle: Bundle, rows: Rows, plan: Plan) -> None:
    """What the measuring processes need, as files: glyphs, pictures and the int8 graph."""
    np.savez(work / "glyphs.npz", images=rows.images)
    for number, glyph in enumerate(rows.images[: plan.pictures]):
        cv2.imwrite(str(work / f"{number:05d}.png"), as_picture(glyph))
    quantise(bundle, rows.calibration, work / "int8.onnx")


def as_picture(glyph: np.ndarray) -> np.ndarray:
    """A canonical glyph as a person would photograph it: dark on white, 64 px high with a margin of 8."""
    inner, margin = SIDE_PX - 2 * MARGIN_PX, MARGIN_PX
    large = cv2.resize(255 - glyph, (inner, inner), interpolation=cv2.INTER_CUBIC)
    return cv2.copyMakeBorder(large, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=255)


def one_round(worker: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Every measurement once, each in a fresh process."""
    kinds = {"peak": ("bf16", "fp32"), "network": NETWORK_READERS, "pictures": PICTURE_READERS}
    return {kind: {name: measured(worker, kind, name) for name in names} for kind, names in kinds.items()}


def measured(worker: Sequence[str], kind: str, name: str) -> dict[str, Any]:
    done = subprocess.run([*worker, "--one", kind, name], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{kind} {name} failed:\n{done.stderr[-2000:]}")
    sys.stderr.write(f"{kind} {name}: done\n")
    return json.loads(done.stdout.splitlines()[-1])


def measured_here(one: Sequence[str], bundle: Bundle, plan: Plan, work: Path) -> dict[str, Any]:
    """A measurement in this process; {"left_out": why} where the method cannot run."""
    kind, name = one
    measures: dict[str, Callable[[], dict[str, Any]]] = {
        "peak": lambda: {"gflops": peak(name)},
        "network": lambda: network_figures(name, NETWORK_READERS[name](bundle, work / "int8.onnx"), plan, work),
        "pictures": lambda: picture_figures(PICTURE_READERS[name](bundle), sorted(work.glob("*.png"))),
    }
    try:
        return measures[kind]()
    except LeftOutError as reason:
        return {"left_out": str(reason)}


def network_figures(name: str, reader: NetworkReader, plan: Plan, work: Path) -> dict[str, Any]:
    """Speed and latency; the first round keeps the logits of all rows as well."""
    glyphs = np.load(work / "glyphs.npz")["images"]
    batch, one = reader.prepare(glyphs[:BATCH]), reader.prepare(glyphs[:1])
    batch_s = seconds(partial(reader.run, batch), plan.batches)
    one_s = seconds(partial(reader.run, one), plan.calls)
    if not (work / f"{name}.npy").exists():
        starts = range(0, len(glyphs), BATCH)
        logits = [np.array(reader.run(reader.prepare(glyphs[start : start + BATCH]))) for start in starts]
        np.save(work / f"{name}.npy", np.concatenate(logits))
    p50, p99 = np.percentile(one_s, [50, 99]) * 1000
    return {"glyphs_per_s": BATCH / statistics.median(batch_s), "p50_ms": float(p50), "p99_ms": float(p99)}


def picture_figures(read: Callable[[Sequence[Path]], list[str]], paths: Sequence[Path]) -> dict[str, Any]:
    read(paths[:2])
    start = time.perf_counter()
    answers = read(paths)
    return {"s_per_picture": (time.perf_counter() - start) / len(paths), "answers": answers}


def seconds(run: Callable[[], object], num: int) -> list[float]:
    """The seconds of each of `num` calls, after a warm-up."""
    for _ in range(WARM_UP):
        run()
    times = [time.perf_counter()]
    for _ in range(num):
        run()
        times.append(time.perf_counter())
    return np.diff(times).tolist()


def head(bundle: Bundle, plan: Plan, rows: Rows, model: str) -> dict[str, Any]:
    """What was measured, on what, how often."""
    environment, frame = describe_environment(0), bundle.preparation.frame
    summary = summarize(rebuild(bundle), (frame.channels, frame.height, frame.width))
    rivals = {name: version_of(name) for name in RIVALS} | {"tesseract": tesseract_version()}
    return {
        "format_version": 1,
        "command": f"python benchmarks/reading_speed.py --model {model}",
        "what": "reading speed on all cores: glyphs per second in batches of 512, milliseconds for one glyph, seconds per "
        "picture, GFLOP/s of matrix products; accuracy on validation rows",
        "hardware": environment["hardware"],
        "versions": environment["versions"] | rivals,
        "commit": environment["commit"],
        "model": {
            "name": model,
            "network": bundle.facts["recipe"]["network"],
            "onnx_sha256": hashlib.sha256(bundle.onnx).hexdigest(),
            "num_parameters": summary.num_parameters,
            "flops": summary.flops,
        },
        "plan": asdict(plan) | {"batch": BATCH},
        "options": OPTIONS,
        "n": {"validation": len(rows.labels), "calibration": len(rows.calibration), "pictures": plan.pictures},
    }


def tesseract_version() -> str:
    try:
        done = subprocess.run(["tesseract", "--version"], capture_output=True, text=True, check=True)
    except OSError:
        return "not installed"
    return done.stdout.split()[1]


if __name__ == "__main__":
    main()
