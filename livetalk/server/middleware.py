"""ASGI middleware: Host allow-list, same-origin check, body-size limit, security headers.

Closed to other origins, to names that are not ours (a page elsewhere could have its own name point to this machine),
and to bodies that are too long. Adds the headers that keep the page to itself. Pure ASGI: knows no routes.
"""

import ipaddress
import json
import re
import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from livetalk.server.limits import ServerLimits

# Safari before 15.4 does not count websockets of the page's own host among 'self'.
POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "connect-src 'self' ws://{host} wss://{host}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
)
HEADERS = {
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HOST = re.compile(r"[\w.:%\[\]-]+", re.ASCII)  # nothing that could mean something within a policy


UPLOADS = ("/v1/sessions", "/v1/pictures")


class TooLong(Exception):
    """A body goes on past its limit."""


class RequestGuardMiddleware:
    """See the module docstring."""

    def __init__(self, app: ASGIApp, limits: ServerLimits, hosts: Sequence[str] = ()) -> None:
        self.app, self.limits = app, limits
        name = socket.gethostname().lower()
        self.hosts = {"localhost", name, f"{name.removesuffix('.local')}.local", *map(str.lower, hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._ours(host):
            await _refuse(scope, send, 421, "this server does not go by that name: start it with --allow-host NAME")
        elif origin is not None and _site(origin) != host:
            await _refuse(scope, send, 403, "only this server's own page may speak to it")
        elif scope["type"] == "websocket":
            await self.app(scope, receive, send)
        else:
            await self._measured(scope, receive, send, headers)

    def _ours(self, host: str) -> bool:
        if not HOST.fullmatch(host):
            return False
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
            if name in self.hosts:
                return True
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    async def _measured(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        """Hand on, count the body, dress the answer."""
        most = self.limits.upload * 4 // 3 + 4096 if scope["path"] in UPLOADS else self.limits.body
        length, seen, began = headers.get("content-length", "0"), 0, False
        if not length.isdecimal() or int(length[:20]) > most:
            await _refuse(scope, send, 413, f"this is too long: {most} bytes are the most")
            return

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most:
                raise TooLong
            return message

        async def dressed(message: Message) -> None:
            nonlocal began
            if message["type"] == "http.response.start":
                began = True
                answer = MutableHeaders(scope=message)
                answer.setdefault("Content-Security-Policy", POLICY.format(host=headers["host"]))
                for name, value in HEADERS.items():
                    answer.setdefault(name, value)
                answer.setdefault("Cache-Control", "no-cache")
            await send(message)

        try:
            await self.app(scope, counted, dressed)
        except TooLong:
            if not began:
                await _refuse(scope, send, 413, f"this is too long: {most} bytes are the most")


def _site(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


async def _refuse(scope: Scope, send: Send, status: int, message: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    body = json.dumps({"error": {"step": "request", "message": message}}).encode()
    head = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})
