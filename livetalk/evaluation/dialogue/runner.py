"""Run of dialogues: which are still to be held, what they will take, and holding them, system by system.

A dialogue that is finished has its record and is not held again; so a run that was stopped goes on where it was. Knows
systems by what they have in common.
"""

import asyncio
import shutil
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from livetalk.evaluation.dialogue.records import folder_of, is_finished, write_record
from livetalk.evaluation.dialogue.scenarios import Scenario
from livetalk.evaluation.dialogue.systems import DialogueJob, DialogueSystem, SystemUnavailable
from livetalk.evaluation.dialogue.visitor_voice import VisitorVoice
from livetalk.geometry import SAMPLE_RATE
from livetalk.media.wav import write_wav

VISITOR = ".visitor"  # folder of spoken lines, beside those of the systems


@dataclass(frozen=True)
class RunForecast:
    """What a system's dialogues will take, about. turns: of the missing dialogues; price: in US dollars, None if nobody
    is paid; pricing: in words."""

    system: str
    missing: int
    finished: int
    turns: int
    seconds: float
    price: float | None
    pricing: str | None


@dataclass(frozen=True)
class DialoguePlan:
    """Who is to hold what. portraits: each dialogue takes one of them, all systems the same. retry: hold those again
    in which a turn failed."""

    systems: tuple[DialogueSystem, ...]
    scenarios: tuple[Scenario, ...]
    portraits: tuple[Path, ...]
    out: Path
    retry: bool = False


class DialogueRun:
    """See the module docstring."""

    def __init__(self, plan: DialoguePlan, voice: VisitorVoice | None = None) -> None:
        names = [system.name for system in plan.systems]
        if len(set(names)) < len(names):
            raise ValueError(f"two systems have one name ({', '.join(names)}): name each one differently")
        self.plan = plan
        self.voice = voice or VisitorVoice(plan.out / VISITOR)

    def missing(self, system: DialogueSystem) -> list[Scenario]:
        """Dialogues that a system has not held yet. Raises ValueError for a damaged record."""
        plan = self.plan
        return [one for one in plan.scenarios if not is_finished(plan.out, system.name, one.name, plan.retry)]

    def to_speak(self) -> list[Scenario]:
        """Dialogues that some system has not held yet."""
        wanted = {one.name for system in self.plan.systems for one in self.missing(system)}
        return [one for one in self.plan.scenarios if one.name in wanted]

    def forecasts(self) -> list[RunForecast]:
        """What each system's dialogues will take."""
        found: list[RunForecast] = []
        for system in self.plan.systems:
            missing = self.missing(system)
            each = [system.forecast(scenario) for scenario in missing]
            prices = [one.price for one in each if one.price is not None]
            found.append(
                RunForecast(
                    system.name,
                    len(missing),
                    len(self.plan.scenarios) - len(missing),
                    sum(len(scenario.turns) for scenario in missing),
                    sum(one.seconds for one in each) / max(1, min(system.parallel, len(missing))),
                    sum(prices) if prices else None,
                    next((one.pricing for one in each), None),
                )
            )
        return found

    async def hold(self, tell: Callable[[str, int], None]) -> list[str]:
        """Hold all missing dialogues, one system after the other, and say in a sentence each which could not go on.

        tell: called with a system's name and the number of dialogues that are done more. Lines are to be spoken before.
        """
        troubles: list[str] = []
        for system in self.plan.systems:
            missing = self.missing(system)
            if not missing:
                continue
            try:
                async with system.opened():
                    await self._hold_all(system, missing, lambda count, name=system.name: tell(name, count))
            except SystemUnavailable as error:
                counts = f"{len(self.missing(system))} of {len(self.plan.scenarios)} dialogues are missing"
                troubles.append(f"{system.name} could not go on, {counts}: {error}")
        return troubles

    async def _hold_all(self, system: DialogueSystem, missing: list[Scenario], tell: Callable[[int], None]) -> None:
        """So many at once as the system allows. When it becomes unavailable nothing new is begun."""
        waiting, trouble = list(reversed(missing)), list[SystemUnavailable]()

        async def work() -> None:
            while waiting and not trouble:
                scenario = waiting.pop()
                try:
                    await self._hold_one(system, scenario)
                    tell(1)
                except SystemUnavailable as error:
                    trouble.append(error)

        await asyncio.gather(*(work() for _ in range(min(system.parallel, len(missing)))))
        if trouble:
            raise trouble[0]

    async def _hold_one(self, system: DialogueSystem, scenario: Scenario) -> None:
        job = await asyncio.to_thread(self._job, system.name, scenario)
        write_record(self.plan.out, await system.hold(job))

    def _job(self, system: str, scenario: Scenario) -> DialogueJob:
        """A dialogue with its folder, the visitor's turns in it."""
        folder = folder_of(self.plan.out, system, scenario.name)
        folder.mkdir(parents=True, exist_ok=True)
        given = self.plan.portraits[zlib.crc32(scenario.name.encode()) % len(self.plan.portraits)]
        portrait = folder / f"portrait{given.suffix.lower()}"
        shutil.copyfile(given, portrait)
        job = DialogueJob(scenario, folder, portrait, self.voice.lines(scenario))
        for turn, pcm, name in zip(scenario.turns, job.speech, job.said, strict=True):
            silence = np.zeros(round(turn.silent_s * SAMPLE_RATE), np.float32)
            write_wav(folder / name, pcm.astype(np.float32) / 32768 if len(pcm) else silence)
        return job
