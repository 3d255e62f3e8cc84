"""The official formats, against files written by a second derivation, damaged at random, and the real ones."""

from __future__ import annotations

import gzip
import io
import pickle
import zlib

import numpy as np
import planted
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from glifo.data.formats import (
    check_examples,
    parse_cifar_binary,
    parse_idx,
    parse_optdigits,
    parse_usps,
    upright,
)
from glifo.data.matlab import parse_mat
from glifo.data.pickles import parse_cifar_python

PARSERS = {
    "idx": (parse_idx, planted.idx(planted.pictures(3))),
    "idx unpacked": (parse_idx, planted.idx(planted.pictures(3), packed=False)),
    "mat": (parse_mat, planted.mat(planted.pictures(4), planted.labels(4, 2))),
    "mat unpacked": (parse_mat, planted.mat(planted.pictures(4), planted.labels(4, 2), packed=False)),
    "cifar binary": (parse_cifar_binary, planted.cifar_binary(2)),
    "cifar python": (parse_cifar_python, planted.cifar_python(2)),
    "cifar python 2": (parse_cifar_python, planted.cifar_python_2(2)),
    "usps": (parse_usps, planted.usps(3)),
    "usps unpacked": (parse_usps, planted.usps(3, packed=False)),
    "optdigits": (parse_optdigits, planted.optdigits(3)),
}


@pytest.mark.parametrize("packed", [True, False])
def test_idx_gives_back_what_was_written(packed: bool) -> None:
    images = planted.pictures(5)
    np.testing.assert_array_equal(parse_idx(planted.idx(images, packed=packed)), images)
    np.testing.assert_array_equal(parse_idx(planted.idx(np.arange(7), packed=packed)), np.arange(7))


def test_idx_of_other_types_is_big_endian() -> None:
    data = bytes([0, 0, 0x0C, 1, 0, 0, 0, 2]) + (258).to_bytes(4, "big") + (-3).to_bytes(4, "big", signed=True)
    array = parse_idx(data)
    assert array.tolist() == [258, -3] and array.dtype == np.int32


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "begins with the bytes .none."),
        (b"\x89PNG\r\n\x1a\n", "begins with the bytes 89 50 4e 47: expected an IDX file"),
        (bytes([0, 0, 8, 3, 0, 0]), "ends inside its header"),
        (bytes([0, 0, 8, 1, 0, 0, 0, 9, 1, 2]), "holds 2 bytes of values: its shape .9,. needs 9"),
        (bytes([0, 0, 8, 1, 0, 0, 0, 1, 1, 2]), "holds more bytes of values"),
        (bytes([0, 0, 8, 3]) + b"\xff" * 12, "more than any official file has"),
        (planted.idx(planted.pictures(3))[:-20], "damaged or cut-off gzip file"),
    ],
)
def test_a_wrong_idx_file_is_one_clear_line(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        parse_idx(data, "images.gz")
    assert str(caught.value).startswith("images.gz") and "\n" not in str(caught.value)


def test_upright_is_the_transposition_of_each_image() -> None:
    images = planted.pictures(3)
    np.testing.assert_array_equal(upright(images), np.stack([np.rot90(np.fliplr(image)) for image in images]))


@pytest.mark.parametrize("packed", [True, False])
def test_mat_as_scipy_writes_it_is_upright_and_keeps_its_labels(packed: bool) -> None:
    images, numbers = planted.pictures(4), planted.labels(4, 2, first=1)
    parts = parse_mat(planted.mat(images, numbers, packed=packed))
    assert list(parts) == ["train", "test"]
    for found, found_labels in parts.values():
        np.testing.assert_array_equal(found, images)
        np.testing.assert_array_equal(found_labels, numbers)


def saved(**variables: object) -> bytes:
    buffer = io.BytesIO()
    savemat(buffer, variables)
    return buffer.getvalue()


def test_a_mat_file_that_is_cut_off_says_so() -> None:
    data = planted.mat(planted.pictures(4), planted.labels(4, 2), packed=False)
    with pytest.raises(ValueError, match="it is cut off"):
        parse_mat(data[:-100])


PART = {"images": np.zeros((2, 784), np.uint8), "labels": np.zeros((2, 1))}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"MATLAB 5.0 MAT-file", "it has no MATLAB 5.0 header"),
        (saved(other=1.0), "it has no variable dataset"),
        (saved(dataset={"train": PART}), "it has no field test"),
        (saved(dataset={"train": PART, "test": PART | {"labels": np.zeros((3, 1))}}), "shape .3, 1. for 2 images"),
        (saved(dataset={"train": PART, "test": PART | {"labels": np.full((2, 1), np.nan)}}), "labels of type float64"),
        (saved(dataset={"train": PART, "test": PART | {"images": np.zeros((2, 9))}}), "expected uint8 .n, 784."),
        (saved(dataset=3.0), "it has no field train"),
        (saved(dataset="text"), "it has no field train"),
    ],
)
def test_another_mat_file_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        parse_mat(data, "x.mat")
    assert str(caught.value).startswith("x.mat cannot be read as EMNIST's MATLAB file")


@pytest.mark.parametrize("parse", ["cifar binary", "cifar python", "cifar python 2"])
def test_cifar_planes_are_red_green_blue(parse: str) -> None:
    parser, data = PARSERS[parse]
    images, numbers = parser(data)
    rows, expected = planted.cifar_rows(2)
    np.testing.assert_array_equal(numbers, expected)
    for colour in range(3):
        plane = rows[1][1024 * colour : 1024 * (colour + 1)]
        assert [int(images[1, y, x, colour]) for y in range(32) for x in range(32)] == plane.tolist()


