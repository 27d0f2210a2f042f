"""Spoiling of training clips: what cameras, codecs, face trackers and rooms do to a mouth and to its sound.

One draw a clip, so that lips still move as they did; only the tracker's shiver differs from frame to frame. Knows
arrays; not where clips come from.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, UInt8

from livetalk.evaluation.sync.expert.mel import BANDS, band_centres
from livetalk.evaluation.sync.expert.mouths import HEIGHT, WIDTH
from livetalk.geometry import SAMPLE_RATE

Larger = UInt8[np.ndarray, "t height width"]
Crops = UInt8[np.ndarray, "t 48 64"]
Sound = Float32[np.ndarray, " n"]


@dataclass(frozen=True)
class SpoilingShares:
    """How often a clip gets each fault."""

    mirrored: float = 0.5
    blurred: float = 0.5
    coarse: float = 0.25
    squeezed: float = 0.4  # through JPEG
    grainy: float = 0.4
    repeated: float = 0.2  # frames, as films of other rates have them
    noisy: float = 0.5
    roomy: float = 0.3
    narrow: float = 0.25  # without high sounds, as on the telephone
    tilted: float = 0.5  # a microphone's tone


SHARES = SpoilingShares()
TURN, SHIFT, SCALE = 0.105, 4.5, 0.16  # of a crop's place: radians, pixels, log of its size
SHIVER = 0.5  # pixels, from frame to frame
LATE = 0.02  # s that sound may be off by, either way: less than half a frame


@dataclass(frozen=True)
class CropFaults:
    """What is wrong with all crops of a clip. blur, grain: pixels, levels; coarse: how many times; quality: JPEG's."""

    blur: float
    coarse: float
    quality: int  # 0: not squeezed
    grain: float
    tones: UInt8[np.ndarray, " 256"]

    @classmethod
    def sample(cls, rng: np.random.Generator, shares: SpoilingShares) -> "CropFaults":
        blurred, coarse, squeezed, grainy = rng.random(4) < (
            shares.blurred,
            shares.coarse,
            shares.squeezed,
            shares.grainy,
        )
        return cls(
            float(rng.uniform(0.4, 2.0)) if blurred else 0.0,
            float(rng.uniform(1.5, 3.0)) if coarse else 1.0,
            int(rng.integers(15, 80)) if squeezed else 0,
            float(rng.uniform(1, 9)) if grainy else 0.0,
            _tones(rng),
        )

    def applied(self, crop: UInt8[np.ndarray, "48 64"], rng: np.random.Generator) -> UInt8[np.ndarray, "48 64"]:
        import cv2

        if self.coarse > 1:
            size = round(WIDTH / self.coarse), round(HEIGHT / self.coarse)
            small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
            crop = np.asarray(cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR), np.uint8)
        if self.blur:
            crop = np.asarray(cv2.GaussianBlur(crop, (0, 0), self.blur), np.uint8)
        crop = self.tones[crop]
        if self.grain:
            crop = np.clip(crop + rng.normal(0, self.grain, crop.shape), 0, 255).astype(np.uint8)
        if self.quality:
            _, file = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, self.quality])
            crop = np.asarray(cv2.imdecode(file, cv2.IMREAD_GRAYSCALE), np.uint8)
        return crop


