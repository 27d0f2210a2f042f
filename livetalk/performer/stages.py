"""The two stages of a block, for one stream or for several in a batch: denoise, then decode.

Pure work: who is due, on which thread and when is the caller's business.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.utils import _pytree as pytree

from livetalk.codec.base import Carry, as_bytes
from livetalk.dit.model import TextKV
from livetalk.geometry import Geometry
from livetalk.performer.block_plan import BlockPlan, BlockRecord
from livetalk.performer.kv_pool import PagedCache, side_by_side
from livetalk.performer.networks import Networks
from livetalk.performer.rollout import BlockConditions, RolloutState, next_block
from livetalk.performer.stream import AvatarStream


@torch.inference_mode()
def denoise(
    networks: Networks,
    streams: Sequence[AvatarStream],
    jobs: Sequence[BlockPlan],
    checkpoint: Callable[[], None] = lambda: None,
) -> list[BlockRecord]:
    """Clean latents of the planned blocks, all of one phase, in one batch; each stream takes its own over.

    `checkpoint` is called before every step; what it raises leaves the streams as they were planned.
    """
    conditions = [stream.conditions(job) for stream, job in zip(streams, jobs, strict=True)]
    noises = [stream.noise(job) for stream, job in zip(streams, jobs, strict=True)]
    before = [job.before for job in jobs]
    caches = [state.cache for state in before]
    assert all(isinstance(cache, PagedCache) for cache in caches)
    joint = RolloutState(side_by_side(caches), before[0].positions, before[0].latents)  # type: ignore[arg-type]
    known = jobs[0].known
    assert known is None or len(jobs) == 1, "an interrupted block is made alone"

    def noise(step: int) -> Tensor:  # the steps come in order
        checkpoint()
        return torch.cat([next(made) for made in noises]).to(networks.device)

    batch = BlockConditions(
        torch.cat([c.reference for c in conditions]),
        _joined_text([job.text for job in jobs]),
        torch.cat([c.audio for c in conditions]),
    )
    steps = networks.quick_steps if all(job.quick for job in jobs) else networks.steps
    latents, after = next_block(networks.student, noise, batch, joint, steps, known=known)
    assert isinstance(after.cache, PagedCache)
    done = networks.record_event()
    records = []
    for b, (stream, job) in enumerate(zip(streams, jobs, strict=True)):
        own = PagedCache(after.cache.slots[b : b + 1], after.cache.tables[b : b + 1])
        state = RolloutState(own, job.before.positions, job.before.latents + latents.shape[2])
        records.append(stream.commit(job, latents[b : b + 1], state, done))
    return records


@torch.inference_mode()
def decode(
    networks: Networks,
    streams: Sequence[AvatarStream],
    records: Sequence[BlockRecord],
    tell: Callable[[list[UInt8[np.ndarray, "t h w 3"]]], None] = lambda pieces: None,
) -> list[UInt8[np.ndarray, "t h w 3"]]:
    """Frames of denoised blocks, one latent frame at a time.

    An interrupted block gives only the frames that were made again. `tell` is given the frames of each latent frame,
    a piece a stream, as soon as they are there; what it raises leaves the streams after that latent frame.
    """
    with networks.on_decode_stream(records[0].done):
        return _decode(networks, streams, records, tell)


def _decode(
    networks: Networks,
    streams: Sequence[AvatarStream],
    records: Sequence[BlockRecord],
    tell: Callable[[list[UInt8[np.ndarray, "t h w 3"]]], None],
) -> list[UInt8[np.ndarray, "t h w 3"]]:
    known = records[0].job.known
    start = 0 if known is None else known.shape[2]
    carry = _joined_carry([stream.carry for stream in streams])
    for b, record in enumerate(records):
        record.carries = [*record.job.carries, _own_carry(carry, b)]
    parts: list[np.ndarray] = []
    for f in range(start, records[0].latents.shape[2]):
        latent = torch.cat([record.latents[:, :, f : f + 1] for record in records])
        latent = latent.to(networks.decoder_device, networks.dtype)
        if f == start and records[0].job.before.latents + f > 1:  # neither the portrait nor what follows it
            latent = networks.codec.blend_boundary(
                latent, carry, quiet=all(_silent(networks.preset.geometry, r.job) for r in records)
            )
        shown, carry = networks.codec.step_bytes(latent, carry)
        parts.append(shown.cpu().numpy())
        for b, (stream, record) in enumerate(zip(streams, records, strict=True)):
            stream.carry = _own_carry(carry, b)
            record.carries.append(stream.carry if networks.keeps_carries else None)
        tell(list(parts[-1]))
    return list(np.concatenate(parts, 1))


def _silent(g: Geometry, job: BlockPlan) -> bool:
    """Whether nothing is said in what is to be made of a block."""
    known = 0 if job.known is None else job.known.shape[2]
    made = g.time_compression * (g.block_latents - known)
    return not job.heard.audio[g.samples_before(max(0, len(job.frames) - made)) :].any()


def to_bytes(pixels: Float[Tensor, "b 3 t h w"]) -> UInt8[np.ndarray, "b t h w 3"]:
    return as_bytes(pixels).cpu().numpy()


def _joined_text(texts: Sequence[TextKV]) -> TextKV:
    if len(texts) == 1:
        return texts[0]
    layers = zip(*(text.layers for text in texts), strict=True)
    return TextKV(tuple((torch.cat([k for k, _ in pair]), torch.cat([v for _, v in pair])) for pair in layers))


def _joined_carry(carries: Sequence[Carry]) -> Carry:
    return carries[0] if len(carries) == 1 else pytree.tree_map(lambda *parts: torch.cat(parts), *carries)


def _own_carry(carry: Carry, place: int) -> Carry:
    return pytree.tree_map(lambda part: part[place : place + 1], carry)
