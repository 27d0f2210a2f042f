"""Promises of the mind of three steps: reads while one speaks, begins at a pause, never answers what was not said."""

import asyncio
from collections.abc import AsyncGenerator

import numpy as np
import pytest

from livetalk.conversation.brains.base import Answer, BrainError, ClauseSkipped, Speech, Transcript
from livetalk.conversation.brains.pipeline import PipelineSession
from livetalk.conversation.history import ChatHistory

LOUD = (0.3 * np.sin(np.arange(16_000) * 0.1)).astype(np.float32)
QUIET = np.zeros(16_000, np.float32)


class Steps:
    """Hears one word for each loud second; answers with what it was asked, slowly."""

    reads_every, sentences, eager, whole, drafts = 1.0, 2, False, True, True
    failing = False

    def __init__(self) -> None:
        self.transcribed: list[float] = []
        self.asked: list[str] = []
        self.spoken: list[str] = []

    async def transcribe(self, sound: np.ndarray) -> str:
        for _ in range(10):  # in steps, as sound is spoken: a pause of the machine stops both alike
            await asyncio.sleep(0.005)
        self.transcribed.append(len(sound) / 16_000)
        return " ".join(["word"] * round((np.abs(sound) > 0.01).sum() / 16_000))

    async def think(self, messages: list[dict[str, str]]) -> AsyncGenerator[str, None]:
        self.asked.append(messages[-1]["content"])
        if self.failing:
            raise RuntimeError("ours")
        yield f"You said {messages[-1]['content']}. "
        yield "And that is all. This is too much. "

    async def speak(self, text: str) -> AsyncGenerator[tuple[np.ndarray, int], None]:
        self.spoken.append(text)
        await asyncio.sleep(0.3)
        yield LOUD, 16_000


async def _speak(mind: PipelineSession, *sounds: np.ndarray, speed: float = 4.0) -> None:
    for sound in sounds:
        for i in range(0, len(sound), 320):
            mind.hear(sound[i : i + 320])
            await asyncio.sleep(0.02 / speed)


async def _answer(mind: PipelineSession, memory: ChatHistory) -> list[Answer]:
    parts: list[Answer] = []
    memory.turn_begins()
    async for part in mind.answer():
        parts.append(part)
        if isinstance(part, Transcript):
            memory.user_said(part.text)
    return parts


def test_a_turn_is_read_while_it_goes_on_and_answered_from_a_draft():
    async def run() -> None:
        steps, told, memory = Steps(), [], ChatHistory()
        mind = PipelineSession(steps, memory, told.append)
        await _speak(mind, LOUD, LOUD)
        assert told[0] == Transcript("word", final=False)
        await _speak(mind, QUIET)
        assert told[-1] == Transcript("word word", final=False)
        await asyncio.sleep(0.4)
        assert steps.spoken == ["You said word word."], "begun in the long pause, no further than its first piece"
        parts = await _answer(mind, memory)
        assert parts[0] == Transcript("word word")
        assert [p.text for p in parts if isinstance(p, Speech)] == ["You said word word.", "And that is all."]
        assert steps.asked == ["word word"], "thought once"
        await mind.close()

    asyncio.run(run())


def test_a_short_pause_is_thought_about_but_not_spoken_into():
    async def run() -> None:
        steps = Steps()
        mind = PipelineSession(steps, ChatHistory(), lambda words: None)
        await _speak(mind, LOUD, QUIET[:6_400])
        await asyncio.sleep(0.4)
        assert steps.asked == ["word"]
        assert steps.spoken == []
        await mind.close()

    asyncio.run(run())


def test_who_goes_on_after_a_pause_is_answered_as_a_whole():
    async def run() -> None:
        steps, memory = Steps(), ChatHistory()
        mind = PipelineSession(steps, memory, lambda words: None)
        await _speak(mind, LOUD, QUIET)
        await asyncio.sleep(0.2)
        await _speak(mind, LOUD, QUIET)
        parts = await _answer(mind, memory)
        assert parts[0] == Transcript("word word")
        assert next(p.text for p in parts if isinstance(p, Speech)) == "You said word word."
        assert steps.asked[-1] == "word word"
        await mind.close()

    asyncio.run(run())


def test_a_turn_that_was_cut_short_is_joined_to_its_rest():
    async def run() -> None:
        steps, memory = Steps(), ChatHistory()
        mind = PipelineSession(steps, memory, lambda words: None)
        await _speak(mind, LOUD, QUIET)
        await _answer(mind, memory)  # nothing of it is heard
        await _speak(mind, LOUD, LOUD, QUIET)
        await asyncio.sleep(0.4)
        parts = await _answer(mind, memory)
        assert parts[0] == Transcript("word word")
        assert steps.asked == ["word", "word word word"], "the draft knew it, too"
        await mind.close()

    asyncio.run(run())


def test_a_turn_without_end_takes_no_more_and_more_memory():
    async def run() -> None:
        steps, memory = Steps(), ChatHistory()
        mind = PipelineSession(steps, memory, lambda words: None)
        await _speak(mind, *[LOUD] * 60, speed=60.0)
        await asyncio.sleep(0.3)
        assert max(steps.transcribed) < 40
        parts = await _answer(mind, memory)
        assert isinstance(parts[0], Transcript)
        assert abs(len(parts[0].text.split()) - 60) <= 4
        await mind.close()

    asyncio.run(run())


def test_silence_is_no_turn_and_an_accident_is_one_sentence():
    async def run() -> None:
        steps, memory = Steps(), ChatHistory()
        mind = PipelineSession(steps, memory, lambda words: None)
        await _speak(mind, QUIET)
        assert await _answer(mind, memory) == []
        steps.failing = True
        with pytest.raises(BrainError, match="say it again"):
            async for _ in mind.answer("typed"):
                pass
        await mind.close()
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(run())


def test_a_clause_that_cannot_be_said_is_left_out_and_told_in_the_end():
    class English(Steps):
        sentences, whole = 9, True

        async def think(self, messages: list[dict[str, str]]) -> AsyncGenerator[str, None]:
            yield "Well. 你好吗。\n"
            yield "**It is** [so](https://example.com). 谢谢!\n```\n😀 Bye."

        async def speak(self, text: str) -> AsyncGenerator[tuple[np.ndarray, int], None]:
            if not text.isascii():
                raise ClauseSkipped("voice", f"not {text}")
            yield LOUD, 16_000

    async def run() -> None:
        mind, said = PipelineSession(English(), ChatHistory(), lambda words: None), []
        with pytest.raises(ClauseSkipped, match="not 你好吗。"):
            async for part in mind.answer("hello"):
                said += [part.text] if isinstance(part, Speech) else []
        assert said == ["Well.", "It is so.", "Bye."], "without marks, as a caption shows it"
        await mind.close()

    asyncio.run(run())
