"""Held-out clips, one by one: rendered, passed through the codec, played by the model, and measured.

A clip gives the model what a person would: the first frame as portrait, the sound, the prompt. The result of a clip
is small (curves, counts), so any number of clips fits in memory. What the figures of all clips together are is
figures.py's business. Needs the `data` and `eval` extras.
"""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Bool, Float, Float32, UInt8

from livetalk.codec.portrait import PortraitCodec
from livetalk.data.clips import CLIP_FRAMES, Clip, Renderer, render_clip
from livetalk.data.speech import Shelf
from livetalk.evaluation import held_out, identity, readback
from livetalk.evaluation.codec_gate import chunks, codec_report, crop, psnr
from livetalk.evaluation.landmarks import FaceTrack, track
from livetalk.evaluation.video import black_frames, face_box, frozen_frames, sharpness, video_report
from livetalk.performer.performer import Performer, best_dtype
from livetalk.presets import PRESETS, TINY
from livetalk.weights import FORMAT, load_bundle, load_into, load_tensors

ASSETS = Path(__file__).parents[1] / "assets" / TINY.name
LOOK_EVERY = 8  # frames between two that are asked who they are
EYE_BOX = (28, 40)  # height and width around an eye at 256x256, pixels
MEMORY = 3  # latent frames decoded at a time, as in serving

Frames = UInt8[np.ndarray, "t h w 3"]


class Player(Protocol):
    """The part of a performer that is measured."""

    def perform(
        self, portrait: UInt8[np.ndarray, "h w 3"], speech: Iterable[Float32[np.ndarray, " n"]], prompt: str
    ) -> Iterator[Frames]: ...


@dataclass(frozen=True)
class Coded:
    """The truth after the codec."""

    error: float  # mean square, grey levels squared; whole frames
    mouth_error: float
    eye_error: float
    motion: float  # energy of motion inside latent frames, mouth box, truth
    motion_kept: float  # the same after the codec
    gap: Float[np.ndarray, " t"]


@dataclass(frozen=True)
class Played:
    """The model's own frames."""

    track: FaceTrack
    descriptors: Float[np.ndarray, "t8 128"]
    sharpness: float  # over the truth's
    flicker: float  # over the truth's
    black: int
    frozen: int
    read: dict[str, str] = field(default_factory=dict)  # what it seems to act


@dataclass(frozen=True)
class Measured:
    """One clip."""

    seed: int
    utterance: str
    prompt: str
    asked: dict[str, str]  # the attributes that the prompt names
    opening: Float[np.ndarray, " t"]  # known, from the mesh
    loudness: Float[np.ndarray, " t"]
    speaking: Bool[np.ndarray, " t"]
    resting: Bool[np.ndarray, " t"]
    truth: FaceTrack
    coded: Coded
    truth_read: dict[str, str] = field(default_factory=dict)
    portrait: Float[np.ndarray, " 128"] | None = None  # who that is; None where the model was not played
    truth_descriptors: Float[np.ndarray, "t8 128"] | None = None
    played: Played | None = None
    shown: dict[str, Frames] | None = None  # truth, codec, model: frames for the sheets


class Lab:
    """Everything that one process needs to measure clips. `player` None: the codec only."""

    def __init__(
        self, shelf: Shelf, renderer: Renderer, codec: PortraitCodec, dtype: torch.dtype, player: Player | None
    ) -> None:
        self.shelf, self.renderer, self.codec, self.dtype, self.player = shelf, renderer, codec, dtype, player

    def measure(self, seed: int, frames: int = CLIP_FRAMES, show: bool = False) -> Measured:
        """Render and measure the clip of a seed. frames: 4f - 3 video frames. show: keep the frames."""
        clip = render_clip(seed, self.shelf, self.renderer, frames)
        true, truth = clip.frames, clip.truth
        rebuilt = round_trip(self.codec, true, self.dtype)
        videos = {"truth": true, "codec": rebuilt}
        seen, extra = track(true), {}
        if self.player is not None:
            made = np.concatenate(list(self.player.perform(true[0], [clip.audio], truth["prompt"])))[:frames]
            videos["model"] = made
            looked = identity.describe(np.concatenate([true[::LOOK_EVERY], made[LOOK_EVERY::LOOK_EVERY]]))
            count = len(true[::LOOK_EVERY])
            extra = {
                "portrait": looked[0],
                "truth_descriptors": looked[1:count],
                "played": played(made, true, seen, looked[count:]),
            }
        return Measured(
            seed=seed,
            utterance=truth["utterance"],
            prompt=truth["prompt"],
            asked={name: truth["attributes"][name] for name in truth["mentioned"]},
            opening=np.array(truth["opening"]),
            loudness=held_out.loudness(clip.audio, frames),
            speaking=held_out.speaking(truth["phonemes"], frames),
            resting=held_out.resting(truth["phonemes"], frames),
            truth=seen,
            coded=coded(clip, rebuilt),
            truth_read=readback.read(seen, seen),
            shown=videos if show else None,
            **extra,
        )


