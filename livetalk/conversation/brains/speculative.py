"""Speculative reply: generation starts at a pause, before the turn is known to be over; dropped if the visitor goes on.

A thought costs little, a voice much: so the first clause is thought at once, and spoken when the turn is likely over.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing

from loguru import logger

from livetalk.conversation.brains.base import Answer, BrainError, Speech

Composing = Callable[[list[dict[str, str]], asyncio.Event], AsyncGenerator[Answer, None]]


class SpeculativeReply:
    """An answer that is made before it is asked for: as far as its first clause is thought, or spoken.

    `messages`: what it answers; `compose` does. Iterating gives its parts and lets it go on; `drop` ends it.
    """

    def __init__(self, messages: list[dict[str, str]], compose: Composing) -> None:
        self.messages = messages
        self._wanted, self._speaking = asyncio.Event(), asyncio.Event()
        self._ready: asyncio.Queue[Answer | BrainError | None] = asyncio.Queue()
        self._work = asyncio.create_task(self._make(compose(messages, self._speaking)))

    def speak_ahead(self) -> None:
        """Its first clause may be spoken, though nobody has asked for it: a voice costs more than a thought."""
        self._speaking.set()

    def drop(self) -> None:
        self._work.cancel()

    async def __aiter__(self) -> AsyncIterator[Answer]:
        self._wanted.set()
        self._speaking.set()
        while (part := await self._ready.get()) is not None:
            if isinstance(part, BrainError):
                raise part
            yield part

    async def _make(self, parts: AsyncGenerator[Answer, None]) -> None:
        try:
            async with aclosing(parts):
                async for part in parts:
                    self._ready.put_nowait(part)
                    if isinstance(part, Speech):
                        await self._wanted.wait()
        except BrainError as error:
            self._ready.put_nowait(error)
        except Exception as error:
            logger.error("the answer failed: {}", type(error).__name__)
            self._ready.put_nowait(BrainError("thinking", "the answer failed for a reason not foreseen: say it again"))
        finally:
            self._ready.put_nowait(None)
