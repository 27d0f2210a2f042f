"""Aggregation of the measures of single clips into a model's metrics. Pure numpy; report.py explains the names.

A clip that the model spoils counts against it: where a lip gap cannot be followed, its r is 0, not left out.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from jaxtyping import Bool, Float

from livetalk.evaluation.clips import Measured, Played
from livetalk.evaluation.metrics.identity import distances
from livetalk.evaluation.metrics.lipsync import lagged, pearson
from livetalk.evaluation.metrics.readback import ATTRIBUTES
from livetalk.evaluation.metrics.video import join_share, movement_share
from livetalk.presets import TINY

REACH = 4  # frames of lag looked at on either side
STRANGER = 1.0  # distance of a frame in which no face is found though the truth shows one: farther than most strangers
AGAPE = 0.3  # lip gap that such a frame counts as in a pause: wide open
SEEN = 0.5  # share of frames in which a face must be found to be anybody's
NAN = float("nan")

Pairs = Sequence[tuple[Measured, Played]]


def summarise(clips: Sequence[Measured], strangers: Sequence[Float[np.ndarray, " 128"]] = ()) -> dict[str, float]:
    """All figures that can be had from these clips; NaN for what could not be measured.

    strangers: other held-out people, among whom each clip's own portrait must be the nearest one, too.
    """
    clips = sorted(clips, key=lambda clip: clip.seed)
    model = [(clip, clip.played) for clip in clips if clip.played is not None]
    taught = [(clip, clip.taught) for clip in clips if clip.taught is not None]
    figures: dict[str, float] = {}
    if model:
        figures |= of_player(model, strangers)
    if taught:
        figures |= {f"teacher_{name}": value for name, value in of_player(taught, strangers).items()}
        figures["distill_keeps"] = kept(model[: len(taught)], taught)
    return figures | codec(clips)


def of_player(model: Pairs, strangers: Sequence[np.ndarray] = ()) -> dict[str, float]:
    """The figures of one player, student or teacher."""
    return lips(model) | rest(model) | faces(model, strangers) | prompts(model) | pictures(model)


def kept(student: Pairs, teacher: Pairs) -> float:
    """Student over teacher on the same clips: the least of lips, likeness (the other way round) and prompts."""
    assert [clip.seed for clip, _ in student] == [clip.seed for clip, _ in teacher]
    one, other = of_player(student), of_player(teacher)
    shares = [
        _share(one["lip_r_share"], other["lip_r_share"]),
        _share(other["identity_median"], one["identity_median"]),
        _share(one["prompt_mean"], other["prompt_mean"]),
    ]
    return float(np.min(shares))  # NaN if any of them is


def lips(model: Pairs) -> dict[str, float]:
    """How well mouths follow the speech, over the clips in which the truth itself can be followed."""
    truth = [pearson(clip.truth.gap, clip.opening, clip.speaking) for clip, _ in model]
    spoken = [pair for pair, r in zip(model, truth, strict=True) if np.isfinite(r)]
    if not spoken:
        return dict.fromkeys(("lip_r", "lip_r_truth", "lip_r_share", "lip_lag_frames"), NAN)
    made = [_r(p.track.gap, clip, clip) for clip, p in spoken]
    loud = [_r(clip.loudness, clip, clip) for clip, _ in spoken]
    curve = np.mean([np.nan_to_num(lagged(p.track.gap, c.opening, c.speaking, REACH)) for c, p in spoken], axis=0)
    ceiling, lip_r = float(np.nanmedian(truth)), float(np.median(made))
    return {
        "lip_r": lip_r,
        "lip_r_truth": ceiling,
        "lip_r_share": lip_r / ceiling if ceiling > 0 else NAN,
        "lip_lag_frames": float(np.argmax(curve) - REACH) if curve.any() else NAN,
        "lip_over_loudness": lip_r - float(np.median(loud)),
        "lip_over_swapped": _over_swapped(spoken),
    }


def _over_swapped(spoken: Pairs) -> float:
    """Mean r minus mean r against the speech of the next clip that says something else."""
    gains = []
    for place, (clip, made) in enumerate(spoken):
        others = [other for other, _ in (*spoken[place + 1 :], *spoken[:place]) if other.utterance != clip.utterance]
        if others:
            gains.append(_r(made.track.gap, clip, clip) - _r(made.track.gap, others[0], clip))
    return float(np.mean(gains)) if gains else NAN


def _r(curve: Float[np.ndarray, " t"], heard: Measured, where: Measured) -> float:
    """r against the opening of the speech that was `heard`, in its speech; 0 where the curve cannot be followed."""
    t = min(len(curve), len(heard.opening), len(where.opening))
    return float(np.nan_to_num(pearson(curve[:t], heard.opening[:t], heard.speaking[:t])))


def rest(model: Pairs) -> dict[str, float]:
    """Lip gap in pauses beyond the portrait's, over all such frames in which the truth shows a face."""

    def beyond(gap_of: Callable[[Measured, Played], np.ndarray]) -> float:
        gaps = [
            np.nan_to_num(gap_of(c, p), nan=AGAPE)[c.resting & c.truth.found] - c.truth.gap[0]
            for c, p in model
            if c.truth.found[0]
        ]
        return _mean(_pool(gaps))

    return {
        "pause_gap": beyond(lambda clip, made: made.track.gap),
        "pause_gap_truth": beyond(lambda clip, made: clip.truth.gap),
    }


