"""The champions: the most accurate small recogniser of 62 characters that 2 cores can train in an hour."""

from __future__ import annotations

from dataclasses import replace

from glifo.recipes.emnist import emnist_custom
from glifo.recipes.recipe import Recipe


def champion() -> Recipe:
    """The champion network on all 136,231 rows of the partial EMNIST file, label sets included, 62 classes.

    Run sheet: `glifo train champion`, then `glifo evaluate RUN --final` (62 classes, the 16,478 rows of known case) and
    `glifo evaluate RUN --final --data emnist-partial-bymerge` (the whole official ByMerge test, 47 classes, the
    probabilities of merged cases summed). Figures and hardware in benchmarks/results/champion.json, what was tried in
    docs/log.md. Published: 91.80 on ByMerge with 697,932 training images (WaveMix, Jeevan et al. 2022, arXiv 2205.14375).
    """
    return replace(
        emnist_custom(),
        name="champion",
        description="EMNIST, 62 classes with label sets (partial training set), champion network",
        data="emnist-partial-all",
        network="champion",
        num_epochs=16,
        batch_size=128,
        learning_rate=6e-3,
        average_decay=0.999,
    )


def latin62() -> Recipe:
    """The shipped recogniser: the champion, trained on for four epochs on glyphs as pens, paper and cameras give them.

    Run sheet: `glifo train champion --out runs/champion-seed0`, then `glifo train latin62 --out runs/latin62-seed0`, which
    begins with the champion's weights; docs/model-card.md says what it reads and where it errs.
    """
    return replace(
        champion(),
        name="latin62",
        description="The shipped recogniser: the champion, and strokes, blur, faint ink, grain and rules varied",
        start_from="champion",
        num_epochs=4,
        learning_rate=1.5e-3,
        label_smoothing=0.0,  # smoothed answers are too unsure of clear glyphs, which one temperature cannot mend
        augment=champion().augment | {"stroke": 0.7, "blur": 0.6, "ink": 0.4, "grain": 0.06, "rule": 0.1},
    )
