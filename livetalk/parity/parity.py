"""Numerical parity with the published implementation: recorded cases are run, and the distance is measured.

A case is a folder: `case.json` (kind, config, tolerance), `io.safetensors` (inputs and expected outputs) and
`weights.safetensors` (or, in `case.json`, the name of the case beside it that has them), each as it is or xz-compressed
with `.xz` after its name. Everything runs in float32
on the CPU. Knows the format of cases and which of our functions answers which kind; no numerics of its own.
"""

import argparse
import json
import lzma
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from einops import rearrange
from rich.console import Console
from safetensors.torch import load, load_file
from torch import Tensor

from livetalk.codec.wan import WanCodec, WanConfig
from livetalk.conditions.speech_wav2vec2 import Wav2Vec2Speech, build_wav2vec2
from livetalk.conditions.text_umt5 import build_umt5, embed
from livetalk.dit.audio import pack_audio
from livetalk.dit.config import DiTConfig, published_audio_blocks
from livetalk.dit.masks import block_causal, blocks_of_frames
from livetalk.dit.model import DiT
from livetalk.flow.schedule import shifted_table
from livetalk.performer.rollout import BlockConditions, DenoisingSteps, begin, next_block

RTOL = 1e-3  # of cases that name none

Answers = dict[str, tuple[Tensor, Tensor]]
"""Output's name -> (ours, expected)."""


@dataclass(frozen=True)
class Case:
    """One recorded case as it lies on disk."""

    folder: Path
    spec: dict[str, Any]
    tensors: dict[str, Tensor]

    @property
    def kind(self) -> str:
        return self.spec["kind"]

    def weights(self) -> dict[str, Tensor]:
        """The case's weights as float32."""
        owner = self.spec.get("weights")
        folder = self.folder.parent / owner if owner else self.folder
        return {name: tensor.float() for name, tensor in read_tensors(folder / "weights.safetensors").items()}


@dataclass(frozen=True)
class CaseResult:
    """How a case went. `error` is the worst relative error of its outputs, None for a kind we do not know."""

    case: str
    kind: str
    error: float | None
    rtol: float

    @property
    def holds(self) -> bool:
        """True if the case is within tolerance or was skipped. NaN does not hold."""
        return self.error is None or self.error <= self.rtol

    def __str__(self) -> str:
        if self.error is None:
            return f"{self.case:20} skipped (unknown kind {self.kind!r})"
        return f"{self.case:20} error {self.error:.2e}  rtol {self.rtol:.0e}  {'ok' if self.holds else 'FAILED'}"


def relative_error(ours: Tensor, expected: Tensor) -> float:
    """|ours - expected| / |expected|; infinite where shapes differ."""
    if ours.shape != expected.shape:
        return float("inf")
    return ((ours.double() - expected.double()).norm() / expected.double().norm()).item()


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Tensors of a safetensors file; where there is none, of the compressed one beside it (`path`.xz)."""
    return load_file(path) if path.exists() else load(lzma.decompress(path.with_name(f"{path.name}.xz").read_bytes()))


def read_cases(directory: Path) -> list[Case]:
    """Every case in `directory`, by name.

    Raises:
        ValueError: there is none.
    """
    specs = sorted(directory.glob("*/case.json"))
    if not specs:
        raise ValueError(f"no case in {directory}: give a directory with folders that hold a case.json")
    return [Case(p.parent, json.loads(p.read_text()), read_tensors(p.parent / "io.safetensors")) for p in specs]


@torch.inference_mode()
def run_case(case: Case) -> CaseResult:
    """Compute the case's outputs and compare all of them with the recorded ones."""
    answers = _answer(case)
    error = None
    if answers is not None:
        errors = torch.tensor([relative_error(*pair) for pair in answers.values()], dtype=torch.float64)
        error = errors.max().item()  # NaN wins
    return CaseResult(case.folder.name, case.kind, error, case.spec.get("rtol", RTOL))


def _answer(case: Case) -> Answers | None:
    match case.kind:
        case "schedule":
            return _schedule(case)
        case "vae":
            return _vae(case)
        case "dit_bidirectional":
            return _dit_bidirectional(case)
        case "dit_causal_train":
            return _dit_causal_train(case)
        case "dit_causal_stream":
            return _dit_causal_stream(case)
        case "umt5":
            io = case.tensors
            return {"embeds": (embed(build_umt5(case.weights()), io["ids"], io["mask"]), io["embeds"])}
        case "wav2vec2":
            encoder = Wav2Vec2Speech(build_wav2vec2(case.weights(), case.spec["config"]["num_attention_heads"]))
            return {"embeds": (encoder(case.tensors["audio"], case.spec["inputs"]["frames"]), case.tensors["embeds"])}
        case _:
            return None


def _schedule(case: Case) -> Answers:
    """Tensors are named [train_]sigmas_N and [train_]timesteps_N."""
    answers: Answers = {}
    for name, expected in case.tensors.items():
        values, steps = name.removeprefix("train_").rsplit("_", 1)
        table = shifted_table(int(steps), case.spec["shift"])
        answers[name] = (table.sigmas if values == "sigmas" else table.timesteps, expected)
    return answers


