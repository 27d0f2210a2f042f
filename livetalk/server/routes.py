"""HTTP routes: sessions, signalling, avatars, the page, health and metrics.

    POST   /v1/sessions             {"avatar": "ada"} or {"portrait": "<base64>"}, "mood"  ->  201 id, token, ...
    POST   /v1/pictures             {"portrait": "<base64>"}                               ->  200 the same as JPEG
    POST   /v1/sessions/ID/offer    {"sdp", "type": "offer"}                               ->  200 the answer
    WS     /v1/sessions/ID/socket   subprotocols "livetalk", TOKEN
    GET    /v1/sessions/ID · DELETE /v1/sessions/ID
    GET    /v1/avatars · /v1/avatars/NAME.jpg · /health · /ready · /metrics · / and its files

Everything below a session wants `Authorization: Bearer TOKEN`; a wrong token is told from an unknown session by
nobody. Errors are {"error": {"step", "message"}}. Knows no media and no brains.
"""

import asyncio
import base64
import binascii
from collections.abc import Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from fastapi import Depends, FastAPI, Header, HTTPException, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from jaxtyping import UInt8
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException as StarletteHTTPException

from livetalk.avatar.session import AtCapacity
from livetalk.conditions.input_checks import InputWarning
from livetalk.conditions.portrait import load_portrait
from livetalk.server.middleware import RequestGuardMiddleware
from livetalk.server.portraits import Framer
from livetalk.server.session import Session
from livetalk.server.sessions import Closed, SessionManager
from livetalk.server.webrtc import RtcLink, ice_for_page, parse_ice
from livetalk.server.websocket import SocketLink

PAGE = Path(__file__).parent / "page"
MOOD = "a person talks, friendly and calm"


class ApiError(Exception):
    """An answer that says which step failed and what to do."""

    def __init__(self, status: int, step: str, message: str, retry: int | None = None) -> None:
        super().__init__(message)
        self.status, self.step, self.message, self.retry = status, step, message, retry


class OpenSession(BaseModel):
    """Request body of a new session: a bundled avatar by name, or a portrait uploaded before."""

    model_config = ConfigDict(extra="forbid", strict=True)
    avatar: str | None = Field(None, max_length=64)
    portrait: str | None = None
    mood: str = Field(MOOD, min_length=1, max_length=300)


class UploadedPicture(BaseModel):
    """A picture that a browser does not know."""

    model_config = ConfigDict(extra="forbid", strict=True)
    portrait: str


class Offer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    sdp: str = Field(max_length=64 * 1024)
    type: str = Field(max_length=16)


class Api:
    """The routes and what they share."""

    def __init__(
        self, visits: SessionManager, avatars: dict[str, Path], ice: Sequence[str] = (), udp: bool = True
    ) -> None:
        self.visits, self.avatars, self.udp = visits, avatars, udp
        self.ice, self.framer = parse_ice(ice), Framer(visits.limits)
        self._portraits: dict[str, UInt8[np.ndarray, "h w 3"]] = {}

    async def open(self, wish: OpenSession) -> JSONResponse:
        try:
            await self.visits.wait_for_leaving()
            with self.visits.reserved():
                portrait, warnings = await self._portrait(wish)
                visit = await self.visits.open(portrait, wish.mood)
        except (AtCapacity, Closed) as error:
            self.visits.metrics.refused.labels("full" if isinstance(error, AtCapacity) else "closed").inc()
            raise ApiError(503, "session", str(error), retry=30) from error
        except ValueError as error:
            raise ApiError(503, "face", str(error), retry=30) from error
        body = {
            "id": visit.id,
            "token": visit.token,
            "size": self.visits.studio.size,
            "brain": self.visits.brain.name,
            "ice_servers": ice_for_page(self.ice),
            "transports": ["webrtc", "websocket"] if self.udp else ["websocket"],
            "limits": {"seconds": self.visits.limits.duration, "idle": self.visits.limits.idle},
            "warnings": [{"step": "portrait", **asdict(warning)} for warning in warnings],
        }
        return JSONResponse(body, 201)

    async def _portrait(self, wish: OpenSession) -> tuple[UInt8[np.ndarray, "h w 3"], list[InputWarning]]:
        """The picture that was asked for, framed, and what is to be said about it."""
        size = self.visits.studio.size
        if wish.portrait is not None:
            if wish.avatar is not None:
                raise ApiError(422, "portrait", "give an avatar or a portrait, not both")
            with _portrait_errors():
                return await self.framer.framed(base64.b64decode(wish.portrait, validate=True), size)
        name = wish.avatar or next(iter(self.avatars), "")
        if name not in self.avatars:
            raise ApiError(422, "portrait", f"there is no such avatar: choose one of {', '.join(self.avatars)}")
        if name not in self._portraits:
            self._portraits[name] = await asyncio.to_thread(load_portrait, self.avatars[name], size)
        return self._portraits[name], []

    async def as_jpeg(self, uploaded: UploadedPicture) -> JSONResponse:
        """A picture of any kind as one that every browser knows."""
        with _portrait_errors():
            made = await self.framer.as_jpeg(base64.b64decode(uploaded.portrait, validate=True))
        return JSONResponse({"portrait": base64.b64encode(made).decode()})

    def visit(self, name: str, authorization: Annotated[str, Header()] = "") -> Session:
        """The visit a request is about, if it may be."""
        kind, _, token = authorization.partition(" ")
        visit = self.visits.find(name, token.strip()) if kind.lower() == "bearer" else None
        if visit is None:
            self.visits.metrics.refused.labels("token").inc()
            raise ApiError(404, "session", "there is no such session: start a new one")
        return visit

    async def offer(self, visit: Session, offer: Offer) -> Any:
        if not self.udp:
            raise ApiError(409, "connection", "this server speaks WebSocket only")
        if visit.rate_limited():
            raise ApiError(429, "connection", "too many offers: wait ten seconds", retry=10)
        link = RtcLink(self.ice, visit.on_audio, visit.on_message, visit.on_disconnect)
        try:
            answer = await link.answer_offer(offer.sdp, offer.type)
        except ValueError as error:
            raise ApiError(422, "connection", str(error)) from error
        if visit.reason is not None:
            await link.close()
            raise ApiError(404, "session", "there is no such session: start a new one")
        visit.connect(link)
        return answer

    async def socket(self, socket: WebSocket, name: str) -> None:
        offered = socket.scope.get("subprotocols", [])
        visit = self.visits.find(name, offered[1]) if len(offered) == 2 and offered[0] == "livetalk" else None
        if visit is None or visit.reason is not None:
            self.visits.metrics.refused.labels("token").inc()
            await socket.close()
            return
        await socket.accept("livetalk")
        if visit.reason is not None:  # it ended meanwhile
            await socket.close()
            return
        link = SocketLink(socket, visit.on_audio, visit.on_message)
        visit.connect(link)
        try:
            await link.serve()
        finally:
            visit.on_disconnect(link)


