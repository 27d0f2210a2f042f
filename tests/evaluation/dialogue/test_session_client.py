"""A client gets a session, or says why not; what it hears has a time on the session's clock."""

import asyncio
from pathlib import Path

import pytest

from livetalk.evaluation.dialogue.live_system import LiveSystem
from livetalk.evaluation.dialogue.session_client import session
from livetalk.evaluation.dialogue.systems import SystemUnavailable
from tests.helpers.dialogues import held, job, noise, turn
from tests.helpers.session_server import Script, session_server


def test_the_clock_is_that_of_the_sound() -> None:
    async def run() -> None:
        async with session_server(Script()) as script, session(script.url, b"picture") as client:
            began, ended = await client.say(noise(0.2))
            assert ended.now - began.now == pytest.approx(0.2, abs=0.05)
            assert ended.clock - began.clock == pytest.approx(0.2, abs=0.06)
            assert await client.wait(lambda: bool(client.loud()), 1)
            assert client.loud()[0].clock > ended.clock - 0.06
            assert [state for _, state in client.states()][:2] == ["listening", "thinking"]
            assert client.states(client.now) == []
            assert not await client.wait(lambda: False, 0.05)

    asyncio.run(run())


def test_a_lost_connection_is_no_fault_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(SystemUnavailable, match="connection"):
        held(tmp_path, Script(drops=(1,)), turn("One."))


def test_a_server_that_is_away_or_full_is_told(tmp_path: Path) -> None:
    async def away() -> None:
        await LiveSystem("away", "http://127.0.0.1:9").hold(job(tmp_path, turn("One.")))

    with pytest.raises(SystemUnavailable, match=r"http://127.0.0.1:9 cannot be reached .*: start `livetalk serve`"):
        asyncio.run(away())
    with pytest.raises(SystemUnavailable, match=r"503.: all places are taken"):
        held(tmp_path, Script(full=99), turn("One."))
    assert held(tmp_path, Script(full=2), turn("One.")).failed is None
