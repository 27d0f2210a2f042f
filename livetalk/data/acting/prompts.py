"""Acting attributes and the sentences that ask for them.

`Acting` says what a clip shows; `write_prompt` says it in one of thousands of English ways, naming only some of the
attributes. Held-out prompts use sentence frames, subjects and phrases that no training prompt uses, around content
words that training prompts teach (a small text encoder cannot know a synonym it never met). Left and right are those
of the picture, as a viewer sees them.

Does not know how any of it is acted: see motion.py. Does not tokenise.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

import numpy as np

Mood = Literal["neutral", "happy", "sad", "angry", "surprised"]
Head = Literal["still", "nod", "shake"]
Gaze = Literal["camera", "left", "right", "down"]
Energy = Literal["calm", "normal", "lively"]
MOODS, HEADS, GAZES, ENERGIES = (get_args(kind) for kind in (Mood, Head, Gaze, Energy))

DEFAULT_PROMPT = "a person talks to the camera"
MOST_WORDS = 22  # a prompt is given 24 tokens


@dataclass(frozen=True)
class Acting:
    """What the clip shows. `mentioned` names the attributes that the prompt speaks of.

    An attribute that is not mentioned is usually the natural default (neutral, still, camera, normal); a head that
    is still without being told so still moves as people do when they talk.
    """

    mood: Mood = "neutral"
    head: Head = "still"
    gaze: Gaze = "camera"
    energy: Energy = "normal"
    mentioned: tuple[str, ...] = ()

    def codes(self) -> tuple[int, int, int, int]:
        """Places of mood, head, gaze and energy in MOODS, HEADS, GAZES, ENERGIES."""
        return (
            MOODS.index(self.mood),
            HEADS.index(self.head),
            GAZES.index(self.gaze),
            ENERGIES.index(self.energy),
        )


ATTRIBUTES = tuple(field.name for field in fields(Acting) if field.name != "mentioned")
_CHOICES: dict[str, tuple[str, ...]] = {"mood": MOODS, "head": HEADS, "gaze": GAZES, "energy": ENERGIES}
_DEFAULTS = {name: getattr(Acting(), name) for name in ATTRIBUTES}
_NAMED = {"mood": 0.65, "head": 0.55, "gaze": 0.5, "energy": 0.4}  # how often a prompt names an attribute
_DEFAULT_NAMED = {"mood": 0.2, "head": 0.4, "gaze": 0.3, "energy": 0.3}  # how often a named one is the default value
_STRAY = {"mood": 0.08, "head": 0.05, "gaze": 0.05, "energy": 0.1}  # how often an unnamed one is not the default


def sample_acting(rng: np.random.Generator) -> Acting:
    """Attributes of a clip and which of them its prompt names. One clip in seven has a prompt that names none."""
    plain = rng.random() < 0.08
    chosen: dict[str, str] = {}
    mentioned: list[str] = []
    for name in ATTRIBUTES:
        default = _DEFAULTS[name]
        others = [choice for choice in _CHOICES[name] if choice != default]
        named = not plain and rng.random() < _NAMED[name]
        keep = rng.random() < (_DEFAULT_NAMED[name] if named else 1 - _STRAY[name])
        chosen[name] = default if keep else others[rng.integers(len(others))]
        if named:
            mentioned.append(name)
    return Acting(mentioned=tuple(mentioned), **chosen)  # pyright: ignore[reportArgumentType]


# Phrases are (finite verb form, participle form): "smiles" goes after a subject, "smiling" after "with"-less commas.
Phrase = tuple[str, str]
_TRAIN: dict[str, dict[str, tuple[Phrase, ...]]] = {
    "mood": {
        "neutral": (
            ("looks neutral", "with a neutral face"),
            ("keeps a neutral expression", "keeping a neutral expression"),
            ("shows no emotion", "showing no emotion"),
            ("has a relaxed, plain face", "with a relaxed face"),
        ),
        "happy": (
            ("smiles", "smiling"),
            ("looks happy", "looking happy"),
            ("has a happy face", "with a happy face"),
            ("smiles warmly", "with a warm smile"),
            ("looks cheerful", "in a cheerful mood"),
            ("grins with joy", "full of joy"),
        ),
        "sad": (
            ("looks sad", "looking sad"),
            ("frowns sadly", "with a sad frown"),
            ("has a sad face", "with a sad face"),
            ("seems unhappy", "in an unhappy mood"),
            ("looks sorrowful", "full of sorrow"),
        ),
        "angry": (
            ("looks angry", "looking angry"),
            ("scowls angrily", "with an angry scowl"),
            ("has an angry face", "with an angry face"),
            ("seems furious", "in a furious mood"),
            ("looks annoyed", "full of anger"),
        ),
        "surprised": (
            ("looks surprised", "looking surprised"),
            ("raises the eyebrows in surprise", "with raised eyebrows"),
            ("has a surprised face", "with a surprised face"),
            ("seems astonished", "with wide open eyes"),
            ("looks amazed", "full of surprise"),
        ),
    },
    "head": {
        "still": (
            ("keeps the head still", "keeping the head still"),
            ("holds still", "holding still"),
            ("hardly moves", "hardly moving"),
            ("does not move the head", "without moving the head"),
        ),
        "nod": (
            ("nods", "nodding"),
            ("nods the head", "nodding the head"),
            ("nods in agreement", "nodding in agreement"),
            ("keeps nodding", "nodding again and again"),
            ("moves the head up and down", "moving the head up and down"),
        ),
        "shake": (
            ("shakes the head", "shaking the head"),
            ("shakes the head no", "with a shake of the head"),
            ("keeps shaking the head", "shaking the head again and again"),
            ("moves the head from side to side", "moving the head from side to side"),
            ("shakes the head in denial", "shaking the head in denial"),
        ),
    },
    "gaze": {
        "camera": (
            ("looks at the camera", "looking at the camera"),
            ("looks straight ahead", "looking straight ahead"),
            ("faces the viewer", "facing the viewer"),
            ("keeps eye contact", "keeping eye contact"),
        ),
        "left": (
            ("looks to the left", "looking to the left"),
            ("glances left", "glancing left"),
            ("looks left", "eyes turned to the left"),
            ("gazes off to the left", "gazing off to the left"),
        ),
        "right": (
            ("looks to the right", "looking to the right"),
            ("glances right", "glancing right"),
            ("looks right", "eyes turned to the right"),
            ("gazes off to the right", "gazing off to the right"),
        ),
        "down": (
            ("looks down", "looking down"),
            ("lowers the eyes", "with lowered eyes"),
            ("glances down", "glancing down"),
            ("gazes at the floor", "gazing at the floor"),
        ),
    },
    "energy": {
        "calm": (
            ("speaks calmly", "calmly"),
            ("talks in a calm way", "in a calm way"),
            ("speaks softly and slowly", "softly and slowly"),
            ("stays quiet and calm", "in a quiet way"),
        ),
        "normal": (
            ("speaks normally", "in a normal way"),
            ("talks at a normal pace", "at a normal pace"),
            ("speaks with usual energy", "with usual energy"),
        ),
        "lively": (
            ("speaks in a lively way", "in a lively way"),
            ("talks with a lot of energy", "with a lot of energy"),
            ("is very animated", "very animated"),
            ("speaks with excitement", "excited and lively"),
        ),
    },
}
_HELD_OUT: dict[str, dict[str, tuple[Phrase, ...]]] = {
    "mood": {
        "neutral": (("stays neutral", "neutral and relaxed"), ("wears a plain expression", "no emotion on the face")),
        "happy": (("wears a happy smile", "a big smile on the face"), ("is clearly happy", "happy and smiling")),
        "sad": (("wears a sad frown", "a sad look on the face"), ("is clearly sad", "sad and unhappy")),
        "angry": (("wears an angry scowl", "an angry look on the face"), ("is clearly angry", "angry and furious")),
        "surprised": (("is clearly surprised", "a surprised look on the face"), ("reacts with surprise", "surprised")),
    },
    "head": {
        "still": (("leaves the head still", "the head held still"), ("remains still", "head not moving")),
        "nod": (("gives several nods", "head nodding up and down"), ("nods repeatedly", "with nods of the head")),
        "shake": (("gives a shake of the head", "head shaking"), ("shakes no repeatedly", "head going side to side")),
    },
    "gaze": {
        "camera": (("watches the camera", "eyes on the camera"), ("stares straight at the viewer", "eye contact held")),
        "left": (("turns the eyes left", "eyes on the left"), ("stares to the left", "gaze turned left")),
        "right": (("turns the eyes right", "eyes on the right"), ("stares to the right", "gaze turned right")),
        "down": (("turns the eyes down", "eyes on the floor"), ("stares down", "gaze lowered down")),
    },
    "energy": {
        "calm": (("remains calm", "calm and quiet"), ("is slow and calm", "slow and soft")),
        "normal": (("has a normal energy", "normal and usual"), ("keeps a normal pace", "as usual at a normal pace")),
        "lively": (("is full of lively energy", "lively and animated"), ("gets excited", "energy high and lively")),
    },
}
_SUBJECTS = {
    "woman": (("a woman", "the woman", "a young woman", "a lady"), ("this lady", "some woman")),
    "man": (("a man", "the man", "a young man", "a gentleman"), ("this gentleman", "some man")),
    "person": (("a person", "the person", "somebody", "someone"), ("this person", "some individual")),
}
_SPEAKS = {"woman": "she speaks", "man": "he speaks", "person": "they speak"}
# {s} subject, {v} verb phrases, {p} participle phrases, {w} pronoun and "speaks".
_FRAMES = {
    False: (
        "{s} {v} while speaking", "{s} {v} and talks", "{s} talks, {p}", "{s} speaks to the camera, {p}",
        "{s} is talking {p}", "a video of {s} talking, {p}", "{s} who {v} is speaking", "{s} {v} while talking",
        "a portrait of {s} speaking, {p}", "{s} {v}", "a close-up of {s}, {p}, talking", "{p}, {s} talks",
        "{s} {v} while {w}", "while {w}, {s} {v}",
    ),
    True: (
        "picture this: {s} {v} during a speech", "in this clip {s} {v}", "here {s} gives a talk, {p}",
        "footage where {s} {v}", "throughout the scene {s} {v}",
    ),
}  # fmt: skip
_PLAIN = {
    False: (
        DEFAULT_PROMPT, "{s} talks", "{s} is speaking", "a video of {s} talking", "{s} speaks to the camera",
        "a portrait of {s} speaking",
    ),
    True: ("in this clip {s} gives a speech", "footage of {s}", "here {s} delivers a few words"),
}  # fmt: skip


def write_prompt(acting: Acting, rng: np.random.Generator, held_out: bool = False, person: str | None = None) -> str:
    """One sentence that asks for the attributes in `acting.mentioned`, and for nothing else.

    person: "woman", "man" or "person" (also when None); a known one is called a person a third of the time.
    """
    if person not in _SUBJECTS or rng.random() < 1 / 3:
        person = "person"
    subject = _pick(_SUBJECTS[person][held_out], rng)
    if not acting.mentioned:
        return _pick(_PLAIN[held_out], rng).format(s=subject)
    phrases = _HELD_OUT if held_out else _TRAIN
    order = [acting.mentioned[i] for i in rng.permutation(len(acting.mentioned))]
    chosen = [_pick(phrases[name][getattr(acting, name)], rng) for name in order]
    verbs = _listed([verb for verb, _ in chosen], rng)
    participles = _listed([participle for _, participle in chosen], rng)
    blanks = {"s": subject, "v": verbs, "p": participles, "w": _SPEAKS[person]}
    sentences = [frame.format(**blanks) for frame in _FRAMES[held_out]]
    prompt = _pick([s for s in sentences if len(s.split()) <= MOST_WORDS] or [min(sentences, key=len)], rng)
    return prompt if rng.random() < 0.7 else prompt[0].upper() + prompt[1:] + "."


def vocabulary(held_out: bool | None = None) -> set[str]:
    """Every word that a prompt may hold, in lower case, for sizing a tokeniser. None: of both kinds."""
    words: set[str] = set()
    for kind in (False, True) if held_out is None else (held_out,):
        sentences = [*_FRAMES[kind], *_PLAIN[kind], *(s for subject in _SUBJECTS.values() for s in subject[kind])]
        for values in (_HELD_OUT if kind else _TRAIN).values():
            sentences += [form for phrases in values.values() for phrase in phrases for form in phrase]
        sentences += [] if kind else _SPEAKS.values()
        for sentence in sentences:
            words |= set(sentence.lower().format(s="", v="", p="", w="").replace(",", " ").replace(":", " ").split())
    return words | {"and"}


def _pick(options: Sequence[Any], rng: np.random.Generator) -> Any:
    return options[int(rng.integers(len(options)))]


def _listed(parts: list[str], rng: np.random.Generator) -> str:
    if len(parts) == 1:
        return parts[0]
    joint = " and " if rng.random() < 0.7 else ", "
    return ", ".join(parts[:-1]) + joint + parts[-1]
