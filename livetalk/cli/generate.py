"""`livetalk generate`: a portrait, a prompt and speech -> an mp4.

Joins the rooms for one offline video: reads the conditions, lets the performer play them and writes the
frames as they come. It does not know how a frame is made.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from jaxtyping import UInt8

from livetalk.cli.console import err, out, progress
from livetalk.cli.inputs import default_portrait, default_speech, typed_prompt
from livetalk.cli.model import ModelOptions, Size, frame_size
from livetalk.cli.options import with_options
from livetalk.cli.outputs import Yes, make_sure
from livetalk.conditions.input_checks import check_speech, load_checked
from livetalk.conditions.prompt import DEFAULT_PROMPT
from livetalk.geometry import FRAME_RATE, FrameSize
from livetalk.media import SoundFile, open_sound, write_talking
from livetalk.media.video import ai_origin

if TYPE_CHECKING:
    from livetalk.avatar.blocks import TimedBlock


@with_options
def generate(
    model: ModelOptions,
    portrait: Annotated[Path | None, typer.Option(help="A photo of one person: any size, any format.")] = None,
    avatar: Annotated[str | None, typer.Option(help="A bundled face instead of a photo.")] = None,
    speech: Annotated[Path | None, typer.Option(help="What is said: wav, flac, mp3, ogg, m4a or a video.")] = None,
    say: Annotated[str | None, typer.Option(help="A text to be said by a local voice, in place of --speech.")] = None,
    voice: Annotated[str | None, typer.Option(help="Whose voice says it.")] = None,
    prompt: Annotated[str, typer.Option(help="How it is said.")] = DEFAULT_PROMPT,
    size: Annotated[
        Size, typer.Option(help="Height and width of the video; auto: what the picture is good for.")
    ] = "auto",
    out_path: Annotated[Path, typer.Option("--out", help="The video to write.")] = Path("talking.mp4"),
    yes: Yes = False,
    strict: Annotated[bool, typer.Option("--strict", help="Stop where portrait or speech will not do well.")] = False,
) -> None:
    """Make a talking video out of a portrait, a prompt and speech. Without options: a bundled face and voice."""
    make_sure(out_path, ".mp4", [portrait, speech], yes)
    prompt = typed_prompt(prompt, model.known())
    picture, doubts = _portrait(portrait, avatar, model, frame_size(size))
    with _spoken(speech, say, voice) as path:
        sound = open_sound(path)
        if speech is not None:
            doubts += [f"{speech}: {warning.message}" for warning in check_speech(sound.speech())]
        _tell(doubts, strict)
        _make(picture, sound, prompt, out_path, model)


def _make(
    picture: UInt8[np.ndarray, "h w 3"], sound: SoundFile, prompt: str, out_path: Path, model: ModelOptions
) -> None:
    """Write the video and say so."""
    if sound.choice is not None:
        err.print(sound.choice, markup=False)
    performer, preset, seed = model.load(), model.preset, model.seed
    origin = ai_origin(preset, performer.version, seed, prompt)
    with progress() as bar:
        guess = None if sound.seconds is None else math.ceil(sound.seconds * FRAME_RATE)
        task = bar.add_task("talking", total=guess)
        blocks = performer.perform(picture, sound.speech(), prompt)
        began = time.perf_counter()
        count = write_talking(
            out_path, _watched(blocks, lambda n: bar.advance(task, n)), sound, origin, picture.shape[:2]
        )
        seconds = time.perf_counter() - began
    out.print(
        f"{out_path}: {count / FRAME_RATE:.1f} s of video, made by AI (model {preset} {performer.version}, seed {seed})"
        f" in {seconds:.1f} s, {count / seconds:.0f} frames a second",
        markup=False,
    )


def _tell(doubts: list[str], strict: bool) -> None:
    """What will not do well is said, and the work goes on, or not."""
    if strict and doubts:
        raise ValueError("; ".join(doubts) + " (leave out --strict to go on all the same)")
    for doubt in doubts:
        err.print(f"warning: {doubt}", markup=False)


@contextmanager
def _spoken(speech: Path | None, say: str | None, voice: str | None) -> Iterator[Path]:
    """The file that holds what is said."""
    if say is None:
        if voice is not None:
            raise ValueError("--voice belongs to --say: give a text, or leave it out")
        yield speech or default_speech()
        return
    if speech is not None:
        raise ValueError("--speech and --say exclude each other: give one of them")
    from livetalk.voice.aloud import aloud
    from livetalk.voice.text.scripts import left_out

    if _is_file(say):
        raise ValueError(
            f"{say} is a file, and --say takes words: give a recording with --speech, or a text's contents"
        )
    with aloud(say, voice) as path:
        if note := left_out(say):
            err.print(f"note: {note}", markup=False)
        yield path


def _is_file(text: str) -> bool:
    """Whether a text is the name of a file that exists."""
    try:
        return Path(text).is_file()
    except OSError:  # too long for a name
        return False


def _watched(blocks: Iterator["TimedBlock"], tell: Callable[[int], None]) -> Iterator[UInt8[np.ndarray, "t h w 3"]]:
    """The blocks' frames; `tell` is told of each block's once they are written."""
    for block in blocks:
        yield block.frames
        tell(len(block.frames))


def _portrait(
    portrait: Path | None, avatar: str | None, model: ModelOptions, wanted: FrameSize
) -> tuple[UInt8[np.ndarray, "h w 3"], list[str]]:
    """The picture to begin with, and what is to be said about it."""
    from livetalk.conditions.portrait import centred, open_picture
    from livetalk.media.pictures import fitting_size

    if portrait is not None and avatar is not None:
        raise ValueError("--portrait and --avatar exclude each other: give one of them")
    preset = model.known()
    sizes = preset.sizes if wanted == "auto" else (preset.size_of(wanted),)
    if portrait is None:
        picture = default_portrait(avatar)
        return centred(picture, fitting_size(len(picture), sizes)), []
    if model.loading.as_published:  # its authors look for no face
        return centred(open_picture(portrait), preset.size_of(wanted)), []
    picture, warnings = load_checked(portrait, sizes)
    return picture, [f"{portrait}: {warning.message}" for warning in warnings]
