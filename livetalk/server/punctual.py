"""A face whose blocks are looked at as they come: in time, or late. For the operator's metrics.

Hands everything on as it is. A block is late when one of its pieces comes after its time on a clock that began with
the first piece, and that waits, as the face's own does, for pieces that were late.
"""

import time
from collections.abc import AsyncIterator
from typing import Any, cast

from livetalk.avatar.session import AvatarItem, AvatarLost, AvatarSession, TimedBlock
from livetalk.geometry import FRAME_RATE
from livetalk.server.metrics import Metrics

LATE = 0.06  # seconds: a frame. Less is the loop's own business, and is covered by what waits behind


class Punctual:
    """See the module docstring; a `Face`, made by `watched`."""

    def __init__(self, face: AvatarSession, metrics: Metrics) -> None:
        self._face, self._metrics = face, metrics
        self._zero: float | None = None
        self._block = (-1, False)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._face, name)

    async def pause(self) -> None:
        self._zero = None
        await self._face.pause()

    async def items(self) -> AsyncIterator[AvatarItem]:
        async for item in self._face.items():
            if isinstance(item, TimedBlock):
                self._look(item)
            elif isinstance(item, AvatarLost):
                self._zero = None
            yield item

    def _look(self, block: TimedBlock) -> None:
        now = time.monotonic()
        due = now if self._zero is None else self._zero + block.first_frame / FRAME_RATE
        late = now - due > LATE
        if late or self._zero is None:
            self._zero = now - block.first_frame / FRAME_RATE
        index, counted = self._block
        if block.index != index:
            self._metrics.blocks.inc()
            counted = False
        if late and not counted:
            self._metrics.late.inc()
        self._block = (block.index, counted or late)


def watched(face: AvatarSession, metrics: Metrics) -> AvatarSession:
    """The face, its blocks counted."""
    return cast(AvatarSession, Punctual(face, metrics))
