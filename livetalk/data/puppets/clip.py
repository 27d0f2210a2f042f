"""One clip of one puppet: a fitted portrait says something, as a prompt asks, with everything known about it."""

import numpy as np

from livetalk.data.acting.reading import read_prompt
from livetalk.data.clips import Clip, Renderer, describe, sound_of
from livetalk.data.puppets.acting import perform_puppet
from livetalk.data.puppets.fitted import FittedPortrait
from livetalk.data.puppets.puppet import own_pose, own_weights
from livetalk.data.puppets.stage import PuppetScene
from livetalk.data.puppets.variation import Dressed
from livetalk.data.speech import Utterance


def puppet_clip(
    portrait: FittedPortrait, spoken: Utterance, prompt: str, renderer: Renderer, seed: int, frames: int
) -> Clip:
    """The photograph, unchanged, speaks from the beginning of `spoken` on; the same for the same arguments."""
    own = own_weights(portrait), own_pose(portrait)
    performance = perform_puppet(seed, own, spoken, 0, frames, read_prompt(prompt))
    scene = PuppetScene(seed, Dressed(portrait), 0, 0, performance)
    renderer.dress(scene.subject)
    pixels = renderer.render(performance.weights, performance.pose)
    truth = describe(scene, spoken, frames)
    truth |= {
        "prompt": prompt,
        "photograph": portrait.name,
        "synthetic": True,
        "weights": np.round(performance.weights, 4).tolist(),
        "opening": np.round(renderer.opening(performance.weights), 4).tolist(),
        "boxes": np.round(renderer.boxes(performance.weights, performance.pose), 1).tolist(),
    }
    return Clip(pixels, sound_of(spoken, 0, frames), truth, "photo puppet")
