"""A server for tests: the real application on a port of this machine, with drawn faces and a brain that echoes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import httpx
import uvicorn

from livetalk.avatar.fake import FakeAvatar, FakeHost
from livetalk.cli.console import avatars
from livetalk.conversation.brains.echo import EchoBrain
from livetalk.server.lifecycle import Server, bind
from livetalk.server.limits import ServerLimits
from livetalk.server.logs import Log
from livetalk.server.metrics import Metrics
from livetalk.server.routes import Api, make_app
from livetalk.server.sessions import SessionManager


@dataclass
class House:
    url: str
    visits: SessionManager
    studio: FakeHost
    http: httpx.AsyncClient

    async def open(self, **wish: object) -> tuple[str, dict[str, str]]:
        """A session: its path and the headers of whoever owns it."""
        answer = await self.http.post("/v1/sessions", json={"avatar": "ada", **wish})
        assert answer.status_code == 201, answer.text
        body = answer.json()
        return f"/v1/sessions/{body['id']}", {"Authorization": f"Bearer {body['token']}"}


@contextlib.asynccontextmanager
async def house(
    limits: ServerLimits | None = None,
    face: type[FakeAvatar] = FakeAvatar,
    places: int = 4,
    udp: bool = True,
    ice: Sequence[str] = (),
) -> AsyncIterator[House]:
    studio = FakeHost(places=places, face=face)
    visits = SessionManager(studio, EchoBrain(), limits or ServerLimits(), Metrics(), Log())
    await visits.start()
    door = bind("127.0.0.1", 0)
    url = f"http://127.0.0.1:{door.getsockname()[1]}"
    app = make_app(Api(visits, avatars(), ice, udp))
    config = uvicorn.Config(
        app, log_config=None, ws="websockets-sansio", ws_max_size=64 * 1024, timeout_graceful_shutdown=1
    )
    server = Server(config)
    serving = asyncio.create_task(server.serve([door]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        async with httpx.AsyncClient(base_url=url, timeout=20) as http:
            yield House(url, visits, studio, http)
    finally:
        server.should_exit = True
        await serving
        door.close()


async def until(true: object, seconds: float = 10.0) -> None:
    """Wait for a condition; fails when its time is over."""
    assert callable(true)
    end = asyncio.get_running_loop().time() + seconds
    while not true():
        assert asyncio.get_running_loop().time() < end, "it did not happen in time"
        await asyncio.sleep(0.02)
