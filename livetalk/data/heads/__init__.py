"""Rendered talking heads: a person from a seed, drawn with OpenGL from the 52 ARKit shapes and a pose.

The MakeHuman head (CC0) is bundled as a compact bake. This package knows faces; it knows nothing of speech or acting.
Names are loaded on first use, so that reading a look needs no OpenGL.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from livetalk.data.heads.look import Look as Look
    from livetalk.data.heads.look import sample_look as sample_look
    from livetalk.data.heads.renderer import HeadRenderer as HeadRenderer
    from livetalk.data.heads.sheet import contact_sheet as contact_sheet
    from livetalk.data.heads.sheet import portrait as portrait

_HOME = {
    "Look": "look",
    "sample_look": "look",
    "HeadRenderer": "renderer",
    "contact_sheet": "sheet",
    "portrait": "sheet",
}
__all__ = ["HeadRenderer", "Look", "contact_sheet", "portrait", "sample_look"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"{__name__} has no {name}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
