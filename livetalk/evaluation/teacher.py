"""Teacher sampling: whole clips in many guided steps, and the speed-up of the student distilled from it.

Three passes a step (nothing, text, text and speech) through the walk that distillation itself uses, the portrait
pinned as latent frame 0. Knows a performer's networks, whose codec and encoders it borrows; not where figures go.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from torch import Tensor
from torch.nn import functional

from livetalk.avatar.blocks import TimedBlock
from livetalk.conditions.lids import blinking, with_lids
from livetalk.conditions.speech_wav2vec2 import WindowedSpeech
from livetalk.dit.audio import pack_audio
from livetalk.dit.model import DiT
from livetalk.nn.kernels.onednn import pack_linears
from livetalk.performer.loading import published, random_parts
from livetalk.performer.networks import Networks
from livetalk.performer.stages import to_bytes
from livetalk.presets import Preset
from livetalk.published.hub import default_folder
from livetalk.recipes.config import Guidance
from livetalk.recipes.distill.clips import ClipBatch
from livetalk.recipes.distill.self_rollout import rolled
from livetalk.recipes.distill.trajectories import sample_trajectory
from livetalk.recipes.run import load_dit
from livetalk.runtime.dtype import best_dtype

GUIDANCE = Guidance(2.0, 2.5)  # of text and of speech, as in the trajectories that the student learns from
FULL_GUIDANCE = Guidance(4.5, 4.5)  # of the published sizes, as OmniAvatar's authors sample (arXiv:2506.18866)
PLACES = (Path("checkpoints/teacher"), Path(__file__).parents[2] / "checkpoints" / "teacher")
NAME = "teacher.safetensors"
TIMED = 3  # rollouts of a whole clip, after one that is not timed; the teacher walks once, which takes minutes


@dataclass(frozen=True)
class Walked:
    """Latent frames a second, denoised only."""

    student: float
    teacher: float

    @property
    def speedup(self) -> float:
        return self.student / self.teacher


def find_teacher(given: Path | None) -> Path:
    """The teacher's weights: a file, or a folder that holds them. Raises ValueError if there are none."""
    for place in (given,) if given is not None else PLACES:
        path = place / NAME if place.is_dir() else place
        if path.is_file():
            return path
    looked = given or PLACES[0]
    raise ValueError(
        f"there is no teacher at {looked}: name its weights with --teacher-weights, or leave --teacher out"
    )


def open_full_teacher(
    preset: Preset, weights: Path | None, folder: Path | None = None, device: str | None = None
) -> "Teacher":
    """A teacher of a published size. weights: its transformer, None for random numbers; folder: the other files.

    Raises ValueError for files that are missing or hold something else.
    """
    place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    dtype = best_dtype(place)
    if weights is None:
        parts = random_parts(preset, place, dtype)
    else:
        parts = published(preset, folder or default_folder(), place, dtype, weights)
    return Teacher(Networks.on(preset, parts, dtype, place), None, FULL_GUIDANCE)


