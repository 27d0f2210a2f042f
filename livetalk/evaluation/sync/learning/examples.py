"""Training clips of the sync expert: rendered heads and photo puppets that speak, as mouth crops with their sound.

Any voice speaks from any face, whatever the sex: else the expert would learn whose voice goes with which face. Voices
are varied by playing them faster or slower, with their phonemes' times. Knows neither networks nor files of clips.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import gcd
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from livetalk.data.acting.performance import HELD_OUT_FROM, Performance, perform
from livetalk.data.clips import CLIP_FRAMES, FROM_THE_START, Renderer, sound_of
from livetalk.data.heads.look import sample_look
from livetalk.data.puppets.acting import perform_puppet
from livetalk.data.puppets.portraits import Portraits
from livetalk.data.puppets.puppet import own_pose, own_weights
from livetalk.data.puppets.stage import as_shown
from livetalk.data.puppets.variation import Dressed, sample_variation
from livetalk.data.speech import HELD_OUT_VOICES, SpeechDataset, Utterance
from livetalk.evaluation.sync.expert.mouths import FacePlaces, mouth_crops
from livetalk.geometry import FRAME_RATE

KEPT = (72, 96)  # pixels of a kept crop: room for the crops that training cuts from it
KEPT_ACROSS = 1.8  # inter-ocular distances over its width, of which an expert's crop shows two thirds
TEMPO = (0.85, 1.18)  # factors by which an utterance is played faster
HEADS, PUPPETS = 160, 192  # pixels a side that they are drawn with
_STREAM = 0x57C


@dataclass(frozen=True)
class SpokenMouth:
    """A mouth that speaks, and what is heard."""

    crops: UInt8[np.ndarray, "t 72 96"]
    sound: Float32[np.ndarray, " n"]  # 16 kHz, as long as the crops


@dataclass(frozen=True)
class Stages:
    """What training clips are drawn with: two renderers, portraits for the second, and speech."""

    heads: Renderer
    puppets: Renderer | None
    portraits: Portraits | None
    speech: SpeechDataset


def training_clips(stages: Stages, seeds: range, frames: int = CLIP_FRAMES) -> Iterator[SpokenMouth]:
    """A clip for each seed; where there are portraits every other one is a puppet.

    Raises ValueError for held-out seeds, voices or portraits: those are for measuring.
    """
    if seeds.stop > HELD_OUT_FROM:
        raise ValueError(f"seeds from {HELD_OUT_FROM} on are held out for measuring: train on lower ones")
    if stages.portraits is not None and stages.portraits.held_out.any():
        raise ValueError("the portraits are held out for measuring: pack others, without --only-held-out")
    for seed in seeds:
        yield _clip(stages, seed, frames)


def _clip(stages: Stages, seed: int, frames: int) -> SpokenMouth:
    rng = np.random.default_rng((_STREAM, seed))
    said = stages.speech[int(rng.integers(len(stages.speech)))]
    if said.voice in HELD_OUT_VOICES:
        raise ValueError(f"{stages.speech.folder} holds held-out speech: make speech for training without --held-out")
    spoken = retimed(said, float(rng.uniform(*TEMPO)))
    last = max(0, int(spoken.seconds * FRAME_RATE) - frames)
    start = 0 if rng.random() < FROM_THE_START else int(rng.integers(last + 1))
    if stages.portraits is not None and stages.puppets is not None and seed % 2:
        renderer, acted = stages.puppets, _puppet(stages, stages.portraits, seed, spoken, start, frames)
    else:
        renderer, acted = stages.heads, perform(seed, spoken, start, frames)
        renderer.dress(sample_look(seed))
    pixels, places = renderer.render(acted.weights, acted.pose), renderer.boxes(acted.weights, acted.pose)
    seen = FacePlaces(places[:, [1, 0]].astype(float), places[:, 2].astype(float))
    return SpokenMouth(mouth_crops(pixels, seen, KEPT, KEPT_ACROSS), sound_of(spoken, start, frames))


def _puppet(stages: Stages, portraits: Portraits, seed: int, spoken: Utterance, start: int, frames: int) -> Performance:
    """A portrait put on, and how it acts."""
    rng = np.random.default_rng((_STREAM, seed, 1))
    portrait = portraits[int(rng.integers(len(portraits)))]
    variation = sample_variation(rng, portrait.matted)
    assert stages.puppets is not None
    stages.puppets.dress(Dressed(portrait, variation))
    return perform_puppet(seed, as_shown((own_weights(portrait), own_pose(portrait)), variation), spoken, start, frames)


def retimed(spoken: Utterance, faster: float) -> Utterance:
    """The utterance played faster, as a tape would: its pitch rises with it."""
    from scipy import signal

    up, down = 100, round(100 * faster)
    shared = gcd(up, down)
    audio = np.asarray(signal.resample_poly(spoken.audio, up // shared, down // shared), np.float32).clip(-1, 1)
    scale = up / down
    times = tuple(p._replace(start_s=p.start_s * scale, end_s=p.end_s * scale) for p in spoken.phonemes)
    return replace(spoken, audio=audio, phonemes=times)


def keep_clips(clips: list[SpokenMouth], path: Path) -> None:
    """Write clips of one length to a file, complete or not at all."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        np.savez(file, crops=np.stack([c.crops for c in clips]), sound=np.stack([c.sound for c in clips]))
    part.replace(path)


def kept_clips(folder: Path) -> list[SpokenMouth]:
    """The clips of all files of a folder. Raises ValueError where there are none."""
    found: list[SpokenMouth] = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as file:
            found += [SpokenMouth(*pair) for pair in zip(file["crops"], file["sound"], strict=True)]
    if not found:
        raise ValueError(f"{folder} holds no training clips: make some first (docs/proof.md)")
    return found
