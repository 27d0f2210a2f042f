"""The sentences of input checks: what is wrong with a portrait or with speech, and what to do about it.

Knows no measures and no thresholds.
"""

from dataclasses import dataclass

SPEECH = {
    "quiet": "the speech is very quiet: record it closer to the microphone, or make it louder",
    "clipped": "the speech is clipped (its loudest parts are cut off): record it again with a lower input level",
    "no speech": "no speech was heard (silence, noise or music): give a recording in which somebody speaks",
}
PORTRAIT = {
    "unsure": "the face was hard to find, and what was found may be none: give a photo of one face, upright and clear",
    "cut": "the face is cut off by the picture's border: give a photo that shows all of it, with some room around",
    "small": "the face is small (fewer than 60 pixels between the eyes): give a larger photo, or crop less away",
    "turned": "the face is turned away: give a photo in which it looks at the camera",
    "covered": "the face is partly covered: give a photo without a hand, mask, sunglasses or anything else before it",
    "blurred": "the face is blurred: give a sharp photo",
    "dark": "the face is in too little light: give a photo taken in more light, from the front",
    "drawing": "this looks like a drawing: give a photo, since the model has learned from photographed faces",
    "mouth open": "the mouth is wide open: give a photo with the lips closed or nearly so",
}


@dataclass(frozen=True)
class InputWarning:
    """Something that will not do well. `kind` is a key of the tables above, `message` its sentence."""

    kind: str
    message: str

    @classmethod
    def of(cls, kind: str) -> "InputWarning":
        return cls(kind, {**SPEECH, **PORTRAIT}[kind])
