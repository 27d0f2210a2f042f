"""Calls that only time mends are made again; an order that may have been taken is not."""

import asyncio

import pytest

from livetalk.evaluation.dialogue.api_calls import ApiCalls, ClipEndpoint
from livetalk.evaluation.dialogue.systems import SystemUnavailable
from tests.helpers.clip_services import QUICK


async def _talk(drops: int, method: str) -> "tuple[int, int]":
    """The status that a call gets from a server that hangs up so many times, and how often it was called."""
    calls = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        await reader.readuntil(b"\r\n\r\n")
        if calls > drops:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        answer = await ApiCalls(ClipEndpoint("It", url, {}, "set a key", "gone", QUICK)).ask(method, "x")
        return answer.status_code, calls


def test_a_look_is_made_again_and_given_up_after_some_tries() -> None:
    assert asyncio.run(_talk(2, "GET")) == (200, 3)
    with pytest.raises(SystemUnavailable, match="It cannot be reached at http://127"):
        asyncio.run(_talk(3, "GET"))


def test_an_order_that_may_have_been_taken_is_not_made_again() -> None:
    with pytest.raises(SystemUnavailable, match=r"did not answer an order .* may have been ordered"):
        asyncio.run(_talk(1, "POST"))
