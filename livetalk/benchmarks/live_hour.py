"""Endurance benchmark: one session of an hour, run as fast as it goes; compares its end with its beginning.

May be made in parts: what is known is kept in a file every minute or so, in a silence, and the next run goes on from
there. Knows the performer's stages and clocks; neither sessions nor bars.
"""

import io
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from livetalk.benchmarks.live_stages import Picture, Sound, step
from livetalk.live import snapshots
from livetalk.live.drift import DriftMeter, DriftThresholds
from livetalk.media.files import written
from livetalk.performer.performer import Performer
from livetalk.performer.pipeline import computing
from livetalk.performer.stream import AvatarStream
from livetalk.runtime.cpu import cores

ENDS = 300.0  # seconds of the hour's first and last part
QUIET = 8  # blocks of silence between utterances, at most
KEEP_EVERY = 80  # blocks: a minute of film


@dataclass
class _Ledger:
    """What is known of an hour so far, beside the stream itself."""

    times: Float[np.ndarray, " k"]
    drifts: Float[np.ndarray, "k 3"]
    rng: np.random.Generator
    done: int = 0
    quiet: int = 0
    again: int = 0  # re-anchorings
    outside: int = 0  # of the drift meter

    def turn(self, stream: AvatarStream, recordings: Sequence[Sound]) -> None:
        """Gives the stream something to say after a few blocks of silence."""
        if not stream.speech.pending:
            self.quiet = self.quiet - 1 if self.quiet else int(self.rng.integers(1, QUIET + 1))
            if not self.quiet:
                stream.push(recordings[int(self.rng.integers(len(recordings)))])
                stream.end()

    def save(self, path: Path, stream: AvatarStream) -> None:
        numbers = {"done": self.done, "quiet": self.quiet, "again": self.again, "outside": self.outside}
        told = json.dumps({"numbers": numbers, "rng": self.rng.bit_generator.state})
        data = io.BytesIO()
        stored = np.frombuffer(snapshots.to_bytes(stream.snapshot()), np.uint8)
        np.savez(data, times=self.times, drifts=self.drifts, told=np.array(told), stream=stored)
        beside = path.with_name(path.name + ".new")
        with written(path):
            beside.write_bytes(data.getvalue())
            beside.replace(path)

    def load(self, path: Path, stream: AvatarStream) -> None:
        """Go on from a file. Raises ValueError if it is none, or of an hour of another length."""
        try:
            with np.load(path) as kept:
                told: dict[str, Any] = json.loads(str(kept["told"]))
                times, drifts, stored = kept["times"], kept["drifts"], kept["stream"].tobytes()
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise ValueError(f"{path} holds no part of an hour: give another file, or remove it") from error
        if len(times) != len(self.times):
            raise ValueError(f"{path} belongs to an hour of another length: give the same --hour-seconds, or remove it")
        stream.restore(snapshots.from_bytes(stored))
        self.times, self.drifts = times, drifts
        self.rng.bit_generator.state = told["rng"]
        for name, value in told["numbers"].items():
            setattr(self, name, value)


def hour(
    performer: Performer,
    portrait: Picture,
    prompt: str,
    recordings: Sequence[Sound],
    seconds: float,
    tell: Callable[[int], None] = lambda blocks: None,
    keep: Path | None = None,
) -> dict[str, float]:
    """A session of so many seconds: its last five minutes against its first five, in time per block and drift.

    Drift is the mean share of the band that identity, colour and sharpness take. A face that leaves its band is
    re-anchored, as in the engine. `tell` is called after every block with how many are done. keep: a file that the hour
    goes on from if it is there, and is kept in. Raises ValueError for too few seconds and a file of something else.
    """
    networks = performer.networks
    g = networks.preset.geometry
    skipped, blocks = g.window_latents // g.block_latents + 2, int(seconds / g.block_seconds)
    if blocks < skipped + 8:
        raise ValueError(f"{seconds:g} s are too few for an hour: give {(skipped + 8) * g.block_seconds:g} or more")
    known = _Ledger(np.zeros(blocks), np.zeros((blocks, 3)), np.random.default_rng(0))
    slot, meter = networks.kv_pool(1).open(), DriftMeter(portrait)
    with computing(cores()):
        stream = AvatarStream(networks, slot, portrait, prompt, 0)
        if keep is not None and keep.exists():
            known.load(keep, stream)
            meter.outside = known.outside
        saved = known.done
        while known.done < blocks:
            known.turn(stream, recordings)
            began = time.perf_counter()
            frames = step(networks, [stream])[0]
            known.times[known.done] = time.perf_counter() - began
            drift = meter.measure(frames)
            known.drifts[known.done] = drift.identity, drift.colour, drift.sharpness
            if meter.is_outside(drift):
                stream.reset_rolling_window()
                meter.reset()
                known.again += 1
            known.done, known.outside = known.done + 1, meter.outside
            tell(known.done)
            ripe = known.done - saved >= KEEP_EVERY and not stream.speech.pending  # speech that waits is not kept
            if keep is not None and (ripe or known.done == blocks):
                known.save(keep, stream)
                saved = known.done
    slot.close()
    ends = min(round(ENDS / g.block_seconds), (blocks - skipped) // 2)
    whole = {"hour_s": blocks * g.block_seconds, "hour_re_anchors": known.again}
    return _ends(known.times[skipped:], known.drifts[skipped:], ends) | whole


def _ends(times: Float[np.ndarray, " k"], drifts: Float[np.ndarray, "k 3"], ends: int) -> dict[str, float]:
    """What the first and the last `ends` blocks take and how far they are; relative changes."""
    band = DriftThresholds()
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
