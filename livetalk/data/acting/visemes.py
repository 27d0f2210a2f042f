"""Phoneme times -> mouth shapes over the ARKit units, with coarticulation.

Every phoneme asks for a target on some mouth axes (jaw, rounding, spreading, seal, ...) with a dominance for each
group of axes. A phoneme's pull at time t is its dominance times the integral, over the time it sounds, of a two-sided
exponential that reaches further back than forward: lips prepare a sound before it is heard (anticipatory
coarticulation, 40 to 80 ms) and leave it a little faster. The mouth is the average of the targets weighted by pull
(the dominance model of Cohen and Massaro, 1993), so short sounds are reached less and strong ones (w, sh) win over
vowels. Closures (m b p, nearly f v) are not averaged away: each shuts the lips for its whole time, whatever the rest
of the mouth does, and lets go within 40 ms; `seal_lips` turns that into ARKit's mouthClose.

Does not know moods, heads, prompts or audio; symbols are Kokoro's (one character each, see sounds.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from livetalk.data.acting.sounds import BILABIALS, DIPHTHONGS, PROLONGS, STRESS, TARGETS, VOWELS
from livetalk.data.arkit import ARKIT

Timed = tuple[str, float, float]  # symbol, start and end in seconds

AXES = (
    "jaw", "lower", "upper", "stretch", "smile",
    "funnel", "pucker",
    "press", "roll_lower", "roll_upper", "seal",
    "tongue",
)  # fmt: skip
GROUP_OF_AXIS = np.array([0, 0, 0, 0, 0, 1, 1, 3, 3, 3, 3, 2])
LEAD = np.array([0.042, 0.080, 0.030, 0.042])  # seconds a gesture of each group starts before its sound
TRAIL = np.array([0.030, 0.050, 0.025, 0.036])  # seconds it outlasts it
REST_PULL = 0.007  # seconds of pull of the resting mouth: closes the lips within about 0.1 s of the last sound
SHORTEST_CLOSURE = 0.065  # seconds; longer than a frame (1/16 s), so that every m b p is seen shut at least once
PAUSE_FROM, PAUSE_FULL = 0.09, 0.22  # seconds; a gap between words shorter than the first is no pause at all

_UNITS_OF_AXIS: dict[str, tuple[str, ...]] = {
    "jaw": ("jawOpen",),
    "lower": ("mouthLowerDownLeft", "mouthLowerDownRight"),
    "upper": ("mouthUpperUpLeft", "mouthUpperUpRight"),
    "stretch": ("mouthStretchLeft", "mouthStretchRight"),
    "smile": ("mouthSmileLeft", "mouthSmileRight"),
    "funnel": ("mouthFunnel",),
    "pucker": ("mouthPucker",),
    "press": ("mouthPressLeft", "mouthPressRight"),
    "roll_lower": ("mouthRollLower",),
    "roll_upper": ("mouthRollUpper",),
    "seal": (),  # solved for by `seal_lips`
    "tongue": ("tongueOut",),
}
# What one unit adds to the height of the slit between the lips, in inter-ocular distances: slopes about a half-open
# jaw, mean of twelve rendered people (`HeadRenderer.opening`; they differ by a tenth).
_GAP: dict[str, float] = {
    "jawOpen": 0.389, "mouthFunnel": 0.036, "mouthShrugUpper": 0.046, "jawForward": 0.017,
    "mouthUpperUpLeft": 0.040, "mouthUpperUpRight": 0.040, "mouthLowerDownLeft": 0.032, "mouthLowerDownRight": 0.032,
    "mouthStretchLeft": 0.005, "mouthStretchRight": 0.005, "mouthFrownLeft": 0.006, "mouthFrownRight": 0.006,
    "mouthShrugLower": -0.050, "mouthPucker": -0.039, "mouthRollUpper": -0.021,
    "mouthSmileLeft": -0.028, "mouthSmileRight": -0.028, "mouthPressLeft": -0.006, "mouthPressRight": -0.006,
}  # fmt: skip
_REST_GAP = -0.008  # below 0 the lips press together
_CLOSE_GAP = 0.378  # of mouthClose
_TOUCH = 0.006  # how far sealed lips press, so that every head's lips touch


def _tables() -> tuple[dict[str, int], np.ndarray, np.ndarray]:
    """Row of every symbol, targets [g, axes] and dominances [g, 3]; row 0 is rest (pauses)."""
    row, targets, dominances = {}, [np.zeros(len(AXES))], [np.array([1.0, 0.7, 1.0])]
    for symbols, (dominance, target) in TARGETS.items():
        row |= dict.fromkeys(symbols, len(targets))
        targets.append(np.array([target.get(axis, 0.0) for axis in AXES]))
        dominances.append(np.array(dominance))
    return row, np.stack(targets), np.stack(dominances)


ROW, TARGET, DOMINANCE = _tables()
EXPAND = np.array([[float(unit in _UNITS_OF_AXIS[axis]) for unit in ARKIT] for axis in AXES], np.float32)
GAP = np.array([_GAP.get(unit, 0.0) for unit in ARKIT], np.float32)
_CLOSE = ARKIT.index("mouthClose")
_SEAL = AXES.index("seal")
_LEFT = np.array([unit.endswith("Left") for unit in ARKIT])
_RIGHT = np.array([unit.endswith("Right") for unit in ARKIT])


@dataclass(frozen=True)
class Articulation:
    """How one speaker moves the mouth."""

    strength: float = 1.0  # size of open and spread gestures, 0.7 .. 1.3
    rounding: float = 1.0  # size of rounded gestures
    asymmetry: float = 0.0  # -0.15 .. 0.15, share by which the left side moves more
    parted: float = 0.0  # jaw weight of the resting mouth, 0 .. 0.03

    @classmethod
    def sample(cls, rng: np.random.Generator) -> "Articulation":
        return cls(rng.uniform(0.9, 1.3), rng.uniform(0.9, 1.2), rng.normal() * 0.05, max(0.0, rng.normal() * 0.008))


@dataclass(frozen=True)
class Mouth:
    """A mouth over time before the lips are sealed: see `seal_lips`."""

    weights: Float[np.ndarray, "t 52"]
    seal: Float[np.ndarray, " t"]  # 0 open as the weights say .. 1 lips shut
    rounding: Float[np.ndarray, " t"]  # 0 .. 1, how protruded the lips are


@dataclass(frozen=True)
class Segments:
    """Sounds in order of time: what they ask for, when, how strongly."""

    gesture: Int[np.ndarray, " s"]
    start: Float[np.ndarray, " s"]
    end: Float[np.ndarray, " s"]
    stress: Float[np.ndarray, " s"]  # 0 none, 0.5 secondary, 1 primary; of vowels only
    presence: Float[np.ndarray, " s"]  # 1 for sounds; for pauses how much of a pause it is


def segment(phonemes: Sequence[Timed], since: float = -np.inf, until: float = np.inf) -> Segments:
    """Turn symbols into gestures: marks merged into their sound, diphthongs split, closures given their least length.

    Only what touches [since, until] seconds is kept. Unknown symbols count as pauses.
    """
    rows: list[tuple[int, float, float, float, float]] = []
    stress, begun = 0.0, None
    for symbol, start, end in phonemes:
        if end < since or start > until:
            stress, begun = STRESS.get(symbol, stress if symbol not in VOWELS else 0.0), None
            continue
        if symbol in STRESS:
            stress, begun = STRESS[symbol], start if begun is None else begun
        elif symbol and symbol in PROLONGS and rows:
            gesture, first, _, force, presence = rows[-1]
            rows[-1] = (gesture, first, end, force, presence)
        elif symbol in DIPHTHONGS:
            first = start if begun is None else begun
            middle = first + 0.55 * (end - first)
            rows.append((ROW[DIPHTHONGS[symbol][0]], first, middle, stress, 1.0))
            rows.append((ROW[DIPHTHONGS[symbol][1]], middle, end, 0.5 * stress, 1.0))
            stress, begun = 0.0, None
        elif symbol in ROW:
            first = start if begun is None else begun
            if symbol in BILABIALS and end - first < SHORTEST_CLOSURE:
                middle = 0.5 * (first + end)
                first, end = middle - SHORTEST_CLOSURE / 2, middle + SHORTEST_CLOSURE / 2
            rows.append((ROW[symbol], first, end, stress if symbol in VOWELS else 0.0, 1.0))
            stress, begun = stress if symbol not in VOWELS else 0.0, None
        else:
            presence = (end - start - PAUSE_FROM) / (PAUSE_FULL - PAUSE_FROM)
            rows.append((0, start, end, 0.0, min(1.0, max(0.0, presence))))
            begun = None
    columns = np.array(rows, float).reshape(-1, 5).T
    return Segments(columns[0].astype(int), *columns[1:])


def pull(times: Float[np.ndarray, " t"], segments: Segments, group: int) -> Float[np.ndarray, "t s"]:
    """Seconds of pull of every sound at every time: its two-sided exponential integrated while it sounds."""
    lead, trail = LEAD[group], TRAIL[group]
    since_start = times[:, None] - segments.start
    since_end = times[:, None] - segments.end
    ahead = np.exp(np.minimum(since_start, 0) / lead) - np.exp(np.minimum(since_end, 0) / lead)
    behind = np.exp(-np.maximum(since_end, 0) / trail) - np.exp(-np.maximum(since_start, 0) / trail)
    return lead * ahead + trail * behind


def shut(times: Float[np.ndarray, " t"], segments: Segments) -> Float[np.ndarray, "t s"]:
    """How far each sound holds its closure: 1 while it sounds, easing to 0 within LEAD before and TRAIL after."""
    rise = np.clip(1 + (times[:, None] - segments.start) / LEAD[3], 0, 1)
    fall = np.clip(1 + (segments.end - times[:, None]) / TRAIL[3], 0, 1)
    return (rise * fall) ** 2 * (3 - 2 * rise * fall)


def articulate(phonemes: Sequence[Timed], times: Float[np.ndarray, " t"], style: Articulation) -> Mouth:
    """The mouth at `times` (seconds in the phonemes' clock) without moods; values in 0..1.

    Times outside the phonemes are silence. Costs about a millisecond for 81 times.
    """
    segments = segment(phonemes, times.min() - 0.4, times.max() + 0.4)
    targets = TARGET[segments.gesture].copy()
    voiced = segments.gesture > 0
    force = np.where(voiced, style.strength * (0.92 + 0.22 * segments.stress), 0.0)
    of = GROUP_OF_AXIS
    targets[:, of == 0] *= force[:, None]
    targets[:, of == 1] *= (force * style.rounding / max(style.strength, 1e-6))[:, None]
    axes = np.zeros((len(times), len(AXES)))
    for group in range(3):
        dominance = DOMINANCE[segments.gesture, group] * segments.presence * (1 + 0.5 * segments.stress)
        weight = pull(times, segments, group) * dominance
        axes[:, of == group] = weight @ targets[:, of == group] / (weight.sum(1, keepdims=True) + REST_PULL)
    closing = np.flatnonzero(targets[:, _SEAL])
    if len(closing):
        hold = shut(times, segments)[:, closing, None] * targets[closing][:, of == 3]
        axes[:, of == 3] = hold.max(axis=1)
    axes[:, 0] += style.parted
    weights = np.clip(axes.astype(np.float32) @ EXPAND, 0, 1)
    weights[:, _LEFT] *= 1 + style.asymmetry
    weights[:, _RIGHT] *= 1 - style.asymmetry
    rounding = np.clip(axes[:, AXES.index("funnel")] + axes[:, AXES.index("pucker")], 0, 1)
    return Mouth(weights, axes[:, _SEAL], rounding)


def lip_gap(weights: Float[np.ndarray, "t 52"]) -> Float[np.ndarray, " t"]:
    """Inner-lip gap over inter-ocular distance, to first order on the mean head; below 0 the lips press together."""
    return _REST_GAP + weights @ GAP - _CLOSE_GAP * weights[:, _CLOSE]


def seal_lips(weights: Float[np.ndarray, "t 52"], seal: Float[np.ndarray, " t"]) -> Float[np.ndarray, "t 52"]:
    """Set mouthClose so that where `seal` is 1 the lips just touch, whatever jaw, smile or mood do."""
    sealed = np.clip(weights, 0, 1).astype(np.float32)
    sealed[:, _CLOSE] = 0
    sealed[:, _CLOSE] = np.clip(seal * (lip_gap(sealed) + _TOUCH) / _CLOSE_GAP, 0, 1)
    return sealed


def stressed(phonemes: Sequence[Timed]) -> list[tuple[float, float]]:
    """(middle in seconds, stress) of every stressed vowel: where heads and brows put emphasis."""
    beats, stress = [], 0.0
    for symbol, start, end in phonemes:
        if symbol in STRESS:
            stress = STRESS[symbol]
        elif symbol in VOWELS:
            if stress:
                beats.append((0.5 * (start + end), stress))
            stress = 0.0
    return beats
