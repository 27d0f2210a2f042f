"""Stand-ins for weights that are not here: random ones under published names, and a script with StyleGAN-V's call."""

import warnings
from pathlib import Path

import torch
from torch import Tensor, nn


def random_state(network: nn.Module) -> dict[str, Tensor]:
    """Weights that depend on the order of the names only, of a scale that keeps features alive."""
    state: dict[str, Tensor] = {}
    for place, (name, tensor) in enumerate(sorted(network.state_dict().items())):
        if name.endswith("num_batches_tracked"):
            state[name] = torch.tensor(0)
            continue
        drawn = torch.randn(tensor.shape, generator=torch.Generator().manual_seed(place))
        if name.endswith("running_var"):
            drawn = 1 + 0.2 * drawn.abs()
        elif name.endswith("bn.weight"):
            drawn = 1 + 0.1 * drawn
        elif tensor.ndim >= 4:
            drawn = drawn * (2 / tensor[0].numel()) ** 0.5
        else:
            drawn = drawn * 0.1
        state[name] = drawn
    return state


class SmallI3d(nn.Module):
    """400 numbers of a clip: brightness and its change over time in a grid of cells."""

    def forward(self, x: Tensor, rescale: bool = True, resize: bool = True, return_features: bool = True) -> Tensor:
        if rescale:
            x = 2.0 * x / 255.0 - 1.0
        if resize:
            frames = x.transpose(1, 2).flatten(0, 1)
            frames = nn.functional.interpolate(frames, [224, 224], mode="bilinear", align_corners=False)
            x = frames.unflatten(0, [x.shape[0], x.shape[2]]).transpose(1, 2)
        assert x.shape[2] >= 10 and x.shape[3] == 224 and x.shape[4] == 224  # noqa: PT018
        grey = x.mean(1)
        changes = (grey[:, 1:] - grey[:, :-1]).abs().mean(1)
        cells = nn.functional.adaptive_avg_pool2d(torch.stack([grey.mean(1), changes], 1), [10, 20])
        return cells.flatten(1)


class SmallFace(nn.Module):
    """An embedding: the face in a grid of 8 x 8."""

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.adaptive_avg_pool2d(x, [8, 8]).flatten(1)


def write_script(path: Path, network: nn.Module | None = None) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of scripts: the published judge is one
        torch.jit.script(network or SmallI3d()).save(str(path))
    return path