def faces(model: Pairs, strangers: Sequence[np.ndarray] = ()) -> dict[str, float]:
    """Does the face stay the same person, and stay a face?"""
    known = [
        (clip, made, clip.portrait) for clip, made in model if clip.portrait is not None and _finite(clip.portrait)
    ]
    gallery = [own for *_, own in known] + [other for other in strangers if _finite(other)]
    far, truth, first = [], [], []
    for place, (clip, made, own) in enumerate(known):
        assert clip.truth_descriptors is not None
        true = distances(clip.truth_descriptors, own)
        truth.append(true)
        far.append(_distance(made, own)[np.isfinite(true)])
        each = [_mean(distances(made.descriptors, portrait)) for portrait in gallery]
        seen = np.isfinite(made.descriptors).all(axis=1).mean() >= SEEN
        first.append(bool(seen) and int(np.argmin(each)) == place)
    pooled = _pool(far)
    return {
        "identity_median": _quantile(pooled, 0.5),
        "identity_p95": _quantile(pooled, 0.95),
        "identity_truth": _quantile(_pool(truth), 0.5),
        "identity_rank1": float(np.mean(first)) if first else NAN,
        "identity_gallery": float(len(gallery)),
        "faceless": float(np.mean([made.track.missing for _, made in model])),
    }


def _distance(made: Played, own: np.ndarray) -> Float[np.ndarray, " t8"]:
    return np.nan_to_num(distances(made.descriptors, own), nan=STRANGER)


def prompts(model: Pairs) -> dict[str, float]:
    """How often what the prompt asks for can be seen: mean and least over the attributes that are read back."""
    figures = {}
    for end, read_of in (("", lambda c, p: p.read), ("_truth", lambda c, p: c.truth_read)):
        shares = []
        for name in ATTRIBUTES:
            asked = [read_of(clip, made).get(name) == clip.asked[name] for clip, made in model if name in clip.asked]
            shares += [float(np.mean(asked))] if asked else []
        figures |= {f"prompt_mean{end}": _mean(np.array(shares)), f"prompt_min{end}": min(shares, default=NAN)}
    return figures


def _joins(model: Pairs) -> Bool[np.ndarray, " t1"]:
    """Which frames but the first begin a block, of a video as long as the longest."""
    blocks = np.arange(1, 1 + max((len(made.steps) for _, made in model), default=0))
    return (blocks - TINY.geometry.frames_of_block(0).stop) % TINY.geometry.frames_per_block == 0


def pictures(model: Pairs) -> dict[str, float]:
    """Faults of the pictures: medians over clips of what is relative, totals of what is counted."""
    return {
        "sharpness_share": float(np.median([_as_sharp(made.sharpness) for _, made in model])),
        "flicker": float(np.median([made.flicker for _, made in model])),
        "idle_motion": movement_share(*zip(*(made.idling for _, made in model), strict=True)),
        "blink_share": _share(
            float(sum(made.track.blinks for _, made in model)), float(sum(clip.truth.blinks for clip, _ in model))
        ),
        "join_share": join_share([made.steps for _, made in model], _joins(model)),
        "outlines": float(np.median([made.outlines for _, made in model])),
        "black": float(sum(made.black for _, made in model)),
        "frozen": float(sum(made.frozen for _, made in model)),
    }


def _as_sharp(energy: float) -> float:
    """Noise is no detail: what has more energy than the truth is as far off as what has less."""
    return min(energy, 1 / energy) if energy > 0 else 0.0


def codec(clips: Sequence[Measured]) -> dict[str, float]:
    """The codec's gate on the rendered truth; errors and energies are pooled over all clips."""

    def decibels(errors: Iterable[float]) -> float:
        mean = float(np.mean(list(errors)))
        return float("inf") if mean == 0 else float(10 * np.log10(255.0**2 / mean))

    motion = sum(clip.coded.motion for clip in clips)
    lip = np.array([pearson(clip.truth.gap, clip.coded.gap) for clip in clips])
    return {
        "codec_psnr": decibels(clip.coded.error for clip in clips),
        "codec_mouth_psnr": decibels(clip.coded.mouth_error for clip in clips),
        "codec_eye_psnr": decibels(clip.coded.eye_error for clip in clips),
        "codec_motion_energy": sum(clip.coded.motion_kept for clip in clips) / motion if motion > 0 else NAN,
        "codec_lip_r": _mean(lip),
    }


def _share(one: float, other: float) -> float:
    return one / other if other > 0 else NAN


def _finite(values: Float[np.ndarray, "..."] | None) -> bool:
    return values is not None and bool(np.isfinite(values).all())


def _pool(parts: Sequence[np.ndarray]) -> Float[np.ndarray, " n"]:
    joined = np.concatenate(parts) if len(parts) else np.zeros(0)
    return joined[np.isfinite(joined)]


def _quantile(values: Float[np.ndarray, " n"], place: float) -> float:
    return float(np.quantile(values, place)) if len(values) else NAN


def _mean(values: Float[np.ndarray, " n"]) -> float:
    found = values[np.isfinite(values)]
    return float(found.mean()) if len(found) else NAN
