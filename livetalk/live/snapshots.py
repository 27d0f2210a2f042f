"""Snapshots that are kept elsewhere: taken beside the work, and as bytes.

The bytes hold tensors and numbers, nothing that could run when they are read. Knows no processes.
"""

import io
from typing import Any

import torch
from torch.utils import _pytree as pytree

from livetalk.codec.base import Carry
from livetalk.dit.model import TextKV
from livetalk.live.session import LiveSession
from livetalk.performer.kv_pool import PagedCache, SlotSnapshot
from livetalk.performer.stream import StreamSnapshot

VERSION = 3  # 2: the decoder remembers the levels it shows; 3: and the flow


def newest(session: LiveSession) -> StreamSnapshot:
    """The session as of a moment ago, without waiting for the block that is being made.

    That is the state before the newest block whose decoding has begun, to which it could go back at an interrupt. In
    a session that has made none, the newest finished state is waited for. Raises ValueError for the full preset.
    """
    if session.stream.networks.preset.published:
        raise ValueError("a session of the full size is 3 GB: it is not copied out every few seconds")
    with session.lock:
        stream = session.stream
        for record in reversed(stream.records) if session.busy or session.decoding else ():
            before = record.job.before
            assert isinstance(before.cache, PagedCache)
            table = before.cache.tables[0]
            if not record.known_carries or table not in stream.slot.kept:
                continue
            pages, pool = list(table), stream.slot.pool
            past = SlotSnapshot(pool.keys[pages].clone(), pool.values[pages].clone())
            carry, job = record.known_carries[0], record.job
            return StreamSnapshot(
                stream.seed,
                stream.attempt,
                True,
                job.index,
                before.latents,
                job.past,
                past,
                carry,
                stream.reference,
                stream.text,
            )
    return session.snapshot()


def to_bytes(snapshot: StreamSnapshot) -> bytes:
    """The snapshot, to be kept elsewhere."""
    parts: dict[str, Any] = {
        "version": VERSION,
        "numbers": (snapshot.seed, snapshot.attempt, snapshot.quick, snapshot.index, snapshot.latents),
        "past": torch.from_numpy(snapshot.past),
        "slot": (snapshot.slot.keys, snapshot.slot.values),
        "carry": snapshot.carry.past,
        "reference": snapshot.reference,
        "text": snapshot.text.layers,
    }
    file = io.BytesIO()
    # Copies: a view would bring all of the memory that it looks at.
    torch.save(pytree.tree_map(lambda x: x.clone() if isinstance(x, torch.Tensor) else x, parts), file)
    return file.getvalue()


def from_bytes(data: bytes) -> StreamSnapshot:
    """Raises ValueError if the bytes are no snapshot of this version."""
    try:
        parts = torch.load(io.BytesIO(data), weights_only=True)
        seed, attempt, quick, index, latents = parts["numbers"]
        if parts["version"] != VERSION:
            raise KeyError("version")
        return StreamSnapshot(
            seed,
            attempt,
            quick,
            index,
            latents,
            parts["past"].numpy(),
            SlotSnapshot(*parts["slot"]),
            Carry(parts["carry"]),
            parts["reference"],
            TextKV(parts["text"]),
        )
    except Exception as error:
        raise ValueError("these bytes are no snapshot of this version: open the face from its portrait") from error
