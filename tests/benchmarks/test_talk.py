"""Figures of a conversation come out as they were put into the traces."""

import asyncio
import json
import math

import numpy as np
import pytest

from livetalk.benchmarks import talk_bench
from livetalk.benchmarks.options import TalkBenchOptions
from livetalk.benchmarks.talk_figures import (
    SLOWEST,
    cycle_figures,
    interrupt_figures,
    on_time,
    replies,
    reply_figures,
    skew_figures,
    sounds,
)


def trace(*loud: tuple[float, float], until: float = 40.0, step: float = 0.01) -> list[tuple[float, float]]:
    times = np.arange(0, until, step)
    return [(float(t), 0.5 if any(begin <= t < end for begin, end in loud) else 0.0) for t in times]


def test_sounds_end_after_some_silence():
    found = sounds(trace((1, 2), (2.1, 3), (5, 6)))
    assert np.allclose(found, [(1, 2.99), (5, 5.99)], atol=0.02)


def test_skew_has_a_sign_and_a_size():
    heard = trace(*((t, t + 0.06) for t in range(1, 39)))
    seen = [(at - 0.03, 255.0 if peak else 0.0) for at, peak in heard]
    figures = skew_figures("skew", heard, seen)
    assert figures["skew_ms_median"] == pytest.approx(-30, abs=1)
    assert figures["skew_ms_p99"] == pytest.approx(30, abs=1)
    assert figures["skew_events"] == 38
    assert math.isnan(skew_figures("skew", [], [])["skew_ms_p99"])
    lost = [(at, 0.0 if 19.9 < at < 20.5 else peak) for at, peak in heard]
    assert skew_figures("skew", lost, seen)["skew_ms_p99"] > 500, "a frame whose beep is missing counts"


def test_an_interrupt_is_timed_from_the_decision_and_from_the_voice():
    logged = [
        {"event": "interrupted", "time": 10.4},
        {"event": "interrupted", "time": 30.0},
        {"event": "ended", "time": 1},
    ]
    figures = interrupt_figures(trace((8, 10.5)), trace((2, 5), (10.1, 12)), logged)
    assert figures["interrupt_ms_p95"] == pytest.approx(90, abs=15)
    assert figures["interrupt_onset_ms_p95"] == pytest.approx(390, abs=15)
    deaf = interrupt_figures(trace((8, 20)), trace((2, 5), (10.1, 12)), logged)
    assert deaf["interrupt_ms_p95"] > 9000, "a face that talks on counts as long as it does"
    assert figures["interrupts"] == 1, "where nothing was heard nothing was interrupted"


def test_a_reply_is_the_next_sound_after_the_end_of_a_turn():
    said, heard = trace((1, 3), (10, 12), (20, 22)), trace((4.2, 6), (13, 14))
    assert np.allclose(replies(heard, said), [1.2, 1.0, SLOWEST], atol=0.03), "none is as bad as the slowest"
    assert len(replies(trace((4.2, 6), (13, 14), until=30), said)) == 2, "its answer may still be on its way"
    figures = reply_figures("echo", heard, said, [{"event": "answered", "first_frame": 1.1}])
    assert figures["reply_echo_p50_s"] == pytest.approx(1.2, abs=0.03)
    assert figures["reply_echo_server_p50_s"] == 1.1
    assert (figures["turns_echo"], figures["replies_echo"]) == (3, 2), "what was not answered is told"


def test_silent_recordings_are_refused_before_anything_is_started():
    plan, silence = TalkBenchOptions(local=0.0, cycles=0), [np.zeros(16_000, np.float32)]
    with pytest.raises(ValueError, match="silent"):
        asyncio.run(talk_bench.measure(plan, silence, lambda what, gone, most: None))


def test_blocks_and_visits():
    assert on_time({"livetalk_blocks_total": 200, "livetalk_blocks_late_total": 1})["on_time"] == 0.995
    assert math.isnan(on_time({})["on_time"])
    held = [{"tasks": 5.0 + (i < 9), "megabytes": 100 + i / 10} for i in range(100)]
    figures = cycle_figures(held)
    assert figures["cycles_tasks"] == 0
    assert figures["cycles_megabytes"] == pytest.approx(9.0)


def test_an_echo_is_interrupted_by_the_shortest_recording_at_a_known_time():
    rest, long, short = np.zeros(8000, np.float32), np.full(48000, 0.5, np.float32), np.full(16000, 0.3, np.float32)
    said = talk_bench._interrupting([np.concatenate([rest, short, rest]), np.concatenate([rest, long, rest])])
    assert [len(said[i]) for i in (1, 3, 6, 8)] == [48000, 16000, 48000, 16000]
    assert [len(said[i]) / 16000 for i in (2, 7)] == list(talk_bench.GAPS)


def test_misses_are_named_and_nan_is_a_miss():
    document = talk_bench.as_json({"skew_ms_p99": float("nan"), "on_time": 1.0, "blocks": 5.0})
    assert '"skew_ms_p99": null' in document
    assert '"missed": [\n    "skew_ms_p99"\n  ]' in document
    assert list(json.loads(document)) == ["cores", "figures", "bars", "missed"]
    assert json.loads(document)["bars"] == {"skew_ms_p99": "≤ 45", "on_time": "≥ 0.995"}
    assert talk_bench.table({"on_time": 0.5}).row_count == 1
