"""Simulated viewers see what a person would: frames on time, freezes, silence and joins after an interrupt."""

import json
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from livetalk.avatar.blocks import Interrupted, TimedBlock
from livetalk.benchmarks import live, live_figures, live_hour, live_stages, live_viewer
from livetalk.benchmarks.live_viewer import InterruptRecord, Playback, Viewer
from livetalk.cli import main
from livetalk.cli.model import ModelOptions
from livetalk.live.faults import FaultDetector
from livetalk.live.revision import SessionStats
from livetalk.presets import MINIATURE
from tests.helpers.grey_session import GreySession
from tests.performer.conftest import performer  # noqa: F401

FACE = np.random.default_rng(0).integers(60, 200, (64, 64, 3), np.uint8)


class Session(GreySession):
    """A session of the engine's kind, for one consumer."""

    def __init__(self) -> None:
        super().__init__(64)
        self.stats, self.items, self.fault_detector = SessionStats(), (), FaultDetector(FACE)

    def take(self, timeout: float) -> TimedBlock | Interrupted | None:
        end = self.clock() + timeout
        while not self.closed:
            item, wait = self.poll()
            if isinstance(item, TimedBlock):
                self.stats.blocks += 1
                self.stats.ready.append((item.index, item.speaking, self.clock()))
            if item is not None:
                return item
            if self.clock() > end:
                raise TimeoutError
            time.sleep(min(wait, 0.01))
        return None

    def interrupt(self) -> None:
        super().interrupt()
        self.stats.interrupts += 1


class Engine:
    """Holds as many sessions as are opened."""

    clock, limit = staticmethod(time.monotonic), 2

    def __init__(self, *_: object, **__: object) -> None:
        self.opened: list[Session] = []

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *_: object) -> None: ...

    def open(self, portrait: np.ndarray, prompt: str, seed: int) -> Session:
        self.opened.append(Session())
        return self.opened[-1]


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """People without patience."""
    monkeypatch.setattr(live_viewer, "PAUSES", (0.05, 0.1))
    monkeypatch.setattr(live_viewer, "INTERRUPTED", 0.5)
    monkeypatch.setattr(live, "COLD", 1)
    monkeypatch.setattr(live, "REST", 0.0)


