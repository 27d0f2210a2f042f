"""From a portrait, a prompt and speech to frames: loads a preset and walks the rooms once, block by block.

speech -> windows -> rollout -> decoder -> frames. Knows which weights a preset has and in which order the rooms
are called; how each room works is its own business, and files of sound or video are the caller's.
"""

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float, UInt8
from torch import Tensor

from livetalk.codec.base import Carry
from livetalk.codec.wan import WanCodec
from livetalk.conditions.speech_wav2vec2 import WindowedSpeech
from livetalk.conditions.text_cache import TextFeatures
from livetalk.conditions.windows import RowEncoder, SpeechWindows
from livetalk.dit.compiled import CompiledDiT
from livetalk.dit.model import DiT, TextKV
from livetalk.flow.schedule import ladder
from livetalk.nn.kernels.onednn import pack_linears
from livetalk.performer import loading, memory_budget
from livetalk.performer.accelerate import Mode, accelerate
from livetalk.performer.clip_track import ClipSpeechBuffer
from livetalk.performer.kv_pool import KVWorkspace, PoolShape, Slot, StatePool
from livetalk.performer.loading import WEIGHTS as WEIGHTS
from livetalk.performer.pipeline import run_pipelined
from livetalk.performer.rollout import DenoisingSteps, denoising_steps
from livetalk.performer.speech_buffer import SpeechBuffer
from livetalk.performer.stream import AvatarStream, BlockPlan
from livetalk.presets import FULL_PRESETS, PRESETS, Preset, as_published
from livetalk.published.hub import default_folder
from livetalk.runtime.allocator import keep_freed_memory

keep_freed_memory()  # now: threads that begin before it keep a heap of their own, and so do those that follow them
NATIVE_BF16 = ("ALL", "DEFAULT", "AVX512_CORE_BF16", "AVX512_CORE_FP16", "AVX10_1_512")  # oneDNN's names


@dataclass(frozen=True)
class LoadOptions:
    """How a full preset is loaded, beyond its name.

    as_published: as its authors run it, offline only. random_weights: no files; everything real but the picture.
    device: a CUDA device where there is one by default (the small presets run on the processor); of two with a comma
    between them ("cuda:0,cuda:1") the second one decodes. mode: made fast by
    `prepare` before anything is asked of it. decoder: TAEHV's file for the fast mode; taew2_1.pth beside the others.
    """

    as_published: bool = False
    random_weights: bool = False
    device: str | None = None
    mode: Mode | None = None
    decoder: Path | None = None


