"""SyncNet's figures of one clip, as the published scripts make them: 25 frames a second, raw samples, raw pixels.

What differs from them is said in docs/proof.md: who finds faces, that there is one track a clip, that nothing passes
through files. Knows frames and sound; not where clips lie.
"""

from collections.abc import Callable, Iterator, Sequence
from io import BytesIO

import numpy as np
import torch
from jaxtyping import Float, Float32, Int16, UInt8

from livetalk.evaluation.sync.lags import padded_distances
from livetalk.evaluation.sync.mfcc import mfcc
from livetalk.evaluation.sync.syncnet import FRAMES, ROWS, SyncNet
from livetalk.evaluation.sync.tracks import Boxes, FollowedFace, longest_track
from livetalk.geometry import SAMPLE_RATE

FRAME_RATE = 25
SAMPLES = SAMPLE_RATE // FRAME_RATE  # a frame
ROWS_A_FRAME = 4
TOGETHER = 20  # windows that pass through the network at once
QUALITY = "2"  # of JPEG, FFmpeg's scale


def published_means(
    network: SyncNet, crops: UInt8[np.ndarray, "t 224 224 3"], sound: Float32[np.ndarray, " n"]
) -> Float[np.ndarray, " k"]:
    """Mean distance at each lag, of RGB crops and the sound that begins with them.

    Raises ValueError for less than a window of either.
    """
    samples = sixteen_bits(sound)
    windows = min(len(crops), len(samples) // SAMPLES) - FRAMES
    if windows < 1:
        raise ValueError(f"a clip of {len(crops)} frames with {len(samples)} samples is too short for SyncNet")
    video = _embedded(network.embed_video, _pictures(crops, windows))
    heard = _embedded(network.embed_sound, _sounds(samples, windows))
    return padded_distances(video, heard).mean(0)


def track_of(found: Sequence[Boxes], least: int) -> FollowedFace | None:
    """The face that is measured; None where none is found in more than `least` frames. found: boxes of each frame."""
    face = longest_track(found)
    return face if face is not None and face.found > least else None


def sixteen_bits(sound: Float32[np.ndarray, " n"]) -> Int16[np.ndarray, " n"]:
    """Samples as files hold them: what was read from a file of 16 bits comes back as it was."""
    return np.clip(np.round(sound * 32768.0), -32768, 32767).astype(np.int16)


def through_jpeg(frames: UInt8[np.ndarray, "t h w 3"]) -> UInt8[np.ndarray, "t h w 3"]:
    """Frames as JPEG pictures show them at `-qscale:v 2`, which the published scripts write them as."""
    import av

    height, width = frames.shape[1:3]
    kept = BytesIO()
    with av.open(kept, "w", format="mjpeg") as file:
        fixed = {"qmin": QUALITY, "qmax": QUALITY}
        stream = file.add_stream("mjpeg", FRAME_RATE, fixed, width=width, height=height, pix_fmt="yuvj420p")
        for frame in frames:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        file.mux(stream.encode(None))
    kept.seek(0)
    with av.open(kept, "r", format="mjpeg") as seen:
        return np.stack([frame.reformat(format="rgb24").to_ndarray() for frame in seen.decode(video=0)])


def _pictures(crops: UInt8[np.ndarray, "t 224 224 3"], windows: int) -> Iterator[torch.Tensor]:
    """Batches [b 3 5 224 224], blue first."""
    pixels = torch.from_numpy(np.ascontiguousarray(crops[..., ::-1])).permute(3, 0, 1, 2)
    for first in range(0, windows, TOGETHER):
        places = range(first, min(first + TOGETHER, windows))
        yield torch.stack([pixels[:, t : t + FRAMES] for t in places]).float()


def _sounds(samples: Int16[np.ndarray, " n"], windows: int) -> Iterator[torch.Tensor]:
    """Batches [b 1 13 20]."""
    rows = torch.from_numpy(mfcc(samples).T.copy()).float()
    for first in range(0, windows, TOGETHER):
        places = range(first, min(first + TOGETHER, windows))
        yield torch.stack([rows[None, :, ROWS_A_FRAME * t : ROWS_A_FRAME * t + ROWS] for t in places])


@torch.inference_mode()
def _embedded(
    embed: Callable[[torch.Tensor], torch.Tensor], batches: Iterator[torch.Tensor]
) -> Float[np.ndarray, "t d"]:
    return torch.cat([embed(batch) for batch in batches]).double().numpy()
