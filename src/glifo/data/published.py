"""The published files and hashes that the catalogue is built of, and the values `Source` and `SourceFile`.

Plain values only. The hash is the identity of a file, mirrors are places to look for it. `catalog.py` is what to use.
"""

from __future__ import annotations

import string
from dataclasses import dataclass

from glifo.images import FRAMES, Frame


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """One file of a data set; `name` is its place under the data folder, as "mnist/t10k-labels-idx1-ubyte.gz".

    `size` is in bytes and, like the hashes, as published or None where nothing was published. A file that is a
    `member` of an `archive` is extracted from it; its mirrors are the archive's.
    """

    name: str
    size: int | None = None
    md5: str | None = None
    sha256: str | None = None
    mirrors: tuple[str, ...] = ()
    archive: SourceFile | None = None
    member: str = ""

    @property
    def hashes(self) -> dict[str, str]:
        """The published hashes by algorithm: "md5", "sha256"."""
        known = {"md5": self.md5, "sha256": self.sha256}
        return {algorithm: value for algorithm, value in known.items() if value}


@dataclass(frozen=True, kw_only=True)
class Source:
    """One data set of the catalogue.

    `counts` are the published rows (training, official test); `files` are what `glifo data fetch` brings, and
    `alternatives` are files that can be read in their place. An `embedded` set comes with scikit-learn.
    """

    name: str
    title: str
    files: tuple[SourceFile, ...]
    alternatives: tuple[SourceFile, ...] = ()
    classes: tuple[str, ...]
    frame: Frame
    licence: str
    citation: str
    homepage: str
    counts: tuple[int, int]
    embedded: bool = False
    note: str = ""

    @property
    def size(self) -> int:
        """The bytes to download, as far as they are published: archives count once, instead of their members."""
        downloads = {(file.archive or file).name: (file.archive or file).size or 0 for file in self.files}
        return sum(downloads.values())

    @property
    def can_be_fetched(self) -> bool:
        """Whether every file has a mirror (its own, or its archive's)."""
        return bool(self.files) and all((file.archive or file).mirrors for file in self.files)


DIGITS = tuple(string.digits)
LETTERS = tuple(string.ascii_uppercase)
BYCLASS = (*DIGITS, *LETTERS, *string.ascii_lowercase)
BYMERGE = (*DIGITS, *LETTERS, *"abdefghnqrt")
THINGS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "http://yann.lecun.com/exdb/mnist/",
)
USPS_MIRRORS = (
    "https://hastie.su.domains/ElemStatLearn/datasets/",
    "https://web.stanford.edu/~hastie/ElemStatLearn/datasets/",
)
UCI_MIRRORS = ("https://archive.ics.uci.edu/ml/machine-learning-databases/optdigits/",)
CIFAR_MIRROR = "https://www.cs.toronto.edu/~kriz/"

EMNIST_ZIP = SourceFile(
    name="emnist/gzip.zip",
    size=561_753_746,
    md5="58c8d27c78d21e728a6bc7b3cc06412e",
    mirrors=("https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",),
)
CIFAR_BINARY = SourceFile(
    name="cifar-10-binary.tar.gz",
    size=170_052_171,
    md5="c32a1d4ab5d03f1284b67883e8d87530",
    mirrors=(CIFAR_MIRROR + "cifar-10-binary.tar.gz",),
)
CIFAR_PYTHON = SourceFile(
    name="cifar-10-python.tar.gz",
    size=170_498_071,
    md5="c58f30108f718f92721af3b95e74349a",
    mirrors=(CIFAR_MIRROR + "cifar-10-python.tar.gz",),
)

# NIST publishes the hash of the zip only; these are of its members, taken from a copy whose md5 was right.
EMNIST_SHA256 = {
    "balanced-test-labels-idx1": "a67cac948379b67270b9a4d0a01c8ec661598accf2f2b1964340b7c83cb175cd",
    "balanced-train-labels-idx1": "b46d41e5156a0a8aaaa4d18979fdd1588850fa8571018acffd5d93b325a7d6ed",
    "bymerge-test-images-idx3": "5e5815ec1b522089134435f7c55e75a00960b58414793593ffff23efc0821683",
    "bymerge-test-labels-idx1": "8bda1516255683ba9071e141947ca0c91a911176065cdd6259b0b4d8dc5b5f35",
    "digits-test-labels-idx1": "bad1834c45d5988e270b99d43b13edc3fd898f658ffbc2caf2846ef27f7b05b0",
    "digits-train-labels-idx1": "6638a6ff5fe2eefd9cca2471995b46c82986b8e4b2a70d2f5ce8e05d7edb319e",
    "mnist-test-images-idx3": "b25640fa9e356c618132f5df347c95ef5bae6d9c2596be1de40f7e0ae1c3eac6",
    "mnist-test-labels-idx1": "bcc5385d38f083dba046f5f756e99b32f5ea7fad122c6243c71c2239873065ca",
    "mnist-train-labels-idx1": "00c6d3c2342fdffb1711e0b5656cac4ce5862d2826399d383a9bac07d612e9f8",
}
PARTS = ("train-images-idx3", "train-labels-idx1", "test-images-idx3", "test-labels-idx1")


