"""`livetalk serve`: a page on this machine where one talks with a face.

Chooses the brain and the face by their flags, says where the page is, and serves until it is told to stop. What a
conversation is made of is the business of `conversation` and `server`.
"""

import asyncio
import importlib.util
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from livetalk.cli.console import avatars, err, out

if TYPE_CHECKING:
    from livetalk.avatar.session import AvatarHost

NEEDED = ("aiortc", "fastapi", "pipecat", "prometheus_client", "uvicorn", "websockets")


def serve(
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 for other machines, too.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of the page.", min=0, max=65535)] = 8080,
    brain: Annotated[Literal["local", "cascade", "omni", "echo"], typer.Option(help="Who answers.")] = "local",
    brain_url: Annotated[str | None, typer.Option(help="Where a served brain is (cascade, omni).")] = None,
    brain_model: Annotated[str | None, typer.Option(help="Its model there.")] = None,
    voice: Annotated[str | None, typer.Option(help="Its voice.")] = None,
    dialect: Annotated[str | None, typer.Option(help="What an omni server speaks: openai or vllm-omni.")] = None,
    language: Annotated[str | None, typer.Option(help="The visitor's language, two letters.")] = None,
    whisper: Annotated[Path | None, typer.Option(help="Folder of the local brain's Whisper (CTranslate2).")] = None,
    chat: Annotated[Path | None, typer.Option(help="Folder of its language model (CTranslate2).")] = None,
    kokoro: Annotated[Path | None, typer.Option(help="Folder of its voice.")] = None,
    face: Annotated[Literal["model", "drawn", "marker"], typer.Option(help="Who is seen.")] = "model",
    preset: Annotated[str, typer.Option(help="The face's model.")] = "tiny",
    weights: Annotated[Path | None, typer.Option(help="A folder of weights in place of the bundled ones.")] = None,
    sessions: Annotated[int, typer.Option(help="Visitors at once; 0: as many as fit.", min=0)] = 0,
    minutes: Annotated[float, typer.Option(help="The longest conversation.", min=0.1)] = 30.0,
    idle: Annotated[float, typer.Option(help="Seconds without a word that end one.", min=5)] = 180.0,
    turn: Annotated[list[str] | None, typer.Option(help="ICE server: turn:USER:PASSWORD@HOST:PORT.")] = None,
    udp: Annotated[bool, typer.Option("--udp/--no-udp", help="WebRTC, or WebSocket only.")] = True,
    tls_self_signed: Annotated[bool, typer.Option("--tls-self-signed", help="HTTPS, for phones' microphones.")] = False,
    tls_dir: Annotated[Path | None, typer.Option(help="Where that certificate is kept; else in the cache.")] = None,
    allow_host: Annotated[list[str] | None, typer.Option(help="A name browsers may use for this server.")] = None,
    log: Annotated[bool, typer.Option("--log/--no-log", help="Events as JSON on standard error.")] = True,
) -> None:
    """Open a page, talk to the face, be answered, interrupt it."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ValueError(f"{', '.join(missing)} not found: pip install 'livetalk[talk]'")
    from livetalk.server import logs

    writer = logs.to_stderr() if log else logs.Log()
    logs.only_places(writer)  # before pipecat is imported, which greets
    from livetalk.conversation.brains.factory import BrainOptions, make_brain
    from livetalk.conversation.brains.local.models import cache
    from livetalk.server.lifecycle import bind
    from livetalk.server.lifecycle import serve as run
    from livetalk.server.limits import ServerLimits
    from livetalk.server.metrics import Metrics
    from livetalk.server.routes import Api, make_app
    from livetalk.server.sessions import SessionManager
    from livetalk.server.tls import certificate

    wishes = BrainOptions(brain_url, brain_model, voice, language, dialect, whisper, chat, kokoro)
    limits = ServerLimits(sessions=sessions, duration=60 * minutes, idle=idle)
    socket = bind(host, port)
    files = certificate(tls_dir or cache() / "tls") if tls_self_signed else None
    visits = SessionManager(
        _studio(face, preset, weights, sessions),
        make_brain(brain, wishes),
        limits,
        Metrics(),
        writer,
    )
    app = make_app(Api(visits, avatars(), turn or [], udp), allow_host or [])
    began = time.monotonic()
    err.print("Getting ready: models are loaded and this machine is measured ...", markup=False)

    def opened() -> None:
        writer("ready", seconds=round(time.monotonic() - began, 1), places=visits.places)
        for line in addressed(host, socket.getsockname()[1], files is not None):
            out.print(line, markup=False)

    asyncio.run(run(app, visits, socket, files, opened))


def addressed(host: str, port: int, secure: bool) -> list[str]:
    """What a person is told: where the page is, from here and from elsewhere."""
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


def _studio(face: str, preset: str, weights: Path | None, sessions: int) -> "AvatarHost":
    from livetalk.avatar.fake import FakeAvatar, FakeHost, MarkerAvatar

    if face != "model":
        return FakeHost(face=MarkerAvatar if face == "marker" else FakeAvatar, places=sessions or 4)
    from livetalk.worker.host import WorkerHost

    return WorkerHost(preset, weights, sessions or None)
