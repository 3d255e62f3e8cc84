"""The loss: cross-entropy with label smoothing, for one label a picture or for a set of allowed ones.

Where a row's label only says "c or C", the probability of both is summed before the logarithm: -log(p(c) + p(C)). With a
set of one class that is the usual cross-entropy. Cour, Sapp and Taskar 2011, Learning from Partial Labels.
"""

from __future__ import annotations

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

LabelSets = Bool[Tensor, "batch classes"] | None


def classification_loss(
    logits: Float[Tensor, "batch classes"], label: Int[Tensor, " batch"], allowed: LabelSets, *, smoothing: float = 0.0
) -> Float[Tensor, ""]:
    """Cross-entropy in nats with label smoothing (Szegedy et al. 2016), mean over the batch; label sets where given."""
    if allowed is None:
        return nn.functional.cross_entropy(logits, label.to(logits.device), label_smoothing=smoothing)
    return set_cross_entropy(logits, allowed.to(logits.device), smoothing=smoothing)


def set_cross_entropy(
    logits: Float[Tensor, "batch classes"], allowed: Bool[Tensor, "batch classes"], *, smoothing: float = 0.0
) -> Float[Tensor, ""]:
    """Minus the logarithm of the summed probability of the allowed classes, in nats, mean over the batch.

    Label smoothing gives its share to all classes alike, so that sets of one class give `cross_entropy` exactly.
    """
    log_probabilities = logits.log_softmax(1)
    of_the_set = log_probabilities.masked_fill(~allowed, -float("inf")).logsumexp(1)
    return -((1 - smoothing) * of_the_set + smoothing * log_probabilities.mean(1)).mean()


def distillation_loss(
    logits: Float[Tensor, "batch classes"], teacher: Float[Tensor, "batch classes"], temperature: float
) -> Float[Tensor, ""]:
    """Kullback-Leibler divergence from the teacher's probabilities, both at the temperature, mean over the batch.

    Times the squared temperature, so that its gradient weighs the same at any (Hinton, Vinyals and Dean 2015).
    """
    student = (logits / temperature).log_softmax(1)
    return nn.functional.kl_div(student, teacher, reduction="batchmean") * temperature**2


def is_right(
    logits: Float[Tensor, "batch classes"], label: Int[Tensor, " batch"], allowed: LabelSets
) -> Bool[Tensor, " batch"]:
    """Whether the most probable class of each row is its label, or one of its allowed classes."""
    guess = logits.detach().argmax(1).cpu()
    return guess == label.cpu() if allowed is None else allowed.cpu().gather(1, guess[:, None])[:, 0]
