"""From a portrait, a prompt and speech to frames: loads a preset and walks the rooms once, block by block.

speech -> windows -> rollout -> decoder -> frames. Knows which weights a preset has and in which order the rooms
are called; how each room works is its own business, and files of sound or video are the caller's.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float, UInt8
from torch import Tensor

from livetalk.codec.interface import Carry
from livetalk.codec.light import LightCodec
from livetalk.conditions.speech_tiny import SpeechEncoder, load_speech_encoder
from livetalk.conditions.text_tiny import TextEncoder, load_text_encoder
from livetalk.conditions.windows import SpeechWindower, SpeechWindows
from livetalk.dit.audio import pack_audio
from livetalk.dit.model import DiT, TextMemory
from livetalk.flow.schedule import ladder
from livetalk.performer.rollout import BlockConditions, RolloutState, begin, ladder_of, next_block
from livetalk.presets import PRESETS, Preset
from livetalk.weights import load_bundle, load_into

WEIGHTS = ("codec", "student", "speech", "text")


@dataclass(frozen=True)
class Session:
    """What one stream remembers: rollout, decoder, and the source of its noise."""

    reference: Float[Tensor, "1 c 1 h w"]
    text: TextMemory
    rollout: RolloutState
    carry: Carry


class Performer:
    """A loaded preset. One performer serves many streams; all memory of a stream is in its `Session`."""

    def __init__(
        self,
        preset: Preset,
        student: DiT,
        codec: LightCodec,
        speech: SpeechEncoder,
        text: TextEncoder,
        version: str,
        seed: int = 0,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        self.preset, self.version, self.seed, self.dtype = preset, version, seed, dtype
        self.device = torch.device(device)
        self.student = student.to(self.device, dtype).eval().requires_grad_(False)
        codec = codec.to(self.device, dtype).eval().requires_grad_(False)
        self.codec = codec.channels_last()
        self.speech, self.text = speech, text
        self.windows = SpeechWindows.of(speech.config, preset.geometry)
        self.ladder = ladder_of(ladder(preset.steps, preset.shift))

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
        codec, student = LightCodec(chosen.codec), DiT(chosen.dit)
        load_into(codec, load_bundle(folder / "codec.safetensors")[0])
        state, metadata = load_bundle(folder / "student.safetensors")
        load_into(student, state)
        speech = load_speech_encoder(folder / "speech.safetensors")
        text = load_text_encoder(folder / "text.safetensors")
        version = metadata.get("version", "unversioned")
        return cls(chosen, student, codec, speech, text, version, seed, dtype or best_dtype())

    @torch.inference_mode()
    def open(self, portrait: UInt8[np.ndarray, "h w 3"], prompt: str) -> Session:
        """A stream's memory before its first block. `portrait` is framed and of the preset's size."""
        size = self.preset.geometry.size
        if portrait.shape != (size, size, 3):
            raise ValueError(f"the portrait is {portrait.shape}: frame it to {size} x {size} x 3 first")
        pixels = torch.tensor(portrait, device=self.device).float() / 127.5 - 1
        pixels = rearrange(pixels, "h w c -> 1 c 1 h w").to(self.dtype)
        g = self.preset.geometry
        state = begin(g.tokens_per_latent, g.block_latents, g.anchor_latents, g.rolling_latents, self.preset.positions)
        text = self.student.remember_text(self.text.encode([prompt]).to(self.device))
        return Session(self.codec.encode(pixels).float(), text, state, self.codec.start())

    @torch.inference_mode()
    def block(
        self, session: Session, rows: Float[Tensor, "t a"], generator: torch.Generator
    ) -> tuple[UInt8[np.ndarray, "t h w 3"], Session]:
        """Frames of the next block for the speech features of its frames, and the session after it."""
        audio = self._packed(rows[None].to(self.device), first=session.rollout.latents == 0)
        g, b = self.preset.geometry, session.reference
        shape = (1, g.latent_channels, g.block_latents, g.latent_size, g.latent_size)

        def noise(step: int) -> Tensor:
            return torch.randn(shape, generator=generator).to(b.device)

        conditions = BlockConditions(session.reference, session.text, audio)
        latents, rollout = next_block(self.student, noise, conditions, session.rollout, self.ladder)
        pixels, carry = self.codec.step(latents.to(self.dtype), session.carry)
        return _bytes(pixels), Session(session.reference, session.text, rollout, carry)

    def perform(
        self, portrait: UInt8[np.ndarray, "h w 3"], speech: Iterable[Float[np.ndarray, " n"]], prompt: str
    ) -> Iterator[UInt8[np.ndarray, "t h w 3"]]:
        """Frames, block by block, as the speech (pieces of mono float32 at 16 kHz) comes in; the last block is whole.

        The same seed, inputs, dtype and machine give the same frames, however the speech is cut into pieces.
        """
        session = self.open(portrait, prompt)
        generator = torch.Generator().manual_seed(self.seed)
        windower = SpeechWindower(self.windows, self.speech)
        for piece in speech:
            for _, rows in windower.push(torch.from_numpy(np.ascontiguousarray(piece, np.float32))):
                frames, session = self.block(session, rows, generator)
                yield frames
        for _, rows in windower.flush():
            frames, session = self.block(session, rows, generator)
            yield frames

    def _packed(self, rows: Float[Tensor, "1 t a"], first: bool) -> Float[Tensor, "1 f g"]:
        """Features of a block by latent frame; only the stream's first latent frame covers a single video frame."""
        every = self.preset.geometry.time_compression
        if first:
            return pack_audio(rows, every)
        return rearrange(rows, "b (f r) a -> b f (r a)", r=every)


def best_dtype() -> torch.dtype:
    """bfloat16 on processors that multiply it natively, else float32 (emulated bfloat16 is slower)."""
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if native else torch.float32


def _bytes(pixels: Float[Tensor, "1 3 t h w"]) -> UInt8[np.ndarray, "t h w 3"]:
    scaled = ((pixels[0].float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return rearrange(scaled, "c t h w -> t h w c").contiguous().cpu().numpy()
