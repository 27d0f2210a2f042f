"""Dialogues clip by clip: what the next clip is told, where an answer is cut, and what a stopped run keeps."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from livetalk.evaluation.dialogue.clip_maker import ClipFailed, ClipRequest, JobLost
from livetalk.evaluation.dialogue.clip_system import PARTIAL, ClipSystem
from livetalk.evaluation.dialogue.records import DialogueRecord, TurnRecord, find_records
from livetalk.evaluation.dialogue.runner import DialoguePlan, DialogueRun
from livetalk.evaluation.dialogue.scenarios import Turn
from livetalk.evaluation.dialogue.systems import SystemUnavailable
from livetalk.evaluation.dialogue.visitor_voice import VisitorVoice
from livetalk.media.wav import write_wav
from tests.helpers.clip_services import film
from tests.helpers.dialogues import job, loud, scenario, turn


@dataclass
class Drawn:
    """A maker of clips whose brightness is 40 times their number. ends: what becomes of orders, by their number."""

    ends: dict[int, Exception] = field(default_factory=dict)
    lost: frozenset[str] = frozenset()
    first: int = 1  # number of its first job
    orders: list[ClipRequest] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    machine: str = "a pencil"
    parallel: int = 1
    wait_seconds: float = 10.0
    price: float | None = 3.2
    pricing: str | None = "0.4 a second, given"

    def check(self) -> None: ...

    async def begin(self, order: ClipRequest) -> str:
        self.orders.append(order)
        return f"job {len(self.orders) + self.first - 1}"

    async def finish(self, job: str, order: ClipRequest) -> None:
        if job in self.lost:
            raise JobLost("it is not known")
        ended = self.ends.pop(len(self.orders), None)
        if ended is not None:
            raise ended
        self.finished.append(job)
        await asyncio.to_thread(film, order.out, 1.0, 40 * len(self.finished))


def held(folder: Path, maker: Drawn, *turns: Turn) -> DialogueRecord:
    system = ClipSystem("drawn", maker, lambda sound: f"{len(sound) / 16_000:.1f} s of speech")
    asked = job(folder, *turns)
    for name in asked.said:
        write_wav(folder / name, np.zeros(1_600, np.float32))

    async def run() -> DialogueRecord:
        async with system.opened():
            return await system.hold(asked)

    return asyncio.run(run())


def brightness(path: Path) -> int:
    return round(float(np.asarray(Image.open(path)).mean()))


def test_the_next_clip_is_told_what_came_before(tmp_path: Path) -> None:
    maker = Drawn()
    record = held(tmp_path, maker, turn("Hello."), turn(), turn("Bye."))
    assert [each.failed for each in record.turns] == [None] * 3
    assert record.price == pytest.approx(9.6)
    assert all(each.latency_s == each.first_frame_s for each in record.turns)
    first, silent, last = maker.orders
    assert first.first_frame == first.portrait
    assert [brightness(order.first_frame) for order in (silent, last)] == pytest.approx([40, 80], abs=4)
    assert "A guide meets a visitor." in first.prompt
    assert 'the visitor says: "Hello."' in first.prompt
    assert "says nothing for 0.3 seconds" in silent.prompt
    assert last.transcript.read_text().splitlines() == [
        "Visitor: Hello.",
        "Person: 1.0 s of speech",
        "Visitor: (says nothing)",
        "Person: 1.0 s of speech",
        "Visitor: Bye.",
    ]


def test_an_answer_is_cut_where_the_visitor_breaks_in(tmp_path: Path) -> None:
    maker = Drawn()
    record = held(tmp_path, maker, turn("Hello.", interrupts_after=0.3), turn("Wait!", "interruption"))
    assert [each.interrupted for each in record.turns] == [True, False]
    assert loud(tmp_path / "turn_1.mp4")[-1] == pytest.approx(0.5, abs=0.1), "0.3 s behind its first sound"
    assert "Person: 0.5 s of speech" in maker.orders[1].prompt
    late = held(tmp_path / "late", Drawn(), turn("Hello.", interrupts_after=5.0), turn("Wait!", "interruption"))
    assert not late.turns[0].interrupted


def test_a_turn_that_fails_stands_in_the_record_and_the_dialogue_goes_on(tmp_path: Path) -> None:
    maker = Drawn({2: ClipFailed("refused: no faces, please")})
    record = held(tmp_path, maker, turn("One."), turn("Two."), turn("Three."))
    assert [each.failed for each in record.turns] == [None, "refused: no faces, please", None]
    assert record.price == pytest.approx(6.4), "what fails is not charged"
    assert "Person: (no answer)" in maker.orders[2].prompt
    assert brightness(maker.orders[2].first_frame) == pytest.approx(40, abs=4)


def test_what_a_stopped_run_has_paid_for_is_taken_up_again(tmp_path: Path) -> None:
    turns = turn("One."), turn("Two."), turn("Three.")
    with pytest.raises(SystemUnavailable):
        held(tmp_path, Drawn({2: SystemUnavailable("the network is down")}), *turns)
    assert (tmp_path / PARTIAL).is_file()
    again = Drawn()
    record = held(tmp_path, again, *turns)
    assert again.finished == ["job 2", "job 1"], "the job that was under way, then a new one for the third turn"
    assert [each.latency_s is None for each in record.turns] == [False, True, False]
    assert not (tmp_path / PARTIAL).exists()
    assert not list(tmp_path.glob("*_job.json"))


def test_a_job_that_is_not_known_any_more_is_ordered_again(tmp_path: Path) -> None:
    with pytest.raises(SystemUnavailable):
        held(tmp_path, Drawn({1: SystemUnavailable("the network is down")}), turn("One."))
    again = Drawn(first=7, lost=frozenset(["job 1"]))
    record = held(tmp_path, again, turn("One."))
    assert (record.failed, again.finished) == (None, ["job 7"])


def test_holding_again_keeps_the_turns_before_the_first_that_failed(tmp_path: Path) -> None:
    asked = scenario(turn("One."), turn("Two."), turn("Three."))
    voice = VisitorVoice(tmp_path / ".visitor", lambda line: (np.full(800, 0.5, np.float32), 16_000))

    def run(maker: Drawn, retry: bool) -> list[TurnRecord]:
        system = ClipSystem("drawn", maker, lambda sound: "words")
        portrait = job(tmp_path / "x", turn("x")).portrait
        held = DialogueRun(DialoguePlan((system,), (asked,), (portrait,), tmp_path, retry), voice)
        voice.prepare([asked], lambda count: None)
        assert asyncio.run(held.hold(lambda name, count: None)) == []
        return list(find_records(tmp_path)[0].turns)

    assert run(Drawn({2: ClipFailed("refused")}), False)[1].failed == "refused"
    again = Drawn()
    assert [each.failed for each in run(again, True)] == [None] * 3
    assert len(again.orders) == 2


def test_a_dialogue_is_forecast_by_its_turns(tmp_path: Path) -> None:
    forecast = ClipSystem("drawn", Drawn()).forecast(scenario(turn("One."), turn("Two.")))
    assert (forecast.seconds, forecast.price, forecast.pricing) == (20.0, 6.4, "0.4 a second, given")
    assert ClipSystem("drawn", Drawn(price=None)).forecast(scenario(turn("One."))).price is None