@contextmanager
def _portrait_errors() -> Generator[None]:
    """What is wrong with an uploaded picture, as an answer."""
    try:
        yield
    except AtCapacity as error:
        raise ApiError(503, "portrait", str(error), retry=5) from error
    except binascii.Error as error:
        raise ApiError(422, "portrait", "the portrait is not base64") from error
    except ValueError as error:
        raise ApiError(422, "portrait", str(error)) from error


def make_app(door: Api, hosts: Sequence[str] = ()) -> FastAPI:
    """The application. hosts: names besides addresses, localhost and this machine's that a browser may use for us."""
    visits = door.visits

    @asynccontextmanager
    async def lifespan(_: FastAPI):
        try:
            yield
        finally:
            await visits.close()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.door = door
    _sessions(app, door)
    _facts(app, door)
    app.mount("/", StaticFiles(directory=PAGE, html=True))
    app.add_middleware(RequestGuardMiddleware, limits=visits.limits, hosts=hosts)
    _errors(app)
    return app


def _sessions(app: FastAPI, door: Api) -> None:
    found = Depends(door.visit)

    @app.post("/v1/sessions")
    async def open_session(wish: OpenSession) -> Response:
        return await door.open(wish)

    @app.post("/v1/pictures")
    async def pictures(uploaded: UploadedPicture) -> Response:
        return await door.as_jpeg(uploaded)

    @app.get("/v1/sessions/{name}")
    async def look(visit: Session = found) -> Any:
        return {"id": visit.id, "connected": visit.link is not None, "reason": visit.reason}

    @app.delete("/v1/sessions/{name}")
    async def leave(visit: Session = found) -> Any:
        await visit.end("left")
        return {"id": visit.id, "reason": visit.reason}

    @app.post("/v1/sessions/{name}/offer")
    async def offer(wanted: Offer, visit: Session = found) -> Any:
        return await door.offer(visit, wanted)

    @app.websocket("/v1/sessions/{name}/socket")
    async def socket(socket: WebSocket, name: str) -> None:
        await door.socket(socket, name)


def _facts(app: FastAPI, door: Api) -> None:
    visits = door.visits

    @app.get("/v1/avatars")
    async def avatars() -> Any:
        return {"avatars": list(door.avatars), "brain": visits.brain.name, "mood": MOOD}

    @app.get("/v1/avatars/{name}.jpg")
    async def avatar(name: str) -> Response:
        if name not in door.avatars:
            raise ApiError(404, "portrait", "there is no such avatar")
        return FileResponse(door.avatars[name], media_type="image/jpeg", headers={"Cache-Control": "max-age=86400"})

    @app.get("/health")
    async def health() -> Any:
        return {"status": "alive"}

    @app.get("/ready")
    async def ready() -> Response:
        words = "ready" if visits.ready else "stopping" if visits.draining else "getting ready"
        facts = {"status": words, "sessions": len(visits), "places": visits.places}
        return JSONResponse(facts, 200 if visits.ready else 503)

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(visits.metrics.text(), media_type="text/plain; version=0.0.4")


def _errors(app: FastAPI) -> None:
    def answer(status: int, step: str, message: str, retry: int | None = None) -> JSONResponse:
        headers = {"Retry-After": str(retry)} if retry is not None else None
        return JSONResponse({"error": {"step": step, "message": message}}, status, headers)

    @app.exception_handler(ApiError)
    async def refused(_: Request, error: ApiError) -> Response:
        return answer(error.status, error.step, error.message, error.retry)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        fields = sorted({".".join(str(place) for place in problem["loc"][1:2]) or "body" for problem in error.errors()})
        known = [name for name in fields if name in (*OpenSession.model_fields, *Offer.model_fields)] or ["body"]
        return answer(422, "request", f"these are missing, unknown or of a wrong kind: {', '.join(known)}")

    @app.exception_handler(StarletteHTTPException)
    @app.exception_handler(HTTPException)
    async def other(_: Request, error: HTTPException) -> Response:
        return answer(error.status_code, "request", str(error.detail))
