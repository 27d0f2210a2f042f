"""Downloads against a server that plays the hub, kind and unkind."""

import errno
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from livetalk.cli.main import app
from livetalk.published import hub as hub_module
from livetalk.published.hub import SETS, DownloadCache, File, Hub, Source

SOURCE = Source("who/what", ("big.bin", "small.json"), "MIT")
BIG, SMALL = bytes(range(256)) * 400, b'{"a": 1}'


class PlayedHub(ThreadingHTTPServer):
    """Repositories of one commit; `drops` connections break after `drop_at` bytes."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.repos = {"who/what": {"big.bin": BIG, "small.json": SMALL, "other.md": b"not asked for"}}
        self.asked: list[tuple[str, str | None, str | None]] = []
        self.drops, self.drop_at, self.ranges, self.hash_of = 0, 1000, True, {}
        self.elsewhere: str | None = None  # where large files are redirected to

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: PlayedHub

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.asked.append((self.path, self.headers["Range"], self.headers["Authorization"]))
        if found := re.fullmatch(r"/api/models/([^/]+/[^/?]+)\?blobs=true", self.path):
            return self.listing(found[1])
        if found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/c0ffee/(.+)", self.path):
            if self.server.elsewhere:
                self.send_response(302)
                self.send_header("Location", self.server.elsewhere + self.path)
                return self.end_headers()
            return self.content(self.server.repos[found[1]][found[2]])
        return self.send_error(404)

    def listing(self, repo):
        if repo not in self.server.repos:
            return self.send_error(404)
        entries = []
        for path, data in self.server.repos[repo].items():
            git = hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()
            entry = {"rfilename": path, "size": len(data), "blobId": self.server.hash_of.get(path, git)}
            if not path.endswith((".json", ".md")):
                digest = self.server.hash_of.get(path, hashlib.sha256(data).hexdigest())
                entry["lfs"] = {"sha256": digest, "size": len(data), "pointerSize": 134}
            entries.append(entry)
        body = json.dumps({"sha": "c0ffee", "siblings": entries}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def content(self, data):
        asked = self.headers["Range"]
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and self.server.ranges else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        if self.server.drops and len(data) > self.server.drop_at:
            self.server.drops -= 1
            self.wfile.write(data[start : start + self.server.drop_at])
            self.close_connection = True
            return
        self.wfile.write(data[start:])


@pytest.fixture
def played() -> Iterator[PlayedHub]:
    yield from serve()


@pytest.fixture
def other() -> Iterator[PlayedHub]:
    yield from serve()


def serve() -> Iterator[PlayedHub]:
    server = PlayedHub()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def hub(played, monkeypatch) -> Hub:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    return Hub(played.url, patience=0.001)


def big(hub) -> File:
    return next(file for file in hub.list(SOURCE) if file.path == "big.bin")


def starts(played):
    return [asked for path, asked, _ in played.asked if path.endswith("big.bin")]


def test_only_what_is_asked_for_is_listed_with_sizes_and_hashes(hub):
    files = {file.path: file for file in hub.list(SOURCE)}
    assert files.keys() == {"big.bin", "small.json"}
    assert files["big.bin"].digest == f"sha256:{hashlib.sha256(BIG).hexdigest()}"
    assert files["small.json"].digest.startswith("git:")
    assert files["big.bin"].size == len(BIG)


def test_files_arrive_whole_and_verified(hub, tmp_path):
    for file in hub.list(SOURCE):
        hub.fetch(file, tmp_path)
    assert (tmp_path / "who/what/big.bin").read_bytes() == BIG
    assert (tmp_path / "who/what/small.json").read_bytes() == SMALL
    assert {path.name for path in (tmp_path / "who/what").iterdir()} == {"big.bin", "small.json"}


def test_a_dropped_connection_is_resumed_where_it_broke(hub, played, tmp_path):
    played.drops = 3
    came = []
    hub.fetch(big(hub), tmp_path, came.append)
    assert (tmp_path / "who/what/big.bin").read_bytes() == BIG
    assert starts(played) == [None, "bytes=1000-", "bytes=2000-", "bytes=3000-"]
    assert sum(came) == len(BIG)


def test_another_run_resumes_too(hub, played, tmp_path):
    file = big(hub)
    file.part(tmp_path).parent.mkdir(parents=True)
    file.part(tmp_path).write_bytes(BIG[:5000])
    hub.fetch(file, tmp_path)
    assert starts(played) == ["bytes=5000-"]
    assert (tmp_path / "who/what/big.bin").read_bytes() == BIG


def test_a_server_without_ranges_sends_all_of_it_again(hub, played, tmp_path):
    played.drops, played.ranges = 1, False
    came = []
    hub.fetch(big(hub), tmp_path, came.append)
    assert (tmp_path / "who/what/big.bin").read_bytes() == BIG
    assert sum(came) == len(BIG)


def test_a_server_that_brings_nothing_is_given_up_and_what_came_is_kept(hub, played, tmp_path):
    file = big(hub)
    file.part(tmp_path).parent.mkdir(parents=True)
    file.part(tmp_path).write_bytes(BIG[:5000])
    played.drops, played.drop_at = 99, 0
    with pytest.raises(ValueError, match="resume"):
        hub.fetch(file, tmp_path)
    assert len(starts(played)) == hub_module.RETRIES
    assert file.part(tmp_path).read_bytes() == BIG[:5000]


@pytest.mark.parametrize("path", ["big.bin", "small.json"])
def test_a_wrong_hash_is_refused_and_thrown_away(hub, played, tmp_path, path):
    played.hash_of[path] = "0" * 64
    file = next(file for file in hub.list(SOURCE) if file.path == path)
    with pytest.raises(ValueError, match=f"what/{path} has"):
        hub.fetch(file, tmp_path)
    assert list((tmp_path / "who/what").iterdir()) == []


def test_the_token_is_sent_to_the_hub(played):
    Hub(played.url, token="secret").list(SOURCE)
    assert played.asked[0][2] == "Bearer secret"


def test_a_redirect_takes_the_range_along_but_not_the_token(played, other, tmp_path):
    played.elsewhere = other.url
    hub = Hub(played.url, token="secret", patience=0.001)
    file = big(hub)
    file.part(tmp_path).parent.mkdir(parents=True)
    file.part(tmp_path).write_bytes(BIG[:5000])
    hub.fetch(file, tmp_path)
    assert (tmp_path / "who/what/big.bin").read_bytes() == BIG
    assert [(asked, token) for _, asked, token in other.asked] == [("bytes=5000-", None)]


def test_a_full_disk_is_no_reason_to_try_again(hub, played, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(hub, "_append", full)
    with pytest.raises(OSError, match="No space"):
        hub.fetch(big(hub), tmp_path)


def test_what_is_not_there_is_named(hub):
    with pytest.raises(ValueError, match="404"):
        hub.list(Source("who/nobody", ("x",), "MIT"))
    with pytest.raises(ValueError, match="has no gone"):
        hub.list(Source("who/what", ("gone",), "MIT"))


def test_a_path_out_of_the_folder_is_refused(hub, played):
    played.repos["who/what"]["../../big.bin"] = b"x"
    with pytest.raises(ValueError, match="outside"):
        hub.list(SOURCE)


def test_the_record_is_believed_unless_asked_to_verify(hub, tmp_path):
    shelf, files = DownloadCache(tmp_path), hub.list(SOURCE)
    for file in files:
        hub.fetch(file, tmp_path)
        shelf.note(file)
    assert shelf.verified()["who/what/big.bin"]["commit"] == "c0ffee"
    assert shelf.missing(files) == []
    damaged = bytearray(BIG)
    damaged[7] ^= 1
    (tmp_path / "who/what/big.bin").write_bytes(damaged)
    assert shelf.missing(files) == []
    assert [file.path for file in shelf.missing(files, again=True)] == ["big.bin"]


def test_files_that_came_another_way_are_hashed_and_recorded(hub, tmp_path):
    file = big(hub)
    file.target(tmp_path).parent.mkdir(parents=True)
    file.target(tmp_path).write_bytes(BIG)
    shelf = DownloadCache(tmp_path)
    assert shelf.missing([file]) == []
    assert "who/what/big.bin" in shelf.verified()


def test_room_is_asked_for_before_anything_comes(tmp_path):
    file = File("who/what", "c0ffee", "huge.bin", 10**18, "sha256:" + "0" * 64)
    with pytest.raises(ValueError, match="make room"):
        DownloadCache(tmp_path).room([file])


def fill(played):
    played.repos = {}
    for source in SETS["14b-teacher"]:
        names = [pattern.replace("*.safetensors*", ".safetensors").replace("*", "t.json") for pattern in source.files]
        played.repos[source.repo] = {name: f"{source.repo} {name}".encode() * 9 for name in names}


@pytest.mark.parametrize(("weights", "count"), [("1.3b", 6), ("14b-teacher", 9)])
def test_the_command_shows_licences_fetches_and_records(played, tmp_path, monkeypatch, weights, count):
    fill(played)
    monkeypatch.setenv("HF_ENDPOINT", played.url)
    done = CliRunner().invoke(app, ["download", weights, "--folder", str(tmp_path)])
    assert done.exit_code == 0, done.output
    for words in ("contradict each other", "non-commercial", "licence Apache-2.0", f"{count} of {count} files"):
        assert words in done.output
    assert ("OmniAvatar" in done.output) == (weights == "14b-teacher")
    assert len(json.loads((Path(tmp_path) / "downloads.json").read_text())) == count
    again = CliRunner().invoke(app, ["download", weights, "--folder", str(tmp_path)])
    assert f"0 of {count} files" in again.output
