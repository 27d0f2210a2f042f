"""Benchmark of `livetalk bench talk`: skew, interrupts and replies of the echo, replies of the local brain, visits.

Says what is said when; measuring is `talk.py`'s and `talk_figures.py`'s business.
"""

import json
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Float32
from rich.table import Table

from livetalk.benchmarks import talk, talk_figures
from livetalk.benchmarks.options import TalkBenchOptions
from livetalk.benchmarks.talk_figures import FIGURES
from livetalk.evaluation import report
from livetalk.geometry import SAMPLE_RATE
from livetalk.media.sound import trimmed
from livetalk.runtime.cpu import cores

Sound = Float32[np.ndarray, " n"]
Tell = Callable[[str, float, float], None]  # (what, how far, of how much)
LONG = ("--idle", "7200", "--minutes", "120")
ECHO, LOCAL = ("--brain", "echo", *LONG), ("--brain", "local", *LONG)
FALLBACK = 120.0  # seconds of skew over the WebSocket, at most
GAPS = (2.2, 3.2)  # seconds after which an echo is interrupted, in turn: fast machines answer within the first
HEARD_OUT = 5.0  # seconds of silence behind what interrupted it, whose echo is heard


async def measure(plan: TalkBenchOptions, recordings: Sequence[Sound], tell: Tell) -> dict[str, float]:
    """All metrics that the plan asks for. recordings: what the visitor says, 16 kHz.

    Raises ValueError where a browser or a model is missing, or where all recordings are silent.
    """
    if (plan.echo or plan.local) and not any(len(trimmed(sound, talk_figures.LOUD)) for sound in recordings):
        raise ValueError("nothing is said in the recordings: they are silent")
    figures: dict[str, float] = {}
    if plan.skew:
        kept = await talk.visit((*ECHO, "--face", "marker"), (), plan.skew, _part(tell, "skew", plan.skew))
        figures |= talk_figures.skew_figures("skew", kept.heard, kept.seen)
        few = min(plan.skew, FALLBACK)
        kept = await talk.visit((*ECHO, "--face", "marker"), (), few, _part(tell, "skew, WebSocket", few), "websocket")
        figures |= talk_figures.skew_figures("skew_socket", kept.heard, kept.seen)
    if plan.echo:
        said = _interrupting(recordings)
        kept = await talk.visit(ECHO, said, plan.echo, _part(tell, "echo", plan.echo))
        figures |= talk_figures.interrupt_figures(kept.heard, kept.said, kept.logged)
        figures |= talk_figures.reply_figures("echo", kept.heard, kept.said, kept.logged)
    if plan.local:
        said = _asking(recordings)
        part = _part(tell, "local", plan.local)
        kept = await talk.visit(LOCAL, said, plan.local, part)
        figures |= talk_figures.reply_figures("local", kept.heard, kept.said, kept.logged)
        figures |= talk_figures.on_time(kept.metrics)
    if plan.cycles:
        held = await talk.come_and_go(ECHO, plan.cycles, _part(tell, "visits", plan.cycles))
        figures |= talk_figures.cycle_figures(held)
    return figures


def table(figures: Mapping[str, float]) -> Table:
    return report.table(figures, FIGURES)


def as_json(figures: Mapping[str, float]) -> str:
    """Figures, bars in words, and misses; null for what could not be measured."""
    bars = {name: str(bar) for name, bar in report.thresholds(figures, FIGURES).items()}
    return json.dumps({"cores": cores(), **report.document(figures, FIGURES), "bars": bars}, indent=2) + "\n"


def _interrupting(recordings: Sequence[Sound]) -> list[Sound]:
    """Something is said, and while its echo is heard something else."""
    spoken = (trimmed(sound, talk_figures.LOUD) for sound in recordings)  # gaps count from the end of speech
    by_length = sorted(filter(len, spoken), key=len)
    first, second = by_length[-1], by_length[0]  # the longest echo leaves most time
    return [x for gap in GAPS for x in (_rest(talk.AHEAD), first, _rest(gap), second, _rest(HEARD_OUT))]


def _asking(recordings: Sequence[Sound]) -> list[Sound]:
    """One thing after the other, with time for an answer."""
    return [piece for sound in recordings for piece in (_rest(talk.AHEAD), sound, _rest(8.0))]


def _rest(seconds: float) -> Sound:
    return np.zeros(round(seconds * SAMPLE_RATE), np.float32)


def _part(tell: Tell, name: str, most: float) -> Callable[[float], None]:
    return lambda gone: tell(name, gone, most)