class Performer:
    """A loaded preset. One performer serves many streams; all memory of a stream is its own."""

    def __init__(
        self,
        preset: Preset,
        student: DiT,
        codec: Any,  # nn.Module and livetalk.codec.base.Codec
        speech: RowEncoder,
        text: TextFeatures,
        version: str,
        seed: int = 0,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
        decoder_device: torch.device | str | None = None,
    ) -> None:
        """`decoder_device`: a second device on which latents are decoded while the first one goes on."""
        self.preset, self.version, self.seed, self.dtype = preset, version, seed, dtype
        self.device = torch.device(device)
        self.decoder_device = torch.device(decoder_device or device)
        student = student.to(self.device, dtype).eval().requires_grad_(False)
        if not preset.published:  # `prepare` has its own ways
            pack_linears(student)
        self.student: DiT | CompiledDiT = student
        self.log: tuple[str, ...] = ()  # what really runs, once `prepare` has made it fast
        self._rooms = KVWorkspace(dtype)
        codec = codec.to(self.decoder_device, dtype).eval().requires_grad_(False)
        self.codec: Any = codec.channels_last()
        self.speech, self.text = speech, text
        self.keeps_carries = not preset.published  # a carry of the full decoder is 1.2 GB
        self.windows = SpeechWindows.of(speech.config, preset.geometry)
        self.ladder = denoising_steps(ladder(preset.steps, preset.shift, preset.as_published))
        # Where one GPU does both stages, each has a queue of its own: kernels of one fill what the other leaves idle.
        both = self.device.type == "cuda" and self.device == self.decoder_device
        self._beside = torch.cuda.Stream(self.device) if both else None
        # Every second step: for the one block after an interrupt, which somebody waits for.
        quick = DenoisingSteps(self.ladder.timesteps[::2], self.ladder.sigmas[::2])
        self.quick_ladder = quick if preset.quick else self.ladder

    @classmethod
    def load(
        cls,
        preset: str = "tiny",
        *,
        seed: int = 0,
        dtype: torch.dtype | None = None,
        folder: Path | None = None,
        options: LoadOptions = LoadOptions(),
        tell: Callable[[str], None] = lambda words: None,
    ) -> "Performer":
        """The weights of a preset: those bundled or downloaded, or those in `folder`.

        dtype: bfloat16 where the processor multiplies it natively, else float32, unless given. tell: what goes on.
        Raises ValueError for an unknown preset, for missing or foreign weights, and for options it has not.
        """
        known = PRESETS | FULL_PRESETS
        if preset not in known:
            raise ValueError(f"there is no preset {preset!r}: choose one of {', '.join(known)}")
        chosen = known[preset]
        if options.as_published:
            chosen = as_published(chosen)
        usual = "cuda" if chosen.published and torch.cuda.is_available() else "cpu"
        device, decoder_device = _devices(options.device or usual)
        dtype = dtype or best_dtype(device)
        if not chosen.published:
            if options.random_weights or options.mode:
                raise ValueError(f"preset {preset} is as it is: leave out --random-weights and --mode")
            made = loading.bundled(chosen, folder or Path(str(resources.files("livetalk") / "assets" / chosen.name)))
        elif options.random_weights:
            made = loading.random_parts(chosen, device, dtype)
        else:
            made = loading.published(chosen, folder or default_folder(), device, dtype)
        performer = cls(
            chosen, made.student, made.codec, made.speech, made.text, made.version, seed, dtype, device, decoder_device
        )
        if options.mode:
            fast = options.mode == "fast"
            light = loading.fast_decoder(options.decoder, folder, options.random_weights) if fast else None
            accelerate(performer, options.mode, light, tell=tell)
        return performer

    @property
    def max_sessions(self) -> int | None:
        """Live sessions that the device's memory holds; None where that is no question."""
        if not self.preset.published or self.device.type != "cuda":
            return None
        fast = not isinstance(self.codec, WanCodec)
        memory = torch.cuda.get_device_properties(self.device).total_memory
        return memory_budget.memory_needs(self.preset, fast).sessions(memory)

    def new_speech_buffer(self) -> SpeechBuffer:
        """The sound of a new stream."""
        if self.preset.as_published:
            assert isinstance(self.speech, WindowedSpeech)
            return ClipSpeechBuffer(self.windows, self.speech)
        return SpeechBuffer(self.windows, self.speech)

    def record_event(self) -> torch.cuda.Event | None:
        """The end of what the device has been asked for until now, for `beside`."""
        if self._beside is None:
            return None
        done = torch.cuda.Event()
        done.record(torch.cuda.current_stream(self.device))
        return done

    @contextmanager
    def on_decode_stream(self, done: torch.cuda.Event | None) -> Iterator[None]:
        """Inside, the decoder has a queue of its own, which waits for `done` only."""
        if self._beside is None or done is None:
            yield
            return
        self._beside.wait_event(done)
        with torch.cuda.stream(self._beside):
            yield

    def silent(self, job: BlockPlan) -> bool:
        """Whether nothing is said in what is to be made of a block."""
        g = self.preset.geometry
        known = 0 if job.known is None else job.known.shape[2]
        made = g.time_compression * (g.block_latents - known)
        return not job.heard.audio[g.samples_before(max(0, len(job.frames) - made)) :].any()

    def kv_pool(self, sessions: int) -> StatePool:
        """Memory for so many streams of this performer."""
        shape = PoolShape.of(self.preset.dit, self.preset.geometry)
        rooms = self._rooms if self.preset.published else KVWorkspace(self._rooms.dtype)
        return StatePool(shape, sessions, self.dtype, self.device, rooms)

    def use_workspace(self, rooms: KVWorkspace) -> None:
        """Pools made from now on keep there what attention reads."""
        self._rooms = rooms

    def stream(
        self, slot: Slot, portrait: UInt8[np.ndarray, "h w 3"], prompt: str, seed: int | None = None
    ) -> AvatarStream:
        """A stream in a slot of a `pool`. `portrait` is framed and of the preset's size; `seed`: the performer's."""
        return AvatarStream(self, slot, portrait, prompt, self.seed if seed is None else seed)

    @torch.inference_mode()
    def encode_portrait(self, portrait: UInt8[np.ndarray, "h w 3"]) -> Float[Tensor, "1 c 1 h w"]:
        """The portrait's latent. Raises ValueError if it is not framed."""
        return self.codec.encode(self._pixels_of(portrait)[:, :, None]).float().to(self.device)

    @torch.inference_mode()
    def start_decoder(self, portrait: UInt8[np.ndarray, "h w 3"]) -> Carry:
        """The decoder's memory of a stream that begins with `portrait`. Raises ValueError if it is not framed."""
        return self.codec.start(1, self.decoder_device, self.dtype, self._pixels_of(portrait))

    def _pixels_of(self, portrait: UInt8[np.ndarray, "h w 3"]) -> Float[Tensor, "1 3 h w"]:
        size = self.preset.geometry.size
        if portrait.shape != (size, size, 3):
            raise ValueError(f"the portrait is {portrait.shape}: frame it to {size} x {size} x 3 first")
        pixels = torch.tensor(portrait, device=self.decoder_device).float() / 127.5 - 1
        return rearrange(pixels, "h w c -> 1 c h w").to(self.dtype)

    @torch.inference_mode()
    def encode_prompt(self, prompt: str) -> TextKV:
        """A prompt as the student attends to it; a very long one is cut, with a warning."""
        longest = self.preset.longest_prompt
        if len(prompt) > longest:
            warnings.warn(f"a prompt of {len(prompt)} characters is cut to {longest}", stacklevel=2)
        return self.student.project_text(self.text.encode([prompt[:longest]]).to(self.device))

    def perform(
        self, portrait: UInt8[np.ndarray, "h w 3"], speech: Iterable[Float[np.ndarray, " n"]], prompt: str
    ) -> Iterator[UInt8[np.ndarray, "t h w 3"]]:
        """Frames, block by block, as the speech (pieces of mono float32 at 16 kHz) comes in; the last block is whole.

        One block is denoised while the one before it is decoded. The same seed, inputs, dtype and machine give the
        same frames, however the speech is cut into pieces.
        """
        slot = self.kv_pool(1).open()
        try:
            yield from run_pipelined(self, self._jobs(slot, portrait, speech, prompt))
        finally:
            slot.close()

    def _jobs(
        self, slot: Slot, portrait: UInt8[np.ndarray, "h w 3"], speech: Iterable[np.ndarray], prompt: str
    ) -> Iterator[tuple[AvatarStream, BlockPlan]]:
        stream = self.stream(slot, portrait, prompt)
        for piece in speech:
            stream.push(np.ascontiguousarray(piece, np.float32))
            while stream.ready:
                yield stream, stream.plan()
        stream.end()
        while stream.speech.pending:
            yield stream, stream.plan()


def _devices(names: str) -> tuple[torch.device, torch.device]:
    """Where the transformer runs and where latents are decoded."""
    try:
        devices = [torch.device(name.strip()) for name in names.split(",")]
    except RuntimeError as error:
        raise ValueError(f"{names} is no device: give cpu, cuda, cuda:1, or two of them for two stages") from error
    gpus = torch.cuda.device_count()
    if len(devices) > 2 or any(device.type == "cuda" and (device.index or 0) >= gpus for device in devices):
        raise ValueError(f"{names} cannot be used: there are {gpus} CUDA devices here, and two stages at most")
    return devices[0], devices[-1]


def best_dtype(device: torch.device | None = None) -> torch.dtype:
    """bfloat16 where it is multiplied natively, else float32 (emulated bfloat16 is slower).

    oneDNN may be held to older instructions than the processor has; then it is as if there were no others.
    """
    if device is not None and device.type == "cuda":
        native = torch.cuda.get_device_capability(device) >= (8, 0)
    else:
        held = os.environ.get("ONEDNN_MAX_CPU_ISA", "ALL").upper()
        native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
        native = native and ("AMX" in held or held in NATIVE_BF16)
    return torch.bfloat16 if native else torch.float32
