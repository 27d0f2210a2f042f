"""Sound examples with and without faults: speech that was made quiet or clipped, and sound in which nobody speaks.

Everything here is synthesised or planted with numpy and scipy; the checks share none of it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Float32
from scipy import signal as scipy_signal

from livetalk.geometry import SAMPLE_RATE

signal: Any = scipy_signal  # its types leave open what comes back
Random = np.random.Generator
Sound = Float[np.ndarray, " n"]
CLEAN, KINDS = "none", ("quiet", "clipped", "no speech")
LEAST = {
    "quiet": "speech at -48 dBFS (usual are -15 to -35)",
    "clipped": "1.5 % of the speech's samples are cut off",
    "no speech": "silence, hum, tones, noise, knocks, sirens, made-up music with and without drums",
}
SHORTEST, LONGEST = 2.0, 8.0  # seconds of an example
FINE = 48_000  # Hz, at which microphones clip


@dataclass(frozen=True)
class SoundExample:
    kind: str
    strength: float
    sound: Float32[np.ndarray, " n"]  # mono, 16 kHz


def examples(recordings: Sequence[Sound], count: int, seed: int) -> Iterator[SoundExample]:
    """`count` of each kind and twice as many clean ones, from recordings of speech."""
    for place, kind in enumerate((*KINDS, CLEAN)):
        for row in range(count * (2 if kind == CLEAN else 1)):
            rng, strength = np.random.default_rng((place, seed, row)), row / max(count - 1, 1)
            if kind == "no speech":
                sound = NO_SPEECH[row % len(NO_SPEECH)](rng, rng.uniform(SHORTEST, LONGEST))
                sound = sound / max(np.abs(sound).max(), 1e-9) * rng.uniform(0.05, 0.8)
            else:
                sound = _spoken(recordings, rng)
                if kind == "quiet":
                    sound = at_level(sound, -48 - 17 * strength) + rng.normal(0, 1e-5, len(sound))
                elif kind == "clipped":
                    sound = clipped(sound, 0.015 * 10**strength) * rng.uniform(0.4, 1)
                else:
                    sound = _in_a_room(sound, rng)
            yield SoundExample(kind, min(strength, 1.0), sound.astype(np.float32))


def at_level(sound: Sound, decibels: float) -> Sound:
    """The same, with the loud half of its tenths of a second at so many dBFS."""
    step = SAMPLE_RATE // 10
    power = (sound[: len(sound) // step * step].reshape(-1, step) ** 2).mean(1)
    loud = power[power >= np.median(power)].mean()
    return sound * 10 ** (decibels / 20) / np.sqrt(max(loud, 1e-12))


def clipped(sound: Sound, share: float) -> Sound:
    """That share of the samples is cut off, as a converter does it before the rate is lowered."""
    fine = _at_rate(sound, SAMPLE_RATE, FINE)
    voiced = np.abs(fine)[np.abs(fine) > 0.02 * np.abs(fine).max()]
    most = np.quantile(voiced, 1 - share)
    return _at_rate(np.clip(fine, -most, most), FINE, SAMPLE_RATE)


def _at_rate(sound: Sound, before: int, after: int) -> Float[np.ndarray, " m"]:
    return np.asarray(signal.resample_poly(sound, after, before))


def _spoken(recordings: Sequence[Sound], rng: Random) -> Sound:
    """A stretch of somebody's speech at a usual level."""
    whole = recordings[int(rng.integers(len(recordings)))].astype(float)
    length = min(len(whole), int(rng.uniform(SHORTEST, LONGEST) * SAMPLE_RATE))
    start = int(rng.integers(len(whole) - length + 1))
    return at_level(whole[start : start + length], rng.uniform(-34, -18))


