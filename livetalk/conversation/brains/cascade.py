"""Cascade brain: speech-to-text, chat and text-to-speech services behind OpenAI's HTTP protocol.

Each may live elsewhere and have its own key. A service that is slow, drops the line or sends nonsense ends in one
sentence that names it; what came until then has been said. Knows the protocol; no models.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
from jaxtyping import Float32

from livetalk.conversation.brains.base import BrainError, Step, Transcript
from livetalk.conversation.brains.pipeline import PipelineSession
from livetalk.conversation.history import ChatHistory
from livetalk.media.wav import wav_bytes

OPENAI = "https://api.openai.com/v1"
PCM_RATE = 24_000  # Hz of `pcm` answers
CONNECT = 5.0  # seconds to reach a service
PIECE = 4_800  # bytes of sound handed on together: a tenth of a second
MOST_NONSENSE = 20  # lines of an answer that cannot be read before it is given up


@dataclass(frozen=True)
class Service:
    """One service. `url` ends before /audio or /chat; `patience`: seconds it may be silent."""

    model: str
    url: str = OPENAI
    key: str | None = field(default=None, repr=False)
    patience: float = 15.0


@dataclass(frozen=True)
class CascadeConfig:
    """The three services, and how to use them."""

    transcription: Service = Service("whisper-1")
    chat: Service = Service("gpt-4o-mini")
    speech: Service = Service("gpt-4o-mini-tts")
    voice: str = "alloy"
    language: str | None = None
    longest: int = 200  # tokens of an answer


class CascadeBrain:
    """See the module docstring."""

    name = "cascade"
    reads_every = 1e9  # services cost money: only at pauses
    sentences = 1_000_000
    eager = False
    drafts = False
    whole = True

    def __init__(self, config: CascadeConfig | None = None) -> None:
        self.config = config or CascadeConfig()
        self._client: httpx.AsyncClient | None = None

    async def start(self) -> None:
        self._client = httpx.AsyncClient(timeout=httpx.Timeout(15.0, connect=CONNECT))

    def memory(self) -> ChatHistory:
        return ChatHistory()

    async def open(self, memory: ChatHistory, tell: Callable[[Transcript], None]) -> PipelineSession:
        return PipelineSession(self, memory, tell)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def transcribe(self, sound: Float32[np.ndarray, " n"]) -> str:
        service = self.config.transcription
        fields = {"model": service.model, "response_format": "json"}
        if self.config.language is not None:
            fields["language"] = self.config.language
        files = {"file": ("speech.wav", wav_bytes(sound), "audio/wav")}
        async with self._asked("transcription", service, "/audio/transcriptions", data=fields, files=files) as answer:
            data = await answer.aread()
        try:
            return str(json.loads(data)["text"]).strip()
        except (ValueError, KeyError, TypeError) as error:
            raise _nonsense("transcription", service) from error

    async def think(self, messages: list[dict[str, str]]) -> AsyncGenerator[str, None]:
        service = self.config.chat
        wanted = {"model": service.model, "messages": messages, "stream": True, "max_tokens": self.config.longest}
        nonsense = 0
        async with self._asked("thinking", service, "/chat/completions", json=wanted) as answer:
            async for line in answer.aiter_lines():
                if not line.startswith("data:"):
                    continue
                data = line[5:].strip()
                if data == "[DONE]":
                    return
                try:
                    text = _delta(json.loads(data))
                except (ValueError, KeyError, TypeError, AttributeError) as error:
                    nonsense += 1
                    if nonsense > MOST_NONSENSE:
                        raise _nonsense("thinking", service) from error
                    continue
                if text:
                    yield text

    async def speak(self, text: str) -> AsyncGenerator[tuple[Float32[np.ndarray, " n"], int], None]:
        service = self.config.speech
        wanted = {"model": service.model, "voice": self.config.voice, "input": text, "response_format": "pcm"}
        rest = b""
        async with self._asked("voice", service, "/audio/speech", json=wanted) as answer:
            async for data in answer.aiter_bytes(PIECE):
                rest += data
                even = len(rest) // 2 * 2
                yield np.frombuffer(rest[:even], "<i2").astype(np.float32) / 32768, PCM_RATE
                rest = rest[even:]

    @asynccontextmanager
    async def _asked(self, step: Step, service: Service, path: str, **request: Any) -> AsyncIterator[httpx.Response]:
        """The streamed answer to a POST; what goes wrong becomes a BrainError."""
        assert self._client is not None, "the brain was not started"
        headers = {} if service.key is None else {"Authorization": f"Bearer {service.key}"}
        timeout = httpx.Timeout(service.patience, connect=CONNECT)
        where = f"{service.url.rstrip('/')}{path}"
        try:
            async with self._client.stream("POST", where, headers=headers, timeout=timeout, **request) as answer:
                if answer.status_code in (401, 403):
                    raise BrainError(step, f"{where} does not take the key: give a valid one")
                if answer.status_code != 200:
                    raise BrainError(step, f"{where} answers {answer.status_code}: check its model name, or try later")
                yield answer
        except httpx.ConnectError as error:
            raise BrainError(step, f"{where} cannot be reached: check its address and that it runs") from error
        except httpx.TimeoutException as error:
            raise BrainError(step, f"{where} was silent for {service.patience:.0f} s: try again") from error
        except httpx.HTTPError as error:
            raise BrainError(step, f"{where} dropped the line: try again") from error


def _delta(event: dict[str, Any]) -> str:
    """The text of a chat completion chunk."""
    choices = event["choices"]
    return (choices[0]["delta"].get("content") or "") if choices else ""


def _nonsense(step: Step, service: Service) -> BrainError:
    return BrainError(step, f"{service.url} sends answers that cannot be read: is it a service of OpenAI's kind?")
