"""`glifo data`: each verb from the command line, its JSON, and one clear line with exit code 2 for wrong input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from calling import assert_refused, call, json_of
from PIL import Image
from sklearn.datasets import load_digits

from glifo.data.catalog import SOURCES
from glifo.data.dataset import open_data
from glifo.data.sheet import chosen_classes, contact_sheet, sample_name
from glifo.data.splits import rows_to_show


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLIFO_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("GLIFO_CACHE", str(tmp_path / "cache"))


def write_npz(path: Path, *, num_rows: int = 40) -> Path:
    digits = load_digits()
    np.savez(path, images=digits.images[:num_rows] / 16, labels=digits.target[:num_rows])
    return path


def test_list_names_every_source_and_import(tmp_path: Path) -> None:
    call("data", "import", write_npz(tmp_path / "x.npz"), "--name", "mine")
    rows = {row["name"]: row for row in json_of("data", "list")}
    assert list(rows) == [*SOURCES, "mine"]
    assert rows["optdigits"]["here"] == "embedded" and rows["mnist"]["here"] == "absent"
    assert rows["mine"]["here"] == "imported" and rows["mine"]["num_train"] == 40
    assert rows["emnist-letters"]["files"][0]["md5"] == "58c8d27c78d21e728a6bc7b3cc06412e"
    text = call("data", "list").stdout
    assert all(name in text for name in rows) and "batch 5" in text and "licence: CC BY 4.0 (UCI)" in text


def test_show_counts_classes_splits_and_repeats(tmp_path: Path) -> None:
    facts = json_of("data", "show", "optdigits", "--out", tmp_path / "sheets" / "contact.png")
    assert facts["classes"] == dict(zip("0123456789", np.bincount(load_digits().target).tolist(), strict=True))
    assert (facts["splits"]["train"], facts["splits"]["validation"], facts["splits"]["test"]) == (1374, 153, 270)
    assert facts["repeats"] == {"inside": 0, "test_in_training": 0} and facts["num_rows"] == 1797
    with Image.open(facts["contact_sheet"]) as sheet:
        assert sheet.format == "PNG" and sheet.height == 10 * 58
    text = call("data", "show", "optdigits").stdout
    assert "train 1,374, validation 153, test 270" in text and "0 images repeat an earlier one" in text


def test_show_reports_planted_repeats(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8), np.uint8)
    images[7] = images[3]
    np.savez(tmp_path / "x.npz", images=images, labels=np.arange(40) % 2)
    assert json_of("data", "show", tmp_path / "x.npz")["repeats"]["inside"] == 1


def test_the_contact_sheet_draws_each_class_in_its_line_and_no_test_row() -> None:
    digits = open_data("optdigits")
    rows = rows_to_show(digits)
    sheet = np.asarray(contact_sheet(digits, rows, per_class=5).convert("L"))
    margin = sheet.shape[1] - 5 * 58
    shown = {digits.images[row].tobytes(): int(digits.labels[row]) for row in rows}
    for label in range(10):
        for place in range(5):
            top, left = 58 * label + 1, margin + 58 * place
            cell = sheet[top : top + 56 : 7, left : left + 56 : 7]
            assert shown[cell.tobytes()] == label


def test_sample_writes_one_upright_picture_for_each_character(tmp_path: Path) -> None:
    pictures = json_of("data", "sample", "optdigits", "--characters", "381", "--out", tmp_path / "out")["pictures"]
    digits = open_data("optdigits")
    assert [picture["character"] for picture in pictures] == ["3", "8", "1"]
    for picture in pictures:
        row = picture["row"]
        assert digits.classes[digits.labels[row]] == picture["character"] and row in rows_to_show(digits)
        np.testing.assert_array_equal(np.asarray(Image.open(picture["path"])), digits.images[row])


def test_sample_on_paper_enlarged_and_by_seed(tmp_path: Path) -> None:
    options = ("data", "sample", "optdigits", "--characters", "3", "--seed", 5, "--scale", 4, "--paper", "--out")
    picture = json_of(*options, tmp_path / "a")["pictures"][0]
    pixels = np.asarray(Image.open(picture["path"]))
    assert pixels.shape == (32, 32)
    np.testing.assert_array_equal(pixels[::4, ::4], 255 - open_data("optdigits").images[picture["row"]])
    assert json_of(*options, tmp_path / "b")["pictures"][0]["row"] == picture["row"]
    assert call(*options, tmp_path / "c").stdout.startswith("3  ")


def test_file_names_differ_where_case_does_not_count() -> None:
    names = [sample_name(name) for name in [*"aAbBzZ09/.é", "con", "cat", "Cat", ".."]]
    assert len({name.lower() for name in names}) == len(names)
    assert all(name.endswith(".png") and not set(name) & set('/\\:*?"<>|') for name in names)


def test_classes_of_several_letters_are_chosen_with_commas() -> None:
    things = open_data("optdigits")
    assert chosen_classes(things, "0,1,0") == ["0", "1"]
    with pytest.raises(ValueError, match="optdigits has no class 'x': expected some of 0 1 2"):
        chosen_classes(things, "1x")


def test_import_then_the_same_verbs(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "x.npz")
    assert json_of("data", "import", path, "--name", "mine")["num_rows"] == 40
    assert json_of("data", "show", "mine")["num_rows"] == 40
    assert json_of("data", "sample", "mine", "--characters", "7", "--out", tmp_path)["pictures"][0]["character"] == "7"
    assert "mine: 40 rows of 10 classes" in call("data", "import", path, "--name", "mine", "--replace").stdout


def test_fetch_takes_local_files_by_hash_and_says_so(tmp_path: Path) -> None:
    assert "nothing to fetch" in call("data", "fetch", "optdigits").stdout
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "t10k-labels-idx1-ubyte.gz").write_bytes(b"wrong")
    assert_refused("is not, or does not have, train-images", "data", "fetch", "mnist", "--from", tmp_path / "given")
    assert not list((tmp_path / "data").rglob("*.gz"))


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ("did you mean mnist", ("fetch", "mnits")),
        ("run: glifo data fetch mnist", ("show", "mnist")),
        ("did you mean optdigits", ("show", "optdigit")),
        ("copy them there", ("show", "emnist-partial-letters")),
        ("emnist-balanced is not in", ("sample", "--characters", "a", "--out", "x")),
        ("has no class 'x'", ("sample", "optdigits", "--characters", "x", "--out", "x")),
        ("did you mean usps", ("import", "x", "--name", "y", "--frame", "uspss")),
        ("the catalogue has", ("import", "x", "--name", "mnist")),
        ("x does not exist: expected a folder", ("import", "x", "--name", "y")),
        ("give a name that ends in .png", ("show", "optdigits", "--out", "contact.jpg")),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(message: str, arguments: tuple[str, ...]) -> None:
    assert_refused(message, "data", *arguments)


@pytest.mark.parametrize("verb", ["list", "fetch", "import", "show", "sample"])
def test_every_verb_has_help_with_an_example(verb: str) -> None:
    result = call("data", verb, "--help")
    assert result.exit_code == 0 and "Example" in result.stdout and "glifo data" in result.stdout
