"""`livetalk serve`: web server with a page on which a visitor talks with an avatar.

Chooses the brain and the face by their flags, says where the page is, and serves until it is told to stop. What a
conversation is made of is the business of `conversation` and `server`.
"""

import asyncio
import importlib.util
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from livetalk.cli.console import avatars, err, out
from livetalk.cli.model import ModelOptions, Size, frame_size
from livetalk.cli.options import with_options
from livetalk.conversation.brains.options import BrainName, BrainOptions
from livetalk.geometry import FrameSize
from livetalk.options import Group, Option
from livetalk.server.limits import ServerLimits

if TYPE_CHECKING:
    from livetalk.avatar.session import AvatarHost

NEEDED = ("aiortc", "fastapi", "pipecat", "prometheus_client", "uvicorn", "websockets")
Face = Literal["model", "drawn", "marker"]


@dataclass(frozen=True)
class PageOptions:
    """Where the page is, and how browsers reach it."""

    host: Annotated[str, Option("Address to listen at; 0.0.0.0 for other machines, too.")] = "127.0.0.1"
    port: Annotated[int, Option("Port of the page.", min=0, max=65535)] = 8080
    turn: Annotated[list[str] | None, Option("ICE server: turn:USER:PASSWORD@HOST:PORT.")] = None
    udp: Annotated[bool, Option("WebRTC, or WebSocket only.")] = True
    tls_self_signed: Annotated[bool, Option("HTTPS, for phones' microphones.")] = False
    tls_dir: Annotated[Path | None, Option("Where that certificate is kept; else in the cache.")] = None
    allow_host: Annotated[list[str] | None, Option("A name browsers may use for this server.")] = None


@with_options
def serve(
    page: PageOptions,
    answers: BrainOptions,
    model: Annotated[ModelOptions, Group(without=("seed", "loading"))],
    limits: ServerLimits,
    brain: Annotated[BrainName, typer.Option(help="Who answers.")] = "local",
    face: Annotated[Face, typer.Option(help="Who is seen.")] = "model",
    size: Annotated[Size, typer.Option(help="Frames; auto: 512 where the machine has time for it.")] = "auto",
    minutes: Annotated[float, typer.Option(help="The longest conversation.", min=0.1)] = ServerLimits.duration / 60,
    log: Annotated[bool, typer.Option("--log/--no-log", help="Events as JSON on standard error.")] = True,
) -> None:
    """Open a page, talk to the face, be answered, interrupt it."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ValueError(f"{', '.join(missing)} not found: pip install 'livetalk[talk]'")
    from livetalk.server import logs

    writer = logs.to_stderr() if log else logs.Log()
    logs.only_places(writer)  # before pipecat is imported, which greets
    from livetalk.conversation.brains.factory import make_brain
    from livetalk.conversation.brains.local.models import cache
    from livetalk.server.lifecycle import bind
    from livetalk.server.lifecycle import serve as run
    from livetalk.server.metrics import Metrics
    from livetalk.server.routes import Api, make_app
    from livetalk.server.sessions import SessionManager
    from livetalk.server.tls import certificate

    socket = bind(page.host, page.port)
    files = certificate(page.tls_dir or cache() / "tls") if page.tls_self_signed else None
    visits = SessionManager(
        _host(face, model, limits.sessions, frame_size(size)),
        make_brain(brain, answers),
        replace(limits, duration=60 * minutes),
        Metrics(),
        writer,
    )
    app = make_app(Api(visits, avatars(), page.turn or [], page.udp), page.allow_host or [])
    began = time.monotonic()
    err.print("Getting ready: models are loaded and this machine is measured ...", markup=False)

    def opened() -> None:
        writer("ready", seconds=round(time.monotonic() - began, 1), places=visits.places)
        for line in addressed(page.host, socket.getsockname()[1], files is not None):
            out.print(line, markup=False)

    asyncio.run(run(app, visits, socket, files, opened))


def addressed(host: str, port: int, secure: bool) -> list[str]:
    """Sentences that say where the page is, from this machine and from others."""
    from livetalk.server.tls import addresses

    scheme = "https" if secure else "http"
    if host in ("127.0.0.1", "localhost", "::1"):
        return [f"Open {scheme}://localhost:{port}", "Only this machine sees it; --host 0.0.0.0 opens it to others."]
    shown = addresses() if host in ("0.0.0.0", "::") else [host]
    lines = [f"Open {scheme}://localhost:{port}"]
    lines += [f"  or {scheme}://{f'[{name}]' if ':' in name else name}:{port} from another machine" for name in shown]
    if not secure:
        lines.append("Other machines' browsers give no microphone to plain http: add --tls-self-signed")
    return lines


def _host(face: Face, model: ModelOptions, sessions: int, size: FrameSize) -> "AvatarHost":
    from livetalk.avatar.fake import FakeAvatar, FakeHost, MarkerAvatar

    if face != "model":
        return FakeHost(
            256 if size == "auto" else int(size), sessions or 4, MarkerAvatar if face == "marker" else FakeAvatar
        )
    from livetalk.worker.host import WorkerHost

    return WorkerHost(model.preset, model.weights, sessions or None, size)
