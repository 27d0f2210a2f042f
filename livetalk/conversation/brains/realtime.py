"""Client connection to an OpenAI-Realtime-style server: JSON events over a websocket, validated as they are read.

`Dialect` holds what differs between servers: OpenAI's own events (vLLM-Omni's turn-based handler and SGLang take them
too), and the older ones of vLLM-Omni up to 0.30, which answers each utterance by itself. `Newest` tells the events of
the newest answer (or turn) from late ones of older ones. Knows no conversation.
"""

import asyncio
import base64
import binascii
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from jaxtyping import Float32
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidURI

from livetalk.conversation.brains.base import BrainError

MOST_NONSENSE = 50  # messages in a row that cannot be read before the line is given up
LARGEST = 4 << 20  # bytes of a message
LONGEST_SENDING = 5.0  # seconds that a full line may take before it is given up
GOODBYE = 1.0  # seconds that the other end may take to answer a goodbye
Dialect = Literal["openai", "vllm-omni"]
AUDIO = ("response.output_audio.delta", "response.audio.delta")
TEXT = (
    "response.output_audio_transcript.delta",
    "response.audio_transcript.delta",
    "response.output_text.delta",
    "response.text.delta",
)
TICKET = "answer-"  # begins the names that we give to what we ask for
COMMITTED = "input_audio_buffer.committed"
HEARD = "conversation.item.input_audio_transcription.completed"
UNHEARD = "conversation.item.input_audio_transcription.failed"
HARMLESS = ("response_cancel_not_active", "input_audio_buffer_commit_empty", "item_truncate_invalid_audio_end_ms")


@dataclass(frozen=True)
class RealtimeConfig:
    """A server and how to use it. `patience`: seconds it may take to begin, or go on with, an answer."""

    url: str = "wss://api.openai.com/v1/realtime"
    model: str = "gpt-realtime"
    key: str | None = field(default=None, repr=False)
    voice: str | None = None
    transcription: str | None = "gpt-4o-mini-transcribe"  # what writes down the visitor; None: nobody does
    dialect: Dialect = "openai"
    patience: float = 20.0

    @property
    def rate(self) -> int:
        """Of the sound that goes in, Hz."""
        return 16_000 if self.older else 24_000

    @property
    def older(self) -> bool:
        """Whether the server knows utterances only: no items, no cancelling."""
        return self.dialect == "vllm-omni"


@dataclass(frozen=True)
class Event:
    """A message of the server, as far as it could be read."""

    kind: str
    body: dict[str, Any]

    def text(self, name: str) -> str:
        value = self.body.get(name)
        return value if isinstance(value, str) else ""

    @property
    def response(self) -> str:
        """The answer it belongs to; "" if it does not say."""
        inner = self.body.get("response")
        found = inner.get("id") if isinstance(inner, dict) else self.body.get("response_id")
        return found if isinstance(found, str) else ""

    @property
    def sound(self) -> Float32[np.ndarray, " n"]:
        """Of an audio delta; empty if it holds none."""
        try:
            data = base64.b64decode(self.text("delta") or self.text("audio"), validate=True)
        except (binascii.Error, ValueError):
            data = b""
        return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float32) / 32768

    @property
    def rate(self) -> int:
        given = self.body.get("sample_rate_hz")
        return given if isinstance(given, int) and 8_000 <= given <= 48_000 else 24_000

    @property
    def about(self) -> str:
        """The `event_id` of what we sent and an error is about; "" if it does not say."""
        inner = self.body.get("error")
        found = inner.get("event_id") if isinstance(inner, dict) else ""
        return found if isinstance(found, str) else ""

    @property
    def problem(self) -> tuple[str, str]:
        """Code and message of an error."""
        inner = self.body.get("error")
        inner = inner if isinstance(inner, dict) else {"message": inner if isinstance(inner, str) else ""}
        return str(inner.get("code") or self.body.get("code") or ""), str(inner.get("message") or "no reason given")


class Newest:
    """Things that are asked for one after the other: which of them is the newest, the only one that is wanted.

    We give each a ticket; the server gives each a name, in the order in which they were asked for. Even the name of an
    older one may come after the newest was asked for, so names are counted.
    """

    def __init__(self) -> None:
        self.name = ""  # of the newest, once it came
        self._unnamed: list[str] = []  # tickets of those whose names have not come, the oldest first
        self._old: set[str] = set()

    @property
    def unnamed(self) -> bool:
        """True until the server has sent the name."""
        return bool(self._unnamed)

    def ask(self, ticket: str) -> None:
        """There is a newer one."""
        self._unnamed.append(ticket)
        self._old |= {self.name} - {""}
        self.name = ""

    def named(self, name: str) -> None:
        """The server has named one, maybe not for the first time."""
        if not self._unnamed or name in self._old:
            return
        del self._unnamed[0]
        if not self._unnamed:
            self.name = name
        elif name:
            self._old.add(name)

    def refused(self, ticket: str) -> None:
        """The one of this ticket will not come, if it has not."""
        if ticket in self._unnamed:
            self._unnamed.remove(ticket)

    def owns(self, name: str) -> bool:
        """True if an event with this name, or none (""), belongs to the newest."""
        if self.name:
            return name in ("", self.name)
        return len(self._unnamed) <= 1 and name not in self._old


