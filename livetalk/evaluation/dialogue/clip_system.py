"""System that makes clips from prompts, held in a dialogue turn by turn, with what came before as its context.

It cannot be talked to: it gets each turn as a whole, and the visitor sees nothing until a clip is there, so that its
latency is the time of making it. An answer that the visitor breaks into is cut there. Turns and jobs that a stopped
run has paid for are taken up again. Knows makers of clips by their contract.
"""

import asyncio
import contextlib
import json
import os
import shutil
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from pathlib import Path

from livetalk.evaluation.dialogue.clip_context import (
    Exchange,
    Transcribe,
    clip_prompt,
    cut_off,
    save_last_frame,
    sound_of,
    transcript_lines,
    whisper,
)
from livetalk.evaluation.dialogue.clip_maker import ClipFailed, ClipMaker, ClipRequest, JobLost
from livetalk.evaluation.dialogue.records import NAME, DialogueRecord, TurnRecord, keep_record, read_record
from livetalk.evaluation.dialogue.scenarios import Scenario
from livetalk.evaluation.dialogue.systems import DialogueJob, Forecast
from livetalk.media.files import part_of

PARTIAL = "partial.json"  # the record of a dialogue that was begun


@dataclass(frozen=True)
class _Ordered:
    """A job under way. since: when it was ordered, on the monotonic clock; None if another process did."""

    name: str
    since: float | None


class ClipSystem:
    """See the module docstring. transcribe: what a clip's sound says; None takes the local speech recognition."""

    def __init__(self, name: str, maker: ClipMaker, transcribe: Transcribe | None = None) -> None:
        self.name, self._maker, self._transcribe = name, maker, transcribe

    @property
    def parallel(self) -> int:
        return self._maker.parallel

    def forecast(self, scenario: Scenario) -> Forecast:
        count, price = len(scenario.turns), self._maker.price
        paid = None if price is None else price * count
        return Forecast(self._maker.wait_seconds * count, paid, self._maker.pricing)

    def check(self) -> None:
        self._maker.check()

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncGenerator[None]:
        self._transcribe = self._transcribe or await asyncio.to_thread(whisper)
        yield

    async def hold(self, job: DialogueJob) -> DialogueRecord:
        turns = await asyncio.to_thread(_begun, job.folder)
        before = [await asyncio.to_thread(self._exchange, job, turn) for turn in turns]
        for number in range(len(turns) + 1, len(job.scenario.turns) + 1):
            turns.append(await self._turn(job, number, before))
            before.append(await asyncio.to_thread(self._exchange, job, turns[-1]))
            keep_record(job.folder / PARTIAL, self._record(job, turns))
        (job.folder / PARTIAL).unlink(missing_ok=True)
        return self._record(job, turns)

    async def _turn(self, job: DialogueJob, number: int, before: list[Exchange]) -> TurnRecord:
        asked, whole = job.scenario.turns[number - 1], job.folder / f"turn_{number}_whole.mp4"
        said, video = job.said[number - 1], f"turn_{number}.mp4"
        order = await asyncio.to_thread(self._order, job, number, before, whole)
        kept = job.folder / f"turn_{number}_job.json"
        try:
            ordered = await self._finished(order, kept)
        except ClipFailed as error:
            kept.unlink(missing_ok=True)
            return TurnRecord(asked.says, asked.language, said, failed=str(error))
        latency = None if ordered.since is None else round(time.monotonic() - ordered.since, 3)
        interrupted = await asyncio.to_thread(_shown, whole, job.folder / video, asked.interrupts_after)
        kept.unlink(missing_ok=True)
        return TurnRecord(
            asked.says, asked.language, said, video, None, latency, latency, interrupted, None, self._maker.price
        )

    async def _finished(self, order: ClipRequest, kept: Path) -> _Ordered:
        """The clip is there: of a job that an earlier run ordered, as far as it is still known, else of a new one."""
        if (earlier := _kept(kept)) is not None:
            with contextlib.suppress(JobLost):
                await self._maker.finish(earlier.name, order)
                return earlier
        ordered = await self._ordered(order, kept)
        await self._maker.finish(ordered.name, order)
        return ordered

    async def _ordered(self, order: ClipRequest, kept: Path) -> _Ordered:
        """Order a clip, and note the job's name on disk at once: it costs money."""
        name, since = await self._maker.begin(order), time.monotonic()
        part = part_of(kept)
        part.write_text(json.dumps({"job": name}), encoding="utf-8")
        os.replace(part, kept)
        return _Ordered(name, since)

    def _order(self, job: DialogueJob, number: int, before: list[Exchange], whole: Path) -> ClipRequest:
        asked = job.scenario.turns[number - 1]
        transcript = job.folder / f"turn_{number}_transcript.txt"
        transcript.write_text("\n".join(transcript_lines(before, asked.says)) + "\n", encoding="utf-8")
        shown = [job.folder / f"turn_{i}.mp4" for i in range(number - 1, 0, -1)]
        latest = next((video for video in shown if video.is_file()), None)
        first = job.portrait if latest is None else save_last_frame(latest, job.folder / f"turn_{number}_first.png")
        prompt = clip_prompt(job.scenario.setting, before, asked)
        return ClipRequest(prompt, job.portrait, first, job.folder / job.said[number - 1], transcript, whole)

    def _exchange(self, job: DialogueJob, turn: TurnRecord) -> Exchange:
        assert self._transcribe is not None, "the system is opened"
        if turn.video is None:
            return Exchange(turn.says, None)
        return Exchange(turn.says, self._transcribe(sound_of(job.folder / turn.video)) or None)

    def _record(self, job: DialogueJob, turns: list[TurnRecord]) -> DialogueRecord:
        return DialogueRecord(job.scenario.name, self.name, self._maker.machine, tuple(turns))


def _begun(folder: Path) -> list[TurnRecord]:
    """Turns that were held before: all of a dialogue that was stopped; of one that is held again, those before the
    first that failed. A record of the latter becomes that of a dialogue under way."""
    if (folder / PARTIAL).is_file():
        return list(read_record(folder / PARTIAL).turns)
    if not (folder / NAME).is_file():
        return []
    record = read_record(folder / NAME)
    good = next((number for number, turn in enumerate(record.turns) if turn.failed is not None), len(record.turns))
    if good:
        keep_record(folder / PARTIAL, replace(record, turns=record.turns[:good]))
    (folder / NAME).unlink()
    for number in range(good + 1, len(record.turns) + 1):
        (folder / f"turn_{number}.mp4").unlink(missing_ok=True)
    return list(record.turns[:good])


def _kept(path: Path) -> _Ordered | None:
    """A job that an earlier run ordered; None for none, or one that ended with its run."""
    name = json.loads(path.read_text(encoding="utf-8"))["job"] if path.is_file() else None
    return _Ordered(name, None) if name else None


def _shown(whole: Path, video: Path, interrupts_after: float | None) -> bool:
    """What the visitor sees of a clip, as a file; whether they cut it off."""
    if interrupts_after is not None:
        return cut_off(whole, video, interrupts_after)
    shutil.copyfile(whole, part_of(video))
    os.replace(part_of(video), video)
    return False
