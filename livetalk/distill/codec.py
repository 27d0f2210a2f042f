"""Stage one: the light codec learns to rebuild rendered heads, and photographs' textures, from few numbers.

Half of every batch are close-ups of mouths and eyes. Losses: weighted L1, gradients, structure, and the change from
frame to frame, so that motion inside a latent frame is worth its bits. Knows frames; not where they come from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from livetalk.codec.light import START, LightCodec
from livetalk.training.frames import FrameBatch, FrameRing, Photos, Refill, join, recolour
from livetalk.training.learner import Learner
from livetalk.training.optim import Cosine, OptimConfig
from livetalk.training.parallel import World
from livetalk.training.precision import autocast
from livetalk.training.stage import Sample, Tick


@dataclass(frozen=True)
class CodecTraining:
    """Batches and loss weights. `length` frames make `(length + 3) / 4` latent frames."""

    batch: int = 32  # crops; the networks are local, so pieces teach what whole pictures would
    length: int = 17
    photos: int = 4  # of the batch, where photographs are given
    noise: float = 0.05  # added to latents, so that the decoder forgives the transformer's small errors
    gradient: float = 0.5
    structure: float = 0.2
    motion: float = 1.0
    spread: float = 1e-3  # keeps latents near unit scale
    refill_every: int = 50
    optim: OptimConfig = field(
        default_factory=lambda: OptimConfig(
            lr=1e-3,
            betas=(0.9, 0.99),
            eps=1e-12,
            weight_decay=1e-4,
            clip=5.0,
            ema=0.999,
            ema_from=200,
            schedule=Cosine(warmup=0.01, floor=0.01),
        )
    )


def structure_loss(a: Float[Tensor, "b 3 t h w"], b: Float[Tensor, "b 3 t h w"]) -> Tensor:
    """1 - SSIM on 7x7 windows (Wang et al. 2004, equation 13), pixels in [-1, 1]."""
    a, b = (rearrange(x, "b c t h w -> (b t) c h w") * 0.5 + 0.5 for x in (a, b))

    def pool(x: Tensor) -> Tensor:
        return F.avg_pool2d(x, 7, 4)

    mean_a, mean_b = pool(a), pool(b)
    var_a, var_b, cov = pool(a * a) - mean_a**2, pool(b * b) - mean_b**2, pool(a * b) - mean_a * mean_b
    top = (2 * mean_a * mean_b + 1e-4) * (2 * cov + 9e-4)
    return 1 - (top / ((mean_a**2 + mean_b**2 + 1e-4) * (var_a + var_b + 9e-4))).mean()


def rebuild_losses(out: Tensor, batch: FrameBatch) -> dict[str, Tensor]:
    """Weighted L1, spatial gradient, structure and motion errors of rebuilt frames."""
    error, w = out.float() - batch.pixels, batch.weight
    steps = error[:, :, 1:] - error[:, :, :-1]
    down, right = error[..., 1:, :] - error[..., :-1, :], error[..., 1:] - error[..., :-1]
    return {
        "pixel": (error.abs() * w).mean(),
        "gradient": (down.abs() * w[..., 1:, :]).mean() + (right.abs() * w[..., 1:]).mean(),
        "structure": structure_loss(out.float(), batch.pixels),
        "motion": (steps.abs() * w[:, :, 1:]).mean(),
    }


def pixel_patches(batch: FrameBatch) -> Float[Tensor, "n 768"]:
    """8x8 patches of four frames, ordered as the codec's linear map wants them."""
    return rearrange(batch.pixels[:, :, 1:], "b c (f i) (h p) (w q) -> (b f h w) (i c p q)", i=4, p=8, q=8)