class RealtimeLine:
    """One connection. Made by `dial`."""

    def __init__(self, socket: ClientConnection, where: str) -> None:
        self._socket, self.where = socket, where

    @classmethod
    async def dial(cls, config: RealtimeConfig) -> "RealtimeLine":
        """Raises BrainError, with what to do, if nobody answers as expected."""
        joint = "&" if "?" in config.url else "?"
        headers = {} if config.key is None else {"Authorization": f"Bearer {config.key}"}
        try:
            socket = await connect(
                f"{config.url}{joint}model={config.model}",
                additional_headers=headers,
                open_timeout=10,
                close_timeout=GOODBYE,
                max_size=LARGEST,
            )
        except InvalidURI as error:
            raise BrainError("connection", f"{config.url} is not a websocket address: begin it with ws://") from error
        except InvalidHandshake as error:
            raise BrainError("connection", f"{config.url} refuses the connection: check key and model") from error
        except (OSError, TimeoutError, InvalidMessage, EOFError) as error:
            raise BrainError("connection", f"{config.url} cannot be reached: check that it runs") from error
        return cls(socket, config.url)

    @property
    def open(self) -> bool:
        return self._socket.state.name == "OPEN" and not self._socket.transport.is_closing()

    async def send(self, kind: str, **body: Any) -> None:
        """Raises BrainError when the line is dead, or so full that it may as well be."""
        try:
            async with asyncio.timeout(LONGEST_SENDING):
                await self._socket.send(json.dumps({"type": kind, **body}))
        except ConnectionClosed as error:
            raise self._dropped() from error
        except TimeoutError as error:
            self._socket.transport.abort()
            raise BrainError("connection", f"{self.where} takes nothing more: say it again") from error

    async def events(self) -> AsyncIterator[Event]:
        """Iterate over events; raises BrainError when the connection ends. Unreadable events are skipped."""
        nonsense = 0
        while True:
            try:
                message = await self._socket.recv()
            except ConnectionClosed as error:
                raise self._dropped() from error
            event = parse(message)
            nonsense = nonsense + 1 if event is None else 0
            if nonsense > MOST_NONSENSE:
                raise BrainError("connection", f"{self.where} sends what cannot be read: is it a Realtime server?")
            if event is not None:
                yield event

    async def close(self) -> None:
        """Say goodbye; hang up if that is not answered, or cannot be sent."""
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(GOODBYE):
                    await self._socket.close()
        finally:
            self._socket.transport.abort()

    def _dropped(self) -> BrainError:
        return BrainError("connection", f"{self.where} dropped the line: say it again")


def parse(message: str | bytes) -> Event | None:
    """A message as an event; None if it is none."""
    try:
        body = json.loads(message)
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict) or not isinstance(body.get("type"), str):
        return None
    return Event(body["type"], body)


def encoded(sound: Float32[np.ndarray, " n"]) -> str:
    return base64.b64encode((sound.clip(-1, 1) * 32767).astype("<i2").tobytes()).decode()


def session(config: RealtimeConfig, instructions: str) -> dict[str, Any]:
    """Payload of `session.update`; the server's turn detection is off, because turns are decided here."""
    if config.older:
        return {"model": config.model}
    sound = {"type": "audio/pcm", "rate": config.rate}
    hearing: dict[str, Any] = {"format": sound, "turn_detection": None}
    if config.transcription is not None:
        hearing["transcription"] = {"model": config.transcription}
    speaking: dict[str, Any] = {"format": {"type": "audio/pcm", "rate": 24_000}}
    if config.voice is not None:
        speaking["voice"] = config.voice
    return {
        "type": "realtime",
        "output_modalities": ["audio"],
        "instructions": instructions,
        "audio": {"input": hearing, "output": speaking},
    }


def introduction(config: RealtimeConfig, messages: list[dict[str, str]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a new line is told: the session, and what was said so far (chat messages, instructions first)."""
    instructions, *turns = messages
    ticket = {} if config.older else {"event_id": f"{TICKET}0"}  # what is refused of it is no answer's fault
    yield "session.update", {"session": session(config, instructions["content"]), **ticket}
    for turn in turns if not config.older else []:
        kind = "input_text" if turn["role"] == "user" else "output_text"
        content = [{"type": kind, "text": turn["content"]}]
        yield (
            "conversation.item.create",
            {"item": {"type": "message", "role": turn["role"], "content": content}, **ticket},
        )


async def soon(events: asyncio.Queue[Event | BrainError], patience: float, where: str) -> Event:
    """The next event. Raises what ended the line, and BrainError after `patience` seconds of silence."""
    try:
        item = await asyncio.wait_for(events.get(), patience)
    except TimeoutError as error:
        raise BrainError("thinking", f"{where} was silent for {patience:.0f} s: try again") from error
    if isinstance(item, BrainError):
        raise item
    return item
