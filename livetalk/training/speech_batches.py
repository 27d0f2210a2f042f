"""Labelled crops of speech for training the small speech encoder, roughened like the world's microphones.

Labels lie on fixed grids over an utterance: the sound at 200 Hz, the mouth that goes with it at 100 Hz (visemes
with coarticulation, lips sealed), the clean loudness at 100 Hz. Roughening happens on whole batches in torch:
speed (pitch and formants with it), equaliser, room, band limits, noise, babble, level; labels move along. Knows
nothing of the encoder's inside and reads no files.
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
    """What is needed of an utterance: f32 audio at 16 kHz and (symbol, start, end) in seconds."""

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
class Batch:
    """Crops of `window_samples(t)` samples and their labels at t video frames."""

    audio: Float[Tensor, "b n"]
    sounds: Int[Tensor, "b t sub"]
    mouth: Float[Tensor, "b t sub targets"]

    def to(self, device: str) -> "Batch":
        return Batch(self.audio.to(device), self.sounds.to(device), self.mouth.to(device))


@dataclass(frozen=True)
class Roughness:
    """How likely each mishap is; all zero gives the speech as recorded."""

    speed: float = 0.6
    tone: float = 0.7
    band: float = 0.25
    room: float = 0.4
    noise: float = 0.7
    babble: float = 0.12
    level: float = 1.0


CLEAN = Roughness(0, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Surroundings:
    """Rooms and noises to pick from, made once: their spectra are what costs."""

    rooms: Tensor  # complex spectra [k f]
    noises: Float[Tensor, "k n"]  # of unit power

    @classmethod
    def make(cls, samples: int, rng: np.random.Generator, count: int = 64) -> "Surroundings":
        """For windows of `samples` samples."""
        size = 1 << (samples + 8192).bit_length()
        generator = torch.Generator().manual_seed(int(rng.integers(1 << 62)))
        rooms = [reverberation(size, rng, generator) for _ in range(count)]
        return cls(torch.stack(rooms), torch.stack([coloured(size, rng, generator) for _ in range(count)]))


@dataclass(frozen=True)
class Framing:
    """What a crop is: rows, samples before row 0's time, samples in all."""

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
) -> Batch:
    """Random crops, roughened, with their labels."""
    lengths = np.array([len(item.audio) for item in shelf], float)
    chosen = rng.choice(len(shelf), size=count, p=lengths / lengths.sum())
    audio, sounds, mouths = [], [], []
    steps = np.arange(framing.frames)[:, None] + np.array(SUBTIMES)
    for i in chosen:
        item = shelf[i]
        speed = float(np.exp(rng.uniform(np.log(0.84), np.log(1.2)))) if rng.random() < rough.speed else 1.0
        room = max(0.0, len(item.audio) / SAMPLE_RATE - speed * framing.frames / FRAME_RATE)
        start = rng.uniform(-0.4, room + 0.4)  # seconds in the utterance of row 0's time
        audio.append(resample(item.audio, start * SAMPLE_RATE - framing.past * speed, speed, framing.samples))
        times = torch.from_numpy(start + speed * steps / FRAME_RATE)
        sounds.append(at(item.sounds, times * SOUND_RATE, 0))
        mouths.append(at(item.mouth, times * MOUTH_RATE, None))
    return Batch(roughen(torch.stack(audio), rough, around, rng), torch.stack(sounds), torch.stack(mouths))


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


def roughen(
    audio: Float[Tensor, "b n"], rough: Roughness, around: Surroundings, rng: np.random.Generator
) -> Float[Tensor, "b n"]:
    """Another microphone, room, noise and level for every row."""
    count, samples = audio.shape
    size = around.noises.shape[1]
    hz = torch.linspace(0, SAMPLE_RATE / 2, size // 2 + 1)
    voices, filters, noises, levels = [], [], [], []
    for i in range(count):
        voices.append(audio[i])
        if rng.random() < rough.babble:
            voices[-1] = audio[i] + 10 ** (-rng.uniform(14, 30) / 20) * audio[i - 1].roll(int(rng.integers(samples)))
        filters.append(tone(hz, rough, rng))
        if rng.random() < rough.room:
            filters[-1] = filters[-1] * around.rooms[rng.integers(len(around.rooms))]
        start = int(rng.integers(size - samples))
        noise = around.noises[rng.integers(len(around.noises)), start : start + samples]
        ratio = 10 ** (-min(50.0, rng.gamma(4.0, 6.0) + 3) / 20) * float(rng.random() < rough.noise)
        noises.append(ratio * audio[i].square().mean().sqrt().clamp(min=0.01) * noise)
        levels.append(10 ** (rng.uniform(-16, 12) / 20) if rng.random() < rough.level else 1.0)
    heard = torch.stack(voices)
    if rough.tone or rough.band or rough.room:
        spectra = torch.fft.rfft(heard, n=size) * torch.stack(filters)
        heard = torch.fft.irfft(spectra, n=size)[:, :samples]
    return ((heard + torch.stack(noises)) * torch.tensor(levels, dtype=torch.float32)[:, None]).clamp(-1, 1)


def tone(hz: Float[Tensor, " f"], rough: Roughness, rng: np.random.Generator) -> Float[Tensor, " f"]:
    """Gains of an equaliser with random bands, and of a narrow channel."""
    octave = torch.log2(hz.clamp(min=40) / 40)
    gain = torch.zeros_like(hz)
    if rng.random() < rough.tone:
        gain = gain + float(rng.normal() * 1.5) * (octave - 4)  # dB an octave: dull or sharp
        for _ in range(3):
            middle, width = rng.uniform(1, 7.6), rng.uniform(0.1, 1)
            gain = gain + float(rng.normal() * 4) * torch.exp(-((octave - middle) ** 2) / width)
    if rng.random() < rough.band:
        low, high = rng.uniform(60, 320), rng.uniform(2800, 7000)
        gain = gain - 40 * torch.sigmoid((low - hz) / 30) - 50 * torch.sigmoid((hz - high) / 120)
    return 10 ** (gain.clamp(-60, 18) / 20)


def reverberation(size: int, rng: np.random.Generator, generator: torch.Generator) -> Tensor:
    """Spectrum of a room: the direct sound and an exponential tail of noise."""
    impulse = torch.zeros(size)
    impulse[0] = 1.0
    length, delay = 8000, int(rng.integers(20, 190))
    decay = rng.uniform(0.1, 0.6) * SAMPLE_RATE / 6.9  # samples to lose a factor e, from the time to lose 60 dB
    tail = torch.randn(length, generator=generator) * torch.exp(-torch.arange(length) / decay)
    impulse[delay : delay + length] += tail / tail.norm() * 10 ** (-rng.uniform(2, 16) / 20)
    return torch.fft.rfft(impulse)


def coloured(size: int, rng: np.random.Generator, generator: torch.Generator) -> Float[Tensor, " n"]:
    """Unit noise between white and brown, sometimes with mains hum."""
    hz = torch.linspace(0, SAMPLE_RATE / 2, size // 2 + 1)
    shape = hz.clamp(min=30) ** -rng.uniform(0, 1.1)
    noise = torch.fft.irfft(torch.fft.rfft(torch.randn(size, generator=generator)) * shape, n=size)
    noise = noise / noise.std()
    if rng.random() < 0.15:
        t = torch.arange(size) / SAMPLE_RATE
        mains = 2 * np.pi * float(rng.choice([50.0, 60.0]))
        for k in (1, 2, 3):
            noise = noise + float(rng.random()) * torch.sin(mains * k * t)
    return noise
