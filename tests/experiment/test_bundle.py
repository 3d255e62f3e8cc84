"""The bundle: same values, same bytes; nothing damaged, newer or foreign is read."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glifo.bundle import Bundle
from glifo.images import FRAMES, Preparation
from glifo.recognizer import Recognizer

PLAIN = Bundle(
    classes=("a", "ñ", "<"),
    preparation=Preparation(frame=FRAMES["emnist"], mean=(0.17,), std=(0.33,)),
    temperature=1.25,
    onnx=bytes(range(256)) * 40,
    weights=b"weights" * 100,
    facts={"recipe": {"name": "x"}},
)


def assert_equal(one: Bundle, two: Bundle) -> None:
    assert vars(one) == vars(two)


def test_round_trip_and_same_bytes(tmp_path):
    PLAIN.save(tmp_path / "a.glifo")
    PLAIN.save(tmp_path / "b.glifo")
    assert_equal(Bundle.load(tmp_path / "a.glifo"), PLAIN)
    assert (tmp_path / "a.glifo").read_bytes() == (tmp_path / "b.glifo").read_bytes()


def test_nothing_in_it_is_a_pickle(run):
    with zipfile.ZipFile(run.bundle_path) as file:
        assert sorted(file.namelist()) == ["bundle.json", "network.onnx", "weights.safetensors"]
        assert not any(file.read(name).startswith(b"\x80") for name in file.namelist())


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_is_noticed_or_harmless(tmp_path, position, bit):
    """A flip in the zip's own unused fields may change nothing; anything else must be refused, never half-read."""
    path = tmp_path / "flipped.glifo"
    PLAIN.save(path)
    data = bytearray(path.read_bytes())
    data[int(position * len(data))] ^= 1 << bit
    path.write_bytes(data)
    try:
        loaded = Bundle.load(path)
    except ValueError as error:
        assert "\n" not in str(error)
        return
    assert_equal(loaded, PLAIN)


@given(data=st.binary(max_size=300))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_arbitrary_bytes_are_refused(tmp_path, data):
    path = tmp_path / "noise.glifo"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="glifo"):
        Bundle.load(path)


def rewritten(path: Path, **changes) -> Path:
    """The bundle at `path` with fields of its manifest changed, whole as a zip."""
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    members["bundle.json"] = json.dumps(json.loads(members["bundle.json"]) | changes).encode()
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"format_version": 2}, "is a bundle of format 2, this glifo reads up to 1; update glifo"),
        ({"format_version": None}, "no format version"),
        ({"sha256": {"network.onnx": "0", "weights.safetensors": "0"}}, "network.onnx does not match its hash"),
        ({"preparation": {"frame": {}, "mean": [], "std": [1.0]}}, "a mean of 0 numbers"),
        ({"classes": None}, "lacks or misstates"),
        ({"classes": ["a", "a", "b"]}, "two or more different ones"),
        ({"temperature": 0}, "expected a number above 0"),
    ],
)
def test_newer_and_foreign_bundles_are_refused_with_advice(tmp_path, changes, text):
    PLAIN.save(tmp_path / "a.glifo")
    with pytest.raises(ValueError, match=text):
        Bundle.load(rewritten(tmp_path / "a.glifo", **changes))


def test_a_graph_that_is_none_or_of_other_classes_is_refused(run):
    glyphs = np.zeros((1, 8, 8), np.uint8)
    with pytest.raises(ValueError, match=r"network\.onnx cannot be run"):
        Recognizer(replace(run.bundle, onnx=b"no graph")).probabilities(glyphs)
    with pytest.raises(ValueError, match="gives 10 numbers for 2 classes"):
        Recognizer(replace(run.bundle, classes=("a", "b"))).probabilities(glyphs)


def test_a_failed_save_leaves_nothing(tmp_path, monkeypatch):
    import os

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        PLAIN.save(tmp_path / "a.glifo")
    assert list(tmp_path.iterdir()) == []


def test_parity_was_checked_at_save_time(run):
    assert 0 <= run.bundle.facts["onnx_parity"] < 1e-4
    assert np.isfinite(run.bundle.temperature)
