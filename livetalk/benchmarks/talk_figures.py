"""Metrics of a conversation, computed from what a browser heard and saw, with their thresholds.

Works on traces only: (seconds, value) of sound and pictures, events of the server's log. Runs nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64

from livetalk.evaluation.report import MetricSpec, Threshold

LOUD = 0.02  # peak from which on something is heard
WHITE = 128
RELEASE = 0.25  # seconds of silence after which a sound has ended
PAUSE = 1.2  # seconds of the visitor's silence after which a turn has ended
NEAR = 0.5  # seconds before the first and after the last beep in which a white frame may still have one
SLOWEST = 12.0  # seconds after which an answer is not to this turn any more; a turn without one counts as much
WARM = 10  # visits after which nothing more may be kept
WINDOW = 5  # visits whose least counts: a request may be under way when it is looked at
NAN = float("nan")

Times = Float64[np.ndarray, " n"]
Trace = Sequence[tuple[float, float]]

FIGURES: dict[str, MetricSpec] = {
    "skew_ms_p99": MetricSpec(
        "white frame against its beep in the browser, 99th percentile of the distance", Threshold(45.0, True)
    ),
    "skew_ms_median": MetricSpec("the same, median, with its sign: the picture late"),
    "skew_socket_ms_p99": MetricSpec("the same over the WebSocket", Threshold(45.0, True)),
    "interrupt_ms_p95": MetricSpec("the server's decision → silence in the browser", Threshold(250.0, True)),
    "interrupt_onset_ms_p95": MetricSpec("the visitor's voice → silence in the browser", Threshold(600.0, True)),
    "reply_echo_p50_s": MetricSpec("end of speech → first speaking frame, echo", Threshold(1.5, True)),
    "reply_local_p50_s": MetricSpec("end of speech → first speaking frame, local", Threshold(4.5, True)),
    "on_time": MetricSpec("share of blocks in time during the local conversation", Threshold(0.995)),
    "cycles_megabytes": MetricSpec("memory more after the last visit than after the tenth", Threshold(8.0, True)),
    "cycles_tasks": MetricSpec("tasks more", Threshold(0.0, True)),
    "cycles_threads": MetricSpec("threads more; pools may still fill up", Threshold(2.0, True)),
    "cycles_files": MetricSpec("open files and sockets more", Threshold(0.0, True)),
    "cycles_worker_megabytes": MetricSpec("memory more in the model's process", Threshold(8.0, True)),
    "cycles_worker_threads": MetricSpec("threads more there", Threshold(0.0, True)),
    "cycles_worker_files": MetricSpec("open files more there", Threshold(0.0, True)),
}


def sounds(trace: Trace, least: float = LOUD, release: float = RELEASE) -> list[tuple[float, float]]:
    """(begin, end) of everything loud; shorter silences than `release` do not end it."""
    loud = [at for at, peak in trace if peak > least]
    found: list[tuple[float, float]] = []
    for at in loud:
        if found and at - found[-1][1] < release:
            found[-1] = (found[-1][0], at)
        else:
            found.append((at, at))
    return found


def skews(heard: Trace, seen: Trace) -> Times:
    """Milliseconds that white frames come after the nearest beep, however far it is."""
    beeps = np.array([begin for begin, _ in sounds(heard, 0.1)])
    if not len(beeps):
        return np.array([])
    white = [seen[i][0] for i in range(1, len(seen)) if seen[i][1] > WHITE >= seen[i - 1][1]]
    within = [at for at in white if beeps[0] - NEAR < at < beeps[-1] + NEAR]
    return np.array([1000 * (at - beeps[np.abs(beeps - at).argmin()]) for at in within])


def skew_figures(name: str, heard: Trace, seen: Trace) -> dict[str, float]:
    found = skews(heard, seen)
    return {
        f"{name}_ms_p99": _percentile(np.abs(found), 99),
        f"{name}_ms_median": _percentile(found, 50),
        f"{name}_events": float(len(found)),
    }


def interrupt_figures(heard: Trace, said: Trace, logged: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Of every interrupt that the server logged while something was heard."""
    played, voice = sounds(heard), sounds(said, release=0.8)
    decided, onset = [], []
    for event in logged:
        if event["event"] != "interrupted":
            continue
        at = event["time"]
        sounding = [(begin, end) for begin, end in played if begin < at < end + RELEASE]
        speaking = [begin for begin, end in voice if begin - 0.05 <= at <= end + 1.0]
        if not sounding:
            continue
        silent = sounding[-1][1]
        decided.append(max(0.0, 1000 * (silent - at)))
        if speaking and at - speaking[-1] < 1.5:
            onset.append(1000 * (silent - speaking[-1]))
    return {
        "interrupt_ms_p95": _percentile(decided, 95),
        "interrupt_onset_ms_p95": _percentile(onset, 95),
        "interrupts": float(len(decided)),
    }


def replies(heard: Trace, said: Trace) -> Times:
    """Seconds from the end of each turn to the next sound; `SLOWEST` where none came in time to be its answer."""
    voice, played = sounds(said, release=PAUSE), sounds(heard)
    found, over = [], max((at for at, _ in heard), default=0.0)
    for number, (_, end) in enumerate(voice):
        until = voice[number + 1][0] if number + 1 < len(voice) else end + SLOWEST
        answer = next((begin for begin, _ in played if end < begin < min(until, end + SLOWEST)), None)
        if answer is not None:
            found.append(answer - end)
        elif until < over:  # else it may still have been on its way
            found.append(SLOWEST)
    return np.array(found)


def reply_figures(name: str, heard: Trace, said: Trace, logged: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    found = replies(heard, said)
    answered = [event for event in logged if event["event"] == "answered"]
    steps = {
        f"reply_{name}_{step}_p50_s": _percentile([event[step] for event in answered if step in event], 50)
        for step in ("decided", "understood", "first_text", "first_audio")
    }
    server = [event["first_frame"] for event in answered]
    return steps | {
        f"reply_{name}_p50_s": _percentile(found, 50),
        f"reply_{name}_p95_s": _percentile(found, 95),
        f"reply_{name}_server_p50_s": _percentile(server, 50),
        f"replies_{name}": float((found < SLOWEST).sum()),
        f"turns_{name}": float(len(sounds(said, release=PAUSE))),
    }


def on_time(metrics: Mapping[str, float]) -> dict[str, float]:
    blocks, late = metrics.get("livetalk_blocks_total", 0.0), metrics.get("livetalk_blocks_late_total", 0.0)
    return {"on_time": 1 - late / blocks if blocks else NAN, "blocks": blocks, "blocks_late": late}


def cycle_figures(held: Sequence[Mapping[str, float]]) -> dict[str, float]:
    if len(held) <= WARM:
        return {}
    names = held[0]
    first = {name: min(each[name] for each in held[WARM - WINDOW : WARM]) for name in names}
    last = {name: min(each[name] for each in held[-WINDOW:]) for name in names}
    return {f"cycles_{name}": last[name] - first[name] for name in names} | {"cycles": float(len(held))}


def _percentile(values: Sequence[float] | Times, which: float) -> float:
    return float(np.percentile(values, which)) if len(values) else NAN
