"""Offline generation: a portrait, a recording and a prompt become an mp4 that says it was made by AI.

python examples/offline.py [PORTRAIT] [SPEECH] [OUT.mp4]
"""

import sys
from importlib.resources import files

from livetalk import Performer
from livetalk.conditions.portrait import load_portrait
from livetalk.media import open_sound, read_speech, write_talking
from livetalk.media.video import ai_origin

PROMPT = "a woman smiles and nods while she speaks"


def main(portrait_path: str, speech_path: str, out_path: str) -> int:
    """Writes the video; returns the number of frames."""
    performer = Performer.load("tiny", seed=7)
    portrait = load_portrait(portrait_path, performer.preset.geometry.size)
    # Blocks of 12 frames come while the speech is still being read: nothing is held in memory but one block.
    frames = (block.frames for block in performer.perform(portrait, read_speech(speech_path), PROMPT))
    origin = ai_origin("tiny", performer.version, performer.seed, PROMPT)
    return write_talking(out_path, frames, open_sound(speech_path), origin, portrait.shape[:2])


if __name__ == "__main__":
    assets = files("livetalk") / "assets"
    usual = [str(assets / "avatars" / "ada.jpg"), str(assets / "speech" / "hello.ogg"), "offline.mp4"]
    given = sys.argv[1:]
    frames = main(*(given + usual[len(given) :]))
    sys.stdout.write(f"{frames} frames\n")
