"""Calls of a service that makes clips as jobs: asked again when it is busy, waited for, downloaded, and given up.

What only time mends (rate limits, servers in trouble) is waited for, within limits; what a person must mend (keys,
quotas, addresses) is one sentence. A key goes to the service's own host and to no other. Knows no service.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from livetalk.evaluation.dialogue.clip_maker import ClipFailed
from livetalk.evaluation.dialogue.systems import SystemUnavailable
from livetalk.media.files import part_of
from livetalk.media.video import read_frames

if TYPE_CHECKING:
    import httpx

Json = Mapping[str, object]

LOCAL = ("127.0.0.1", "localhost", "::1")
LOST = ("insufficient_quota", "billing_hard_limit_reached")  # errors behind a 429 that no waiting mends


@dataclass(frozen=True)
class Waits:
    """Seconds and numbers. poll: between two looks at a job; job: until it is given up; limited: of waiting for a rate
    limit in all; again: before a call that failed is made again, doubled each time; tries: of a call or a download."""

    poll: float = 10.0
    job: float = 1200.0
    limited: float = 900.0
    again: float = 2.0
    tries: int = 4


@dataclass(frozen=True)
class ClipEndpoint:
    """Where a service is and how it is paid. name: for sentences; headers: with the key; key: what to set to mend it;
    gone: what a 404 means."""

    name: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    key: str
    gone: str
    waits: Waits = Waits()


class ApiCalls:
    """See the module docstring."""

    def __init__(self, service: ClipEndpoint) -> None:
        self.service = service

    async def ask(
        self,
        method: str,
        path: str,
        json: Json | None = None,
        data: Mapping[str, str] | None = None,
        files: "Mapping[str, tuple[str, bytes, str]] | None" = None,
        known: tuple[int, ...] = (400,),
    ) -> "httpx.Response":
        """An answer below 400, or one whose status the caller knows the meaning of. Raises SystemUnavailable."""
        service, waits = self.service, self.service.waits
        limited, left = time.monotonic() + waits.limited, waits.tries
        while True:
            left -= 1
            pause = waits.again * 2 ** (waits.tries - left - 1)
            try:
                async with self._http() as http:
                    headers = dict(service.headers)
                    answer = await http.request(method, path, json=json, data=data, files=files, headers=headers)
            except Exception as error:
                self._lost(error, method, left)
                await asyncio.sleep(pause)
                continue
            if answer.status_code == 429 and _code(answer) not in LOST:
                left, pause = left + 1, _retry_after(answer, waits.again)
                if time.monotonic() + pause > limited:
                    raise SystemUnavailable(f"{service.name} limits the rate of calls: run this again later")
            elif answer.status_code < 500 or not left:
                return answer if answer.status_code in known else self._understood(answer)
            await asyncio.sleep(pause)

    async def download(self, url: str, path: Path) -> None:
        """A finished clip as a file; one that breaks off or cannot be read is fetched again. Raises ClipFailed."""
        for attempt in range(self.service.waits.tries):
            if attempt:
                await asyncio.sleep(self.service.waits.again * 2 ** (attempt - 1))
            if await self._fetched(url, part_of(path)) and await asyncio.to_thread(is_film, part_of(path)):
                os.replace(part_of(path), path)
                return
        part_of(path).unlink(missing_ok=True)
        raise ClipFailed(
            f"{self.service.name}'s clip could not be downloaded whole in {self.service.waits.tries} tries"
        )

    @contextlib.asynccontextmanager
    async def _http(self) -> "AsyncGenerator[httpx.AsyncClient]":
        import httpx

        local = urlsplit(self.service.url).hostname in LOCAL
        async with httpx.AsyncClient(base_url=self.service.url, timeout=120, trust_env=not local) as http:
            yield http

    async def _fetched(self, url: str, path: Path) -> bool:
        """Whether all of it came. Follows redirects itself: a key is for the service's own host."""
        import httpx

        try:
            async with self._http() as http:
                for _ in range(5):
                    own = urlsplit(str(http.base_url.join(url))).hostname == http.base_url.host
                    headers = dict(self.service.headers) if own else {}
                    async with http.stream("GET", url, headers=headers) as answer:
                        if answer.is_redirect:
                            url = str(answer.url.join(answer.headers["Location"]))
                            continue
                        if answer.status_code in (401, 403):
                            await answer.aread()
                            self._understood(answer)
                        if answer.status_code != 200:
                            return False
                        with path.open("wb") as file:
                            async for piece in answer.aiter_bytes():
                                file.write(piece)
                        return True
        except httpx.HTTPError:
            return False
        return False

    def _understood(self, answer: "httpx.Response") -> "httpx.Response":
        service, code = self.service, answer.status_code
        if code < 400:
            return answer
        if code in (401, 403):
            raise SystemUnavailable(f"{service.name} refuses the key ({code}): {service.key}")
        if code == 429:
            raise SystemUnavailable(f"{service.name} says that the quota is used up: add to it, and run this again")
        if code in (404, 410):
            raise SystemUnavailable(f"{service.name} answers {code}: {service.gone}")
        raise SystemUnavailable(f"{service.name} answers {code}, {sentence(answer)}: run this again later")

    def _lost(self, error: Exception, method: str, left: int) -> None:
        """A call to which no answer came: what cannot be made again is told."""
        import httpx

        if not isinstance(error, httpx.TransportError):
            raise error
        connected = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
        if method == "POST" and connected:
            words = "a clip may have been ordered all the same; run this again"
            raise SystemUnavailable(f"{self.service.name} did not answer an order ({error}): {words}") from error
        if not left:
            where = f"{self.service.name} cannot be reached at {self.service.url}"
            raise SystemUnavailable(f"{where} ({error}): run this again later") from error


def is_film(path: Path) -> bool:
    """Whether a file is a video that can be read to its end."""
    try:
        return sum(1 for _ in read_frames(path)) > 0
    except ValueError:
        return False


def sentence(answer: "httpx.Response") -> str:
    """What a service says is wrong."""
    told = error_of(answer).get("message")
    return str(told).strip().rstrip(".") if told else "without a reason"


def error_of(answer: "httpx.Response") -> Json:
    """The error in an answer, as both services wrap it; empty for none."""
    try:
        return mapping(mapping(answer.json()).get("error"))
    except ValueError:
        return {}


def mapping(value: object) -> Json:
    """A JSON object, empty for anything else."""
    return cast("Json", value) if isinstance(value, dict) else {}


def _code(answer: "httpx.Response") -> object:
    return error_of(answer).get("code")


def _retry_after(answer: "httpx.Response", usual: float) -> float:
    """Seconds that a busy service asks to wait, in a header (seconds or a date) or in the error's details (Google)."""
    told = answer.headers.get("Retry-After")
    if told is not None:
        with contextlib.suppress(ValueError):
            return max(0.0, float(told))
        with contextlib.suppress(ValueError):
            return max(0.0, (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds())
    details = error_of(answer).get("details")
    for detail in cast("list[object]", details) if isinstance(details, list) else []:
        delay = str(mapping(detail).get("retryDelay", ""))
        with contextlib.suppress(ValueError):
            return max(0.0, float(delay.removesuffix("s")))
    return usual
