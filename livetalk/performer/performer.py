"""Performer: loads a preset and turns a portrait, a prompt and speech into timed blocks of frames.

speech -> windows -> rollout -> decoder -> frames. Knows which weights a preset has and in which order the rooms
are called; how each room works is its own business, and files of sound or video are the caller's.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8

from livetalk.avatar.blocks import TimedBlock
from livetalk.codec.wan import WanCodec
from livetalk.performer import loading, memory_budget
from livetalk.performer.accelerate import accelerate
from livetalk.performer.block_plan import BlockPlan
from livetalk.performer.kv_pool import Slot
from livetalk.performer.networks import Networks, Portrait
from livetalk.performer.options import LoadOptions
from livetalk.performer.pipeline import run_pipelined
from livetalk.performer.stream import AvatarStream
from livetalk.presets import FULL_PRESETS, PRESETS, Preset, as_published
from livetalk.published.hub import default_folder
from livetalk.runtime.dtype import best_dtype


class Performer:
    """A loaded preset. One performer serves many streams; all memory of a stream is its own."""

    def __init__(self, networks: Networks, seed: int = 0) -> None:
        """seed: of the noise, and so of all that chance decides in a clip."""
        self.networks, self.seed = networks, seed

    @classmethod
    def load(
        cls,
        preset: str = "tiny",
        *,
        seed: int = 0,
        dtype: torch.dtype | None = None,
        folder: Path | None = None,
        options: LoadOptions = LoadOptions(),  # noqa: B008 - frozen
        tell: Callable[[str], None] = lambda words: None,
    ) -> "Performer":
        """Load a preset with its bundled or downloaded weights, or with those in `folder`.

        seed: of the noise that frames are made from. dtype: None takes bfloat16 where the processor multiplies it
        natively, else float32. options: device, acceleration and decoder of the published presets. tell: called with
        lines about what is being loaded. Raises ValueError for an unknown preset, for missing or foreign weights, and
        for options that the preset does not have.
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
            made = loading.bundled(chosen, folder or loading.bundle_folder(chosen))
        elif options.random_weights:
            made = loading.random_parts(chosen, device, dtype)
        else:
            made = loading.published(chosen, folder or default_folder(), device, dtype)
        networks = Networks.on(chosen, made, dtype, device, decoder_device)
        if options.mode:
            fast = options.mode == "fast"
            light = loading.fast_decoder(options.decoder, folder, options.random_weights) if fast else None
            networks = accelerate(networks, options.mode, light, tell=tell)
        return cls(networks, seed)

    @property
    def preset(self) -> Preset:
        return self.networks.preset

    @property
    def version(self) -> str:
        """Version of the transformer's weights."""
        return self.networks.version

    @property
    def dtype(self) -> torch.dtype:
        return self.networks.dtype

    @property
    def log(self) -> tuple[str, ...]:
        """Log of acceleration: what really runs."""
        return self.networks.log

    @property
    def max_sessions(self) -> int | None:
        """Live sessions that the device's memory holds; None where that is no question."""
        device = self.networks.device
        if not self.preset.published or device.type != "cuda":
            return None
        fast = not isinstance(self.networks.codec, WanCodec)
        memory = torch.cuda.get_device_properties(device).total_memory
        return memory_budget.memory_needs(self.preset, fast).sessions(memory)

    def perform(
        self, portrait: Portrait, speech: Iterable[Float[np.ndarray, " n"]], prompt: str
    ) -> Iterator[TimedBlock]:
        """Generate timed blocks of frames and sound while the speech comes in.

        portrait: RGB [h w 3], uint8 or floats in 0..1, framed by `conditions.portrait.load_portrait`. speech: pieces of
        mono floats [n] in [-1, 1] at 16 kHz, of any length. prompt: how it is said, in English. Blocks have 12 frames
        (the first 9) at 16 frames a second; the last one ends with the frame in which the speech ends. One block is
        denoised while the one before it is decoded. The same seed, inputs, dtype and machine give the same frames,
        however the speech is cut. Raises ValueError for another portrait and for speech of other samples.
        """
        slot = self.networks.kv_pool(1).open()
        try:
            for plan, frames in run_pipelined(self.networks, self._jobs(slot, portrait, speech, prompt)):
                yield _until_speech_ends(plan, frames, self.preset.geometry.samples_per_frame)
        finally:
            slot.close()

    def _jobs(
        self, slot: Slot, portrait: Portrait, speech: Iterable[np.ndarray], prompt: str
    ) -> Iterator[tuple[AvatarStream, BlockPlan]]:
        stream = AvatarStream(self.networks, slot, portrait, prompt, self.seed)
        for piece in speech:
            stream.push(np.ascontiguousarray(piece, np.float32))
            while stream.ready:
                yield stream, stream.plan()
        stream.end()
        while stream.speech.pending:
            yield stream, stream.plan()


def _until_speech_ends(plan: BlockPlan, frames: UInt8[np.ndarray, "t h w 3"], samples_per_frame: int) -> TimedBlock:
    """What a block shows while there is speech in it; only the last block has less than it could hold."""
    heard = plan.heard
    spoken = -(-heard.taken // samples_per_frame)
    return TimedBlock(
        plan.index,
        plan.frames.start,
        frames[:spoken],
        heard.audio[: spoken * samples_per_frame],
        heard.speaking,
        speech_samples=heard.taken,
    )


def _devices(names: str) -> tuple[torch.device, torch.device]:
    """Where the transformer runs and where latents are decoded."""
    try:
        devices = [torch.device(name.strip()) for name in names.split(",")]
    except RuntimeError as error:
        raise ValueError(f"{names} is not a device: give cpu, cuda, cuda:1, or two of them for two stages") from error
    gpus = torch.cuda.device_count()
    if len(devices) > 2 or any(device.type == "cuda" and (device.index or 0) >= gpus for device in devices):
        raise ValueError(f"{names} cannot be used: there are {gpus} CUDA devices here, and two stages at most")
    return devices[0], devices[-1]
