"""Aggregation of the measures of photographs' clips into metrics. Pure numpy; report.py explains the names.

A frame that has lost its face counts as a stranger's, without texture or detail: nothing that a model spoils is left
out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from livetalk.evaluation.figures import AGAPE, STRANGER
from livetalk.evaluation.metrics.motion import FLOORS, farthest, shares
from livetalk.evaluation.metrics.realness import DescriptorSet, subset_distances
from livetalk.evaluation.metrics.texture import EYES, FEATURES
from livetalk.evaluation.metrics.vgg import WIDTH
from livetalk.evaluation.photos.log import Seen
from livetalk.evaluation.photos.words import PHOTOGRAPHED, read

LOST = 0.45  # distance from the portrait from which on a frame shows somebody else
MOST_SHUT = 1 / 8  # share of frames with shut eyes in which eyes need not look like the portrait's
FAINT = 0.1  # least correlation of a truth that shares are taken of
COLUMNS = 128 + WIDTH  # of the rows that tell faces:
DLIB, VGG = slice(0, 128), slice(128, None)
NAN = float("nan")

Scenes = Mapping[str, Sequence[Seen]]


@dataclass(frozen=True)
class Faces:
    """Rows that tell how real faces look: of real people, and of rendered ones for a measure of the distance."""

    real: DescriptorSet
    rendered: DescriptorSet

    def apart(self, made: DescriptorSet, part: slice = DLIB) -> tuple[Float[np.ndarray, " s"], float]:
        """Distances of some faces from the real ones, and the mean distance of the rendered ones."""
        made, real, rendered = (DescriptorSet(one.rows[:, part], one.names) for one in (made, self.real, self.rendered))
        return subset_distances(made, real), float(subset_distances(rendered, real).mean())


@dataclass(frozen=True)
class Outcome:
    """A model's figures, those of the truth beside them, and those of another model. drawn_by: who acted the truth."""

    figures: dict[str, float]
    truth: dict[str, float]
    against: dict[str, float] | None
    drawn_by: str


def summarise(made: Scenes, truth: Scenes, faces: Faces | None = None) -> dict[str, float]:
    """All figures that can be had of a model's clips, by scene; NaN for what could not be measured.

    truth: the same scenes acted by those the model is held against.
    """
    figures = lost(made, truth) | identity(made) | textures(made, truth) | motion(made, truth)
    figures |= lips(made, truth) | prompts(made) | detail(made)
    return figures | (realness(made, faces) if faces is not None else {})


def of_truth(truth: Scenes, faces: Faces | None = None) -> dict[str, float]:
    """Metrics of the ground truth itself: the ceiling that the measurement leaves."""
    whole = summarise(truth, truth, faces)
    whole["photo_lost"] = max(_lost(clips) for clips in truth.values())
    relative = ("photo_texture", "photo_motion", "photo_lip_r_share")
    return {name: value for name, value in whole.items() if not name.startswith(relative)}


def lost(made: Scenes, truth: Scenes) -> dict[str, float]:
    """Frames that show somebody else or nobody: beyond the truth's share, worst scene, and of each scene."""
    beyond = [max(0.0, _lost(clips) - _lost(truth[scene])) for scene, clips in made.items()]
    return {"photo_lost": max(beyond)} | {f"photo_lost_{scene}": _lost(clips) for scene, clips in made.items()}


def identity(made: Scenes) -> dict[str, float]:
    """Distance from the portrait, worst scene."""
    far = [_pool(_strangers(clip) for clip in clips) for clips in made.values()]
    return {
        "photo_identity_median": max(float(np.median(one)) for one in far),
        "photo_identity_p98": max(float(np.percentile(one, 98)) for one in far),
    }


def textures(made: Scenes, truth: Scenes) -> dict[str, float]:
    """5th percentile of each feature's correlation over the truth's: the worst feature, and each in its worst scene."""
    rows = np.array(
        [_worst_looks(clips) / np.maximum(_worst_looks(truth[scene]), FAINT) for scene, clips in made.items()]
    )
    each = dict(zip(FEATURES, rows.min(axis=0), strict=True))
    return {
        "photo_texture": float(rows.min()),
        "photo_texture_eyes": float(min(each[eye] for eye in EYES)),
        "photo_texture_nose": float(each["nose"]),
        "photo_texture_mouth": float(each["mouth"]),
    }


