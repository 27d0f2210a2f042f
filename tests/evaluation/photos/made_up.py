"""Made-up measures of clips of photographs: of a good one, and what is asked for beyond."""

from dataclasses import replace
from typing import Any

import numpy as np

from livetalk.data.arkit import ARKIT
from livetalk.evaluation.metrics.landmarks import FaceTrack
from livetalk.evaluation.metrics.motion import FLOORS
from livetalk.evaluation.metrics.vgg import WIDTH
from livetalk.evaluation.photos.log import Seen
from livetalk.evaluation.photos.takes import SCENES
from livetalk.evaluation.photos.words import AT_REST, PHOTOGRAPHED

K = 20  # frames that are looked at closely


def tracked(t: int = 81, yaw: np.ndarray | None = None, **scores: float) -> FaceTrack:
    """A face that turns by `yaw`, NaN where it is not found; scores: blendshapes by name, the same in all frames."""
    turned = np.zeros(t) if yaw is None else yaw
    shapes = np.tile([scores.get(name, 0.0) for name in ARKIT], (t, 1))
    shapes[~np.isfinite(turned)] = np.nan
    pose, still = np.stack([turned, 0 * turned, 0 * turned], axis=1), 0 * turned
    return FaceTrack(still, still + 1, pose, still, np.zeros((t, 2)), np.zeros((t, 2, 2)), shapes, tuple(ARKIT))


def expressing(words: dict[str, str], own_smile: float = 0.0) -> dict[str, float]:
    """Measures of a photograph that acts what is asked, and is still and neutral otherwise."""
    acted = {"mood": "neutral", "head": "still", "gaze": "camera", **words}
    found = {
        measure: value
        for name, table in PHOTOGRAPHED.items()
        for measure, value in zip(table.measures, table.means[acted[name]], strict=True)
    }
    smile = found["smile grown"] + min(own_smile, AT_REST)
    return {**found, "smile": smile, "smile grown": smile - own_smile}


def seen(scene: str = "calm", seed: int = 0, **changed: Any) -> Seen:
    """A clip without fault."""
    rng = np.random.default_rng(seed)
    acting = SCENES[scene]
    asked = {name: getattr(acting, name) for name in acting.mentioned}
    good = Seen(
        person=f"{seed}.jpg",
        asked=asked,
        expression=expressing(asked),
        ranges=dict.fromkeys(FLOORS, 0.4),
        lip_r=0.8,
        rest=np.array([0.0, 0.01, 0.02]),
        distances=rng.uniform(0.2, 0.3, K),
        descriptors=rng.normal(0, 0.1, (K, 128)),
        pictures=rng.normal(0, 0.1, (K, WIDTH)),
        texture=rng.uniform(0.8, 0.9, (K, 4)),
        shut=np.zeros(K, bool),
        detail=rng.uniform(0.95, 1.05, K),
    )
    return replace(good, **changed)


def scenes(clips: int = 3, **changed: Any) -> dict[str, list[Seen]]:
    """Clips of every scene, all changed in the same way."""
    return {scene: [seen(scene, place, **changed) for place in range(clips)] for scene in SCENES}
