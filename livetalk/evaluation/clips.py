"""Held-out clips, one by one: rendered, passed through the codec, played by the model, and measured.

A clip gives the model what a person would: the first frame as portrait, the sound, the prompt. The result of a clip
is small (curves, counts), so any number of clips fits in memory. What the figures of all clips together are is
figures.py's business. Needs the `data` and `eval` extras.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, UInt8

from livetalk.avatar.blocks import TimedBlock
from livetalk.codec.portrait import PortraitCodec
from livetalk.data.clips import CLIP_FRAMES, Renderer, Timelines, render_clip, render_still, stage
from livetalk.data.speech import SpeechDataset
from livetalk.evaluation.metrics import held_out, identity, readback
from livetalk.evaluation.metrics.clip_codec import Coded, coded, load_codec, round_trip
from livetalk.evaluation.metrics.landmarks import FaceTrack, track
from livetalk.evaluation.metrics.video import (
    black_frames,
    face_box,
    flicker_ratio,
    frozen_frames,
    movement,
    sharpness,
    steps,
)
from livetalk.evaluation.spread import spread, threads_of
from livetalk.parity.gate import in_eight_bits
from livetalk.performer.performer import Performer
from livetalk.presets import TINY
from livetalk.runtime.dtype import best_dtype

ASSETS = Path(__file__).parents[1] / "assets" / TINY.name
FLICKER_FRAMES = 33  # of the still scene in which flicker is looked for
LOOK_EVERY = 8  # frames between two that are asked who they are
TEACHER_CLIPS = 8  # clips that the teacher plays too: minutes each

Frames = UInt8[np.ndarray, "t h w 3"]


class Player(Protocol):
    """The part of a performer that is measured: blocks, which end with the speech."""

    def perform(
        self, portrait: UInt8[np.ndarray, "h w 3"], speech: Iterable[Float32[np.ndarray, " n"]], prompt: str
    ) -> Iterator[TimedBlock]: ...


def play(player: Player, portrait: UInt8[np.ndarray, "h w 3"], sound: Float32[np.ndarray, " n"], prompt: str) -> Frames:
    """All frames of a sound."""
    return np.concatenate([block.frames for block in player.perform(portrait, [sound], prompt)])


@dataclass(frozen=True)
class Played:
    """The model's own frames."""

    track: FaceTrack
    descriptors: Float[np.ndarray, "t8 128"]
    sharpness: float  # over the truth's; 0 without a face
    outlines: float  # movement where the truth of this clip is still, over the truth's
    black: int
    frozen: int
    read: dict[str, str] = field(default_factory=dict)  # what it seems to act
    flicker: float = float("nan")  # movement where a still scene of the same person is still, over the truth's
    idling: tuple[float, float] = (float("nan"), float("nan"))  # movement of that scene's whole picture, the truth's
    steps: Float[np.ndarray, " t1"] = field(default_factory=lambda: np.zeros(0))  # from frame to frame, over its median


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
    taught: Played | None = None  # what the teacher made of it, where it was asked
    shown: dict[str, Frames] | None = None  # truth, codec, teacher, model: frames for the sheets


class Lab:
    """Tools with which one process measures clips. `player` None: the codec only."""

    def __init__(
        self,
        shelf: SpeechDataset,
        renderer: Renderer,
        codec: PortraitCodec,
        dtype: torch.dtype,
        player: Player | None,
        teacher: Player | None = None,
    ) -> None:
        self.shelf, self.renderer, self.codec, self.dtype = shelf, renderer, codec, dtype
        self.player, self.teacher = player, teacher

    def measure(self, seed: int, frames: int = CLIP_FRAMES, show: bool = False, teach: bool = False) -> Measured:
        """Render and measure the clip of a seed. frames: 4f - 3. show: keep them. teach: ask the teacher, too."""
        clip = render_clip(seed, self.shelf, self.renderer, frames)
        true, truth = clip.frames, clip.truth
        rebuilt = round_trip(self.codec, true, self.dtype)
        videos, seen, extra = {"truth": true, "codec": rebuilt}, track(true), {}
        players = {"teacher": self.teacher if teach else None, "model": self.player}
        still = None
        if self.player is not None:
            still = render_still(seed, self.renderer, frames)
            looked = identity.describe(true[::LOOK_EVERY])
            extra |= {"portrait": looked[0], "truth_descriptors": looked[1:]}
        for name, player in players.items():
            if player is not None:
                made = play(player, true[0], clip.audio, truth["prompt"])
                videos[name] = made
                assert still is not None
                quiet = play(_of_its_own(player, seed), still.frames[0], still.audio, still.truth["prompt"])
                result = played(made, true, seen, (quiet, still.frames))
                extra[{"teacher": "taught", "model": "played"}[name]] = result
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

    def portrait(self, seed: int) -> Frames:
        """The first frame of the clip of a seed, [1 h w 3]."""
        scene = stage(seed, Timelines(self.shelf.lines))
        self.renderer.dress(scene.look)
        return self.renderer.render(scene.performance.weights[:1], scene.performance.pose[:1])


