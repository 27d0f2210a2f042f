"""Benchmark of the full preset: the speed of each stage here, beside the bound that the machine's peak rates set.

Every figure is a median of repeated runs, the device waited for. The first frame counts from conditions that are
encoded (portrait and prompt) and speech that is pushed, to pixels on the host. The gate says whether the fast path
still computes the same. Knows the performer's stages; not how frames look.
"""

import platform
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from rich.table import Table

from livetalk.benchmarks.flops import Work, bytes_of, peak, work_of
from livetalk.benchmarks.options import FullSizeOptions
from livetalk.codec.taehv import LightDecoder
from livetalk.conditions.prompt import DEFAULT_PROMPT
from livetalk.nn.kernels.choose import settle
from livetalk.parity.gate import ArithmeticGate
from livetalk.performer.accelerate import accelerate
from livetalk.performer.networks import Networks
from livetalk.performer.performer import Performer
from livetalk.performer.stages import decode, denoise
from livetalk.performer.stream import AvatarStream

PROBE = 20  # blocks of a batch after which it is clear that it is too slow
Tell = Callable[[str], None]


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
    networks = performer.networks
    assert networks.preset.published
    tell("recording the gate")
    gate = ArithmeticGate.of(networks)
    began = time.perf_counter()
    if plan.mode:
        batches = sorted({1, *_tried(plan)})
        networks = accelerate(networks, plan.mode, light, batches=batches, tell=tell)
    figures: dict[str, Any] = {**_surroundings(networks, plan), "ready_seconds": time.perf_counter() - began}
    figures |= gate.check(networks, plan.mode)
    step, clean = gate.times(networks)
    figures |= {"step_seconds": step, "clean_pass_seconds": clean}
    del gate  # its memory is not a session's
    if networks.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(networks.device)
    tell("first frames")
    figures["first_frame_seconds"] = statistics.median(_first(networks, i) for i in range(plan.first))
    figures |= _steady(networks, plan, tell)
    tell("both stages at once")
    figures["frames_per_second_overlapped"] = _overlapped(networks, plan)
    tell("measuring one large product")
    figures |= _efficiency(figures, work_of(networks.preset, light is not None), networks)
    keep(figures)
    if plan.density:
        figures |= _density(networks, plan, tell)
    return figures


def _surroundings(networks: Networks, plan: FullSizeOptions) -> dict[str, Any]:
    cuda = networks.device.type == "cuda"
    return {
        "preset": networks.preset.name,
        "weights": networks.version,
        "mode": plan.mode or "eager",
        "runs": list(networks.log),
        "device": torch.cuda.get_device_name(networks.device) if cuda else platform.processor() or platform.machine(),
        "devices": len({networks.device, networks.decoder_device}),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version() if cuda else None,
        },
        "dtype": str(networks.dtype).removeprefix("torch."),
        "blocks": plan.blocks,
    }


def _portrait(networks: Networks) -> np.ndarray:
    size = networks.preset.geometry.size
    return np.random.default_rng(0).integers(0, 255, (size, size, 3), np.uint8)


def _opened(networks: Networks) -> AvatarStream:
    """A new stream whose portrait and prompt are encoded."""
    return AvatarStream(networks, networks.kv_pool(1).open(), _portrait(networks), DEFAULT_PROMPT, 0)


def _speech(seconds: float) -> np.ndarray:
    return 0.1 * np.random.default_rng(1).standard_normal(round(16_000 * seconds)).astype(np.float32)


class _Seen(Exception):
    pass


def _first(networks: Networks, seed: int) -> float:
    stream, speech = _opened(networks), _speech(2.0)

    def seen(pieces: list[np.ndarray]) -> None:
        raise _Seen

    settle(networks.device)
    began = time.perf_counter()
    stream.push(speech)
    with suppress(_Seen):
        decode(networks, [stream], denoise(networks, [stream], [stream.plan()]), seen)
    spent = time.perf_counter() - began
    stream.close()
    return spent


def _steady(networks: Networks, plan: FullSizeOptions, tell: Tell) -> dict[str, Any]:
    g = networks.preset.geometry
    stream, times, memory = _opened(networks), [], []
    full = g.window_latents // g.block_latents
    for block in range(full + plan.blocks):
        tell(f"block {block + 1} of {full + plan.blocks}")
        stream.push(_speech(g.block_seconds))
        marks = [time.perf_counter()]
        job = stream.plan()
        _mark(marks, networks)
        records = denoise(networks, [stream], [job])
        _mark(marks, networks)
        decode(networks, [stream], records)
        _mark(marks, networks)
        if block >= full:
            times.append(np.diff(marks))
            memory.append(_memory(networks, stream))
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
        "memory_bytes": torch.cuda.max_memory_allocated(networks.device) if networks.device.type == "cuda" else 0,
        "weights_bytes": bytes_of(getattr(networks.student, "model", networks.student), networks.codec),
    }


def _overlapped(networks: Networks, plan: FullSizeOptions) -> float:
    """Frames a second while one block is denoised beside another's decoding, on one device or on two."""
    g = networks.preset.geometry
    full = g.window_latents // g.block_latents
    ends = []
    for _ in Performer(networks).perform(
        _portrait(networks), [_speech(g.block_seconds * (full + plan.blocks))], DEFAULT_PROMPT
    ):
        ends.append(time.perf_counter())
    return g.frames_per_block / float(np.median(np.diff(ends[full:])))


def _mark(marks: list[float], networks: Networks) -> None:
    for device in {networks.device, networks.decoder_device}:
        settle(device)
    marks.append(time.perf_counter())


def _memory(networks: Networks, stream: AvatarStream) -> int:
    """Bytes in use: of the device where it tells, else of what a session holds."""
    if networks.device.type == "cuda":
        return torch.cuda.memory_allocated(networks.device)
    return bytes_of(stream.carry, stream.slot.pool.keys, stream.slot.pool.values)


def _efficiency(figures: dict[str, Any], work: Work, networks: Networks) -> dict[str, Any]:
    """Work, what of the machine's speed is reached, and the floor: the time that the arithmetic alone would take."""
    fastest = peak(networks.device, networks.dtype)
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


def _density(networks: Networks, plan: FullSizeOptions, tell: Tell) -> dict[str, Any]:
    """The most of the sessions tried whose blocks, made in one batch, are there in real time 999 times of 1,000."""
    g = networks.preset.geometry
    shares: dict[int, float] = {}
    times: list[float] = []
    for sessions in _tried(plan):
        pool = networks.kv_pool(sessions)
        portrait = _portrait(networks)
        streams = [AvatarStream(networks, pool.open(), portrait, DEFAULT_PROMPT, seed) for seed in range(sessions)]
        times = []
        rounds = -(-plan.density_blocks // sessions)
        for block in range(rounds):
            tell(f"{sessions} sessions, block {block + 1} of {rounds}")
            for stream in streams:
                stream.push(_speech(g.block_seconds))
            began = time.perf_counter()
            decode(networks, streams, denoise(networks, streams, [stream.plan() for stream in streams]))
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
