"""Preallocated memory of live sessions: pages of one block at fixed addresses, and page tables that say whose they are.

A session holds a `Slot`: its pages, and the tables of its newest blocks, to which it can be rolled back. A
`PagedCache` is the block loop's view of one table a session; several sessions side by side make a batch. Nothing is
allocated per block: a block's keys and values are copied into a page that no kept table names. Knows pages and
tables; not clocks, speech or pixels.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from livetalk.dit.config import DiTConfig
from livetalk.geometry import Geometry
from livetalk.nn.kernels.fp8 import to_fp8
from livetalk.nn.kv_cache import KeysValues, KVBuffer, KVContext
from livetalk.nn.rope import RotaryEmbedding, apply_rotary

PageTable = tuple[int, ...]  # pages of a session's past, oldest block first
KEPT = 3  # tables a session can go back to: before the block on screen, the one being made, and the next


@dataclass(frozen=True)
class PoolShape:
    """Sizes of a pool, in blocks and tokens."""

    layers: int
    heads: int
    head_dim: int
    anchors: int  # blocks that are never evicted
    rolling: int  # newest blocks behind the anchors, without the one being denoised
    block_latents: int
    tokens_per_latent: int

    @classmethod
    def of(cls, dit: DiTConfig, g: Geometry) -> "PoolShape":
        """Raises ValueError if anchors or rolling latent frames are no whole blocks."""
        if g.anchor_latents % g.block_latents or g.rolling_latents % g.block_latents:
            raise ValueError("anchors and rolling latent frames must be whole blocks to be kept in pages")
        blocks = g.anchor_latents // g.block_latents, g.rolling_latents // g.block_latents - 1
        return cls(dit.layers, dit.heads, dit.head_dim, *blocks, g.block_latents, g.tokens_per_latent)

    @property
    def block_tokens(self) -> int:
        return self.block_latents * self.tokens_per_latent

    @property
    def past_blocks(self) -> int:
        return self.anchors + self.rolling

    @property
    def pages(self) -> int:
        """Pages a session needs: its past, one more for each older table it may go back to, and one to write."""
        return self.past_blocks + KEPT

    def after_append(self, table: PageTable, page: int) -> PageTable:
        """The table after a block was written to `page`; the oldest rolling block leaves when there is no room."""
        grown = (*table, page)
        spare = len(grown) - self.past_blocks
        return grown if spare <= 0 else grown[: self.anchors] + grown[self.anchors + spare :]


def _lay(room: Tensor, kept: Tensor) -> None:
    room.copy_(to_fp8(kept, room.dtype))


def _lay_turned(room: Tensor, kept: Tensor, cos: Tensor, sin: Tensor) -> None:
    _lay(room, apply_rotary(kept, RotaryEmbedding(cos, sin)))


class KVWorkspace:
    """Attention's buffers by batch, every layer's keys and values side by side, in `dtype`.

    compiler: a backend of torch.compile, with which pages are laid out by one kernel instead of ten.
    """

    def __init__(self, dtype: torch.dtype, compiler: Any = None) -> None:
        self.dtype, self._made = dtype, dict[int, tuple[Tensor, Tensor]]()
        self._lay, self._lay_turned = _lay, _lay_turned
        if compiler is not None:
            self._lay = torch.compile(_lay, dynamic=False, backend=compiler)
            self._lay_turned = torch.compile(_lay_turned, dynamic=False, backend=compiler)

    def of(self, batch: int, shape: PoolShape, device: torch.device) -> tuple[Tensor, Tensor]:
        """Keys and values [layers, batch, tokens, heads, head_dim]."""
        if batch not in self._made:
            tokens = (shape.past_blocks + 1) * shape.block_tokens
            size = (shape.layers, batch, tokens, shape.heads, shape.head_dim)
            keys, values = (torch.zeros(size, dtype=self.dtype, device=device) for _ in range(2))
            self._made[batch] = keys, values
        return self._made[batch]

    def copy_page(
        self, room: Float[Tensor, "l n k d"], kept: Float[Tensor, "l n k d"], turn: RotaryEmbedding | None
    ) -> None:
        """Copy a page into its place, rotated."""
        if turn is None:
            self._lay(room, kept)
        else:
            self._lay_turned(room, kept, turn.cos, turn.sin)


class StatePool:
    """Pages of `slots` sessions. Not thread-safe: one thread opens, steps and closes."""

    def __init__(
        self,
        shape: PoolShape,
        slots: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
        rooms: "KVWorkspace | None" = None,
    ) -> None:
        """`rooms`: shared with other pools of the same shape that the same thread steps: what was recorded for their
        addresses can then be replayed for all of them.
        """
        self.shape, self.slots = shape, slots
        size = (slots * shape.pages, shape.layers, shape.block_tokens, shape.heads, shape.head_dim)
        self.keys = torch.zeros(size, dtype=dtype, device=device)  # unrotated
        self.values = torch.zeros(size, dtype=dtype, device=device)
        self._free = deque(range(slots))
        self._rooms = rooms or KVWorkspace(dtype)

    @property
    def free(self) -> int:
        return len(self._free)

    def open(self) -> "Slot":
        """A slot for a new session. Raises ValueError when all are taken."""
        if not self._free:
            raise ValueError(f"all {self.slots} sessions are taken: close one or make a larger pool")
        return Slot(self, self._free.popleft())

    def give_back(self, number: int) -> None:
        """Another session's data must not be found in a slot: its pages are wiped."""
        pages = slice(number * self.shape.pages, (number + 1) * self.shape.pages)
        self.keys[pages].zero_()
        self.values[pages].zero_()
        self._free.append(number)

    def rooms(self, tables: Sequence[PageTable], turn: RotaryEmbedding | None) -> tuple[KVContext, ...]:
        """Attention's buffers, a layer each, with the pages of `tables` (equally long) put in front."""
        s, past = self.shape, len(tables[0])
        keys, values = self._rooms.of(len(tables), s, self.keys.device)
        filled = past * s.block_tokens
        for b, table in enumerate(tables):
            for i, page in enumerate(table):
                tokens = slice(i * s.block_tokens, (i + 1) * s.block_tokens)
                self._rooms.copy_page(keys[:, b, tokens], self.keys[page], None if turn is None else turn[tokens])
                self._rooms.copy_page(values[:, b, tokens], self.values[page], None)
        return tuple(KVBuffer(keys[i], values[i], filled) for i in range(s.layers))