def _of_its_own(player: Player, seed: int) -> Player:
    """A performer in a session of its own: of one seed, all would blink in the same frames."""
    return Performer(player.networks, seed) if isinstance(player, Performer) else player


def played(made: Frames, true: Frames, seen: FaceTrack, still: tuple[Frames, Frames]) -> Played:
    """Measure the model's frames against the truth's; each is as sharp as its own face box.

    still: the model's and the true frames of a still scene.
    """
    found = track(made)
    height, width = made.shape[1:3]
    detail = sharpness(made, face_box(found.eyes, found.mouth, height, width)) if found.found.any() else 0.0
    true_detail = sharpness(true, face_box(seen.eyes, seen.mouth, height, width))
    outlines = flicker_ratio(made, true)
    flicker = flicker_ratio(still[0][:FLICKER_FRAMES], still[1][:FLICKER_FRAMES])
    faults = black_frames(made), frozen_frames(made)
    descriptors = identity.describe(made[LOOK_EVERY::LOOK_EVERY])
    read = readback.read(found, seen)
    idling = movement(still[0]), movement(still[1])
    return Played(found, descriptors, detail / true_detail, outlines, *faults, read, flicker, idling, steps=steps(made))


@dataclass(frozen=True)
class ClipOrder:
    """Order for a worker process: paths of the model and of the data to measure with."""

    shelf: Path
    weights: Path | None = None  # a folder; None: the bundled ones
    codec_only: bool = False
    preset: str = TINY.name
    show: int = 0  # clips whose frames are kept
    teacher: Path | None = None  # its weights: it plays the first clips too
    eight_bits: bool = False  # the numbers of the full preset's fast mode, emulated


def open_lab(order: ClipOrder, threads: int) -> Lab:
    """Load what an order names. Raises ValueError for missing weights, speech or extras."""
    from livetalk.data.heads.renderer import HeadRenderer

    torch.set_num_threads(threads)
    shelf = SpeechDataset(order.shelf)
    if order.codec_only:
        dtype = best_dtype()
        codec = load_codec((order.weights or ASSETS) / "codec.safetensors", order.preset).to(dtype)
        codec = codec.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        return Lab(shelf, HeadRenderer(TINY.geometry.size), codec, dtype, None)
    performer = Performer.load(order.preset, folder=order.weights, dtype=torch.float32 if order.eight_bits else None)
    if order.eight_bits:
        performer = Performer(in_eight_bits(performer.networks), performer.seed)
    teacher = None if order.teacher is None else _teacher(performer, order.teacher)
    return Lab(shelf, HeadRenderer(TINY.geometry.size), performer.networks.codec, performer.dtype, performer, teacher)


def _teacher(performer: Performer, weights: Path) -> Player:
    from livetalk.evaluation.teacher import Teacher  # it borrows from the rooms of training, which few runs need

    return Teacher(performer.networks, weights)


def measure(order: ClipOrder, clips: int, workers: int) -> Iterator[Measured]:
    """Measure the first `clips` held-out clips in `workers` processes, each yielded as it is done."""
    asked = [(s, place < order.show, place < TEACHER_CLIPS) for place, s in enumerate(held_out.seeds(clips))]
    yield from spread(partial(open_lab, order, threads_of(workers)), _measure, asked, workers)


def strangers(order: ClipOrder, seeds: range, workers: int) -> Iterator[Float[np.ndarray, " 128"]]:
    """Identity descriptors of some held-out seeds, in no order: others that a face could be mistaken for."""
    start = partial(open_lab, order, threads_of(workers))
    yield from spread(start, _stranger, [(seed,) for seed in seeds], workers)


def _measure(lab: Lab, seed: int, show: bool, teach: bool) -> Measured:
    return lab.measure(seed, show=show, teach=teach)


def _stranger(lab: Lab, seed: int) -> Float[np.ndarray, " 128"]:
    return identity.describe(lab.portrait(seed))[0]