def motion(made: Scenes, truth: Scenes) -> dict[str, float]:
    """Ranges of movement over the truth's: the one farthest from 1, over all and for each channel."""
    found = {scene: shares(_ranges(clips), _ranges(truth[scene])) for scene, clips in made.items()}
    each = {f"photo_motion_{name}": farthest([one[name] for one in found.values()]) for name in FLOORS}
    return {"photo_motion_share": farthest(list(each.values()))} | each


def lips(made: Scenes, truth: Scenes) -> dict[str, float]:
    """How well lips follow the voices, and how far they part in pauses."""
    lip_r, true_r = (float(np.median([clip.lip_r for clip in _all(scenes)])) for scenes in (made, truth))
    gaps = _pool(np.nan_to_num(clip.rest, nan=AGAPE) for clip in _all(made))
    return {
        "photo_lip_r": lip_r,
        "photo_lip_r_share": lip_r / true_r if true_r > 0 else NAN,
        "photo_pause_gap": float(gaps.mean()) if len(gaps) else NAN,
    }


def prompts(made: Scenes) -> dict[str, float]:
    """How often what was asked is read back: mean over the attributes."""
    found, clips = {}, [(clip.asked, read(clip.expression)) for clip in _all(made)]
    for name in PHOTOGRAPHED:
        right = [seen.get(name) == asked[name] for asked, seen in clips if name in asked]
        if right:
            found[f"photo_prompt_{name}"] = float(np.mean(right))
    return {"photo_prompt_mean": float(np.mean(list(found.values())))} | found


def detail(made: Scenes) -> dict[str, float]:
    """Detail of the face over the portrait's: median over all frames of a scene, the one farthest from 1."""
    return {"photo_detail": farthest([float(np.median(_pool(clip.detail for clip in one))) for one in made.values()])}


def realness(made: Scenes, faces: Faces) -> dict[str, float]:
    """Distance of the clips' faces from real people's over that of rendered people's, with the subsets' interval.

    By dlib's descriptors, and by VGG16 where it was at hand.
    """
    own, drawn = faces.apart(shown(_all(made)))
    if not drawn > 0:
        found = dict.fromkeys(("photo_realness", "photo_realness_low", "photo_realness_high"), NAN)
    else:
        low, high = np.percentile(own, [5, 95]) / drawn
        found = {
            "photo_realness": float(own.mean()) / drawn,
            "photo_realness_low": float(low),
            "photo_realness_high": float(high),
        }
    own, drawn = faces.apart(shown(_all(made)), VGG)
    return found | {"photo_realness_vgg": float(own.mean()) / drawn if drawn > 0 else NAN}


def people(parts: Sequence[tuple[str, Float[np.ndarray, "n c"]]]) -> DescriptorSet:
    """Rows of several people by name: dlib's, and VGG16's behind them, NaN where they were not asked."""
    rows = [np.pad(found, ((0, 0), (0, COLUMNS - found.shape[1])), constant_values=NAN) for _, found in parts]
    return DescriptorSet(np.concatenate(rows), [name for name, found in parts for _ in found])


def shown(clips: Sequence[Seen]) -> DescriptorSet:
    """Whom clips show, frame by frame."""
    return people([(clip.person, np.concatenate([clip.descriptors, clip.pictures], axis=1)) for clip in clips])


def _lost(clips: Sequence[Seen]) -> float:
    return float(np.mean(_pool(_strangers(clip) for clip in clips) > LOST))


def _strangers(clip: Seen) -> Float[np.ndarray, " k"]:
    return np.nan_to_num(clip.distances, nan=STRANGER)


def _worst_looks(clips: Sequence[Seen]) -> Float[np.ndarray, " feature"]:
    """5th percentile over frames of each feature's correlation, shut eyes left out as far as people blink."""
    rows, lids = np.concatenate([clip.texture for clip in clips]), np.concatenate([clip.shut for clip in clips])
    least = []
    for place, name in enumerate(FEATURES):
        column = rows[:, place]
        if name in EYES:
            blinks = np.sort(column[lids])[int(MOST_SHUT * len(column)) :]
            column = np.concatenate([column[~lids], blinks])
        least.append(np.percentile(column, 5))
    return np.array(least)


def _ranges(clips: Sequence[Seen]) -> list[dict[str, float]]:
    return [clip.ranges for clip in clips]


def _all(scenes: Scenes) -> list[Seen]:
    return [clip for clips in scenes.values() for clip in clips]


def _pool(parts: Iterable[np.ndarray]) -> Float[np.ndarray, " n"]:
    return np.concatenate(list(parts))
