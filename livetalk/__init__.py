"""LiveTalk: a portrait, a prompt and speech go in; a talking video streams out, block by block.

Importing the package loads nothing heavy: `livetalk.Performer` and `livetalk.LivePerformer` are looked up on first
use. This module deliberately knows no model and no file format.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livetalk.live.engine import LivePerformer as LivePerformer
    from livetalk.performer.performer import Performer as Performer

__version__ = "0.6.0"
__all__ = ["LivePerformer", "Performer", "__version__"]


def __getattr__(name: str) -> object:
    if name == "Performer":
        from livetalk.performer.performer import Performer

        return Performer
    if name == "LivePerformer":
        from livetalk.live.engine import LivePerformer

        return LivePerformer
    raise AttributeError(f"module 'livetalk' has no attribute {name!r}")
