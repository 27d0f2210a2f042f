"""Finish of the codec: its last layers are trained by themselves, for detail.

A moved portrait has three quarters of the truth's fine detail. An error counted a pixel charges twice for detail a
little out of place, so it taught the last layers to blend it away, all the more where latents are not sure. Here they
are asked how much detail there is around each place rather than where exactly it lies (`texture_loss`), beside the
losses they know. Latents, flow and all other layers stay, and so does the transformer.

What comes before the last layers is computed once for every stretch of frames and kept, so two processor cores train
this in minutes. Knows frames; not where they come from.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

from livetalk.codec.portrait import PortraitCodec
from livetalk.recipes.codec.discriminator import Discriminator
from livetalk.recipes.codec.frames import FrameBatch, weight_map
from livetalk.recipes.codec.losses import rebuild_losses, to_bytes
from livetalk.recipes.codec.texture import detail, planes, texture_loss
from livetalk.recipes.config import FinishTraining
from livetalk.recipes.context import RunContext
from livetalk.training.distributed import State
from livetalk.training.optimizer_step import TrainState
from livetalk.training.precision import autocast
from livetalk.training.stage import Preview, StepContext

CELL = 4  # pixels a feature


class FinishBank:
    """Buffer of up to `capacity` stretches of `length` frames, as the last layers see them, in half precision."""

    def __init__(self, capacity: int, length: int, size: int, width: int, device: torch.device) -> None:
        cells = size // CELL
        self.capacity, self.filled, self.size, self.device = capacity, 0, size, device
        self.features = torch.empty(capacity, length, cells, cells, width, dtype=torch.float16, device=device)
        self.moved = torch.empty(capacity, length, size, size, 3, dtype=torch.float16, device=device)
        self.truth = torch.empty(capacity, length, size, size, 3, dtype=torch.uint8, device=device)
        self.boxes = torch.empty(capacity, length, 3, 2, device=device)

    @torch.no_grad()
    def add(self, codec: PortraitCodec, batch: FrameBatch, noise: float) -> None:
        """Run the codec over portraits (the first frames) and what follows; full banks take no more."""
        pixels = batch.pixels[: self.capacity - self.filled]
        with autocast(self.device):
            portrait = codec.encode_portrait(pixels[:, :, 0])
            z = rearrange(codec.encode_motion(portrait, pixels[:, :, 1:]).latents, "b c f h w -> b f c h w")
            share = noise * torch.rand(len(z), 1, 1, 1, 1, device=self.device)
            x, moved, _, _ = codec.decoder.begin(z + share * torch.randn_like(z), portrait, codec.nothing(portrait))
        b = len(pixels)
        place = slice(self.filled, self.filled + b)
        self.features[place] = rearrange(x, "(b t) c h w -> b t h w c", b=b)
        self.moved[place] = rearrange(moved, "(b t) c h w -> b t h w c", b=b)
        truth = (rearrange(pixels[:, :, 1:], "b c t h w -> b t h w c") + 1) * 127.5
        self.truth[place] = truth.round().clamp(0, 255).byte()
        self.boxes[place] = batch.boxes[:b, 1:]
        self.filled += b

    def draw(self, batch: int, crop: int, near: float) -> tuple[Tensor, Tensor, FrameBatch]:
        """Random crops of two consecutive frames: features and moved portraits [(b 2) c h w], and the truth."""
        parts = [self._one(crop, near) for _ in range(batch)]
        features, moved, truth, weight, boxes = (torch.stack(part) for part in zip(*parts, strict=True))
        flat = [rearrange(x.float(), "b t h w c -> (b t) c h w") for x in (features, moved)]
        pixels = rearrange(truth.float(), "b t h w c -> b c t h w") / 127.5 - 1
        x, carried = (y.contiguous(memory_format=torch.channels_last) for y in flat)
        return x, carried, FrameBatch(pixels, weight[:, None], boxes)

    def _one(self, crop: int, near: float) -> tuple[Tensor, ...]:
        clip = int(torch.randint(self.filled, ()))
        time = int(torch.randint(self.truth.shape[1] - 1, ()))
        boxes = self.boxes[clip, time : time + 2]
        anywhere = torch.rand(2) * self.size
        face = boxes[0].mean(0).cpu() + (torch.rand(2) - 0.5) * 0.6 * crop
        centre = face if torch.rand(()) < near and bool(face.isfinite().all()) else anywhere
        left, top = ((centre - crop / 2) / CELL).clamp(0, (self.size - crop) // CELL).long().tolist()
        rows, columns = (slice(CELL * k, CELL * k + crop) for k in (top, left))
        cells = self.features[clip, time : time + 2, top : top + crop // CELL, left : left + crop // CELL]
        weight = weight_map(boxes[None], self.size, self.size / 256)[0, 0, :, rows, columns]
        place = clip, slice(time, time + 2), rows, columns
        return cells, self.moved[place], self.truth[place], weight, boxes


class FinishStage:
    """See the module docstring. The bank is full when training begins."""

    def __init__(self, codec: PortraitCodec, bank: FinishBank, config: FinishTraining, context: RunContext) -> None:
        self.codec, self.bank, self.config, self.world = codec, bank, config, context.world
        codec.to(self.world.device).channels_last()
        self.learner = TrainState(codec.decoder.last_layers, config.optim, self.world)
        self.adversary = Discriminator(config.adversary, self.world) if config.adversary else None

    def step(self, tick: StepContext) -> Mapping[str, Tensor | float]:
        c = self.config
        x, carried, truth = self.bank.draw(c.batch, c.crop, c.near)
        with autocast(self.world.device):
            out = self.codec.decoder.end(x, carried)
        rebuilt = rearrange(out.float(), "(b t) c h w -> b c t h w", t=2)
        losses = rebuild_losses(rebuilt, truth)
        losses["texture"] = texture_loss(out, rearrange(truth.pixels, "b c t h w -> (b t) c h w"))
        loss = losses["pixel"] + c.gradient * losses["gradient"] + c.structure * losses["structure"]
        loss = loss + c.motion * losses["motion"] + c.texture * losses["texture"]
        metrics: dict[str, Tensor | float] = {name: value.detach() for name, value in losses.items()}
        metrics["loss"] = loss.detach()
        if self.adversary is not None:
            opinion, told = self.adversary.step(rebuilt, truth.pixels, tick.progress)
            loss, metrics = loss + opinion, {**metrics, **told}
        return metrics | self.learner.step(loss, tick.progress)

    @torch.no_grad()
    def sample(self, folder: Path, tick: StepContext) -> Preview | None:
        """Truth, finished, moved portrait: three rows of eight stretches."""
        from PIL import Image

        bank = self.bank
        some = torch.linspace(0, bank.filled - 1, 8, device=bank.device).long()
        x, carried, truth = (part[some, 0] for part in (bank.features, bank.moved, bank.truth))
        x, carried = (rearrange(part.float(), "m h w c -> m c h w") for part in (x, carried))
        averaged = self.learner.ema
        assert averaged is not None
        with autocast(self.world.device), averaged.swapped_in():
            out = self.codec.decoder.end(x, carried).float()
        true = rearrange(truth.float(), "m h w c -> m c h w") / 127.5 - 1
        sheet = rearrange(torch.stack([true, out, carried]), "k m c h w -> (k h) (m w) c")
        Image.fromarray(to_bytes(sheet)).save(folder / "finished.jpg", quality=92)
        kept = float(detail(planes(out))[::3, 3:].mean() / detail(planes(true))[::3, 3:].mean())
        psnr = float(-10 * torch.log10(F.mse_loss(out.clamp(-1, 1), true) / 4))
        return Preview({"sample_detail": kept, "sample_psnr": psnr}, to_bytes(rearrange(out, "m c h w -> m 1 h w c")))

    def state(self) -> State:
        judge = {} if self.adversary is None else {"judge": self.adversary.state()}
        return {"last_layers": self.learner.state()} | judge

    def load_state(self, state: State) -> None:
        self.learner.load_state(state["last_layers"])
        if self.adversary is not None:
            self.adversary.load_state(state["judge"])

    def finish(self) -> PortraitCodec:
        """The codec with the averaged last layers."""
        if self.learner.ema is not None:
            self.learner.ema.write_to(self.codec.decoder.last_layers)
        return self.codec
