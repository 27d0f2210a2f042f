"""Codec gate: how well mouths are reconstructed, checked before any transformer is trained on the latents.

A first probe's codec put out four equal frames for every latent: fine to look at, deaf to speech. So beside PSNR this
measures the motion inside a latent frame, in the mouth. Pure numpy on frames.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

MOUTH_BOX = (44, 68)  # height and width around the centre of the mouth at 256x256, pixels
CHUNK = 4  # video frames of a latent frame; the first latent of a clip holds one

Video = UInt8[np.ndarray, "n t h w 3"]
Centres = Float[np.ndarray, "n t 2"]


@dataclass(frozen=True)
class CodecReport:
    """Reconstruction against truth, over all clips."""

    psnr: float  # dB, whole frames
    mouth_psnr: float  # dB, mouth box
    motion_energy: float  # of deviations from each chunk's mean in the mouth box, reconstruction over truth
    motion_r: float  # correlation of those deviations: whether the motion is also the right one


def psnr(true: np.ndarray, rebuilt: np.ndarray) -> float:
    """Peak signal-to-noise ratio of uint8 pictures in dB; infinite if equal."""
    error = np.mean(np.square(true.astype(np.float32) - rebuilt.astype(np.float32)), dtype=np.float64)
    return float("inf") if error == 0 else float(10.0 * np.log10(255.0**2 / error))


def crop(
    frames: UInt8[np.ndarray, "t h w 3"], centre: Float[np.ndarray, " 2"], box: tuple[int, int] = MOUTH_BOX
) -> UInt8[np.ndarray, "t bh bw 3"]:
    """The box around `centre` (x, y in pixels) of each frame, moved inside the picture where it would leave it."""
    height, width = frames.shape[1:3]
    top = int(np.clip(round(float(centre[1]) - box[0] / 2), 0, max(0, height - box[0])))
    left = int(np.clip(round(float(centre[0]) - box[1] / 2), 0, max(0, width - box[1])))
    return frames[:, top : top + box[0], left : left + box[1]]


def chunks(frames: int) -> list[slice]:
    """The video frames of each latent frame: 1, then 4 at a time (a tail shorter than that is left out)."""
    return [slice(0, 1), *(slice(i, i + CHUNK) for i in range(1, frames - CHUNK + 1, CHUNK))]


def codec_report(
    true: Video,
    rebuilt: Video,
    mouths: Centres,
    box: tuple[int, int] = MOUTH_BOX,
) -> CodecReport:
    """Measure a codec.

    Args:
        true, rebuilt: frames before and after, same shape.
        mouths: centre of the mouth in each true frame, pixels (x, y).
        box: height and width of the mouth box, pixels.
    """
    if true.shape != rebuilt.shape:
        raise ValueError(f"truth {true.shape} and reconstruction {rebuilt.shape} differ in shape")
    square, energy_true, energy_rebuilt, product, count = 0.0, 0.0, 0.0, 0.0, 0
    for a, b in _mouth_chunks(true, rebuilt, mouths, box):
        square += float(np.square(a - b).sum(dtype=np.float64))
        count += a.size
        da, db = a - a.mean(axis=0), b - b.mean(axis=0)
        energy_true += float(np.square(da).sum(dtype=np.float64))
        energy_rebuilt += float(np.square(db).sum(dtype=np.float64))
        product += float((da * db).sum(dtype=np.float64))
    mouth = float("inf") if square == 0 else float(10.0 * np.log10(255.0**2 * count / square))
    both = np.sqrt(energy_true * energy_rebuilt)
    return CodecReport(
        psnr=psnr(true, rebuilt),
        mouth_psnr=mouth,
        motion_energy=energy_rebuilt / energy_true if energy_true > 0 else float("nan"),
        motion_r=product / both if both > 0 else 0.0,
    )


def _mouth_chunks(
    true: Video, rebuilt: Video, mouths: Centres, box: tuple[int, int]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Mouth crops of each latent frame as float32; the box rests within a chunk, so it adds no motion of its own."""
    for a, b, centres in zip(true, rebuilt, mouths, strict=True):
        for part in chunks(len(a)):
            centre = centres[part].mean(axis=0)
            yield crop(a[part], centre, box).astype(np.float32), crop(b[part], centre, box).astype(np.float32)
