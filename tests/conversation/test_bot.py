"""Promises of a whole conversation, with a real voice in the microphone and a face that is drawn."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from pipecat.frames.frames import InterruptionFrame

from livetalk.avatar.fake import FakeAvatar
from livetalk.conversation.bot import Bot
from livetalk.conversation.brains.base import Brain, BrainError
from livetalk.conversation.brains.echo import EchoBrain, EchoSession
from livetalk.conversation.events import (
    Caption,
    Doubt,
    Event,
    LatencyBreakdown,
    Problem,
    State,
    StateChanged,
    as_message,
)
from livetalk.media import read_speech
from tests.helpers.wire import Wire

pytestmark = pytest.mark.slow
REAL = Path(__file__).parents[1] / "real/voices"
GREY = np.full((64, 64, 3), 200, np.uint8)
SPEECH = Path(__file__).parents[2] / "livetalk/assets/speech/hello.ogg"
LONG = " ".join(["word"] * 30)


@asynccontextmanager
async def _talking(brain: Brain) -> AsyncIterator[tuple[Bot, Wire, FakeAvatar, list[Event]]]:
    wire, face = Wire(64), FakeAvatar(GREY)
    events: list[Event] = []
    before = asyncio.all_tasks()
    bot = await Bot.make(wire, face, brain, events.append)
    running = asyncio.create_task(bot.run())
    try:
        async with asyncio.timeout(20):
            while not events:  # the first is told when the pipeline has begun
                await asyncio.sleep(0.01)
        yield bot, wire, face, events
    finally:
        await bot.stop()
        await running
    end = time.monotonic() + 5
    while left := asyncio.all_tasks() - before:
        assert time.monotonic() < end, f"no task is left behind: {left}"
        await asyncio.sleep(0.01)
    assert face.closed


def _voice(seconds: float | None = None) -> np.ndarray:
    sound = np.concatenate(list(read_speech(SPEECH)))
    return sound[: None if seconds is None else round(16_000 * seconds)]


def _states(events: list[Event]) -> list[State]:
    return [event.state for event in events if isinstance(event, StateChanged)]


class _SlowToHangUp(EchoSession):
    """Its answers take seconds to be called off, as over a network."""

    async def answer(self, text: str | None = None):
        try:
            async with aclosing(super().answer(text)) as parts:
                async for part in parts:
                    yield part
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(2)


class _SlowEcho(EchoBrain):
    async def open(self, memory, tell):
        return _SlowToHangUp()


def test_silence_does_not_wait_for_a_brain_that_hangs_up():
    async def run() -> None:
        async with _talking(_SlowEcho()) as (bot, wire, _, events):
            await _begins_to_speak(bot, wire)
            decided = time.monotonic()
            await bot.worker.queue_frame(InterruptionFrame())
            await asyncio.sleep(1.2)
            assert State.INTERRUPTED in _states(events)
            assert wire.received.loud(decided)[-1] - decided < 1.0

    asyncio.run(run())


def test_an_answer_that_stood_still_is_said_to_its_end():
    async def run() -> None:
        async with _talking(EchoBrain()) as (bot, wire, face, events):
            await _begins_to_speak(bot, wire)
            await face.pause()  # the visitor's connection is lost
            await wire.speak(np.zeros(16_000 * 4, np.float32))
            assert bot.thinker.state is State.SPEAKING
            await face.resume()
            while bot.thinker.state is State.SPEAKING:
                await wire.speak(np.zeros(8_000, np.float32))
            assert _states(events)[-1] is State.LISTENING
            assert bot.memory.turns[-1].text == LONG, "all of it was heard"

    asyncio.run(run())


def test_a_spoken_turn_is_answered():
    async def run() -> None:
        async with _talking(EchoBrain()) as (bot, wire, _, events):
            end = await wire.speak(_voice(1.2))  # "Hello!"
            await wire.speak(np.zeros(16_000 * 4, np.float32))
            assert _states(events) == [State.LISTENING, State.THINKING, State.SPEAKING, State.LISTENING]
            assert wire.received.loud(end)[0] - end < 1.5
            assert [turn.role for turn in bot.memory.turns] == ["user", "assistant"]
            final = [event for event in events if isinstance(event, Caption) and event.final]
            assert [event.role for event in final] == ["user", "assistant"]
            assert final[0].text == final[1].text == bot.memory.turns[1].text
            steps = [event for event in events if isinstance(event, LatencyBreakdown)][-1]
            times = [steps.decided, steps.understood, steps.first_text, steps.first_audio, steps.first_frame]
            assert all(t is not None for t in times)
            assert times == sorted(times)  # type: ignore[type-var]
            assert all(as_message(event)["type"] for event in events)

    asyncio.run(run())


async def _begins_to_speak(bot: Bot, wire: Wire) -> None:
    await bot.send_text(LONG)
    await wire.speak(np.zeros(16_000 * 3, np.float32))
    assert bot.thinker.state is State.SPEAKING


def test_speaking_interrupts_and_the_memory_ends_where_it_was_heard():
    async def run() -> None:
        async with _talking(EchoBrain()) as (bot, wire, face, events):
            await _begins_to_speak(bot, wire)
            onset = time.monotonic()
            await wire.speak(_voice(1.2))  # "Hello!", and no pause in which it could be answered
            interrupted = next(i for i, e in enumerate(events) if e == StateChanged(State.INTERRUPTED))
            assert interrupted
            assert wire.received.loud(onset)[-1] - onset < 1.0, "the recording begins with silence"
            heard = bot.memory.turns[1].text
            assert heard.endswith("—")
            assert 5 <= heard.count("word") <= 18, heard
            assert face.interrupts == 1, "a silent face is left alone"
            await wire.speak(np.zeros(16_000 * 3, np.float32))
            assert bot.memory.turns[-1].role == "assistant", "the interrupter is answered"

    asyncio.run(run())


def test_stopped_by_a_button_it_soon_listens_again():
    async def run() -> None:
        async with _talking(EchoBrain()) as (bot, wire, _face, events):
            await _begins_to_speak(bot, wire)
            await bot.worker.queue_frame(InterruptionFrame())
            await wire.speak(np.zeros(16_000 * 2, np.float32))
            states = [event.state for event in events if isinstance(event, StateChanged)]
            assert states[-2:] == [State.INTERRUPTED, State.LISTENING]

    asyncio.run(run())


@pytest.mark.parametrize("name", ["order", "something"])
def test_real_people_with_noise_behind_them_are_answered_once(name: str):
    async def run() -> None:
        sound = np.concatenate(list(read_speech(REAL / f"{name}.ogg")))
        async with _talking(EchoBrain()) as (_, wire, _face, events):
            end = await wire.speak(sound)
            await wire.speak(np.zeros(16_000 * 4, np.float32))
            assert _states(events).count(State.THINKING) == 1
            assert 0 < wire.received.loud(end)[0] - end < 2.5

    asyncio.run(run())


@pytest.mark.parametrize("later", [0, 2, 40])
def test_what_is_written_while_one_speaks_is_answered(later: int):
    """From the very step of the loop in which the voice is noticed, whose interruption is still under way."""

    async def run() -> None:
        async with _talking(EchoBrain()) as (bot, wire, _, _events):
            speaking = asyncio.create_task(wire.speak(np.concatenate([_voice(1.2), np.zeros(48_000, np.float32)])))
            while not bot.thinker._hearing:  # once it is, the turn is not over yet
                assert not speaking.done(), "the voice was not heard"
                await asyncio.sleep(0)
            for _ in range(later):
                await asyncio.sleep(0)
            await bot.send_text("written words")
            await speaking
            assert [turn.text for turn in bot.memory.turns] == ["written words", "written words"]

    asyncio.run(run())


def test_silence_and_noise_are_no_turn():
    async def run() -> None:
        async with _talking(EchoBrain()) as (bot, wire, _, events):
            noise = 0.01 * np.random.default_rng(0).standard_normal(16_000 * 3)
            await wire.speak(noise.astype(np.float32))
            assert _states(events) == [State.LISTENING]
            assert bot.memory.turns == []

    asyncio.run(run())


def test_a_voice_that_is_too_quiet_to_be_noticed_is_told():
    async def run() -> None:
        async with _talking(EchoBrain()) as (bot, wire, _, events):
            voice = np.resize(_voice(), 16_000 * 9)
            await wire.speak((voice * 10 ** (-60 / 20) / np.sqrt((voice**2).mean())).astype(np.float32))
            assert bot.memory.turns == []
            (told,) = [event for event in events if isinstance(event, Doubt)]
            assert (told.step, told.kind) == ("listening", "quiet")

    asyncio.run(run())


def test_a_failing_brain_is_told_and_the_conversation_goes_on():
    class Mind(EchoSession):
        failing = True

        async def answer(self, text=None):
            if Mind.failing:
                raise BrainError("thinking", "the service is away: try again")
            async for part in super().answer(text):
                yield part

    class Brain(EchoBrain):
        async def open(self, memory, tell):
            return Mind()

    async def run() -> None:
        async with _talking(Brain()) as (bot, _, _face, events):
            await bot.send_text("hello")
            await asyncio.sleep(0.3)
            assert Problem("thinking", "the service is away: try again") in events
            assert bot.thinker.state is State.LISTENING
            Mind.failing = False
            await bot.send_text("hello again")
            await asyncio.sleep(2.5)
            assert bot.memory.turns[-1].text == "hello again"

    asyncio.run(run())


def test_a_lost_face_is_told_at_once_and_the_conversation_goes_on():
    async def run() -> None:
        async with _talking(EchoBrain()) as (bot, _, face, events):
            await bot.send_text(LONG)
            await asyncio.sleep(1.5)
            face.lose(1.0)
            await asyncio.sleep(0.2)
            assert _states(events)[-1] is State.RECONNECTING
            await asyncio.sleep(1.5)
            assert _states(events)[-1] is State.LISTENING
            await bot.send_text("still here")
            await asyncio.sleep(2.0)
            assert bot.memory.turns[-1].text == "still here"

    asyncio.run(run())


def test_a_face_that_does_not_come_back_ends_the_conversation_with_a_reason():
    async def run() -> None:
        wire, face, events = Wire(64), FakeAvatar(GREY), []
        bot = await Bot.make(wire, face, EchoBrain(), events.append)
        running = asyncio.create_task(bot.run())
        await asyncio.sleep(0.5)
        face.break_down("open a new one")
        await asyncio.wait_for(running, 3)
        assert Problem("face", "open a new one") in events
        assert face.closed

    asyncio.run(run())


def test_moods_reach_the_face_and_nonsense_is_refused():
    async def run() -> None:
        async with _talking(EchoBrain()) as (bot, _, face, _events):
            await bot.set_style(" a happy person ")
            assert face.prompts[-1] == "a happy person"
            for bad in ("", "x" * 5000):
                with pytest.raises(ValueError):
                    await bot.set_style(bad)
                with pytest.raises(ValueError):
                    await bot.send_text(bad)

    asyncio.run(run())
