"""Context of a clip: the dialogue so far, as text and as a picture, for a maker of clips.

The paper gives the last frame of the clip before and the transcript; so does this. Knows neither makers nor networks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image

from livetalk.evaluation.dialogue.scenarios import Turn
from livetalk.geometry import SAMPLE_RATE
from livetalk.media import read_speech
from livetalk.media.video import Mp4Writer, read_frames

FRAME_RATE = 24  # of clips that are cut
LOUD = 0.02  # peak from which on something is heard

Transcribe = Callable[[Float32[np.ndarray, " n"]], str]


@dataclass(frozen=True)
class Exchange:
    """A turn that is over. answered: what was understood of the answer; None if there was none."""

    says: str
    answered: str | None


def clip_prompt(setting: str, before: Sequence[Exchange], turn: Turn) -> str:
    """The prompt of the next clip."""
    lines = [
        "One continuous shot of the person in the picture, who is in a video call and looks into the camera. Same "
        "person, clothes, light, background and voice as in the picture and before. No cuts, no music, no text.",
        f"Setting: {setting}",
    ]
    if before:
        lines += ["What was said so far:", *transcript_lines(before)]
    if turn.says:
        lines.append(f'Now the visitor says: "{turn.says}"')
        lines.append("The person answers aloud, at once and in full, with the expression that fits, within the clip.")
    else:
        lines.append(f"Now the visitor says nothing for {turn.silent_s:g} seconds.")
        lines.append("The person does what a good listener does now.")
    return "\n".join(lines)


def transcript_lines(before: Sequence[Exchange], says: str | None = None) -> list[str]:
    """What was said, a line each; `says`: what the visitor says now."""
    lines: list[str] = []
    for one in before:
        lines.append(f"Visitor: {one.says or '(says nothing)'}")
        lines.append(f"Person: {one.answered or '(no answer)'}")
    return lines if says is None else [*lines, f"Visitor: {says or '(says nothing)'}"]


def save_last_frame(video: Path, path: Path) -> Path:
    """The last picture of a clip as a PNG. Raises ValueError for one without pictures."""
    last: UInt8[np.ndarray, "h w 3"] | None = None
    for picture in read_frames(video):
        last = picture
    if last is None:
        raise ValueError(f"{video} holds no picture that can be read")
    Image.fromarray(last).save(path)
    return path


def save_canvas(picture: Path, path: Path, width: int, height: int) -> Path:
    """A picture on a canvas of this size, whole and in the middle, the colour of its border around it, as a PNG."""
    with Image.open(picture) as opened:
        image = opened.convert("RGB")
    if image.size != (width, height):
        edge = np.concatenate([np.asarray(image)[0], np.asarray(image)[-1]]).mean(0)
        scale = min(width / image.width, height / image.height)
        inner = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
        image = Image.new("RGB", (width, height), (int(edge[0]), int(edge[1]), int(edge[2])))
        image.paste(inner, ((width - inner.width) // 2, (height - inner.height) // 2))
    image.save(path)
    return path


def sound_of(video: Path) -> Float32[np.ndarray, " n"]:
    """A clip's sound at 16 kHz; none for a silent film."""
    try:
        return np.concatenate(list(read_speech(video)))
    except ValueError:
        return np.zeros(0, np.float32)


def cut_off(whole: Path, path: Path, seconds: float) -> bool:
    """A clip until so many seconds after its first sound, as a visitor who breaks in would hear it; whether that is
    less than the whole."""
    sound = sound_of(whole)
    loud = np.flatnonzero(np.abs(sound) > LOUD)
    end = seconds + (loud[0] / SAMPLE_RATE if len(loud) else 0.0)
    frames = read_frames(whole, frame_rate=FRAME_RATE)
    first = next(frames)
    height, width = (side // 2 * 2 for side in first.shape[:2])
    with Mp4Writer(path, size=(height, width), frame_rate=FRAME_RATE) as writer:
        for frame in chain([first], islice(frames, max(0, round(end * FRAME_RATE) - 1))):
            writer.write_frames(frame[None, :height, :width])
        writer.write_audio(sound[: round(end * SAMPLE_RATE)])
    return next(frames, None) is not None


def whisper() -> Transcribe:
    """The local speech recognition. Raises ValueError, saying what to install, without it."""
    from livetalk.conversation.brains.base import BrainError
    from livetalk.conversation.brains.local.asr import LocalASR
    from livetalk.conversation.brains.local.models import find_whisper

    try:
        return LocalASR(find_whisper()).transcribe
    except BrainError as error:
        raise ValueError(str(error)) from error
