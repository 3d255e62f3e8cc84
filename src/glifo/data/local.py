"""What of a data set is already here: verified files in the data folder, and copies that somebody gives.

A file is known by its size and hash, never by its name alone. Nothing here uses the network. Use:

    take_local(SOURCES["mnist"], SOURCES["mnist"].files, data_folder(), Path("Downloads"), report)
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from glifo.data.published import Source, SourceFile
from glifo.files import digest

__all__ = ["Progress", "absent", "check_space", "files_of_local", "needed", "take_local", "why_wrong"]

Progress = Callable[[str, int, int | None], None]


def why_wrong(path: Path, file: SourceFile) -> str:
    """Why the bytes at `path` are not the published file; empty when they are."""
    size = path.stat().st_size
    if file.size is not None and size != file.size:
        return f"it has {size:,} bytes, expected {file.size:,}"
    for algorithm, value in file.hashes.items():
        found = digest(path, algorithm)
        if found != value:
            return f"its {algorithm} is {found}, expected {value}"
    return ""


def absent(files: Sequence[SourceFile], folder: Path) -> list[SourceFile]:
    """The files that are not in the data folder, or not whole."""
    return [file for file in files if not (folder / file.name).is_file() or why_wrong(folder / file.name, file)]


def needed(files: Sequence[SourceFile], folder: Path) -> list[SourceFile]:
    """What must still be brought: the absent files, or the archives they are members of, unless those are here."""
    downloads = {(file.archive or file).name: file.archive or file for file in absent(files, folder)}
    return absent(list(downloads.values()), folder)


def check_space(file: SourceFile, folder: Path) -> None:
    """Refuse a file that is larger than the free space of the folder's disk."""
    free = shutil.disk_usage(folder).free
    if file.size is not None and free < file.size:
        raise ValueError(
            f"{file.name} needs {file.size:,} bytes and {folder} has {free:,} free: free some space, "
            "or set GLIFO_DATA to a folder that has it"
        )


def files_of_local(source: Source, local: Path) -> tuple[SourceFile, ...]:
    """The files of the source that `local` serves: the alternatives when it is, or has, their archive or themselves."""
    if not local.exists():
        raise ValueError(f"{local} does not exist: give a file of {source.name}, or the folder that has its files")
    other = [file for file in source.alternatives if file.hashes]
    if other and not _offers(source.files, local) and _offers(other, local):
        return source.alternatives
    return source.files


def _offers(files: Sequence[SourceFile], local: Path) -> bool:
    return any(_find(file, local) for file in [*files, *_archives(files)])


def _archives(files: Sequence[SourceFile]) -> list[SourceFile]:
    return list({file.archive.name: file.archive for file in files if file.archive}.values())


def take_local(source: Source, files: Sequence[SourceFile], folder: Path, local: Path, report: Progress) -> None:
    """Copy from `local`, a file or a folder, what `needed` names, each once its hash is right; ValueError otherwise."""
    for file in absent(files, folder):
        _copy(file, folder, local, report)
    for archive in needed(files, folder):
        _copy(archive, folder, local, report)
    missing = needed(files, folder)
    if missing:
        names = ", ".join(Path(file.name).name for file in missing)
        raise ValueError(
            f"{local} is not, or does not have, {names} of {source.name} ({_expected(missing[0])}): "
            "give the official file, or the folder that has them all"
        )


def _expected(file: SourceFile) -> str:
    hashes = [f"{algorithm} {value}" for algorithm, value in file.hashes.items()]
    return f"expected {', '.join(hashes)}"


def _copy(file: SourceFile, folder: Path, local: Path, report: Progress) -> None:
    found = _find(file, local)
    if found is None:
        return
    path = folder / file.name
    path.parent.mkdir(parents=True, exist_ok=True)
    check_space(file, path.parent)
    part = path.with_name(path.name + ".copy.part")
    try:
        shutil.copyfile(found, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    report(file.name, path.stat().st_size, path.stat().st_size)


def _find(file: SourceFile, local: Path) -> Path | None:
    """The copy of `file` that `local` is or has: the right bytes under any name, or under its own in a folder."""
    if not file.hashes:
        return None
    candidates = [local / file.name, local / Path(file.name).name] if local.is_dir() else [local]
    return next((path for path in candidates if path.is_file() and not why_wrong(path, file)), None)
