"""Lip sync of many clips: by the bundled expert, or by SyncNet where its weights are given.

A clip's lost frames count as lips that follow nothing; a clip without a face has confidence 0. Needs the `eval` extra.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

import numpy as np
from jaxtyping import Float, Float32, UInt8

from livetalk.evaluation import estimates
from livetalk.evaluation.clip_files import ClipFile
from livetalk.evaluation.estimates import Estimate
from livetalk.evaluation.sync import published
from livetalk.evaluation.sync.expert.listening import UNRELATED, expert_figures, expert_means
from livetalk.evaluation.sync.expert.network import SyncExpert, load_expert
from livetalk.evaluation.sync.face_crops import crop_faces
from livetalk.evaluation.sync.faces import BoxFinder, box_finder, find_faces
from livetalk.evaluation.sync.lags import as_lost, published_figures
from livetalk.evaluation.sync.options import SyncOptions
from livetalk.evaluation.sync.syncnet import SyncNet, load_syncnet
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE
from livetalk.runtime.process import Notice

SHORTEST = 2.0  # s: the longest lag has to leave some frames
LOOK_EVERY = 2  # frames at which the expert, whose crops are steady over nine, looks for the face
NAN = float("nan")

Tell = Callable[[], None]
Frames = UInt8[np.ndarray, "t h w 3"]
Sound = Float32[np.ndarray, " n"]


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
    """All figures of some clips; `tell` is called after each, and a Notice says who found SyncNet's faces.

    Raises ValueError for weights that do not fit, and names a clip that has no sound or is shorter than 2 s.
    """
    found = measure_clips(generated, options, tell)
    if options.syncnet is not None:
        warnings.warn(f"sync: {options.finder_in_words}", Notice, stacklevel=2)
    return figures(found, options)


def measure_clips(generated: Sequence[ClipFile], options: SyncOptions, tell: Tell) -> list[ClipSync]:
    """Each clip by itself, in their order."""
    instrument = _instrument(options)
    found: list[ClipSync] = []
    for clip in generated:
        found.append(_measured(instrument, clip, options.seconds))
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


@dataclass(frozen=True)
class _Instrument:
    """What measures a clip. rate: frames a second that it sees."""

    rate: int
    measure: Callable[[str, Frames, Sound], ClipSync]


def _instrument(options: SyncOptions) -> _Instrument:
    if options.syncnet is None:
        return _Instrument(FRAME_RATE, partial(_by_expert, load_expert(options.expert)))
    network, find = load_syncnet(options.syncnet), box_finder(options.s3fd)
    return _Instrument(published.FRAME_RATE, partial(_by_syncnet, network, find, options))


def _measured(instrument: _Instrument, clip: ClipFile, seconds: float | None) -> ClipSync:
    sound = _sound(clip, seconds)
    frames = clip.frames(instrument.rate, seconds)
    if min(len(frames) / instrument.rate, len(sound) / SAMPLE_RATE) < SHORTEST:
        raise ValueError(f"{clip.path} lasts less than {SHORTEST:g} s with its sound: lip sync needs longer clips")
    return instrument.measure(clip.name, frames, sound)


def _by_expert(network: SyncExpert, name: str, frames: Frames, sound: Sound) -> ClipSync:
    faces = find_faces(frames, LOOK_EVERY)
    lost = faces.places.lost
    if lost == 1:
        return ClipSync(name, 0.0, UNRELATED, None, 1.0, UNRELATED)
    means = as_lost(expert_means(network, frames, sound, faces.places), lost)
    at = expert_figures(means)
    return ClipSync(name, at.confidence, at.distance, at.offset, lost, _unrelated(means))


def _by_syncnet(
    network: SyncNet, find: BoxFinder, options: SyncOptions, name: str, frames: Frames, sound: Sound
) -> ClipSync:
    frames = published.through_jpeg(frames) if options.jpeg else frames
    face = published.track_of(find(frames), options.min_track)
    if face is None:
        return ClipSync(name, 0.0, NAN, None, 1.0, NAN)
    lost = 1 - face.found / len(frames)
    crops = crop_faces(frames[face.frames], face.boxes)
    means = as_lost(published.published_means(network, crops, sound[face.first * published.SAMPLES :]), lost)
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
