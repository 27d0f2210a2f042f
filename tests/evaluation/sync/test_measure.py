"""Lip sync of clips: lost faces count, silence is told, figures bear the names of what measured them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from livetalk.cli.console import avatars, speeches
from livetalk.evaluation.clip_files import ClipFile
from livetalk.evaluation.sync.expert.network import SyncExpert, save_expert
from livetalk.evaluation.sync.measure import ClipSync, figures, measure, measure_clips
from livetalk.evaluation.sync.options import SyncOptions
from livetalk.evaluation.sync.syncnet import SyncNet
from livetalk.media import read_speech
from livetalk.media.pictures import open_picture
from livetalk.media.video import Mp4Writer
from livetalk.runtime.process import Notice
from tests.helpers.planted_faces import planted_s3fd, with_squares

FRAMES = 36


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ClipFile]:
    """A still photograph that speaks, half of one, and a grey wall that does."""
    folder = tmp_path_factory.mktemp("clips")
    face = open_picture(avatars()["ada"])[::2, ::2]
    wall = np.full_like(face, 90)
    half = [face] * (FRAMES // 2) + [wall] * (FRAMES // 2)
    sound = np.concatenate(list(read_speech(next(iter(speeches().values())))))[: FRAMES * 1000]
    found = {}
    for name, frames in {"still": [face] * FRAMES, "half": half, "wall": [wall] * FRAMES}.items():
        found[name] = ClipFile(name, folder / f"{name}.mp4")
        with Mp4Writer(found[name].path) as writer:
            writer.write_frames(np.stack(frames))
            writer.write_audio(sound)
    with Mp4Writer(folder / "silent.mp4", rate=None) as writer:
        writer.write_frames(np.stack([face] * FRAMES))
    with Mp4Writer(folder / "short.mp4") as writer:
        writer.write_frames(np.stack([face] * 16))
        writer.write_audio(sound[:16_000])
    return found | {name: ClipFile(name, folder / f"{name}.mp4") for name in ("silent", "short")}


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> SyncOptions:
    """An expert that knows nothing: what is tested here does not depend on what it has learned."""
    torch.manual_seed(3)
    path = tmp_path_factory.mktemp("expert") / "expert.safetensors"
    save_expert(SyncExpert(), path, "nothing")
    return SyncOptions(expert=path)


def test_lost_faces_count_against_a_system(clips: dict[str, ClipFile], options: SyncOptions) -> None:
    told: list[int] = []
    found = measure_clips([clips[n] for n in ("still", "half", "wall")], options, lambda: told.append(1))
    assert len(told) == 3
    still, half, wall = found
    assert [round(clip.lost, 2) for clip in found] == [0, 0.5, 1]
    assert (wall.confidence, wall.offset) == (0, None)
    assert abs(still.distance - still.unrelated) < abs(wall.distance - still.distance)
    assert half.lost == 0.5
    means = figures(found, options)
    assert means["sync_expert_faceless"].n == 3
    assert means["sync_expert_offset"].n == 2
    assert means["sync_expert_within_1"].value <= 2 / 3


def test_clips_that_cannot_be_measured_are_told(clips: dict[str, ClipFile], options: SyncOptions) -> None:
    with pytest.raises(ValueError, match="silent"):
        measure([clips["silent"]], options, lambda: None)
    with pytest.raises(ValueError, match="lasts less than 2 s"):
        measure([clips["short"]], options, lambda: None)


def test_figures_bear_the_name_of_what_measured_them() -> None:
    clip = ClipSync("a", 3.0, 1.0, -1, 0.0, 4.0)
    ours = figures([clip, clip], SyncOptions())
    assert set(ours) == {f"sync_expert_{n}" for n in ("confidence", "distance", "offset", "within_1", "faceless")}
    theirs = figures([clip, clip], SyncOptions(syncnet=Path("syncnet_v2.model")))
    assert set(theirs) == {"sync_c", "sync_d", "sync_offset", "sync_within_1", "sync_faceless"}
    assert (theirs["sync_c"].value, theirs["sync_d"].value, theirs["sync_offset"].value) == (3, 1, -1)
    assert clip.document()["offset"] == -1
    assert ClipSync("a", 0.0, float("nan"), None, 1.0, float("nan")).document()["distance"] is None


@pytest.mark.slow
def test_syncnet_takes_its_published_path(clips: dict[str, ClipFile], tmp_path: Path) -> None:
    """With random weights, from a file to figures, through JPEG and without."""
    torch.manual_seed(0)
    torch.save(SyncNet().state_dict(), tmp_path / "syncnet_v2.model")
    plain = SyncOptions(syncnet=tmp_path / "syncnet_v2.model", min_track=25)
    still, wall = measure_clips([clips["still"], clips["wall"]], plain, lambda: None)
    assert still.confidence > 0
    assert still.distance > 0
    assert (wall.confidence, wall.distance, wall.lost) == (0, still.unrelated, 1)
    squeezed = SyncOptions(syncnet=plain.syncnet, min_track=25, jpeg=True)
    with pytest.warns(Notice, match="found by MediaPipe, the light default, not by S3FD"):
        assert abs(measure([clips["still"]], squeezed, lambda: None)["sync_d"].value - still.distance) < 0.05
    longer = SyncOptions(syncnet=plain.syncnet, min_track=100)
    assert measure_clips([clips["still"]], longer, lambda: None)[0].lost == 1


@pytest.mark.slow
def test_syncnet_follows_the_faces_that_s3fd_finds(tmp_path: Path) -> None:
    """A square that MediaPipe takes for nobody, away for a quarter of the time; random weights of SyncNet."""
    torch.manual_seed(0)
    torch.save(SyncNet().state_dict(), tmp_path / "syncnet_v2.model")
    torch.save(planted_s3fd().state_dict(), tmp_path / "sfd_face.pth")
    clip = ClipFile("square", tmp_path / "square.mp4")
    with Mp4Writer(clip.path, size=(256, 256), frame_rate=25) as writer:
        writer.write_frames(np.stack([with_squares([(1, 1)] if t < 30 or t >= 45 else []) for t in range(60)]))
        writer.write_audio(np.random.default_rng(0).uniform(-0.5, 0.5, 60 * 640).astype(np.float32))
    light = SyncOptions(syncnet=tmp_path / "syncnet_v2.model", min_track=40)
    assert measure_clips([clip], light, lambda: None)[0].lost == 1
    published = replace(light, s3fd=tmp_path / "sfd_face.pth")
    found = measure_clips([clip], published, lambda: None)[0]
    assert (found.lost, found.offset is None) == (0.25, False)
    with pytest.warns(Notice, match="found by S3FD, as in SyncNet's published scripts"):
        assert measure([clip], published, lambda: None)["sync_c"].value == found.confidence
    assert measure_clips([clip], replace(published, min_track=45), lambda: None)[0].lost == 1
