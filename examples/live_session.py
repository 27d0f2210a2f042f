"""A live session: speech is pushed in pieces, frames come back at their time, and a word cuts it short.

python examples/live_session.py [SECONDS_UNTIL_THE_INTERRUPT]
"""

import sys
from importlib.resources import files

import numpy as np

from livetalk import LivePerformer, Performer
from livetalk.avatar.blocks import Interrupted, TimedBlock, UtteranceFinished
from livetalk.conditions.portrait import load_portrait
from livetalk.media import read_speech

ASSETS = files("livetalk") / "assets"


Item = TimedBlock | Interrupted | UtteranceFinished


def main(interrupt_after: float = 1.0) -> list[Item]:
    """Speaks until the interrupt and a second beyond; returns everything the viewer was given."""
    speech = np.concatenate(list(read_speech(str(ASSETS / "speech" / "hello.ogg"))))
    performer, shown = Performer.load("tiny"), []
    portrait = load_portrait(str(ASSETS / "avatars" / "ada.jpg"), performer.preset.geometry.size)
    with LivePerformer(performer, sessions=1) as live:
        session = live.open(portrait, "a woman speaks calmly", seed=7)
        session.push(speech)  # of any length and rate, from any thread
        session.end()  # the utterance is complete: nothing waits for more
        interrupted = False
        while (item := session.take(timeout=10)) is not None:
            shown.append(item)
            if isinstance(item, UtteranceFinished):
                session.close()  # nobody interrupted: all of it has been said
                continue
            if isinstance(item, Interrupted):
                continue  # sound from `item.pts` on is not to be played; pictures go on
            seconds = item.first_frame / 16 + item.seconds
            if not interrupted and seconds >= interrupt_after:
                session.interrupt()
                interrupted = True
            elif seconds >= interrupt_after + 1:
                session.close()
    return shown


if __name__ == "__main__":
    for item in main(*(float(text) for text in sys.argv[1:])):
        match item:
            case Interrupted(pts):
                line = f"{pts / 16_000:6.3f} s  interrupted: play no sound from here on"
            case UtteranceFinished(pts):
                line = f"{pts / 16_000:6.3f} s  all has been said"
            case TimedBlock():
                spoken = item.speech_samples / 16_000
                line = f"{item.pts / 16_000:6.3f} s  {len(item.frames)} frames, {spoken:.2f} s of speech"
        sys.stdout.write(line + "\n")
