"""The catalogue of known data sets: what each is, where its files lie, and the hashes that prove them.

A literal dict: adding a data set is one visible entry here and one reader in `readers.py`. Nothing here reads a disk
or a network. Use:

    SOURCES["mnist"].files[0].md5
"""

from __future__ import annotations

from glifo.data.published import (
    BYCLASS,
    BYMERGE,
    CIFAR_BINARY,
    CIFAR_PYTHON,
    DIGITS,
    EITHER_CASE,
    LETTERS,
    OPTDIGITS_CITATION,
    OPTDIGITS_HOMEPAGE,
    THINGS,
    Source,
    SourceFile,
    cifar_file,
    emnist,
    emnist_partial,
    mnist_file,
    uci_file,
    usps_file,
)
from glifo.images import FRAMES

__all__ = ["SOURCES", "Source", "SourceFile"]

SOURCES: dict[str, Source] = {
    "mnist": Source(
        name="mnist",
        title="MNIST handwritten digits",
        files=(
            mnist_file("train-images-idx3-ubyte.gz", 9_912_422, "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
            mnist_file("train-labels-idx1-ubyte.gz", 28_881, "d53e105ee54ea40749a09fcbcd1e9432"),
            mnist_file("t10k-images-idx3-ubyte.gz", 1_648_877, "9fb629c4189551a2d022fa330f9573f3"),
            mnist_file("t10k-labels-idx1-ubyte.gz", 4_542, "ec29112dd5afa0611ce80d1b7f02629c"),
        ),
        classes=DIGITS,
        frame=FRAMES["mnist"],
        licence="CC BY-SA 3.0, as commonly stated",
        citation="LeCun, Bottou, Bengio, Haffner 1998, Gradient-based learning applied to document recognition",
        homepage="http://yann.lecun.com/exdb/mnist/",
        counts=(60_000, 10_000),
    ),
    "emnist-byclass": emnist("byclass", "ByClass", BYCLASS, (697_932, 116_323)),
    "emnist-bymerge": emnist("bymerge", "ByMerge", BYMERGE, (697_932, 116_323)),
    "emnist-balanced": emnist("balanced", "Balanced", BYMERGE, (112_800, 18_800)),
    "emnist-letters": emnist("letters", "Letters", LETTERS, (124_800, 20_800), EITHER_CASE),
    "emnist-digits": emnist("digits", "Digits", DIGITS, (240_000, 40_000)),
    "emnist-mnist": emnist("mnist", "MNIST", DIGITS, (60_000, 10_000)),
    "emnist-partial-byclass": emnist_partial(
        "byclass",
        "ByClass",
        BYCLASS,
        (120_792, 16_478),
        "trained on 120,792 images (published: 697,932); the test part is the 16,478 rows of the official ByMerge test "
        "whose ByClass label is known",
    ),
    "emnist-partial-bymerge": emnist_partial(
        "bymerge",
        "ByMerge",
        BYMERGE,
        (123_029, 116_323),
        "trained on 123,029 images (published: 697,932); the test part is the whole official ByMerge test",
    ),
    "emnist-partial-letters": emnist_partial(
        "letters", "Letters", LETTERS, (68_852, 0), f"no official test part; {EITHER_CASE}"
    ),
    "emnist-partial-all": emnist_partial(
        "all",
        "62 classes, label sets",
        BYCLASS,
        (136_231, 16_478),
        "trained on all 136,231 images (published: 697,932); where only ByMerge's or Letters' label is known, a row has "
        "the set of classes that the label leaves open; the test part is that of emnist-partial-byclass",
    ),
    "emnist-partial-62": emnist_partial(
        "62",
        "62 classes",
        BYCLASS,
        (120_792, 0),
        "the rows of emnist-partial-byclass without its official test part, so that a test of the same class shares can "
        "be cut from them",
    ),
    "cifar10": Source(
        name="cifar10",
        title="CIFAR-10 small colour photographs",
        files=(
            cifar_file("bin", "data_batch_1.bin", CIFAR_BINARY, "5dd7e06a14cb22eb9f671a540d1b7c25"),
            cifar_file("bin", "data_batch_2.bin", CIFAR_BINARY, "5ea93a67294ea407fff1d09f752e9692"),
            cifar_file("bin", "data_batch_3.bin", CIFAR_BINARY, "942cd6a4bcdd0dd3c604fbe906cb4421"),
            cifar_file("bin", "data_batch_4.bin", CIFAR_BINARY, "ae636b3ba5c66a11e91e8cb52e771fcb"),
            cifar_file("bin", "data_batch_5.bin", CIFAR_BINARY, "53f37980c15c3d472c316c40844f3f0d"),
            cifar_file("bin", "test_batch.bin", CIFAR_BINARY, None),
        ),
        alternatives=(
            cifar_file("py", "data_batch_1", CIFAR_PYTHON, "c99cafc152244af753f735de768cd75f"),
            cifar_file("py", "data_batch_2", CIFAR_PYTHON, "d4bba439e000b95fd0a9bffe97cbabec"),
            cifar_file("py", "data_batch_3", CIFAR_PYTHON, "54ebc095f3ab1f0389bbae665268c751"),
            cifar_file("py", "data_batch_4", CIFAR_PYTHON, "634d18415352ddfa80567beed471001a"),
            cifar_file("py", "data_batch_5", CIFAR_PYTHON, "482c414d41f54cd18b22e5b47cb7c3cb"),
            cifar_file("py", "test_batch", CIFAR_PYTHON, "40351d587109b95175f43aff81a1287e"),
        ),
        classes=THINGS,
        frame=FRAMES["cifar10"],
        licence="not stated by the authors",
        citation="Krizhevsky 2009, Learning multiple layers of features from tiny images",
        homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
        counts=(50_000, 10_000),
        note="where the official test batch is missing, training batch 5 is the held-out test part instead",
    ),
    "usps": Source(
        name="usps",
        title="USPS envelope digits, 16x16",
        files=(
            usps_file("zip.train.gz", 1_829_071, "66ebf231ab51f2cf6ac1a892d0f98ccffee1079d7a5db638c1f11f366046ca16"),
            usps_file("zip.test.gz", 439_208, "8dacc3c6e136af6c3488de9e5113a7daf140c8c2f1f0b61c54ee02f03f1a962f"),
        ),
        classes=DIGITS,
        frame=FRAMES["usps"],
        licence="made available by AT&T research labs",
        citation="Le Cun et al. 1990, Handwritten digit recognition with a back-propagation network",
        homepage="https://hastie.su.domains/ElemStatLearn/data.html",
        counts=(7_291, 2_007),
        note="no hash was published; these are of the copy our results use",
    ),
    "optdigits": Source(
        name="optdigits",
        title="Optical digits, 8x8, embedded in scikit-learn",
        files=(),
        classes=DIGITS,
        frame=FRAMES["optdigits"],
        licence="CC BY 4.0 (UCI)",
        citation=OPTDIGITS_CITATION,
        homepage=OPTDIGITS_HOMEPAGE,
        counts=(1_797, 0),
        embedded=True,
        note="no download; the test rows are cut from its 1,797 rows",
    ),
    "optdigits-full": Source(
        name="optdigits-full",
        title="Optical digits, 8x8, the two official files",
        files=(
            uci_file("optdigits.tra", 563_639, "f87ffe5149ece6d73cc08c296f180e695885849036c0b22a7973e74e3f35d3ee"),
            uci_file("optdigits.tes", 264_712, "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"),
        ),
        classes=DIGITS,
        frame=FRAMES["optdigits"],
        licence="CC BY 4.0 (UCI)",
        citation=OPTDIGITS_CITATION,
        homepage=OPTDIGITS_HOMEPAGE,
        counts=(3_823, 1_797),
        note="no hash was published; these are of the copy our results use",
    ),
}
