"""Makes a loaded performer fast: `exact` changes no weight, `fast` takes 8 bits and a light decoder where it can.

All that takes time happens here, before the first session: kernels are chosen by the clock, blocks compiled, calls
recorded, all shapes of a session walked through once. What really runs is told in the log. Knows what is tried in
which mode; whether the result is good enough is for a gate to say (`evaluation.full_speed`).
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from livetalk.codec.taehv import LightDecoder, LightWan
from livetalk.codec.wan import WanCodec
from livetalk.dit.model import DiT
from livetalk.dit.serving import SHAPES, Measures, ServedDiT
from livetalk.nn.flash3 import CODED
from livetalk.nn.kernels import fastest
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
    tell("choosing kernels")
    kernel = fastest(
        performer.device, performer.dtype, 1, g.block_latents * g.tokens_per_latent, keys, c.heads, c.head_dim
    )
    served = ServedDiT(performer.student, measures or measures_of(mode, performer.device), kernel)
    performer.student = served
    if mode == "fast" and kernel.eight:
        performer.attend_in(CODED)
        served.log.append("keys and values of attention: fp8 e4m3")
    decoder = "decoder: Wan's VAE"
    if mode == "fast" and light is not None:
        assert isinstance(performer.codec, WanCodec)
        performer.codec = LightWan(performer.codec, light.to(performer.decoder_device, performer.dtype)).channels_last()
        decoder = "decoder: light, in TAEHV's layout"
    elif served.measures.compiled:
        decoder += _compiled_decoder(performer, served.measures.backend, tell)
    served.log.append(decoder)
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


def _compiled_decoder(performer: "Performer", backend: Any, tell: Tell) -> str:
    """Compile the residuals of the VAE's decoder: norms and activations between convolutions become one kernel."""
    codec = performer.codec
    if not isinstance(codec, WanCodec):
        return ""
    tell("compiling the decoder")
    size = performer.preset.geometry.size
    residuals = [layer for layer in codec.decoder.layers() if hasattr(layer, "residual")]
    try:
        for layer in residuals:
            layer.compile(dynamic=False, backend=backend)
        with (
            torch.inference_mode(),
            torch._dynamo.config.patch(recompile_limit=SHAPES, fail_on_recompile_limit_hit=True),
        ):
            portrait = torch.zeros(1, 3, 1, size, size, device=performer.decoder_device, dtype=performer.dtype)
            latent = codec.encode(portrait)
            carry = codec.start(1, performer.decoder_device, performer.dtype)
            for _ in range(3):
                _, carry = codec.step(latent, carry)
    except Exception as error:
        for layer in residuals:
            layer._compiled_call_impl = None
        return f", eager; not compiled: {type(error).__name__}"
    return ", compiled"
