"""Listening as it shows in a face: closed lips, and nods, turns of the eyes and smiles while the visitor speaks.

Works on the curves of a face and on who speaks when. Curves have the house's frame rate. Knows no files.
"""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Bool, Float

from livetalk.evaluation.metrics.landmarks import FaceTrack
from livetalk.evaluation.turn_taking.speech_activity import SpeechSpan, merged, runs
from livetalk.evaluation.turn_taking.talk import Talk
from livetalk.evaluation.turn_taking.tally import Tally
from livetalk.geometry import FRAME_RATE

PAUSE = 1.0  # s: the avatar goes on listening while the visitor looks for a word
PREPARES, SETTLES = 0.3, 0.3  # s before and after its own speech in which the avatar's mouth may move
REST = 10  # percentile of the lip gap before the avatar's first word: the mouth at rest
CLOSED = 0.03  # inter-ocular distances over rest
LEAST = 8  # frames (half a second) from which anything is told

NOD = 0.05  # radians (3 degrees): each stroke of a nod, down and up
STROKE = 8  # frames (half a second) that a stroke lasts at the most
AWAY, BACK = 0.2, 0.12  # blendshape scores beside the usual gaze: eyes are turned away, and are back
SMILE, SMILE_ENDS = 0.15, 0.08  # blendshape scores over the usual mouth
LASTS = 4  # frames (a quarter of a second): what is shorter is noise
STILL = 0.003  # radians (a sixth of a degree): range of the head in a second in which nothing moves
EYES = 0.15  # score: change of the lids, or of the gaze, in such a second


def listening_tallies(talk: Talk, face: FaceTrack) -> dict[str, Tally]:
    """Figures of a face over a dialogue, by name; the face is looked at frame by frame on the talk's clock."""
    frames = len(face.gap)
    quiet = ~_covered([SpeechSpan(span.begin - PREPARES, span.end + SETTLES) for span in talk.avatar], frames)
    spoken_to = _covered([span for turn in talk.turns for span in merged(turn.speech, PAUSE)], frames)
    hears, idles = quiet & spoken_to, quiet & ~spoken_to
    events = {"nods": nods(face), "gaze_turns": gaze_turns(face), "smiles": smiles(face)}
    reactions = [frame for found in events.values() for frame in found]
    still = _still(face, hears)
    return {
        "closed_lips": Tally(float(_closed(face, rest_gap(talk, face))[hears].sum()), float(hears.sum())),
        "listening_lip_travel": _travel(face, hears),
        "speaking_lip_travel": _travel(face, _covered(talk.avatar, frames)),
        "reactions": _per_minute(reactions, hears),
        **{name: _per_minute(found, hears) for name, found in events.items()},
        "idle_reactions": _per_minute(reactions, idles),
        "still": Tally(float(sum(still)), len(still)),
    }


def rest_gap(talk: Talk, face: FaceTrack) -> float:
    """Lip gap of the mouth at rest: before the avatar's first word, or in all its silence if it begins at once."""
    frames = len(face.gap)
    first = min((span.begin for span in talk.avatar), default=float("inf")) - PREPARES
    before = face.found & (_times(frames) < first)
    if before.sum() < LEAST:
        before = face.found & ~_covered(talk.avatar, frames)
    return float(np.percentile(face.gap[before], REST)) if before.any() else float("nan")


def nods(face: FaceTrack) -> list[int]:
    """Frames of nods: the head goes 3 degrees down or up and back again; several in a row are one."""
    pitch = _smooth(face.pose[:, 1])
    found: list[int] = []
    latest = -STROKE - 1
    for frame in range(1, len(pitch) - 1):
        near = pitch[max(0, frame - STROKE) : frame + STROKE + 1]
        if not (_turns(pitch[frame], near, min(frame, STROKE)) or _turns(-pitch[frame], -near, min(frame, STROKE))):
            continue
        if frame - latest > STROKE:
            found.append(frame)
        latest = frame
    return found


def gaze_turns(face: FaceTrack) -> list[int]:
    """Frames at which the eyes turn aside, or come back."""
    episodes = _episodes(np.abs(_centred(_gaze(face))), AWAY, BACK)
    return sorted(frame for episode in episodes for frame in episode if 0 < frame < len(face.gap))


