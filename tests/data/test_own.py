"""Your own data: a folder per class, a CSV, an npz; what is read, and what each mistake is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import planted
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from glifo.data.dataset import import_data, open_data
from glifo.data.own import class_name, find_frame, imported_names, read_own
from glifo.data.splits import split
from glifo.images import FRAMES, Frame, canonical_glyph


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GLIFO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def drawn(seed: int) -> np.ndarray:
    """A dark stroke on light paper."""
    picture = np.full((60, 50), 240, np.uint8)
    picture[10 + seed : 50, 20 : 24 + seed] = 20
    return picture


def write_folder(folder: Path, classes: tuple[str, ...] = ("a", "B", "U+002F"), count: int = 4) -> Path:
    for name in classes:
        (folder / name).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(drawn(number)).save(folder / name / f"{number}.png")
    return folder


def test_a_folder_of_pictures_per_class(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "mine")
    (folder / ".hidden").mkdir()
    (folder / "a" / ".DS_Store").write_bytes(b"x")
    (folder / "README.txt").write_text("about")
    data = open_data(folder)
    assert data.name == "mine" and data.classes == ("/", "B", "a") and data.frame == FRAMES["emnist"]
    assert np.bincount(data.labels).tolist() == [4, 4, 4] and data.num_official_test == 0
    np.testing.assert_array_equal(data.images[1], canonical_glyph(drawn(1), FRAMES["emnist"]))
    assert len(split(data).train) == 9


def test_a_csv_of_path_and_label(tmp_path: Path) -> None:
    write_folder(tmp_path)
    lines = [f"{name}/{number}.png,{label}" for name, label in (("a", "yes"), ("B", "no")) for number in range(3)]
    (tmp_path / "set.csv").write_text("\ufeffpath,label\n" + "\n".join(lines) + "\n", encoding="utf-8")
    data = open_data(tmp_path / "set.csv")
    assert data.classes == ("no", "yes") and data.labels.tolist() == [1, 1, 1, 0, 0, 0]


def write_npz(path: Path, **arrays: Any) -> Path:
    whole = {"images": planted.pictures(6), "labels": planted.labels(6, 3)}
    np.savez(path, **{name: value for name, value in (whole | arrays).items() if value is not None})
    return path


def test_an_npz_is_taken_as_it_is(tmp_path: Path) -> None:
    allowed = np.eye(3, dtype=np.uint8)[planted.labels(6, 3)] | np.array([1, 0, 0], np.uint8)
    data = open_data(write_npz(tmp_path / "x.npz", classes=np.array(["x", "y", "z"]), allowed=allowed))
    np.testing.assert_array_equal(data.images, planted.pictures(6))
    assert data.classes == ("x", "y", "z") and data.allowed is not None
    assert data.allowed.dtype == bool and data.allowed.tolist() == allowed.astype(bool).tolist()


def canonical_strokes(frame: Frame) -> np.ndarray:
    """Six pictures of a bent stroke as the frame wants them."""
    pictures = []
    for bend in range(6):
        sheet = np.full((90, 90), 250, np.uint8)
        sheet[15:75, 30:38] = 10
        sheet[67:75, 30 : 45 + 3 * bend] = 10
        pictures.append(canonical_glyph(sheet, frame))
    return np.stack(pictures)


@pytest.mark.parametrize("name", ["emnist", "mnist", "usps", "optdigits"])
def test_the_frame_of_an_npz_is_the_one_its_images_are_canonical_in(tmp_path: Path, name: str) -> None:
    data = open_data(write_npz(tmp_path / "x.npz", images=canonical_strokes(FRAMES[name])))
    assert data.frame == FRAMES[name]
    np.testing.assert_array_equal(data.images, canonical_strokes(FRAMES[name]))


def test_coloured_pictures_are_photos(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), np.uint8)
    assert open_data(write_npz(tmp_path / "x.npz", images=images)).frame == FRAMES["cifar10"]


@pytest.mark.parametrize("shape", [(28, 28), (56, 60), (16, 16)])
def test_what_is_trained_on_is_what_is_served_whatever_an_npz_holds(tmp_path: Path, shape: tuple[int, int]) -> None:
    """Glyphs in a corner fit no known frame: they must reach a network unchanged in serving, as they do in training."""
    images = np.zeros((6, *shape), np.uint8)
    images[:, 1:9, 1:4] = 255
    data = open_data(write_npz(tmp_path / "x.npz", images=images))
    served = np.stack([canonical_glyph(image, data.frame) for image in data.images])
    np.testing.assert_array_equal(served, images)


def test_float_images_from_0_to_1_become_bytes(tmp_path: Path) -> None:
    images = planted.pictures(6) / 255.0
    np.testing.assert_array_equal(open_data(write_npz(tmp_path / "x.npz", images=images)).images, planted.pictures(6))


def test_an_npz_goes_through_a_given_frame(tmp_path: Path) -> None:
    images = np.stack([drawn(number) for number in range(6)])
    content = read_own(write_npz(tmp_path / "x.npz", images=images), FRAMES["usps"])
    np.testing.assert_array_equal(content.images[2], canonical_glyph(drawn(2), FRAMES["usps"]))


BAD_ARRAYS: list[tuple[dict[str, Any], str]] = [
    ({"labels": planted.labels(5, 3)}, "6 images but 5 labels"),
    (
        {"labels": np.array([0, 1, 2, 3, 4, 9]), "classes": np.array(list("abcde"))},
        "labels from 0 to 9, expected 0 to 4",
    ),
    ({"labels": np.array([-1, 1, 2, 0, 1, 2])}, "labels from -1 to 2"),
    ({"labels": np.zeros(6, int)}, "1 class, expected at least 2"),
    ({"labels": np.array([0, 2, 0, 2, 0, 2])}, "no rows of the class 1"),
    ({"labels": np.array(list("abcabc"))}, "labels of type <U1"),
    ({"labels": np.zeros((6, 2), int)}, "labels of type int64 and shape .6, 2."),
    ({"classes": np.array(["x", "x", "z"])}, "the same class is named twice"),
    ({"classes": np.array([["x", "y", "z"]])}, "classes of shape"),
    ({"images": np.full((6, 28, 28), np.nan)}, "NaN or infinite values"),
    ({"images": np.full((6, 28, 28), np.inf)}, "NaN or infinite values"),
    ({"images": np.full((6, 28, 28), 2.0)}, "float images from 2 to 2, expected 0 to 1"),
    ({"images": np.zeros((6, 28, 28), np.int32)}, "images of type int32"),
    ({"images": np.zeros((6, 784), np.uint8)}, r"images of shape \(6, 784\), expected"),
    ({"images": np.zeros((6, 28, 28, 4), np.uint8)}, "images of shape"),
    ({"images": np.zeros((0, 28, 28), np.uint8)}, "images of shape"),
    ({"images": None}, "has no array images: expected images and labels"),
    ({"labels": None, "images": None}, "has no array images and no labels"),
    (
        {"allowed": np.ones((6, 4), bool)},
        r"label sets of type bool and shape \(6, 4\), expected true or false \(6, 3\)",
    ),
    ({"allowed": np.full((6, 3), 2)}, "label sets of type int64"),
    ({"allowed": np.full((6, 3), "x")}, "label sets of type <U1"),
    ({"allowed": np.eye(3, dtype=bool)[[0, 1, 2, 0, 1, 1]]}, "the label set of row 5 leaves out the row's own label"),
    ({"images": np.array([None] * 6)}, "is not an npz file"),
]


@pytest.mark.parametrize(("arrays", "message"), BAD_ARRAYS)
def test_a_wrong_npz_is_one_clear_line(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    path = write_npz(tmp_path / "x.npz", **arrays)
    with pytest.raises(ValueError, match=message) as caught:
        open_data(path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


@pytest.mark.parametrize("keep", [0, 10, 600])
def test_a_cut_off_npz(tmp_path: Path, keep: int) -> None:
    path = write_npz(tmp_path / "x.npz")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match="is not an npz file"):
        open_data(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no rows: expected a header with path,label"),
        ("file,class\na/0.png,a\n", "has file, class: expected a header with path,label"),
        ("path,label\na/0.png\n", "row 2: a path or a label is missing"),
        ("path,label\na/0.png,\n", "row 2: a path or a label is missing"),
        ("path,label\na/0.png,a\na/1.png,a\n", "1 class, expected at least 2"),
        ("path,label\na/0.png,a\nB/9.png,b\n", "B/9.png does not exist"),
        ('path,label\n"a/0.png,a\n', "cannot be read as CSV"),
    ],
)
def test_a_wrong_csv_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    write_folder(tmp_path)
    (tmp_path / "set.csv").write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        open_data(tmp_path / "set.csv")
    assert "\n" not in str(caught.value)


def test_a_csv_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_bytes(b"\xff\xfe\x00path")
    with pytest.raises(ValueError, match="cannot be read as CSV"):
        open_data(tmp_path / "set.csv")


def test_folders_that_are_no_data_set(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="empty has no sub-folders: expected a folder with one sub-folder of pictures"):
        open_data(tmp_path / "empty")
    folder = write_folder(tmp_path / "one", ("a",))
    with pytest.raises(ValueError, match="1 class, expected at least 2"):
        open_data(folder)
    (folder / "b").mkdir()
    with pytest.raises(ValueError, match=r"the class folder .*b has no pictures: add some or remove it"):
        open_data(folder)
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(ValueError, match=r"notes.txt is no data set: expected a folder"):
        open_data(tmp_path / "notes.txt")


@pytest.mark.parametrize("body", [b"", b"just text"])
def test_a_picture_that_cannot_be_read_stops_the_import(tmp_path: Path, cache: Path, body: bytes) -> None:
    folder = write_folder(tmp_path / "mine")
    (folder / "a" / "2.png").write_bytes(body)
    with pytest.raises(ValueError, match=r"a/2\.png") as caught:
        import_data(folder, "my-hand")
    assert "\n" not in str(caught.value) and imported_names() == [] and not list(cache.rglob("*.npy"))


def test_a_blank_picture_is_named(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "mine")
    Image.fromarray(np.full((60, 50), 255, np.uint8)).save(folder / "a" / "2.png")
    with pytest.raises(ValueError, match=r"a/2\.png: .*ink"):
        open_data(folder)


def test_an_import_opens_by_name_and_is_the_same_data(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "mine")
    imported = import_data(folder, "my-hand")
    opened, direct = open_data("my-hand"), open_data(folder)
    np.testing.assert_array_equal(opened.images, direct.images)
    assert opened.name == "my-hand" and opened.classes == direct.classes
    assert imported.identity == opened.identity == direct.identity and imported_names() == ["my-hand"]


def test_an_import_keeps_label_sets_and_frame(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "x.npz", allowed=np.ones((6, 3), bool), images=planted.pictures(6, height=16, width=16))
    opened = import_data(path, "sets")
    assert opened.allowed is not None and opened.allowed.all() and opened.frame == FRAMES["usps"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mnist", "the catalogue has"),
        ("My Hand", "the name 'My Hand'"),
        ("../x", "the name"),
        ("taken", "imported before"),
    ],
)
def test_names_that_cannot_be_given(tmp_path: Path, name: str, message: str) -> None:
    path = write_npz(tmp_path / "x.npz")
    import_data(path, "taken")
    with pytest.raises(ValueError, match=message):
        import_data(path, name)
    assert import_data(path, "taken", replace_old=True).name == "taken"


def test_the_identity_follows_the_content(tmp_path: Path) -> None:
    first = open_data(write_npz(tmp_path / "x.npz")).identity
    assert open_data(write_npz(tmp_path / "y.npz")).identity == first
    other = [
        {"images": planted.pictures(6, seed=1)},
        {"labels": planted.labels(6, 2)},
        {"classes": np.array(list("abc"))},
    ]
    assert first not in [open_data(write_npz(tmp_path / "z.npz", **arrays)).identity for arrays in other]


def test_class_names_of_characters_that_cannot_name_a_folder() -> None:
    assert [class_name(name) for name in ("U+002F", "U+1F600", "U+2F", "a")] == ["/", "😀", "U+2F", "a"]
    with pytest.raises(ValueError, match="no character has that number"):
        class_name("U+110000")


def test_an_unknown_frame_is_told_the_nearest() -> None:
    with pytest.raises(ValueError, match="no frame is named 'emist': did you mean emnist"):
        find_frame("emist")


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=4), keep=st.floats(0, 1))
def test_a_damaged_npz_raises_nothing_but_value_errors(
    tmp_path: Path, changes: list[tuple[int, int]], keep: float
) -> None:
    data = bytearray(write_npz(tmp_path / "whole.npz", allowed=np.ones((6, 3), bool)).read_bytes())
    for place, value in changes:
        data[place % len(data)] = value
    (tmp_path / "x.npz").write_bytes(data[: round(len(data) * keep)] if keep < 0.9 else data)
    try:
        content = read_own(tmp_path / "x.npz")
    except ValueError as error:
        assert str(tmp_path / "x.npz") in str(error)
    else:
        assert len(content.images) == len(content.labels)


def test_spaces_round_a_csv_label_make_no_other_class(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    rows = ["path,label"]
    for number in range(4):
        Image.fromarray(drawn(number)).save(tmp_path / "a" / f"{number}.png")
        rows.append(f"a/{number}.png,{' A' if number % 2 else 'A'}" if number < 2 else f"a/{number}.png, B ")
    (tmp_path / "x.csv").write_text("\n".join(rows) + "\n")
    assert open_data(tmp_path / "x.csv").classes == ("A", "B")
