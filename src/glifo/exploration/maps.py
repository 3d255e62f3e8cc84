"""Two-dimensional maps that keep neighbours together: t-SNE, and UMAP where it is installed.

Such a map is for looking: sizes of and distances between its groups say nothing. Use: MAPS["tsne"](vectors, seed)
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable

import numpy as np
from jaxtyping import Float

Map = Callable[[Float[np.ndarray, "n features"], int], Float[np.ndarray, "n 2"]]


def tsne(vectors: Float[np.ndarray, "n features"], seed: int) -> Float[np.ndarray, "n 2"]:
    """t-SNE (van der Maaten & Hinton 2008), started from the first two principal components."""
    from sklearn.manifold import TSNE

    perplexity = min(30.0, (len(vectors) - 1) / 3)
    return TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(vectors)


def umap(vectors: Float[np.ndarray, "n features"], seed: int) -> Float[np.ndarray, "n 2"]:
    """UMAP (McInnes et al. 2018); ValueError where the package umap-learn is not installed."""
    found = importlib.import_module("umap").UMAP(n_components=2, random_state=seed, n_jobs=1)
    return np.asarray(found.fit_transform(vectors))


MAPS: dict[str, Map] = {"tsne": tsne, "umap": umap}


def check_map(name: str) -> None:
    """Refuse, before any work, a map that does not exist or whose package is missing."""
    if name not in MAPS:
        raise ValueError(f"no embedding is called {name!r}; known: {', '.join(MAPS)}")
    if name == "umap" and importlib.util.find_spec("umap") is None:
        raise ValueError(
            "the embedding umap needs a package that is not installed: pip install umap-learn; or choose tsne"
        )
