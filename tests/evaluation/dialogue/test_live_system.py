"""Our own system and servers elsewhere: the whole path that a page takes, and how live it was."""

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from livetalk.evaluation.dialogue.live_dialogue import Patience
from livetalk.evaluation.dialogue.live_system import LiveSystem, Pulse, read_pulse
from livetalk.evaluation.dialogue.records import DialogueRecord, read_record, write_record
from livetalk.evaluation.dialogue.systems import SystemUnavailable
from tests.helpers.dialogues import held, job, turn
from tests.helpers.house import house
from tests.helpers.session_server import Script
from tests.helpers.sounds import hello


def test_a_real_server_is_talked_to(tmp_path: Path) -> None:
    """The application itself with the echo and a drawn face: the path that a page takes."""
    said = (hello()[:24_000] * 32767).astype(np.int16)

    async def run() -> DialogueRecord:
        async with house() as served:
            system = LiveSystem("echo", served.url, patience=Patience(answer=6, longest=6, pause=0.1))
            folder = tmp_path / "echo" / "tried"
            return await system.hold(job(folder, turn("Hello."), turn(), speech=said))

    record = asyncio.run(run())
    assert record.failed is None
    assert 0 < (record.turns[0].latency_s or 9) < 5
    assert "seconds of speech" in (record.turns[0].answered or "")
    named = replace(record, turns=tuple(replace(each, visitor=None) for each in record.turns))
    assert read_record(write_record(tmp_path, named)) == named


def test_it_is_told_how_live_a_session_was(tmp_path: Path) -> None:
    record = held(tmp_path, Script(), turn("Hello."))
    pulse = read_pulse(tmp_path)
    assert pulse is not None
    assert pulse.pictures_a_second == pytest.approx(50 / 3, abs=4)
    assert pulse.late == 0
    assert [Pulse(200, late, 0, 16).in_real_time for late in (0, 1, 2)] == [True, True, False]
    assert read_pulse(tmp_path / "elsewhere") is None
    (tmp_path / "pulse.json").write_text("{}")
    with pytest.raises(ValueError, match="is damaged: remove its folder"):
        read_pulse(tmp_path)
    assert record.machine.endswith("brain script")


def test_a_server_that_does_not_start_makes_our_own_unavailable() -> None:
    async def run() -> None:
        async with LiveSystem("ours", options=("--brain", "nobody")).opened():
            raise AssertionError("it is not there")

    with pytest.raises(SystemUnavailable, match="the server did not start"):
        asyncio.run(run())


def test_our_own_takes_longer_for_more_turns() -> None:
    ours = LiveSystem("ours")
    few, many = (ours.forecast(job(Path(), *[turn("Hello.")] * count).scenario) for count in (3, 6))
    assert many.seconds == pytest.approx(2 * few.seconds)
    assert few.price is None
