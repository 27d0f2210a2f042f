"""Promises of denoising beside decoding: in order, one block ahead, nothing left behind."""

import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from livetalk.performer import pipeline
from livetalk.performer.kv_pool import StatePool
from livetalk.performer.networks import Networks
from livetalk.performer.performer import Performer
from livetalk.performer.pipeline import computing, run_pipelined

PORTRAIT = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)


class _Stages:
    """Stages of known length that write down when they begin and end."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: float = 0.0, broken: tuple[str, int] = ("", -1)):
        self.seconds, self.broken, self.events = seconds, broken, []
        monkeypatch.setattr(pipeline, "denoise", self.denoise)
        monkeypatch.setattr(pipeline, "decode", self.decode)

    def denoise(self, networks: Any, streams: list[Any], jobs: list[Any]) -> list[Any]:
        self._do("denoise", jobs[0].index)
        return [SimpleNamespace(job=jobs[0])]

    def decode(self, networks: Any, streams: list[Any], records: list[Any]) -> list[int]:
        return [self._do("decode", records[0].job.index)]

    def frames(self, blocks: int, pulled: list[int] | None = None) -> Iterator[Any]:
        """Of blocks that are their numbers."""

        def jobs() -> Iterator[Any]:
            for index in range(blocks):
                if pulled is not None:
                    pulled.append(index)
                yield None, SimpleNamespace(index=index)

        networks: Any = SimpleNamespace(device=torch.device("cpu"))
        return (frames for _, frames in run_pipelined(networks, jobs()))

    def _do(self, name: str, index: int) -> int:
        self.events.append(("begin", name, index))
        if self.broken == (name, index):
            raise RuntimeError(f"{name} of block {index} broke")
        time.sleep(self.seconds)
        self.events.append(("end", name, index))
        return index


def _decoders() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("decode")]


def test_blocks_come_in_order_and_each_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stages = _Stages(monkeypatch)
    assert list(stages.frames(6)) == list(range(6))
    for name in ("denoise", "decode"):
        assert [i for what, n, i in stages.events if (what, n) == ("end", name)] == list(range(6))
    assert not _decoders()


def test_a_block_costs_the_longer_stage_not_both(monkeypatch: pytest.MonkeyPatch) -> None:
    stages = _Stages(monkeypatch, seconds=0.05)
    began = time.monotonic()
    list(stages.frames(8))
    spent = time.monotonic() - began
    assert 9 * 0.05 < spent < 13 * 0.05, "16 stages of 0.05 s, two of them beside each other but for the first and last"


def test_at_most_one_block_is_ahead_of_the_one_being_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    stages, pulled = _Stages(monkeypatch, seconds=0.005), []
    for index in stages.frames(6, pulled):
        time.sleep(0.02)  # a slow consumer
        assert pulled[-1] <= index + 1
    denoised = -1
    for what, name, index in stages.events:
        if (what, name) == ("end", "denoise"):
            denoised = index
        if (what, name) == ("begin", "decode"):
            assert denoised <= index + 1


@pytest.mark.parametrize("broken", [("decode", 0), ("decode", 2), ("decode", 4), ("denoise", 0), ("denoise", 3)])
def test_what_breaks_a_stage_reaches_the_caller(monkeypatch: pytest.MonkeyPatch, broken: tuple[str, int]) -> None:
    stages, seen = _Stages(monkeypatch, broken=broken), []
    with pytest.raises(RuntimeError, match=f"{broken[0]} of block {broken[1]} broke"):
        seen.extend(stages.frames(5))
    assert seen == list(range(len(seen))), "frames before it came in order"
    assert len(seen) <= broken[1]
    assert not _decoders()


def test_a_job_that_cannot_be_made_reaches_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    _Stages(monkeypatch)

    def jobs() -> Iterator[Any]:
        yield from ((None, SimpleNamespace(index=i)) for i in range(2))
        raise OSError("the microphone is gone")

    with pytest.raises(OSError, match="microphone"):
        list(run_pipelined(SimpleNamespace(device=torch.device("cpu")), jobs()))  # type: ignore[arg-type]
    assert not _decoders()


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_a_stream_given_up_early_frees_its_place_and_threads(
    performer: Performer, monkeypatch: pytest.MonkeyPatch, blocks: int
) -> None:
    pools: list[StatePool] = []
    made = Networks.kv_pool
    monkeypatch.setattr(
        Networks, "kv_pool", lambda networks, sessions: pools.append(made(networks, sessions)) or pools[-1]
    )
    frames = performer.perform(PORTRAIT, [np.ones(60_000, np.float32) * 0.1], "calm")
    for _ in range(blocks):
        next(frames)
    assert pools[0].free == 0
    frames.close()
    assert pools[0].free == 1
    assert not pools[0].keys.any()
    assert not _decoders()


def test_a_portrait_that_is_not_framed_leaves_nothing_behind(
    performer: Performer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = performer.networks.kv_pool(1)
    monkeypatch.setattr(Networks, "kv_pool", lambda networks, sessions: pool)
    with pytest.raises(ValueError, match="frame it"):
        next(performer.perform(PORTRAIT[:32], [np.zeros(9_000, np.float32)], ""))
    assert pool.free == 1


def test_no_speech_is_no_frames(performer: Performer) -> None:
    assert list(performer.perform(PORTRAIT, [], "")) == []
    assert list(performer.perform(PORTRAIT, [np.zeros(0, np.float32)], "")) == []


def test_the_caller_keeps_its_threads() -> None:
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError, match="stop"), computing(before + 1):
        assert torch.get_num_threads() == before + 1
        raise RuntimeError("stop")
    assert torch.get_num_threads() == before
