"""Phrases that prompts are made of: for every attribute, subjects, and sentence templates.

Data only; prompts.py picks and joins. Training and held-out entries are disjoint.
"""

DEFAULT = "a person talks to the camera"

# Phrases are (finite verb form, participle form): "smiles" goes after a subject, "smiling" after "with"-less commas.
Phrase = tuple[str, str]
TRAIN: dict[str, dict[str, tuple[Phrase, ...]]] = {
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
HELD_OUT: dict[str, dict[str, tuple[Phrase, ...]]] = {
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
SUBJECTS = {
    "woman": (("a woman", "the woman", "a young woman", "a lady"), ("this lady", "some woman")),
    "man": (("a man", "the man", "a young man", "a gentleman"), ("this gentleman", "some man")),
    "person": (("a person", "the person", "somebody", "someone"), ("this person", "some individual")),
}
SPEAKS = {"woman": "she speaks", "man": "he speaks", "person": "they speak"}
# {s} subject, {v} verb phrases, {p} participle phrases, {w} pronoun and "speaks".
FRAMES = {
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
PLAIN = {
    False: (
        DEFAULT, "{s} talks", "{s} is speaking", "a video of {s} talking", "{s} speaks to the camera",
        "a portrait of {s} speaking",
    ),
    True: ("in this clip {s} gives a speech", "footage of {s}", "here {s} delivers a few words"),
}  # fmt: skip
