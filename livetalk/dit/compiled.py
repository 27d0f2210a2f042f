"""Compiled transformer for serving: fused projections, compiled blocks, CUDA graphs, 8 bits where the device has them.

A `CompiledDiT` is called as a `DiT` is, by the same block loop. What is not possible here is left out and said so: each
measure is tried once, at `warm_up`, and never inside a session. Knows how a transformer is run; not what it is run
for.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from livetalk.dit.block import DiTBlock
from livetalk.dit.model import DiT, TextKV
from livetalk.nn.kernels.choose import Kernel
from livetalk.nn.kernels.cuda_graphs import CudaGraphCache
from livetalk.nn.kernels.fp8 import native_fp8, quantise_linears_
from livetalk.nn.kv_cache import KeysValues, KVBuffer, KVContext
from livetalk.nn.rope import RotaryEmbedding

SHAPES = 64  # that blocks may be compiled for

# x, t, reference, text, audio, turn and past, as `DiT.forward` explains them.
DenoiserInput = tuple[Tensor, Tensor, Tensor, TextKV | Tensor, Tensor, RotaryEmbedding, tuple[KVContext, ...] | None]


@dataclass(frozen=True)
class AccelerationConfig:
    """Acceleration options. backend: of torch.compile; emulate_fp8: 8 bits where nothing multiplies them, for tests."""

    fused: bool = True
    compiled: bool = True
    graphed: bool = True
    fp8: bool = False
    backend: str = "inductor"
    emulate_fp8: bool = False


class CompiledDiT:
    """See the module docstring. `log`: what really runs, a sentence a measure."""

    def __init__(
        self, model: DiT, measures: AccelerationConfig = AccelerationConfig(), kernel: Kernel | None = None
    ) -> None:
        self.model, self.measures, self.kernel = model, measures, kernel or Kernel()
        self.log: list[str] = []
        self.config, self.graphs = self.model.config, CudaGraphCache()
        self._recording = self._warm = False
        self.device = next(self.model.parameters()).device
        blocks = cast(Sequence[DiTBlock], self.model.blocks)
        for block in blocks:
            block.self_attn.use_kernel(self.kernel.name)
            block.cross_attn.use_kernel(self.kernel.name)
        if self.measures.fused:
            for block in blocks:
                block.self_attn.fuse()
            self.log.append("projections: q, k and v in one product")
        self.log.append(str(self.kernel))
        self._code(blocks)

    def _code(self, blocks: Sequence[DiTBlock]) -> None:
        dtype = next(self.model.parameters()).dtype
        words = str(dtype).removeprefix("torch.")
        if not self.measures.fp8:
            self.log.append(f"products: {words}")
            return
        emulated = self.measures.emulate_fp8
        if not (emulated or (native_fp8(self.device) and dtype is torch.bfloat16)):
            self.log.append(f"products: {words}; not fp8: {self.device.type} in {words} does not multiply it")
            return
        count = 0
        for block in blocks:
            kept = block.self_attn.q, block.self_attn.k, block.self_attn.v, block.cross_attn.k, block.cross_attn.v
            count += quantise_linears_(block, emulated)
            # Only the fused product is used in a layer's forward; keys and values alone, in the last layer's clean
            # pass and of the prompt, are worth their precision.
            names = ("self_attn.q", "self_attn.k", "self_attn.v", "cross_attn.k", "cross_attn.v")
            for name, layer in zip(names, kept, strict=True):
                block.set_submodule(name, layer)
            count -= len(kept)
        self.log.append(f"products: fp8 e4m3 in {count} layers{' (emulated)' if emulated else ''}, else {words}")

    def project_text(self, text: Tensor) -> TextKV:
        return self.model.project_text(text)

    def rope(self, times: Tensor, grid: tuple[int, int]) -> RotaryEmbedding:
        return self.model.rope(times, grid)

    def __call__(self, *inputs: *DenoiserInput) -> Tensor:
        """As `DiT.forward`."""
        return self._run("velocity", self.model.forward, *inputs)

    def compute_kv(self, *inputs: *DenoiserInput) -> tuple[KeysValues, ...]:
        """As `DiT.compute_kv`."""
        return self._run("memory", self.model.compute_kv, *inputs)

    def warm_up(self, walk: Callable[[], object], tell: Callable[[str], None] = lambda words: None) -> None:
        """Try every measure while `walk` calls the transformer in all shapes of a session; leave out what fails."""
        if self.measures.compiled:
            tell("compiling")
            try:
                for block in self.model.blocks:
                    block.compile(dynamic=False, backend=self.measures.backend)
                # A session has a shape for every length of its past; beyond a limit they would silently stay eager.
                with torch._dynamo.config.patch(recompile_limit=SHAPES, fail_on_recompile_limit_hit=True):
                    walk()
                self.log.append(f"blocks: compiled ({self.measures.backend})")
            except Exception as error:
                for block in cast(Sequence[DiTBlock], self.model.blocks):
                    block._compiled_call_impl = None
                self.log.append(f"blocks: eager; not compiled: {_short(error)}")
        else:
            self.log.append("blocks: eager")
        if not self.measures.graphed or self.device.type != "cuda":
            self.log.append("calls: launched one by one" + (", no CUDA here" if self.measures.graphed else ""))
        else:
            self._record(walk, tell)
        tell("warming up")
        walk()
        self._warm = True

    def _record(self, walk: Callable[[], object], tell: Callable[[str], None]) -> None:
        tell("recording")
        self._recording = True
        try:
            walk()
            self.log.append(f"calls: {len(self.graphs)} CUDA graphs")
        except Exception as error:
            self.graphs = CudaGraphCache()
            self.log.append(f"calls: launched one by one; no CUDA graph: {_short(error)}")
        finally:
            self._recording = False

    def _run(self, name: str, function: Callable[..., Any], *inputs: *DenoiserInput) -> Any:
        x, t, reference, text, audio, turn, past = inputs
        # A shape that was not walked through runs uncompiled: nobody waits for a compiler in a session.
        stance = "eager_on_recompile" if self._warm and self.measures.compiled else "default"
        with self.kernel.preferred(), torch.compiler.set_stance(stance):
            if not isinstance(text, TextKV):
                text = self.project_text(text)
            rooms = past is None or all(isinstance(p, KVBuffer) for p in past)
            if not rooms or not (self._recording or len(self.graphs)):
                return function(x, t, reference, text, audio, turn, past)
            key = (name, tuple(x.shape), x.dtype, text.layers[0][0].shape, _address(past))
            changing = (x, t, reference, audio, turn.cos, turn.sin)
            if key not in self.graphs and not self._recording:
                return function(x, t, reference, text, audio, turn, past)
            memory = self._fixed_text(text)
            if key not in self.graphs:

                def call(x: Tensor, t: Tensor, reference: Tensor, audio: Tensor, cos: Tensor, sin: Tensor) -> Any:
                    return function(x, t, reference, memory, audio, RotaryEmbedding(cos, sin), past)

                self.graphs.record(key, call, changing)
            return self.graphs.replay(key, changing)

    def _fixed_text(self, text: TextKV) -> TextKV:
        flat = [tensor for pair in text.layers for tensor in pair]
        fixed = self.graphs.keep(("text", tuple(flat[0].shape)), text, flat)
        return TextKV(tuple(zip(fixed[::2], fixed[1::2], strict=True)))


def _address(past: tuple[KVContext, ...] | None) -> Hashable:
    """Where the past lies and how much of it is filled: what a recorded call depends on beside its inputs."""
    if past is None:
        return None
    first = past[0]
    assert isinstance(first, KVBuffer)
    return first.keys.data_ptr(), first.filled


def _short(error: Exception) -> str:
    lines = " ".join(str(error).split())
    return f"{type(error).__name__}: {lines[:160]}"
