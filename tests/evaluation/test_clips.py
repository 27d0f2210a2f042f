"""A clip is measured on what a viewer would see; a player that repeats the truth is found without fault."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from livetalk.avatar.blocks import TimedBlock
from livetalk.codec.portrait import PortraitCodec
from livetalk.data.clips import Clip, render_clip, render_still
from livetalk.data.speech import SpeechDataset
from livetalk.evaluation.clips import ClipOrder, Lab, measure
from livetalk.evaluation.figures import summarise
from livetalk.evaluation.metrics import held_out
from livetalk.evaluation.metrics.clip_codec import load_codec, motion_energy, round_trip
from livetalk.evaluation.metrics.codec_gate import codec_report
from livetalk.media.landmarker import task_file
from livetalk.presets import MINIATURE, TINY
from livetalk.weights import save_bundle, save_tensors
from tests.helpers.blocks import timed

SEED, FRAMES = 900_000_004, 21


class Replay:
    """A player that shows the clip it was given that begins with the portrait, in blocks."""

    def __init__(self, *clips: Clip) -> None:
        self.clips = clips

    def perform(self, portrait: np.ndarray, speech: Iterable[np.ndarray], prompt: str) -> Iterator[TimedBlock]:
        heard = np.concatenate(list(speech))
        clip = next(clip for clip in self.clips if np.array_equal(clip.frames[0], portrait))
        assert np.array_equal(heard, clip.audio)
        assert prompt == clip.truth["prompt"]
        yield from timed(np.array_split(clip.frames, 3))


def test_a_codec_is_read_from_a_bundle_and_from_training(tmp_path: Path) -> None:
    codec = PortraitCodec(TINY.codec)
    save_bundle(tmp_path / "a.safetensors", codec.state_dict(), {})
    save_tensors(tmp_path / "b.safetensors", {name: value.half() for name, value in codec.state_dict().items()})
    bundled, plain = load_codec(tmp_path / "a.safetensors"), load_codec(tmp_path / "b.safetensors")
    for (name, a), b in zip(bundled.state_dict().items(), plain.state_dict().values(), strict=True):
        assert torch.allclose(a, b, atol=0.01), name
    with pytest.raises(ValueError, match="no weights at"):
        load_codec(tmp_path / "c.safetensors")


def test_a_round_trip_keeps_shape_and_equals_whole_decoding() -> None:
    codec = PortraitCodec(MINIATURE.codec).eval().double()  # hardly anything lies on an edge
    frames = np.random.default_rng(0).integers(0, 255, (21, 64, 64, 3), np.uint8)
    rebuilt = round_trip(codec, frames, torch.float64)
    with torch.inference_mode():
        pixels = torch.tensor(frames).permute(3, 0, 1, 2)[None].double() / 127.5 - 1
        whole = codec.step(codec.encode(pixels), codec.start(portrait=pixels[:, :, 0]))[0][0]
        whole = whole.permute(1, 2, 3, 0).clamp(-1, 1)
    assert np.abs(rebuilt - (whole.numpy() + 1) * 127.5).max() <= 0.51


def test_pooled_motion_is_that_of_the_gate() -> None:
    rng = np.random.default_rng(0)
    videos = rng.integers(0, 255, (2, 9, 96, 96, 3), np.uint8)
    rebuilt = (videos * np.array([0.5, 0.9]).reshape(2, 1, 1, 1, 1)).astype(np.uint8)
    mouths = np.full((2, 9, 2), 48.0)
    energies = [motion_energy(video, centres) for video, centres in zip(videos, mouths, strict=True)]
    kept = [codec_report(videos[i : i + 1], rebuilt[i : i + 1], mouths[:1]).motion_energy for i in range(2)]
    assert np.dot(energies, kept) / sum(energies) == pytest.approx(codec_report(videos, rebuilt, mouths).motion_energy)


@pytest.mark.slow
def test_a_mistake_ends_all_workers_at_once(tmp_path: Path) -> None:
    began = time.perf_counter()
    with pytest.raises(ValueError, match="no speech in"):
        list(measure(ClipOrder(tmp_path, codec_only=True), clips=500, workers=1))
    assert time.perf_counter() - began < 60


@pytest.mark.slow
def test_a_player_that_repeats_the_truth_has_no_fault() -> None:
    for extra in ("moderngl", "mediapipe"):
        pytest.importorskip(extra, reason="needs the data and eval extras")
    from livetalk.data.heads import HeadRenderer

    try:
        task_file()
        renderer = HeadRenderer(TINY.geometry.size)
    except ValueError as error:
        pytest.skip(str(error))
    with held_out.shelf_folder(None) as folder:
        shelf = SpeechDataset(folder)
        replay = Replay(render_clip(SEED, shelf, renderer, FRAMES), render_still(SEED, renderer, FRAMES))
        lab = Lab(shelf, renderer, PortraitCodec(TINY.codec).eval(), torch.float32, replay)
        found = lab.measure(SEED, FRAMES, show=True)
    renderer.close()
    figures = summarise([found])
    assert figures["lip_r_share"] == pytest.approx(1)
    assert figures["lip_r"] > 0.8
    assert figures["identity_median"] == pytest.approx(figures["identity_truth"])
    assert figures["identity_rank1"] == 1
    assert figures["sharpness_share"] == pytest.approx(1)
    assert figures["flicker"] == figures["outlines"] == figures["idle_motion"] == pytest.approx(1)
    assert (figures["black"], figures["frozen"], figures["faceless"]) == (0, 0, 0)
    assert found.shown is not None
    assert set(found.shown) == {"truth", "codec", "model"}
