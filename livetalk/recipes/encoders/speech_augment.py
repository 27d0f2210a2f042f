"""Batches of clean speech made rough like the world's microphones: equaliser, band, room, noise, babble, level.

Whole batches at once in the frequency domain, from a pool of rooms and noises made beforehand, so that it costs a
training step next to nothing; data/augment.py does one utterance at a time, with more care. The first sound stays
where it was: labels need no change. Knows nothing of labels.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from livetalk.geometry import SAMPLE_RATE


@dataclass(frozen=True)
class Roughness:
    """How likely each mishap is; all zero gives the speech as recorded."""

    speed: float = 0.75
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
        """Sample surroundings for windows of `samples` samples."""
        size = 1 << (samples + 8192).bit_length()
        generator = torch.Generator().manual_seed(int(rng.integers(1 << 62)))
        rooms = [reverberation(size, rng, generator) for _ in range(count)]
        return cls(torch.stack(rooms), torch.stack([coloured(size, rng, generator) for _ in range(count)]))


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
