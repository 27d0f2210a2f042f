"""Augmentation of studio speech towards recordings people really send: level, tone, band, pitch, room and noise.

A `Treatment` is drawn once for an utterance and applied by pure functions; the same treatment gives the same
sound. Only pitch moves time (voice and tempo together, as a tape does), and the phoneme times move with it;
every other treatment leaves the first sound of each phoneme where it was. Knows nothing of models or faces.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from jaxtyping import Float32
from scipy import signal

from livetalk.data.speech import RATE, Utterance
from livetalk.voice.timing import Phoneme

Audio = Float32[np.ndarray, "n"]
BANDS = ((0.0, 8000.0), (300.0, 3400.0), (0.0, 2500.0), (120.0, 5500.0), (200.0, 8000.0))  # Hz
BAND_SHARES = (0.5, 0.12, 0.1, 0.14, 0.14)  # open, telephone, muffled, small loudspeaker, thin
LOUDNESS = -23.0  # dB of full scale, RMS of the spoken part of an untreated level
CEILING = 0.99


@dataclass(frozen=True)
class Treatment:
    """Augmentation of one utterance, applied in the order of the fields. The defaults change nothing.

    `tape`: pitch and tempo as a factor. `tilt`: dB an octave about 1 kHz. `band`: Hz let through. `echo`: s the
    room takes to fall by 60 dB, `wet`: its level in dB against the direct sound. `level`: dB RMS of the speech,
    None to leave it. `drive`: dB of soft clipping. `snr`: dB of speech over noise, `colour`: power of 1/f of
    the noise (0 white, 1 pink, 2 brown). `seed`: of the room and the noise.
    """

    tape: float = 1.0
    tilt: float = 0.0
    band: tuple[float, float] = (0.0, 8000.0)
    echo: float = 0.0
    wet: float = -12.0
    level: float | None = None
    drive: float = 0.0
    snr: float | None = None
    colour: float = 1.0
    seed: int = 0


def sample_treatment(rng: np.random.Generator) -> Treatment:
    """A random treatment; about one in seven changes the level only."""
    level = float(rng.normal(LOUDNESS, 5.0))
    seed = int(rng.integers(2**31))
    if rng.random() < 0.15:
        return Treatment(level=level, seed=seed)
    return Treatment(
        tape=float(np.exp(rng.uniform(-0.14, 0.14))) if rng.random() < 0.5 else 1.0,
        tilt=float(rng.normal(0.0, 2.0)),
        band=BANDS[rng.choice(len(BANDS), p=BAND_SHARES)],
        echo=float(rng.uniform(0.15, 0.7)) if rng.random() < 0.45 else 0.0,
        wet=float(rng.uniform(-18.0, -4.0)),
        level=level,
        drive=float(rng.uniform(3.0, 12.0)) if rng.random() < 0.15 else 0.0,
        snr=float(rng.uniform(8.0, 40.0)) if rng.random() < 0.6 else None,
        colour=float(rng.uniform(0.0, 2.0)),
        seed=seed,
    )


def treat(utterance: Utterance, treatment: Treatment) -> Utterance:
    """The utterance as treated; its phonemes still cover the whole audio."""
    rng = np.random.default_rng(treatment.seed)
    audio, phonemes = tape(utterance.audio, utterance.phonemes, treatment.tape)
    audio = band(tilt(audio, treatment.tilt), *treatment.band)
    if treatment.echo:
        audio = room(audio, treatment.echo, treatment.wet, rng)
    if treatment.level is not None:
        audio = level(audio, treatment.level)
    if treatment.drive:
        audio = drive(audio, treatment.drive)
    if treatment.snr is not None:
        audio = noise(audio, treatment.snr, treatment.colour, rng)
    return replace(utterance, audio=np.clip(audio, -CEILING, CEILING).astype(np.float32), phonemes=phonemes)


def tape(audio: Audio, phonemes: tuple[Phoneme, ...], factor: float) -> tuple[Audio, tuple[Phoneme, ...]]:
    """Play `factor` times as fast: pitch up and times down by it (to a hundredth)."""
    ratio = Fraction(factor).limit_denominator(100)
    if ratio == 1 or not len(audio):
        return audio, phonemes
    played = signal.resample_poly(audio, ratio.denominator, ratio.numerator).astype(np.float32)
    scale = len(played) / len(audio)
    return played, tuple(Phoneme(p.symbol, p.start_s * scale, p.end_s * scale) for p in phonemes)


def tilt(audio: Audio, slope: float) -> Audio:
    """Raise (or lower, where negative) by `slope` dB an octave towards the highs; 1 kHz stays as it was."""
    if not slope or not len(audio):
        return audio
    spectrum = np.fft.rfft(audio, 2 * len(audio))
    octaves = np.log2(np.clip(np.fft.rfftfreq(2 * len(audio), 1 / RATE), 60.0, None) / 1000.0)
    shaped = np.fft.irfft(spectrum * 10 ** (slope * octaves / 20))
    return shaped[: len(audio)].astype(np.float32)


def band(audio: Audio, low: float, high: float) -> Audio:
    """Keep `low` to `high` Hz, causally (delay below 2 ms); 0 and 8000 leave that side open."""
    for kind, edge, open_ in (("highpass", low, low <= 0), ("lowpass", high, high >= RATE / 2)):
        if not open_:
            audio = signal.sosfilt(signal.butter(4, edge, kind, fs=RATE, output="sos"), audio).astype(np.float32)
    return audio


def room(audio: Audio, echo: float, wet: float, rng: np.random.Generator) -> Audio:
    """Add a decaying tail: the direct sound stays in place, reflections come 3 ms later and after."""
    length = round(echo * RATE)
    times = np.arange(length) / RATE
    tail = rng.standard_normal(length) * 10 ** (-3 * times / echo)
    tail[: round(0.003 * RATE)] = 0.0
    tail = band(tail.astype(np.float32), 0.0, float(rng.uniform(2500.0, 6000.0)))
    tail *= 10 ** (wet / 20) / max(float(np.linalg.norm(tail)), 1e-9)
    tail[0] += 1.0
    return signal.fftconvolve(audio, tail)[: len(audio)].astype(np.float32)


def level(audio: Audio, decibels: float) -> Audio:
    """Scale so that the spoken part has this RMS in dB of full scale; silence stays silence."""
    loud = loudness(audio)
    return audio if loud is None else (audio * 10 ** ((decibels - loud) / 20)).astype(np.float32)


def loudness(audio: Audio) -> float | None:
    """RMS in dB of full scale of the 20 ms stretches within 30 dB of the loudest; None for silence."""
    size = RATE // 50
    power = np.square(audio[: len(audio) // size * size].reshape(-1, size)).mean(1)
    if not len(power) or power.max() < 1e-9:
        return None
    return float(10 * np.log10(power[power > power.max() * 1e-3].mean()))


def drive(audio: Audio, decibels: float) -> Audio:
    """Soft clipping, the peaks `decibels` into the bend; the peak level stays."""
    peak = float(np.abs(audio).max(initial=0.0))
    if peak == 0.0:
        return audio
    gain = 10 ** (decibels / 20)
    return (np.tanh(audio / peak * gain) / np.tanh(gain) * peak).astype(np.float32)


def noise(audio: Audio, snr: float, colour: float, rng: np.random.Generator) -> Audio:
    """Add noise of a 1/f^colour spectrum, `snr` dB below the speech (below -43 dB where there is none)."""
    if not len(audio):
        return audio
    spectrum = np.fft.rfft(rng.standard_normal(len(audio)))
    spectrum /= np.clip(np.fft.rfftfreq(len(audio), 1 / RATE), 50.0, None) ** (colour / 2)
    hiss = np.fft.irfft(spectrum, len(audio))
    loud = loudness(audio)
    wanted = -43.0 if loud is None else loud - snr
    return (audio + hiss * (10 ** (wanted / 20) / max(float(hiss.std()), 1e-9))).astype(np.float32)