def _in_a_room(sound: Sound, rng: Random) -> Sound:
    """Speech as people record it, -38 dBFS and above: some noise, a narrow line, an echo, or a tune behind it."""
    kind, longer = int(rng.integers(5)), len(sound) / SAMPLE_RATE + 0.01
    if kind == 0:
        sound = at_level(sound, rng.uniform(-38, -14))
    elif kind == 1:
        sound = sound + noise(rng, longer)[: len(sound)] * sound.std() * 10 ** rng.uniform(-1.5, -0.6)
    elif kind == 2:
        line = signal.butter(4, (250, 3500), "bandpass", fs=SAMPLE_RATE, output="sos")
        sound = np.asarray(signal.sosfilt(line, sound))
    elif kind == 3:
        tail = rng.normal(0, 1, SAMPLE_RATE // 3) * np.exp(-np.arange(SAMPLE_RATE // 3) / (0.06 * SAMPLE_RATE))
        wet = signal.fftconvolve(sound, tail)[: len(sound)]
        sound = sound + 0.5 * wet * sound.std() / max(wet.std(), 1e-9)
    else:
        behind = tune(rng, longer)[: len(sound)]
        sound = sound + behind / max(behind.std(), 1e-9) * sound.std() * 0.12
    return sound / max(1.0, float(np.abs(sound).max()) / 0.97)


def _times(seconds: float) -> Sound:
    return np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE


def silence(rng: Random, seconds: float) -> Sound:
    return rng.normal(0, 1, len(_times(seconds))) if rng.random() < 0.5 else np.zeros(len(_times(seconds)))


def noise(rng: Random, seconds: float) -> Sound:
    """White to brown, now and then through a resonance, swelling or steady."""
    times = _times(seconds)
    spectrum = np.fft.rfft(rng.normal(0, 1, len(times)))
    hertz = np.fft.rfftfreq(len(times), 1 / SAMPLE_RATE) + 20
    spectrum *= hertz ** -rng.uniform(0, 1.2)
    if rng.random() < 0.4:
        spectrum *= np.exp(-rng.uniform(0.5, 4) * np.log(hertz / rng.uniform(300, 3000)) ** 2)
    swell = 1 + rng.uniform(0, 0.9) * np.sin(2 * np.pi * rng.uniform(0.3, 7) * times)
    sound = np.fft.irfft(spectrum, len(times)) * swell
    return sound / sound.std()


def hum(rng: Random, seconds: float) -> Sound:
    """Of the mains, with its harmonics."""
    base = rng.choice([50, 60])
    return sum(
        np.sin(2 * np.pi * base * k * _times(seconds) + rng.uniform(0, 6)) / k ** rng.uniform(0.5, 1.5)
        for k in range(1, 14)
    ) + rng.normal(0, 0.02, len(_times(seconds)))


def tones(rng: Random, seconds: float) -> Sound:
    """Steady, interrupted, or gliding up and down."""
    times, kind = _times(seconds), int(rng.integers(3))
    low, high = np.sort(rng.uniform(150, 2500, 2))
    if kind == 0:
        return np.sin(2 * np.pi * low * times) + 0.5 * np.sin(2 * np.pi * high * times)
    if kind == 1:
        return np.sin(2 * np.pi * low * times) * (times % rng.uniform(0.3, 2) < 0.25)
    slide = rng.uniform(0.3, 3)
    hertz = low + (high - low) * (0.5 + 0.5 * np.sin(2 * np.pi * slide * times))
    return np.sin(2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE)


def knocks(rng: Random, seconds: float) -> Sound:
    """Typing, knocking, clapping."""
    sound = rng.normal(0, 0.003, len(_times(seconds)))
    for start in rng.integers(0, len(sound) - 800, int(seconds * rng.uniform(2, 10))):
        sound[start : start + 800] += rng.normal(0, 1, 800) * np.exp(-np.arange(800) / rng.uniform(30, 200))
    return sound


def tune(rng: Random, seconds: float, drums: bool = False) -> Sound:
    """Notes of a scale with harmonics, vibrato and decay, one to three at once."""
    sound, beat = np.zeros(int((seconds + 3) * SAMPLE_RATE)), 30 / rng.uniform(70, 150)
    scale, root = np.array([0, 2, 4, 5, 7, 9, 11, 12]), rng.uniform(45, 62)
    sharp, vibrato, decay = rng.uniform(0.8, 2), rng.choice([0, 0.2]), rng.uniform(0.2, 1.5)
    for number in range(int(seconds / beat)):
        start = int(number * beat * SAMPLE_RATE)
        for _ in range(rng.integers(1, 4)):
            times = _times(beat * rng.choice([1, 2, 4]))
            hertz = 440 * 2 ** ((root + rng.choice(scale) + 12 * rng.integers(0, 2) - 69) / 12)
            phase = 2 * np.pi * hertz * times + vibrato * np.sin(2 * np.pi * 5.5 * times)
            note = sum(np.sin(k * phase) / k**sharp for k in range(1, 9) if k * hertz < 7000)
            sound[start : start + len(times)] += note * np.minimum(times / 0.02, 1) * np.exp(-times / decay)
        if drums and start + 3200 < len(sound):
            fall = np.exp(-np.arange(3200) / rng.choice([200, 900]))
            hit = rng.normal(0, 1, 3200) if number % 2 else 2 * np.sin(2 * np.pi * 60 * _times(0.2))
            sound[start : start + 3200] += hit * fall
    return sound[: int(seconds * SAMPLE_RATE)]


def band(rng: Random, seconds: float) -> Sound:
    return tune(rng, seconds, drums=True)


NO_SPEECH: tuple[Callable[[Random, float], Sound], ...] = (silence, noise, hum, tones, knocks, tune, band)
