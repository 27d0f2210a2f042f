"""Runs: what is finished is kept, what failed is held again if asked, and who cannot go on is told."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from livetalk.cli.console import avatars
from livetalk.evaluation.dialogue.records import DialogueRecord, TurnRecord, find_records
from livetalk.evaluation.dialogue.runner import DialoguePlan, DialogueRun
from livetalk.evaluation.dialogue.scenarios import Scenario
from livetalk.evaluation.dialogue.systems import DialogueJob, Forecast, SystemUnavailable
from livetalk.evaluation.dialogue.visitor_voice import VisitorVoice
from tests.helpers.dialogues import scenario, turn

FIVE = tuple(scenario(turn("One."), turn(), turn("Two."), name=f"s{i}") for i in range(5))


@dataclass
class Played:
    """A system that holds dialogues at once; `away_after`: dialogues, then it is away. fails: scenarios."""

    name: str = "played"
    parallel: int = 1
    away_after: int = 99
    fails: tuple[str, ...] = ()
    takes: float = 0.0
    held: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    def forecast(self, scenario: Scenario) -> Forecast:
        return Forecast(60.0, 0.5)

    def check(self) -> None: ...

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncGenerator[None]:
        yield

    async def hold(self, job: DialogueJob) -> DialogueRecord:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.takes)
        self.at_once -= 1
        if len(self.held) >= self.away_after:
            raise SystemUnavailable("it is away: come back later")
        self.held.append(job.scenario.name)
        why = "it did not work" if job.scenario.name in self.fails else None
        said = zip(job.scenario.turns, job.said, strict=True)
        turns = tuple(TurnRecord(t.says, "en", name, failed=why) for t, name in said)
        return DialogueRecord(job.scenario.name, self.name, "here", turns)


def run_of(out: Path, *systems: Played, retry: bool = False) -> DialogueRun:
    plan = DialoguePlan(systems, FIVE, tuple(avatars().values()), out, retry)
    voice = VisitorVoice(out / ".visitor", lambda line: (np.full(800, 0.5, np.float32), 16_000))
    run = DialogueRun(plan, voice)
    run.voice.prepare(run.to_speak(), lambda count: None)
    return run


def held(run: DialogueRun) -> tuple[list[str], int]:
    """Troubles, and how many dialogues were told to be done."""
    done: list[int] = []
    return asyncio.run(run.hold(lambda name, count: done.append(count))), sum(done)


def test_a_run_that_was_cut_off_goes_on_where_it_was(tmp_path: Path) -> None:
    first, second = Played(away_after=2), Played()
    troubles, done = held(run_of(tmp_path, first))
    assert troubles == ["played could not go on, 3 of 5 dialogues are missing: it is away: come back later"]
    assert done == 2
    run = run_of(tmp_path, second)
    assert [(one.missing, one.finished, one.turns, one.price) for one in run.forecasts()] == [(3, 2, 9, 1.5)]
    assert held(run) == ([], 3)
    assert sorted(first.held + second.held) == [one.name for one in FIVE]
    assert len(find_records(tmp_path)) == 5
    assert held(run_of(tmp_path, Played())) == ([], 0)


def test_what_failed_is_held_again_only_if_asked(tmp_path: Path) -> None:
    held(run_of(tmp_path, Played(fails=("s1", "s3"))))
    again, other = Played(), Played()
    held(run_of(tmp_path, again))
    held(run_of(tmp_path, other, retry=True))
    assert (again.held, sorted(other.held)) == ([], ["s1", "s3"])


def test_one_system_that_is_away_does_not_stop_the_next(tmp_path: Path) -> None:
    away, there = Played("away", away_after=0), Played("there")
    troubles, done = held(run_of(tmp_path, away, there))
    assert (len(troubles), done) == (1, 5)


def test_so_many_at_once_as_the_system_allows(tmp_path: Path) -> None:
    system = Played(parallel=3, takes=0.3)
    run = run_of(tmp_path, system)
    assert run.forecasts()[0].seconds == pytest.approx(100.0)
    held(run)
    assert system.most_at_once == 3


def test_the_visitors_turns_and_one_portrait_lie_in_the_folder(tmp_path: Path) -> None:
    held(run_of(tmp_path, Played("a"), Played("b")))
    names = {path.name for path in (tmp_path / "a" / "s0").iterdir()}
    assert {f"turn_{number}_visitor.wav" for number in (1, 2, 3)} < names
    portraits = [next((tmp_path / system / "s0").glob("portrait.*")).read_bytes() for system in ("a", "b")]
    assert portraits[0] == portraits[1]


def test_two_systems_of_one_name_are_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two systems have one name"):
        run_of(tmp_path, Played(), Played())
