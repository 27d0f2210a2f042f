"""Where the frozen tests meet the package: every internal name they need is imported here, at the top, nowhere else.

A move or a rename changes these imports; what the functions give back must stay. `python frozen.py KIND OUT` does the
work of a kind in a process of its own, whose processor does the same arithmetic as on most machines (`ALIKE`).
"""

import io
import json
import os
import platform
import subprocess
import sys
import wave
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import av
import numpy as np
import torch
import typer
from jaxtyping import UInt8

from livetalk import LivePerformer, Performer
from livetalk.cli.console import ASSETS
from livetalk.cli.main import app
from livetalk.live.snapshots import from_bytes, to_bytes
from livetalk.presets import MINIATURE
from livetalk.recipes import run as recipe
from livetalk.recipes.codec.frames import FrameBuffer
from livetalk.recipes.config import (
    Budget,
    CodecTraining,
    DmdTraining,
    FinishTraining,
    OdeTraining,
    TeacherTraining,
)
from livetalk.recipes.context import RunContext
from livetalk.recipes.distill.clips import LatentBuffer
from livetalk.recipes.distill.held_out import HeldOut
from livetalk.recipes.distill.moves import MOVES, known_moves
from livetalk.training.distributed import Distributed
from livetalk.weights import SCALE as SCALE
from livetalk.weights import decompress as decompress
from livetalk.weights import load_tensors as load_tensors

SCRIPT = Path(__file__)
ROOT = SCRIPT.parents[2]
FACES = ("ada", "kofi")
PORTRAITS = Path(__file__).parents[1] / "frozen" / "faces"
PROMPT = "a happy person talks and nods"
RATE, PER_FRAME, SECONDS = 16_000, 1_000, 2
BUNDLES = {
    "teacher": ROOT / "checkpoints" / "teacher" / "teacher.safetensors",
    **{path.stem: path for path in sorted((ASSETS / "tiny").glob("*.safetensors"))},
}
ALIKE = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",  # also: float32 where the processor would multiply bfloat16
    "MKL_CBWR": "COMPATIBLE",
    "CUDA_VISIBLE_DEVICES": "",
}


def process(*words: object, folder: Path | None = None) -> str:
    """Runs Python with `words` as described in the module docstring -> standard output."""
    environment = os.environ | ALIKE | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *map(str, words)], env=environment, cwd=folder, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def machine() -> str:
    """What the exact bits of a network's output depend on: builds and the processor's instructions."""
    path, facts = Path("/proc/cpuinfo"), dict[str, str]()
    for line in reversed(path.read_text().splitlines() if path.exists() else []):  # the first processor's stay
        name, _, value = line.partition(":")
        facts[name.strip()] = value.strip()
    flags = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_tile") if flag in facts.get("flags", "").split()]
    processor = [facts.get(name, platform.machine()) for name in ("vendor_id", "cpu family", "model")]
    return " ".join([f"torch {torch.__version__}, av {av.__version__},", *processor, *flags])


