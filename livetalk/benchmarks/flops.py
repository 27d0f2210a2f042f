"""Operation counts of a block, taken on the meta device, and the peak rate at which a device multiplies.

The counter sees every product, convolution and attention of the very code that runs; what it does not see (norms,
activations) is memory traffic, not arithmetic. Knows presets; no weights and no clocks but that of one product.
"""

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree
from torch.utils.flop_counter import FlopCounterMode

from livetalk.codec.taehv import LightDecoder, LightWan
from livetalk.codec.wan import WanCodec, WanConfig
from livetalk.dit.model import DiT
from livetalk.nn.kernels.choose import timed
from livetalk.performer.kv_pool import PoolShape, StatePool
from livetalk.presets import Preset

SIDE = 8192  # of the matrices by which a GPU's speed is measured; an eighth of it on a CPU


@dataclass(frozen=True)
class Work:
    """Operations (a multiplication and an addition are two) of a steady block: one step, the clean pass, decoding."""

    step: float
    clean: float
    decode: float
    steps: int

    @property
    def denoise(self) -> float:
        return self.steps * self.step + self.clean


@cache
def work_of(preset: Preset, light: bool = False) -> Work:
    """The work of a block whose window is full. light: decoded by the light decoder."""
    g, c = preset.geometry, preset.dit
    past = g.window_latents - g.block_latents
    with torch.device("meta"), torch.inference_mode():
        model = DiT(c)
        pool = StatePool(PoolShape.of(c, g), 1, device="meta")
        turn = model.rope(torch.empty(g.window_latents), (g.grid, g.grid))
        split = past * g.tokens_per_latent
        rooms = pool.rooms([tuple(range(past // g.block_latents))], turn[:split])
        x = _latents(preset)
        given = torch.empty(1, g.latent_channels + 1, *x.shape[2:])
        text = model.project_text(torch.empty(1, preset.text_tokens, c.text_dim))
        audio, t = torch.empty(1, g.block_latents, c.frames_per_latent * c.audio_dim), torch.empty(1, g.block_latents)
        inputs = (x, t, given, text, audio, turn[split:], rooms)
        step, clean = _counted(model, inputs), _counted(model.compute_kv, inputs)
    return Work(step, clean, decode_work(preset, light), preset.steps)


@cache
def decode_work(preset: Preset, light: bool = False) -> float:
    """Operations of decoding a block in mid-stream."""
    assert isinstance(preset.codec, WanConfig)
    with torch.device("meta"), torch.inference_mode():
        codec: WanCodec | LightWan = WanCodec(preset.codec)
        if light:
            codec = LightWan(codec, LightDecoder())
        latents = _latents(preset)
        _, carry = codec.step(latents, codec.start(1, torch.device("meta"), torch.float32))
        return _counted(codec.step, (latents, carry))


def _latents(preset: Preset) -> Tensor:
    g = preset.geometry
    return torch.empty(1, g.latent_channels, g.block_latents, g.latent_size, g.latent_size, device="meta")


def _counted(function: object, inputs: tuple[object, ...]) -> float:
    assert callable(function)
    with FlopCounterMode(display=False) as counter:
        function(*inputs)
    return float(counter.get_total_flops())


def peak(device: torch.device, dtype: torch.dtype) -> float:
    """Operations a second of a large product: what the floors of a block are reckoned with."""
    side = SIDE if device.type == "cuda" else SIDE // 8
    a, b = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))

    def product() -> Tensor:
        return a @ b

    return 2 * side**3 / timed(product, device)


def bytes_of(*owners: object) -> int:
    """Bytes of all tensors of modules and of nests of tensors."""
    total = 0
    for owner in owners:
        tensors = [*owner.parameters(), *owner.buffers()] if isinstance(owner, nn.Module) else pytree.tree_leaves(owner)
        total += sum(t.numel() * t.element_size() for t in tensors if isinstance(t, Tensor))
    return total
