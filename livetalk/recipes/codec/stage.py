"""Stage one, the codec: learns to encode what has changed since the portrait in few numbers.

A training clip is a portrait and a stretch of later frames of the same clip, or a pan over a photograph. Losses:
weighted L1, gradients, structure, and the change from frame to frame, so that motion inside a latent frame is worth
its bits; the same, coarsely, of the moved portrait alone; and a little for the portrait's own latent. Rendered heads
know where eyes and mouth are: at first the flow is pulled to where they have gone, else it takes long to find its
way. Knows frames; not where they come from.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from livetalk.codec.blocks import warp
from livetalk.codec.portrait import PortraitCodec
from livetalk.recipes.codec.discriminator import Discriminator
from livetalk.recipes.codec.frames import FrameBatch, FrameBuffer, Photos, Refill, join, recolour
from livetalk.recipes.codec.losses import rebuild_losses, to_bytes
from livetalk.recipes.codec.texture import pace_loss, texture_loss
from livetalk.recipes.config import CodecTraining
from livetalk.recipes.context import RunContext
from livetalk.recipes.distill.held_out import named
from livetalk.training.distributed import State
from livetalk.training.optimizer_step import TrainState
from livetalk.training.precision import autocast
from livetalk.training.stage import Preview, StepContext


def flow_loss(moved: Float[Tensor, "b 3 t h w"], truth: Float[Tensor, "b 3 t h w"]) -> Tensor:
    """L1 of a moved portrait at a half and an eighth of the size: coarse pictures pull a flow from far away."""
    error = rearrange(moved - truth, "b c t h w -> (b t) c h w")
    return F.avg_pool2d(error, 2).abs().mean() + 2 * F.avg_pool2d(error, 8).abs().mean()


def face_motion(boxes: Float[Tensor, "b u 3 2"], side: int, size: int) -> tuple[Tensor, Tensor]:
    """Where the face was in frame 0, from where it is in the others, and how much that counts: [b u-1 2|1 side side].

    In pixels of a `size` picture, on a grid of `side` x `side`. Eyes and mouth make an affine map, which counts near
    their middle only; weight 0 where there is no face.
    """
    known = torch.isfinite(boxes).all(dim=(1, 2, 3))[:, None, None, None, None]
    somewhere = boxes.new_tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    boxes = torch.where(known[..., 0], boxes.float(), somewhere)
    here, there = boxes[:, 1:], boxes[:, :1]
    across, down = here[:, :, 1] - here[:, :, 0], here[:, :, 2] - here[:, :, 0]
    area = across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]
    line = (torch.arange(side, device=boxes.device) + 0.5) * (size / side)
    x = line - here[:, :, 0, 0, None, None]
    y = line[:, None] - here[:, :, 0, 1, None, None]
    # Barycentric coordinates of every place in the triangle of the face as it is now.
    u = (x * down[..., 1, None, None] - y * down[..., 0, None, None]) / area[..., None, None]
    v = (y * across[..., 0, None, None] - x * across[..., 1, None, None]) / area[..., None, None]
    was = [there[:, :, 0, c, None, None] + u * (there[:, :, 1, c] - there[:, :, 0, c])[..., None, None]
           + v * (there[:, :, 2, c] - there[:, :, 0, c])[..., None, None] for c in (0, 1)]  # fmt: skip
    goal = torch.stack([was[0] - line, was[1] - line[:, None]], 2)
    middle = here.mean(2)
    far = (line - middle[..., 0, None, None]) ** 2 + (line[:, None] - middle[..., 1, None, None]) ** 2
    return goal, torch.exp(-far / (0.18 * size) ** 2)[:, :, None] * known


def pull_loss(flow: Float[Tensor, "b t 2 n n"], boxes: Float[Tensor, "b u 3 2"], size: int) -> Tensor:
    """Mean distance in 32nds of the picture of a flow (in pixels) from where the face has gone."""
    goal, weight = face_motion(boxes, flow.shape[-1], size)
    return ((flow.float() - goal).abs() * weight).sum() / weight.sum().clamp_min(1) / (size / 32)


class CodecStage:
    """See the module docstring. `refill` brings new clips; `held_out`: rendered ones, by kind."""

    def __init__(
        self,
        codec: PortraitCodec,
        ring: FrameBuffer,
        config: CodecTraining,
        context: RunContext,
        photos: Photos | None = None,
        refill: Refill | None = None,
        held_out: Mapping[str, FrameBuffer] | None = None,
    ) -> None:
        self.codec, self.ring, self.config, self.world = codec, ring, config, context.world
        self.photos, self.refill, self.held_out = photos, refill, held_out or {}
        codec.to(self.world.device).channels_last()
        if config.decoder_only:
            codec.eye.requires_grad_(False)
            codec.encoder.requires_grad_(False)
        self.learner = TrainState(codec, config.optim, self.world)
        self.adversary = Discriminator(config.adversary, self.world) if config.adversary else None
        self.losses, self.energies = self._losses, self._energies
        if context.compiled:
            self.losses = torch.compile(self._losses, dynamic=False)
            self.energies = torch.compile(self._energies, dynamic=False)

    def step(self, tick: StepContext) -> Mapping[str, Tensor | float]:
        if self.refill is not None and tick.step % self.config.refill_every == 0:
            self.refill(self.ring)
        batch = self._batch()
        with autocast(self.world.device):  # outside of what is compiled: it would break the graph
            losses, out = self.losses(batch.pixels, batch.weight, batch.boxes)
        energies = self.energies(out, batch.pixels[:, :, 1:])  # in full precision: differences of neighbours
        c = self.config
        loss = losses["pixel"] + c.gradient * losses["gradient"] + c.structure * losses["structure"]
        loss = loss + c.motion * losses["motion"] + c.flow * losses["flow"] + c.first * losses["first"]
        for name, value in energies.items():
            loss = loss + getattr(c, name) * value
        pull = c.pull * max(0.1, 1 - tick.progress / c.pull_until)
        loss = loss + c.spread * losses["spread"] + pull * losses["pull"]
        metrics = {k: v.detach() for k, v in (losses | energies).items()}
        metrics |= {"loss": loss.detach(), "clips": float(self.ring.seen)}
        if self.adversary is not None:
            opinion, told = self.adversary.step(out, batch.pixels[:, :, 1:], tick.progress)
            loss = loss + opinion * float(tick.progress >= c.adversary_from)
            metrics |= told
        return metrics | self.learner.step(loss, tick.progress)

    @torch.no_grad()
    def sample(self, folder: Path, tick: StepContext) -> Preview | None:
        """Truth, rebuilt, moved portrait: three rows a clip."""
        from PIL import Image

        batch = self.ring.stretches(4, self.config.length)
        averaged = self.learner.ema
        assert averaged is not None
        with autocast(self.world.device), averaged.swapped_in():
            portrait = self.codec.encode_portrait(batch.pixels[:, :, 0])
            z = rearrange(self.codec.encode_motion(portrait, batch.pixels[:, :, 1:]).latents, "b c f h w -> b f c h w")
            made = self.codec.decoder(z, portrait, self.codec.nothing(portrait))
            coarse = self.codec.first(self.codec.encoder.encode_still(portrait.eighth)[:, None])
            measured = {named("held_out_psnr", kind): self._psnr(clips) for kind, clips in self.held_out.items()}
        truth, out = batch.pixels[:, :, 1:], rearrange(made.pixels.float(), "b t c h w -> b c t h w")
        rows = torch.stack([truth, out, rearrange(made.moved.float(), "b t c h w -> b c t h w")])
        rows = rows[:, :, :, :: max(1, self.config.length // 4)]
        first = torch.stack([batch.pixels[:, :, 0], coarse.float(), batch.pixels[:, :, 0]])[:, :, :, None]
        sheet = rearrange(torch.cat([first, rows], 3), "k b c t h w -> (b k h) (t w) c")
        Image.fromarray(to_bytes(sheet)).save(folder / "rebuilt.jpg", quality=90)
        psnr = -10 * torch.log10(F.mse_loss(out, truth) / 4)
        return Preview({"sample_psnr": float(psnr), **measured}, to_bytes(rearrange(out, "b c t h w -> b t h w c")))

    def _psnr(self, ring: FrameBuffer) -> float:
        """Of the first frames of all clips of a ring, rebuilt behind the first."""
        errors = []
        for frames in ring.frames[: ring.filled, : 1 + 2 * self.config.length].split(4):
            pixels = rearrange(frames, "b t h w c -> b c t h w").float() / 127.5 - 1
            portrait = self.codec.encode_portrait(pixels[:, :, 0])
            z = rearrange(self.codec.encode_motion(portrait, pixels[:, :, 1:]).latents, "b c f h w -> b f c h w")
            made = self.codec.decoder(z, portrait, self.codec.nothing(portrait)).pixels
            errors.append((rearrange(made.float(), "b t c h w -> b c t h w") - pixels[:, :, 1:]).square().mean())
        return float(-10 * torch.log10(torch.stack(errors).mean() / 4))

    def state(self) -> State:
        judge = {} if self.adversary is None else {"judge": self.adversary.state()}
        return {"codec": self.learner.state()} | judge

    def load_state(self, state: State) -> None:
        self.learner.load_state(state["codec"])
        if self.adversary is not None:
            self.adversary.load_state(state["judge"])

    def finish(self) -> PortraitCodec:
        """The averaged codec with its latent statistics measured on the ring, or as they were (`decoder_only`)."""
        if self.learner.ema is not None:
            self.learner.ema.write_to(self.codec)
        if not self.config.decoder_only:
            measure_latents(self.codec, self.ring)
        return self.codec

    def _batch(self) -> FrameBatch:
        c = self.config
        batch = self.ring.stretches(c.batch, c.length)
        if self.photos is not None:
            kept = c.batch - c.photos
            batch = join(batch.first(kept), self.photos.pan(c.photos, c.length + 1, self.ring.frames.shape[2]))
        return recolour(batch)

    def _losses(self, pixels: Tensor, weight: Tensor, boxes: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """All terms by name, as means; and the rebuilt frames."""
        codec, size, few = self.codec, pixels.shape[-1], -(-len(pixels) // 4)
        portrait = codec.encode_portrait(pixels[:, :, 0])
        still, (z, found) = (
            codec.encoder.encode_still(portrait.eighth[:few]),
            codec.encode_motion(portrait, pixels[:, :, 1:]),
        )
        noisy = rearrange(self._noisy(z), "b c f h w -> b f c h w")
        made = codec.decoder(noisy, portrait, codec.nothing(portrait))
        first = codec.first(self._noisy(still)[:, None])
        truth = FrameBatch(pixels[:, :, 1:], weight[:, :, 1:], boxes[:, 1:])
        out, moved_there = (rearrange(x, "b t c h w -> b c t h w") for x in (made.pixels, made.moved))
        losses = rebuild_losses(out, truth)
        # The encoder's own flow, on a picture of its own size: what teaches features to be found again.
        small = F.avg_pool2d(pixels[:, :, 0], 8)
        again = rearrange(warp(small, 8 * found, 8), "(b t) c h w -> b c t h w", b=len(pixels))
        goal = F.avg_pool3d(truth.pixels, (1, 8, 8))
        losses["flow"] = flow_loss(moved_there, truth.pixels) + 2 * (again - goal).abs().mean()
        losses["pull"] = pull_loss(made.flow, boxes, size) + pull_loss(8 * found, boxes, size)
        losses["first"] = (first.float() - pixels[:few, :, 0]).abs().mean()
        losses["spread"] = z.float().square().mean() + still.float().square().mean()
        return losses, out

    def _energies(self, out: Tensor, truth: Tensor) -> dict[str, Tensor]:
        """Detail and change around each place, where they are asked for; named as their weights are."""
        losses = {}
        if self.config.texture:
            flat = (rearrange(x, "b c t h w -> (b t) c h w") for x in (out, truth))
            losses["texture"] = texture_loss(*flat)
        if self.config.pace:
            losses["pace"] = pace_loss(out, truth)
        return losses

    def _noisy(self, z: Tensor) -> Tensor:
        share = self.config.noise + self.config.unsure * torch.rand(len(z), *[1] * (z.ndim - 1), device=z.device)
        return z + share * torch.randn_like(z)


@torch.no_grad()
def measure_latents(codec: PortraitCodec, ring: FrameBuffer, clips: int = 256) -> None:
    """Set the codec's latent mean a channel and one scale for all, from clips of the ring, portraits left out.

    One scale: training noise was the same in all channels, so an error of one size costs about as much in each, and
    a channel that says little stays quiet.
    """
    total = torch.zeros(2, codec.latent_channels, dtype=torch.float64, device=ring.frames.device)
    count = 0
    for _ in range(0, min(clips, ring.filled), 4):
        with autocast(ring.frames.device):
            z = codec.encode_raw(ring.stretches(4, 16, portrait=1.0).pixels)[:, :, 1:]
        z = rearrange(z, "b c f h w -> c (b f h w)").double()
        total += torch.stack([z.sum(1), z.square().sum(1)])
        count += z.shape[1]
    mean, square = total / count
    codec.mean.copy_(mean)
    codec.std.fill_(float((square - mean**2).mean().clamp_min(1e-8).sqrt()))
