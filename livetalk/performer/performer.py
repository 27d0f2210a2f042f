"""From a portrait, a prompt and speech to frames: loads a preset and walks the rooms once, block by block.

speech -> windows -> rollout -> decoder -> frames. Knows which weights a preset has and in which order the rooms
are called; how each room works is its own business, and files of sound or video are the caller's.
"""

import os
import warnings
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float, UInt8
from torch import Tensor

from livetalk.codec.interface import Carry
from livetalk.codec.portrait import PortraitCodec
from livetalk.conditions.speech_tiny import SpeechEncoder, load_speech_encoder
from livetalk.conditions.text_tiny import TextEncoder, load_text_encoder
from livetalk.conditions.windows import SpeechWindows
from livetalk.dit.model import DiT, TextMemory
from livetalk.flow.schedule import ladder
from livetalk.nn.allocator import keep_freed_memory
from livetalk.nn.packed import pack_linears
from livetalk.performer.memory import PoolShape, Slot, StatePool
from livetalk.performer.overlap import overlapped
from livetalk.performer.rollout import Ladder, ladder_of
from livetalk.performer.stream import LONGEST_PROMPT, AvatarStream, Job
from livetalk.presets import PRESETS, Preset
from livetalk.weights import load_bundle, load_into

WEIGHTS = ("codec", "student", "speech", "text")
NATIVE_BF16 = ("ALL", "DEFAULT", "AVX512_CORE_BF16", "AVX512_CORE_FP16", "AVX10_1_512")  # oneDNN's names


class Performer:
    """A loaded preset. One performer serves many streams; all memory of a stream is its own."""

    def __init__(
        self,
        preset: Preset,
        student: DiT,
        codec: PortraitCodec,
        speech: SpeechEncoder,
        text: TextEncoder,
        version: str,
        seed: int = 0,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        keep_freed_memory()
        self.preset, self.version, self.seed, self.dtype = preset, version, seed, dtype
        self.device = torch.device(device)
        self.student = student.to(self.device, dtype).eval().requires_grad_(False)
        pack_linears(self.student)
        codec = codec.to(self.device, dtype).eval().requires_grad_(False)
        self.codec = codec.channels_last()
        self.speech, self.text = speech, text
        self.windows = SpeechWindows.of(speech.config, preset.geometry)
        self.ladder = ladder_of(ladder(preset.steps, preset.shift))
        # Every second step: for the one block after an interrupt, which somebody waits for.
        self.quick_ladder = Ladder(self.ladder.timesteps[::2], self.ladder.sigmas[::2])

    @classmethod
    def load(
        cls, preset: str = "tiny", *, seed: int = 0, dtype: torch.dtype | None = None, folder: Path | None = None
    ) -> "Performer":
        """The bundled weights of a preset, or those in `folder`.

        dtype: bfloat16 where the processor multiplies it natively, else float32, unless given.
        Raises ValueError for an unknown preset and for missing or foreign weights.
        """
        if preset not in PRESETS:
            raise ValueError(f"there is no preset {preset!r}: choose one of {', '.join(PRESETS)}")
        chosen = PRESETS[preset]
        folder = folder or Path(str(resources.files("livetalk") / "assets" / chosen.name))
        missing = [name for name in WEIGHTS if not (folder / f"{name}.safetensors").is_file()]
        if missing:
            raise ValueError(f"preset {preset} has no weights {', '.join(missing)} in {folder}: reinstall livetalk")
        codec, student = chosen.build_codec(), DiT(chosen.dit)
        load_into(codec, load_bundle(folder / "codec.safetensors")[0])
        state, metadata = load_bundle(folder / "student.safetensors")
        load_into(student, state)
        speech = load_speech_encoder(folder / "speech.safetensors")
        text = load_text_encoder(folder / "text.safetensors")
        version = metadata.get("version", "unversioned")
        return cls(chosen, student, codec, speech, text, version, seed, dtype or best_dtype())

    def pool(self, sessions: int) -> StatePool:
        """Memory for so many streams of this performer."""
        return StatePool(PoolShape.of(self.preset.dit, self.preset.geometry), sessions, self.dtype, self.device)

    def stream(
        self, slot: Slot, portrait: UInt8[np.ndarray, "h w 3"], prompt: str, seed: int | None = None
    ) -> AvatarStream:
        """A stream in a slot of a `pool`. `portrait` is framed and of the preset's size; `seed`: the performer's."""
        return AvatarStream(self, slot, portrait, prompt, self.seed if seed is None else seed)

    @torch.inference_mode()
    def reference_of(self, portrait: UInt8[np.ndarray, "h w 3"]) -> Float[Tensor, "1 c 1 h w"]:
        """The portrait's latent. Raises ValueError if it is not framed."""
        return self.codec.encode(self._pixels_of(portrait)[:, :, None]).float()

    @torch.inference_mode()
    def decoder_of(self, portrait: UInt8[np.ndarray, "h w 3"]) -> Carry:
        """The decoder's memory of a stream that begins with `portrait`. Raises ValueError if it is not framed."""
        return self.codec.start(1, self.device, self.dtype, self._pixels_of(portrait))

    def _pixels_of(self, portrait: UInt8[np.ndarray, "h w 3"]) -> Float[Tensor, "1 3 h w"]:
        size = self.preset.geometry.size
        if portrait.shape != (size, size, 3):
            raise ValueError(f"the portrait is {portrait.shape}: frame it to {size} x {size} x 3 first")
        pixels = torch.tensor(portrait, device=self.device).float() / 127.5 - 1
        return rearrange(pixels, "h w c -> 1 c h w").to(self.dtype)

    @torch.inference_mode()
    def text_of(self, prompt: str) -> TextMemory:
        """A prompt as the student attends to it; a very long one is cut, with a warning."""
        if len(prompt) > LONGEST_PROMPT:
            warnings.warn(f"a prompt of {len(prompt)} characters is cut to {LONGEST_PROMPT}", stacklevel=2)
        return self.student.remember_text(self.text.encode([prompt[:LONGEST_PROMPT]]).to(self.device))

    def perform(
        self, portrait: UInt8[np.ndarray, "h w 3"], speech: Iterable[Float[np.ndarray, " n"]], prompt: str
    ) -> Iterator[UInt8[np.ndarray, "t h w 3"]]:
        """Frames, block by block, as the speech (pieces of mono float32 at 16 kHz) comes in; the last block is whole.

        One block is denoised while the one before it is decoded. The same seed, inputs, dtype and machine give the
        same frames, however the speech is cut into pieces.
        """
        slot = self.pool(1).open()
        try:
            yield from overlapped(self, self._jobs(slot, portrait, speech, prompt))
        finally:
            slot.close()

    def _jobs(
        self, slot: Slot, portrait: UInt8[np.ndarray, "h w 3"], speech: Iterable[np.ndarray], prompt: str
    ) -> Iterator[tuple[AvatarStream, Job]]:
        stream = self.stream(slot, portrait, prompt)
        for piece in speech:
            stream.push(np.ascontiguousarray(piece, np.float32))
            while stream.ready:
                yield stream, stream.plan()
        stream.end()
        while stream.track.waiting:
            yield stream, stream.plan()


def best_dtype() -> torch.dtype:
    """bfloat16 on processors that multiply it natively, else float32 (emulated bfloat16 is slower).

    oneDNN may be held to older instructions than the processor has; then it is as if there were no others.
    """
    held = os.environ.get("ONEDNN_MAX_CPU_ISA", "ALL").upper()
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if native and ("AMX" in held or held in NATIVE_BF16) else torch.float32