class Teacher:
    """See the module docstring. A `Player` of whole clips: all the speech is heard before the first frame is made."""

    def __init__(self, networks: Networks, weights: Path | None, guidance: Guidance = GUIDANCE) -> None:
        """weights: None where the networks' own transformer is the teacher. Raises ValueError for another preset's."""
        self.networks, self.guidance = networks, guidance
        if weights is None:
            assert isinstance(networks.student, DiT), "teachers run as they are"
            self.model = networks.student
            return
        try:
            model = load_dit(networks.preset, weights)
        except RuntimeError as error:
            raise ValueError(f"{weights} is not a teacher of preset {networks.preset.name}: give its own") from error
        self.model = model.to(networks.device, networks.dtype).eval().requires_grad_(False)
        pack_linears(self.model)

    @torch.inference_mode()
    def perform(
        self, portrait: UInt8[np.ndarray, "h w 3"], speech: Iterable[Float32[np.ndarray, " n"]], prompt: str
    ) -> Iterator[TimedBlock]:
        """The whole clip, a latent frame at a time, until the speech ends."""
        sound, shown = np.concatenate(list(speech)), 0
        per_frame = self.networks.preset.geometry.samples_per_frame
        clip = self.conditions(portrait, sound, prompt)
        sound = np.pad(sound, (0, -len(sound) % per_frame))
        latents = self.walk(clip)
        carry = self.networks.start_decoder(portrait)
        for index, latent in enumerate(latents.to(self.networks.dtype).split(1, dim=2)):
            pixels, carry = self.networks.codec.step(latent, carry)
            frames = to_bytes(pixels)[0][: len(sound) // per_frame - shown]
            if not len(frames):
                return
            audio = sound[shown * per_frame :][: len(frames) * per_frame]
            yield TimedBlock(index, shown, frames, audio, speaking=True)
            shown += len(frames)

    @torch.inference_mode()
    def conditions(
        self, portrait: UInt8[np.ndarray, "h w 3"], sound: Float32[np.ndarray, " n"], prompt: str
    ) -> ClipBatch:
        """Conditions of a clip of this sound; its latents are empty but for the portrait's."""
        p, g = self.networks, self.networks.preset.geometry
        rows = self._rows(torch.from_numpy(np.ascontiguousarray(sound)))
        rows = rows[None].float()
        if p.preset.dit.lids:
            rows = with_lids(rows, blinking(0, rows.shape[1], 0, g)[None])
        audio = pack_audio(rows, g.time_compression).to(p.device)
        latents = torch.zeros(1, g.latent_channels, audio.shape[1], g.latent_size, g.latent_size, device=p.device)
        latents[:, :, :1] = p.encode_portrait(portrait)
        text = p.text.encode([prompt]).to(p.device)
        return ClipBatch(latents, audio, text, weight=torch.ones_like(latents[:, :1]), moves=torch.zeros_like(audio))

    def _rows(self, sound: Float[Tensor, " n"]) -> Float[Tensor, "t a"]:
        """A row a frame; of the published sizes the clip is encoded as a whole, as its authors do."""
        p, g = self.networks, self.networks.preset.geometry
        if not isinstance(p.speech, WindowedSpeech):
            return p.windows.features(p.speech, sound)
        frames = g.frames_of(g.latents_of(-(-len(sound) // g.samples_per_frame)))
        heard = functional.pad(sound, (0, frames * g.samples_per_frame - len(sound)))[
            : (frames - 1) * g.samples_per_frame
        ]
        return p.speech.clip(heard[None].to(next(p.speech.parameters()).device), frames)[0]

    @torch.inference_mode()
    def walk(self, clip: ClipBatch, seed: int = 0) -> Float[Tensor, "b c f h w"]:
        """Clean latents of the clip."""
        preset = self.networks.preset
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(seed)
            return sample_trajectory(self.model, clip, self.guidance, preset.teacher_steps, preset.shift)[-1]

    def race(self, portrait: UInt8[np.ndarray, "h w 3"], sound: Float32[np.ndarray, " n"], prompt: str) -> Walked:
        """Denoise the same clip with both, the student some times over: it is done before a clock is warm."""
        clip = self.conditions(portrait, sound, prompt)
        self._rolled(clip)
        spent = [_timed(self._rolled, clip) for _ in range(TIMED)]
        latents = clip.latents.shape[2]
        return Walked(latents / float(np.median(spent)), latents / _timed(self.walk, clip))

    @torch.inference_mode()
    def _rolled(self, clip: ClipBatch) -> None:
        """The student's latents of the clip, block by block as in serving, the pass that remembers a block included."""
        p = self.networks
        assert isinstance(p.student, DiT), "students with a teacher of ours run as they are"
        rolled(p.student, clip, p.preset.geometry, p.steps)


def _timed(make: Callable[[ClipBatch], object], clip: ClipBatch) -> float:
    began = time.perf_counter()
    make(clip)
    return time.perf_counter() - began
