"""Does a model read pictures, or only EMNIST's own renderings of glyphs? Its validation glyphs, pictured and read.

    python benchmarks/rendered_pictures.py latin62 --n 1000
    python benchmarks/rendered_pictures.py runs/champion-seed0 --sheet conditions.png

MODEL is a shipped name, a bundle or a run folder. Its glyphs are the validation rows of known class that its own recipe and
seed cut off, stratified by class, every class present: never trained on, but used to choose when to stop and to calibrate,
and never test rows. Each glyph is rendered under every condition of `rendering.py` and read as glifo reads a picture; one
that is refused counts as wrong. Writes benchmarks/results/rendered-MODEL.json: command, hardware, versions, the model's
sha256, and for each condition n, accuracy with its 95 % interval, the same with cases merged, and the number refused.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rendering import CONDITIONS, Condition

from glifo.bundle import BUNDLE_NAME
from glifo.data.dataset import open_data
from glifo.evaluation.metrics import case_merged_accuracy, wilson
from glifo.experiment.assemble import split_as_recipe, take, with_one_label
from glifo.files import digest, write_json, write_whole
from glifo.recipes import Recipe
from glifo.recognizer import SHIPPED, Recognizer, load
from glifo.runs import describe_environment

RESULTS = Path(__file__).parent / "results"
AS_IT_IS = "glyph as it is"  # the canonical glyph itself, never pictured: what the conditions are compared with
REFUSED = "?"  # stands as a class beside the model's, which no label is
SHEET_COLUMNS, TILE_PX, NAME_PX = 12, 120, 150


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--n", type=int, default=1000, help="glyphs for each condition")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of glyphs and of the conditions' parameters")
    parser.add_argument("--sheet", type=Path, help="also draw 12 pictures of each condition into this PNG file")
    arguments = parser.parse_args()
    path = file_of(arguments.model)
    recognizer = load(path)
    glyphs, labels = held_out(recognizer, arguments.n, arguments.seed)
    if arguments.sheet:
        write_whole(arguments.sheet, sheet(glyphs, arguments.seed))
    conditions = {name: judge(recognizer, name, glyphs, labels, arguments.seed) for name in (AS_IT_IS, *CONDITIONS)}
    environment, name = describe_environment(0), name_of(arguments.model)
    result = {
        "format_version": 1,
        "command": f"python benchmarks/rendered_pictures.py {name} --n {arguments.n} --seed {arguments.seed}",
        **{key: environment[key] for key in ("hardware", "versions", "commit")},
        "model": name,
        "sha256": digest(path),
        "rows": {key: recognizer.bundle.facts["environment"][key] for key in ("seed", "data", "splits")},
        "n": len(glyphs),
        "seed": arguments.seed,
        "conditions": conditions,
    }
    write_json(RESULTS / f"rendered-{name}.json", result)
    print(table(conditions))


def file_of(model: str) -> Path:
    """The bundle's file of a run folder, a path or a shipped name."""
    places = Path(model) / BUNDLE_NAME, Path(model), SHIPPED / f"{model}.glifo"
    found = [place for place in places if place.is_file()]
    if not found:
        sys.exit(f"there is no model {model!r}; give a run folder, a *.glifo file or one of {shipped()}")
    return found[0]


def shipped() -> list[str]:
    return sorted(path.stem for path in SHIPPED.glob("*.glifo"))


def name_of(model: str) -> str:
    return Path(model).resolve().name.removesuffix(".glifo")


