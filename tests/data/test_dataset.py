"""Opening data sets: which files are found, what the cache keeps, and what is said when files are wrong."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import planted
import pytest

from glifo.data import cache, dataset
from glifo.data.catalog import SOURCES
from glifo.data.dataset import Dataset, data_folder, import_data, open_data
from glifo.data.published import Source, SourceFile
from glifo.data.readers import PLANNERS, presence
from glifo.files import digest


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GLIFO_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("GLIFO_CACHE", str(tmp_path / "cache"))
    # The planted files are small, so that they cannot have the published sizes and hashes.
    monkeypatch.setattr(dataset, "SOURCES", {name: without_hashes(source) for name, source in SOURCES.items()})
    return tmp_path / "data"


def without_hashes(source: Source) -> Source:
    files, alternatives = (tuple(map(without_hash, files)) for files in (source.files, source.alternatives))
    return replace(source, files=files, alternatives=alternatives)


def without_hash(file: SourceFile) -> SourceFile:
    return replace(file, size=None, md5=None, sha256=None)


def write_mnist(folder: Path) -> None:
    (folder / "mnist").mkdir(parents=True)
    for part, count in (("train", 40), ("t10k", 20)):
        (folder / "mnist" / f"{part}-images-idx3-ubyte.gz").write_bytes(planted.idx(planted.pictures(count)))
        (folder / "mnist" / f"{part}-labels-idx1-ubyte.gz").write_bytes(planted.idx(planted.labels(count, 10)))


def test_every_source_is_complete() -> None:
    for name, source in SOURCES.items():
        assert source.name == name and source.licence and source.citation and source.homepage.startswith("http")
        assert len(set(source.classes)) == len(source.classes) >= 2
        assert source.embedded or name in PLANNERS
        assert all((file.archive or file).hashes for file in source.files)
        assert all(mirror.startswith("http") for file in source.files for mirror in file.mirrors)
    assert SOURCES["emnist-letters"].size == 561_753_746
    assert "".join(SOURCES["emnist-bymerge"].classes) == "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"


def test_the_embedded_digits_equal_scikit_learns() -> None:
    from sklearn.datasets import load_digits

    digits = open_data("optdigits")
    np.testing.assert_array_equal(digits.labels, load_digits().target)
    np.testing.assert_allclose(digits.images / 255 * 16, load_digits().images, atol=0.04)
    assert digits.num_official_test == 0 and digits.identity == open_data("optdigits").identity


def test_mnist_keeps_the_test_part_last(folders: Path) -> None:
    write_mnist(folders)
    mnist = open_data("mnist")
    np.testing.assert_array_equal(mnist.images, np.concatenate([planted.pictures(40), planted.pictures(20)]))
    assert mnist.num_official_test == 20 and len(mnist) == 60 and not mnist.images.flags.writeable


def test_idx_files_that_were_unpacked_are_read_too(folders: Path) -> None:
    write_mnist(folders)
    first = open_data("mnist")
    for path in list((folders / "mnist").iterdir()):
        import gzip

        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    np.testing.assert_array_equal(open_data("mnist").images, first.images)


def test_emnist_is_upright_and_letters_begin_at_zero(folders: Path) -> None:
    upright = planted.write_emnist(folders, "letters", num_classes=26, first=1)
    letters = open_data("emnist-letters")
    np.testing.assert_array_equal(letters.images, upright)
    assert letters.labels.min() == 0 and letters.labels.max() == 25 and letters.classes[0] == "A"


def test_emnist_mat_opens_like_the_idx_files(folders: Path) -> None:
    images = planted.pictures(20)
    (folders / "emnist").mkdir(parents=True)
    (folders / "emnist" / "emnist-digits.mat").write_bytes(planted.mat(images, planted.labels(20, 10)))
    digits = open_data("emnist-digits")
    np.testing.assert_array_equal(digits.images[:20], images)
    assert digits.num_official_test == 20


def test_only_the_test_part_opens_with_a_note(folders: Path) -> None:
    planted.write_emnist(folders, "bymerge", num_classes=47, parts=("test",))
    bymerge = open_data("emnist-bymerge")
    assert bymerge.num_official_test == len(bymerge) == 188
    assert bymerge.note == "the official training part is not here"
    assert presence(SOURCES["emnist-bymerge"], folders) == "part"


@pytest.mark.parametrize(("name", "rows"), [("bymerge", [0, 1, 3]), ("byclass", [0, 2, 3]), ("letters", [1, 2])])
def test_emnist_partial_drops_rows_of_unknown_label(folders: Path, name: str, rows: list[int]) -> None:
    planted.write_emnist(folders, "bymerge", num_classes=47, parts=("test",))
    images = np.tile(planted.pictures(4), (62, 1, 1))
    columns = {"y62": np.repeat(np.arange(62), 4), "y47": np.repeat(np.arange(62) % 47, 4)}
    columns["y26"] = np.repeat(np.arange(62) % 26 + 1, 4)
    known = np.zeros(248, bool)
    known[np.concatenate([np.array(rows) + 4 * k for k in range(62)])] = True
    for column, unknown in (("y62", 255), ("y47", 255), ("y26", 0)):
        columns[column] = np.where(known, columns[column], unknown).astype(np.uint8)
    np.savez(folders / "emnist" / "emnist-partial-train.npz", images=images, **columns)
    y62 = np.where(np.arange(188) % 2, 255, np.arange(188) % 47).astype(np.uint8)
    np.save(folders / "emnist" / "emnist-bymerge-test-y62.npy", y62)
    partial = open_data(f"emnist-partial-{name}")
    num_test = {"bymerge": 188, "byclass": 94, "letters": 0}[name]
    assert partial.num_official_test == num_test and len(partial) == known.sum() + num_test
    np.testing.assert_array_equal(partial.images[: known.sum()], images[known])


def test_emnist_partial_all_gives_each_row_what_its_most_telling_label_leaves_open(folders: Path) -> None:
    planted.write_emnist(folders, "bymerge", num_classes=47, parts=("test",))
    every = {(each, 255, 0): {each} for each in range(62)}
    capital_c, c, a, capital_t, t = 12, 38, 36, 29, 55
    some = {  # y62, y47, y26 (255, 255, 0: unknown) -> the allowed classes
        (c, capital_c, 3): {c},  # the ByClass label knows the case
        (255, capital_c, 3): {capital_c, c},  # ByMerge has one class for c
        (255, 36, 1): {a},  # ... and its own class for a
        (255, 255, 20): {capital_t, t},  # Letters knows no case at all
    }
    labels = every | some
    columns = dict(zip(("y62", "y47", "y26"), np.array(list(labels), np.uint8).T, strict=True))
    np.savez(folders / "emnist" / "emnist-partial-train.npz", images=planted.pictures(66), **columns)
    np.save(folders / "emnist" / "emnist-bymerge-test-y62.npy", np.where(np.arange(188) < 40, c, 255).astype(np.uint8))
    data = open_data("emnist-partial-all")
    assert data.allowed is not None and data.num_official_test == 40 and data.allowed[66:].sum() == 40
    assert [set(np.flatnonzero(row).tolist()) for row in data.allowed[:66]] == list(labels.values())
    assert data.allowed[np.arange(106), data.labels].all()


def write_cifar(folder: Path, kind: str, *, with_test: bool) -> None:
    parts = folder / f"cifar-10-batches-{kind}"
    parts.mkdir(parents=True)
    write, ending = (planted.cifar_binary, ".bin") if kind == "bin" else (planted.cifar_python, "")
    for number in range(1, 6):
        (parts / f"data_batch_{number}{ending}").write_bytes(write(10 + number))
    if with_test:
        (parts / f"test_batch{ending}").write_bytes(write(17))


@pytest.mark.parametrize("kind", ["bin", "py"])
def test_cifar_without_its_test_batch_holds_out_batch_5(folders: Path, kind: str) -> None:
    write_cifar(folders, kind, with_test=False)
    cifar = open_data("cifar10")
    assert cifar.num_official_test == 15 and len(cifar) == 65 and "batch 5" in cifar.note


@pytest.mark.parametrize("kind", ["bin", "py"])
def test_cifar_with_its_test_batch(folders: Path, kind: str) -> None:
    write_cifar(folders, kind, with_test=True)
    cifar = open_data("cifar10")
    assert cifar.num_official_test == 17 and len(cifar) == 82 and cifar.note == ""


def test_usps_and_optdigits(folders: Path) -> None:
    for folder in ("usps", "optdigits"):
        (folders / folder).mkdir(parents=True)
    for part, count in (("train", 30), ("test", 20)):
        (folders / "usps" / f"zip.{part}.gz").write_bytes(planted.usps(count))
    for part, count in (("tra", 30), ("tes", 20)):
        (folders / "optdigits" / f"optdigits.{part}").write_bytes(planted.optdigits(count))
    for name, side in (("usps", 16), ("optdigits-full", 8)):
        digits = open_data(name)
        assert digits.images.shape == (50, side, side) and digits.num_official_test == 20
        assert (digits.frame.height, digits.frame.width) == (side, side)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "mnist",
            r"mnist is not in .*data \(missing: mnist/train-images.* and 2 more\): run: glifo data fetch mnist, or",
        ),
        ("emnist-partial-letters", r"\(missing: emnist/emnist-partial-train.npz\): copy them there, or set GLIFO_DATA"),
        ("mnst", r"no data set and no file is named 'mnst': did you mean mnist or .*glifo data list"),
        ("no/such/folder", r"no data set and no file is named 'no/such/folder'"),
    ],
)
def test_what_is_missing_is_one_clear_line(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        open_data(name)
    assert "\n" not in str(caught.value)


def test_image_count_unlike_label_count(folders: Path) -> None:
    write_mnist(folders)
    (folders / "mnist" / "t10k-labels-idx1-ubyte.gz").write_bytes(planted.idx(planted.labels(19, 10)))
    with pytest.raises(ValueError, match=r"t10k-images-idx3-ubyte.gz: 20 images but 19 labels"):
        open_data("mnist")
    assert not list((folders.parent / "cache").glob("**/*.npy"))


def test_an_empty_class_in_an_official_file(folders: Path) -> None:
    write_mnist(folders)
    for part, count in (("train", 40), ("t10k", 20)):
        (folders / "mnist" / f"{part}-labels-idx1-ubyte.gz").write_bytes(planted.idx(planted.labels(count, 9)))
    with pytest.raises(ValueError, match="mnist: no rows of the class 9"):
        open_data("mnist")


def opened_twice(monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Opens MNIST while parsing and hashing are forbidden."""

    def forbidden(*_: object) -> None:
        raise AssertionError("the second opening must not read the source files")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", forbidden)
        patch.setattr(cache, "digest", forbidden)
        return open_data("mnist")


