"""Files are written whole or not at all."""

from __future__ import annotations

import hashlib
import os

import pytest

from glifo.files import digest, nearest, read_json, write_json, write_whole


def test_a_file_is_replaced_whole_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "deep" / "a.bin"
    write_whole(path, b"first")
    write_whole(path, b"second")
    assert path.read_bytes() == b"second"
    assert [each.name for each in path.parent.iterdir()] == ["a.bin"]


def test_a_failed_write_keeps_the_old_file_and_leaves_no_half(tmp_path, monkeypatch):
    path = tmp_path / "a.bin"
    write_whole(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["a.bin"]


def test_json_round_trip_and_a_file_that_is_none(tmp_path):
    write_json(tmp_path / "a.json", {"ñ": [1, 2.5, None]})
    assert read_json(tmp_path / "a.json") == {"ñ": [1, 2.5, None]}
    (tmp_path / "b.json").write_bytes(b"\xff{")
    with pytest.raises(ValueError, match=r"b\.json is not a JSON file"):
        read_json(tmp_path / "b.json")


def test_digest_is_hashlibs(tmp_path):
    (tmp_path / "a").write_bytes(b"abc" * 1000)
    assert digest(tmp_path / "a", "md5") == hashlib.md5(b"abc" * 1000).hexdigest()


def test_nearest_names():
    assert nearest("digit", ["digits", "mnist"]) == "did you mean digits?"
    assert nearest("zzz", ["b", "a"]) == "known: a, b"
