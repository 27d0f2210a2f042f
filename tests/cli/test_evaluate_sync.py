"""`livetalk evaluate sync`: figures to read and as JSON; what cannot be measured is one sentence and exit code 2."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from livetalk.cli import main
from livetalk.evaluation.sync.measure import ClipSync
from livetalk.media.video import Mp4Writer


def _run(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["livetalk", "evaluate", "sync", *map(str, words)])
    monkeypatch.setattr("signal.signal", lambda *_: None)
    with pytest.raises(SystemExit) as left:
        main.main()
    return int(str(left.value.code))


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "clips/a.mp4"
    path.parent.mkdir()
    with Mp4Writer(path, size=(64, 64), rate=None) as writer:
        writer.write_frames(np.full((40, 64, 64, 3), 90, np.uint8))
    return path


def test_figures_are_shown_and_written(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [ClipSync("a", 0.4, 0.9, 0, 0.0, 1.3), ClipSync("b", 0.0, 1.4, None, 1.0, 1.4)]
    monkeypatch.setattr("livetalk.evaluation.sync.measure.measure_clips", lambda *_: found)
    assert _run(monkeypatch, video.parent, "--json", tmp_path / "sync.json") == 0
    shown = capsys.readouterr().out
    assert "sync_expert_confidence   0.2 [" in shown
    assert shown.endswith("faces found by MediaPipe\n")
    written = json.loads((tmp_path / "sync.json").read_text())
    assert written["figures"]["sync_expert_within_1"] == {"value": 0.5, "low": 0.0, "high": 1.0, "n": 2}
    assert written["clips"][1]["offset"] is None
    assert written["faces"] == "MediaPipe"


def test_who_found_syncnets_faces_is_said(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Their figures depend on it."""
    found = [ClipSync("a", 4.0, 9.0, 0, 0.0, 13.0)]
    monkeypatch.setattr("livetalk.evaluation.sync.measure.measure_clips", lambda *_: found)
    words = ["--syncnet", tmp_path / "syncnet_v2.model", "--json", tmp_path / "sync.json"]
    for more, told, name in (
        ([], "MediaPipe, the light default, not by S3FD as in SyncNet's published scripts", "MediaPipe"),
        (["--s3fd", tmp_path / "sfd_face.pth"], "S3FD, as in SyncNet's published scripts", "S3FD"),
    ):
        assert _run(monkeypatch, video, *words, *more) == 0
        assert f"faces found by {told}" in " ".join(capsys.readouterr().out.split())
        assert json.loads((tmp_path / "sync.json").read_text())["faces"] == name


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["VIDEO"], "has no sound"),
        (["nowhere"], "there is no video or folder at nowhere"),
        (["VIDEO", "--syncnet", "nowhere"], "there is no SyncNet at nowhere"),
        (["VIDEO", "--s3fd", "nowhere"], "S3FD finds faces for SyncNet only: give SyncNet's weights"),
        (["VIDEO", "--json", "VIDEO"], "would be replaced"),
    ],
)
def test_mistakes_are_one_sentence(
    words: list[str], told: str, video: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch, *(video if word == "VIDEO" else word for word in words)) == 2
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1
