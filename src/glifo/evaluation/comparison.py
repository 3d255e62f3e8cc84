"""Which of two recognisers is better on the same rows, and whether the difference is real.

It takes two columns of right and wrong over the same rows, and knows no run and no file. McNemar's test looks only at
the rows that one reads right and the other wrong; Holm's correction keeps many such tests honest together.

>>> found = mcnemar(np.array([True, True, False]), np.array([True, False, False]))
>>> found.only_first, found.only_second, found.p_value
(1, 0, 1.0)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool

from glifo.evaluation.confusions import Confusions
from glifo.evaluation.metrics import Interval, wilson

EXACT_BELOW = 25  # discordant rows; from here on the chi-square approximation is close (Fagerland et al. 2013)
SIGNIFICANCE = 0.05


@dataclass(frozen=True, kw_only=True)
class Paired:
    """Two recognisers on the same `n` rows.

    `only_first` rows are read right by the first alone, `only_second` by the second alone. `difference` is the accuracy of
    the second minus that of the first, `low` and `high` the ends of its 95 % interval, all fractions from -1 to 1.
    `p_value` is two-sided.
    """

    n: int
    both_right: int
    only_first: int
    only_second: int
    both_wrong: int
    test: Literal["exact binomial", "chi-square with continuity correction"]
    p_value: float
    difference: float
    low: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Two named recognisers on the same rows; `adjusted_p` is Holm's over all pairs that are compared together."""

    first: str
    second: str
    paired: Paired
    adjusted_p: float

    @property
    def is_real(self) -> bool:
        """Whether so large a difference is rare by chance: adjusted p below .05."""
        return self.adjusted_p < SIGNIFICANCE

    @property
    def in_words(self) -> str:
        """The finding as one sentence, the better one first."""
        better, worse = (self.second, self.first) if self.paired.difference >= 0 else (self.first, self.second)
        more, fewer = sorted((self.paired.only_first, self.paired.only_second), reverse=True)
        verdict = "the difference is real" if self.is_real else "no real difference is shown"
        return (
            f"{better} reads {more:,} {'row' if more == 1 else 'rows'} right that {worse} reads wrong, {worse} {fewer:,} "
            f"that {better} does: {verdict} "
            f"(p = {self.adjusted_p:.2g})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        texts = {"first": self.first, "second": self.second, "in_words": self.in_words}
        return texts | self.paired.to_dict() | {"adjusted_p": self.adjusted_p, "is_real": self.is_real}


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """What a recogniser scored on one part of its rows; `right` says of each row whether it was read right."""

    accuracy: Interval
    cross_entropy: float
    confusions: Confusions
    right: Bool[np.ndarray, " n"]


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Mean and sample standard deviation over seeds; the deviation of one seed is None."""

    mean: float
    deviation: float | None


@dataclass(frozen=True, kw_only=True)
class Group:
    """The runs of one recipe: their names, and the spread of accuracy by part and of seconds of training."""

    label: str
    runs: tuple[str, ...]
    accuracy: dict[str, Spread]
    seconds: Spread

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        accuracy = {part: vars(spread) for part, spread in self.accuracy.items()}
        return {"label": self.label, "runs": list(self.runs), "accuracy": accuracy, "seconds": vars(self.seconds)}


def mcnemar(first_right: Bool[np.ndarray, " n"], second_right: Bool[np.ndarray, " m"]) -> Paired:
    """McNemar's test of two recognisers: which rows does each read right, True or False, in the same order.

    The exact binomial test for fewer than 25 rows on which they differ, else chi-square with Edwards' continuity
    correction. Raises ValueError when n and m differ or there is no row.
    Sources: McNemar 1947, Note on the Sampling Error of the Difference Between Correlated Proportions; Edwards 1948.
    """
    if len(first_right) != len(second_right) or len(first_right) == 0:
        raise ValueError(
            f"got {len(first_right)} and {len(second_right)} answers, expected the same rows for both and one at least: "
            f"judge both on the same part of the same data"
        )
    both_right = int((first_right & second_right).sum())
    only_first, only_second = int((first_right & ~second_right).sum()), int((~first_right & second_right).sum())
    both_wrong = len(first_right) - both_right - only_first - only_second
    is_exact = only_first + only_second < EXACT_BELOW
    low, high = difference_interval(both_right, only_first, only_second, both_wrong)
    return Paired(
        n=len(first_right),
        both_right=both_right,
        only_first=only_first,
        only_second=only_second,
        both_wrong=both_wrong,
        test="exact binomial" if is_exact else "chi-square with continuity correction",
        p_value=(exact_p if is_exact else chi_square_p)(only_first, only_second),
        difference=(only_second - only_first) / len(first_right),
        low=low,
        high=high,
    )


def exact_p(only_first: int, only_second: int) -> float:
    """The two-sided binomial probability of counts at least as unequal, were each row as likely to fall either way."""
    from scipy.stats import binomtest  # here, because a reader's machine has no SciPy

    total = only_first + only_second
    return float(binomtest(only_first, total, 0.5).pvalue) if total else 1.0


def chi_square_p(only_first: int, only_second: int) -> float:
    """McNemar's chi-square with one degree of freedom, the distance of the counts lessened by 1 (Edwards 1948)."""
    from scipy.stats import chi2

    distance = max(abs(only_first - only_second) - 1, 0)
    return float(chi2.sf(distance**2 / (only_first + only_second), 1))


def difference_interval(both_right: int, only_first: int, only_second: int, both_wrong: int) -> tuple[float, float]:
    """The 95 % interval of the second's accuracy minus the first's, from the paired counts.

    Source: Newcombe 1998, Improved Confidence Intervals for the Difference Between Binomial Proportions Based on Paired
    Data, method 10.
    """
    n = both_right + only_first + only_second + both_wrong
    first, second = wilson(both_right + only_first, n), wilson(both_right + only_second, n)
    phi = correlation(both_right, only_first, only_second, both_wrong)
    down, up = second.value - second.low, first.high - first.value
    below = (down**2 - 2 * phi * down * up + up**2) ** 0.5
    down, up = first.value - first.low, second.high - second.value
    above = (down**2 - 2 * phi * down * up + up**2) ** 0.5
    difference = (only_second - only_first) / n
    return max(-1.0, difference - below), min(1.0, difference + above)


def correlation(both_right: int, only_first: int, only_second: int, both_wrong: int) -> float:
    """The phi coefficient of the paired counts with Newcombe's correction towards 0; 0 where a margin is empty."""
    n = both_right + only_first + only_second + both_wrong
    margins = (both_right + only_first) * (only_second + both_wrong)
    margins *= (both_right + only_second) * (only_first + both_wrong)
    if margins == 0:
        return 0.0
    product = both_right * both_wrong - only_first * only_second
    corrected = max(product - n / 2, 0.0) if product > 0 else float(product)
    return corrected / margins**0.5


def holm(p_values: Sequence[float]) -> list[float]:
    """Each p-value adjusted for all of them, in the given order, never above 1.

    Source: Holm 1979, A Simple Sequentially Rejective Multiple Test Procedure.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    if not p_values:
        return []
    order = np.argsort(p_values, kind="stable")
    scaled = np.array(p_values)[order] * np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return [float(value) for value in adjusted]


def differences(
    pairs: Sequence[tuple[str, str]], right: Mapping[str, Bool[np.ndarray, " n"]]
) -> tuple[Difference, ...]:
    """McNemar's test of each pair of names, corrected for their number; `right` holds the answers of each name."""
    found = [mcnemar(right[first], right[second]) for first, second in pairs]
    adjusted = holm([paired.p_value for paired in found])
    return tuple(
        Difference(first=first, second=second, paired=paired, adjusted_p=p)
        for (first, second), paired, p in zip(pairs, found, adjusted, strict=True)
    )


def spread_of(values: Sequence[float]) -> Spread:
    """Mean and sample standard deviation of some values."""
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Spread(mean=float(np.mean(values)), deviation=deviation)
