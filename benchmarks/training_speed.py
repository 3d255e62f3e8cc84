"""Training speed of net_1 at batch 128 on 28x28 pictures: glifo, plain PyTorch and Keras on TensorFlow, in one run.

    make bench                                   # installs .[bench] first
    python benchmarks/training_speed.py --rounds 7

Each rival trains in a process of its own, so that one's memory settings and threads do not touch another's; they take
turns round by round, and the medians and the round-by-round ratios are printed. The same run measures the machine's peak
in matrix products (bf16 and fp32, 2048x2048). Pictures are random; nothing depends on what they show.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

BATCH, STEPS, WARM_UP = 128, 60, 15
FLOPS_FORWARD = 32_566_784  # glifo networks show net_1 --shape 1x28x28 --classes 10
RESULT = Path(__file__).parent / "results" / "training_speed.json"


def pictures() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    num = BATCH * STEPS
    return rng.integers(0, 256, (num, 28, 28), dtype=np.uint8), rng.integers(0, 10, num)


def glifo_speed() -> float:
    """glifo's own loop on its own batches: bf16 or fp32 as its probe finds, channels-last, allocator setting."""
    from torch.nn.functional import cross_entropy

    from glifo.data.batches import Batches
    from glifo.networks import build
    from glifo.training.callbacks import Callback
    from glifo.training.engine import Engine
    from glifo.training.loop import fit
    from glifo.training.optimizers import make_optimizer
    from glifo.training.schedules import make_schedule
    from glifo.training.state import Fit

    images, labels = pictures()
    batches = Batches(images=images, labels=labels, normalise=lambda image: image, batch_size=BATCH)
    network = build("net_1", shape=(1, 28, 28), num_classes=10)
    times: list[float] = []

    class Clock(Callback):
        def after_step(self, run: Fit) -> None:
            times.append(time.perf_counter())

    run = Fit(
        network=network,
        optimizer=make_optimizer("adam", network, learning_rate=1e-3, weight_decay=0.0, options={}),
        loss=lambda logits, batch: cross_entropy(logits, batch.label),
        schedule=make_schedule("constant", {}),
        engine=Engine.start(network, next(batches(0)), device="cpu"),
        num_epochs=1,
    )
    fit(run, batches, len(batches), lambda network: {}, [Clock()])
    return speed(times)


def torch_speed() -> float:
    """A plain PyTorch loop with its defaults, as its tutorial has it: fp32, a DataLoader over a TensorDataset."""
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    images, labels = pictures()
    data = TensorDataset(torch.from_numpy(images)[:, None].float() / 255, torch.from_numpy(labels))
    network = nn.Sequential(
        *(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(12_544, 128), nn.ReLU(), nn.Linear(128, 10)),
    )
    optimizer, loss_function, times = torch.optim.Adam(network.parameters()), nn.CrossEntropyLoss(), []
    for image, label in DataLoader(data, batch_size=BATCH, shuffle=True):
        optimizer.zero_grad()
        loss_function(network(image), label).backward()
        optimizer.step()
        times.append(time.perf_counter())
    return speed(times)


def keras_speed() -> float:
    """Keras 3 on TensorFlow with its defaults: a compiled model and `fit`."""
    import keras
    from keras import layers

    images, labels = pictures()
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    times: list[float] = []

    class Clock(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
            times.append(time.perf_counter())

    model.fit(images[..., None].astype("float32") / 255, labels, batch_size=BATCH, verbose=0, callbacks=[Clock()])
    return speed(times)


def speed(times: list[float]) -> float:
    """Pictures per second: the median over the steps after the warm-up."""
    return BATCH / statistics.median(np.diff(times[WARM_UP:]))


def peak(precision: str, side: int = 2048) -> float:
    """GFLOP/s of a square matrix product in torch, median of ten."""
    import torch

    kind = {"bf16": torch.bfloat16, "fp32": torch.float32}[precision]
    one, two = torch.randn(side, side, dtype=kind), torch.randn(side, side, dtype=kind)
    times = [time.perf_counter()]
    for _ in range(13):
        one @ two
        times.append(time.perf_counter())
    return 2 * side**3 / statistics.median(np.diff(times[3:])) / 1e9


MEASURES: dict[str, Callable[[], float]] = {
    "glifo": glifo_speed,
    "pytorch": torch_speed,
    "keras": keras_speed,
    "peak_bf16": lambda: peak("bf16"),
    "peak_fp32": lambda: peak("fp32"),
}


def measure(name: str) -> float:
    """One measurement in a fresh process."""
    done = subprocess.run([sys.executable, __file__, "--one", name], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one", choices=MEASURES)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(MEASURES[arguments.one]()))
        return
    rounds = [{name: measure(name) for name in MEASURES} for _ in range(arguments.rounds)]
    write(rounds)


def write(rounds: list[dict[str, float]]) -> None:
    """Write and print the medians and the ratios within each round."""
    from glifo.files import write_json
    from glifo.runs import describe_environment, version_of

    environment = describe_environment(0)
    gflops = [3 * FLOPS_FORWARD * each["glifo"] / 1e9 for each in rounds]
    ratios = {
        "glifo_over_keras": [each["glifo"] / each["keras"] for each in rounds],
        "glifo_over_pytorch": [each["glifo"] / each["pytorch"] for each in rounds],
        "glifo_share_of_bf16_peak": [speed / each["peak_bf16"] for speed, each in zip(gflops, rounds, strict=True)],
        "glifo_share_of_fp32_peak": [speed / each["peak_fp32"] for speed, each in zip(gflops, rounds, strict=True)],
    }
    result = {
        "format_version": 1,
        "command": "make bench",
        "what": "net_1, batch 128, 28x28, training, pictures per second; peaks in GFLOP/s",
        "hardware": environment["hardware"],
        "versions": environment["versions"] | {name: version_of(name) for name in ("keras", "tensorflow")},
        "num_rounds": len(rounds),
        "medians": {name: statistics.median(each[name] for each in rounds) for name in MEASURES},
        "ratios": {name: {"median": statistics.median(v), "min": min(v), "max": max(v)} for name, v in ratios.items()},
        "rounds": rounds,
    }
    write_json(RESULT, result)
    print(json.dumps({key: result[key] for key in ("medians", "ratios")}, indent=1))


if __name__ == "__main__":
    main()
