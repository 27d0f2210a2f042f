"""Hugging Face downloads: resumable, verified against the hub's hashes, and recorded.

Every file is pinned to the commit that was listed and compared with the hub's own hash (SHA-256 of large files, the
git blob's SHA-1 of small ones). Knows repositories and bytes; not what is in the files. No torch.
"""

import errno
import hashlib
import http.client
import json
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from urllib.parse import quote

ENDPOINT = "https://huggingface.co"
RECORD = "downloads.json"  # in the folder: what was verified, and from which commit
PIECE = 1 << 20  # bytes read at a time
RETRIES = 6  # connections in a row that bring nothing
FULL = (errno.ENOSPC, errno.EDQUOT)
TIMEOUT = 30.0  # seconds of silence

Report = Callable[[int], None]
"""Told how many bytes have come; negative where bytes were thrown away."""


@dataclass(frozen=True)
class Source:
    """A repository. files: what must be in it, as patterns. note: what a person should know beyond the licence."""

    repo: str
    files: tuple[str, ...]
    licence: str
    note: str = ""


LIVETALK = Source(
    "GAIR/LiveTalk-1.3B-V0.1",
    ("model.safetensors",),
    "unclear: Apache-2.0 or CC BY-NC-SA 4.0",
    "LiveTalk's own files contradict each other (README: Apache-2.0, LICENSE: CC BY-NC-SA 4.0); "
    "treat it as non-commercial until its authors clarify.",
)
WAN = Source(
    "Wan-AI/Wan2.1-T2V-1.3B",
    ("Wan2.1_VAE.pth", "models_t5_umt5-xxl-enc-bf16.pth", "google/umt5-xxl/*"),
    "Apache-2.0",
)
SPEECH = Source("facebook/wav2vec2-base-960h", ("model.safetensors", "config.json"), "Apache-2.0")
WAN_14B = Source("Wan-AI/Wan2.1-T2V-14B", ("diffusion_pytorch_model*.safetensors*",), "Apache-2.0")
OMNIAVATAR = Source("OmniAvatar/OmniAvatar-14B", ("pytorch_model.pt", "config.json"), "Apache-2.0")

SETS = {
    "1.3b": (LIVETALK, WAN, SPEECH),
    "14b-teacher": (LIVETALK, WAN, SPEECH, WAN_14B, OMNIAVATAR),
}


@dataclass(frozen=True)
class File:
    """A file as the hub lists it. digest: `sha256:...` or `git:...`."""

    repo: str
    commit: str
    path: str
    size: int
    digest: str

    def part(self, folder: Path) -> Path:
        """Where its bytes gather; another version of the file gathers elsewhere."""
        target = self.target(folder)
        return target.with_name(f".{target.name}.{self.digest[-12:]}.part")

    def target(self, folder: Path) -> Path:
        return folder / self.repo / self.path

    def hasher(self) -> Any:
        if self.digest.startswith("sha256:"):
            return hashlib.sha256()
        return hashlib.sha1(f"blob {self.size}\0".encode(), usedforsecurity=False)


