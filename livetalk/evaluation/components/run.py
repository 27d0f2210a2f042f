"""Run of a component ablation: which variants play which clips and streams."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from livetalk.conditions.prompt import DEFAULT_PROMPT
from livetalk.evaluation.clips import ClipOrder, Lab, Measured, open_lab
from livetalk.evaluation.components.report import ComponentReport, mean_points
from livetalk.evaluation.components.speed import frame_rates
from livetalk.evaluation.components.streams import StreamPoint, watch
from livetalk.evaluation.components.variants import with_anchors, with_cut_windows, with_noisy_memory
from livetalk.evaluation.figures import summarise
from livetalk.evaluation.metrics import held_out
from livetalk.evaluation.parts import EvaluationPlan
from livetalk.performer.networks import Networks
from livetalk.performer.performer import Performer

ANCHORS = (0, 3, 6, 9)  # of a window of 15 latents
RACED = 12.0  # s of video whose making is timed

Picture = UInt8[np.ndarray, "h w 3"]
Tell = Callable[[int], None]


@dataclass(frozen=True)
class ComponentPlan:
    """What is to be measured. clips: of held-out seeds, by each variant; seconds: of streams; 0 leaves either out."""

    weights: Path | None
    shelf: Path
    faces: Sequence[Picture]
    clips: int
    seconds: float
    speed: bool
    threads: int

    @property
    def steps(self) -> int:
        """Clips, and seconds of streams, that will be made."""
        return 3 * self.clips + round(len(ANCHORS) * len(self.faces) * self.seconds)


def measure(plan: ComponentPlan, tell: Tell = lambda done: None) -> ComponentReport:
    """Measure all that the plan asks for; `tell` hears of steps. Raises ValueError for missing weights or extras."""
    order = ClipOrder(plan.shelf, plan.weights)
    lab, sounds = open_lab(order, plan.threads), EvaluationPlan(order, {}).recordings
    assert isinstance(lab.player, Performer)
    networks = lab.player.networks
    rates = None
    if plan.speed:  # before memory fills
        sound = np.resize(np.concatenate(sounds), round(RACED * networks.preset.geometry.sample_rate))
        rates = frame_rates(networks, plan.faces[0], sound, DEFAULT_PROMPT)
    clips = _clips(lab, networks, plan.clips, tell) if plan.clips else None
    streams = None
    if plan.seconds:
        streams = {
            anchors: mean_points([_stream(networks, anchors, face, sounds, plan.seconds, tell) for face in plan.faces])
            for anchors in ANCHORS
        }
    return ComponentReport(clips, streams, rates)


def _clips(lab: Lab, networks: Networks, clips: int, tell: Tell) -> dict[str, dict[str, float]]:
    variants = {
        "the system": networks,
        "audio windows cut at blocks": with_cut_windows(networks),
        "noisy memory": with_noisy_memory(networks),
    }
    labs = {
        name: Lab(lab.shelf, lab.renderer, lab.codec, lab.dtype, Performer(made_by))
        for name, made_by in variants.items()
    }
    found: dict[str, list[Measured]] = {name: [] for name in variants}
    for seed in held_out.seeds(clips):
        for name in variants:
            found[name].append(labs[name].measure(seed))
            tell(1)
    return {name: summarise(measured) for name, measured in found.items()}


def _stream(
    networks: Networks,
    anchors: int,
    face: Picture,
    sounds: Sequence[Float32[np.ndarray, " n"]],
    seconds: float,
    tell: Tell,
) -> list[StreamPoint]:
    done = [0]
    rate = networks.preset.geometry.frame_rate

    def heard(frames: int) -> None:
        before, done[0] = done[0], done[0] + frames
        tell(done[0] // rate - before // rate)

    player = Performer(with_anchors(networks, anchors))
    return watch(player, face, sounds, DEFAULT_PROMPT, seconds, heard)
