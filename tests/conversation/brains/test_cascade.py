"""Promises of the brain of services, held against a server that speaks the real protocol and misbehaves."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import numpy as np
import pytest

from livetalk.conversation.brains.base import Answer, BrainError, Speech, TextDelta, Transcript
from livetalk.conversation.brains.cascade import CascadeBrain, CascadeConfig, Service
from livetalk.conversation.brains.pipeline import PipelineSession
from livetalk.conversation.history import ChatHistory
from tests.helpers.openai_http import OpenAI, openai_server

VOICE = (0.3 * np.sin(np.arange(16_000) * 0.1)).astype(np.float32)


@asynccontextmanager
async def _brain(
    server: OpenAI, patience: float = 5.0, key: str | None = None, memory: ChatHistory | None = None
) -> AsyncIterator[PipelineSession]:
    async with openai_server(server):
        service = Service("any", server.url, key, patience)
        brain = CascadeBrain(CascadeConfig(service, service, service))
        await brain.start()
        mind = await brain.open(memory or ChatHistory(), lambda words: None)
        try:
            yield mind
        finally:
            await mind.close()
            await brain.close()


async def _answer(mind: PipelineSession, text: str | None = None) -> list[Answer]:
    if text is None:
        mind.hear(VOICE)
    return [part async for part in mind.answer(text)]


def test_a_turn_becomes_words_a_thought_and_speech():
    async def run() -> None:
        async with _brain(server := OpenAI()) as mind:
            parts = await _answer(mind)
            assert parts[0] == Transcript("hello there")
            assert "".join(p.text for p in parts if isinstance(p, TextDelta)) == "Nice to meet you. How are you?"
            spoken = [p for p in parts if isinstance(p, Speech)]
            assert [p.text for p in spoken if p.text] == ["Nice to meet you.", "How are you?"]
            assert sum(len(p.audio) for p in spoken) / 24_000 == pytest.approx((17 + 12) / 20, abs=0.1)
            assert max(np.abs(p.audio).max() for p in spoken) == pytest.approx(8_000 / 32_768, abs=0.01)
            assert next(body for path, body in server.asked if path == "transcription")["seconds"] == 1.0

    asyncio.run(run())


def test_the_history_is_sent_as_it_was_heard():
    async def run() -> None:
        memory = ChatHistory("Be kind.")
        async with _brain(server := OpenAI(), memory=memory) as mind:
            for turn in range(3):
                memory.user_said(f"question {turn}")
                memory.face_said(f"answer {turn} as far as it was heard")
            memory.user_said("and now?")
            await _answer(mind, "and now?")
            sent = server.messages()
            assert sent[0] == {"role": "system", "content": "Be kind."}
            assert [m["role"] for m in sent[1:]] == ["user", "assistant"] * 3 + ["user"]
            assert sent[2]["content"] == "answer 0 as far as it was heard"

    asyncio.run(run())


def test_a_slow_first_token_is_waited_for_and_one_that_never_comes_is_told():
    async def run() -> None:
        async with _brain(OpenAI(first_token=1.0)) as mind:
            began = time.monotonic()
            assert len(await _answer(mind, "hi")) > 2
            assert time.monotonic() - began > 1.0
        async with _brain(OpenAI(first_token=30), patience=0.3) as mind:
            with pytest.raises(BrainError, match="silent for") as error:
                await _answer(mind, "hi")
            assert error.value.step == "thinking"

    asyncio.run(run())


def test_a_dropped_socket_is_told_after_what_came_was_said():
    async def run() -> None:
        async with _brain(OpenAI(drop_after=5)) as mind:
            said: list[str] = []
            with pytest.raises(BrainError, match="dropped the line"):
                async for part in mind.answer("hi"):
                    if isinstance(part, Speech) and part.text:
                        said.append(part.text)
            assert said == ["Nice to meet you."]

    asyncio.run(run())


def test_malformed_events_are_left_out():
    async def run() -> None:
        async with _brain(OpenAI(nonsense=2)) as mind:
            texts = [part.text for part in await _answer(mind, "hi") if isinstance(part, TextDelta)]
            assert "".join(texts) == "Nice to meet you. How are you?"
        async with _brain(OpenAI(nonsense=3)) as mind:
            with pytest.raises(BrainError, match="cannot be read"):
                await _answer(mind, "hi")

    asyncio.run(run())


@pytest.mark.parametrize(("server", "message"), [(OpenAI(key="right"), "key"), (OpenAI(status=500), "500")])
def test_a_refusal_names_what_to_look_at(server: OpenAI, message: str):
    async def run() -> None:
        async with _brain(server, key="wrong") as mind:
            with pytest.raises(BrainError, match=message) as error:
                await _answer(mind)
            assert error.value.step == "transcription"
            assert "wrong" not in str(error.value), "keys are not told"

    asyncio.run(run())


def test_nobody_there_is_one_sentence():
    async def run() -> None:
        brain = CascadeBrain(CascadeConfig(chat=Service("any", "http://127.0.0.1:9/v1")))
        await brain.start()
        mind = await brain.open(ChatHistory(), lambda words: None)
        with pytest.raises(BrainError, match="cannot be reached"):
            await _answer(mind, "hi")
        await brain.close()

    asyncio.run(run())


def test_an_interrupted_answer_stops_asking():
    async def run() -> None:
        async with _brain(server := OpenAI(words=[f"Sentence {i} is here. " for i in range(50)])) as mind:
            async with aclosing(mind.answer("hi")) as parts:  # type: ignore[type-var]
                async for part in parts:
                    if isinstance(part, Speech):
                        break
            await asyncio.sleep(0.1)
            assert sum(path == "speech" for path, _ in server.asked) < 4

    asyncio.run(run())
