"""The stages of a block measured without the engine: streams in a batch, denoising beside decoding.

Streams are stepped by hand, as fast as they go. Knows the performer's stages and clocks; neither sessions nor bars.
"""

import time
from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float32, UInt8

from livetalk.geometry import FRAME_RATE, SAMPLE_RATE
from livetalk.performer.block_plan import BlockPlan, StreamSnapshot
from livetalk.performer.networks import Networks
from livetalk.performer.performer import Performer
from livetalk.performer.pipeline import computing, run_pipelined
from livetalk.performer.stages import decode, denoise
from livetalk.performer.stream import AvatarStream
from livetalk.runtime.cpu import cores

Picture = UInt8[np.ndarray, "h w 3"]
Sound = Float32[np.ndarray, " n"]

BATCHES = (1, 2, 4, 8)
STEPS = 4  # timed for each batch, after one that is not
ROUNDS, ALONE = 2, 6  # rounds of so many blocks, serial and overlapped in turn


def step(networks: Networks, streams: Sequence[AvatarStream]) -> list[np.ndarray]:
    """The next block of each stream, one stage after the other."""
    return decode(networks, streams, denoise(networks, streams, [stream.plan() for stream in streams]))


def throughput(performer: Performer, portrait: Picture, prompt: str, sound: Sound) -> dict[str, float]:
    """Frames a second of 1, 2, 4 and 8 streams in a batch, and of one whose stages overlap."""
    networks = performer.networks
    with computing(cores()):
        snapshot = _steady(networks, portrait, prompt)
        batches = {n: _batch(networks, portrait, prompt, sound, snapshot, n) for n in BATCHES}
        serial, beside = _overlap(networks, portrait, prompt, sound, snapshot)
    return {
        **{f"batch_{n}_fps": fps for n, fps in batches.items()},
        "batch_gain": batches[4] / batches[1],
        "serial_fps": serial,
        "overlapped_fps": beside,
        "overlap_gain": beside / serial,
        "times_real_time": beside / FRAME_RATE,
    }


def _steady(networks: Networks, portrait: Picture, prompt: str) -> StreamSnapshot:
    """A stream whose window is full."""
    g, slot = networks.preset.geometry, networks.kv_pool(1).open()
    stream = AvatarStream(networks, slot, portrait, prompt, 0)
    for _ in range(g.window_latents // g.block_latents + 1):
        step(networks, [stream])
    snapshot = stream.snapshot()
    slot.close()
    return snapshot


def _batch(
    networks: Networks, portrait: Picture, prompt: str, sound: Sound, snapshot: StreamSnapshot, count: int
) -> float:
    """Frames a second of so many streams together."""
    pool = networks.kv_pool(count)
    streams = [AvatarStream(networks, pool.open(), portrait, prompt, seed) for seed in range(count)]
    for stream in streams:
        _set_back(stream, snapshot, sound, STEPS + 1)
    step(networks, streams)
    began, frames = time.perf_counter(), 0
    for _ in range(STEPS):
        frames += sum(len(made) for made in step(networks, streams))
    return frames / (time.perf_counter() - began)


def _overlap(
    networks: Networks, portrait: Picture, prompt: str, sound: Sound, snapshot: StreamSnapshot
) -> tuple[float, float]:
    """Frames a second of one stream: stage after stage, and denoising beside decoding."""
    stream = AvatarStream(networks, networks.kv_pool(1).open(), portrait, prompt, 0)
    spent, frames = np.zeros(2), 0

    def jobs() -> Iterator[tuple[AvatarStream, BlockPlan]]:
        for _ in range(ALONE):
            yield stream, stream.plan()

    for _ in range(ROUNDS):
        _set_back(stream, snapshot, sound, ALONE)
        began = time.perf_counter()
        for _ in range(ALONE):
            frames += len(step(networks, [stream])[0])
        between = time.perf_counter()
        _set_back(stream, snapshot, sound, ALONE)
        again = time.perf_counter()
        for _ in run_pipelined(networks, jobs()):
            pass
        spent += between - began, time.perf_counter() - again
    return frames / spent[0], frames / spent[1]


def _set_back(stream: AvatarStream, snapshot: StreamSnapshot, sound: Sound, blocks: int) -> None:
    stream.restore(snapshot)
    seconds = (blocks + 1) * stream.networks.preset.geometry.block_seconds
    stream.push(np.resize(sound, round(seconds * SAMPLE_RATE)))