def _vae(case: Case) -> Answers:
    config, tensors = case.spec["config"], case.tensors
    codec = WanCodec(
        WanConfig(
            width=config["dim"],
            multipliers=tuple(config["dim_mult"]),
            depth=config["num_res_blocks"],
            halves_time=tuple(config["temporal_downsample"]),
        )
    )
    codec.load_state_dict(case.weights())
    latents, expected = tensors["latents"], tensors["reconstruction"]
    carry, frames = codec.start(len(latents), latents.device, latents.dtype), []
    for latent in latents.split(1, dim=2):
        pixels, carry = codec.step(latent, carry)
        frames.append(pixels)
    return {
        "latents": (codec.encode(tensors["pixels"]), latents),
        "reconstruction": (codec.decode(latents), expected),
        "streamed": (torch.cat(frames, dim=2), expected),
    }


def _dit(case: Case) -> DiT:
    config = case.spec["config"]
    model = DiT(
        DiTConfig(
            dim=config["dim"],
            layers=config["num_layers"],
            heads=config["num_heads"],
            ffn_dim=config["ffn_dim"],
            latent_channels=config["out_dim"],
            text_dim=config["text_dim"],
            audio_dim=config["audio_in_dim"],
            audio_hidden=config["audio_hidden_size"],
            audio_blocks=published_audio_blocks(config["num_layers"]),
            freq_dim=config["freq_dim"],
            patch=config["patch_size"][1],
            eps=config["eps"],
        )
    )
    model.load_state_dict(case.weights())
    return model


def _dit_bidirectional(case: Case) -> Answers:
    """`outputs` says which timestep, [b], each velocity was recorded at."""
    io, model = case.tensors, _dit(case)
    answers: Answers = {}
    for output, timestep in case.spec["outputs"].items():
        t = io[timestep][:, None].expand(-1, io["x"].shape[2])
        ours = model(io["x"], t, io["y"], io["context"], pack_audio(io["audio"]))
        answers[output] = (ours, io[output])
    return answers


def _dit_causal_train(case: Case) -> Answers:
    """One timestep a latent frame; every block sees itself and all before it."""
    assert case.spec["window_frames"] == -1, "training masks have no window"
    io, model = case.tensors, _dit(case)
    _, _, f, h, w = io["x"].shape
    tokens = h * w // model.config.patch**2
    mask = block_causal(blocks_of_frames(f, case.spec["block_frames"]), tokens)
    ours = model(io["x"], io["timestep"], io["y"], io["context"], pack_audio(io["audio"]), mask=mask)
    return {"velocity": (ours, io["velocity"])}


def _dit_causal_stream(case: Case) -> Answers:
    """The block loop with recorded noise; frames come before channels in its tensors."""
    spec, io, model = case.spec, case.tensors, _dit(case)
    frames, window = spec["block_frames"], spec["window_frames"]
    noise = rearrange(io["noise"], "b (k f) c h w -> k b c f h w", f=frames)
    renoise = rearrange(io["renoise"], "k step b f c h w -> k step b c f h w")
    audio = rearrange(pack_audio(io["audio"]), "b (k f) g -> k b f g", f=frames)
    ladder = DenoisingSteps(tuple(spec["steps"]), tuple(spec["sigmas"]))
    tokens = noise.shape[-1] * noise.shape[-2] // model.config.patch**2
    state = begin(tokens, frames, spec["sink_frames"], window - spec["sink_frames"], positions="absolute")
    velocities: list[Tensor] = []

    def note(_model: DiT, _inputs: tuple[Any, ...], velocity: Tensor) -> None:
        velocities.append(velocity)

    model.register_forward_hook(note)
    latents, answers = [], {}
    for block in range(spec["blocks"]):
        given = [noise[block], *renoise[block]]
        conditions = BlockConditions(io["image_latent"], io["context"], audio[block])
        clean, state = next_block(model, given.__getitem__, conditions, state, ladder)
        latents.append(clean)
        if (name := f"last_velocity_block{block}") in io:
            answers[name] = (rearrange(velocities[-1], "b c f h w -> b f c h w"), io[name])
    answers["latents"] = (rearrange(torch.cat(latents, 2), "b c f h w -> b f c h w"), io["latents"])
    return answers


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases of a directory, a line each. Exit code 1 if any is over its tolerance, 2 if there is none."""
    parser = argparse.ArgumentParser(prog="parity", description="Compare our numbers with recorded ones.")
    parser.add_argument("directory", type=Path, help="directory of cases")
    directory = parser.parse_args(arguments).directory
    console = Console(soft_wrap=True, highlight=False, markup=False)
    try:
        cases = read_cases(directory)
    except ValueError as error:
        console.print(str(error))
        return 2
    held = True
    for case in cases:
        outcome = run_case(case)
        console.print(str(outcome))
        held = held and outcome.holds
    return 0 if held else 1
