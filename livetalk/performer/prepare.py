"""Makes a loaded performer fast: `exact` changes no weight, `fast` takes 8 bits and a light decoder where it can.

All that takes time happens here, before the first session: kernels are chosen by the clock, blocks compiled, calls
recorded, all shapes of a session walked through once. What really runs is told in the log. Knows what is tried in
which mode; whether the result is good enough is for a gate to say (`evaluation.full_speed`).
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import torch
from torch import nn

from livetalk.codec.taehv import LightDecoder, LightWan
from livetalk.codec.wan import WanCodec
from livetalk.codec.wan_blocks import Residual, Up
from livetalk.conditions.speech_wav2vec2 import WindowedSpeech
from livetalk.dit.model import DiT
from livetalk.dit.serving import SHAPES, Measures, ServedDiT
from livetalk.nn.causal_conv import CausalConv3d
from livetalk.nn.flash3 import CODED
from livetalk.nn.graphed import Graphs
from livetalk.nn.kernels import fastest, timed
from livetalk.performer.memory import Rooms
from livetalk.performer.stages import decode, denoise

if TYPE_CHECKING:
    from livetalk.performer.performer import Performer

Mode = Literal["exact", "fast"]
Tell = Callable[[str], None]


def measures_of(mode: Mode, device: torch.device) -> Measures:
    """What a mode tries. Compilation pays on GPUs only: a CPU's blocks are few and its kernels are fused already."""
    return Measures(compiled=device.type == "cuda", fp8=mode == "fast")


def prepare(
    performer: "Performer",
    mode: Mode,
    light: LightDecoder | None = None,
    measures: Measures | None = None,
    batches: Sequence[int] = (1,),
    tell: Tell = lambda words: None,
) -> list[str]:
    """Make `performer` ready to serve in `mode`; returns what really runs.

    light: the decoder of the fast mode; without one the VAE's own stays. batches: numbers of sessions that are stepped
    together; each is walked through.
    """
    assert isinstance(performer.student, DiT), "a performer is made ready once"
    g, c = performer.preset.geometry, performer.preset.dit
    keys = g.window_latents * g.tokens_per_latent
    torch.backends.cudnn.benchmark, torch.backends.cudnn.benchmark_limit = True, 0  # convolutions, too: all there are
    tell("choosing kernels")
    kernel = fastest(
        performer.device, performer.dtype, 1, g.block_latents * g.tokens_per_latent, keys, c.heads, c.head_dim
    )
    served = ServedDiT(performer.student, measures or measures_of(mode, performer.device), kernel)
    performer.student = served
    dtype = CODED if mode == "fast" and kernel.eight else performer.dtype
    performer.attend_in(_rooms(dtype, performer.device, served.measures))
    if dtype is CODED:
        served.log.append("keys and values of attention: fp8 e4m3")
    decoder = "decoder: Wan's VAE"
    if mode == "fast" and light is not None:
        assert isinstance(performer.codec, WanCodec)
        light = light.to(performer.decoder_device, performer.dtype)
        performer.codec = LightWan(performer.codec, light).channels_last()
        decoder = "decoder: light, in TAEHV's layout" + _compiled_light(performer, light, served.measures, tell)
    elif served.measures.compiled:
        decoder += _compiled_decoder(performer, served.measures.backend, tell)
    served.log.append(decoder)
    if served.measures.graphed and performer.device.type == "cuda" and isinstance(performer.speech, WindowedSpeech):
        frames = performer.windows.geometry.frames_per_block
        served.log.append("speech encoder: " + performer.speech.recorded(Graphs(), frames, performer.device))
    with torch.inference_mode():
        served.warm_up(lambda: [walk(performer, batch) for batch in batches], tell)
    performer.log = tuple(served.log)
    return served.log


