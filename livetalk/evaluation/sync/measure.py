"""Lip sync of many clips: by the bundled expert, or by SyncNet where its weights are given.

A clip's lost frames count as lips that follow nothing; a clip without a face has confidence 0. Needs the `eval` extra.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from jaxtyping import Float, Float32

from livetalk.evaluation import estimates
from livetalk.evaluation.clip_files import ClipFile
from livetalk.evaluation.estimates import Estimate
from livetalk.evaluation.sync import published
from livetalk.evaluation.sync.expert.listening import UNRELATED, expert_figures, expert_means
from livetalk.evaluation.sync.expert.network import SyncExpert, load_expert
from livetalk.evaluation.sync.faces import ClipFaces, find_faces
from livetalk.evaluation.sync.lags import as_lost, published_figures
from livetalk.evaluation.sync.options import SyncOptions
from livetalk.evaluation.sync.syncnet import SyncNet, load_syncnet
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE

SHORTEST = 2.0  # s: the longest lag has to leave some frames
LOOK_EVERY = 2  # frames at which the expert, whose crops are steady over nine, looks for the face
NAN = float("nan")

Tell = Callable[[], None]


@dataclass(frozen=True)
class ClipSync:
    """Lip sync of one clip. offset: frames of the measure, above 0 where the picture is late; None without a face.

    unrelated: the distance at the median lag, of a picture from sound that is not its own.
    """

    name: str
    confidence: float
    distance: float
    offset: int | None
    lost: float  # share of frames without a face
    unrelated: float

    def document(self) -> dict[str, str | float | int | None]:
        """As JSON holds it: `null` for what could not be measured."""
        return {name: None if value != value else value for name, value in asdict(self).items()}


def measure(generated: Sequence[ClipFile], options: SyncOptions, tell: Tell) -> dict[str, Estimate]:
    """All figures of some clips; `tell` is called after each.

    Raises ValueError for weights that do not fit, and names a clip that has no sound or is shorter than 2 s.
    """
    return figures(measure_clips(generated, options, tell), options)


def measure_clips(generated: Sequence[ClipFile], options: SyncOptions, tell: Tell) -> list[ClipSync]:
    """Each clip by itself, in their order."""
    network = load_expert(options.expert) if options.syncnet is None else load_syncnet(options.syncnet)
    found: list[ClipSync] = []
    for clip in generated:
        found.append(_measured(network, clip, options))
        tell()
    return _with_lost(found)


def figures(found: Sequence[ClipSync], options: SyncOptions) -> dict[str, Estimate]:
    """Means over clips by name: those of the expert never bear SyncNet's names."""
    seen = [clip.offset for clip in found if clip.offset is not None]
    values = {
        "confidence": [clip.confidence for clip in found],
        "distance": [clip.distance for clip in found],
        "offset": [float(offset) for offset in seen],
        "within_1": [float(clip.offset is not None and abs(clip.offset) <= 1) for clip in found],
        "faceless": [clip.lost for clip in found],
    }
    means = {name: estimates.mean(each) for name, each in values.items()}
    if options.syncnet is None:
        return {f"sync_expert_{name}": mean for name, mean in means.items()}
    names = {"confidence": "sync_c", "distance": "sync_d"}
    return {names.get(name, f"sync_{name}"): mean for name, mean in means.items()}


def _measured(network: SyncExpert | SyncNet, clip: ClipFile, options: SyncOptions) -> ClipSync:
    rate = FRAME_RATE if isinstance(network, SyncExpert) else published.FRAME_RATE
    sound = _sound(clip, options.seconds)
    frames = clip.frames(rate, options.seconds)
    if min(len(frames) / rate, len(sound) / SAMPLE_RATE) < SHORTEST:
        raise ValueError(f"{clip.path} lasts less than {SHORTEST:g} s with its sound: lip sync needs longer clips")
    if isinstance(network, SyncNet) and options.jpeg:
        frames = published.through_jpeg(frames)
    if isinstance(network, SyncExpert):
        return _by_expert(network, clip.name, (frames, sound, find_faces(frames, LOOK_EVERY)))
    return _by_syncnet(network, clip.name, (frames, sound, find_faces(frames)), options.min_track)


Seen = tuple[np.ndarray, Float32[np.ndarray, " n"], ClipFaces]


def _by_expert(network: SyncExpert, name: str, seen: Seen) -> ClipSync:
    frames, sound, faces = seen
    lost = faces.places.lost
    if lost == 1:
        return ClipSync(name, 0.0, UNRELATED, None, 1.0, UNRELATED)
    means = as_lost(expert_means(network, frames, sound, faces.places), lost)
    at = expert_figures(means)
    return ClipSync(name, at.confidence, at.distance, at.offset, lost, _unrelated(means))


def _by_syncnet(network: SyncNet, name: str, seen: Seen, min_track: int) -> ClipSync:
    frames, sound, faces = seen
    track = published.track_of(faces.boxes, min_track)
    if track is None:
        return ClipSync(name, 0.0, NAN, None, 1.0, NAN)
    lost = 1 - float(np.isfinite(faces.boxes[track, 0]).sum()) / len(frames)
    crops = published.face_crops(frames, faces.boxes, track)
    means = published.published_means(network, crops, sound[track.start * published.SAMPLES :])
    means = as_lost(means, lost)
    at = published_figures(means)
    return ClipSync(name, at.confidence, at.distance, at.offset, lost, _unrelated(means))


def _unrelated(means: Float[np.ndarray, " k"]) -> float:
    return float(np.median(means))


def _with_lost(found: list[ClipSync]) -> list[ClipSync]:
    """Clips without a face are as far as the others are from sound that is not theirs."""
    known = [clip.unrelated for clip in found if not math.isnan(clip.unrelated)]
    far = float(np.mean(known)) if known else NAN
    return [replace(c, distance=far, unrelated=far) if math.isnan(c.distance) else c for c in found]


def _sound(clip: ClipFile, seconds: float | None) -> Float32[np.ndarray, " n"]:
    sound = clip.sound()
    return sound if seconds is None else sound[: round(seconds * SAMPLE_RATE)]
