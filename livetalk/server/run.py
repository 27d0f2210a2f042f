"""A server's life: load, open the door, serve, and on SIGTERM let answers finish before the door closes.

A second signal ends at once. Knows no options and no models.
"""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from livetalk.server.limits import Limits
from livetalk.server.tidy import settle
from livetalk.server.visits import Visits


class Server(uvicorn.Server):
    """Uvicorn with our own idea of how to leave."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind(host: str, port: int) -> socket.socket:
    """The door's socket. Raises ValueError, with what to do, where it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((host, port))
    except OSError as error:
        door.close()
        raise ValueError(f"port {port} of {host} cannot be used ({error.strerror}): choose another --port") from error
    return door


async def serve(
    app: FastAPI,
    visits: Visits,
    door: socket.socket,
    certificate: tuple[Path, Path] | None = None,
    opened: Callable[[], None] = lambda: None,
) -> None:
    """Until a signal. `opened` is called when visitors can come in."""
    cert, key = certificate or (None, None)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        ssl_certfile=cert,
        ssl_keyfile=key,
        timeout_graceful_shutdown=3,
        ws="websockets-sansio",
        ws_max_size=64 * 1024,
        h11_max_incomplete_event_size=32 * 1024,
    )
    server = Server(config)
    loop, leaving = asyncio.get_running_loop(), list[asyncio.Task[None]]()

    async def leave() -> None:
        await visits.drain()
        server.should_exit = True

    def signalled() -> None:
        if leaving:
            server.force_exit = server.should_exit = True
            leaving[0].cancel()
        else:
            leaving.append(asyncio.create_task(leave()))

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, signalled)
    try:
        await visits.start()
        settle()
        serving = asyncio.create_task(server.serve([door]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.02)
        if server.started:
            opened()
        await serving
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        await visits.close()
        door.close()


__all__ = ["Limits", "bind", "serve"]
