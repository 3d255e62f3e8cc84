"""Fetching official files: mirror by mirror, resumed where it broke off, verified, and only then given their name.

The hash is the identity, a mirror is only a place to look, and a local file with the right hash is as good. What is
not verified keeps the name `.part`. Use:

    fetch(SOURCES["mnist"], data_folder())
"""

from __future__ import annotations

import http.client
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glifo.data.archives import extract
from glifo.data.catalog import Source, SourceFile
from glifo.data.local import Progress, absent, check_space, files_of_local, needed, take_local, why_wrong
from glifo.data.readers import manifest_path
from glifo.files import digest, write_json

__all__ = ["Progress", "fetch"]

PIECE = 1 << 16
TRIES = 3
FORMAT_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why one try at a mirror did not bring the file; `advanced` when it brought some of it, which is kept."""

    reason: str
    advanced: bool = False


def fetch(
    source: Source,
    folder: Path,
    *,
    progress: Progress | None = None,
    local: Path | None = None,
    timeout_s: float = 30.0,
) -> list[Path]:
    """Bring the files of `source` into `folder` and return their paths; files already there and whole are left alone.

    `progress` is called with a file's name, the bytes so far and all its bytes (None: unknown). `local` is a file or a
    folder to take them from instead of the mirrors, accepted by hash. A mirror that sends nothing for `timeout_s`
    seconds has stalled. ValueError, one line, when a file cannot be had: each mirror with its reason. No wrong file is
    ever left under a final name; a `.part` stays and is resumed by the next call.
    """
    report = progress or (lambda name, done, total: None)
    files = files_of_local(source, local) if local else source.files
    if local:
        take_local(source, files, folder, local, report)
    else:
        for file in needed(files, folder):
            _bring(file, source, folder, report, timeout_s)
    for file in absent(files, folder):
        assert file.archive
        extract(folder / file.archive.name, file, folder / file.name)
    paths = [folder / file.name for file in files]
    sha256 = {file.name: digest(path) for file, path in zip(files, paths, strict=True)}
    if files:
        record = {"format_version": FORMAT_VERSION, "name": source.name, "sha256": sha256}
        write_json(manifest_path(source, folder), record)
    return paths


def _bring(file: SourceFile, source: Source, folder: Path, report: Progress, timeout_s: float) -> None:
    path = folder / file.name
    if not file.mirrors:
        raise ValueError(f"{file.name} has no mirror: give its place with: glifo data fetch {source.name} --from PATH")
    path.parent.mkdir(parents=True, exist_ok=True)
    check_space(file, path.parent)
    _download(file, path, report, timeout_s)


def _download(file: SourceFile, path: Path, report: Progress, timeout_s: float) -> None:
    part = path.with_name(path.name + ".part")
    reasons = []
    for mirror in file.mirrors:
        for _ in range(TRIES):
            failure = _try_mirror(mirror, file, part, report, timeout_s)
            if failure is None:
                part.replace(path)
                return
            reasons.append(f"{mirror}: {failure.reason}")
            if not failure.advanced:
                break
    raise ValueError(
        f"{file.name} could not be fetched ({'; '.join(reasons)}): try again later (what has arrived is resumed), "
        "or give a copy with --from PATH"
    )


def _try_mirror(mirror: str, file: SourceFile, part: Path, report: Progress, timeout_s: float) -> Failure | None:
    before = _size(part)
    failure = _receive(mirror, file, part, report, timeout_s)
    after = _size(part)
    if failure:
        return Failure(reason=failure, advanced=after > before)
    wrong = why_wrong(part, file)
    if not wrong:
        return None
    if file.size is not None and after < file.size:
        return Failure(reason=f"the file ended early: {wrong}", advanced=after > before)
    # The first bytes may have come from another, wrong mirror: this one gets a try from the start.
    part.unlink()
    return Failure(reason=f"wrong content: {wrong}", advanced=before > 0)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _receive(mirror: str, file: SourceFile, part: Path, report: Progress, timeout_s: float) -> str:
    """Append what the mirror sends to `part`; why it stopped early, or an empty text."""
    start = _size(part)
    request = urllib.request.Request(mirror, headers={"User-Agent": "glifo"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as response:
            if start and not _resumes(response, start):
                part.unlink()
                start = 0
            return _copy(response, file, part, start, report, timeout_s)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return "" if start == file.size else _forget(part, "it refused to resume")
        return f"HTTP {error.code} {error.reason}"
    except DiskError as error:
        raise error.cause from None
    except (OSError, http.client.HTTPException) as error:
        return _network_reason(error, timeout_s)


def _forget(part: Path, reason: str) -> str:
    part.unlink()
    return reason


def _resumes(response: Any, start: int) -> bool:
    stated = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return response.status == http.HTTPStatus.PARTIAL_CONTENT and stated is not None and int(stated[1]) == start


class DiskError(Exception):
    """Carries an error of our own disk past the handling of network errors, which are OSErrors as well."""

    def __init__(self, cause: OSError) -> None:
        self.cause = cause


def _copy(response: Any, file: SourceFile, part: Path, start: int, report: Progress, timeout_s: float) -> str:
    stated = response.headers.get("Content-Length", "")
    total = file.size or (start + int(stated) if stated.isdigit() else None)
    done = start
    with _opened(part) as target:
        while piece := response.read1(PIECE):
            done += len(piece)
            if file.size is not None and done > file.size:
                return _forget(part, f"it sent more than the {file.size:,} bytes of the file")
            _write(target, piece)
            report(file.name, done, total)
    return "" if total is None or done >= total else f"the connection closed after {done:,} of {total:,} bytes"


def _opened(part: Path) -> Any:
    try:
        return part.open("ab")
    except OSError as error:
        raise DiskError(error) from None


def _write(target: Any, piece: bytes) -> None:
    try:
        target.write(piece)
        target.flush()
    except OSError as error:
        error.filename = error.filename or target.name
        raise DiskError(error) from None


def _network_reason(error: OSError | http.client.HTTPException, timeout_s: float) -> str:
    cause = getattr(error, "reason", error)
    if isinstance(error, TimeoutError) or isinstance(cause, TimeoutError):
        return f"it sent nothing for {timeout_s:g} s"
    return " ".join(str(cause).split()) or type(error).__name__
