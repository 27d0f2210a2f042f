"""Speed of denoising beside decoding, against decoding after it, in turn in one process."""

import time
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float32, UInt8

from livetalk.performer.networks import Networks
from livetalk.performer.performer import Performer
from livetalk.performer.stages import decode, denoise
from livetalk.performer.stream import AvatarStream
from livetalk.runtime.cpu import cores

REPEATS = 3  # of each way, in turn; the median counts


def frame_rates(
    networks: Networks, portrait: UInt8[np.ndarray, "h w 3"], sound: Float32[np.ndarray, " n"], prompt: str
) -> dict[str, float]:
    """Frames a second of whole videos of a sound, made either way: `beside` and `after`."""
    beside, after = list[float](), list[float]()
    for _ in range(REPEATS):
        blocks = Performer(networks).perform(portrait, [sound], prompt)
        beside.append(_rate(block.frames for block in blocks))
        after.append(_rate(_one_after_the_other(networks, portrait, sound, prompt)))
    return {"beside": float(np.median(beside)), "after": float(np.median(after))}


def _one_after_the_other(
    networks: Networks, portrait: np.ndarray, sound: np.ndarray, prompt: str
) -> Iterator[np.ndarray]:
    """Frames of each block, denoised and then decoded, each with all cores."""
    threads = torch.get_num_threads()
    slot = networks.kv_pool(1).open()
    try:
        torch.set_num_threads(cores())
        stream = AvatarStream(networks, slot, portrait, prompt, 0)
        stream.push(sound)
        stream.end()
        while stream.speech.pending:
            records = denoise(networks, [stream], [stream.plan()])
            yield decode(networks, [stream], records)[0]
    finally:
        torch.set_num_threads(threads)
        slot.close()


def _rate(made: Iterator[np.ndarray] | Sequence[np.ndarray]) -> float:
    began = time.perf_counter()
    frames = sum(len(block) for block in made)
    return frames / (time.perf_counter() - began)
