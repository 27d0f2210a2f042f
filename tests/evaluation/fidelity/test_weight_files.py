"""Weights come from a file or from the hub, and what is wrong with them is said."""

import hashlib
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import torch
from torch import nn

from livetalk.evaluation.fidelity.weight_files import load_checked, weight_file
from tests.helpers.loopback import answering

CONTENT = b"weights"


class Hub(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        listing = {"sha": "c0", "siblings": [{"rfilename": "f.pth", "size": len(CONTENT), "blobId": _blob(CONTENT)}]}
        body = json.dumps(listing).encode() if "/api/" in self.path else CONTENT
        self.send_response(200 if "/api/models/o/r?" in self.path or "/resolve/" in self.path else 404)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def _blob(content: bytes) -> str:
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    monkeypatch.setenv("LIVETALK_HOME", str(tmp_path / "home"))
    with answering(Hub) as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        yield url


def test_a_file_of_the_hub_is_fetched_once(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert weight_file("hf:o/r/f.pth").read_bytes() == CONTENT
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert weight_file("hf:o/r/f.pth").read_bytes() == CONTENT
    with pytest.raises(ValueError, match=r"no way to .*or give a file"):
        weight_file("hf:o/r/g.pth")


def test_what_the_hub_does_not_have_is_said(hub: str) -> None:
    with pytest.raises(ValueError, match="404"):
        weight_file("hf:o/none/f.pth")
    with pytest.raises(ValueError, match="names no file of the hub"):
        weight_file("hf:o/r")


def test_a_path_is_looked_at(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no weights at"):
        weight_file(str(tmp_path / "none.pth"))
    whole = tmp_path / f"judge-{hashlib.sha256(CONTENT).hexdigest()[:8]}.pth"
    whole.write_bytes(CONTENT)
    assert weight_file(str(whole)) == whole
    whole.write_bytes(CONTENT[:3])
    with pytest.raises(ValueError, match="is damaged: its SHA-256"):
        weight_file(str(whole))


def test_every_key_is_checked_and_named(tmp_path: Path) -> None:
    def state(**changes: torch.Tensor) -> Path:
        torch.save({"0.weight": torch.ones(3, 2), "0.bias": torch.ones(3)} | changes, tmp_path / "w.pth")
        return tmp_path / "w.pth"

    network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3, affine=False, track_running_stats=False))
    load_checked(network, state(), "a judge")
    assert network[0](torch.ones(1, 2)).tolist() == [[3, 3, 3]]
    with pytest.raises(ValueError, match=r"is not a judge: 0.bias is \[4\] instead of \[3\]; 1.weight is not in it"):
        load_checked(network, state(**{"0.bias": torch.ones(4), "1.weight": torch.ones(3)}), "a judge")
