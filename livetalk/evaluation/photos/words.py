"""Readback of a talking photograph: its mood, its head's movement and where it looks.

As `readback`, which was made for rendered people, with words from puppets of 150 photographs of training (moods
cross-validated: 92 % right, where the words of rendered people give 79 %). Most photographs smile, so a smile is
measured from a face at rest on, and brows and lids that a smile had lowered rise as it fades. Eyes turned sideways are
seen, measured from the photograph's own; eyes cast down are not told from lids that a fading smile opens. Knows
measures; not clips, prompts or pictures.
"""

from collections.abc import Mapping

from livetalk.evaluation.metrics.readback import ATTRIBUTES, AttributeVocabulary

AT_REST = 0.1  # smile that a face without one may score: a portrait that smiles more is not at rest

PHOTOGRAPHED = {
    "mood": AttributeVocabulary(
        ("smile grown", "frown grown", "brow down grown", "brow up grown", "inner grown", "squint grown", "wide grown"),
        (0.11, 0.04, 0.17, 0.09, 0.12, 0.06, 0.01),
        {
            "neutral": (-0.05, 0.00, -0.19, 0.02, 0.01, -0.06, 0.00),
            "happy": (0.62, 0.00, -0.17, 0.01, 0.00, 0.00, 0.00),
            "sad": (-0.10, 0.08, -0.36, 0.02, 0.07, -0.09, 0.00),
            "angry": (-0.04, 0.01, 0.17, 0.00, 0.00, 0.11, 0.00),
            "surprised": (-0.03, 0.00, -0.35, 0.17, 0.10, -0.24, 0.01),
        },
    ),
    "head": ATTRIBUTES["head"],
    "gaze": AttributeVocabulary(
        ("left grown", "right grown"),
        (0.06, 0.10),
        {
            "camera": (0.00, 0.01),
            "left": (0.25, -0.10),
            "right": (-0.02, 0.40),
        },
    ),
}  # fmt: skip


def read(expression: Mapping[str, float]) -> dict[str, str]:
    """The word that fits each attribute best, of what `readback.measures` found; empty if it found nothing."""
    if not expression:
        return {}
    seen = from_rest(expression)
    return {name: words.nearest(seen) for name, words in PHOTOGRAPHED.items()}


def from_rest(expression: Mapping[str, float]) -> dict[str, float]:
    """Measures with the smile counted from a face at rest on, as those of `PHOTOGRAPHED` are."""
    own = expression["smile"] - expression["smile grown"]
    return {**expression, "smile grown": expression["smile"] - min(own, AT_REST)}
