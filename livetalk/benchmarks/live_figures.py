"""Metrics of the live engine, computed from what viewers recorded, with their thresholds.

Lips are measured here, after the viewers have gone, on the frames that they kept. Runs no engine.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np
from jaxtyping import Float, UInt8
from rich.table import Table

from livetalk.benchmarks.live import LiveBenchOptions, Stay
from livetalk.benchmarks.live_viewer import WATCHED, InterruptRecord, Viewer
from livetalk.evaluation import report
from livetalk.evaluation.metrics.landmarks import track
from livetalk.evaluation.report import MetricSpec, Threshold
from livetalk.runtime.cpu import cores

SETTLING = 60.0  # seconds, or a quarter of the stay, before memory is looked at
UNANSWERED = 3.0  # seconds before the end from which on an utterance may remain without an answer
SEEN = 0.03  # seconds from which on a freeze counts: half a frame
CLOSED = 0.03  # lip gap beyond the portrait's own, inter-ocular distances
NAN = float("nan")

Picture = UInt8[np.ndarray, "h w 3"]

FIGURES: dict[str, MetricSpec] = {
    "onset_p50_s": MetricSpec(
        "first piece of speech into an idle session → first frame that speaks it", Threshold(0.8, True)
    ),
    "onset_p95_s": MetricSpec("the same, 95th percentile", Threshold(1.1, True)),
    "cold_first_frame_s": MetricSpec(
        "new session, 0.75 s of speech at once → first frame; median", Threshold(0.5, True)
    ),
    "on_time": MetricSpec("share of blocks ready before their time", Threshold(0.999)),
    "stalls": MetricSpec("seconds that blocks were late, together", Threshold(0.0, True)),
    "busy_share": MetricSpec("processor time over wall time over cores", Threshold(0.6, True)),
    "interrupt_silence_ms_p95": MetricSpec("interrupt → no sound", Threshold(60.0, True)),
    "interrupt_lips_s_p95": MetricSpec("interrupt → first frame with closed lips", Threshold(0.75, True)),
    "interrupt_lips_rest_s_p95": MetricSpec("interrupt → frame from which on lips stay closed"),
    "freeze_max_s": MetricSpec("longest time that the picture stood still", Threshold(0.3, True)),
    "freezes": MetricSpec("times that it stood still for more than half a frame"),
    "join": MetricSpec("frame difference at an interrupt's join over the median; largest", Threshold(2.0, True)),
    "seam_p95": MetricSpec("the same where blocks meet undisturbed, 95th percentile"),
    "rss_slope_mb_min": MetricSpec("growth of the process's memory", Threshold(1.0, True)),
    "hour_time": MetricSpec("time per block, last five minutes over first, change", Threshold(0.05, True, True)),
    "hour_drift": MetricSpec("drift, last five minutes over first, change", Threshold(0.20, True)),
    "batch_gain": MetricSpec("frames a second of 4 streams in a batch over those of 1", Threshold(1.3)),
    "overlap_gain": MetricSpec("frames a second, denoising beside decoding over one after the other"),
    "times_real_time": MetricSpec("speed of one stream, stages overlapped"),
    "real_time_factor": MetricSpec("denoising and decoding a block over its length, median"),
}


def summarise(stay: Stay, order: LiveBenchOptions, block_seconds: float) -> dict[str, float]:
    """All figures of a stay; NaN for what could not be measured."""
    viewers = stay.viewers
    onsets = [seconds for viewer in viewers for seconds in onsets_of(viewer)]
    freezes = [seconds for viewer in viewers for seconds in viewer.screen.freezes]
    tallies = [viewer.session.stats for viewer in viewers]
    late, blocks = sum(t.late for t in tallies), sum(t.blocks for t in tallies)
    busy = "busy_share" if order.sessions == 1 else "busy_share_all"
    return {
        "onset_p50_s": quantile(onsets, 0.5),
        "onset_p95_s": quantile(onsets, 0.95),
        "cold_first_frame_s": quantile(stay.cold, 0.5),
        "cold_first_frame_max_s": max(stay.cold, default=NAN),
        "on_time": 1 - late / blocks if blocks else NAN,
        "stalls": sum(t.stalls for t in tallies),
        busy: stay.cpu / stay.wall / cores(),
        **_interrupts(viewers),
        "freeze_max_s": max(freezes, default=0.0),
        "freezes": sum(seconds > SEEN for seconds in freezes),
        "rss_slope_mb_min": slope(stay.memory),
        **_stages(viewers, block_seconds),
        "queue_p95": quantile([depth for viewer in viewers for depth in viewer.depths], 0.95),
        "queue_max": max((depth for viewer in viewers for depth in viewer.depths), default=NAN),
        "session_limit": stay.limit,
        "blocks": blocks,
        "utterances": len(onsets),
        "interrupts": sum(t.interrupts for t in tallies),
        "underruns": sum(t.underruns for t in tallies),
        "re_anchors": sum(t.re_anchors for t in tallies),
        "faults": sum(viewer.session.fault_detector.counts.faults for viewer in viewers),
        "held": sum(viewer.session.fault_detector.counts.held for viewer in viewers),
    }


def onsets_of(viewer: Viewer) -> list[float]:
    """Seconds from the first push of each utterance until the first block that speaks it was ready.

    An utterance that was never answered counts as long as it was waited for, unless the stay ended soon after it.
    """
    seconds = []
    for place, pushed in enumerate(viewer.pushes):
        end = viewer.pushes[place + 1] if place + 1 < len(viewer.pushes) else math.inf
        answers = [when for _, speaking, when in viewer.ready if speaking and pushed < when < end]
        if answers:
            seconds.append(answers[0] - pushed)
        elif viewer.ready and min(end, viewer.ready[-1][2]) > pushed + UNANSWERED:
            seconds.append(min(end, viewer.ready[-1][2]) - pushed)
    return seconds


def lips(viewers: Sequence[Viewer], portraits: Sequence[Picture]) -> dict[str, float]:
    """How soon lips close after interrupts. Raises ValueError where MediaPipe is not installed."""
    first, rest = [], []
    for viewer, portrait in zip(viewers, portraits, strict=True):
        frames = viewer.frames()
        if frames is None:
            continue
        own, gaps = float(track(portrait[None]).gap[0]), track(frames).gap
        for interrupt in _watched(viewer):
            soon, last = closing(interrupt.kept, gaps, own)
            first.append(soon)
            rest.append(last)
    return {"interrupt_lips_s_p95": quantile(first, 0.95), "interrupt_lips_rest_s_p95": quantile(rest, 0.95)}


def closing(kept: Sequence[tuple[float, int]], gaps: Float[np.ndarray, " t"], own: float) -> tuple[float, float]:
    """Seconds until lips are closed, and until they stay so. As long as was watched, where they never are.

    A frame without a face is one whose lips are open.
    """
    times = np.array([seconds for seconds, _ in kept])
    closed = gaps[[frame for _, frame in kept]] - own <= CLOSED
    if not closed.any():
        return WATCHED, WATCHED
    opened = np.flatnonzero(~closed)
    stays = 0 if not len(opened) else opened[-1] + 1
    return float(times[closed][0]), float(times[stays]) if stays < len(times) else WATCHED


def _watched(viewer: Viewer) -> list[InterruptRecord]:
    """Interrupts after which the viewer stayed long enough, and saw something."""
    end = viewer.ready[-1][2] if viewer.ready else -math.inf
    return [each for each in viewer.interrupts if each.kept and each.when + WATCHED <= end]


def _interrupts(viewers: Sequence[Viewer]) -> dict[str, float]:
    silences = [1000 * (i.silent - i.when) for viewer in viewers for i in viewer.interrupts if i.silent is not None]
    joins, seams = [], []
    for viewer in viewers:
        usual = (float(np.median(viewer.differences)) if viewer.differences else 0.0) or NAN
        joins += [each.join / usual for each in _watched(viewer) if each.seams]
        seams += [difference / usual for difference in viewer.seams]
    return {
        "interrupt_silence_ms_p95": quantile(silences, 0.95),
        "join": max(joins, default=NAN),
        "join_p50": quantile(joins, 0.5),
        "seam_p95": quantile(seams, 0.95),
    }


def _stages(viewers: Sequence[Viewer], block_seconds: float) -> dict[str, float]:
    """Quantiles of each stage's seconds over blocks, and of denoising and decoding over a block's length."""
    rows = [asdict(timings) for viewer in viewers for timings in viewer.timings.values()]
    figures = {"real_time_factor": quantile([(r["denoise"] + r["decode"]) / block_seconds for r in rows], 0.5)}
    for name in rows[0] if rows else ():
        for place in (50, 95, 99):
            figures[f"{name}_p{place}_s"] = quantile([row[name] for row in rows], place / 100)
    return figures


def slope(memory: Sequence[tuple[float, float]]) -> float:
    """Megabytes a minute, fitted to all but the beginning."""
    if len(memory) < 4:
        return NAN
    settled = min(SETTLING, memory[-1][0] / 4)
    seconds, megabytes = np.array([sample for sample in memory if sample[0] >= settled]).T
    return float(np.polyfit(seconds / 60, megabytes, 1)[0])


def quantile(values: Sequence[float], place: float) -> float:
    return float(np.quantile(values, place)) if len(values) else NAN


def as_json(figures: Mapping[str, float]) -> str:
    return json.dumps(report.document(figures, FIGURES), indent=2) + "\n"


def table(figures: Mapping[str, float]) -> Table:
    return report.table(figures, FIGURES)
