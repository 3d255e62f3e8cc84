"""Your own data: a folder of pictures per class, a CSV of path,label, or an npz of images and labels.

Pictures go through the one way in (`glifo.images.canonical_glyph`), so that training sees what reading will see.
`import_own` keeps the result under a name that `open_data` and every verb accept. Use:

    content = read_own(Path("letters"))                  # letters/A/*.png, letters/B/*.jpg, ...
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np

from glifo.data.cache import cache_folder, load_content, save_content
from glifo.data.catalog import SOURCES
from glifo.data.content import Content, checked, checked_sets
from glifo.data.formats import check_examples
from glifo.files import nearest, read_json
from glifo.images import FRAMES, Frame

__all__ = ["check_name", "find_frame", "import_own", "imported_names", "load_imported", "read_own"]

EXPECTED = "a folder with one sub-folder of pictures per class, a .csv of path,label or a .npz of images and labels"

NUM_LOOKED_AT = 500  # rows of an npz that decide which frame it has


def read_own(path: Path, frame: Frame | None = None) -> Content:
    """Read your own data as `Content`, every picture brought into `frame` (default: EMNIST's 28x28).

    Folder: a sub-folder per class, named by it, "U+002F" for a character that cannot name a folder; hidden files are
    passed over. CSV: a header with path and label, paths relative to the CSV. npz: `images`, uint8 or float 0..1,
    "n height width [3]", and `labels`, 0-based; optionally `classes` and `allowed` (label sets, true or false, n x
    classes). An npz without a given frame is taken as it is: ink bright on black, upright. ValueError, one line, for
    a picture that cannot be read (named), an empty class, one class, labels out of range, NaN, wrong shapes.
    """
    if not path.exists():
        raise ValueError(f"{path} does not exist: expected {EXPECTED}; check the path and the folder you are in")
    if path.is_dir():
        return checked(_read_folder(path, frame or FRAMES["emnist"]), str(path))
    if path.suffix.lower() == ".csv":
        return checked(_read_csv(path, frame or FRAMES["emnist"]), str(path))
    if path.suffix.lower() == ".npz":
        return checked(_read_npz(path, frame), str(path))
    raise ValueError(f"{path} is no data set: expected {EXPECTED}")


def find_frame(name: str) -> Frame:
    """The frame of that name; ValueError with the nearest names."""
    if name not in FRAMES:
        raise ValueError(f"no frame is named {name!r}: {nearest(name, FRAMES)}")
    return FRAMES[name]


def class_name(folder_name: str) -> str:
    """The class that a folder stands for.

    >>> class_name("U+002F"), class_name("a"), class_name("cat")
    ('/', 'a', 'cat')
    """
    code = re.fullmatch(r"U\+([0-9A-Fa-f]{4,6})", folder_name)
    if not code:
        return folder_name
    if int(code[1], 16) > 0x10FFFF:
        raise ValueError(f"the folder {folder_name}: no character has that number; expected U+0000 to U+10FFFF")
    return chr(int(code[1], 16))


def _read_folder(path: Path, frame: Frame) -> Content:
    folders = sorted(entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if not folders:
        raise ValueError(f"{path} has no sub-folders: expected {EXPECTED}")
    rows = []
    for folder in folders:
        pictures = sorted(entry for entry in folder.iterdir() if entry.is_file() and not entry.name.startswith("."))
        if not pictures:
            raise ValueError(f"the class folder {folder} has no pictures: add some or remove it")
        rows += [(picture, class_name(folder.name)) for picture in pictures]
    return _read_pictures(rows, frame)


def _read_csv(path: Path, frame: Frame) -> Content:
    try:
        text = path.read_text(encoding="utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
        lines = [{key: (value or "").strip() for key, value in line.items() if isinstance(key, str)} for line in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} cannot be read as CSV ({error}): save it as UTF-8 text with commas") from None
    if not lines or not {"path", "label"} <= set(lines[0]):
        found = ", ".join(str(column) for column in lines[0]) if lines else "no rows"
        raise ValueError(f"{path} has {found}: expected a header with path,label and a row for each picture")
    rows = []
    for number, line in enumerate(lines, start=2):
        if not line["path"] or not line["label"]:
            raise ValueError(f"{path}, row {number}: a path or a label is missing; fill it in or delete the row")
        rows.append((path.parent / line["path"], line["label"]))
    return _read_pictures(rows, frame)


def _read_pictures(rows: list[tuple[Path, str]], frame: Frame) -> Content:
    classes = tuple(sorted({label for _, label in rows}))
    index = {label: number for number, label in enumerate(classes)}
    images = np.stack([_read_picture(path, frame) for path, _ in rows])
    labels = np.array([index[label] for _, label in rows], np.int64)
    return Content(images=images, labels=labels, classes=classes, frame=frame)


def _read_picture(path: Path, frame: Frame) -> np.ndarray:
    from glifo.images import canonical_glyph
    from glifo.pictures import load_picture

    try:
        return canonical_glyph(load_picture(path), frame)
    except ValueError as error:
        message = str(error)
        raise ValueError(message if str(path) in message else f"{path}: {message}") from None


def _read_npz(path: Path, frame: Frame | None) -> Content:
    arrays = _load_npz(path)
    images = _eight_bit(arrays["images"], str(path))
    if frame:
        images = np.stack([_reframe(image, frame, f"{path}, row {row}") for row, image in enumerate(images)])
    labels = arrays["labels"]
    named = arrays.get("classes")
    if named is not None and named.ndim != 1:
        raise ValueError(f"{path}: classes of shape {named.shape}, expected one name for each class")
    if named is None:
        num_classes = int(labels.max()) + 1 if labels.size and labels.dtype.kind in "iu" else 0
        named = np.arange(min(max(num_classes, 0), 100_000))
    images, labels = check_examples(images, labels, len(named), str(path))
    sets = arrays.get("allowed")
    return Content(
        images=images,
        labels=labels,
        classes=tuple(str(name) for name in named),
        frame=frame or _frame_of(images),
        allowed=None if sets is None else checked_sets(sets, labels, len(named), str(path)),
    )


def _load_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            arrays = {name: file[name] for name in ("images", "labels", "classes", "allowed") if name in file}
    except OSError as error:
        if error.errno:
            raise
        raise ValueError(f"{path} is not an npz file ({error}); write it with numpy.savez_compressed") from None
    except Exception as error:  # a damaged zip or header makes zipfile and NumPy raise anything
        raise ValueError(f"{path} is not an npz file ({error}); write it with numpy.savez_compressed") from None
    missing = {"images", "labels"} - set(arrays)
    if missing:
        raise ValueError(f"{path} has no array {' and no '.join(sorted(missing))}: expected images and labels")
    return arrays


def _eight_bit(images: np.ndarray, name: str) -> np.ndarray:
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if images.ndim not in (3, 4) or (images.ndim == 4 and images.shape[-1] != 3) or 0 in images.shape:
        raise ValueError(
            f"{name}: images of shape {images.shape}, expected (n, height, width) or (n, height, width, 3)"
        )
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind != "f":
        raise ValueError(f"{name}: images of type {images.dtype}, expected uint8 or float from 0 to 1; convert them")
    if not np.isfinite(images).all():
        raise ValueError(f"{name}: NaN or infinite values in the images; replace or remove those rows")
    if images.min() < 0 or images.max() > 1:
        raise ValueError(f"{name}: float images from {images.min():g} to {images.max():g}, expected 0 to 1; scale them")
    return np.rint(images * 255.0).astype(np.uint8)


def _reframe(image: np.ndarray, frame: Frame, name: str) -> np.ndarray:
    from glifo.images import canonical_glyph

    try:
        return canonical_glyph(image, frame)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _frame_of(images: np.ndarray) -> Frame:
    """The known frame that these images are canonical in; else a "photo" of their size, which serves them as they are.

    A frame that would change them must not be taken: training would see other pictures than serving.
    """
    height, width, channels = (*images.shape[1:3], 3 if images.ndim == 4 else 1)
    known = [f for f in FRAMES.values() if (f.height, f.width, f.channels) == (height, width, channels)]
    plain = Frame(kind="photo", height=height, width=width, channels=channels, border=0, blur=0.0)
    rows = images[np.linspace(0, len(images) - 1, min(len(images), NUM_LOOKED_AT)).astype(int)]
    return next((frame for frame in known if _share_unchanged(rows, frame) >= 0.99), plain)


def _share_unchanged(images: np.ndarray, frame: Frame) -> float:
    """How many of the images are canonical glyphs of the frame already."""
    return float(np.mean([_is_unchanged(image, frame) for image in images]))


def _is_unchanged(image: np.ndarray, frame: Frame) -> bool:
    from glifo.images import canonical_glyph

    try:
        return np.array_equal(canonical_glyph(image, frame), image)
    except ValueError:
        return False  # no ink in it, so it is no glyph of this frame


def _own_folder() -> Path:
    return cache_folder() / "own"


def imported_names() -> list[str]:
    """The names that `import_own` gave, in alphabetical order."""
    folder = _own_folder()
    return sorted(path.parent.name for path in folder.glob("[!.]*/manifest.json")) if folder.is_dir() else []


def load_imported(name: str, *, verify: bool = False) -> tuple[Content, str]:
    """The content and identity of an imported data set; `verify` hashes its arrays first."""
    folder = _own_folder() / name
    return load_content(folder, verify=verify), str(read_json(folder / "manifest.json")["identity"])


def check_name(name: str, *, replace_old: bool = False) -> None:
    """ValueError for a name that is not lower-case letters, digits, -, _ and ., or that is taken."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", name):
        raise ValueError(f"the name {name!r}: expected lower-case letters, digits, '-', '_' and '.', at most 64")
    if name in SOURCES:
        raise ValueError(f"the catalogue has a data set named {name!r}; choose another name")
    if name in imported_names() and not replace_old:
        raise ValueError(f"a data set named {name!r} was imported before; choose another name or give --replace")


def import_own(content: Content, name: str, *, identity: str, source: str) -> None:
    """Keep the content under a name; ValueError when the disk is full or cannot be written."""
    save_content(content, _own_folder() / name, identity=identity, source=source)