@dataclass(frozen=True)
class SlotSnapshot:
    """Keys and values of a session's past, copied out."""

    keys: Float[Tensor, "p l n k d"]
    values: Float[Tensor, "p l n k d"]


class Slot:
    """One session's pages. `kept`: its newest tables, oldest first; their pages are not written."""

    def __init__(self, pool: StatePool, number: int) -> None:
        self.pool, self.number = pool, number
        first = number * pool.shape.pages
        self.pages = range(first, first + pool.shape.pages)
        self.kept: deque[PageTable] = deque([()], maxlen=KEPT)
        self.closed = False

    def cache(self) -> "PagedCache":
        return PagedCache((self,), (self.kept[-1],))

    def write(self, table: PageTable, own: tuple[KeysValues, ...], place: int) -> PageTable:
        """Copy row `place` of a finished block's keys and values into a free page; returns the table after it."""
        assert not self.closed, "a closed session was stepped"
        while self.kept and self.kept[-1] != table:  # it went back: later tables are void
            self.kept.pop()
        assert self.kept, "the table is older than what the session keeps"
        named = {page for kept in self.kept for page in kept}
        page = next(page for page in self.pages if page not in named)
        for layer, (key, value) in enumerate(own):
            self.pool.keys[page, layer].copy_(key[place])
            self.pool.values[page, layer].copy_(value[place])
        self.kept.append(self.pool.shape.after_append(table, page))
        return self.kept[-1]

    def forget_rolling(self) -> None:
        """Only the anchors are left: the re-anchor of a face that has drifted."""
        self.kept.append(self.kept[-1][: self.pool.shape.anchors])

    def snapshot(self, table: PageTable | None = None) -> SlotSnapshot:
        """A copy of the newest state, or of another one in `kept`."""
        pages = list(self.kept[-1] if table is None else table)
        return SlotSnapshot(self.pool.keys[pages].clone(), self.pool.values[pages].clone())

    def restore(self, snapshot: SlotSnapshot) -> None:
        """Put a copy back: the session then has no older table to go back to."""
        table = tuple(self.pages[: len(snapshot.keys)])
        self.pool.keys[list(table)] = snapshot.keys
        self.pool.values[list(table)] = snapshot.values
        self.kept.clear()
        self.kept.append(table)

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.pool.give_back(self.number)


@dataclass(frozen=True)
class PagedCache:
    """The memory of a batch of sessions at one moment, as the block loop sees it (`nn.kv_cache.Cache`)."""

    slots: tuple[Slot, ...]
    tables: tuple[PageTable, ...]

    @property
    def frames(self) -> int:
        return len(self.tables[0]) * self.slots[0].pool.shape.block_latents

    def past(self, turn: RotaryEmbedding | None) -> tuple[KVContext, ...] | None:
        return self.slots[0].pool.rooms(self.tables, turn)

    def append(self, new: tuple[KeysValues, ...]) -> "PagedCache":
        pairs = enumerate(zip(self.slots, self.tables, strict=True))
        return replace(self, tables=tuple(slot.write(table, new, b) for b, (slot, table) in pairs))


def side_by_side(caches: Sequence[PagedCache]) -> PagedCache:
    """One cache of several sessions whose pasts are equally long."""
    assert len({len(table) for cache in caches for table in cache.tables}) == 1, "pasts differ in length"
    return PagedCache(tuple(s for c in caches for s in c.slots), tuple(t for c in caches for t in c.tables))
