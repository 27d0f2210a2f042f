"""Scenes of photo puppets, by seed: portrait, its variation, an utterance and the acting.

Seeds from HELD_OUT_FROM on use held-out portraits, voices, sentences and paraphrases only. Draws nothing.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from livetalk.data.acting.performance import HELD_OUT_FROM, Performance
from livetalk.data.clips import CLIP_FRAMES, FROM_THE_START, Timelines
from livetalk.data.puppets.acting import perform_puppet
from livetalk.data.puppets.mirror import mirrored_pose, mirrored_weights
from livetalk.data.puppets.portraits import Portraits, open_portraits
from livetalk.data.puppets.puppet import own_pose, own_weights
from livetalk.data.puppets.sheet import smooth
from livetalk.data.puppets.variation import Dressed, Variation, picture_files, sample_variation

_STREAM = 0x9B9


@dataclass(frozen=True)
class PuppetScene:
    """Script of a puppet's clip, as `clips.ClipScript`."""

    seed: int
    subject: Dressed
    utterance: int
    start_frame: int
    performance: Performance


class PuppetStage:
    """Seed -> scene, from a file of portraits and a shelf of speech."""

    def __init__(
        self, portraits: Portraits, speech: Timelines, frames: int = CLIP_FRAMES, backgrounds: Path | None = None
    ) -> None:
        """`backgrounds`: a folder of pictures to put some of them before."""
        self._portraits, self._speech, self._frames, self._backgrounds = portraits, speech, frames, backgrounds

    @classmethod
    def open(
        cls, path: Path | str, speech: Timelines, frames: int = CLIP_FRAMES, backgrounds: Path | None = None
    ) -> "PuppetStage":
        """Raises ValueError if there are no portraits at `path`, or no pictures in `backgrounds`."""
        if backgrounds is not None:
            picture_files(backgrounds)
        return cls(open_portraits(path), speech, frames, backgrounds)

    def __call__(self, seed: int) -> PuppetScene:
        rng = np.random.default_rng((_STREAM, seed))
        held_out = seed >= HELD_OUT_FROM
        rows = np.flatnonzero(self._portraits.held_out == held_out)
        places = np.concatenate([self._speech.spoken_by(man, held_out) for man in (False, True)])
        for found, what, command in ((rows, "portraits", "pack"), (places, "voices", "speech")):
            if not len(found):
                kind = "held-out" if held_out else "training"
                raise ValueError(
                    f"there are no {kind} {what}, which seed {seed} needs: add some with `livetalk data {command}`"
                )
        portrait = self._portraits[int(rng.choice(rows, p=_shares(self._portraits.smiles[rows])))]
        utterance = int(places[rng.integers(len(places))])
        timeline = self._speech[utterance]
        last = max(0, timeline.frames - self._frames)
        start_frame = 0 if rng.random() < FROM_THE_START else int(rng.integers(last + 1))
        variation = sample_variation(rng, portrait.matted, self._backgrounds)
        own = as_shown((own_weights(portrait), own_pose(portrait)), variation)
        performance = perform_puppet(seed, own, timeline, start_frame, self._frames)
        return PuppetScene(seed, Dressed(portrait, variation), utterance, start_frame, performance)


def as_shown(own: tuple[np.ndarray, np.ndarray], variation: Variation) -> tuple[np.ndarray, np.ndarray]:
    """The photograph's own weights and pose as they look in the picture that is drawn."""
    weights, pose = own
    return (mirrored_weights(weights), mirrored_pose(pose)) if variation.mirrored else (weights, pose)


def _shares(smiles: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    """How often each portrait is drawn: broad smiles, which most people show to a photographer, half as often."""
    shares = 1 - 0.5 * smooth(0.6, 0.95, smiles.astype(float))
    return shares / shares.sum()
