"""The stages of a block measured without the engine: streams in a batch, denoising beside decoding, a simulated hour.

Streams are stepped by hand, as fast as they go. Knows the performer's stages and clocks; neither sessions nor bars.
"""

import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from jaxtyping import Float, Float32, UInt8

from livetalk.geometry import FRAME_RATE, SAMPLE_RATE
from livetalk.nn.cores import cores
from livetalk.performer.drift import Band, DriftMeter
from livetalk.performer.overlap import computing, overlapped
from livetalk.performer.performer import Performer
from livetalk.performer.stages import decode, denoise
from livetalk.performer.stream import AvatarStream, Job, StreamSnapshot

Picture = UInt8[np.ndarray, "h w 3"]
Sound = Float32[np.ndarray, " n"]

BATCHES = (1, 2, 4, 8)
STEPS = 4  # timed for each batch, after one that is not
ROUNDS, ALONE = 2, 6  # rounds of so many blocks, serial and overlapped in turn
ENDS = 300.0  # seconds of the hour's first and last part
QUIET = 8  # blocks of silence between utterances, at most


def step(performer: Performer, streams: Sequence[AvatarStream]) -> list[np.ndarray]:
    """The next block of each stream, one stage after the other."""
    return decode(performer, streams, denoise(performer, streams, [stream.plan() for stream in streams]))


def throughput(performer: Performer, portrait: Picture, prompt: str, sound: Sound) -> dict[str, float]:
    """Frames a second of 1, 2, 4 and 8 streams in a batch, and of one whose stages overlap."""
    with computing(cores()):
        snapshot = _steady(performer, portrait, prompt)
        batches = {n: _batch(performer, portrait, prompt, sound, snapshot, n) for n in BATCHES}
        serial, beside = _overlap(performer, portrait, prompt, sound, snapshot)
    return {
        **{f"batch_{n}_fps": fps for n, fps in batches.items()},
        "batch_gain": batches[4] / batches[1],
        "serial_fps": serial,
        "overlapped_fps": beside,
        "overlap_gain": beside / serial,
        "times_real_time": beside / FRAME_RATE,
    }


def hour(
    performer: Performer,
    portrait: Picture,
    prompt: str,
    recordings: Sequence[Sound],
    seconds: float,
    tell: Callable[[], None] = lambda: None,
) -> dict[str, float]:
    """A session of so many seconds: its last five minutes against its first five, in time per block and drift.

    Drift is the mean share of the band that identity, colour and sharpness take. A face that leaves its band is
    re-anchored, as in the engine. `tell` is called after every block. Raises ValueError for too few seconds.
    """
    g = performer.preset.geometry
    skipped, blocks = g.window_latents // g.block_latents + 2, int(seconds / g.block_seconds)
    if blocks < skipped + 8:
        raise ValueError(f"{seconds:g} s are too few for an hour: give {(skipped + 8) * g.block_seconds:g} or more")
    times, drifts, again = np.zeros(blocks), np.zeros((blocks, 3)), 0
    slot, meter, rng = performer.pool(1).open(), DriftMeter(portrait), np.random.default_rng(0)
    with computing(cores()):
        stream = performer.stream(slot, portrait, prompt, 0)
        for block, said in enumerate(_turns(stream, recordings, rng, blocks)):
            began = time.perf_counter()
            frames = step(performer, [said])[0]
            times[block] = time.perf_counter() - began
            drift = meter.measure(frames)
            drifts[block] = drift.identity, drift.colour, drift.sharpness
            if meter.leaves_band(drift):
                stream.re_anchor()
                meter.reset()
                again += 1
            tell()
    slot.close()
    ends = min(round(ENDS / g.block_seconds), (blocks - skipped) // 2)
    return _ends(times[skipped:], drifts[skipped:], ends) | {
        "hour_s": blocks * g.block_seconds,
        "hour_re_anchors": again,
    }


def _ends(times: Float[np.ndarray, " k"], drifts: Float[np.ndarray, "k 3"], ends: int) -> dict[str, float]:
    """What the first and the last `ends` blocks take and how far they are; relative changes."""
    band = Band()
    shares = drifts / (band.identity, band.colour, band.sharpness)
    first, last = (float(np.median(part)) for part in (times[:ends], times[-ends:]))
    near, far = shares[:ends].mean(0), shares[-ends:].mean(0)
    single = {
        f"hour_{name}_{end}": float(part[i])
        for i, name in enumerate(("identity", "colour", "sharpness"))
        for end, part in (("first", drifts[:ends].mean(0)), ("last", drifts[-ends:].mean(0)))
    }
    return {
        "hour_time": last / first - 1,
        "hour_block_first_s": first,
        "hour_block_last_s": last,
        "hour_drift": float(far.mean() / max(near.mean(), 1e-9)) - 1,
        **single,
    }


def _turns(
    stream: AvatarStream, recordings: Sequence[Sound], rng: np.random.Generator, blocks: int
) -> Iterator[AvatarStream]:
    """The stream before each block: it is given something to say after a few blocks of silence."""
    quiet = 0
    for _ in range(blocks):
        if not stream.track.waiting:
            quiet = quiet - 1 if quiet else int(rng.integers(1, QUIET + 1))
            if not quiet:
                stream.push(recordings[int(rng.integers(len(recordings)))])
                stream.end()
        yield stream


def _steady(performer: Performer, portrait: Picture, prompt: str) -> StreamSnapshot:
    """A stream whose window is full."""
    g, slot = performer.preset.geometry, performer.pool(1).open()
    stream = performer.stream(slot, portrait, prompt, 0)
    for _ in range(g.window_latents // g.block_latents + 1):
        step(performer, [stream])
    snapshot = stream.snapshot()
    slot.close()
    return snapshot


def _batch(
    performer: Performer, portrait: Picture, prompt: str, sound: Sound, snapshot: StreamSnapshot, count: int
) -> float:
    """Frames a second of so many streams together."""
    pool = performer.pool(count)
    streams = [performer.stream(pool.open(), portrait, prompt, seed) for seed in range(count)]
    for stream in streams:
        _set_back(stream, snapshot, sound, STEPS + 1)
    step(performer, streams)
    began, frames = time.perf_counter(), 0
    for _ in range(STEPS):
        frames += sum(len(made) for made in step(performer, streams))
    return frames / (time.perf_counter() - began)


def _overlap(
    performer: Performer, portrait: Picture, prompt: str, sound: Sound, snapshot: StreamSnapshot
) -> tuple[float, float]:
    """Frames a second of one stream: stage after stage, and denoising beside decoding."""
    stream = performer.stream(performer.pool(1).open(), portrait, prompt, 0)
    spent, frames = np.zeros(2), 0

    def jobs() -> Iterator[tuple[AvatarStream, Job]]:
        for _ in range(ALONE):
            yield stream, stream.plan()

    for _ in range(ROUNDS):
        _set_back(stream, snapshot, sound, ALONE)
        began = time.perf_counter()
        for _ in range(ALONE):
            frames += len(step(performer, [stream])[0])
        between = time.perf_counter()
        _set_back(stream, snapshot, sound, ALONE)
        again = time.perf_counter()
        for _ in overlapped(performer, jobs()):
            pass
        spent += between - began, time.perf_counter() - again
    return frames / spent[0], frames / spent[1]


def _set_back(stream: AvatarStream, snapshot: StreamSnapshot, sound: Sound, blocks: int) -> None:
    stream.restore(snapshot)
    seconds = (blocks + 1) * stream.performer.preset.geometry.block_seconds
    stream.push(np.resize(sound, round(seconds * SAMPLE_RATE)))
