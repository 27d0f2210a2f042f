"""Blocks are counted as they come, and late ones are told apart."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from livetalk.avatar.session import AvatarItem, AvatarLost, TimedBlock
from livetalk.server import punctual
from livetalk.server.metrics import Metrics
from livetalk.server.punctual import watched


class Slow:
    """Gives pieces (four frames, three to a block) at these times."""

    def __init__(self, times: list[float | None], now: list[float]) -> None:
        self.times, self.now = times, now
        self.prompt = ""

    async def set_prompt(self, prompt: str) -> None:
        self.prompt = prompt

    async def items(self) -> AsyncIterator[AvatarItem]:
        for number, at in enumerate(self.times):
            if at is None:
                yield AvatarLost(0, "lost")
                continue
            self.now[0] = at
            yield TimedBlock(
                number // 3, 4 * number, np.zeros((4, 2, 2, 3), np.uint8), np.zeros(4000, np.float32), False
            )


@pytest.mark.parametrize(
    ("times", "late"),
    [
        ([5.0, 5.25, 5.5, 5.75, 6.0, 6.25], 0),
        ([5.0, 5.29, 5.5, 5.79, 6.0, 6.25], 0),  # a few hundredths are the loop's
        ([5.0, 5.25, 5.5, 6.0, 6.25, 6.5], 1),  # the clock waits: what comes after is in time
        ([5.0, 5.4, 5.9, 6.5, 6.75, 7.0], 2),
        ([5.0, 5.25, None, 9.0, 9.25, 9.5], 0),
    ],
)
def test_late_blocks_are_counted_once(times: list[float | None], late: int, monkeypatch: pytest.MonkeyPatch):
    now, metrics = [0.0], Metrics()
    monkeypatch.setattr(punctual.time, "monotonic", lambda: now[0])

    async def run() -> int:
        face = watched(Slow(times, now), metrics)  # type: ignore[arg-type]
        await face.set_prompt("happy")
        return len([item async for item in face.items()])

    assert asyncio.run(run()) == len(times)
    text = metrics.text().decode()
    assert f"livetalk_blocks_late_total {float(late)}" in text
    assert "livetalk_blocks_total 2.0" in text