class Hub:
    """The hub at `endpoint` (HF_ENDPOINT or huggingface.co), with a token (HF_TOKEN) where one is needed."""

    def __init__(self, endpoint: str | None = None, token: str | None = None, patience: float = 1.0) -> None:
        self.endpoint = (endpoint or os.environ.get("HF_ENDPOINT") or ENDPOINT).rstrip("/")
        self.token, self.patience = token or os.environ.get("HF_TOKEN"), patience

    def list(self, source: Source) -> list[File]:
        """The files of a source at its newest commit.

        Raises:
            ValueError: no such repository, no way to it, or one of the patterns fits nothing.
        """
        url = f"{self.endpoint}/api/models/{source.repo}?blobs=true"
        with self._ask(url) as answer:
            info = json.load(answer)
        files = [self._file(source, info["sha"], entry) for entry in info["siblings"]]
        for pattern in source.files:
            if not any(fnmatch(file.path, pattern) for file in files):
                raise ValueError(f"{source.repo} has no {pattern} any more: update livetalk")
        return [file for file in files if any(fnmatch(file.path, pattern) for pattern in source.files)]

    def _file(self, source: Source, commit: str, entry: dict[str, Any]) -> File:
        path, large = entry["rfilename"], entry.get("lfs")
        if path.startswith("/") or ".." in path.split("/"):
            raise ValueError(f"{source.repo} lists {path}, a path outside the repository: nothing is downloaded")
        digest = f"sha256:{large['sha256']}" if large else f"git:{entry['blobId']}"
        return File(source.repo, commit, path, large["size"] if large else entry["size"], digest)

    def fetch(self, file: File, folder: Path, report: Report = lambda size: None) -> None:
        """Bring a file to `folder`, from where an earlier try broke off; it gets its name once its hash is right.

        Raises:
            ValueError: the hash differs (what came is thrown away), or connections keep bringing nothing.
        """
        part, target = file.part(folder), file.target(folder)
        part.parent.mkdir(parents=True, exist_ok=True)
        report(have := part.stat().st_size if part.exists() else 0)
        idle = 0
        while have < file.size:
            before = have
            try:
                self._append(file, part, have, report)
            except (OSError, http.client.HTTPException) as error:
                if isinstance(error, PermissionError) or getattr(error, "errno", None) in FULL:
                    raise
                if part.exists() and part.stat().st_size > before:
                    idle = 0
                elif (idle := idle + 1) >= RETRIES:
                    raise ValueError(f"{file.repo}/{file.path}: {error}; run the same command to resume") from error
                time.sleep(self.patience * 2**idle)
            have = part.stat().st_size if part.exists() else 0
        if have == 0:
            part.touch()
        found = digest_of(file, part) if have == file.size else f"{have} bytes"
        if found != file.digest:
            part.unlink()
            report(-have)
            expected = f"{file.size} bytes, {file.digest}"
            raise ValueError(f"{file.repo}/{file.path} has {found}, the hub says {expected}: run the command again")
        part.replace(target)

    def _append(self, file: File, part: Path, have: int, report: Report) -> None:
        url = f"{self.endpoint}/{file.repo}/resolve/{file.commit}/{quote(file.path)}"
        with self._ask(url, have) as answer:
            if have and answer.status != 206:  # no ranges here: all of it comes again
                report(-have)
                have = 0
            with part.open("ab" if have else "wb") as out:
                while piece := answer.read(PIECE):
                    out.write(piece)
                    have += len(piece)
                    report(len(piece))
                    if have > file.size:
                        return
        if have < file.size:
            raise ConnectionError("the connection ended early")

    def _ask(self, url: str, start: int = 0) -> Any:
        request = urllib.request.Request(url, headers={"User-Agent": "livetalk"})
        if start:
            request.add_header("Range", f"bytes={start}-")
        if self.token:  # not to where the hub redirects
            request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        try:
            return urllib.request.urlopen(request, timeout=TIMEOUT)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in (401, 403, 404):
                hint = "accept its terms on the hub and set HF_TOKEN" if error.code != 404 else "check the endpoint"
                raise ValueError(f"{url}: {error.code} {error.reason}; {hint}") from None
            raise
        except urllib.error.URLError as error:
            raise ConnectionError(f"no way to {self.endpoint} ({error.reason})") from error


def digest_of(file: File, path: Path) -> str:
    """The hash of what lies at `path`, of the kind and form that the hub gives for `file`."""
    hasher = file.hasher()
    with path.open("rb") as content:
        while piece := content.read(PIECE):
            hasher.update(piece)
    return f"{file.digest.split(':')[0]}:{hasher.hexdigest()}"


class DownloadCache:
    """A folder of verified files and its record."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.record = folder / RECORD

    def verified(self) -> dict[str, dict[str, Any]]:
        """Records of verified files, by `repo/path`."""
        try:
            return json.loads(self.record.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}

    def missing(self, files: list[File], again: bool = False) -> list[File]:
        """Those that are not here in the listed version; again: read and hash what is here instead of believing."""
        known = self.verified()
        return [file for file in files if not self._has(file, known, again)]

    def _has(self, file: File, known: dict[str, dict[str, Any]], again: bool) -> bool:
        path = file.target(self.folder)
        if not path.is_file() or path.stat().st_size != file.size:
            return False
        noted = known.get(f"{file.repo}/{file.path}", {})
        if not again and noted.get("digest") == file.digest:
            return True
        if digest_of(file, path) != file.digest:
            return False
        self.note(file)
        return True

    def room(self, files: list[File]) -> int:
        """Bytes still to come. Raises ValueError if the disk has no room for them."""
        self.folder.mkdir(parents=True, exist_ok=True)
        parts = (file.part(self.folder) for file in files)
        size = sum(file.size for file in files) - sum(part.stat().st_size for part in parts if part.exists())
        need_room(self.folder, size)
        return size

    def note(self, file: File) -> None:
        """Record that a file is here and verified."""
        known = self.verified() | {f"{file.repo}/{file.path}": asdict(file)}
        part = self.record.with_name(f".{RECORD}.{os.getpid()}.part")
        part.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
        part.replace(self.record)


def need_room(folder: Path, size: int) -> None:
    """Raises ValueError if the disk of `folder` has no room for `size` bytes."""
    free = shutil.disk_usage(folder).free
    if free < size:
        raise ValueError(f"{folder} has {free / 1e9:.1f} GB free and {size / 1e9:.1f} GB are needed: make room")


def default_folder() -> Path:
    """LIVETALK_HOME, or livetalk in the person's cache."""
    home = os.environ.get("LIVETALK_HOME")
    return Path(home) if home else Path.home() / ".cache" / "livetalk"
