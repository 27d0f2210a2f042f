"""Promises of avatars without a model: speech at once and whole, an interrupt before all else, refusals when closed."""

import asyncio

import numpy as np
import pytest

from livetalk.avatar.blocks import Interrupted, TimedBlock, UtteranceFinished
from livetalk.avatar.fake import FakeAvatar, FakeHost
from livetalk.avatar.session import AtCapacity

GREY = np.full((32, 32, 3), 128, np.uint8)
TONE = 0.3 * np.sin(np.arange(16_000) * 0.2).astype(np.float32)


def test_speech_comes_at_once_and_an_interrupt_before_the_silence_after_it() -> None:
    async def run() -> None:
        avatar = FakeAvatar(GREY)
        await avatar.push(TONE)
        items = avatar.items()
        first = await anext(items)
        assert isinstance(first, TimedBlock)
        assert first.speaking
        np.testing.assert_array_equal(first.audio, TONE[: len(first.audio)])
        await avatar.interrupt()
        assert await anext(items) == Interrupted(len(first.audio))
        second = await anext(items)
        assert isinstance(second, TimedBlock)
        assert not second.audio.any()
        await avatar.close()
        with pytest.raises(ValueError, match="closed"):
            await avatar.push(TONE)

    asyncio.run(run())


def test_an_end_is_answered_behind_the_last_sample() -> None:
    async def run() -> None:
        avatar, said = FakeAvatar(GREY), 0
        await avatar.push(TONE[:6_000])
        await avatar.end()
        async for item in avatar.items():
            if isinstance(item, UtteranceFinished):
                assert item.pts == said == 6_000
                await avatar.close()
            else:
                assert isinstance(item, TimedBlock)
                said += item.speech_samples

    asyncio.run(run())


def test_a_host_opens_no_more_than_it_has_places() -> None:
    async def run() -> None:
        host = FakeHost(size=32, places=1)
        first = await host.open(GREY, "")
        with pytest.raises(AtCapacity, match="holds 1 live sessions"):
            await host.open(GREY, "")
        await first.close()
        await host.open(GREY, "")

    asyncio.run(run())
