"""Who takes part in a comparison: run folders as they are, and recipes, which are trained first.

It settles names, refuses what cannot be compared before any work is done, and trains in processes of their own. What is
measured of the runs stands in `glifo.experiment.compare`.

    contestants = enter(["digits", "runs/mine"], seeds=range(3), out=Path("runs/compare"))
    train_missing(contestants, processes=2, tell=print)
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from glifo.data.dataset import open_data
from glifo.experiment.assemble import split_as_recipe
from glifo.files import nearest, read_json, write_json
from glifo.recipes import RECIPES, Recipe, find_recipe
from glifo.runs import RECIPE, Run

Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """A run that is compared, finished or still to be trained.

    data: the identity of its data; test_rows, validation_rows: hashes of the row numbers, equal where the rows are.
    """

    run: Run
    recipe: Recipe
    seed: int
    data: str
    test_rows: str
    validation_rows: str

    @property
    def name(self) -> str:
        return str(self.run.folder)


def enter(arguments: Sequence[str], *, seeds: Iterable[int], out: Path) -> list[Contestant]:
    """The contestants that the arguments name: a run's folder is one, a recipe (by name or .json) is one for each seed.

    Raises ValueError for an argument that is neither, for an unfinished or repeated run, and for different data.
    """
    seeds = tuple(seeds)
    found = [contestant for argument in arguments for contestant in resolve(argument, seeds, out)]
    if not found:
        raise ValueError("nothing was given to compare; give run folders or recipes (`glifo recipes` lists them)")
    check_each_once(found)
    check_same_data(found)
    return found


def resolve(argument: str, seeds: Sequence[int], out: Path) -> Iterator[Contestant]:
    """The contestants of one argument."""
    path = Path(argument)
    if path.suffix == ".json" and path.is_file():
        recipe = Recipe.from_dict(read_json(path))
    elif (path / RECIPE).is_file() or (path.is_dir() and argument not in RECIPES):
        yield trained(Run(folder=path))
        return
    elif argument in RECIPES:
        recipe = find_recipe(argument)
    else:
        raise ValueError(
            f"there is no run folder, recipe file or recipe {argument!r}; recipes: {nearest(argument, RECIPES)}"
        )
    for seed in seeds:
        yield to_train(recipe, seed, out / f"{recipe.name}-seed{seed}")


def trained(run: Run) -> Contestant:
    """A finished run; ValueError where the folder holds none, or one without a bundle."""
    recipe = Recipe.from_dict(run.bundle.facts["recipe"])
    return contestant(run, recipe, run.seed, str(run.environment["data"]["identity"]))


def to_train(recipe: Recipe, seed: int, folder: Path) -> Contestant:
    """A recipe with its seed; what lies in its folder already must be of the same recipe and seed."""
    run = Run(folder=folder)
    if (folder / RECIPE).is_file() and (run.recipe, run.seed) != (recipe, seed):
        raise ValueError(
            f"{folder} holds a run of another recipe or seed than {recipe.name} with seed {seed}; give another --out, or "
            f"another name to the recipe"
        )
    return contestant(run, recipe, seed, open_data(recipe.data).identity)


def contestant(run: Run, recipe: Recipe, seed: int, data: str) -> Contestant:
    rows = split_as_recipe(open_data(recipe.data), recipe, seed)
    test, validation = rows.test.open("to compare row numbers"), rows.validation
    hashes = [hashlib.sha256(each.astype("<i8").tobytes()).hexdigest() for each in (test, validation)]
    return Contestant(run=run, recipe=recipe, seed=seed, data=data, test_rows=hashes[0], validation_rows=hashes[1])


def check_each_once(contestants: Sequence[Contestant]) -> None:
    """Refuse a folder that stands for two contestants."""
    seen: dict[Path, Contestant] = {}
    for each in contestants:
        folder = each.run.folder.resolve()
        if folder in seen:
            same = seen[folder].recipe == each.recipe
            advice = "name each once" if same else "give the two recipes different names"
            raise ValueError(f"{each.name} takes part twice; {advice}")
        seen[folder] = each


def check_same_data(contestants: Sequence[Contestant]) -> None:
    """Refuse contestants of different data sets: their figures say nothing about each other."""
    for one, other in pairwise(contestants):
        if one.data != other.data:
            raise ValueError(
                f"{one.name} is judged on rows of {one.recipe.data} and {other.name} on rows of {other.recipe.data}, which "
                f"are not the same data; compare runs of one data set, and judge each of these with `glifo evaluate`"
            )


def check_same_test(contestants: Sequence[Contestant]) -> None:
    """Refuse contestants with other test rows, before any sealed test is opened."""
    for one, other in pairwise(contestants):
        if one.test_rows != other.test_rows:
            raise ValueError(
                f"{one.name} and {other.name} keep other test rows of {one.recipe.data} (test_fraction "
                f"{one.recipe.test_fraction:g} and {other.recipe.test_fraction:g}); train both with one test_fraction"
            )


def check_same_validation(contestants: Sequence[Contestant]) -> None:
    """Refuse contestants of one seed that validate on other rows; other seeds validate on other rows by design."""
    first: dict[int, Contestant] = {}
    for each in contestants:
        one = first.setdefault(each.seed, each)
        if one.validation_rows != each.validation_rows:
            raise ValueError(
                f"{one.name} and {each.name} have the seed {each.seed} and validate on other rows of {one.recipe.data} "
                f"(validation_fraction {one.recipe.validation_fraction:g} and {each.recipe.validation_fraction:g}, "
                f"test_fraction {one.recipe.test_fraction:g} and {each.recipe.test_fraction:g}); train both with the same "
                f"fractions, or compare them on the test with --final where only the validation differs"
            )


def train_missing(contestants: Sequence[Contestant], processes: int, tell: Tell) -> None:
    """Train or resume whoever has no bundle yet, `processes` at a time, each in a process of its own.

    With several processes each has one OpenMP thread. Raises ValueError with the reason of the first that fails; what
    is finished by then stays and is not trained again.
    """
    missing = [each for each in contestants if not each.run.bundle_path.is_file()]
    with ThreadPoolExecutor(max_workers=processes) as pool:
        futures = {pool.submit(train_apart, each, one_thread=processes > 1, tell=tell): each for each in missing}
        try:
            for number, future in enumerate(as_completed(futures), start=1):
                future.result()
                value = futures[future].run.scores["accuracy"]["value"]
                tell(f"{number} of {len(missing)} trained: {futures[future].name}, validation {value:.2%}")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def train_apart(contestant: Contestant, *, one_thread: bool, tell: Tell) -> None:
    """`glifo train` in a process of its own, so that threads and peak memory are this training's alone."""
    resumes = (contestant.run.folder / RECIPE).is_file()
    tell(f"{'resuming' if resumes else 'training'} {contestant.name} ...")
    with tempfile.TemporaryDirectory() as folder:
        recipe = contestant.recipe.name
        if recipe not in RECIPES or find_recipe(recipe) != contestant.recipe:
            recipe = str(Path(folder) / RECIPE)
            write_json(Path(recipe), contestant.recipe.to_dict())
        new = [recipe, "--seed", str(contestant.seed), "--out", contestant.name]
        command = [sys.executable, "-m", "glifo", "train", *(["--resume", contestant.name] if resumes else new)]
        environment = os.environ | ({"OMP_NUM_THREADS": "1"} if one_thread else {})
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or [f"exit code {done.returncode}"]
        raise ValueError(f"{contestant.name} could not be trained: {lines[-1].removeprefix('error: ')}")


