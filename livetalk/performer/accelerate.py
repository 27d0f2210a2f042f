"""Acceleration of loaded networks: `exact` changes no weight, `fast` uses 8 bits and a light decoder where it can.

All that takes time happens here, before the first session: kernels are chosen by the clock, blocks compiled, calls
recorded, all shapes of a session walked through once. What really runs is told in the log. Knows what is tried in
which mode; whether the result is good enough is for a gate to say (`evaluation.full_speed`).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

import numpy as np
import torch
from torch import nn

from livetalk.codec.taehv import LightDecoder, LightWan
from livetalk.codec.wan import WanCodec
from livetalk.codec.wan_blocks import Residual, Up
from livetalk.conditions.speech_wav2vec2 import WindowedSpeech
from livetalk.dit.compiled import SHAPES, AccelerationConfig, CompiledDiT
from livetalk.dit.model import DiT
from livetalk.nn.kernels.choose import fastest_kernel
from livetalk.nn.kernels.cuda_graphs import CudaGraphCache
from livetalk.nn.kernels.fp8 import CODED
from livetalk.performer.kv_pool import KVWorkspace
from livetalk.performer.networks import Networks
from livetalk.performer.options import Mode
from livetalk.performer.stages import decode, denoise
from livetalk.performer.stream import AvatarStream

Tell = Callable[[str], None]


def acceleration_of(mode: Mode, device: torch.device) -> AccelerationConfig:
    """Acceleration of a mode. Compilation pays on GPUs only: a CPU's blocks are few, its kernels fused already."""
    return AccelerationConfig(compiled=device.type == "cuda", fp8=mode == "fast")


def accelerate(
    networks: Networks,
    mode: Mode,
    light: LightDecoder | None = None,
    measures: AccelerationConfig | None = None,
    batches: Sequence[int] = (1,),
    tell: Tell = lambda words: None,
) -> Networks:
    """Networks that are ready to serve in `mode`; their log says what really runs.

    Those given are used up: there is no memory for a second copy, so layers are fused and coded where they lie.
    light: the decoder of the fast mode; without one the VAE's own stays. batches: numbers of sessions that are stepped
    together; each is walked through.
    """
    student, wan = networks.student, networks.codec
    assert isinstance(student, DiT), "networks are accelerated once"
    assert isinstance(wan, WanCodec)
    g, c = networks.preset.geometry, networks.preset.dit
    keys = g.window_latents * g.tokens_per_latent
    torch.backends.cudnn.benchmark, torch.backends.cudnn.benchmark_limit = True, 0  # convolutions, too: all there are
    tell("choosing kernels")
    kernel = fastest_kernel(
        networks.device, networks.dtype, 1, g.block_latents * g.tokens_per_latent, keys, c.heads, c.head_dim
    )
    served = CompiledDiT(student, measures or acceleration_of(mode, networks.device), kernel)
    dtype = CODED if mode == "fast" and kernel.eight else networks.dtype
    if dtype is CODED:
        served.log.append("keys and values of attention: fp8 e4m3")
    decoder, codec, layers = "decoder: Wan's VAE", networks.codec, _layers_of(wan)
    if mode == "fast" and light is not None:
        light = light.to(networks.decoder_device, networks.dtype)
        decoder, codec, layers = "decoder: light, in TAEHV's layout", LightWan(wan, light).channels_last(), [light]
    workspace = _workspace(dtype, networks.device, served.measures)
    made = replace(networks, student=served, codec=codec, workspace=workspace)
    served.log.append(decoder + _compiled(made, layers, served.measures, tell))
    if served.measures.graphed and made.device.type == "cuda" and isinstance(made.speech, WindowedSpeech):
        recorded = made.speech.recorded(CudaGraphCache(), g.frames_per_block, made.device)
        served.log.append("speech encoder: " + recorded)
    with torch.inference_mode():
        served.warm_up(lambda: [warm_up_shapes(made, batch) for batch in batches], tell)
    return replace(made, log=tuple(served.log))


@torch.inference_mode()
def warm_up_shapes(networks: Networks, sessions: int = 1) -> None:
    """Step throw-away streams, all in one batch, through all shapes of a session."""
    g = networks.preset.geometry
    pool = networks.kv_pool(sessions)
    slots = [pool.open() for _ in range(sessions)]
    portrait = np.full((g.size, g.size, 3), 128, np.uint8)
    streams = [AvatarStream(networks, slot, portrait, "", seed) for seed, slot in enumerate(slots)]
    for _ in range(g.window_latents // g.block_latents + 2):
        decode(networks, streams, denoise(networks, streams, [stream.plan() for stream in streams]))


def _workspace(dtype: torch.dtype, device: torch.device, measures: AccelerationConfig) -> KVWorkspace:
    """Attention's buffers, compiled for where that is possible."""
    if not measures.compiled:
        return KVWorkspace(dtype)
    page = torch.zeros(1, 2, 1, 4, device=device)
    try:
        workspace = KVWorkspace(dtype, measures.backend)
        workspace.copy_page(page.to(dtype), page, None)
    except Exception:
        return KVWorkspace(dtype)
    return workspace


def _compiled(networks: Networks, layers: Sequence[nn.Module], measures: AccelerationConfig, tell: Tell) -> str:
    """Compile layers of the decoder, if that is to be tried; they stay eager where it fails. Says what came of it."""
    if not measures.compiled:
        return ""
    tell("compiling the decoder")
    try:
        for layer in layers:
            layer.compile(dynamic=False, backend=measures.backend)
        with torch._dynamo.config.patch(recompile_limit=SHAPES, fail_on_recompile_limit_hit=True):
            _decoded(networks)
    except Exception as error:
        for layer in layers:
            layer._compiled_call_impl = None
        return f", eager; not compiled: {type(error).__name__}"
    return ", compiled"


def _layers_of(codec: WanCodec) -> list[nn.Module]:
    """Of the VAE's decoder, those that become fewer kernels: norms and activations between convolutions."""
    layers: list[nn.Module] = [layer for layer in codec.decoder.layers() if isinstance(layer, Residual | Up)]
    return [*layers, cast(nn.Sequential, codec.decoder.head)[0]]


@torch.inference_mode()
def _decoded(networks: Networks) -> None:
    """A stream's first latent frames, black ones, through the codec's decoder: all its shapes."""
    g, codec = networks.preset.geometry, networks.codec
    latent = torch.zeros(1, g.latent_channels, 1, g.latent_size, g.latent_size, device=networks.decoder_device)
    carry = codec.start(1, networks.decoder_device, networks.dtype)
    for _ in range(3):
        _, carry = codec.step(latent, carry)
