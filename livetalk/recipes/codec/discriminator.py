"""Discriminator of reconstructed frames: a small network that learns to tell them from true ones.

Errors a pixel punish detail that is a little out of place, and so teach blur. The judge sees two consecutive frames
at once, patch by patch, true and rebuilt ones of the same moment side by side (relativistic pairs, Jolicoeur-Martineau
2018; spectral norm, Miyato et al. 2018): detail that flickers gives itself away as well as detail that is missing.
Its pull on every frame is scaled to a share of that of a plain L1 error, so that neither can outgrow the other.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from livetalk.training.config import Constant, OptimConfig
from livetalk.training.distributed import Distributed, State
from livetalk.training.optimizer_step import TrainState
from livetalk.training.precision import autocast

WIDTHS = (48, 96, 192)
PAIRS = 32  # of frames, at most, that are judged in a step
Crop = tuple[Tensor, Tensor, int, int, int]
"""Clips, first frames, top, left and side of what is judged."""
CROP = 0.75  # of a frame's side that is judged, the same place of both


class PatchJudge(nn.Module):
    """A score for every patch of about 70 pixels of a pair of frames."""

    def __init__(self, channels: int = 6, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in widths:
            layers += [spectral_norm(nn.Conv2d(channels, width, 4, 2, 1)), nn.LeakyReLU(0.2)]
            channels = width
        layers += [spectral_norm(nn.Conv2d(channels, channels, 3, 1, 1)), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, spectral_norm(nn.Conv2d(channels, 1, 3, 1, 1)))

    def forward(self, pairs: Float[Tensor, "m 6 h w"]) -> Float[Tensor, "m 1 h8 w8"]:
        return self.layers(pairs)


class Discriminator:
    """The judge in training. `strength`: its pull on a frame, in units of an unweighted L1 error's."""

    def __init__(self, strength: float, world: Distributed, lr: float = 4e-4) -> None:
        self.strength, self.world = strength, world
        judge = PatchJudge().to(world.device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        optim = OptimConfig(lr=lr, betas=(0.0, 0.99), schedule=Constant())
        self.learner = TrainState(judge, optim, world)

    def step(
        self, out: Float[Tensor, "b 3 t h w"], truth: Float[Tensor, "b 3 t h w"], progress: float
    ) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        """Train the judge on rebuilt and true frames; a loss whose gradient on `out` is what it thinks of them."""
        fake, true, place = self._pairs(out.detach().float(), truth)
        seen = fake.clone().requires_grad_()
        with autocast(self.world.device):
            rebuilt, real = self.learner.module(torch.cat([seen, true])).float().chunk(2)
            margin = rebuilt - real
        # One graph for both: the judge wants the margin low, the decoder wants it high.
        (pull,) = torch.autograd.grad(F.softplus(-margin).mean(), seen, retain_graph=True)
        F.softplus(margin).mean().backward()
        metrics = {"judged": (margin > 0).float().mean()} | {
            f"judge_{name}": value for name, value in self.learner.apply(progress).items()
        }
        whole = torch.zeros_like(out, dtype=torch.float32)
        b, start, top, left, side = place
        pull = pull / pull.square().mean().sqrt().clamp_min(1e-12)
        for k in range(2):
            frames = pull[:, 3 * k : 3 * k + 3]
            whole[b, :, start + k, top : top + side, left : left + side] += frames
        return (out.float() * whole).sum() * (self.strength / out.numel()), metrics

    def state(self) -> State:
        return self.learner.state()

    def load_state(self, state: State) -> None:
        self.learner.load_state(state)

    def _pairs(self, out: Tensor, truth: Tensor) -> tuple[Tensor, Tensor, Crop]:
        """Pairs of consecutive frames, one crop for all: rebuilt, true, and where they are."""
        count, _, t, size, _ = out.shape
        side = round(CROP * size)
        top, left = (int(torch.randint(0, size - side + 1, ())) for _ in range(2))
        b = torch.arange(min(PAIRS, count * (t - 1)), device=out.device) % count
        start = torch.randint(0, t - 1, (len(b),), device=out.device)

        def cut(x: Tensor) -> Tensor:
            crop = x[..., top : top + side, left : left + side]
            both = torch.stack([crop[b, :, start], crop[b, :, start + 1]], 1)
            return rearrange(both, "m two c h w -> m (two c) h w").contiguous(memory_format=torch.channels_last)

        return cut(out), cut(truth), (b, start, top, left, side)
