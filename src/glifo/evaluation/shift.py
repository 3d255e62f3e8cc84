"""Do two sets of pictures, or of labels, come from the same source? Tests with p-values, and what new priors change.

It takes arrays and knows no recogniser. Two tests look at pictures: a classifier that tries to tell the sets apart, and
the kernel maximum mean discrepancy. One looks at class shares, and `adapt_priors` mends answers for other shares.

>>> import numpy as np
>>> compare_shares(np.array([50, 50]), np.array([90, 10])).distance
0.4
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Float64, Integer

NUM_TREES = 100
NUM_PERMUTATIONS = 200
MAX_KERNEL_ROWS = 500  # of each set: the kernel matrix has the square of both together


@dataclass(frozen=True, kw_only=True)
class TwoSample:
    """A two-sample test: its statistic, the p-value of "both sets come from one source", and the rows of each set."""

    method: str
    statistic: float
    p_value: float
    n: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class ShareShift:
    """How the class shares of two sets differ.

    chi_square, p_value: test of independence of class and set; effect: Cramér's V, 0..1; distance: total variation,
    the share of rows that would have to change their class, 0..1.
    """

    chi_square: float
    p_value: float
    effect: float
    distance: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True, eq=False)
class AdaptedPriors:
    """Class shares estimated without labels, and the answers that follow from them."""

    priors: Float64[np.ndarray, " classes"]
    probabilities: Float64[np.ndarray, "n classes"]


def classifier_two_sample(
    first: Float[np.ndarray, "n features"], second: Float[np.ndarray, "m features"], seed: int = 0
) -> TwoSample:
    """Train a classifier to tell two sets apart; the statistic is its accuracy on held-out halves, .5 where it cannot.

    Both sets are cut to the smaller one's size; half of the rows train, the p-value is the binomial one of the other half.
    The classifier is a forest of extremely randomised trees, which sees noise and contrast that no plane separates.
    Source: Lopez-Paz and Oquab 2017, Revisiting Classifier Two-Sample Tests.
    """
    from scipy.stats import binomtest
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.model_selection import train_test_split

    first, second = same_size(first, second, seed)
    features, side = np.concatenate([first, second]), np.repeat([0, 1], len(first))
    cut = train_test_split(features, side, test_size=0.5, random_state=seed, stratify=side)
    forest = ExtraTreesClassifier(NUM_TREES, random_state=seed).fit(cut[0], cut[2])
    num_right = int((forest.predict(cut[1]) == cut[3]).sum())
    test = binomtest(num_right, len(cut[3]), 0.5, alternative="greater")
    share = num_right / len(cut[3])
    return TwoSample(method="classifier", statistic=share, p_value=float(test.pvalue), n=len(first))


def kernel_two_sample(
    first: Float[np.ndarray, "n features"], second: Float[np.ndarray, "m features"], seed: int = 0
) -> TwoSample:
    """The unbiased squared maximum mean discrepancy, with the p-value of 200 permutations.

    Gaussian kernel whose width is the median distance; at most 500 rows of each set, as many of both.
    Source: Gretton et al. 2012, A Kernel Two-Sample Test.
    """
    first, second = same_size(first, second, seed, MAX_KERNEL_ROWS)
    kernel, n = gaussian_kernel(np.concatenate([first, second])), len(first)
    observed = discrepancy(kernel, np.repeat([1.0, -1.0], n)[:, None])[0]
    rng = np.random.default_rng(seed)
    signs = np.stack([rng.permutation(np.repeat([1.0, -1.0], n)) for _ in range(NUM_PERMUTATIONS)], axis=1)
    as_large = int((discrepancy(kernel, signs) >= observed).sum())
    p_value = (1 + as_large) / (1 + NUM_PERMUTATIONS)
    return TwoSample(method="kernel", statistic=float(observed), p_value=p_value, n=n)


def same_size(
    first: Float[np.ndarray, "n features"], second: Float[np.ndarray, "m features"], seed: int, most: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """A sample of each set, both of the smaller one's size and of at most `most` rows; ValueError below four rows."""
    num = min(len(first), len(second), most or len(first))
    if num < 4:
        raise ValueError(
            f"got sets of {len(first)} and {len(second)} rows, expected at least 4 in each: give more rows"
        )
    rng = np.random.default_rng(seed)
    a, b = (rows[rng.choice(len(rows), num, replace=False)] for rows in (first, second))
    return a, b


def gaussian_kernel(rows: Float[np.ndarray, "n features"]) -> Float64[np.ndarray, "n n"]:
    """exp(-d² / (2 median²)) of all pairs of rows."""
    from scipy.spatial.distance import pdist, squareform

    squares = pdist(rows.astype(np.float64), "sqeuclidean")
    return np.exp(-squareform(squares) / (2 * float(np.median(squares)) or 1.0))


def discrepancy(
    kernel: Float64[np.ndarray, "n n"], signs: Float64[np.ndarray, "n cuts"]
) -> Float64[np.ndarray, " cuts"]:
    """The unbiased squared discrepancy of each cut into two halves, 1 for a row of the first and -1 of the second."""
    half = len(kernel) // 2
    mixed = (signs * (kernel @ signs)).sum(axis=0)
    within = (kernel.sum() + mixed) / 2 - np.trace(kernel)
    between = (kernel.sum() - mixed) / 2
    return within / (half * (half - 1)) - between / half**2


def compare_shares(first: Integer[np.ndarray, " classes"], second: Integer[np.ndarray, " classes"]) -> ShareShift:
    """Compare the class counts of two sets by the chi-square test; classes without a row in both are left out.

    ValueError when a set has no row.
    """
    from scipy.stats import chi2_contingency

    if not first.sum() or not second.sum():
        raise ValueError(f"got sets of {first.sum()} and {second.sum()} rows, expected at least one in each")
    distance = float(np.abs(first / first.sum() - second / second.sum()).sum() / 2)
    counts = np.stack([first, second])[:, (first + second) > 0]
    if counts.shape[1] < 2:
        return ShareShift(chi_square=0.0, p_value=1.0, effect=0.0, distance=distance)
    test = chi2_contingency(counts, correction=False)
    effect = float((test.statistic / counts.sum()) ** 0.5)
    return ShareShift(
        chi_square=float(test.statistic), p_value=float(test.pvalue), effect=effect, distance=round(distance, 12)
    )


def adapt_priors(
    probabilities: Float[np.ndarray, "n classes"],
    trained_priors: Float[np.ndarray, " classes"],
    *,
    num_steps: int = 500,
    tolerance: float = 1e-7,
) -> AdaptedPriors:
    """Estimate the class shares of unlabelled rows by expectation maximisation and re-weight the answers by them.

    `probabilities` must be calibrated under `trained_priors`, the class shares of the training. A class that was never
    trained on keeps its answers. Source: Saerens, Latinne, Decaestecker 2002, Adjusting the Outputs of a Classifier to
    New a Priori Probabilities.
    """
    known = np.maximum(trained_priors.astype(np.float64), 1e-12)
    exact = probabilities.astype(np.float64)
    priors, adapted = known / known.sum(), exact
    for _ in range(num_steps):
        weighted = exact * (priors / known)
        adapted = weighted / np.maximum(weighted.sum(axis=1, keepdims=True), 1e-300)
        before, priors = priors, adapted.mean(axis=0)
        if np.abs(priors - before).max() < tolerance:
            break
    return AdaptedPriors(priors=priors, probabilities=adapted)
