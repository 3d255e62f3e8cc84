"""Distillation: a network learns from the rows' labels and from what trained recognisers answer on the same pictures.

    teacher = find_teacher(assembly, beside)             # None where the recipe names none
    loss = teach(loss, teacher, share)                   # the mean of both losses

Several runs of the teacher's recipe teach together: the mean of their probabilities is the answer (a committee).
Hinton, Vinyals and Dean 2015, Distilling the Knowledge in a Neural Network.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from glifo.batch import Batch
from glifo.bundle import Bundle
from glifo.experiment.assemble import Assembly
from glifo.experiment.transfer import find_sources
from glifo.images import Preparation
from glifo.recognizer import Recognizer
from glifo.training.losses import distillation_loss
from glifo.training.state import Loss

Pictures = Float[Tensor, "batch channels height width"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Teacher:
    """Recognisers that answer on a student's batches; `preparation` is the student's, `sources` are their files."""

    sources: tuple[Path, ...]
    recognizers: tuple[Recognizer, ...]
    preparation: Preparation
    temperature: float

    def __call__(self, image: Pictures) -> Float[Tensor, "batch classes"]:
        """Mean probabilities of the teachers at the temperature; image: as the student takes it."""
        picture = restore(self.preparation, image.detach().float().cpu())
        answers = [self.answer(recognizer, picture) for recognizer in self.recognizers]
        return torch.stack([(logits / self.temperature).softmax(1) for logits in answers]).mean(0)

    def answer(self, recognizer: Recognizer, picture: Pictures) -> Float[Tensor, "batch classes"]:
        """The logits of one recogniser for pictures in 0..1."""
        given = recognizer.bundle.preparation.normalise(picture).contiguous().numpy()
        name = recognizer.session.get_inputs()[0].name
        return torch.from_numpy(recognizer.session.run(None, {name: given})[0])


def restore(preparation: Preparation, image: Pictures) -> Pictures:
    """The pictures in 0..1 that `normalise` was given: it moves and scales, so black and white tell how."""
    black, white = (preparation.normalise(torch.full_like(image[:1], value)) for value in (0.0, 1.0))
    return (image - black) / (white - black)


def find_teacher(assembly: Assembly, beside: Path | None) -> Teacher | None:
    """The recipe's teachers: every trained seed of a recipe, or one run or bundle; None where it names none.

    ValueError where there is none, where its classes or pictures are others, or where it was trained on rows that
    validate here: the student's validation would then judge what it was told.
    """
    recipe = assembly.recipe
    sources = find_sources(recipe.teacher, beside)
    if not sources:
        return None
    bundles = [Bundle.load(source) for source in sources]
    for source, bundle in zip(sources, bundles, strict=True):
        check_teacher(source, bundle, assembly)
    return Teacher(
        sources=tuple(sources),
        recognizers=tuple(Recognizer(bundle) for bundle in bundles),
        preparation=assembly.preparation,
        temperature=recipe.teacher_temperature,
    )


def check_teacher(source: Path, bundle: Bundle, assembly: Assembly) -> None:
    """Refuse a teacher of other classes or pictures, and one that knows the student's validation rows."""
    environment = bundle.facts.get("environment", {})
    same_data = environment.get("data", {}).get("identity") == assembly.dataset.identity
    same_rows = environment.get("splits", {}).get("fingerprint") == assembly.splits.fingerprint
    if bundle.classes != assembly.dataset.classes or bundle.preparation.frame != assembly.dataset.frame:
        raise ValueError(f"{source} answers other classes or takes other pictures; teach with a run of the same data")
    if same_data and not same_rows:
        raise ValueError(
            f"{source} was trained on rows that validate here, so that validation would mean nothing; give teacher and "
            f"student the same seed, or the same split_seed"
        )


def teach(loss: Loss, teacher: Teacher | None, share: float) -> Loss:
    """The loss with the teacher's share in it; the loss itself where there is no teacher."""
    if teacher is None:
        return loss

    def taught(logits: Float[Tensor, "batch classes"], batch: Batch) -> Float[Tensor, ""]:
        from_teacher = distillation_loss(logits, teacher(batch.image).to(logits.device), teacher.temperature)
        return (1 - share) * loss(logits, batch) + share * from_teacher

    return taught
