"""Photo puppets: one portrait photograph becomes clips in which it talks, with the exact truth of every frame.

Fitting (needs the `eval` extra: MediaPipe and its OpenCV) turns a photograph into a `FittedPortrait`; drawing needs
only numpy, scipy, Pillow and moderngl. The two halves meet in `fitted` and share no other state.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from livetalk.data.puppets.renderer import PuppetRenderer as PuppetRenderer
    from livetalk.data.puppets.stage import PuppetStage as PuppetStage

_HOME = {"PuppetRenderer": "renderer", "PuppetStage": "stage"}
__all__ = ["PuppetRenderer", "PuppetStage"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"{__name__} has no {name}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