def held_out(recognizer: Recognizer, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Validation glyphs of the model's own training, and the numbers of their classes."""
    facts = recognizer.bundle.facts
    recipe, trained = Recipe.from_dict(facts["recipe"]), facts["environment"]
    dataset = open_data(recipe.data)
    splits = split_as_recipe(dataset, recipe, trained["seed"])
    if splits.fingerprint != trained["splits"]["fingerprint"]:
        sys.exit(
            f"{recipe.data} is not cut as the model's training cut it; use the same data and glifo's version of it"
        )
    rows = with_one_label(dataset, splits.validation)
    rows = stratified(rows, np.asarray(dataset.labels)[rows], n, np.random.default_rng(seed))
    return take(dataset.images, rows), take(dataset.labels, rows)


def stratified(rows: np.ndarray, labels: np.ndarray, n: int, random: np.random.Generator) -> np.ndarray:
    """`n` of the rows in proportion to their classes, or all if there are fewer, and one of each class at least."""
    order, place = random.permutation(len(rows)), np.empty(len(rows))
    for each in np.unique(labels):
        own = order[labels[order] == each]
        place[own] = (np.arange(len(own)) + 0.5) / len(own)
        place[own[0]] = -1
    if n < (place == -1).sum():
        sys.exit(f"--n {n} is too few for the {(place == -1).sum()} classes of the model; give at least as many")
    return np.sort(rows[np.argsort(place, kind="stable")[:n]])


def pictures_of(condition: Condition, glyphs: np.ndarray, seed: int) -> list[np.ndarray]:
    """The glyphs under one condition; a glyph's parameters depend on the seed and its place alone."""
    return [condition(glyph, np.random.default_rng([seed, number])) for number, glyph in enumerate(glyphs)]


def judge(recognizer: Recognizer, name: str, glyphs: np.ndarray, labels: np.ndarray, seed: int) -> dict[str, Any]:
    """The figures of one condition."""
    sys.stderr.write(f"{name}\n")
    pictures = glyphs if name == AS_IT_IS else pictures_of(CONDITIONS[name], glyphs, seed)
    probabilities = read(recognizer, pictures)
    merged = case_merged_accuracy(probabilities, labels, (*recognizer.classes, REFUSED))
    return {
        "n": len(labels),
        "accuracy": asdict(wilson(int((probabilities.argmax(1) == labels).sum()), len(labels))),
        "case_merged": None if merged is None else asdict(merged),
        "num_refused": int(probabilities[:, -1].sum()),
    }


def read(recognizer: Recognizer, pictures: Any) -> np.ndarray:
    """Probabilities "n classes+1" of pictures; the last column is 1 for a picture that is refused, 0 for the others."""
    probabilities = np.eye(len(recognizer.classes) + 1, dtype=np.float32)[np.full(len(pictures), -1)]
    for number, picture in enumerate(pictures):
        try:
            glyph = recognizer.glyph(picture)
        except ValueError:
            continue
        probabilities[number, :-1], probabilities[number, -1] = recognizer.probabilities(glyph[None])[0], 0
    return probabilities


def table(conditions: dict[str, dict[str, Any]]) -> str:
    """The conditions in percent, each with its difference from the glyph as it is."""
    base = conditions[AS_IT_IS]["accuracy"]["value"]
    lines = [f"{'condition':16} {'accuracy':>8} {'95 % interval':>15} {'change':>7} {'merged':>7} {'refused':>8}"]
    for name, found in conditions.items():
        value, low, high, _ = (100 * each for each in found["accuracy"].values())
        merged = f"{100 * found['case_merged']['value']:.1f}" if found["case_merged"] else "-"
        change = f"{value - 100 * base:+.1f}"
        lines.append(f"{name:16} {value:8.1f} {low:8.1f}-{high:5.1f} {change:>8} {merged:>7} {found['num_refused']:8}")
    return "\n".join(lines)


def sheet(glyphs: np.ndarray, seed: int) -> bytes:
    """A PNG file with a row for each condition: its name and the same 12 glyphs, chosen by chance, pictured."""
    chosen = glyphs[np.random.default_rng(seed).permutation(len(glyphs))[:SHEET_COLUMNS]]
    rows = [row_of(name, pictures_of(condition, chosen, seed)) for name, condition in CONDITIONS.items()]
    return bytes(cv2.imencode(".png", np.vstack(rows)[..., ::-1])[1])


def row_of(name: str, pictures: list[np.ndarray]) -> np.ndarray:
    label = np.full((TILE_PX, NAME_PX, 3), 255, np.uint8)
    cv2.putText(label, name, (6, TILE_PX // 2), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return np.hstack([label, *(tile(picture) for picture in pictures)])


def tile(picture: np.ndarray) -> np.ndarray:
    """A picture, RGB, scaled to fit its tile with a rim of 4 pixels."""
    colour = picture if picture.ndim == 3 else cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB)
    scale = (TILE_PX - 8) / max(picture.shape[:2])
    colour = cv2.resize(
        colour, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    )
    space = np.array((TILE_PX, TILE_PX)) - colour.shape[:2]
    (top, left), (bottom, right) = space // 2, space - space // 2
    return cv2.copyMakeBorder(colour, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(205, 205, 205))


if __name__ == "__main__":
    main()
