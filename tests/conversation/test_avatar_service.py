"""Promises of the face as a pipecat service: in step, in time, silent at once, never still."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from pipecat.frames.frames import (
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.utils.text.base_text_aggregator import TextType
from pipecat.workers.runner import WorkerRunner

from livetalk.avatar.fake import FakeAvatar, MarkerAvatar, mouth_box
from livetalk.conversation.avatar_service import AvatarVideoService, FramePlayed
from tests.helpers.wire import Wire

pytestmark = pytest.mark.slow
GREY = np.full((64, 64, 3), 200, np.uint8)
TONE = (0.3 * 32_767 * np.sin(np.arange(24_000) * 0.1)).astype(np.int16)


class _Tail(FrameProcessor):
    """Keeps what has been played."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[tuple[float, str]] = []
        self.played: list[FramePlayed] = []
        self.warnings: list[str] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSTextFrame):
            self.words.append((time.monotonic(), frame.text))
        if isinstance(frame, FramePlayed):
            self.played.append(frame)
        await self.push_frame(frame, direction)


@asynccontextmanager
async def _running(face: FakeAvatar, *behind: FrameProcessor) -> AsyncIterator[tuple[PipelineWorker, Wire, _Tail]]:
    wire, tail = Wire(64), _Tail()
    service = AvatarVideoService(face, on_warning=lambda warning: tail.warnings.append(warning.kind))
    pipeline = Pipeline([wire.input(), service, wire.output(), tail, *behind])
    worker = PipelineWorker(pipeline, idle_timeout_secs=None, enable_rtvi=False, enable_turn_tracking=False)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    try:
        await asyncio.sleep(0.5)
        yield worker, wire, tail
    finally:
        await worker.cancel()
        await running
    assert face.closed


async def _say(worker: PipelineWorker, seconds: int = 1, words: str = "one two three four") -> None:
    await worker.queue_frame(TTSTextFrame(words, TextType.SENTENCE))
    for _ in range(seconds):
        await worker.queue_frame(TTSAudioRawFrame(TONE.tobytes(), 24_000, 1))
    await worker.queue_frame(TTSStoppedFrame())


def test_sound_and_pictures_leave_together():
    async def run() -> None:
        async with _running(MarkerAvatar(GREY)) as (_, wire, _tail):
            await asyncio.sleep(4)
            white = [t for t, picture in wire.received.pictures if picture.min() == 255]
            loud = wire.received.loud()
            beeps = [t for t, before in zip(loud, [0.0, *loud], strict=False) if t - before > 0.5]
            assert len(white) >= 3
            assert len(beeps) >= 3
            skews = [min(abs(w - b) for b in beeps) for w in white if w < beeps[-1] + 0.2]
            assert max(skews) < 0.045, skews

    asyncio.run(run())


def test_words_follow_the_sound_they_are_heard_in_and_the_mouth_moves_with_it():
    async def run() -> None:
        async with _running(FakeAvatar(GREY)) as (worker, wire, tail):
            await _say(worker)
            await asyncio.sleep(2)
            assert [word for _, word in tail.words] == ["one", "two", "three", "four"]
            loud = wire.received.loud()
            assert 0.9 < loud[-1] - loud[0] < 1.1
            times = [t - loud[0] for t, _ in tail.words]
            assert all(abs(t - want) < 0.15 for t, want in zip(times, (0.12, 0.33, 0.57, 0.83), strict=True)), times
            rows, columns = mouth_box(64)
            speaking = [t for t, p in wire.received.pictures if (p[rows, columns] < 100).mean() > 0.1]
            assert abs(speaking[0] - loud[0]) < 0.1
            assert abs(speaking[-1] - loud[-1]) < 0.2

    asyncio.run(run())


def test_an_interrupt_is_silent_at_once_and_pictures_go_on():
    async def run() -> None:
        async with _running(face := FakeAvatar(GREY)) as (worker, wire, tail):
            await _say(worker, 3, "one two three four five six seven eight nine ten eleven twelve")
            await asyncio.sleep(1.2)
            cut = time.monotonic()
            await worker.queue_frame(InterruptionFrame())
            await asyncio.sleep(1.0)
            assert wire.received.loud(), "it spoke"
            assert wire.received.loud()[-1] - cut < 0.25
            assert face.interrupts == 1
            assert len([t for t, _ in wire.received.pictures if t > cut]) >= 12, "no freeze"
            told = len(tail.words)
            assert 2 <= told <= 6, "only what was heard is told"
            await _say(worker)
            await asyncio.sleep(1.5)
            assert [word for _, word in tail.words[told:]] == ["one", "two", "three", "four"], "the next one is whole"

    asyncio.run(run())


def test_a_face_that_is_lost_is_held_and_comes_back():
    async def run() -> None:
        async with _running(face := FakeAvatar(GREY)) as (_, wire, tail):
            await asyncio.sleep(0.5)
            face.lose(1.5)
            lost = time.monotonic()
            await asyncio.sleep(3)
            gap = [t for t, _ in wire.received.pictures if lost < t < lost + 1.5]
            sounds = [t for t, _ in wire.received.sounds if lost < t < lost + 1.5]
            assert len(gap) >= 15
            assert max(np.diff(sounds)) < 0.4, "the timeline never stops"
            clocks = [frame.clock for frame in tail.played]
            assert np.all(np.diff(clocks) == 1000)

    asyncio.run(run())


def test_the_lead_is_bounded():
    async def run() -> None:
        async with _running(FakeAvatar(GREY)) as (worker, wire, tail):
            await _say(worker, 20)  # pushed at once, far faster than it is spoken
            began = time.monotonic()
            await asyncio.sleep(2)
            spoken = sum(frame.spoken for frame in tail.played) / 16
            assert spoken < time.monotonic() - began + 0.1
            assert wire.received.sounds[-1][0] < time.monotonic() + 0.3

    asyncio.run(run())


def test_any_bot_remembers_what_was_heard_and_not_what_was_generated():
    """The service in a pipeline of pipecat's own parts: its context aggregator stands behind the transport."""

    async def run() -> None:
        context = LLMContext()
        assistant = LLMContextAggregatorPair(context).assistant()
        async with _running(FakeAvatar(GREY), assistant) as (worker, _, _tail):
            await worker.queue_frame(LLMFullResponseStartFrame())
            await _say(worker)
            await worker.queue_frame(LLMFullResponseEndFrame())
            await asyncio.sleep(0.6)
            assert not context.messages, "not before it is heard"
            await asyncio.sleep(2.0)
            assert [m["content"] for m in context.messages] == ["one two three four"]  # type: ignore[index]
            await worker.queue_frame(LLMFullResponseStartFrame())
            await _say(worker, 4, "one two three four five six seven eight")
            await worker.queue_frame(LLMFullResponseEndFrame())
            await asyncio.sleep(2.0)
            await worker.queue_frame(InterruptionFrame())
            await asyncio.sleep(0.3)
            heard = context.messages[-1]["content"].split()  # type: ignore[index]
            assert heard == ["one", "two", "three", "four", "five", "six", "seven", "eight"][: len(heard)]
            assert 2 <= len(heard) <= 5

    asyncio.run(run())


def test_sound_that_is_no_speech_is_told_once():
    async def run() -> None:
        async with _running(FakeAvatar(GREY)) as (worker, _wire, tail):
            for _ in range(2):
                await _say(worker)
            await asyncio.sleep(3)
            assert tail.warnings == ["no speech"]

    asyncio.run(run())