def recipe_key(recipe: Recipe) -> str:
    """Equal for equal recipes."""
    return json.dumps(recipe.to_dict(), sort_keys=True)


def num_own_reads(run: Run) -> int:
    """How often the sealed test of the run's own data was read."""
    own = run.environment["data"]["identity"]
    return sum(entry.get("identity", own) == own for entry in run.test_reads)


def reread(contestants: Sequence[Contestant]) -> tuple[str, ...]:
    """A note on the sealed tests that have been read more than once; empty where there are none."""
    names = [each.name for each in contestants if num_own_reads(each.run) > 1]
    if not names:
        return ()
    return (
        f"the sealed tests of {', '.join(names)} have been read more than once; choices made between readings make their "
        f"figures too good",
    )


def short_names(contestants: Sequence[Contestant]) -> list[str]:
    """The last part of each folder where no other has the same, else the whole folder."""
    last = [each.run.folder.resolve().name for each in contestants]
    return [name if last.count(name) == 1 else each.name for name, each in zip(last, contestants, strict=True)]


def hardware_of(run: Run) -> str:
    """What the training ran on, as far as the run knows: processor, cores, device, threads, precision."""
    environment = run.environment
    hardware = environment.get("hardware", {})
    known = {
        "{}": hardware.get("processor"),
        "cores {}": hardware.get("cores"),
        "device {}": environment.get("device"),
        "threads {}": environment.get("threads"),
        "precision {}": environment.get("precision"),
    }
    return ", ".join(text.format(value) for text, value in known.items() if value is not None)