def spoil_crops(crops: Larger, rng: np.random.Generator, shares: SpoilingShares = SHARES) -> Crops:
    """Crops of the expert's size, cut from larger ones, and spoiled."""
    import cv2

    shown = np.arange(len(crops))
    if rng.random() < shares.repeated:
        shown = np.maximum.accumulate(np.where(rng.random(len(crops)) < rng.uniform(0.1, 0.4), 0, shown))
    moves = _places(crops.shape[1:], len(crops), rng, rng.random() < shares.mirrored)
    faults = CropFaults.sample(rng, shares)
    made = np.empty((len(crops), HEIGHT, WIDTH), np.uint8)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    for place in range(len(crops)):
        move = moves[place]
        seen = cv2.warpAffine(crops[shown[place]], move, (WIDTH, HEIGHT), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        made[place] = faults.applied(np.asarray(seen, np.uint8), rng)
    return made


def spoil_sound(
    sound: Sound, other: Float32[np.ndarray, " m"], rng: np.random.Generator, shares: SpoilingShares = SHARES
) -> Sound:
    """The sound as another room and microphone would give it. other: somebody else's, for voices behind."""
    spoiled = np.roll(sound, int(rng.uniform(-LATE, LATE) * SAMPLE_RATE))
    if rng.random() < shares.roomy:
        spoiled = _in_room(spoiled, rng)
    narrow, tilted = rng.random(2) < (shares.narrow, shares.tilted)
    if narrow or tilted:
        spoiled = _filtered(spoiled, rng, bool(narrow), bool(tilted))
    if rng.random() < shares.noisy:
        spoiled = spoiled + _noise(len(sound), other, rng) * _level(spoiled) * 10 ** (-rng.uniform(3, 40) / 20)
    return spoiled.astype(np.float32)


def warp_bands(rows: Float32[np.ndarray, "r 40"], factor: float) -> Float32[np.ndarray, "r 40"]:
    """Log-mel rows of a throat that is longer or shorter: each band hears what was at `factor` times its frequency."""
    asked, centres = np.empty(BANDS), band_centres()
    asked[:] = np.interp(centres * factor, centres, np.linspace(0, BANDS - 1, BANDS))
    low = np.minimum(asked.astype(int), BANDS - 2)
    share = (asked - low).astype(np.float32)
    return (1 - share) * rows[:, low] + share * rows[:, low + 1]


def _places(size: tuple[int, ...], frames: int, rng: np.random.Generator, mirrored: bool) -> Float[np.ndarray, "t 2 3"]:
    """Where the pixels of a crop lie in the larger one."""
    turn, scale = rng.normal(0, TURN / 2), float(np.exp(rng.normal(0, SCALE / 2)))
    right = scale * np.array([np.cos(turn), np.sin(turn)])
    down = np.array([-right[1], right[0]])
    right = -right if mirrored else right
    steps = rng.normal(0, SHIVER, (frames + 2, 2))
    shiver = (steps[:-2] + steps[1:-1] + steps[2:]) / 3
    middle = np.array([size[1] - 1, size[0] - 1]) / 2 + rng.normal(0, SHIFT / 2, 2) + shiver
    corner = middle - right * (WIDTH - 1) / 2 - down * (HEIGHT - 1) / 2
    axes = np.broadcast_to(np.stack([right, down], axis=1), (frames, 2, 2))
    return np.concatenate([axes, corner[:, :, None]], axis=2)


def _tones(rng: np.random.Generator) -> UInt8[np.ndarray, " 256"]:
    """Another exposure and contrast, for every level of grey."""
    levels = np.linspace(0, 1, 256) ** np.exp(rng.normal(0, 0.25))
    levels = levels * np.exp(rng.normal(0, 0.2)) + rng.normal(0, 0.05)
    return np.clip(255 * levels, 0, 255).astype(np.uint8)


def _in_room(sound: Sound, rng: np.random.Generator) -> Sound:
    """With an echo that dies within 0.1 to 0.5 s."""
    from scipy import signal

    length = int(rng.uniform(0.1, 0.5) * SAMPLE_RATE)
    tail = rng.normal(0, 1, length) * np.exp(-6.9 * np.arange(length) / length)
    tail *= rng.uniform(0.1, 0.6) / max(float(np.sqrt(np.square(tail).sum())), 1e-6)
    tail[0] = 1.0
    return np.asarray(signal.fftconvolve(sound, tail), np.float32)[: len(sound)]


def _filtered(sound: Sound, rng: np.random.Generator, narrow: bool, tilted: bool) -> Sound:
    spectrum = np.fft.rfft(sound)
    hertz = np.arange(len(spectrum)) * SAMPLE_RATE / len(sound)
    gain = np.ones(len(spectrum))
    if narrow:
        gain *= 1 / (1 + (hertz / rng.uniform(2500, 6000)) ** 8)
    if tilted:
        gain *= (np.maximum(hertz, 50) / 1000) ** rng.uniform(-0.5, 0.5)
    return np.fft.irfft(spectrum * gain, len(sound)).astype(np.float32)


def _noise(length: int, other: Float32[np.ndarray, " m"], rng: np.random.Generator) -> Float[np.ndarray, " n"]:
    """Hiss, hum or voices, of level 1."""
    if rng.random() < 0.25:
        made = np.roll(np.resize(other, length), int(rng.integers(length))).astype(float)
    else:
        spectrum = np.fft.rfft(rng.normal(0, 1, length))
        made = np.fft.irfft(spectrum / np.sqrt(1 + np.arange(len(spectrum))) ** rng.uniform(0, 2), length)
    return made / max(_level(made), 1e-9)


def _level(sound: Float[np.ndarray, " n"]) -> float:
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))
