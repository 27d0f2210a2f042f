"""Labelled crops of speech for training the small speech encoder, roughened like the world's microphones.

Labels lie on fixed grids over an utterance: the sound at 200 Hz, the mouth that goes with it at 100 Hz (visemes
with coarticulation, lips sealed), the clean loudness at 100 Hz. Crops start anywhere, at any speed (pitch and
formants go with it), and their labels with them. Knows nothing of the encoder's inside and reads no files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from livetalk.data.acting.visemes import PROLONGS, STRESS, Articulation, articulate, lip_gap, seal_lips
from livetalk.data.arkit import ARKIT
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE
from livetalk.recipes.encoders.speech_augment import Roughness, Surroundings, roughen

SOUNDS = "AIOWYQaɐɑɒæəᵊᵻɛɜɪiɔʊuʌbdðfɡhjklmnŋpɹsʃtɾθvwzʒʤʧʔ"  # class = place + 1; 0 is silence
CLASSES = len(SOUNDS) + 1
UNSURE = -100  # gaps between words too short to say whose they are, and unknown symbols
SHORT_GAP, SOUND_RATE, MOUTH_RATE = 0.09, 200, 100  # seconds, Hz, Hz
UNITS = (
    "jawOpen", "mouthLowerDownLeft", "mouthUpperUpLeft", "mouthStretchLeft", "mouthSmileLeft", "mouthFunnel",
    "mouthPucker", "mouthPressLeft", "mouthRollLower", "mouthRollUpper", "tongueOut", "mouthClose",
)  # fmt: skip
# After the units: the lip gap, then the clean loudness.
GAP, LOUDNESS = len(UNITS), len(UNITS) + 1
TARGETS = len(UNITS) + 2
SUBTIMES = (-1 / 3, 0.0, 1 / 3)  # of a frame, around i / 16 s


class Spoken(Protocol):
    """Utterance, as labels need it: f32 audio at 16 kHz and (symbol, start, end) in seconds."""

    @property
    def audio(self) -> np.ndarray: ...
    @property
    def phonemes(self) -> tuple[tuple[str, float, float], ...]: ...


@dataclass(frozen=True)
class Labelled:
    """One utterance with its labels on their grids."""

    audio: Int[Tensor, " n"]  # int16
    sounds: Int[Tensor, " t200"]
    mouth: Float[Tensor, "t100 targets"]


def label(utterance: Spoken) -> Labelled:
    """Lay an utterance's labels on their grids."""
    audio = torch.from_numpy(np.ascontiguousarray(utterance.audio, dtype=np.float32)).clamp(-1, 1)
    seconds = len(audio) / SAMPLE_RATE
    times = np.arange(int(seconds * MOUTH_RATE) + 1) / MOUTH_RATE
    pose = articulate(utterance.phonemes, times, Articulation())
    sealed = seal_lips(pose.weights, pose.seal)
    units = sealed[:, [ARKIT.index(unit) for unit in UNITS]]
    loud = loudness(audio, len(times))
    mouth = torch.from_numpy(np.concatenate([units, lip_gap(sealed)[:, None]], axis=1)).float()
    sounds = torch.from_numpy(sound_grid(utterance.phonemes, seconds))
    return Labelled((audio * 32767).to(torch.int16), sounds, torch.cat([mouth, loud[:, None]], dim=1))


def sound_grid(phonemes: Sequence[tuple[str, float, float]], seconds: float) -> Int[np.ndarray, " t200"]:
    """Class of the sound at every 5 ms; stress marks join the sound after them, length marks the one before."""
    grid = np.zeros(int(seconds * SOUND_RATE) + 1, np.int64)
    begun, last = None, 0
    for symbol, start, end in phonemes:
        if symbol in STRESS:
            begun = start if begun is None else begun
            continue
        if symbol in PROLONGS:
            kind = last
        elif symbol in SOUNDS:
            kind = SOUNDS.index(symbol) + 1
        elif symbol.isalpha() or (symbol.isspace() and end - start < SHORT_GAP):
            kind = UNSURE
        else:
            kind = 0
        first = start if begun is None or kind <= 0 else begun
        grid[round(first * SOUND_RATE) : round(end * SOUND_RATE)] = kind
        begun, last = None, kind
    return grid


