"""How fast the full preset is on this machine, stage by stage, and how far that is from what the machine can do.

Every figure is a median of repeated runs, the device waited for. The first frame counts from conditions that are
encoded (portrait and prompt) and speech that is pushed, to pixels on the host. The gate says whether the fast path
still computes the same. Knows the performer's stages; not how frames look.
"""

import platform
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from rich.table import Table

from livetalk.benchmarks.flops import Work, bytes_of, peak, work_of
from livetalk.codec.taehv import LightDecoder
from livetalk.nn.kernels.choose import settle
from livetalk.parity.gate import ArithmeticGate
from livetalk.performer.accelerate import Mode, accelerate
from livetalk.performer.performer import Performer
from livetalk.performer.stages import decode, denoise
from livetalk.performer.stream import AvatarStream

PROMPT = "a person talks to the camera, calm and friendly"
PROBE = 20  # blocks of a batch after which it is clear that it is too slow
Tell = Callable[[str], None]


@dataclass(frozen=True)
class FullSizeOptions:
    """What is measured. mode: None runs as loaded. blocks: steady ones; first: repeats of the first frame.

    density: the most live sessions tried in one batch, density_blocks blocks in all; 0 leaves that out.
    """

    mode: Mode | None = "exact"
    blocks: int = 20
    first: int = 5
    density: int = 0
    density_blocks: int = 1000


def measure(
    performer: Performer,
    plan: FullSizeOptions,
    light: LightDecoder | None = None,
    tell: Tell = lambda words: None,
    keep: Callable[[dict[str, Any]], None] = lambda figures: None,
) -> dict[str, Any]:
    """Figures by name; times in seconds, rates in operations or frames a second, memory in bytes.

    keep: is given what is measured so far before the long run of several sessions.
    """
    assert performer.preset.published
    tell("recording the gate")
    gate = ArithmeticGate.of(performer)
    began = time.perf_counter()
    if plan.mode:
        batches = sorted({1, *_tried(plan)})
        accelerate(performer, plan.mode, light, batches=batches, tell=tell)
    figures: dict[str, Any] = {**_surroundings(performer, plan), "ready_seconds": time.perf_counter() - began}
    figures |= gate.check(performer, plan.mode)
    step, clean = gate.times(performer)
    figures |= {"step_seconds": step, "clean_pass_seconds": clean}
    del gate  # its memory is not a session's
    if performer.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(performer.device)
    tell("first frames")
    figures["first_frame_seconds"] = statistics.median(_first(performer, i) for i in range(plan.first))
    figures |= _steady(performer, plan, tell)
    tell("both stages at once")
    figures["frames_per_second_overlapped"] = _overlapped(performer, plan)
    tell("measuring one large product")
    figures |= _efficiency(figures, work_of(performer.preset, light is not None), performer)
    keep(figures)
    if plan.density:
        figures |= _density(performer, plan, tell)
    return figures


def _surroundings(performer: Performer, plan: FullSizeOptions) -> dict[str, Any]:
    cuda = performer.device.type == "cuda"
    return {
        "preset": performer.preset.name,
        "weights": performer.version,
        "mode": plan.mode or "eager",
        "runs": list(performer.log),
        "device": torch.cuda.get_device_name(performer.device) if cuda else platform.processor() or platform.machine(),
        "devices": len({performer.device, performer.decoder_device}),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version() if cuda else None,
        },
        "dtype": str(performer.dtype).removeprefix("torch."),
        "blocks": plan.blocks,
    }


def _portrait(performer: Performer) -> np.ndarray:
    size = performer.preset.geometry.size
    return np.random.default_rng(0).integers(0, 255, (size, size, 3), np.uint8)


def _opened(performer: Performer) -> AvatarStream:
    """A new stream whose portrait and prompt are encoded."""
    return performer.stream(performer.kv_pool(1).open(), _portrait(performer), PROMPT)


def _speech(seconds: float) -> np.ndarray:
    return 0.1 * np.random.default_rng(1).standard_normal(round(16_000 * seconds)).astype(np.float32)


class _Seen(Exception):
    pass


def _first(performer: Performer, seed: int) -> float:
    stream, speech = _opened(performer), _speech(2.0)

    def seen(pieces: list[np.ndarray]) -> None:
        raise _Seen

    settle(performer.device)
    began = time.perf_counter()
    stream.push(speech)
    with suppress(_Seen):
        decode(performer, [stream], denoise(performer, [stream], [stream.plan()]), seen)
    spent = time.perf_counter() - began
    stream.close()
    return spent


