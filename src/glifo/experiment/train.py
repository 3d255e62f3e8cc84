"""Train a recipe into a run folder, and go on with one that was interrupted."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import save as to_safetensors
from torch import nn

from glifo.bundle import Bundle
from glifo.data.splits import find_repeats
from glifo.evaluation.calibration import fit_temperature, softmax
from glifo.evaluation.metrics import score
from glifo.experiment.assemble import Assembly, assemble, make_fit, make_validate
from glifo.experiment.doubt import fit_doubt
from glifo.experiment.teaching import Teacher, find_teacher, teach
from glifo.experiment.transfer import find_source
from glifo.files import digest
from glifo.images import Preparation
from glifo.networks.to_onnx import check_parity, to_onnx
from glifo.recipes import Recipe, find_recipe
from glifo.recognizer import Recognizer
from glifo.runs import CHECKPOINT, HISTORY, RUNS, Run, new_folder, start_run
from glifo.training.callbacks import (
    BestWeights,
    Callback,
    EarlyStopping,
    FiniteLoss,
    HistoryFile,
    ProgressBar,
    ReduceOnPlateau,
    Stopwatch,
    TimeLimit,
)
from glifo.training.checkpoint import Checkpoint, read_checkpoint, restore
from glifo.training.freezing import Unfreezing
from glifo.training.loop import fit, predict
from glifo.training.state import Fit

OWN = "own:"  # before the class name of a network that is none of glifo's


def train(
    recipe: Recipe | str,
    seed: int = 0,
    out: str | Path | None = None,
    device: str = "auto",
    *,
    network: nn.Module | None = None,
    progress: bool = False,
) -> Run:
    """Train a recipe and return its run, with the bundle, the history and the validation scores in its folder.

    recipe: a `Recipe` or the name of one; out: the run's folder, a new one under `runs/` when None; device: "auto", "cpu"
    or "cuda"; network: your own `torch.nn.Module` from pictures "batch channels height width" to logits, instead of the
    recipe's. The same seed gives the same weights on one machine with the same precision and threads: a probe chooses
    those by speed unless the recipe names them. Raises ValueError for unknown names, data that is not there, and a folder
    that holds a run already.

    >>> run = glifo.train("digits")
    >>> run.scores["accuracy"]["value"] > 0.97
    True
    """
    recipe = find_recipe(recipe) if isinstance(recipe, str) else recipe
    if network is not None:
        recipe = replace(recipe, network=f"{OWN}{type(network).__name__}")
    assembly = assemble(recipe, seed)
    beside = Path(out).parent if out is not None else RUNS
    source, teacher = find_source(recipe.start_from, beside), find_teacher(assembly, beside)
    training = make_fit(assembly, device=device, network=network, start=source)
    training.loss = teach(training.loss, teacher, recipe.teacher_share)
    folder = Path(out) if out is not None else new_folder(RUNS, recipe, seed)
    run = Run(folder=training.engine.agree(folder))
    with training.engine.accelerator.main_process_first():
        if training.engine.accelerator.is_main_process:
            start_run(run.folder, recipe, seed, describe(assembly, training) | began_with(source, teacher))
    return carry_out(run, assembly, training, progress)


def resume(
    folder: str | Path, device: str = "auto", *, network: nn.Module | None = None, progress: bool = False
) -> Run:
    """Go on with an interrupted run from its last finished epoch, to the weights an undisturbed run would have reached.

    Raises ValueError when the folder holds no run or its data has changed; a finished run is returned as it is.
    """
    run = Run(folder=Path(folder))
    recipe, environment = run.recipe, run.environment
    if run.bundle_path.is_file():
        return run
    if recipe.network.startswith(OWN) and network is None:
        raise ValueError(
            f"{run.folder} trains a module of your own, {recipe.network.removeprefix(OWN)}; resume it from Python with "
            f"glifo.experiment.resume(folder, network=...)"
        )
    for leftover in run.folder.glob(".*.part"):
        leftover.unlink()
    assembly = assemble(recipe, int(environment["seed"]))
    if assembly.dataset.identity != environment["data"]["identity"]:
        raise ValueError(f"the data {recipe.data!r} has changed since {run.folder} was started; train it anew")
    checkpoint = run.folder / CHECKPOINT
    training = make_fit(
        assembly,
        device=device,
        network=network,
        start=None if checkpoint.is_file() else same_source(run),
        precision=environment["precision"],
        num_threads=environment["threads"],
    )
    training.loss = teach(training.loss, same_teacher(run, assembly), recipe.teacher_share)
    if checkpoint.is_file():
        restore(training, read_checkpoint(checkpoint))
    return carry_out(run, assembly, training, progress)


def began_with(source: Path | None, teacher: Teacher | None) -> dict[str, Any]:
    """The hashes of the weights that a training begins with and of its teachers, for its environment."""
    facts: dict[str, Any] = {} if source is None else {"start_from_sha256": digest(source)}
    return facts if teacher is None else facts | {"teacher_sha256": [digest(each) for each in teacher.sources]}


def same_source(run: Run) -> Path | None:
    """The file of weights that a run began with; ValueError where it has changed since."""
    source = find_source(run.recipe.start_from, run.folder.parent)
    if source is not None and digest(source) != run.environment.get("start_from_sha256"):
        raise ValueError(
            f"the weights {run.recipe.start_from} have changed since {run.folder} began with them; train anew"
        )
    return source


def same_teacher(run: Run, assembly: Assembly) -> Teacher | None:
    """The teachers that a run began with; ValueError where they have changed since."""
    teacher = find_teacher(assembly, run.folder.parent)
    if teacher is not None and [digest(each) for each in teacher.sources] != run.environment.get("teacher_sha256"):
        raise ValueError(f"the teachers {run.recipe.teacher} have changed since {run.folder} began; train anew")
    return teacher


def describe(assembly: Assembly, training: Fit) -> dict[str, Any]:
    """What the environment file says of the data, the rows and the engine."""
    repeats = find_repeats(assembly.dataset.images, assembly.splits.train, assembly.splits.validation)
    return {
        "data": {"name": assembly.dataset.name, "identity": assembly.dataset.identity},
        "splits": assembly.splits.to_dict(),
        "repeats_train_validation": repeats.count,
        "precision": training.engine.precision,
        "threads": training.engine.num_threads,
        "device": str(training.engine.accelerator.device),
        "processes": training.engine.accelerator.num_processes,
    }


def carry_out(run: Run, assembly: Assembly, training: Fit, progress: bool) -> Run:
    """Fit, export, check and score; the bundle comes last."""
    accelerator = training.engine.accelerator
    batches = assembly.batches(rank=accelerator.process_index, world=accelerator.num_processes)
    callbacks = make_callbacks(run, assembly, progress, writes=accelerator.is_main_process)
    try:
        fit(training, batches, len(batches), make_validate(assembly, training.engine), callbacks)
    finally:
        for callback in callbacks:
            callback.close()
    if accelerator.is_main_process:
        make_bundle(run, assembly, training).save(run.bundle_path)
    accelerator.wait_for_everyone()
    return run


def make_callbacks(run: Run, assembly: Assembly, progress: bool, *, writes: bool = True) -> list[Callback]:
    """The callbacks of a run in the order in which they must be told; one process of several writes and draws."""
    callbacks = recipe_callbacks(assembly, progress and writes)
    if not writes:
        return callbacks
    return [*callbacks, HistoryFile(run.folder / HISTORY), Checkpoint(run.folder / CHECKPOINT)]


def recipe_callbacks(assembly: Assembly, progress: bool) -> list[Callback]:
    """The callbacks a recipe asks for, and a bar; none of them writes a file."""
    recipe = assembly.recipe
    callbacks: list[Callback] = [FiniteLoss(), Stopwatch()]
    if recipe.train_part == "gradual":
        callbacks.append(Unfreezing())
    if recipe.keep_best:
        callbacks.append(BestWeights(recipe.monitor))
    if recipe.plateau_patience is not None:
        callbacks.append(ReduceOnPlateau(recipe.plateau_patience, monitor=recipe.monitor))
    if recipe.patience is not None:
        callbacks.append(EarlyStopping(recipe.patience, recipe.monitor, recipe.min_delta))
    if recipe.time_limit_s is not None:
        callbacks.append(TimeLimit(recipe.time_limit_s))
    if progress:
        callbacks.append(ProgressBar(len(assembly.train_labels)))
    return callbacks


def make_bundle(run: Run, assembly: Assembly, training: Fit) -> Bundle:
    """Export the network, compare it as it will be served with torch on all validation rows, calibrate and score it."""
    network = training.served
    torch_logits = predict(network, assembly.validation()(), training.engine).numpy()
    if not np.isfinite(torch_logits).all():
        raise ValueError(
            f"the network answers with what are no numbers after {training.epoch} epochs; lower the learning rate of "
            f"{assembly.recipe.learning_rate:g} (`glifo lr-find` suggests one)"
        )
    bundle = bare_bundle(assembly, network)
    logits = Recognizer(bundle).logits(assembly.validation_images)
    parity = check_parity(logits, torch_logits)
    labels = assembly.validation_labels
    temperature = fit_temperature(logits, labels)
    facts = {
        "recipe": assembly.recipe.to_dict(),
        "environment": run.environment,
        "best_epoch": training.best.get("epoch", training.epoch),
        "num_epochs": training.epoch,
        "stopped": training.stop,
        "train_loss": training.history[-1]["loss"],
        "train_accuracy": training.history[-1]["accuracy"],
        "training_seconds": round(sum(row["seconds"] for row in training.history), 3),
        "peak_memory_mb": peak_memory_mb(),
        "onnx_parity": parity,
        "scores": score(logits, labels, bundle.classes, temperature).to_dict(),
    }
    return replace(
        bundle,
        temperature=temperature,
        conformal=fit_doubt(softmax(logits, temperature), labels),
        facts=facts,
        preparation=served_preparation(assembly),
    )


def served_preparation(assembly: Assembly) -> Preparation:
    """The preparation of the training, or, where the recipe plants that fault on purpose, one that forgets the mean."""
    if assembly.recipe.fault == "no_mean_when_serving":
        return replace(assembly.preparation, mean=(0.0,))
    return assembly.preparation


def peak_memory_mb() -> float | None:
    """The most memory this process has held (resident set, MB); None on systems that do not tell."""
    try:
        import resource
    except ModuleNotFoundError:
        return None
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2), 1)


def bare_bundle(assembly: Assembly, network: nn.Module) -> Bundle:
    """The network as it will be served, not yet calibrated or scored."""
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    return Bundle(
        classes=assembly.dataset.classes,
        preparation=assembly.preparation,
        temperature=1.0,
        onnx=to_onnx(network, assembly.shape),
        weights=to_safetensors(weights),
    )
