"""Runs on disk: a folder for each training, and what can be asked of it without torch.

runs/digits-seed0/  recipe.json  environment.json  history.csv  checkpoint.pt  model.glifo  test_reads.json
"""

from __future__ import annotations

import csv
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from glifo.bundle import BUNDLE_NAME, Bundle
from glifo.files import read_json, write_json
from glifo.recipes import Recipe

RUNS = Path("runs")
CHECKPOINT, HISTORY = "checkpoint.pt", "history.csv"
RECIPE, ENVIRONMENT, TEST_READS = "recipe.json", "environment.json", "test_reads.json"
PACKAGES = ("glifo", "torch", "numpy", "onnxruntime", "accelerate", "scikit-learn", "opencv-python-headless")


@dataclass(frozen=True, kw_only=True)
class Run:
    """A training's folder. Properties read the disk each time; a run that has not finished has no bundle yet."""

    folder: Path

    @property
    def recipe(self) -> Recipe:
        """The recipe it was started with; ValueError when the folder holds no run."""
        if not (self.folder / RECIPE).is_file():
            raise ValueError(f"{self.folder} holds no run ({RECIPE} is missing); `glifo runs` lists the runs there are")
        return Recipe.from_dict(read_json(self.folder / RECIPE))

    @property
    def environment(self) -> dict[str, Any]:
        """Seed, versions, hardware and command of the training."""
        environment = read_json(self.folder / ENVIRONMENT)
        if not is_whole(environment):
            raise ValueError(
                f"{self.folder / ENVIRONMENT} has no seed, data or splits, it is damaged; train the run anew"
            )
        return environment

    @property
    def seed(self) -> int:
        return int(self.environment["seed"])

    @property
    def history(self) -> list[dict[str, float]]:
        """A row for each finished epoch: loss, accuracy, validation figures, rate, seconds."""
        path = self.folder / HISTORY
        if not path.is_file():
            return []
        with path.open(newline="") as file:
            return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]

    @property
    def bundle_path(self) -> Path:
        return self.folder / BUNDLE_NAME

    @property
    def bundle(self) -> Bundle:
        """The trained recogniser; ValueError while the training has not finished."""
        if self.recipe and not self.bundle_path.is_file():
            raise ValueError(f"{self.folder} has no bundle yet; finish it with `glifo train --resume {self.folder}`")
        return Bundle.load(self.bundle_path)

    @property
    def scores(self) -> dict[str, Any]:
        """The validation scores in the bundle, as plain values."""
        return self.bundle.facts["scores"]

    @property
    def test_reads(self) -> list[dict[str, Any]]:
        """When and why the sealed test was read, oldest first."""
        path = self.folder / TEST_READS
        return read_json(path) if path.is_file() else []

    def note_test_read(self, entry: dict[str, Any]) -> None:
        """Add one reading of the sealed test to the run's record."""
        write_json(self.folder / TEST_READS, [*self.test_reads, entry])


def is_whole(environment: Any) -> bool:
    """Whether an environment has what a run is judged by: its seed, the identity of its data and of its splits."""
    if not isinstance(environment, dict) or not isinstance(environment.get("seed"), int):
        return False
    data, splits = environment.get("data"), environment.get("splits")
    return isinstance(data, dict) and isinstance(splits, dict) and "identity" in data and "fingerprint" in splits


def start_run(folder: Path, recipe: Recipe, seed: int, more: dict[str, Any]) -> Run:
    """Make a run's folder with its recipe and environment; a folder that holds a run already is a ValueError."""
    if (folder / RECIPE).exists():
        raise ValueError(
            f"{folder} holds a run already; resume it with `glifo train --resume {folder}`, or give another --out"
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / ENVIRONMENT, describe_environment(seed) | more)
    write_json(folder / RECIPE, recipe.to_dict())
    return Run(folder=folder)


def new_folder(root: Path, recipe: Recipe, seed: int) -> Path:
    """A free folder name for a training: recipe, seed and, when taken, a number."""
    stem = f"{recipe.name}-seed{seed}"
    folder, number = root / stem, 2
    while folder.exists():
        folder, number = root / f"{stem}-{number}", number + 1
    return folder


def list_runs(root: Path) -> list[Run]:
    """The runs below a folder, oldest first."""
    if not root.is_dir():
        raise ValueError(
            f"there is no folder {root}; train something first, or name the folder of your runs with --root"
        )
    return [Run(folder=path.parent) for path in sorted(root.glob(f"*/{RECIPE}"), key=lambda path: path.stat().st_mtime)]


def describe_environment(seed: int) -> dict[str, Any]:
    """What a figure depends on beside the recipe: seed, command, time, versions and hardware."""
    return {
        "format_version": 1,
        "seed": seed,
        "commit": commit(),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version()} | {name: version_of(name) for name in PACKAGES},
        "hardware": {"processor": processor(), "cores": len(os.sched_getaffinity(0)) if LINUX else os.cpu_count()},
    }


def commit() -> str | None:
    """The commit of glifo's own checkout, "+" behind it where files differ; None where glifo is installed without one."""
    git = ["git", "-C", str(Path(__file__).parent)]
    try:
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        changed = subprocess.run([*git, "status", "--porcelain", "--", "."], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return head + ("+" if changed.stdout.strip() else "")


LINUX = sys.platform == "linux"


def version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def processor() -> str:
    """The processor's model name where the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
