"""The face reader as torch trains it: layers, loss, training loop, and the file that numpy reads.

Knows no pictures: examples come as arrays (`examples.py`). What reads the file: `conditions.input_checks.face_network`.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from livetalk.conditions.input_checks import face_network as reader
from livetalk.recipes.input_checks.examples import BLUR, COVER, DARK, GAP, THERE, Examples

WIDTHS, MIXED, OUTPUTS, GRID = (16, 32, 64, 96, 128, 128), 32, 12, 8
BATCH, RATE, DECAY, DROPPED = 64, 3e-3, 0.01, 0.15
BETA = 0.15  # from here on an error of a measure counts linearly
ABOUT = "face reader of the input checks (Apache-2.0)"
Tell = Callable[[int, float], None]  # step, loss


class FaceReader(nn.Module):
    """Six convolutions of 3 x 3, one of 1 x 1, and one matrix over all that is left: 366,000 weights."""

    def __init__(self) -> None:
        super().__init__()
        inputs = (3, *WIDTHS[:-1])
        shapes = zip(inputs, WIDTHS, reader.STRIDES, strict=True)
        self.convolutions = nn.ModuleList([nn.Conv2d(i, o, 3, step, 1, bias=False) for i, o, step in shapes])
        self.convolutions.append(nn.Conv2d(WIDTHS[-1], MIXED, 1, bias=False))
        self.norms = nn.ModuleList([nn.BatchNorm2d(width) for width in (*WIDTHS, MIXED)])
        self.drop = nn.Dropout(DROPPED)
        self.head = nn.Linear(MIXED * GRID * GRID, OUTPUTS)

    def forward(self, x: Float[Tensor, "b 3 128 128"]) -> Float[Tensor, "b 12"]:
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = functional.relu(norm(convolution(x)))
        return self.head(self.drop(x.flatten(1)))


def loss_of(given: Float[Tensor, "b 12"], truth: Float[Tensor, "b 17"]) -> Float[Tensor, ""]:
    """Huber's loss of what is measured, cross entropy of what is so or not; what is not known weighs nothing."""

    def off(place: slice | int) -> Tensor:
        return functional.smooth_l1_loss(given[:, place], truth[:, place], reduction="none", beta=BETA)

    def wrong(place: int) -> Tensor:
        return functional.binary_cross_entropy_with_logits(given[:, place], truth[:, place], reduction="none")

    known = [
        off(place) * truth[:, sure] for place, sure in ((reader.GAP, GAP), (reader.BLUR, BLUR), (reader.DARK, DARK))
    ]
    cover = 0.7 * (wrong(reader.COVERED) * truth[:, COVER]).mean()
    there = truth[:, THERE]
    drawing = 0.5 * (wrong(reader.DRAWING) * there).mean()
    places = there * (4 * off(reader.EYES).mean(1) + 2 * off(reader.ANGLES).mean(1))
    face = 0.5 * wrong(reader.FACE).mean()
    return places.mean() + sum(one.mean() for one in known) + cover + drawing + face


def train(examples: Examples, steps: int, seed: int, tell: Tell, batch: int = BATCH) -> FaceReader:
    """A reader after so many steps of AdamW along one cycle of the learning rate."""
    torch.manual_seed(seed)
    squares, truths = torch.from_numpy(examples.squares), torch.from_numpy(examples.truths)
    network = FaceReader()
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, steps)
    for step in range(1, steps + 1):
        chosen = torch.randint(len(squares), (batch,))
        pictures = squares[chosen].permute(0, 3, 1, 2).float() / 127.5 - 1
        given, truth = augmented(pictures, truths[chosen])
        with torch.autocast("cpu", torch.bfloat16):
            found: Tensor = network(given.contiguous(memory_format=torch.channels_last))
        loss = loss_of(found.float(), truth)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rate.step()
        tell(step, loss.item())
    return network.eval()


def augmented(
    pictures: Float[Tensor, "b 3 128 128"], truth: Float[Tensor, "b 17"]
) -> tuple[Float[Tensor, "b 3 128 128"], Float[Tensor, "b 17"]]:
    """Half of the pictures mirrored; contrast changed a little."""
    flip = torch.rand(len(pictures)) < 0.5
    other = truth[:, [*reader.MIRRORED, *range(OUTPUTS, truth.shape[1])]].clone()
    other[:, [0, 2, 4]] *= -1
    pictures = torch.where(flip[:, None, None, None], pictures.flip(3), pictures)
    contrast = 1 + 0.06 * torch.randn(len(pictures), 1, 1, 1)
    return pictures * contrast, torch.where(flip[:, None], other, truth)


@torch.no_grad()
def save(network: FaceReader, path: Path) -> None:
    """Writes what `face_network` reads: normalisation folded into convolutions, channels last, float16."""
    arrays: dict[str, Tensor] = {}
    names = [*(f"conv{place}" for place in range(len(WIDTHS))), "mix"]
    for name, convolution, norm in zip(names, network.convolutions, network.norms, strict=True):
        assert isinstance(convolution, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        assert norm.running_var is not None
        assert norm.running_mean is not None
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        arrays[f"{name}.weight"] = (convolution.weight * scale[:, None, None, None]).flatten(1).T
        arrays[f"{name}.bias"] = norm.bias - norm.running_mean * scale
    by_place = network.head.weight.reshape(OUTPUTS, MIXED, GRID, GRID).permute(2, 3, 1, 0)
    arrays["head.weight"] = by_place.reshape(-1, OUTPUTS)
    arrays["head.bias"] = network.head.bias
    saved = {name: np.ascontiguousarray(value.numpy().astype(np.float16)) for name, value in arrays.items()}
    write: Callable[..., None] = np.savez_compressed
    write(path, about=np.array(ABOUT), **saved)
