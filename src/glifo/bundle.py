"""The bundle: one file that holds everything reading needs, and nothing that runs by itself.

A zip named `*.glifo` with `bundle.json` (classes, preparation, temperature, recipe, scores, versions, data hashes, the
hash of every other member), `network.onnx` and `weights.safetensors`. This module knows bytes and plain values; a network
becomes ONNX in `glifo.networks.to_onnx`, and `glifo.recognizer` runs it.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from glifo.files import write_whole
from glifo.images import Preparation

FORMAT_VERSION = 1
BUNDLE_NAME = "model.glifo"  # in a run folder
MANIFEST, NETWORK, WEIGHTS = "bundle.json", "network.onnx", "weights.safetensors"
MAX_BYTES = 1 << 30
EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Bundle:
    """A trained recogniser as values.

    classes: one string each, in the order of the logits; preparation: from a picture to the network's input;
    temperature: what logits are divided by before softmax; conformal: thresholds by coverage, empty where none were
    fitted; onnx, weights: the graph and the weights as bytes; facts: recipe, scores, versions, data hashes (for people).
    """

    classes: tuple[str, ...]
    preparation: Preparation
    temperature: float
    onnx: bytes
    weights: bytes
    conformal: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise ValueError(f"a bundle with temperature {self.temperature}: expected a number above 0; make it again")
        if len(self.classes) < 2 or len(set(self.classes)) != len(self.classes):
            raise ValueError(
                f"a bundle with the classes {self.classes}: expected two or more different ones; make it again"
            )

    def save(self, path: Path) -> None:
        """Write the bundle, whole or not at all; the same values give the same bytes."""
        members = {NETWORK: self.onnx, WEIGHTS: self.weights}
        manifest = {
            "format_version": FORMAT_VERSION,
            "classes": list(self.classes),
            "preparation": self.preparation.to_dict(),
            "temperature": self.temperature,
            "conformal": self.conformal,
            "facts": self.facts,
            "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in members.items()},
        }
        members[MANIFEST] = json.dumps(manifest, indent=1, ensure_ascii=False, allow_nan=False).encode()
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
            for name, data in members.items():
                file.writestr(zipfile.ZipInfo(name, EPOCH), data, zipfile.ZIP_DEFLATED)
        write_whole(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> Bundle:
        """Read a bundle; a file that is none, is damaged or is of a newer format is a ValueError that says so."""
        if not path.is_file():
            raise ValueError(
                f"there is no bundle at {path}; give a *.glifo file, a run folder or a shipped model's name"
            )
        manifest, members = read_members(path)
        try:
            return cls(
                classes=tuple(str(name) for name in manifest["classes"]),
                preparation=Preparation.from_dict(manifest["preparation"]),
                temperature=float(manifest["temperature"]),
                conformal=manifest["conformal"],
                facts=manifest["facts"],
                onnx=members[NETWORK],
                weights=members[WEIGHTS],
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path}: bundle.json lacks or misstates {error}; get the file again") from None


def read_members(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest and the members of a bundle, each checked against its hash."""
    members = unzip(path, path.read_bytes())
    try:
        manifest = json.loads(members.pop(MANIFEST))
    except ValueError as error:
        raise ValueError(f"{path}: {MANIFEST} is no JSON ({error}); get or make the file again") from None
    check_version(path, manifest)
    for name, data in members.items():
        if hashlib.sha256(data).hexdigest() != manifest["sha256"].get(name):
            raise ValueError(f"{path}: {name} does not match its hash, the file is damaged; get it again")
    return manifest, members


def unzip(path: Path, data: bytes) -> dict[str, bytes]:
    """The three members' bytes; whatever is no such zip, or unpacks to more than 1 GiB, is a ValueError."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            if sum(info.file_size for info in file.infolist()) > MAX_BYTES:
                raise zipfile.BadZipFile("it unpacks to more than 1 GiB")
            return {name: file.read(name) for name in (MANIFEST, NETWORK, WEIGHTS)}
    except DAMAGE as error:
        raise ValueError(f"{path} is no whole glifo bundle ({error}); get or make the file again") from None


def check_version(path: Path, manifest: Any) -> None:
    """Refuse what this glifo cannot read, with advice."""
    version = manifest.get("format_version") if isinstance(manifest, dict) else None
    if not isinstance(version, int) or not isinstance(manifest.get("sha256"), dict):
        raise ValueError(f"{path} has no format version and hashes in {MANIFEST}; it is no glifo bundle")
    if version > FORMAT_VERSION:
        raise ValueError(
            f"{path} is a bundle of format {version}, this glifo reads up to {FORMAT_VERSION}; update glifo to read it"
        )


# What zipfile raises on damaged bytes; NotImplementedError and RuntimeError come of flipped flags in its headers.
DAMAGE = (zipfile.BadZipFile, KeyError, ValueError, NotImplementedError, RuntimeError, EOFError, OSError, zlib.error)
