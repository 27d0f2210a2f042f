"""The sync expert at work on one clip: how far its mouth is from its sound at each lag, and the figures of that.

Unlike SyncNet's figures, confidence and distance know of the offset: a match is worth less the later it comes, and
nothing from half a second on. Knows frames, sound and where the face is; not files.
"""

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8

from livetalk.evaluation.sync.expert.mel import log_mel
from livetalk.evaluation.sync.expert.mouths import FacePlaces, mouth_crops
from livetalk.evaluation.sync.expert.network import SyncExpert
from livetalk.evaluation.sync.lags import LagFigures, overlapping_means

UNRELATED = float(np.sqrt(2))  # distance of directions that have nothing to do with each other
AT_ONCE, TOO_LATE = 1, 8  # frames of lag that nobody sees (62.5 ms), and that are as bad as other speech (0.5 s)


def expert_means(
    expert: SyncExpert,
    frames: UInt8[np.ndarray, "t h w 3"],
    sound: Float32[np.ndarray, " n"],
    places: FacePlaces,
) -> Float[np.ndarray, " k"]:
    """Mean distance at each lag, of 16 frames a second and their sound at 16 kHz."""
    return means_of_crops(expert, mouth_crops(frames, places), sound)


@torch.inference_mode()
def means_of_crops(
    expert: SyncExpert, crops: UInt8[np.ndarray, "t 48 64"], sound: Float32[np.ndarray, " n"]
) -> Float[np.ndarray, " k"]:
    """`expert_means` of mouths that have been cut out."""
    video = expert.embed_video(torch.from_numpy(crops)[None].float() / 255)
    heard = expert.embed_sound(torch.from_numpy(log_mel(sound, len(crops)))[None])
    return overlapping_means(video[0].double().numpy(), heard[0].double().numpy())


def expert_figures(means: Float[np.ndarray, " k"]) -> LagFigures:
    """Confidence, distance and offset of mean distances over lags.

    confidence = max over k of w(k) (median - m_k), where w falls from 1 at `AT_ONCE` frames to 0 at `TOO_LATE`;
    distance = median - confidence, as Sync-D is of Sync-C; offset: of the least distance, whatever its lag.
    """
    middle, median = len(means) // 2, float(np.median(means))
    lags = np.abs(np.arange(len(means)) - middle)
    worth = np.clip((TOO_LATE - lags) / (TOO_LATE - AT_ONCE), 0, 1)
    confidence = float((worth * (median - means)).max())
    return LagFigures(confidence, median - confidence, middle - int(means.argmin()))
