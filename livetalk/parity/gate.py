"""Gate for a transformer made fast: one step and one clean pass, held against the plain ones.

The bar of the exact mode is the plain network's own rounding: ours may be as far from it as it is from float32. The
fast mode may be `FAST` away. Recorded before networks are made fast, checked afterwards, on the same inputs with
a full window. Knows one call of the network; pictures are for other judges (`evaluation.tiny`).
"""

import copy
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from livetalk.dit.compiled import AccelerationConfig, CompiledDiT
from livetalk.dit.model import DiT, TextKV
from livetalk.nn.kernels.choose import timed
from livetalk.nn.kernels.fp8 import CODED
from livetalk.nn.kv_cache import KVBuffer
from livetalk.nn.rope import RotaryEmbedding
from livetalk.parity.parity import relative_error
from livetalk.performer.kv_pool import KVWorkspace, StatePool
from livetalk.performer.networks import Networks

FAST = 0.05  # relative error of a velocity that the fast mode may have
ROUNDING = 1e-4  # below which float32 differs from float32 by the order of its sums
TIMESTEP = 625.0  # of the step: half noise


def in_eight_bits(networks: Networks) -> Networks:
    """Small float32 networks in the numbers of the fast mode, emulated, to see what they do to pictures."""
    assert isinstance(networks.student, DiT)
    assert networks.dtype is torch.float32
    measures = AccelerationConfig(False, False, False, fp8=True, emulate_fp8=True)
    return replace(networks, student=CompiledDiT(networks.student, measures), workspace=KVWorkspace(CODED))


@dataclass
class ArithmeticGate:
    """Inputs of a steady block, and what the plain network says to them in its own numbers and in float32."""

    pool: StatePool
    x: Tensor
    given: Tensor
    audio: Tensor
    text: TextKV
    turn: RotaryEmbedding
    table: tuple[int, ...]
    plain: Tensor
    exact: Tensor

    @classmethod
    @torch.inference_mode()
    def of(cls, networks: Networks) -> "ArithmeticGate":
        """Recorded from networks that are not fast yet."""
        assert isinstance(networks.student, DiT), "the gate is recorded before networks are made fast"
        g, c, device = networks.preset.geometry, networks.preset.dit, networks.device
        random = torch.Generator().manual_seed(11)
        shape = (1, g.latent_channels, g.block_latents, g.latent_size, g.latent_size)
        pool = networks.kv_pool(1)
        for memory in (pool.keys, pool.values):
            memory.copy_(torch.randn(memory.shape[1:], generator=random).expand_as(memory))
        given = torch.cat([torch.randn(shape, generator=random), torch.ones(1, 1, *shape[2:])], 1).to(device)
        audio = torch.randn(1, g.block_latents, c.frames_per_latent * c.audio_dim, generator=random).to(device)
        made = cls(
            pool,
            torch.randn(shape, generator=random).to(device),
            given,
            audio,
            networks.encode_prompt("a gate"),
            networks.student.rope(torch.arange(g.window_latents, device=device), (g.grid, g.grid)),
            tuple(range(pool.shape.past_blocks)),
            torch.empty(0),
            torch.empty(0),
        )
        made.plain = made._velocity(networks.student).float()
        wide = copy.deepcopy(networks.student).float()
        made.exact = made._velocity(wide, torch.float32).float()
        return made

    @torch.inference_mode()
    def check(self, networks: Networks, mode: str | None) -> dict[str, Any]:
        """Relative errors: of the network as it runs now, and of the plain one against float32."""
        plainly, self.pool = self.pool, networks.kv_pool(1)  # as sessions of the fast networks keep their past
        self.pool.keys.copy_(plainly.keys)
        self.pool.values.copy_(plainly.values)
        ours = relative_error(self._velocity(networks.student).float(), self.plain)
        rounding = relative_error(self.plain, self.exact)
        bar = FAST if mode == "fast" else max(rounding, ROUNDING)
        return {"gate_error": ours, "gate_rounding": rounding, "gate_bar": bar, "gate_holds": ours <= bar}

    @torch.inference_mode()
    def times(self, networks: Networks) -> tuple[float, float]:
        """Median seconds of one step and of one clean pass."""
        inputs = self._inputs(networks.student)
        step = timed(lambda: networks.student(*inputs), networks.device)
        clean = timed(lambda: networks.student.compute_kv(*inputs)[0][0], networks.device)
        return step, clean

    def _velocity(self, network: DiT | CompiledDiT, dtype: torch.dtype | None = None) -> Tensor:
        return network(*self._inputs(network, dtype)).clone()

    def _inputs(self, network: DiT | CompiledDiT, dtype: torch.dtype | None = None) -> tuple[Any, ...]:
        split = self.turn.cos.shape[0] - self.x[0, 0].numel() // network.config.patch**2
        rooms = self.pool.rooms([self.table], self.turn[:split])
        text = self.text
        if dtype is not None:
            rooms = tuple(
                KVBuffer(r.keys.to(dtype), r.values.to(dtype), r.filled) for r in rooms if isinstance(r, KVBuffer)
            )
            text = TextKV(tuple((k.to(dtype), v.to(dtype)) for k, v in text.layers))
        t = torch.full((1, self.x.shape[2]), TIMESTEP, device=self.x.device)
        return self.x, t, self.given, text, self.audio, self.turn[split:], rooms