def test_cifar_binary_cut_off_in_a_row() -> None:
    with pytest.raises(ValueError, match=r"has 6,145 bytes: expected whole rows of 3,073"):
        parse_cifar_binary(planted.cifar_binary(2)[:-1])


def test_cifar_binary_label_out_of_range() -> None:
    with pytest.raises(ValueError, match="labels from 0 to 77, expected 0 to 9"):
        parse_cifar_binary(planted.cifar_binary(1) + bytes([77]) + bytes(3072))


@pytest.mark.parametrize("name", ["os.system", "builtins.eval", "numpy.core.multiarray.scalar"])
def test_a_pickle_that_asks_for_another_name_is_refused(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    data = f"c{module}\n{attribute}\n(S'touch x'\ntR.".encode()
    with pytest.raises(ValueError, match=f"it asks for {name}"):
        parse_cifar_python(data)


def test_a_pickle_of_an_object_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a python batch of CIFAR-10"):
        parse_cifar_python(pickle.dumps({b"data": zlib.crc32, b"labels": []}))


def test_a_pickle_that_states_huge_sizes_reserves_nothing() -> None:
    for data in (b"\x80\x05\x96" + b"\xff" * 7 + b"\x00.", b"\x80\x02Nr\xff\xff\xff\xff."):
        with pytest.raises(ValueError, match="is not a python batch"):
            parse_cifar_python(data)


def test_opcodes_that_allocate_by_a_stated_size_are_unknown() -> None:
    extra = b"T\x01\x00\x00\x00x" + b"\x96" + (1).to_bytes(8, "little") + b"x"
    data = planted.cifar_python_2(2)
    assert len(parse_cifar_python(data)[1]) == 2
    with pytest.raises(ValueError, match="is not a python batch"):
        parse_cifar_python(data[:-2] + extra + data[-2:])


def test_usps_paper_is_black_and_ink_bright() -> None:
    images, numbers = parse_usps(planted.usps(12))
    assert numbers.tolist() == [*range(10), 0, 1]
    assert images.shape == (12, 16, 16) and images[0, 0, 0] == 0 and images[0, 15, 15] == 255
    assert images[0].flatten()[100] == round((round(-1 + 200 / 255, 4) + 1) * 127.5)


def test_optdigits_pixels_are_scaled_to_bytes() -> None:
    images, numbers = parse_optdigits(planted.optdigits(3))
    assert numbers.tolist() == [0, 1, 2]
    assert images[0].flatten()[:17].tolist() == [round(v * 255 / 16) for v in range(17)]


@pytest.mark.parametrize(
    ("parse", "data", "message"),
    [
        (parse_usps, b"", "is empty"),
        (parse_usps, gzip.compress(b" \n", mtime=0), "is empty"),
        (parse_usps, b"6.0 0.5\n", "1 rows and 2 columns, expected 257"),
        (parse_usps, planted.usps(2, packed=False).replace(b"-1.0000", b"nan", 1), "finite numbers"),
        (parse_usps, planted.usps(2, packed=False).replace(b"-1.0000", b"-1.5", 1), "values up to 1.5"),
        (parse_usps, planted.usps(2, packed=False).replace(b"1.0000 -1", b"1.5000 -1", 1), "not small whole numbers"),
        (parse_usps, b"caf\xc3\xa9", "is not a table of numbers"),
        (parse_optdigits, planted.optdigits(2).replace(b",16,", b",17,", 1), "a pixel out of 0..16"),
        (parse_optdigits, planted.optdigits(2)[:-1] + b"1\n", "labels from 0 to 11, expected 0 to 9"),
        (parse_optdigits, planted.optdigits(2) + b"1,2\n", "is not a table of numbers"),
    ],
)
def test_a_wrong_table_is_one_clear_line(parse: object, data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        parse(data, "table")  # type: ignore[operator]
    assert str(caught.value).startswith("table") and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("images", "numbers", "message"),
    [
        (planted.pictures(3), np.array([0, 1]), "3 images but 2 labels"),
        (planted.pictures(2), np.array([0, 2]), "labels from 0 to 2, expected 0 to 1"),
        (planted.pictures(2), np.array([-1, 0]), "labels from -1 to 0"),
        (planted.pictures(2), np.array([0.0, 1.0]), "labels of type float64"),
        (planted.pictures(2).astype(float), np.array([0, 1]), "images of type float64"),
        (planted.pictures(0), np.array([], int), "no rows at all"),
    ],
)
def test_examples_that_disagree_are_refused(images: np.ndarray, numbers: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_examples(images, numbers, 2, "set")


def test_labels_that_begin_at_one_become_zero_based() -> None:
    _, numbers = check_examples(planted.pictures(2), np.array([1, 26], np.uint8), 26, "letters", first=1)
    assert numbers.tolist() == [0, 25] and numbers.dtype == np.int64


def damaged(data: bytes) -> st.SearchStrategy[bytes]:
    places = st.lists(st.tuples(st.integers(0, len(data) - 1), st.integers(0, 255)), max_size=4)

    def spoil(changes: list[tuple[int, int]], end: int) -> bytes:
        spoilt = bytearray(data)
        for place, value in changes:
            spoilt[place] = value
        return bytes(spoilt[:end])

    return st.builds(spoil, places, st.one_of(st.just(len(data)), st.integers(0, len(data))))


@pytest.mark.parametrize("name", list(PARSERS))
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(choices=st.data())
def test_parsers_raise_nothing_but_value_errors(name: str, choices: st.DataObject) -> None:
    parse, whole = PARSERS[name]
    data = choices.draw(st.one_of(damaged(whole), damaged(whole[:120]), st.binary(max_size=200)))
    try:
        found = parse(data, "the file")
    except ValueError as error:
        assert "the file" in str(error)
    else:
        assert found is not None
