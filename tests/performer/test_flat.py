"""Promises of a process that goes on for hours: one heap for all threads, and interrupts that leave nothing behind."""

import ctypes
import gc
import subprocess
import sys
import tracemalloc
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch

from livetalk.performer.block_plan import BlockPlan
from livetalk.performer.performer import Performer
from livetalk.performer.stages import decode, denoise
from livetalk.performer.stream import AvatarStream
from livetalk.presets import MINIATURE

GEOMETRY = MINIATURE.geometry
INTERRUPTS = 8
LEAST = 4_000  # bytes that an interrupt may leave: a second of sound is 64,000

# What glibc says of its heaps after threads have read weights, and begun before that.
HEAPS = """
from livetalk.runtime.process import tune_process
tune_process()  # as every `main` does first
import ctypes, sys, threading
from livetalk.performer.performer import Performer
begun = threading.Event()
threading.Thread(target=lambda: begun.wait(), daemon=True).start()
Performer.load("tiny")
begun.set()
libc = ctypes.CDLL(None)
libc.fopen.restype, libc.fclose.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
report = libc.fopen(sys.argv[1].encode(), b"w")
libc.malloc_info(0, report)
libc.fclose(report)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="this C library is not glibc")
def test_threads_of_a_loaded_model_share_one_heap(tmp_path: Path) -> None:
    report = tmp_path / "heaps.xml"
    subprocess.run([sys.executable, "-c", HEAPS, str(report)], check=True)
    assert report.read_text().count("<heap nr=") == 1


def _make(stream: AvatarStream, job: BlockPlan | None = None) -> None:
    record = denoise(stream.networks, [stream], [job or stream.plan()])[0]
    decode(stream.networks, [stream], [record])


def _tensors() -> int:
    """Bytes of all tensors that live; what several share counts once. Those a tracer left behind have none."""
    gc.collect()
    stores = {}
    for each in gc.get_objects():
        if issubclass(type(each), torch.Tensor):
            with suppress(RuntimeError, NotImplementedError):
                store = each.untyped_storage()
                if store.device.type != "meta":
                    stores[store.data_ptr()] = store.nbytes()
    return sum(stores.values())


def _speak_and_interrupt(stream: AvatarStream, rng: np.random.Generator) -> None:
    stream.push(0.1 * rng.standard_normal(30_000).astype(np.float32))
    _make(stream)
    _make(stream)
    stream.speech.clear()
    shown = stream.records[0].job.frames.start + int(rng.integers(2 * GEOMETRY.frames_per_block))
    if (job := stream.interrupt(shown)) is not None:
        _make(stream, job)


@pytest.mark.slow
def test_interrupts_leave_nothing_behind(performer: Performer) -> None:
    stream = AvatarStream(
        performer.networks, performer.networks.kv_pool(1).open(), np.full((64, 64, 3), 128, np.uint8), "calm", 0
    )
    rng = np.random.default_rng(0)

    def held(interrupts: int) -> tuple[int, int]:
        """Bytes of tensors and of all else after so many interrupts and two whole blocks."""
        for _ in range(interrupts):
            _speak_and_interrupt(stream, rng)
        _make(stream)
        _make(stream)
        return _tensors(), tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        (tensors, rest), (tensors_later, rest_later) = held(3), held(INTERRUPTS)
    finally:
        tracemalloc.stop()
    assert tensors_later == tensors
    assert rest_later - rest < INTERRUPTS * LEAST