def loudness(audio: Float[Tensor, " n"], count: int) -> Float[Tensor, " t100"]:
    """Loudness at 100 Hz relative to the utterance's loud parts, 0 (40 dB below or less) .. 1."""
    hop, width = SAMPLE_RATE // MOUTH_RATE, 640
    padded = functional.pad(audio, (width // 2, width + hop * count))
    power = padded.unfold(0, width, hop)[:count].square().mean(dim=1)
    level = 10 * torch.log10(power + 1e-10)
    return ((level - level.quantile(0.95)) / 40 + 1).clamp(0, 1)


@dataclass(frozen=True)
class SpeechBatch:
    """Crops of `window_samples(t)` samples and their labels at t video frames."""

    audio: Float[Tensor, "b n"]
    sounds: Int[Tensor, "b t sub"]
    mouth: Float[Tensor, "b t sub targets"]

    def to(self, device: str) -> "SpeechBatch":
        return SpeechBatch(self.audio.to(device), self.sounds.to(device), self.mouth.to(device))


@dataclass(frozen=True)
class Framing:
    """Extent of a crop: rows, samples before row 0's time, samples in all."""

    frames: int
    past: int
    samples: int


def crop(
    shelf: Sequence[Labelled],
    count: int,
    framing: Framing,
    rough: Roughness,
    around: Surroundings,
    rng: np.random.Generator,
) -> SpeechBatch:
    """Random crops, roughened, with their labels."""
    lengths = np.array([len(item.audio) for item in shelf], float)
    chosen = rng.choice(len(shelf), size=count, p=lengths / lengths.sum())
    audio, sounds, mouths = list[Tensor](), list[Tensor](), list[Tensor]()
    steps = np.arange(framing.frames)[:, None] + np.array(SUBTIMES)
    for i in chosen:
        item = shelf[i]
        speed = float(np.exp(rng.uniform(np.log(0.78), np.log(1.28)))) if rng.random() < rough.speed else 1.0
        room = max(0.0, len(item.audio) / SAMPLE_RATE - speed * framing.frames / FRAME_RATE)
        start = rng.uniform(-0.4, room + 0.4)  # seconds in the utterance of row 0's time
        audio.append(resample(item.audio, start * SAMPLE_RATE - framing.past * speed, speed, framing.samples))
        times = torch.from_numpy(start + speed * steps / FRAME_RATE)
        sounds.append(at(item.sounds, times * SOUND_RATE, 0))
        mouths.append(at(item.mouth, times * MOUTH_RATE, None))
    return SpeechBatch(roughen(torch.stack(audio), rough, around, rng), torch.stack(sounds), torch.stack(mouths))


def at(grid: Tensor, places: Float[Tensor, "t sub"], outside: int | None) -> Tensor:
    """Grid values at the nearest places; off the grid `outside`, or the nearer end if that is None."""
    nearest = places.round().long()
    values = grid[nearest.clamp(0, len(grid) - 1)]
    return values if outside is None else values.masked_fill((nearest < 0) | (nearest >= len(grid)), outside)


def resample(audio: Int[Tensor, " n"], start: float, speed: float, samples: int) -> Float[Tensor, " m"]:
    """Samples at start, start + speed, ...: cubic between neighbours (Catmull and Rom), zeros outside."""
    places = start + speed * torch.arange(samples, dtype=torch.float64)
    left = places.floor()
    f = (places - left).float()
    base = left.long()
    padded = functional.pad(audio.float() / 32768, (3, 3))
    p = [padded[(base + k + 3).clamp(0, len(padded) - 1)] for k in (-1, 0, 1, 2)]
    return p[1] + 0.5 * f * (
        p[2] - p[0] + f * (2 * p[0] - 5 * p[1] + 4 * p[2] - p[3] + f * (3 * (p[1] - p[2]) + p[3] - p[0]))
    )
