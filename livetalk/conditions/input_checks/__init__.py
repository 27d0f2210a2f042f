"""Input checks: one look at a portrait and at speech before the work begins, and a sentence for what will not do well.

A warning never stops anything by itself: whoever asked decides. Numpy only, so that a server may look, too.
"""

from livetalk.conditions.input_checks.portrait import check_framed, check_portrait, frame_checked, load_checked
from livetalk.conditions.input_checks.sentences import InputWarning
from livetalk.conditions.input_checks.speech import SpeechCheck, check_speech

__all__ = [
    "InputWarning",
    "SpeechCheck",
    "check_framed",
    "check_portrait",
    "check_speech",
    "frame_checked",
    "load_checked",
]
