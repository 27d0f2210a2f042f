"""A check of the visitor's microphone: whether somebody speaks so quietly that no turn of theirs is noticed.

Once one was noticed the microphone will do, and nothing is looked at any more. Nothing is said of clipping: what
browsers send has been through their own limiters, which level the same peaks. Knows no turns.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float32

from livetalk.conditions.input_checks import SpeechCheck
from livetalk.conversation.events import Doubt

QUIET = "your microphone is very quiet, so your voice is not noticed: come closer to it, or raise its input level"


class MicrophoneCheck:
    """Tells once when two seconds of sound in which no turn was noticed were a quiet voice."""

    def __init__(self, tell: Callable[[Doubt], None]) -> None:
        self._tell = tell
        self._check: SpeechCheck | None = SpeechCheck()

    def push(self, sound: Float32[np.ndarray, " n"], alone: bool = True) -> None:
        """Sound at 16 kHz in which no turn was noticed. alone: the avatar does not speak, which may be heard, too."""
        if self._check is None or not alone:
            return
        if any(warning.kind == "quiet" for warning in self._check.push(sound)):
            self._check = None
            self._tell(Doubt("listening", "quiet", QUIET))

    def noticed(self) -> None:
        """A turn was noticed."""
        self._check = None