@torch.inference_mode()
def walk(performer: "Performer", sessions: int = 1) -> None:
    """Step throw-away streams, all in one batch, through all shapes of a session."""
    g = performer.preset.geometry
    pool = performer.pool(sessions)
    slots = [pool.open() for _ in range(sessions)]
    portrait = np.full((g.size, g.size, 3), 128, np.uint8)
    streams = [performer.stream(slot, portrait, "", seed) for seed, slot in enumerate(slots)]
    for _ in range(g.window_latents // g.block_latents + 2):
        decode(performer, streams, denoise(performer, streams, [stream.plan() for stream in streams]))


def _rooms(dtype: torch.dtype, device: torch.device, measures: Measures) -> Rooms:
    """Attention's buffers, compiled for where that is possible."""
    if not measures.compiled:
        return Rooms(dtype)
    page = torch.zeros(1, 2, 1, 4, device=device)
    try:
        rooms = Rooms(dtype, measures.backend)
        rooms.lay(page.to(dtype), page, None)
    except Exception:
        return Rooms(dtype)
    return rooms


def _compiled_light(performer: "Performer", light: LightDecoder, measures: Measures, tell: Tell) -> str:
    if not measures.compiled:
        return ""
    tell("compiling the decoder")
    try:
        light.compile(dynamic=False, backend=measures.backend)
        _decoded(performer)
    except Exception as error:
        light._compiled_call_impl = None
        return f", eager; not compiled: {type(error).__name__}"
    return ", compiled"


def _compiled_decoder(performer: "Performer", backend: Any, tell: Tell) -> str:
    """Choose the VAE's convolutions by the clock; norms and activations between them become one kernel each."""
    codec = performer.codec
    assert isinstance(codec, WanCodec)
    tell("choosing convolutions")
    said = f", {_chosen_convolutions(performer, codec)} convolutions by pictures"
    tell("compiling the decoder")
    residuals: list[nn.Module] = [layer for layer in codec.decoder.layers() if isinstance(layer, Residual | Up)]
    residuals.append(cast(nn.Sequential, codec.decoder.head)[0])
    try:
        for layer in residuals:
            layer.compile(dynamic=False, backend=backend)
        with (
            torch.inference_mode(),
            torch._dynamo.config.patch(recompile_limit=SHAPES, fail_on_recompile_limit_hit=True),
        ):
            _decoded(performer)
    except Exception as error:
        for layer in residuals:
            layer._compiled_call_impl = None
        return f"{said}, eager; not compiled: {type(error).__name__}"
    return f"{said}, compiled"


@torch.inference_mode()
def _decoded(performer: "Performer") -> None:
    """A stream's first latent frames, black ones, through the codec's decoder: all its shapes."""
    g, codec = performer.preset.geometry, performer.codec
    latent = torch.zeros(1, g.latent_channels, 1, g.latent_size, g.latent_size, device=performer.decoder_device)
    carry = codec.start(1, performer.decoder_device, performer.dtype)
    for _ in range(3):
        _, carry = codec.step(latent, carry)


@torch.inference_mode()
def _chosen_convolutions(performer: "Performer", codec: WanCodec) -> int:
    """Every convolution of the decoder as it is faster in the middle of a stream; returns how many by pictures."""
    layers = [layer for layer in codec.decoder.modules() if isinstance(layer, CausalConv3d)]
    seen: dict[CausalConv3d, torch.Size] = {}

    def note(layer: CausalConv3d, given: tuple[torch.Tensor, torch.Tensor]) -> None:
        seen[layer] = given[0].shape

    hooks = [layer.register_forward_pre_hook(note) for layer in layers]  # pyright: ignore[reportArgumentType]
    _decoded(performer)
    for hook in hooks:
        hook.remove()
    faster: dict[Any, bool] = {}
    for layer, (b, c, t, h, w) in seen.items():
        kind = (c, layer.out_channels, layer.kernel_size, t, h)
        if kind not in faster:
            size = (b, c, t + layer.past_frames, h, w)
            frames = torch.randn(size, device=performer.decoder_device, dtype=performer.dtype)
            frames = frames.contiguous(memory_format=torch.channels_last_3d)
            times = []
            for layer.by_pictures in (False, True):
                times.append(timed(lambda: layer.convolved(frames), performer.decoder_device))  # noqa: B023 - called at once
            faster[kind] = times[1] < times[0]
        layer.by_pictures = faster[kind]
    return sum(layer.by_pictures for layer in layers)