def mnist_file(name: str, size: int, md5: str) -> SourceFile:
    mirrors = tuple(mirror + name for mirror in MNIST_MIRRORS)
    return SourceFile(name=f"mnist/{name}", size=size, md5=md5, mirrors=mirrors)


def emnist_file(part: str) -> SourceFile:
    name = f"emnist-{part}-ubyte.gz"
    digest = EMNIST_SHA256.get(part)
    return SourceFile(name=f"emnist/{name}", sha256=digest, archive=EMNIST_ZIP, member=f"gzip/{name}")


def emnist_files(kind: str) -> tuple[SourceFile, ...]:
    return tuple(emnist_file(f"{kind}-{part}") for part in PARTS)


def cifar_file(folder: str, name: str, archive: SourceFile, md5: str | None) -> SourceFile:
    path = f"cifar-10-batches-{folder}/{name}"
    size = 30_730_000 if folder == "bin" else None
    return SourceFile(name=path, size=size, md5=md5, archive=archive, member=path)


def usps_file(name: str, size: int, sha256: str) -> SourceFile:
    mirrors = tuple(mirror + name for mirror in USPS_MIRRORS)
    return SourceFile(name=f"usps/{name}", size=size, sha256=sha256, mirrors=mirrors)


def uci_file(name: str, size: int, sha256: str) -> SourceFile:
    mirrors = tuple(mirror + name for mirror in UCI_MIRRORS)
    return SourceFile(name=f"optdigits/{name}", size=size, sha256=sha256, mirrors=mirrors)


def emnist(kind: str, title: str, classes: tuple[str, ...], counts: tuple[int, int], note: str = "") -> Source:
    return Source(
        name=f"emnist-{kind}",
        title=f"EMNIST {title}",
        files=emnist_files(kind),
        alternatives=(SourceFile(name=f"emnist/emnist-{kind}.mat"),),
        classes=classes,
        frame=FRAMES["emnist"],
        licence="US Government (NIST SD 19)",
        citation=EMNIST_CITATION,
        homepage="https://www.nist.gov/itl/products-and-services/emnist-dataset",
        counts=counts,
        note=note,
    )


def emnist_partial(kind: str, title: str, classes: tuple[str, ...], counts: tuple[int, int], note: str) -> Source:
    test = BYMERGE_TEST if kind in ("byclass", "bymerge", "all") else ()
    files = [PARTIAL_TRAIN, *test, *([PARTIAL_Y62] if kind in ("byclass", "all") else [])]
    return Source(
        name=f"emnist-partial-{kind}",
        title=f"EMNIST {title}, a part of the training rows",
        files=tuple(files),
        classes=classes,
        frame=FRAMES["emnist"],
        licence="US Government (NIST SD 19)",
        citation=EMNIST_CITATION,
        homepage="https://www.nist.gov/itl/products-and-services/emnist-dataset",
        counts=counts,
        note=note,
    )


EMNIST_CITATION = (
    "Cohen, Afshar, Tapson, van Schaik 2017, EMNIST: an extension of MNIST to handwritten letters, arXiv 1702.05373"
)
OPTDIGITS_CITATION = "Alpaydin, Kaynak 1998, Optical recognition of handwritten digits, UCI Machine Learning Repository"
OPTDIGITS_HOMEPAGE = "https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits"
EITHER_CASE = "each label A..Z stands for the letter in either case (official labels 1..26)"
PARTIAL_TRAIN = SourceFile(
    name="emnist/emnist-partial-train.npz",
    size=107_214_777,
    sha256="0255e2de1d615ec9069c14eec815bcf25f6b88aa9642fbea56cba4b68562e0df",
)
PARTIAL_Y62 = SourceFile(
    name="emnist/emnist-bymerge-test-y62.npy",
    size=116_451,
    sha256="a04eaa20bd4768a9f18bb157ac3470a3f722814cb02f8e62260908041f6d3fc4",
)
BYMERGE_TEST = emnist_files("bymerge")[2:]
