"""LiveTalk: a portrait, a prompt and speech go in; a talking video streams out, block by block.

Importing the package loads nothing heavy: the public names are looked up on first use. This module deliberately knows
no model and no file format.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livetalk.avatar.blocks import TimedBlock as TimedBlock
    from livetalk.live.engine import LivePerformer as LivePerformer
    from livetalk.performer.performer import Performer as Performer

__version__ = "0.7.0"
__all__ = ["LivePerformer", "Performer", "TimedBlock", "__version__"]

_HOMES = {"LivePerformer": "live.engine", "Performer": "performer.performer", "TimedBlock": "avatar.blocks"}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"livetalk.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'livetalk' has no attribute {name!r}")