def smiles(face: FaceTrack) -> list[int]:
    """Frames at which a smile begins that the face does not usually wear."""
    curve = _centred(_mean(face, "mouthSmileLeft", "mouthSmileRight"))
    return [first for first, _ in _episodes(curve, SMILE, SMILE_ENDS) if first > 0]


def _turns(height: float, near: Float[np.ndarray, " n"], place: int) -> bool:
    """Whether a curve has its highest point of a second here, and rises to it and falls from it by a nod's stroke."""
    if not np.isfinite(near).all() or height < near.max():
        return False
    return bool(height - near[: place + 1].min() >= NOD and height - near[place:].min() >= NOD)


def _closed(face: FaceTrack, rest: float) -> Bool[np.ndarray, " t"]:
    """Frames in which the lips are as close as at rest; a face that is lost is not seen to close them."""
    return np.nan_to_num(face.gap, nan=np.inf) <= rest + CLOSED


def _travel(face: FaceTrack, mask: Bool[np.ndarray, " t"]) -> Tally:
    """Way of the lips to and from each other, over the seconds of neighbouring frames in a mask."""
    steps = np.abs(np.diff(face.gap))
    use = mask[1:] & mask[:-1] & np.isfinite(steps)
    return Tally(float(steps[use].sum()), float(use.sum()) / FRAME_RATE)


def _still(face: FaceTrack, mask: Bool[np.ndarray, " t"]) -> list[bool]:
    """Whether head, eyes and lids stand still in each whole second inside a mask; a second without a face is none."""
    gaze = _gaze(face)
    seconds = [
        slice(begin, begin + FRAME_RATE)
        for first, end in runs(mask)
        for begin in range(first, end - FRAME_RATE + 1, FRAME_RATE)
    ]
    return [
        bool(
            np.ptp(face.pose[second], axis=0).max() < STILL
            and max(np.ptp(gaze[second]), np.ptp(face.blink[second])) < EYES
        )
        for second in seconds
        if np.isfinite(gaze[second]).all()
    ]


def _per_minute(frames: Iterable[int], mask: Bool[np.ndarray, " t"]) -> Tally:
    """Events at some frames, those in a mask, over its minutes."""
    return Tally(float(sum(mask[frame] for frame in frames)), float(mask.sum()) / FRAME_RATE / 60)


def _episodes(curve: Float[np.ndarray, " t"], enter: float, leave: float) -> list[tuple[int, int]]:
    """Stretches from where a curve exceeds `enter` to where it falls under `leave`; first frame, and the one behind."""
    within = np.zeros(len(curve), bool)
    inside = False
    for frame, value in enumerate(curve):
        inside = value > (leave if inside else enter)  # False where there is no face
        within[frame] = inside
    return [(first, last) for first, last in runs(within) if last - first >= LASTS]


def _gaze(face: FaceTrack) -> Float[np.ndarray, " t"]:
    """How far the eyes are turned to the picture's right."""
    right = _mean(face, "eyeLookOutLeft", "eyeLookInRight")
    return right - _mean(face, "eyeLookOutRight", "eyeLookInLeft")


def _mean(face: FaceTrack, *names: str) -> Float[np.ndarray, " t"]:
    """Mean of some blendshapes, smoothed; NaN where no face was found."""
    if not face.names:
        return np.full(len(face.gap), np.nan)
    return _smooth(face.blendshapes[:, [face.names.index(name) for name in names]].mean(axis=1))


def _centred(curve: Float[np.ndarray, " t"]) -> Float[np.ndarray, " t"]:
    """A curve less its median: what the face usually shows."""
    seen = curve[np.isfinite(curve)]
    return curve - np.median(seen) if len(seen) else curve


def _smooth(curve: Float[np.ndarray, " t"]) -> Float[np.ndarray, " t"]:
    """Mean of three frames in a row."""
    padded = np.pad(curve, 1, mode="edge")
    return (padded[:-2] + padded[1:-1] + padded[2:]) / 3


def _covered(spans: Iterable[SpeechSpan], frames: int) -> Bool[np.ndarray, " t"]:
    """Frames whose middle lies in a span."""
    times = _times(frames)
    covered = np.zeros(frames, bool)
    for span in spans:
        covered |= (times >= span.begin) & (times < span.end)
    return covered


def _times(frames: int) -> Float[np.ndarray, " t"]:
    """Middles of frames, in seconds."""
    return (np.arange(frames) + 0.5) / FRAME_RATE