class CodecStage:
    """See the module docstring. `compiled` speeds up CUDA; `refill` brings new clips."""

    def __init__(
        self,
        codec: LightCodec,
        ring: FrameRing,
        config: CodecTraining,
        world: World,
        photos: Photos | None = None,
        refill: Refill | None = None,
        compiled: bool = False,
    ) -> None:
        self.codec, self.ring, self.config, self.world = codec, ring, config, world
        self.photos, self.refill = photos, refill
        codec.to(world.device).channels_last()
        self.learner = self._learner()
        self.rebuild = torch.compile(self._rebuild, dynamic=False) if compiled else self._rebuild

    def init_linear(self, batches: int = 24) -> None:
        """Principal components of what will be trained on: half of it close-ups."""
        some = [pixel_patches(self._batch()) for _ in range(batches)]
        self.codec.init_linear(torch.cat(some))
        self.learner = self._learner()

    def _learner(self) -> Learner:
        # The linear maps start at their optimum: at the networks' learning rate they would only be shaken.
        slow = {"encoder.linear": 0.1, "decoder.linear": 0.1}
        return Learner(self.codec, self.config.optim, self.world, slow)

    def step(self, tick: Tick) -> Mapping[str, Tensor | float]:
        if self.refill is not None and tick.step % self.config.refill_every == 0:
            self.refill(self.ring)
        batch = self._batch()
        with autocast(self.world.device):
            out, spread = self.rebuild(batch.pixels)
        losses = rebuild_losses(out, batch)
        c = self.config
        loss = losses["pixel"] + c.gradient * losses["gradient"] + c.structure * losses["structure"]
        loss = loss + c.motion * losses["motion"] + c.spread * spread
        metrics = {k: v.detach() for k, v in losses.items()}
        metrics |= {"loss": loss.detach(), "spread": spread.detach(), "clips": float(self.ring.seen)}
        return metrics | self.learner.descend(loss, tick.progress)

    @torch.no_grad()
    def sample(self, folder: Path, tick: Tick) -> Sample | None:
        from PIL import Image

        batch = self.ring.whole(4, self.config.length)
        averaged = self.learner.ema
        with autocast(self.world.device):
            if averaged is None:
                out = self._rebuild(batch.pixels)[0]
            else:
                with averaged.swapped_in():
                    out = self._rebuild(batch.pixels)[0]
        pairs = torch.stack([batch.pixels, out.float()])[:, :, :, :: self.config.length // 4]
        sheet = rearrange(pairs, "k b c t h w -> (b h) (t k w) c")
        Image.fromarray(to_bytes(sheet)).save(folder / "rebuilt.png")
        psnr = -10 * torch.log10(F.mse_loss(out.float(), batch.pixels) / 4)
        return Sample({"sample_psnr": float(psnr)}, to_bytes(rearrange(out.float(), "b c t h w -> b t h w c")))

    def state(self) -> dict[str, Any]:
        return {"codec": self.learner.state()}

    def load_state(self, state: dict[str, Any]) -> None:
        self.learner.load_state(state["codec"])

    def finish(self) -> LightCodec:
        """The averaged codec with its latent statistics measured on the ring."""
        if self.learner.ema is not None:
            self.learner.ema.write_to(self.codec)
        measure_latents(self.codec, self.ring)
        return self.codec

    def _batch(self) -> FrameBatch:
        c = self.config
        crop = self.ring.frames.shape[2] // 2
        batch = self.ring.crops(c.batch, c.length, crop)
        if self.photos is not None:
            kept = c.batch - c.photos
            batch = batch.first(kept)
            batch = join(batch, self.photos.pan(c.photos, c.length, crop))
        return recolour(batch)

    def _rebuild(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        z = self.codec.encode_raw(pixels)
        noisy = z + self.config.noise * torch.randn_like(z)
        out, _ = self.codec.decode_raw(noisy, START)
        return out, z.float().square().mean()


@torch.no_grad()
def measure_latents(codec: LightCodec, ring: FrameRing, clips: int = 256) -> None:
    """Set the codec's latent mean and scale, a channel, from whole clips of the ring.

    Channels are not made equally loud: each keeps the square root of what it moves in pixels, so that noise drowns
    fine channels before coarse ones and a transformer's error counts where it shows. Together they have deviation 1.
    """
    total = torch.zeros(2, codec.latent_channels, dtype=torch.float64, device=ring.frames.device)
    count = 0
    for i in range(0, min(clips, ring.filled), 4):
        pixels = rearrange(ring.frames[i : min(i + 4, ring.filled)], "b t h w c -> b c t h w").float() / 127.5 - 1
        with autocast(ring.frames.device):
            z = codec.encode_raw(pixels)
        z = rearrange(z, "b c f h w -> c (b f h w)").double()
        total += torch.stack([z.sum(1), z.square().sum(1)])
        count += z.shape[1]
    mean, square = total / count
    codec.mean.copy_(mean)
    std = (square - mean**2).clamp_min(1e-8).sqrt()
    loudness = (std * codec.decoder.linear.weight.double().flatten(1).norm(dim=0)).sqrt()
    codec.std.copy_(std / (loudness / loudness.square().mean().sqrt()))


def to_bytes(pixels: Float[Tensor, "..."]) -> np.ndarray:
    """[-1, 1] -> uint8 numpy."""
    return ((pixels.clamp(-1, 1) + 1) * 127.5).round().byte().cpu().numpy()