def played(made: Frames, true: Frames, seen: FaceTrack, descriptors: Float[np.ndarray, "t8 128"]) -> Played:
    """Measure the model's frames against the truth's; each is as sharp as its own face box."""
    found = track(made)
    height, width = made.shape[1:3]
    detail = sharpness(made, face_box(found.eyes, found.mouth, height, width))
    true_detail = sharpness(true, face_box(seen.eyes, seen.mouth, height, width))
    flicker = video_report(made, reference=true).flicker_ratio
    faults = black_frames(made), frozen_frames(made)
    return Played(found, descriptors, detail / true_detail, flicker, *faults, readback.read(found, seen))


def coded(clip: Clip, rebuilt: Frames) -> Coded:
    """Measure the codec on one clip."""
    boxes = np.array(clip.truth["boxes"])
    true = clip.frames
    mouth = codec_report(true[None], rebuilt[None], boxes[None, :, 2])
    eyes = [codec_report(true[None], rebuilt[None], boxes[None, :, k], box=EYE_BOX).mouth_psnr for k in (0, 1)]
    motion = motion_energy(true, boxes[:, 2])
    return Coded(
        error=_square(psnr(true, rebuilt)),
        mouth_error=_square(mouth.mouth_psnr),
        eye_error=float(np.mean([_square(eye) for eye in eyes])),
        motion=motion,
        motion_kept=motion * mouth.motion_energy if motion > 0 else 0.0,
        gap=track(rebuilt).gap,
    )


def motion_energy(frames: Frames, mouths: Float[np.ndarray, "t 2"]) -> float:
    """Energy of deviations from each latent frame's mean in the mouth box: the gate's weight of a clip."""
    total = 0.0
    for part in chunks(len(frames)):
        box = crop(frames[part], mouths[part].mean(axis=0)).astype(np.float32)
        total += float(np.square(box - box.mean(axis=0)).sum(dtype=np.float64))
    return total


@torch.inference_mode()
def round_trip(codec: PortraitCodec, frames: Frames, dtype: torch.dtype) -> Frames:
    """Encode and decode, a block at a time, as serving does."""
    pixels = rearrange(torch.tensor(frames), "t h w c -> 1 c t h w").to(dtype) / 127.5 - 1
    latents, carry = codec.encode(pixels), codec.start(portrait=pixels[:, :, 0])
    parts = []
    for piece in latents.split(MEMORY, dim=2):
        rebuilt, carry = codec.step(piece, carry)
        parts.append(((rebuilt[0].float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8))
    return rearrange(torch.cat(parts, 1), "c t h w -> t h w c").contiguous().numpy()


def load_codec(path: Path, preset: str = TINY.name) -> PortraitCodec:
    """A codec from a bundle, or from the plain file that training writes. Raises ValueError for anything else."""
    state, metadata = load_tensors(path)
    codec = PRESETS[preset].build_codec()
    load_into(codec, load_bundle(path)[0] if FORMAT in metadata else state)
    return codec.eval().requires_grad_(False)


@dataclass(frozen=True)
class Order:
    """What to measure with: paths, so that it can be sent to worker processes."""

    shelf: Path
    weights: Path | None = None  # a folder; None: the bundled ones
    codec_only: bool = False
    preset: str = TINY.name
    show: int = 0  # clips whose frames are kept


def open_lab(order: Order, threads: int) -> Lab:
    """Load what an order names. Raises ValueError for missing weights, speech or extras."""
    from livetalk.data.heads.renderer import HeadRenderer

    torch.set_num_threads(threads)
    shelf = Shelf(order.shelf)
    if order.codec_only:
        dtype = best_dtype()
        codec = load_codec((order.weights or ASSETS) / "codec.safetensors", order.preset).to(dtype)
        codec = codec.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        return Lab(shelf, HeadRenderer(TINY.geometry.size), codec, dtype, None)
    performer = Performer.load(order.preset, folder=order.weights)
    return Lab(shelf, HeadRenderer(TINY.geometry.size), performer.codec, performer.dtype, performer)


def measure(order: Order, clips: int, workers: int) -> Iterator[Measured]:
    """Measure the first `clips` held-out clips in `workers` processes, each yielded as it is done."""
    threads = max(1, (os.cpu_count() or 1) // workers)
    with ProcessPoolExecutor(workers, get_context("spawn"), _start, (order, threads)) as pool:
        tasks = [pool.submit(_measure, seed, place < order.show) for place, seed in enumerate(held_out.seeds(clips))]
        try:
            yield from (task.result() for task in as_completed(tasks))
        finally:
            pool.shutdown(cancel_futures=True)  # waits for the clips under way only


_own: dict[str, Any] = {}  # of a worker process: its lab, opened with its first clip so that mistakes reach the caller


def _start(order: Order, threads: int) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # MediaPipe is talkative; errors reach the caller as exceptions
    _own["order"] = (order, threads)


def _measure(seed: int, show: bool) -> Measured:
    lab = _own.get("lab") or _own.setdefault("lab", open_lab(*_own["order"]))
    return lab.measure(seed, show=show)


def _square(decibels: float) -> float:
    return 255.0**2 * 10.0 ** (-decibels / 10.0)
