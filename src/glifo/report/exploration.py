"""The page of an exploration: components, clusters and maps as pictures.

It decides and computes nothing but what to show; see `glifo.experiment.explore`.

    exploration_report(Path("explore.html"), explore("optdigits"))
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from glifo.experiment.explore import Exploration
from glifo.report.drawing import Figure
from glifo.report.page import Measure, ReportPage, Section, Table, write_page
from glifo.report.scatter import class_map, cluster_plot, k_plot, variance_plot
from glifo.report.tiles import Tile, ink, signed, tile_grid

NUM_EIGEN_GLYPHS, NUM_REBUILT = 17, 8
REBUILT_FROM = (1, 5, 20, 50)
MAP_NAMES = {"tsne": "t-SNE", "umap": "UMAP"}


def exploration_report(path: Path, found: Exploration) -> None:
    """Write the page of an exploration as one file; raises OSError when it cannot be written."""
    write_page(path, exploration_page(found))


def exploration_page(found: Exploration) -> ReportPage:
    """Compose the page: headline figures, components, rebuilt pictures, maps, the choice of k, clusters."""
    sampled = "" if len(found.labels) == found.num_shown else f" (a stratified sample of {found.num_shown:,})"
    agreement = found.clustering.agreement
    return ReportPage(
        title=f"A look at {found.data}",
        subtitle=f"{len(found.labels):,} pictures{sampled} of {len(found.classes)} classes. Nothing was trained, and the "
        "sealed test rows were left out.",
        facts=(
            ("data", found.data),
            ("seed", str(found.seed)),
            ("picture", "x".join(map(str, found.images.shape[1:]))),
            ("identity", found.identity[:16]),
        ),
        measures=(
            Measure(
                name="Components for 90% of the variance",
                value=counted(found.num_components[0.9]),
                note=f"of {found.components.mean.size:,} pixel values",
            ),
            Measure(name="Clusters shown", value=str(found.clustering.k), note=chosen_by(found)),
            Measure(
                name="Purity", value=f"{agreement.purity:.1%}", note="share that has its cluster's commonest class"
            ),
            Measure(
                name="Adjusted Rand index",
                value=f"{agreement.adjusted_rand:.3f}",
                note=f"0 chance, 1 the classes; mutual information {agreement.normalized_mutual_information:.3f}",
            ),
        ),
        sections=(
            component_section(found),
            rebuilt_section(found),
            map_section(found),
            choice_section(found),
            cluster_section(found),
        ),
    )


def counted(num: int | None) -> str:
    return "more than computed" if num is None else f"{num:,}"


def chosen_by(found: Exploration) -> str:
    """Why the shown number of clusters is shown."""
    choices = found.clustering.choices
    if "given" in choices:
        return "as given"
    named = [name for name in ("silhouette", "elbow") if choices[name] == found.clustering.k]
    return f"chosen by {' and '.join(named)}"


def component_section(found: Exploration) -> Section:
    rows = tuple((f"{share:.0%}", counted(num)) for share, num in found.num_components.items())
    return Section(
        heading="Principal components",
        text="The directions in which the pictures differ most, the mean picture taken off first. Each is itself a "
        "picture: adding it raises pixels (ink is high) where it is blue and lowers them where it is orange. Of colour "
        "pictures the mean of the three colours is drawn.",
        figures=(variance_plot(found.components.shares, found.num_components), eigen_glyphs(found)),
        tables=(Table(caption="Components needed", columns=("of the variance", "components"), rows=rows),),
    )


def eigen_glyphs(found: Exploration) -> Figure:
    """The mean picture and the first components, each with its share of the variance."""
    shape = found.images.shape[1:]
    mean = np.rint(255 * found.components.mean).clip(0, 255).astype(np.uint8).reshape(shape)
    num = min(NUM_EIGEN_GLYPHS, len(found.components))
    tiles = [Tile(layers=(ink(mean),), title="mean", note="of all")]
    for number in range(num):
        direction = found.components.directions[number].astype(np.float64).reshape(*shape[:2], -1).mean(axis=2)
        share = found.components.shares[number]
        tiles.append(Tile(layers=(signed(direction),), title=str(number + 1), note=f"{share:.1%}"))
    return tile_grid(
        tiles,
        columns=9,
        caption="The mean picture and the first components with their share of the variance (blue above zero, orange "
        "below; the sign of a whole component means nothing).",
        alt=f"The mean picture and the first {num} principal components as pictures.",
    )


def rebuilt_section(found: Exploration) -> Section:
    return Section(
        heading="Pictures from few components",
        text="One picture of each of some classes, as it is and as its first components alone tell it.",
        figures=(rebuilt_glyphs(found),),
    )


def rebuilt_glyphs(found: Exploration) -> Figure:
    """A picture of each of the first classes in the top row, then as 1, 5, 20 and 50 components tell it."""
    firsts = [int(np.argmax(found.labels == label)) for label in range(min(NUM_REBUILT, len(found.classes)))]
    images = found.images[firsts]
    nums = [num for num in REBUILT_FROM if num < len(found.components)]
    tiles = [Tile(layers=(ink(image),)) for image in images]
    vectors = images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
    errors = []
    for num in nums:
        rebuilt = found.components.reconstruct(vectors, num)
        errors.append(float(np.sqrt(np.square(rebuilt - vectors).mean())))
        pixels = np.rint(255 * rebuilt).clip(0, 255).astype(np.uint8).reshape(images.shape)
        tiles += [Tile(layers=(ink(image),)) for image in pixels]
    names = ["as it is", *(f"{num} component{'s' * (num > 1)}" for num in nums)]
    told = ", ".join(f"{error:.3f} with {num}" for num, error in zip(nums, errors, strict=True))
    return tile_grid(
        tiles,
        columns=len(images),
        row_names=names,
        caption=f"Root mean square error of a pixel (white is 1) over these pictures: {told}.",
        alt=f"{len(images)} pictures and their reconstructions; the error is {told}.",
    )


def map_section(found: Exploration) -> Section:
    shares = found.components.shares
    first, second = (f"component {n + 1} ({shares[n] if n < len(shares) else 0:.1%})" for n in (0, 1))
    figures = [class_map(found.coordinates, found.labels, found.classes, "the first two components", (first, second))]
    text = "Each dot is a picture, coloured by its class; a class's name stands at the median of its dots. "
    if found.map is not None:
        name = MAP_NAMES[str(found.embedding)]
        figures.append(class_map(found.map, found.labels, found.classes, name, ("", "")))
        text += f"{name} keeps near neighbours near; sizes of its groups and distances between them say nothing."
    return Section(heading="Maps", text=text, figures=tuple(figures))


def choice_section(found: Exploration) -> Section:
    clustering = found.clustering
    choices = clustering.choices
    by_k = {k: [name for name, each in choices.items() if each == k] for k in sorted(set(choices.values()))}
    rows = tuple(
        (", ".join(by_k[k]), k, *(round(figure, 4) for figure in clustering.agreements[k].figures().values()))
        for k in by_k
    )
    columns = ("chosen by", "k", "purity", "adjusted Rand", "mutual information")
    return Section(
        heading="How many clusters?",
        text=f"k-means on the first {clustering.num_components} components, without the labels. The mean silhouette "
        f"(Rousseeuw 1987) is largest at k = {choices['silhouette']}; the sum of squared distances bends most at "
        f"k = {choices['elbow']} (Kneedle, Satopaa et al. 2011).",
        figures=(k_plot(clustering.sweep),),
        tables=(
            Table(caption="How far the clusters of each choice agree with the classes", columns=columns, rows=rows),
        ),
    )


def cluster_section(found: Exploration) -> Section:
    clusters, agreement = found.cluster_dicts(), found.clustering.agreement
    centroids = found.centroids()
    tiles = [
        Tile(
            layers=(ink(centroid),),
            title=f"#{each['cluster']}: {each['label']}",
            note=f"{each['share']:.0%} of {each['rows']:,}",
        )
        for each, centroid in zip(clusters, centroids, strict=True)
    ]
    mixed = clusters[agreement.most_mixed]
    rows = tuple(
        (f"#{each['cluster']}", each["label"], each["rows"], f"{each['share']:.1%}", others(each)) for each in clusters
    )
    columns = ("cluster", "commonest", "pictures", "its share", "other classes")
    return Section(
        heading="Clusters",
        text="Numbered in the order of their commonest classes. The most mixed is "
        f"#{mixed['cluster']}: {mixed['label']} ({mixed['share']:.0%}), then {others(mixed)}.",
        figures=(
            tile_grid(
                tiles,
                columns=9,
                caption="Each cluster's mean picture, its number and commonest class, that class's share, and its size.",
                alt="Mean pictures of the clusters: " + ", ".join(f"{t.title} {t.note}" for t in tiles[:20]) + ".",
            ),
            cluster_plot(agreement.table, found.classes),
        ),
        tables=(Table(caption="Clusters and the classes in them", columns=columns, rows=rows, num_text_columns=2),),
    )


def others(cluster: dict, num: int = 4) -> str:
    """The other classes of a cluster, commonest first, with their shares."""
    rest = sorted(
        ((count, name) for name, count in cluster["labels"].items() if name != cluster["label"]), reverse=True
    )
    told = ", ".join(f"{name} ({count / cluster['rows']:.0%})" for count, name in rest[:num])
    return told + (" and others" if len(rest) > num else "") if rest else "none"
