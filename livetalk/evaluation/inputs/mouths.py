"""Photographs whose mouths are opened: the puppet of a photograph, drawn with another jaw. Needs MediaPipe."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from livetalk.data.arkit import INDEX
from livetalk.evaluation.inputs.subjects import SIZE, Subject

if TYPE_CHECKING:
    from livetalk.data.puppets.renderer import PuppetRenderer

JAWS = np.linspace(0.1, 1.0, 19)


def opened(subjects: Iterable[Subject], gaps: Sequence[float]) -> Iterator[Subject]:
    """One subject a lip gap (distances between the eyes); nothing where faces cannot be fitted here."""
    from livetalk.data.puppets.fit import Fitter
    from livetalk.data.puppets.renderer import PuppetRenderer

    try:
        fitter = Fitter()
    except ValueError:
        return
    renderer = PuppetRenderer(SIZE)
    try:
        with fitter:
            waiting = list(reversed(gaps))
            for subject in subjects:
                if not waiting:
                    return
                try:
                    portrait = fitter.fit_picture(subject.picture, subject.name).portrait
                except ValueError:
                    continue
                renderer.dress(portrait)
                yield _with_gap(renderer, subject, waiting.pop())
    finally:
        renderer.close()


def _with_gap(renderer: "PuppetRenderer", subject: Subject, gap: float) -> Subject:
    own, pose = renderer.own()
    weights = np.tile(np.asarray(own, np.float32), (len(JAWS), 1))
    weights[:, INDEX["jawOpen"]] = JAWS
    row = int(np.abs(renderer.opening(weights) - gap).argmin())
    chosen, place = weights[row : row + 1], np.asarray(pose, np.float32)[None]
    left, right, mouth = renderer.boxes(chosen, place)[0]
    return replace(
        subject,
        picture=renderer.render(chosen, place)[0],
        eyes=np.array(sorted((left, right), key=lambda point: point[0])),
        mouth=mouth,
        lip_gap=float(renderer.opening(chosen)[0]),
    )
