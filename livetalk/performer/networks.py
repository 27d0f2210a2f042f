"""Networks of a performer on their devices: a frozen value, with the calls that one block needs.

`accelerate` returns another one. Does not know: streams, stages, threads; which files the weights came from.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float, UInt8
from torch import Tensor

from livetalk.avatar.session import require_size
from livetalk.codec.base import Carry
from livetalk.codec.motion import reduced
from livetalk.conditions.speech_wav2vec2 import WindowedSpeech
from livetalk.conditions.text_cache import TextFeatures
from livetalk.conditions.windows import RowEncoder, SpeechWindows
from livetalk.dit.compiled import CompiledDiT
from livetalk.dit.model import DiT, TextKV
from livetalk.flow.schedule import ladder
from livetalk.media.pictures import as_picture
from livetalk.nn.kernels.onednn import pack_linears
from livetalk.performer.kv_pool import KVWorkspace, PoolShape, StatePool
from livetalk.performer.loading import Parts
from livetalk.performer.rollout import DenoisingSteps, denoising_steps
from livetalk.performer.speech_buffer import ClipSpeechBuffer, SpeechBuffer
from livetalk.presets import Preset
from livetalk.runtime.process import Notice

Portrait = UInt8[np.ndarray, "h w 3"] | Float[np.ndarray, "h w 3"]  # RGB, floats in 0..1; square, as framed


@dataclass(frozen=True, eq=False)
class Networks:
    """See the module docstring. `Networks.on` places loaded parts.

    workspace: what attention reads, shared by the pools of a published preset. keeps_carries: whether streams keep the
    decoder's older carries (one of the full decoder is 1.2 GB). log: what really runs, once
    accelerated. decode_stream: a CUDA stream of the decoder's, where one GPU does both stages: kernels of one stage
    fill what the other leaves idle.
    """

    preset: Preset
    student: DiT | CompiledDiT
    codec: Any  # nn.Module and livetalk.codec.base.Codec
    speech: RowEncoder
    text: TextFeatures
    version: str
    dtype: torch.dtype
    device: torch.device
    decoder_device: torch.device
    workspace: KVWorkspace
    keeps_carries: bool = True
    decode_stream: torch.cuda.Stream | None = None
    log: tuple[str, ...] = ()

    @classmethod
    def on(
        cls,
        preset: Preset,
        parts: Parts,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
        decoder_device: torch.device | str | None = None,
    ) -> Self:
        """The parts on a device; `decoder_device`: a second one, on which latents are decoded meanwhile."""
        device, decoder_device = torch.device(device), torch.device(decoder_device or device)
        student = parts.student.to(device, dtype).eval().requires_grad_(False)
        if not preset.published:  # `accelerate` has its own ways
            pack_linears(student)
        codec = parts.codec.to(decoder_device, dtype).eval().requires_grad_(False).channels_last()
        both = device.type == "cuda" and device == decoder_device
        stream = torch.cuda.Stream(device) if both else None
        return cls(
            preset,
            student,
            codec,
            parts.speech,
            parts.text,
            parts.version,
            dtype,
            device,
            decoder_device,
            KVWorkspace(dtype),
            not preset.published,
            stream,
        )

    @cached_property
    def windows(self) -> SpeechWindows:
        return SpeechWindows.of(self.speech.config, self.preset.geometry)

    @cached_property
    def steps(self) -> DenoisingSteps:
        """The denoising steps of a block."""
        return denoising_steps(ladder(self.preset.steps, self.preset.shift, self.preset.as_published))

    @cached_property
    def quick_steps(self) -> DenoisingSteps:
        """Every second step: for the one block after an interrupt, which somebody waits for."""
        if not self.preset.quick:
            return self.steps
        return DenoisingSteps(self.steps.timesteps[::2], self.steps.sigmas[::2])

    def new_speech_buffer(self) -> SpeechBuffer:
        """The sound of a new stream."""
        if self.preset.as_published:
            assert isinstance(self.speech, WindowedSpeech)
            return ClipSpeechBuffer(self.windows, self.speech)
        return SpeechBuffer(self.windows, self.speech)

    def kv_pool(self, sessions: int) -> StatePool:
        """Memory for so many streams."""
        shape = PoolShape.of(self.preset.dit, self.preset.geometry)
        workspace = self.workspace if self.preset.published else KVWorkspace(self.workspace.dtype)
        return StatePool(shape, sessions, self.dtype, self.device, workspace)

    def record_event(self) -> torch.cuda.Event | None:
        """The end of what the device has been asked for until now, for `on_decode_stream`."""
        if self.decode_stream is None:
            return None
        done = torch.cuda.Event()
        done.record(torch.cuda.current_stream(self.device))
        return done

    @contextmanager
    def on_decode_stream(self, done: torch.cuda.Event | None) -> Iterator[None]:
        """Inside, the decoder has a CUDA stream to itself, which waits for `done` only."""
        if self.decode_stream is None or done is None:
            yield
            return
        self.decode_stream.wait_event(done)
        with torch.cuda.stream(self.decode_stream):
            yield

    @torch.inference_mode()
    def encode_portrait(self, portrait: Portrait) -> Float[Tensor, "1 c 1 h2 w2"]:
        """The portrait's latent, of whichever of the preset's sizes it is. Raises ValueError if it is not framed."""
        pixels = reduced(self._pixels_of(portrait), self._scale_of(portrait))
        return self.codec.encode(pixels.to(self.dtype)[:, :, None]).float().to(self.device)

    @torch.inference_mode()
    def start_decoder(self, portrait: Portrait) -> Carry:
        """The decoder's memory of a stream that begins with `portrait`; frames come at the portrait's size.

        Raises ValueError if it is not framed.
        """
        scale = self._scale_of(portrait)
        larger = {"scale": scale} if scale > 1 else {}
        return self.codec.start(1, self.decoder_device, self.dtype, self._pixels_of(portrait).to(self.dtype), **larger)

    @torch.inference_mode()
    def encode_prompt(self, prompt: str) -> TextKV:
        """A prompt as the student attends to it; a very long one is cut, with a warning."""
        longest = self.preset.longest_prompt
        if len(prompt) > longest:
            words = f"a prompt of {len(prompt)} characters is cut to {longest}: say it in fewer"
            warnings.warn(words, Notice, stacklevel=2)
        return self.student.project_text(self.text.encode([prompt[:longest]]).to(self.device))

    def _pixels_of(self, portrait: Portrait) -> Float[Tensor, "1 3 h w"]:
        pixels = torch.tensor(as_picture(portrait), device=self.decoder_device).float() / 127.5 - 1
        return rearrange(pixels, "h w c -> 1 c h w")

    def _scale_of(self, portrait: Portrait) -> int:
        """How many times larger than what is coded the portrait is."""
        require_size(portrait, *self.preset.sizes)
        return len(portrait) // self.preset.geometry.size
