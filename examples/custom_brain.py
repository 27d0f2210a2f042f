"""A brain of your own: hears the visitor's turn, answers with words and sound. This one always says the same.

python examples/custom_brain.py [--serve]     # --serve: http://localhost:8080, with a drawn face
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from importlib.resources import files
from pathlib import Path

import numpy as np

from livetalk.avatar.fake import FakeHost
from livetalk.conversation.brains.base import Answer, Speech, TextDelta, Transcript
from livetalk.conversation.brains.echo import EchoBrain, EchoSession
from livetalk.conversation.history import ChatHistory
from livetalk.media import read_speech
from livetalk.server.lifecycle import bind, serve
from livetalk.server.limits import ServerLimits
from livetalk.server.logs import Log
from livetalk.server.metrics import Metrics
from livetalk.server.routes import Api, make_app
from livetalk.server.sessions import SessionManager

ASSETS = Path(str(files("livetalk"))) / "assets"


class GreetingMind(EchoSession):
    """One conversation. `EchoMind` keeps what is heard; a mind of your own would transcribe it."""

    async def answer(self, text: str | None = None) -> AsyncIterator[Answer]:
        self.forget()
        yield Transcript(text or "(speech)")
        yield TextDelta("Hello, nice to meet you.")
        for piece in read_speech(ASSETS / "speech" / "hello.ogg"):
            yield Speech(np.asarray(piece), 16_000, "Hello,")  # words are heard with the sound they come with


class GreetingBrain(EchoBrain):
    """Loaded once, serves every conversation."""

    name = "greeting"

    async def open(self, memory: ChatHistory, tell: Callable[[Transcript], None]) -> GreetingMind:
        return GreetingMind()


async def ask(text: str) -> list[Answer]:
    mind = await GreetingBrain().open(ChatHistory(), print)
    return [part async for part in mind.answer(text)]


if __name__ == "__main__":
    if "--serve" in sys.argv:
        visits = SessionManager(FakeHost(), GreetingBrain(), ServerLimits(), Metrics(), Log())
        faces = {path.stem: path for path in (ASSETS / "avatars").glob("*.jpg")}
        asyncio.run(serve(make_app(Api(visits, faces)), visits, bind("localhost", 8080)))
    sys.stdout.write(f"{asyncio.run(ask('Hello'))[:2]}\n")