@pytest.fixture
def one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that share busy cores wait for each other."""
    monkeypatch.setattr(live_stages, "cores", lambda: 1)
    monkeypatch.setattr(live_hour, "cores", lambda: 1)


def order(seconds: float, sessions: int = 1) -> live.LiveBenchOptions:
    sound = np.full(12_000, 0.5, np.float32)
    return live.LiveBenchOptions(seconds, sessions, [FACE], [sound], "a person talks")


def block(first: int, frames: int = 4, value: int = 0, **more) -> TimedBlock:
    pictures = np.full((frames, 4, 4, 3), value, np.uint8)
    return TimedBlock(first // 12, first, pictures, np.zeros(frames * 1000, np.float32), **{"speaking": True} | more)


def test_frames_are_shown_at_their_time() -> None:
    screen = Playback()
    screen.receive(block(0), 10.0)
    assert [shown.when for shown in screen.advance(10.13)] == [10.0, 10.0625, 10.125]
    screen.receive(block(4), 10.2)
    assert len(screen.advance(10.4999)) == 5
    assert screen.freezes == []


def test_a_late_block_freezes_the_picture_and_time_waits() -> None:
    screen = Playback()
    screen.receive(block(0), 10.0)
    screen.advance(10.35)
    screen.receive(block(4), 10.35)
    assert screen.freezes == [pytest.approx(0.1)]
    assert screen.advance(10.35)[0].when == pytest.approx(10.35)


def test_what_is_made_again_replaces_what_was_announced_but_not_what_was_seen() -> None:
    screen = Playback()
    screen.receive(block(0, 12, 1), 0.0)
    screen.advance(0.3)
    screen.receive(block(3, 9, 2, replaces=True), 0.3)
    assert [int(shown.picture[0, 0, 0]) for shown in screen.advance(0.76)] == [2] * 7
    assert screen.freezes == []


def test_sound_after_a_cut_counts_against_the_silence() -> None:
    viewer = Viewer(Session(), time.monotonic)
    viewer.take(block(0, 12), 10.0)
    viewer.interrupts.append(InterruptRecord(10.1))
    viewer.take(Interrupted(1600), 10.11)
    assert viewer.interrupts[0].silent == pytest.approx(10.11)
    loud = np.zeros(4000, np.float32)
    loud[1599] = 0.1
    viewer.take(TimedBlock(0, 4, np.zeros((4, 4, 4, 3), np.uint8), loud, True, replaces=True), 10.12)
    assert viewer.interrupts[0].silent == pytest.approx(10.35, abs=1e-3)


def test_the_join_is_where_what_was_made_again_begins() -> None:
    viewer = Viewer(Session(), time.monotonic)
    viewer.take(block(0, 12, 10), 10.0)
    viewer.interrupts.append(InterruptRecord(10.2))
    viewer.take(Interrupted(3200), 10.2)
    viewer.take(block(8, 4, 17, replaces=True), 10.3)
    viewer.take(block(12, 4, 50), 10.6)
    viewer.take(block(16, 4, 50), 11.0)
    assert viewer.interrupts[0].join == 7
    assert len(viewer.frames()) == len(viewer.interrupts[0].kept) == 12


def test_lips_close_once_and_stay_closed_later() -> None:
    kept = [(0.1 * i, i) for i in range(5)]
    gaps = np.array([0.2, 0.05, np.nan, 0.06, 0.04])
    assert live_figures.closing(kept, gaps, 0.04) == pytest.approx((0.1, 0.3))
    assert live_figures.closing(kept, gaps + 1, 0.04) == (live_viewer.WATCHED, live_viewer.WATCHED)


def test_an_utterance_that_is_not_answered_counts() -> None:
    viewer = Viewer(Session(), time.monotonic)
    viewer.pushes = [1.0, 11.0, 19.0]
    viewer.ready = [(0, False, 1.2), (1, True, 1.5), (2, False, 20.0)]
    assert live_figures.onsets_of(viewer) == [0.5, 8.0]


def test_memory_that_grows_is_seen() -> None:
    assert live_figures.slope([(float(t), 100 + t / 30) for t in range(120)]) == pytest.approx(2)


def test_people_talk_and_interrupt_and_their_stay_is_summed_up(hurry: None) -> None:
    before = threading.active_count()
    stay = live.stay(Engine(), order(2.5, 2))
    figures = live_figures.summarise(stay, order(2.5, 2), 0.75)
    assert threading.active_count() == before
    assert all(viewer.session.closed for viewer in stay.viewers)
    assert figures["utterances"] >= 3
    assert figures["interrupts"] >= 1
    assert figures["onset_p95_s"] < 0.6
    assert figures["on_time"] == 1
    assert figures["busy_share_all"] >= 0
    assert figures["cold_first_frame_s"] < 0.2


def test_an_interrupt_from_the_keyboard_leaves_no_threads(hurry: None) -> None:
    before, engine = threading.active_count(), Engine()

    def tell(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        live.stay(engine, order(30.0), tell)
    assert threading.active_count() == before
    assert all(session.closed for session in engine.opened)


def test_what_breaks_in_a_viewer_is_told(hurry: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Viewer, "take", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        live.stay(Engine(), order(30.0))


def test_stages_are_measured_without_the_engine(performer, one_core: None) -> None:  # noqa: F811
    figures = live_stages.throughput(performer, FACE, "a person talks", np.zeros(16_000, np.float32))
    assert all(figures[name] > 0 for name in ("batch_1_fps", "batch_8_fps", "batch_gain", "overlap_gain"))


def test_an_hour_is_compared_at_its_ends(performer, one_core: None) -> None:  # noqa: F811
    told: list[None] = []
    sound = np.random.default_rng(0).normal(size=16_000).astype(np.float32) / 9
    figures = live_hour.hour(performer, FACE, "a person talks", [sound], 21.0, told.append)
    assert told[-1] == len(told) == figures["hour_s"] / 0.75 == 28
    assert np.isfinite(list(figures.values())).all()
    with pytest.raises(ValueError, match="too few"):
        live_hour.hour(performer, FACE, "a person talks", [sound], 3.0)


def test_an_hour_goes_on_where_a_run_was_ended(performer, one_core: None, tmp_path, monkeypatch) -> None:  # noqa: F811
    monkeypatch.setattr(live_hour, "KEEP_EVERY", 4)
    sound, path = (0.1 * np.sin(np.arange(24_000) / 9)).astype(np.float32), tmp_path / "hour.npz"

    class Ended(Exception):
        pass

    def end(done: int) -> None:
        if done == 17:
            raise Ended

    def made(tell=lambda done: None) -> dict[str, float]:
        return live_hour.hour(performer, FACE, "a person talks", [sound], 21.0, tell, path)

    with pytest.raises(Ended):
        made(end)
    told: list[int] = []
    figures = made(told.append)
    assert 4 < told[0] <= 17
    assert told[-1] == 28
    whole = live_hour.hour(performer, FACE, "a person talks", [sound], 21.0)
    assert figures["hour_identity_last"] == pytest.approx(whole["hour_identity_last"], rel=1e-3)
    assert made()["hour_block_last_s"] == figures["hour_block_last_s"], "a finished one is only told"
    with pytest.raises(ValueError, match="another length"):
        live_hour.hour(performer, FACE, "a person talks", [sound], 30.0, keep=path)
    path.write_text("no hour")
    with pytest.raises(ValueError, match="no part of an hour"):
        made()


def test_missed_bars_are_named() -> None:
    figures = {"onset_p50_s": 0.9, "on_time": 1.0, "hour_time": -0.02, "join": float("nan"), "decode_p50_s": 0.2}
    told = json.loads(live_figures.as_json(figures))
    assert told["missed"] == ["onset_p50_s", "join"]
    assert told["figures"]["join"] is None
    assert told["bars"]["hour_time"] == 0.05


def test_the_command_writes_figures_and_bars(hurry: None, monkeypatch: pytest.MonkeyPatch, capsys, tmp_path) -> None:
    monkeypatch.setattr(live, "LivePerformer", Engine)
    monkeypatch.setattr(ModelOptions, "load", lambda options: SimpleNamespace(preset=MINIATURE))
    monkeypatch.setattr(live_figures, "lips", lambda *_: (_ for _ in ()).throw(ValueError("no MediaPipe")))
    words = ["livetalk", "bench", "live", "--seconds", "1", "--no-stages", "--json", str(tmp_path / "a.json")]
    monkeypatch.setattr(sys, "argv", words)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    with pytest.raises(SystemExit) as left:
        main.main()
    assert left.value.code == 0
    said = capsys.readouterr()
    assert "lips are not measured: no MediaPipe" in said.err
    told = json.loads((tmp_path / "a.json").read_text())
    assert set(told) == {"figures", "bars", "missed"}
    assert all(name in said.out for name in told["figures"])
