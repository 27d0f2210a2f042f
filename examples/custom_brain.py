"""A brain of your own: hears the visitor's turn, answers with words and sound. This one always says the same.

python examples/custom_brain.py [--serve]     # --serve: http://localhost:8080, with a drawn face
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from importlib.resources import files
from pathlib import Path

import numpy as np

from livetalk.avatar.fake import FakeStudio
from livetalk.conversation.brains.base import Answer, Speech, Thought, Understood
from livetalk.conversation.brains.echo import EchoBrain, EchoMind
from livetalk.conversation.history import Memory
from livetalk.media import read_speech
from livetalk.server.lifecycle import bind, serve
from livetalk.server.limits import Limits
from livetalk.server.logs import Log
from livetalk.server.metrics import Metrics
from livetalk.server.routes import Door, make_app
from livetalk.server.sessions import Visits

ASSETS = Path(str(files("livetalk"))) / "assets"


class GreetingMind(EchoMind):
    """One conversation. `EchoMind` keeps what is heard; a mind of your own would transcribe it."""

    async def answer(self, text: str | None = None) -> AsyncIterator[Answer]:
        self.forget()
        yield Understood(text or "(speech)")
        yield Thought("Hello, nice to meet you.")
        for piece in read_speech(ASSETS / "speech" / "hello.ogg"):
            yield Speech(np.asarray(piece), 16_000, "Hello,")  # words are heard with the sound they come with


class GreetingBrain(EchoBrain):
    """Loaded once, serves every conversation."""

    name = "greeting"

    async def open(self, memory: Memory, tell: Callable[[Understood], None]) -> GreetingMind:
        return GreetingMind()


async def ask(text: str) -> list[Answer]:
    mind = await GreetingBrain().open(Memory(), print)
    return [part async for part in mind.answer(text)]


if __name__ == "__main__":
    if "--serve" in sys.argv:
        visits = Visits(FakeStudio(), GreetingBrain(), Limits(), Metrics(), Log())
        faces = {path.stem: path for path in (ASSETS / "avatars").glob("*.png")}
        asyncio.run(serve(make_app(Door(visits, faces)), visits, bind("localhost", 8080)))
    sys.stdout.write(f"{asyncio.run(ask('Hello'))[:2]}\n")
