"""Snapshots of streams as bytes, to be kept elsewhere.

The bytes hold tensors and numbers, nothing that could run when they are read. Does not know: sessions.
"""

import io
from typing import Any

import torch
from torch.utils import _pytree as pytree

from livetalk.codec.base import Carry
from livetalk.codec.portrait import with_strength
from livetalk.dit.model import TextKV
from livetalk.performer.block_plan import StreamSnapshot
from livetalk.performer.kv_pool import SlotSnapshot

VERSION = 4  # 2: the decoder remembers the levels it shows; 3: and the flow; 4: and how much its portrait is sharpened


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
        if parts["version"] not in (3, VERSION):
            raise KeyError("version")
        carry = Carry(parts["carry"])
        return StreamSnapshot(
            seed,
            attempt,
            quick,
            index,
            latents,
            parts["past"].numpy(),
            SlotSnapshot(*parts["slot"]),
            with_strength(carry) if parts["version"] == 3 and _of_portrait(carry) else carry,
            parts["reference"],
            TextKV(parts["text"]),
        )
    except Exception as error:
        raise ValueError("these bytes are not a snapshot of this version: open the avatar from its portrait") from error


def _of_portrait(carry: Carry) -> bool:
    """Whether it is the portrait codec's: pictures side by side, where others hold clips."""
    return all(len(shape) == 4 for shape in carry.shapes)
