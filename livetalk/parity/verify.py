"""Verification against the authors' implementation, stage by stage, from a recording of one clip of theirs.

A recording is a folder: `recording.json` (format, prompt, dtype, tolerances) and `io.safetensors`. Every stage whose
input and output are both recorded is computed from the recorded input, so that errors do not add up and the stage at
fault is named. Noise is recorded, not drawn. Knows recordings and which of our functions answers which tensor;
docs/full_size.md says how the authors' script is recorded.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from livetalk.dit.audio import pack_audio
from livetalk.performer.networks import Networks
from livetalk.performer.performer import Performer
from livetalk.performer.rollout import BlockConditions, begin, next_block
from livetalk.performer.stages import to_bytes
from livetalk.weights import load_tensors, save_tensors

FORMAT = 1
# Relative errors within which two honest implementations lie: by the numbers they compute in.
TOLERANCES = {"float32": 1e-3, "bfloat16": 5e-2, "float16": 2e-2}
GREY = 2.0  # grey levels that decoded frames may differ by in the mean
STAGES = {  # what is computed -> what must be recorded for it, and its output
    "portrait": (("portrait",), "reference"),
    "prompt": ((), "text"),
    "speech": (("speech",), "audio"),
    "transformer": (("noise", "renoise", "reference", "text", "audio"), "latents"),
    "decoder": (("latents",), "frames"),
}


@dataclass(frozen=True)
class Recording:
    """Tensors by name (shapes in docs/full_size.md) and what they were made with."""

    tensors: dict[str, Tensor]
    prompt: str
    dtype: str
    tolerances: dict[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> "Recording":
        """Raises ValueError for a folder that is no recording of this format."""
        path = folder / "recording.json"
        if not path.is_file():
            raise ValueError(f"{folder} has no recording.json: see docs/full_size.md for how to make a recording")
        try:
            told = json.loads(path.read_text())
        except json.JSONDecodeError as error:
            raise ValueError(f"{path} is not JSON ({error}): record again") from error
        if told.get("format") != FORMAT or told.get("dtype") not in TOLERANCES:
            raise ValueError(f"{path} needs format {FORMAT} and a dtype of {', '.join(TOLERANCES)}: record again")
        tensors, _ = load_tensors(folder / "io.safetensors")
        return cls(tensors, told.get("prompt", ""), told["dtype"], told.get("tolerances", {}))

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        save_tensors(folder / "io.safetensors", self.tensors)
        told = {"format": FORMAT, "prompt": self.prompt, "dtype": self.dtype, "tolerances": self.tolerances}
        (folder / "recording.json").write_text(json.dumps(told, indent=1) + "\n")

    @property
    def stages(self) -> list[str]:
        """Stages that can be computed and compared."""
        return [
            stage
            for stage, (inputs, output) in STAGES.items()
            if output in self.tensors and all(name in self.tensors for name in inputs)
        ]

    def tolerance(self, stage: str) -> float:
        return self.tolerances.get(stage, GREY if stage == "decoder" else TOLERANCES[self.dtype])


@dataclass(frozen=True)
class Verdict:
    """How far a stage is from the recording. blocks: the same, block by block, where a stage has blocks."""

    stage: str
    error: float
    tolerance: float
    blocks: tuple[float, ...] = ()

    @property
    def holds(self) -> bool:
        return self.error <= self.tolerance  # NaN does not

    def __str__(self) -> str:
        line = f"{self.stage:12} error {self.error:.2e}  of {self.tolerance:.0e}  {'ok' if self.holds else 'FAILED'}"
        return line + (f"  (by block: {', '.join(f'{error:.1e}' for error in self.blocks)})" if self.blocks else "")


def verify(performer: Performer, recording: Recording) -> Iterator[Verdict]:
    """Verdicts, as they come. `performer` was loaded as published.

    Raises:
        ValueError: nothing can be compared, or a tensor has another shape than this preset.
    """
    assert performer.preset.as_published
    if not recording.stages:
        raise ValueError("the recording holds no stage's input and output together: see docs/full_size.md")
    for stage in recording.stages:
        ours, theirs = _computed(performer.networks, recording, stage), recording.tensors[STAGES[stage][1]]
        if ours.shape != theirs.shape:
            raise ValueError(f"{stage}: recorded {list(theirs.shape)}, computed {list(ours.shape)}: record this preset")
        if stage == "decoder":
            error = float((ours.float() - theirs.float()).abs().mean())
            yield Verdict(stage, error, recording.tolerance(stage))
            continue
        blocks: tuple[float, ...] = ()
        if stage == "transformer":
            size = performer.preset.geometry.block_latents
            pairs = zip(ours.split(size, 2), theirs.split(size, 2), strict=True)
            blocks = tuple(_apart(one, other) for one, other in pairs)
        yield Verdict(stage, _apart(ours, theirs), recording.tolerance(stage), blocks)


def _apart(ours: Tensor, theirs: Tensor) -> float:
    return float((ours.double() - theirs.double()).norm() / theirs.double().norm().clamp_min(1e-30))


@torch.inference_mode()
def _computed(networks: Networks, recording: Recording, stage: str) -> Tensor:
    given = {name: tensor.to(networks.device) for name, tensor in recording.tensors.items()}
    match stage:
        case "portrait":
            made = networks.encode_portrait(given["portrait"].cpu().numpy())
        case "prompt":
            made = networks.text.encode([recording.prompt])
        case "speech":
            clip: Any = networks.speech
            made = clip.clip(given["speech"][None], given["audio"].shape[1])
        case "transformer":
            made = _rolled(networks, given)
        case _:
            codec = networks.codec
            carry = codec.start(1, networks.decoder_device, networks.dtype)
            made = torch.from_numpy(to_bytes(codec.step(given["latents"].to(networks.decoder_device), carry)[0])[0])
    return made.cpu()


def _rolled(networks: Networks, given: dict[str, Tensor]) -> Tensor:
    """The block loop with recorded noise and conditions."""
    g = networks.preset.geometry
    text = networks.student.project_text(given["text"])
    audio = pack_audio(given["audio"].to(networks.dtype), g.time_compression)
    state = begin(g.tokens_per_latent, g.block_latents, g.anchor_latents, g.rolling_latents, "absolute")
    made = []
    for block, noise in enumerate(given["noise"].float().split(g.block_latents, 2)):
        steps = [noise, *given["renoise"][block].float()]
        heard = audio[:, block * g.block_latents : (block + 1) * g.block_latents]
        conditions = BlockConditions(given["reference"].float(), text, heard)
        latents, state = next_block(networks.student, steps.__getitem__, conditions, state, networks.steps)
        made.append(latents)
    return torch.cat(made, 2)


@torch.inference_mode()
def record(performer: Performer, portrait: np.ndarray, speech: np.ndarray, prompt: str, blocks: int = 7) -> Recording:
    """A recording of our own numbers: to hold another machine, type or mode against this one."""
    assert performer.preset.as_published
    g, steps = performer.preset.geometry, len(performer.networks.steps)
    frames = g.frames_of(blocks * g.block_latents)
    heard = np.resize(speech, g.samples_before(frames - 1)).astype(np.float32)
    random = torch.Generator().manual_seed(performer.seed)
    size = (1, g.latent_channels, blocks * g.block_latents, g.latent_size, g.latent_size)
    again = (blocks, steps - 1, 1, g.latent_channels, g.block_latents, g.latent_size, g.latent_size)
    tensors = {
        "portrait": torch.from_numpy(np.ascontiguousarray(portrait)),
        "speech": torch.from_numpy(heard),
        "noise": torch.randn(size, generator=random),
        "renoise": torch.randn(again, generator=random),
        "audio": torch.empty(1, frames, 0),
    }
    made = Recording(tensors, prompt, str(performer.dtype).removeprefix("torch."))
    for stage, (_, output) in STAGES.items():
        tensors[output] = _computed(performer.networks, made, stage).contiguous()
    return made
