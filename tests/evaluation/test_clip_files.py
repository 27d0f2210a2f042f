"""A folder of videos is read by name, and half a folder is told in a sentence."""

from pathlib import Path

import numpy as np
import pytest

from livetalk.evaluation.clip_files import clip_files, clips_of, pairs
from livetalk.media.video import Mp4Writer


def _video(path: Path, frames: int = 8) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with Mp4Writer(path, size=(64, 64)) as writer:
        writer.write_frames(np.full((frames, 64, 64, 3), 90, np.uint8))
        writer.write_audio(np.zeros(frames * 1000, np.float32))


def test_folders_are_read_by_name_and_at_a_rate(tmp_path: Path) -> None:
    _video(tmp_path / "real/b/one.mp4")
    _video(tmp_path / "real/a.mp4")
    found = clip_files(tmp_path / "real")
    assert [clip.name for clip in found] == ["a", "b/one"]
    assert found[0].frames(16).shape == (8, 64, 64, 3)
    assert abs(len(found[0].frames(32)) - 15) <= 1
    assert len(found[0].frames(16, seconds=0.25)) == 4
    assert abs(len(found[0].sound()) - 8000) < 2100  # the encoder's frames


def test_missing_clips_are_named(tmp_path: Path) -> None:
    for name in ("real/a.mp4", "real/b.mp4", "made/a.mov"):
        _video(tmp_path / name.replace(".mov", ".mp4"))
    real, made = clip_files(tmp_path / "real"), clip_files(tmp_path / "made")
    with pytest.raises(ValueError, match="1 of 2 clips were not generated, b among them"):
        pairs(real, made)
    assert [one.name for one, _ in pairs(real[:1], made)] == ["a"]


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no video"):
        clip_files(tmp_path)
    with pytest.raises(ValueError, match="not a folder"):
        clip_files(tmp_path / "none")


def test_files_and_folders_may_be_mixed(tmp_path: Path) -> None:
    _video(tmp_path / "folder/a.mp4")
    _video(tmp_path / "b.mp4")
    assert [clip.name for clip in clips_of([tmp_path / "b.mp4", tmp_path / "folder"])] == ["b", "a"]
    with pytest.raises(ValueError, match="there is no video or folder at"):
        clips_of([tmp_path / "nothing"])
