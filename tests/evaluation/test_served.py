"""A server is there when it is ready, and gone when it is left; one that cannot start says why."""

import asyncio
import urllib.error
import urllib.request

import pytest

from livetalk.evaluation.served import server


def test_a_server_is_ready_is_measured_and_is_gone() -> None:
    async def run() -> str:
        async with server("--brain", "echo", "--face", "drawn") as served:
            assert (await asyncio.to_thread(served.metrics))["livetalk_sessions"] == 0
            assert any(event["event"] == "ready" for event in served.logged)
            return served.url

    url = asyncio.run(run())
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{url}/health", timeout=5)


def test_one_that_cannot_start_says_why() -> None:
    async def run() -> None:
        async with server("--brain", "echo", "--face", "drawn", "--host", "no.such.host.invalid"):
            raise AssertionError("it is not there")

    with pytest.raises(ValueError, match="the server did not start"):
        asyncio.run(run())
