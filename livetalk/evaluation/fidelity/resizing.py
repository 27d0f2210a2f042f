"""Resizing of frames to an Inception's 299 x 299 and [-1, 1], as each of three libraries does it.

They differ on ordinary frames, and so do the distances behind them; the library is in every figure's name.
torch-fidelity takes TensorFlow 1's bilinear (a pixel's left edge is its place, nothing is averaged when shrinking),
pytorch-fid bilinear between pixels' middles without antialiasing, torchmetrics by default the antialiased one. Knows
frames only.
"""

from collections.abc import Callable

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float, Float32, UInt8
from torch import Tensor
from torch.nn.functional import interpolate

from livetalk.evaluation.fidelity.inception import SIZE

Pictures = Float32[Tensor, "t 3 h w"]
"""0 to 255."""


def planes(frames: UInt8[np.ndarray, "t h w 3"], device: str = "cpu") -> Float32[Tensor, "t 3 h w"]:
    """Frames as the networks take them, 0 to 255."""
    bytes_ = torch.from_numpy(np.ascontiguousarray(frames)).to(device)
    return rearrange(bytes_, "t h w c -> t c h w").float()


def torchfidelity(pictures: Pictures) -> Float[Tensor, "t 3 299 299"]:
    """As torch-fidelity, and torchmetrics without antialiasing."""
    return (tensorflow_bilinear(pictures, SIZE) - 128) / 128


def pytorchfid(pictures: Pictures) -> Float[Tensor, "t 3 299 299"]:
    """As pytorch-fid."""
    return 2 * interpolate(pictures / 255, (SIZE, SIZE), mode="bilinear", align_corners=False) - 1


def torchmetrics(pictures: Pictures) -> Float[Tensor, "t 3 299 299"]:
    """As torchmetrics by default."""
    small = interpolate(pictures, (SIZE, SIZE), mode="bilinear", align_corners=False, antialias=True)
    return (small - 128) / 128


def tensorflow_bilinear(pictures: Pictures, size: int) -> Float[Tensor, "t 3 s s"]:
    """Bilinear with place i of the result at i · in / out of the picture, the last row and column held."""
    for axis in (2, 3):
        length = pictures.shape[axis]
        places = torch.arange(size, device=pictures.device, dtype=torch.float32) * (length / size)
        below = places.long()
        above = (below + 1).clamp(max=length - 1)
        shape = [1, 1, 1, 1]
        shape[axis] = size
        share = (places - below).view(shape)
        first, second = pictures.index_select(axis, below), pictures.index_select(axis, above)
        pictures = first + (second - first) * share
    return pictures


PREPROCESSINGS: dict[str, Callable[[Pictures], Tensor]] = {
    "torchfidelity": torchfidelity,
    "pytorchfid": pytorchfid,
    "torchmetrics": torchmetrics,
}
