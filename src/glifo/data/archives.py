"""Members of the official archives (EMNIST's zip, CIFAR-10's tar), taken out one by one.

The place a member goes to is ours, never the archive's, so that no name in it can lead out of the folder. Use:

    extract(Path("gzip.zip"), file, Path("emnist/emnist-letters-test-labels-idx1-ubyte.gz"))
"""

from __future__ import annotations

import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from glifo.data.published import SourceFile
from glifo.files import digest

__all__ = ["extract"]


def extract(archive: Path, file: SourceFile, target: Path) -> None:
    """Write the member that is `file` to `target`, whole and with the published hash, or raise ValueError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    try:
        with _member(archive, file.member) as stream, part.open("wb") as out:
            shutil.copyfileobj(stream, out, 1 << 20)
        for algorithm, value in file.hashes.items():
            found = digest(part, algorithm)
            if found != value:
                raise ValueError(
                    f"{file.member} in {archive} has the {algorithm} {found}, expected {value}; fetch it again"
                )
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _member(archive: Path, name: str) -> Iterator[IO[bytes]]:
    opened = _zip_member if zipfile.is_zipfile(archive) else _tar_member
    try:
        with opened(archive, name) as stream:
            yield stream
    except KeyError:
        raise ValueError(f"{archive} has no member {name}: it is not the official archive; fetch it again") from None
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise ValueError(f"{archive} is damaged ({error}); delete it and fetch it again") from None


@contextmanager
def _zip_member(archive: Path, name: str) -> Iterator[IO[bytes]]:
    with zipfile.ZipFile(archive) as opened, opened.open(name) as stream:
        yield stream


@contextmanager
def _tar_member(archive: Path, name: str) -> Iterator[IO[bytes]]:
    with tarfile.open(archive) as opened:
        member = opened.getmember(name)
        stream = opened.extractfile(member) if member.isfile() else None
        if stream is None:
            raise KeyError(name)
        yield stream
