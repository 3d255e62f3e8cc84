"""Principal components of pictures: in which directions they differ most (Pearson 1901; Turk & Pentland 1991).

Only the mean is taken off, no pixel is scaled, so that a component is a picture. scikit-learn does the mathematics.

>>> components = fit_pca(np.random.default_rng(0).normal(size=(50, 6)), seed=0)
>>> components.num_for(1.0)
6
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

LARGEST_EXACT = 1024  # up to so many columns or rows the exact solvers take a second or less
NUM_RANDOMIZED = 256


@dataclass(frozen=True, kw_only=True, eq=False)
class Components:
    """A fitted PCA: the mean row, unit directions by falling variance, and the share of all variance each explains.

    The shares sum to 1, or to less where only the first directions were computed (more than 1,024 rows and columns).
    """

    mean: Float[np.ndarray, " features"]
    directions: Float[np.ndarray, "components features"]
    shares: Float[np.ndarray, " components"]

    def __len__(self) -> int:
        return len(self.shares)

    def project(self, vectors: Float[np.ndarray, "n features"], num: int) -> Float[np.ndarray, "n num"]:
        """The first `num` coordinates of rows."""
        return (vectors - self.mean) @ self.directions[:num].T

    def reconstruct(self, vectors: Float[np.ndarray, "n features"], num: int) -> Float[np.ndarray, "n features"]:
        """Rows as their first `num` components alone tell them: the nearest rows in that subspace."""
        return self.mean + self.project(vectors, num) @ self.directions[:num]

    def num_for(self, share: float) -> int | None:
        """The least number of components that explain `share` (0..1) of the variance; None: more than were computed."""
        reached = np.flatnonzero(np.cumsum(self.shares, dtype=np.float64) >= share - 1e-6)
        return int(reached[0]) + 1 if len(reached) else None


def fit_pca(vectors: Float[np.ndarray, "n features"], seed: int) -> Components:
    """The principal components of rows; `seed` matters to the randomized solver of large data alone.

    Exact up to 1,024 rows or columns; above, the first 256 components by a randomized solver (Halko et al. 2011). Each
    direction's sign is the one scikit-learn chooses. ValueError for fewer than two rows and for rows that are all the same.
    """
    from sklearn.decomposition import PCA

    if len(vectors) < 2 or not np.ptp(vectors, axis=0).any():
        raise ValueError(
            f"{len(vectors)} rows without any difference between them: PCA needs two rows or more that differ; give more"
        )
    num_rows, num_columns = vectors.shape
    if num_columns <= min(LARGEST_EXACT, num_rows):
        solver, num = "covariance_eigh", num_columns
    elif min(num_rows, num_columns) <= LARGEST_EXACT:
        solver, num = "full", min(num_rows, num_columns)
    else:
        solver, num = "randomized", NUM_RANDOMIZED
    found = PCA(num, svd_solver=solver, random_state=seed).fit(vectors)
    return Components(mean=found.mean_, directions=found.components_, shares=found.explained_variance_ratio_)
