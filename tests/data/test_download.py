"""Fetching, against a real HTTP server on loopback that truncates, lies, stalls, refuses and serves wrong bytes."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import re
import shutil
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from glifo.data import download
from glifo.data.archives import extract
from glifo.data.download import fetch
from glifo.data.published import Source, SourceFile
from glifo.images import FRAMES

BODY = np.random.default_rng(0).bytes(300_000)
WRONG = bytes(byte ^ 1 for byte in BODY)


class Server(ThreadingHTTPServer):
    """Serves BODY in the way that the path names, and keeps the requests it got."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.closing = threading.Event()
        self.requests: list[tuple[str, str | None]] = []
        self.body = BODY

    def url(self, manner: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{manner}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        manner, wanted = self.path.strip("/"), self.headers.get("Range")
        self.server.requests.append((manner, wanted))
        getattr(self, manner.replace("-", "_"))(int(re.sub(r"\D", "", wanted)) if wanted else 0)

    def start(self, status: int, length: int, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def partial(self, first: int, body: bytes, end: int | None = None) -> None:
        total = len(body)
        if first:
            self.start(206, total - first, Content_Range=f"bytes {first}-{total - 1}/{total}")
        else:
            self.start(200, total)
        self.wfile.write(body[first:end])

    def good(self, first: int) -> None:
        self.partial(first, self.server.body)

    def truncates(self, first: int) -> None:
        self.partial(first, BODY, end=first + 70_000)

    def truncates_at_once(self, first: int) -> None:
        self.partial(first, BODY, end=first)

    def lies_short(self, first: int) -> None:
        self.start(200, 1000)
        self.wfile.write(BODY[:1000])

    def lies_long(self, first: int) -> None:
        self.start(200, len(BODY) + 5000)
        self.wfile.write(BODY + b"x" * 5000)

    def wrong(self, first: int) -> None:
        self.partial(first, WRONG)

    def ignores_range(self, first: int) -> None:
        self.start(200, len(BODY))
        self.wfile.write(BODY)

    def refuses_range(self, first: int) -> None:
        if first:
            self.start(416, 0)
        else:
            self.ignores_range(0)

    def missing(self, first: int) -> None:
        self.start(404, 0)

    def stalls(self, first: int) -> None:
        self.start(200, len(BODY))
        self.wfile.write(BODY[:500])
        self.wfile.flush()
        self.server.closing.wait()

    def says_nothing(self, first: int) -> None:
        self.server.closing.wait()

    def is_no_http(self, first: int) -> None:
        self.wfile.write(b"hello\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:
        """Requests are kept in `requests` instead."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    thread.join()
    server.server_close()


def planted_file(*mirrors: str, body: bytes = BODY, name: str = "set/one.gz") -> SourceFile:
    return SourceFile(name=name, size=len(body), sha256=hashlib.sha256(body).hexdigest(), mirrors=mirrors)


def planted_source(*files: SourceFile, alternatives: tuple[SourceFile, ...] = ()) -> Source:
    facts = {"title": "t", "licence": "l", "citation": "c", "homepage": "http://h", "classes": ("a", "b")}
    return Source(
        name="planted",
        files=files,
        alternatives=alternatives,
        frame=FRAMES["emnist"],
        counts=(1, 1),
        **facts,  # type: ignore[arg-type]
    )


def assert_fetched(source: Source, folder: Path, **options: float) -> None:
    assert [path.read_bytes() for path in fetch(source, folder, **options)] == [BODY]
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == ["one.gz", "planted.manifest.json"]


def test_a_file_is_fetched_verified_and_recorded(server: Server, tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    source = planted_source(planted_file(server.url("good")))
    fetch(source, tmp_path, progress=lambda *step: told.append(step))
    assert (tmp_path / "set/one.gz").read_bytes() == BODY
    assert told[-1] == ("set/one.gz", len(BODY), len(BODY)) and len(told) > 2
    manifest = json.loads((tmp_path / "planted.manifest.json").read_text())
    assert manifest["sha256"] == {"set/one.gz": hashlib.sha256(BODY).hexdigest()} and manifest["format_version"] == 1
    fetch(source, tmp_path)
    assert len(server.requests) == 1


MANNERS = {
    "missing": "HTTP 404 Not Found",
    "wrong": "wrong content: its sha256 is",
    "lies_short": "the connection closed after 1,000 of 300,000 bytes",
    "lies_long": "it sent more than the 300,000 bytes of the file",
    "truncates_at_once": "the connection closed after 0 of 300,000 bytes",
    "stalls": "it sent nothing for 0.2 s",
    "says_nothing": "it sent nothing for 0.2 s",
    "is_no_http": "hello",
}


@pytest.mark.parametrize("manner", MANNERS)
def test_a_bad_mirror_is_left_for_the_next(server: Server, tmp_path: Path, manner: str) -> None:
    source = planted_source(planted_file(server.url(manner), server.url("good")))
    assert_fetched(source, tmp_path, timeout_s=0.2)
    assert server.requests[-1][0] == "good"


@pytest.mark.parametrize(("manner", "reason"), MANNERS.items())
def test_when_every_mirror_fails_one_line_says_why(server: Server, tmp_path: Path, manner: str, reason: str) -> None:
    source = planted_source(planted_file(server.url(manner), "http://127.0.0.1:1/closed"))
    with pytest.raises(ValueError, match="could not be fetched") as caught:
        fetch(source, tmp_path, timeout_s=0.2)
    text = str(caught.value)
    assert reason in text and server.url(manner) in text and "127.0.0.1:1/closed: " in text and "\n" not in text
    assert [path.name for path in tmp_path.rglob("*") if path.is_file() and not path.name.endswith(".part")] == []


def test_a_broken_off_download_is_resumed(server: Server, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"closed after 210,000 of 300,000"):
        fetch(planted_source(planted_file(server.url("truncates"))), tmp_path)
    assert [wanted for _, wanted in server.requests] == [None, "bytes=70000-", "bytes=140000-"]
    assert_fetched(planted_source(planted_file(server.url("good"))), tmp_path)
    assert server.requests[-1] == ("good", "bytes=210000-")


@pytest.mark.parametrize("manner", ["ignores_range", "refuses_range"])
def test_a_mirror_that_cannot_resume_starts_again(server: Server, tmp_path: Path, manner: str) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set/one.gz.part").write_bytes(BODY[:1000])
    mirrors = [server.url(manner)] * (2 if manner == "refuses_range" else 1)
    assert_fetched(planted_source(planted_file(*mirrors)), tmp_path)


def test_a_part_from_a_wrong_mirror_is_thrown_away(server: Server, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set/one.gz.part").write_bytes(WRONG[:1000])
    assert_fetched(planted_source(planted_file(server.url("good"))), tmp_path)
    assert [wanted for _, wanted in server.requests] == ["bytes=1000-", None]


def test_a_part_that_is_already_whole_is_taken(server: Server, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set/one.gz.part").write_bytes(BODY)
    assert_fetched(planted_source(planted_file(server.url("refuses_range"))), tmp_path)


def test_a_damaged_file_under_the_final_name_is_fetched_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set/one.gz").write_bytes(WRONG)
    assert_fetched(planted_source(planted_file(server.url("good"))), tmp_path)


def test_a_disk_without_room_is_refused_before_the_first_request(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=10)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ValueError, match=r"set/one.gz needs 300,000 bytes and .* has 10 free"):
        fetch(planted_source(planted_file(server.url("good"))), tmp_path)
    assert server.requests == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_fills_up_is_no_fault_of_the_mirror(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_opened", lambda part: io.FileIO("/dev/full", "w"))
    with pytest.raises(OSError, match="No space left") as caught:
        fetch(planted_source(planted_file(server.url("good"), server.url("good"))), tmp_path)
    assert caught.value.errno == errno.ENOSPC and len(server.requests) == 1


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return buffer.getvalue()


def tarred(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, body in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body))
    return buffer.getvalue()


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_members_of_an_archive_are_extracted(
    server: Server, tmp_path: Path, pack: Callable[[dict[str, bytes]], bytes]
) -> None:
    server.body = pack({"gzip/one.gz": b"first", "gzip/two.gz": b"second", "../evil": b"evil", "/tmp/evil": b"evil"})
    archive = planted_file(server.url("good"), body=server.body, name="set/all")
    files = [SourceFile(name=f"set/{n}.gz", archive=archive, member=f"gzip/{n}.gz") for n in ("one", "two")]
    paths = fetch(planted_source(*files), tmp_path / "data")
    assert [path.read_bytes() for path in paths] == [b"first", b"second"]
    names = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert names == ["all", "one.gz", "planted.manifest.json", "two.gz"]
    assert len(server.requests) == 1


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_an_archive_without_the_member(tmp_path: Path, pack: Callable[[dict[str, bytes]], bytes]) -> None:
    (tmp_path / "all").write_bytes(pack({"other": b"x"}))
    with pytest.raises(ValueError, match=r"has no member gzip/one.gz: it is not the official archive"):
        extract(tmp_path / "all", SourceFile(name="one.gz", member="gzip/one.gz"), tmp_path / "one.gz")
    assert [path.name for path in tmp_path.iterdir()] == ["all"]


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_damaged_archive_leaves_nothing(tmp_path: Path, pack: Callable[[dict[str, bytes]], bytes]) -> None:
    data = bytearray(pack({"gzip/one.gz": BODY}))
    data[len(data) // 2] ^= 0xFF
    (tmp_path / "all").write_bytes(data)
    file = SourceFile(name="one.gz", member="gzip/one.gz", sha256=hashlib.sha256(BODY).hexdigest())
    with pytest.raises(ValueError, match=r"is damaged|expected"):
        extract(tmp_path / "all", file, tmp_path / "one.gz")
    assert [path.name for path in tmp_path.iterdir()] == ["all"]


def test_a_link_in_an_archive_is_not_followed(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "all", "w:gz") as archive:
        entry = tarfile.TarInfo("gzip/one.gz")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(entry)
    with pytest.raises(ValueError, match="has no member"):
        extract(tmp_path / "all", SourceFile(name="one.gz", member="gzip/one.gz"), tmp_path / "one.gz")


@pytest.mark.parametrize("as_folder", [True, False])
def test_a_local_file_is_accepted_by_its_hash(tmp_path: Path, as_folder: bool) -> None:
    given = tmp_path / "given" / ("one.gz" if as_folder else "any name")
    given.parent.mkdir()
    given.write_bytes(BODY)
    source = planted_source(planted_file("http://127.0.0.1:1/closed"))
    fetch(source, tmp_path / "data", local=given.parent if as_folder else given)
    assert (tmp_path / "data/set/one.gz").read_bytes() == BODY


def test_a_local_archive_serves_its_members_also_the_alternative_ones(tmp_path: Path) -> None:
    body = tarred({"py/one": b"first"})
    (tmp_path / "other.tar.gz").write_bytes(body)
    archive = planted_file("http://127.0.0.1:1/closed", body=body, name="other.tar.gz")
    member = SourceFile(name="py/one", archive=archive, member="py/one", sha256=hashlib.sha256(b"first").hexdigest())
    source = planted_source(planted_file("http://127.0.0.1:1/closed"), alternatives=(member,))
    paths = fetch(source, tmp_path / "data", local=tmp_path / "other.tar.gz")
    assert [path.read_bytes() for path in paths] == [b"first"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("wrong", r"wrong is not, or does not have, one.gz of planted \(expected sha256 \w{64}\): give the official"),
        ("empty folder", r"empty folder is not, or does not have, one.gz of planted"),
        ("nowhere", r"nowhere does not exist: give a file of planted"),
    ],
)
def test_a_local_file_with_another_hash_is_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "wrong").write_bytes(WRONG)
    (tmp_path / "empty folder").mkdir()
    with pytest.raises(ValueError, match=message):
        fetch(planted_source(planted_file("http://127.0.0.1:1/closed")), tmp_path / "data", local=tmp_path / name)
    assert not list((tmp_path / "data").rglob("*.gz"))


def test_a_file_without_a_mirror_asks_for_a_copy(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"has no mirror: give its place with: glifo data fetch planted --from PATH"):
        fetch(planted_source(planted_file()), tmp_path)
