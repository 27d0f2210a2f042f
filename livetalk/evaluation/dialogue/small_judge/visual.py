"""Visual levels of the small judge: blendshapes for feelings, stillness, descriptors of faces, lips against loudness.

Each level lies between the anchors 1 and 5, with a sentence that says what was measured. Knows one dialogue at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from livetalk.evaluation.dialogue.judging.evidence import Evidence, TurnEvidence
from livetalk.evaluation.dialogue.small_judge.seeing import FaceMeter, loudness, readable
from livetalk.evaluation.metrics import readback
from livetalk.evaluation.metrics.landmarks import FaceTrack
from livetalk.evaluation.metrics.lipsync import pearson
from livetalk.evaluation.photos import words

MOODS = words.PHOTOGRAPHED["mood"]
UNSEEN = "no picture of a face was sent"
SOFT = 4.0  # how far, in squared spreads, a mood may be from the one that fits and count half
BREATH = 0.2  # seconds that a face may stand still
PATIENCE = 0.5  # seconds more, after which it counts less than half
LIVELY = 0.02  # radians that a head's pose varies by, at least, where somebody is present
SAME, OTHER = 0.4, 0.7  # distance of descriptors of one person in two moods; of two people (dlib: 0.6 between them)
FOLLOWS = 0.3  # r of lips and level, below which nothing follows
REACH, STEP = 0.5, 0.02  # seconds by which lips may be late or early; between two that are tried


@dataclass(frozen=True)
class Level:
    """A level between 1 and 5, and what was measured."""

    value: float
    reason: str

    @classmethod
    def of(cls, share: float, reason: str) -> "Level":
        """share: 0 is the worst, 1 the best."""
        return cls(1 + 4 * float(np.clip(share, 0, 1)), reason)


def seen(evidence: Evidence) -> list[tuple[int, TurnEvidence]]:
    """Turns with pictures, by their number."""
    return [(number, turn) for number, turn in enumerate(evidence.turns, 1) if turn.frames]


def emotional_appropriateness(evidence: Evidence, meter: FaceMeter) -> Level:
    """How near the face is to the feeling that fits, by the same words as prompts of photographs are read back.

    Faces are compared with the first picture of the dialogue. A portrait that smiles leaves a smile little room to
    grow, and words for photographs allow for that.
    """
    turns = seen(evidence)
    if not turns:
        return Level(1.0, UNSEEN)
    rest = meter.face(turns[0][1])
    shares: list[float] = []
    shown: list[str] = []
    for number, turn in enumerate(evidence.turns, 1):
        measures = readback.measures(readable(meter.face(turn)), rest) if turn.frames else {}
        grown = words.from_rest(measures) if measures else {}
        shares.append(_fits(grown, turn.expected.emotion) if grown else 0.0)
        looks = MOODS.nearest(grown) if grown else "lost"
        shown.append(f"turn {number} looks {looks} where {turn.expected.emotion} fits")
    return Level.of(float(np.mean(shares)), "; ".join(shown))


def nonverbal_interaction(evidence: Evidence, meter: FaceMeter) -> Level:
    """Whether the picture ever stands still, and the head does not."""
    turns = seen(evidence)
    if not turns:
        return Level(1.0, UNSEEN)
    still = [meter.longest_still(turn) for _, turn in turns]
    alive = [min(1.0, _sway(meter.face(turn)) / LIVELY) for _, turn in turns]
    shares = np.exp(-np.maximum(0, np.array(still) - BREATH) / PATIENCE) * np.array(alive)
    answered = len(turns) / len(evidence.turns)
    worst = turns[int(shares.argmin())][0]
    reason = f"turn {worst} is the least alive: it stands still for up to {still[int(shares.argmin())]:.2f} s"
    return Level.of(float(shares.mean()) * answered, reason)


def multi_video_coherence(evidence: Evidence, meter: FaceMeter) -> Level:
    """Whether all turns show one person."""
    turns = seen(evidence)
    if not turns:
        return Level(1.0, UNSEEN)
    looks = [(number, meter.looks(turn)) for number, turn in turns]
    lost = [number for number, one in looks if one.faceless > 0.5]
    if lost:
        return Level(1.0, f"turn {lost[0]} shows no face")
    apart = [(float(np.linalg.norm(a.descriptor - b.descriptor)), i, j) for i, a in looks for j, b in looks if i < j]
    distance, i, j = max(apart, default=(0.0, turns[0][0], turns[0][0]))
    share = 1 - (distance - SAME) / (OTHER - SAME)
    return Level.of(
        share, f"the faces of turns {i} and {j} are {distance:.2f} apart, dlib calls it one person up to 0.6"
    )


def conversational_naturalness(evidence: Evidence, meter: FaceMeter) -> Level:
    """Whether lips follow the sound's level, and at once."""
    heard = [turn for _, turn in seen(evidence) if turn.sound]
    if not heard:
        return Level(1.0, "no sound was sent with the pictures")
    lags = np.arange(-round(REACH / STEP), round(REACH / STEP) + 1) * STEP
    gaps = _centred([meter.face(turn).gap for turn in heard])
    follows = np.array([pearson(gaps, _centred([_level(turn, lag) for turn in heard])) for lag in lags])
    if not np.isfinite(follows).any():
        return Level(1.0, "no mouth moves")
    now, best = float(follows[len(lags) // 2]), int(np.nanargmax(follows))
    share = now / max(float(follows[best]), FOLLOWS) * len(heard) / len(evidence.turns)
    return Level.of(
        share, f"lips follow the sound with r = {now:.2f}, and with {follows[best]:.2f} if {_late(-lags[best])}"
    )


def _fits(measures: dict[str, float], mood: str) -> float:
    """1 where the mood is the nearest one, less the farther the face is from it."""
    row, spread = np.array([measures[name] for name in MOODS.measures]), np.array(MOODS.spread)
    apart = {word: float(np.square((row - mean) / spread).sum()) for word, mean in MOODS.means.items()}
    return float(0.5 ** ((apart[mood] - min(apart.values())) / SOFT)) if mood in apart else 0.0


def _sway(face: FaceTrack) -> float:
    """How much the head's pose varies; 0 without a face."""
    pose = face.pose[face.found]
    return float(pose.std(0).max()) if len(pose) > 1 else 0.0


def _level(turn: TurnEvidence, lag: float) -> Float[np.ndarray, " t"]:
    return loudness(turn.sound, [frame.time_s - lag for frame in turn.frames])


def _centred(curves: Sequence[Float[np.ndarray, " t"]]) -> Float[np.ndarray, " n"]:
    """Curves of all turns in a row, each about its own mean: mouths and microphones differ."""
    return np.concatenate([curve - np.nanmean(curve) if np.isfinite(curve).any() else curve for curve in curves])


def _late(seconds: float) -> str:
    return f"they came {abs(seconds):.2f} s {'earlier' if seconds < 0 else 'later'}" if seconds else "they stay"
