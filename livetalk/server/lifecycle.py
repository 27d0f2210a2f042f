"""Lifecycle of the server: listen, load, admit visitors, and on SIGTERM finish running answers before it closes.

A second signal ends the process at once, and so does one while it loads, when there is nobody to say goodbye to.
Knows no options and no models.
"""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import uvicorn
from fastapi import FastAPI

from livetalk.runtime.process import ending_signals
from livetalk.server.limits import ServerLimits
from livetalk.server.sessions import SessionManager, freeze_garbage


class Server(uvicorn.Server):
    """Uvicorn with our own idea of how to leave."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind(host: str, port: int) -> socket.socket:
    """The door's socket. Listens already, so that no other process can have the port meanwhile.

    Raises ValueError, with what to do, where it cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((host, port))
        door.listen()
    except OSError as error:
        door.close()
        raise ValueError(f"port {port} of {host} cannot be used ({error.strerror}): choose another --port") from error
    return door


async def serve(
    app: FastAPI,
    visits: SessionManager,
    door: socket.socket,
    certificate: tuple[Path, Path] | None = None,
    opened: Callable[[], None] = lambda: None,
) -> None:
    """Serve until a signal. Requests are answered at once; `opened` is called when visitors can come in.

    Raises ValueError, with what to do, if the models cannot be loaded.
    """
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
    config.load()  # here: a certificate that cannot be read is told before models are loaded
    loop, leaving, gently = asyncio.get_running_loop(), asyncio.Event(), False

    def signalled(number: int, _: object) -> None:
        nonlocal gently
        if not gently:
            _end_at_once(number)
        gently = False
        loop.call_soon_threadsafe(leaving.set)

    for number in (*ending_signals(), signal.SIGINT):
        signal.signal(number, signalled)  # not the loop's handlers, which would wait for a loop that is busy
    server = Server(config)
    serving = asyncio.create_task(server.serve([door]))
    serving.add_done_callback(lambda _: leaving.set())
    try:
        await visits.start()
        freeze_garbage()
        gently = True
        opened()
        await leaving.wait()
        await visits.drain()
    finally:
        await visits.close()
        server.should_exit = True
        await serving


def _end_at_once(number: int) -> NoReturn:
    """As if nobody listened to signals: what threads do meanwhile, loading models above all, cannot be called off."""
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
    os._exit(128 + number)  # the first process of a container is not ended by that


__all__ = ["ServerLimits", "bind", "serve"]
