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

from livetalk.data.acting import phrases

Mood = Literal["neutral", "happy", "sad", "angry", "surprised"]
Head = Literal["still", "nod", "shake"]
Gaze = Literal["camera", "left", "right", "down"]
Energy = Literal["calm", "normal", "lively"]
MOODS, HEADS, GAZES, ENERGIES = (get_args(kind) for kind in (Mood, Head, Gaze, Energy))

DEFAULT_PROMPT = phrases.DEFAULT
MOST_WORDS = 22  # a prompt is given 24 tokens


@dataclass(frozen=True)
class Acting:
    """Acting attributes of a clip. `mentioned` names the attributes that the prompt speaks of.

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
    """Attributes of a clip and which of them its prompt names. One prompt in eight names none."""
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


def write_prompt(acting: Acting, rng: np.random.Generator, held_out: bool = False, person: str | None = None) -> str:
    """One sentence that asks for the attributes in `acting.mentioned`, and for nothing else.

    person: "woman", "man" or "person" (also when None); a known one is called a person a third of the time.
    """
    if person not in phrases.SUBJECTS or rng.random() < 1 / 3:
        person = "person"
    subject = _pick(phrases.SUBJECTS[person][held_out], rng)
    if not acting.mentioned:
        return _pick(phrases.PLAIN[held_out], rng).format(s=subject)
    table = phrases.HELD_OUT if held_out else phrases.TRAIN
    order = [acting.mentioned[i] for i in rng.permutation(len(acting.mentioned))]
    chosen = [_pick(table[name][getattr(acting, name)], rng) for name in order]
    verbs = _listed([verb for verb, _ in chosen], rng)
    participles = _listed([participle for _, participle in chosen], rng)
    blanks = {"s": subject, "v": verbs, "p": participles, "w": phrases.SPEAKS[person]}
    sentences = [frame.format(**blanks) for frame in phrases.FRAMES[held_out]]
    prompt = _pick([s for s in sentences if len(s.split()) <= MOST_WORDS] or [min(sentences, key=len)], rng)
    return prompt if rng.random() < 0.7 else prompt[0].upper() + prompt[1:] + "."


def vocabulary(held_out: bool | None = None) -> set[str]:
    """Every word that a prompt may hold, in lower case, for sizing a tokeniser. None: of both kinds."""
    words: set[str] = set()
    for kind in (False, True) if held_out is None else (held_out,):
        sentences = [
            *phrases.FRAMES[kind],
            *phrases.PLAIN[kind],
            *(s for subject in phrases.SUBJECTS.values() for s in subject[kind]),
        ]
        for values in (phrases.HELD_OUT if kind else phrases.TRAIN).values():
            sentences += [form for options in values.values() for phrase in options for form in phrase]
        sentences += [] if kind else phrases.SPEAKS.values()
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
