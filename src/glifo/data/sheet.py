"""Data sets as pictures for people: the contact sheet and single samples.

Drawing only: which rows may be shown is decided in `splits.rows_to_show`. Use:

    contact_sheet(dataset, rows_to_show(dataset)).save("contact.png")
"""

from __future__ import annotations

import re

import numpy as np
from jaxtyping import Int64
from PIL import Image, ImageDraw, ImageFont

from glifo.data.dataset import Dataset

__all__ = ["chosen_classes", "contact_sheet", "picture_of", "sample_name", "sample_rows"]

PAPER, LINE, INK = (255, 255, 255), (200, 200, 200), (20, 20, 20)
DEVICE_NAMES = {"con", "prn", "aux", "nul"}  # Windows opens these instead of files


def picture_of(image: np.ndarray, *, scale: int = 1, paper: bool = False) -> Image.Image:
    """One image of a data set as a picture: bright on black as stored, or dark on white `paper`; enlarged by pixels."""
    pixels = 255 - image if paper and image.ndim == 2 else image
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    return picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)


def contact_sheet(
    dataset: Dataset, rows: Int64[np.ndarray, " n"], *, per_class: int = 16, seed: int = 0
) -> Image.Image:
    """A picture with a line for each class: its name, its number of rows, and `per_class` images of it.

    The images are drawn at random from `rows`, by `seed`, and enlarged to about 56 pixels.
    """
    height, width = dataset.images.shape[1:3]
    scale = max(1, 56 // max(height, width))
    cell_width, cell_height = width * scale + 2, max(height * scale + 2, 20)
    font = ImageFont.load_default(14)
    names = [f"{name}  ({count:,})" for name, count in zip(dataset.classes, class_counts(dataset), strict=True)]
    margin = 16 + max(round(font.getlength(name)) for name in names)
    sheet = Image.new("RGB", (margin + per_class * cell_width, len(names) * cell_height), PAPER)
    draw = ImageDraw.Draw(sheet)
    for line, (name, chosen) in enumerate(zip(names, _examples(dataset, rows, per_class, seed), strict=True)):
        top = line * cell_height
        draw.line([(0, top), (sheet.width, top)], fill=LINE)
        draw.text((8, top + cell_height // 2), name, fill=INK, font=font, anchor="lm")
        for place, row in enumerate(chosen):
            sheet.paste(picture_of(dataset.images[row], scale=scale), (margin + place * cell_width, top + 1))
    return sheet


def class_counts(dataset: Dataset) -> list[int]:
    """The number of rows of each class."""
    return [int(count) for count in np.bincount(dataset.labels, minlength=len(dataset.classes))]


def _examples(dataset: Dataset, rows: np.ndarray, per_class: int, seed: int) -> list[np.ndarray]:
    shuffled = np.random.default_rng(seed).permutation(rows)
    labels = np.asarray(dataset.labels)[shuffled]
    return [shuffled[labels == label][:per_class] for label in range(len(dataset.classes))]


def chosen_classes(dataset: Dataset, text: str) -> list[str]:
    """The classes that `text` names: one character each ("38Uae"), or words with commas between ("cat,dog").

    ValueError for one that the data set does not have.
    """
    words = [text] if text in dataset.classes else text.split(",") if "," in text else list(text)
    unknown = [word for word in words if word not in dataset.classes]
    if unknown or not words:
        raise ValueError(
            f"{dataset.name} has no class {unknown[0] if unknown else text!r}: expected some of {' '.join(dataset.classes)}"
        )
    return list(dict.fromkeys(words))


def sample_rows(dataset: Dataset, rows: Int64[np.ndarray, " n"], classes: list[str], seed: int = 0) -> dict[str, int]:
    """One row for each class, drawn at random from `rows` by `seed`."""
    examples = _examples(dataset, rows, 1, seed)
    chosen = {}
    for name in classes:
        found = examples[dataset.classes.index(name)]
        if not found.size:
            raise ValueError(f"{dataset.name} has no row of class {name!r} outside its test rows; choose another class")
        chosen[name] = int(found[0])
    return chosen


def sample_name(name: str) -> str:
    """A file name for a class that no file system confuses with another's, also where A and a are the same.

    >>> sample_name("a"), sample_name("A"), sample_name("/"), sample_name("cat")
    ('a.png', 'A_upper.png', 'U+002F.png', 'cat.png')
    """
    if re.fullmatch(r"[A-Z]", name):
        return f"{name}_upper.png"
    if re.fullmatch(r"[a-z0-9]{1,40}", name) and name not in DEVICE_NAMES:
        return f"{name}.png"
    return "_".join(f"U+{ord(character):04X}" for character in name[:20]) + ".png"
