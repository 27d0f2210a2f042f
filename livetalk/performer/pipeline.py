"""Two-stage pipeline: while a block is decoded on one thread, the next one is denoised on another.

On two devices a block then costs the larger of the two stages. On one processor both stages share its cores evenly:
small operations fill two single threads better than one pair. At most one block is ahead of the one being decoded.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import torch
from jaxtyping import UInt8

from livetalk.performer.block_plan import BlockPlan, BlockRecord
from livetalk.performer.networks import Networks
from livetalk.performer.stages import decode, denoise
from livetalk.performer.stream import AvatarStream
from livetalk.runtime.cpu import cores


def half_the_cores(device: torch.device | None = None) -> int:
    """Threads for each of the two stages; 0, which leaves them as they are, on a GPU."""
    return 0 if device is not None and device.type == "cuda" else max(1, cores() // 2)


@contextmanager
def computing(threads: int) -> Iterator[None]:
    """Inside, the calling thread computes on so many cores; 0 for as many as before."""
    if not threads:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def run_pipelined(
    networks: Networks, jobs: Iterable[tuple[AvatarStream, BlockPlan]]
) -> Iterator[tuple[BlockPlan, UInt8[np.ndarray, "t h w 3"]]]:
    """The blocks of one stream, in order, with their frames; denoised on the caller's thread, decoded beside it.

    The first block has the processor to itself: somebody waits for it.
    """
    half = half_the_cores(networks.device)

    def show(stream: AvatarStream, record: BlockRecord) -> tuple[BlockPlan, np.ndarray]:
        with computing(half):
            return record.job, decode(networks, [stream], [record])[0]

    with ThreadPoolExecutor(1, "decode") as decoder:
        decoding: Future[tuple[BlockPlan, np.ndarray]] | None = None
        for stream, job in jobs:
            if job.index == 0:
                yield job, decode(networks, [stream], denoise(networks, [stream], [job]))[0]
                continue
            with computing(half):
                record = denoise(networks, [stream], [job])[0]
            if decoding is not None:
                yield decoding.result()
            decoding = decoder.submit(show, stream, record)
        if decoding is not None:
            yield decoding.result()