def speech() -> np.ndarray:
    """The first seconds of a bundled recording, int16 [n]."""
    pieces = []
    with av.open(str(ASSETS / "speech" / "hello.ogg")) as container:
        resampler = av.AudioResampler("s16", "mono", RATE)
        for frame in container.decode(audio=0):
            pieces += [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
    return np.concatenate(pieces)[: RATE * SECONDS]


def save_speech(path: Path) -> Path:
    """`speech` as a wav file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(speech().tobytes())
    return path


def film(path: Path) -> tuple[np.ndarray, dict[str, str]]:
    """Frames [t h w 3] and tags of an mp4."""
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]), container.metadata


def talking(out: Path) -> None:
    """Frames of `FACES` [face, t, h, w, 3] into an npy file, as `generate` makes them."""
    sound = speech().astype(np.float32) / 32768
    performer = Performer.load("tiny", seed=0, dtype=torch.float32)
    shown = []
    for name in FACES:
        blocks = performer.perform(picture(name), [sound], PROMPT)
        frames = np.concatenate([getattr(block, "frames", block) for block in blocks])
        shown.append(frames[: -(-len(sound) // PER_FRAME)])
    np.save(out, np.stack(shown))


def picture(name: str) -> np.ndarray:
    """A portrait that was bundled when frames were recorded, u8 [h w 3]."""
    from PIL import Image

    with Image.open(PORTRAITS / f"{name}.png") as file:
        return np.asarray(file.convert("RGB"))


def training(out: Path) -> None:
    """Metrics of every stage of the recipe in miniature, a few steps each, into a JSON file; its folder is the run."""
    folder, world = out.parent, Distributed()
    context = RunContext(MINIATURE, folder, Budget(steps=4), world)
    torch.manual_seed(0)
    opening = torch.nn.functional.interpolate(torch.rand(6, 1, 20), 81, mode="linear")[:, 0]
    boxes = torch.tensor([[24.0, 20.0], [40.0, 20.0], [32.0, 40.0]]).expand(6, 81, 3, 2)
    ground = (torch.rand(6, 1, 1, 1, 3) * 120 + 80).expand(-1, 81, 64, 64, -1)
    rows, columns = torch.arange(64).view(1, 1, 64, 1, 1), torch.arange(64).view(1, 1, 1, 64, 1)
    inside = ((rows - 40).abs() < 2 + 8 * opening[:, :, None, None, None]) & ((columns - 32).abs() < 10)
    frames = torch.where(inside, torch.tensor(20.0), ground).byte()
    ring = FrameBuffer(6, 81, 64, world.device)
    ring.add(frames, boxes)
    recipe.train_codec(context, ring, CodecTraining(batch=2))
    start, finish = folder / "codec.safetensors", FinishTraining(stretches=4, batch=2, crop=32, adversary=1.0)
    torch.manual_seed(1)
    recipe.train_finish(replace(context, folder=folder / "last"), ring, start, finish)
    torch.manual_seed(2)
    bank = LatentBuffer(6, world.device)
    latents = recipe.encode_clips(recipe.load_codec(MINIATURE, folder), frames, world.device)
    audio = torch.nn.functional.pad(opening[..., None], (0, 64))
    lips = known_moves(opening, *(len(MOVES) - 1) * (0 * opening,))
    bank.add(latents, audio, torch.randn(6, 24, 128), boxes, 64, lips, torch.arange(6) > 2)
    context = replace(context, held_out=HeldOut({"heads": bank.take(torch.arange(2))}, {}))
    recipe.train_teacher(context, bank, TeacherTraining(batch=2, show_steps=2))
    recipe.train_ode(context, bank, OdeTraining(trajectories=4, batch=2))
    recipe.train_dmd(replace(context, budget=Budget(steps=6)), bank, DmdTraining(batch=2, critic_warmup=2))
    stages = {"codec": "codec", "finish": "last/finish", "teacher": "teacher", "ode": "ode", "dmd": "dmd"}
    out.write_text(json.dumps({name: _metrics(folder / place) for name, place in stages.items()}))


def _metrics(folder: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in row.items() if name not in ("seconds", "steps_per_s")} for row in rows]


def snapshot(data: bytes | None = None) -> bytes:
    """The bytes of a session of `tiny`, a second old; or of one that was opened from `data`, at once."""
    performer = Performer.load("tiny", seed=0, dtype=torch.float32)
    with LivePerformer(performer, sessions=1) as live:
        kept = None if data is None else from_bytes(data)
        session = live.open(picture("ada"), PROMPT, 7, kept)
        while data is None and session.taken_frames < 21:
            assert session.take(timeout=30) is not None
        session.pause()
        return to_bytes(session.snapshot() if kept is None else kept)


def goes_on(data: bytes) -> UInt8[np.ndarray, "t h w 3"]:
    """The next frames of a session that is opened from a snapshot."""
    with LivePerformer(Performer.load("tiny", seed=0, dtype=torch.float32), sessions=1) as live:
        block = live.open(picture("ada"), PROMPT, 7, from_bytes(data)).take(timeout=30)
        assert block is not None
        return block.frames


def inside(data: bytes) -> dict[str, Any]:
    """A snapshot as torch reads it when it may read nothing but tensors and numbers."""
    return torch.load(io.BytesIO(data), weights_only=True)


def commands() -> dict[str, dict[str, Any]]:
    """Every command's parameters: kind, default, whether it must be given, choices, limits."""
    found: dict[str, dict[str, Any]] = {}

    def walk(command: Any, path: str) -> None:
        found[path] = {" ".join([*each.opts, *each.secondary_opts]): _parameter(each) for each in command.params}
        for name, each in getattr(command, "commands", {}).items():
            walk(each, f"{path} {name}")

    walk(typer.main.get_command(app), "livetalk")
    return found


def _parameter(parameter: Any) -> dict[str, Any]:
    default = parameter.default
    facts = {"default": default if isinstance(default, bool | int | float | str | list | None) else str(default)}
    facts |= {"kind": _kind(parameter)}
    for name, usual in {"required": False, "nargs": 1, "multiple": False, "is_flag": False}.items():
        if getattr(parameter, name, usual) != usual:
            facts[name] = getattr(parameter, name)
    for name in ("min", "max"):
        limit = getattr(parameter, name, getattr(getattr(parameter, "type", None), name, None))
        if limit is not None:
            facts[name] = limit
    return facts


def _kind(parameter: Any) -> str:
    """Of click and of Typer, which describe types differently. Choices stand in their order."""
    if hasattr(parameter, "type"):
        return " ".join(map(str, getattr(parameter.type, "choices", [parameter.type.name])))
    hint = parameter.type_descriptor.annotation
    while get_origin(hint) not in (None, Literal):
        hint = next(each for each in get_args(hint) if each is not type(None))
    if get_origin(hint) is Literal:
        return " ".join(get_args(hint))
    if issubclass(hint, Enum):
        return " ".join(str(each.value) for each in hint)
    return {int: "integer", float: "float", str: "text", bool: "boolean", Path: "path"}[hint]


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:1])
    {"talking": talking, "training": training}[sys.argv[1]](Path(sys.argv[2]))