def _steady(performer: Performer, plan: FullSizeOptions, tell: Tell) -> dict[str, Any]:
    g = performer.preset.geometry
    stream, times, memory = _opened(performer), [], []
    full = g.window_latents // g.block_latents
    for block in range(full + plan.blocks):
        tell(f"block {block + 1} of {full + plan.blocks}")
        stream.push(_speech(g.block_seconds))
        marks = [time.perf_counter()]
        job = stream.plan()
        _mark(marks, performer)
        records = denoise(performer, [stream], [job])
        _mark(marks, performer)
        decode(performer, [stream], records)
        _mark(marks, performer)
        if block >= full:
            times.append(np.diff(marks))
            memory.append(_memory(performer, stream))
    stream.close()
    hear, making, showing = (float(x) for x in np.median(times, 0))
    whole = np.sum(times, 1)
    quarter = max(1, len(whole) // 4)
    return {
        "hear_seconds": hear,
        "denoise_seconds": making,
        "decode_seconds": showing,
        "block_seconds": float(np.median(whole)),
        "slowest_block_seconds": float(whole.max()),
        "frames_per_second": g.frames_per_block / float(np.median(whole)),
        "latent_frames_reached": (full + plan.blocks) * g.block_latents,
        "last_to_first_quarter": float(np.median(whole[-quarter:]) / np.median(whole[:quarter])),
        "memory_growth_bytes": memory[-1] - memory[0],
        "memory_bytes": torch.cuda.max_memory_allocated(performer.device) if performer.device.type == "cuda" else 0,
        "weights_bytes": bytes_of(getattr(performer.student, "model", performer.student), performer.codec),
    }


def _overlapped(performer: Performer, plan: FullSizeOptions) -> float:
    """Frames a second while one block is denoised beside another's decoding, on one device or on two."""
    g = performer.preset.geometry
    full = g.window_latents // g.block_latents
    ends = []
    for _ in performer.perform(_portrait(performer), [_speech(g.block_seconds * (full + plan.blocks))], PROMPT):
        ends.append(time.perf_counter())
    return g.frames_per_block / float(np.median(np.diff(ends[full:])))


def _mark(marks: list[float], performer: Performer) -> None:
    for device in {performer.device, performer.decoder_device}:
        settle(device)
    marks.append(time.perf_counter())


def _memory(performer: Performer, stream: AvatarStream) -> int:
    """Bytes in use: of the device where it tells, else of what a session holds."""
    if performer.device.type == "cuda":
        return torch.cuda.memory_allocated(performer.device)
    return bytes_of(stream.carry, stream.slot.pool.keys, stream.slot.pool.values)


def _efficiency(figures: dict[str, Any], work: Work, performer: Performer) -> dict[str, Any]:
    """Work, what of the machine's speed is reached, and the floor: the time that the arithmetic alone would take."""
    fastest = peak(performer.device, performer.dtype)
    floor = (work.denoise + work.decode) / fastest
    return {
        "denoise_operations": work.denoise,
        "decode_operations": work.decode,
        "denoise_rate": work.denoise / figures["denoise_seconds"],
        "decode_rate": work.decode / figures["decode_seconds"],
        "product_rate": fastest,
        "floor_seconds": floor,
        "fraction_of_floor": floor / figures["block_seconds"],
    }


def _tried(plan: FullSizeOptions) -> list[int]:
    """Numbers of sessions, most first: every one is compiled for, so they are few."""
    return [sessions for sessions in (plan.density, plan.density - 1) if sessions > 0]


def _density(performer: Performer, plan: FullSizeOptions, tell: Tell) -> dict[str, Any]:
    """The most of the sessions tried whose blocks, made in one batch, are there in real time 999 times of 1,000."""
    g = performer.preset.geometry
    shares: dict[int, float] = {}
    times: list[float] = []
    for sessions in _tried(plan):
        pool = performer.kv_pool(sessions)
        portrait = _portrait(performer)
        streams = [performer.stream(pool.open(), portrait, PROMPT, seed) for seed in range(sessions)]
        times = []
        rounds = -(-plan.density_blocks // sessions)
        for block in range(rounds):
            tell(f"{sessions} sessions, block {block + 1} of {rounds}")
            for stream in streams:
                stream.push(_speech(g.block_seconds))
            began = time.perf_counter()
            decode(performer, streams, denoise(performer, streams, [stream.plan() for stream in streams]))
            times.append(time.perf_counter() - began)
            if block == PROBE and statistics.median(times) > g.block_seconds:
                break  # it will not come to anything
        shares[sessions] = float(np.mean(np.array(times[1:] or times) <= g.block_seconds))
        if shares[sessions] >= 0.999:
            break
    most = max((sessions for sessions, share in shares.items() if share >= 0.999), default=0)
    return {"sessions_in_real_time": most, "share_on_time": shares, "batch_block_seconds": statistics.median(times)}


def table(figures: dict[str, Any]) -> Table:
    """The figures as a person reads them."""
    shown = Table(box=None, show_header=False, pad_edge=False)
    for name, value in figures.items():
        if name == "runs":
            for line in value:
                shown.add_row("runs", line)
        elif isinstance(value, dict):
            shown.add_row(name, ", ".join(f"{key} {part}" for key, part in value.items() if part is not None))
        else:
            shown.add_row(name.replace("_", " "), _words(name, value))
    return shown


def _words(name: str, value: Any) -> str:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return str(value)
    if name.endswith("_bytes"):
        return f"{value / 1e9:.2f} GB"
    if name.endswith("_seconds"):
        return f"{1e3 * value:.1f} ms" if value < 10 else f"{value:.0f} s"
    if name.endswith("_operations"):
        return f"{value / 1e12:.4g} TFLOP"
    if name.endswith("_rate"):
        return f"{value / 1e12:.4g} TFLOP/s"
    return f"{value:.4g}"