def test_the_second_opening_reads_no_source_file(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mnist(folders)
    first, second = open_data("mnist"), opened_twice(monkeypatch)
    np.testing.assert_array_equal(first.images, second.images)
    assert isinstance(second.images, np.memmap) and first.identity == second.identity


def test_a_touched_file_is_hashed_again_and_kept(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mnist(folders)
    first = open_data("mnist")
    os.utime(folders / "mnist" / "train-images-idx3-ubyte.gz", ns=(1, 1))
    assert open_data("mnist").identity == first.identity
    assert opened_twice(monkeypatch).identity == first.identity


def test_a_changed_file_is_read_again(folders: Path) -> None:
    write_mnist(folders)
    first = open_data("mnist")
    path = folders / "mnist" / "train-images-idx3-ubyte.gz"
    path.write_bytes(planted.idx(planted.pictures(40, seed=9)))
    os.utime(path, ns=(5, 5))
    second = open_data("mnist")
    np.testing.assert_array_equal(second.images[:40], planted.pictures(40, seed=9))
    assert second.identity != first.identity


@pytest.mark.parametrize("spoil", ["images.npy", "manifest.json", "version"])
def test_a_damaged_cache_is_made_again(folders: Path, spoil: str) -> None:
    write_mnist(folders)
    first = np.array(open_data("mnist").images)
    folder = next((folders.parent / "cache").iterdir())
    if spoil == "version":
        manifest = json.loads((folder / "manifest.json").read_text()) | {"format_version": 99}
        (folder / "manifest.json").write_text(json.dumps(manifest))
    else:
        (folder / spoil).write_bytes((folder / spoil).read_bytes()[:-3])
    np.testing.assert_array_equal(open_data("mnist").images, first)
    assert [path.name for path in (folders.parent / "cache").iterdir()] == [folder.name]


def flip_a_byte(path: Path, *, keep_time: bool) -> None:
    times = path.stat()
    content = bytearray(path.read_bytes())
    content[-100] ^= 0xFF
    path.write_bytes(content)
    if keep_time:
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.parametrize("keep_time", [False, True])
@pytest.mark.parametrize("array", ["images.npy", "labels.npy"])
def test_a_flipped_byte_in_the_cache_is_found(folders: Path, array: str, keep_time: bool) -> None:
    write_mnist(folders)
    first = open_data("mnist")
    images, labels = np.array(first.images), np.array(first.labels)
    flip_a_byte(next((folders.parent / "cache").iterdir()) / array, keep_time=keep_time)
    second = open_data("mnist", verify=keep_time)
    np.testing.assert_array_equal(second.images, images)
    np.testing.assert_array_equal(second.labels, labels)


def test_a_flipped_byte_in_imported_data_is_refused(folders: Path) -> None:
    folders.mkdir(exist_ok=True)
    np.savez(folders / "own.npz", images=planted.pictures(40, seed=9), labels=np.arange(40) % 2)
    import_data(folders / "own.npz", "mine")
    flip_a_byte(folders.parent / "cache" / "own" / "mine" / "images.npy", keep_time=True)
    with pytest.raises(ValueError, match=r"a file is missing or was changed.*import the data again"):
        open_data("mine", verify=True)


def test_a_file_with_another_hash_is_refused(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mnist(folders)
    monkeypatch.setattr(dataset, "SOURCES", SOURCES)
    with pytest.raises(ValueError, match=r"has the md5 \w{32}, expected \w{32}: .* run: glifo data fetch mnist"):
        open_data("mnist")


def test_the_manifest_of_a_fetch_proves_files_without_a_published_hash(folders: Path) -> None:
    planted.write_emnist(folders, "digits", num_classes=10)
    names = [file.name for file in SOURCES["emnist-digits"].files]
    record = {name: digest(folders / name) for name in names} | {names[0]: "0" * 64}
    (folders / "emnist-digits.manifest.json").write_text(json.dumps({"format_version": 1, "sha256": record}))
    with pytest.raises(ValueError, match=f"expected {'0' * 64}"):
        open_data("emnist-digits")


def test_a_cache_that_cannot_be_written_leaves_nothing(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mnist(folders)

    def full(path: Path, array: np.ndarray) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cache, "_write_array", full)
    with pytest.raises(
        ValueError, match=r"cannot write arrays to .*cache \(no space left on the device\).*GLIFO_CACHE"
    ):
        open_data("mnist")
    assert list((folders.parent / "cache").iterdir()) == []


def test_a_cache_under_a_file_is_one_clear_line(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mnist(folders)
    (folders.parent / "file").write_text("x")
    monkeypatch.setenv("GLIFO_CACHE", str(folders.parent / "file"))
    with pytest.raises(ValueError, match="set GLIFO_CACHE to another folder"):
        open_data("mnist")


def test_folders_follow_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("GLIFO_DATA")
    monkeypatch.delenv("GLIFO_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert data_folder() == tmp_path / "glifo" / "data" and cache.cache_folder() == tmp_path / "glifo" / "arrays"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert data_folder() == tmp_path / ".cache" / "glifo" / "data"
