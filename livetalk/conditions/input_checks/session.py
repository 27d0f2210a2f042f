"""Input checks of a live session: its portrait at once, its speech as it is pushed. May be used from any thread."""

from threading import Lock

import numpy as np
from jaxtyping import UInt8

from livetalk.conditions.input_checks.portrait import check_framed
from livetalk.conditions.input_checks.sentences import InputWarning
from livetalk.conditions.input_checks.speech import SpeechCheck


class SessionChecks:
    """Collects warnings. portrait: framed; None where somebody else looks already: then there are no warnings."""

    def __init__(self, portrait: UInt8[np.ndarray, "size size 3"] | None) -> None:
        self._lock = Lock()
        self._speech = None if portrait is None else SpeechCheck()
        self._warnings = [] if portrait is None else check_framed(portrait)

    @property
    def warnings(self) -> tuple[InputWarning, ...]:
        """Everything that was found so far, each kind once."""
        with self._lock:
            return tuple(self._warnings)

    def push(self, speech: np.ndarray, rate: int) -> None:
        """The next piece of an utterance: mono floats."""
        with self._lock:
            if self._speech is not None:
                self._warnings += self._speech.push(speech, rate)

    def end(self) -> None:
        """The utterance is over."""
        with self._lock:
            if self._speech is not None:
                self._warnings += self._speech.end()

    def interrupt(self) -> None:
        """The utterance was cut off: of what is left of it nothing is said."""
        with self._lock:
            if self._speech is not None:
                self._speech.begin()
