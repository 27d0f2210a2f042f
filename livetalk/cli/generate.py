"""`livetalk generate`: a portrait, a prompt and speech -> an mp4.

Joins the rooms for one offline video: reads the conditions, lets the performer play them and writes the
frames as they come. It does not know how a frame is made.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import typer
from jaxtyping import UInt8

from livetalk.cli.console import avatars, err, out, progress, speeches
from livetalk.geometry import FRAME_RATE
from livetalk.media import SoundFile, open_sound, read_speech, write_talking
from livetalk.media.files import claim
from livetalk.media.video import ai_origin

if TYPE_CHECKING:
    from livetalk.avatar.blocks import TimedBlock
    from livetalk.performer.performer import Performer

PROMPT = "a person talks to the camera, calm and friendly"


def generate(
    portrait: Annotated[Path | None, typer.Option(help="A photo of one person: any size, any format.")] = None,
    speech: Annotated[Path | None, typer.Option(help="What is said: wav, flac, mp3, ogg, m4a or a video.")] = None,
    say: Annotated[str | None, typer.Option(help="A text to be said by a local voice, in place of --speech.")] = None,
    voice: Annotated[str | None, typer.Option(help="Whose voice says it.")] = None,
    prompt: Annotated[str, typer.Option(help="How it is said.")] = PROMPT,
    out_path: Annotated[Path, typer.Option("--out", help="The video to write.")] = Path("talking.mp4"),
    seed: Annotated[int, typer.Option(help="The same seed gives the same video.", min=0)] = 0,
    avatar: Annotated[str | None, typer.Option(help="A bundled face instead of a photo.")] = None,
    preset: Annotated[str, typer.Option(help="The model.")] = "tiny",
    weights: Annotated[Path | None, typer.Option(help="A folder of weights in place of the usual ones.")] = None,
    as_published: Annotated[
        bool, typer.Option("--as-published", help="1.3b as its authors run it: absolute positions, the whole clip.")
    ] = False,
    random_weights: Annotated[
        bool, typer.Option("--random-weights", help="1.3b without its files: all is real but the picture.")
    ] = False,
    device: Annotated[str | None, typer.Option(help="cpu, cuda:1, or cuda:0,cuda:1 to decode on the second.")] = None,
    mode: Annotated[
        Literal["exact", "fast"] | None, typer.Option(help="1.3b made fast first; pays for long videos.")
    ] = None,
    decoder: Annotated[Path | None, typer.Option(help="TAEHV's taew2_1.pth, for the fast mode.")] = None,
) -> None:
    """Make a talking video out of a portrait, a prompt and speech. Without options: a bundled face and voice."""
    if out_path.suffix.lower() != ".mp4":
        raise ValueError(f"{out_path} is no mp4: give --out a name that ends in .mp4")
    wish = Wish(preset, seed, weights, as_published, random_weights, device, mode, decoder)
    picture = _portrait(portrait, avatar, wish)
    with _spoken(speech, say, voice) as path:
        _make(picture, open_sound(path), prompt, out_path, wish)


@dataclass(frozen=True)
class Wish:
    """Which model, and how it is loaded."""

    preset: str
    seed: int = 0
    weights: Path | None = None
    as_published: bool = False
    random_weights: bool = False
    device: str | None = None
    mode: Literal["exact", "fast"] | None = None
    decoder: Path | None = None

    def load(self) -> "Performer":
        """The performer, made fast if that is wished, with a bar while that takes minutes; imports torch."""
        if not (self.as_published or self.random_weights or self.device or self.mode):
            return load_performer(self.preset, self.seed, self.weights)
        from livetalk.performer.performer import LoadOptions, Performer

        options = LoadOptions(self.as_published, self.random_weights, self.device, self.mode, self.decoder)
        with progress() as bar:
            task = bar.add_task("loading", total=None)

            def tell(words: str) -> None:
                bar.update(task, description=words)

            performer = Performer.load(self.preset, seed=self.seed, folder=self.weights, options=options, tell=tell)
        for line in performer.log:  # what really runs
            err.print(line, markup=False)
        return performer

    @property
    def full(self) -> bool:
        """Whether this is a preset of published files."""
        if self.preset == "tiny":
            return False
        from livetalk.presets import FULL_PRESETS

        return self.preset in FULL_PRESETS

    @property
    def size(self) -> int:
        """Pixels along a side of a frame."""
        from livetalk.presets import FULL_PRESETS, PRESETS, TINY

        return (PRESETS | FULL_PRESETS).get(self.preset, TINY).geometry.size


def _make(picture: UInt8[np.ndarray, "h w 3"], sound: SoundFile, prompt: str, out_path: Path, wish: Wish) -> None:
    """Write the video and say so."""
    claim(out_path)
    performer, preset, seed = wish.load(), wish.preset, wish.seed
    origin = ai_origin(preset, performer.version, seed, prompt)
    with progress() as bar:
        guess = None if sound.seconds is None else math.ceil(sound.seconds * FRAME_RATE)
        task = bar.add_task("talking", total=guess)
        blocks = performer.perform(picture, read_speech(sound.path), prompt)
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

    with aloud(say, voice) as path:
        yield path


def load_performer(preset: str, seed: int, weights: Path | None = None) -> "Performer":
    """The performer of a preset, loaded; imports torch."""
    from livetalk.performer.performer import Performer

    return Performer.load(preset, seed=seed, folder=weights)


def _watched(blocks: Iterator["TimedBlock"], tell: Callable[[int], None]) -> Iterator[UInt8[np.ndarray, "t h w 3"]]:
    """The blocks' frames; `tell` is told of each block's once they are written."""
    for block in blocks:
        yield block.frames
        tell(len(block.frames))


def _portrait(portrait: Path | None, avatar: str | None, wish: Wish) -> UInt8[np.ndarray, "h w 3"]:
    from livetalk.conditions.portrait import centred, load_portrait, open_picture

    if portrait is not None and avatar is not None:
        raise ValueError("--portrait and --avatar exclude each other: give one of them")
    if portrait is None:
        return centred(default_portrait(avatar), wish.size)
    if wish.as_published:  # its authors look for no face
        return centred(open_picture(portrait), wish.size)
    return load_portrait(portrait, wish.size)


def default_portrait(avatar: str | None = None) -> UInt8[np.ndarray, "h w 3"]:
    """A bundled face by its name, or the first one; it is framed already."""
    from livetalk.conditions.portrait import open_picture

    known = avatars()
    if not known:
        raise ValueError("this installation has no bundled faces: give a photo with --portrait")
    if avatar is not None and avatar not in known:
        raise ValueError(f"there is no avatar {avatar!r}: choose one of {', '.join(known)}")
    return open_picture(known[avatar or next(iter(known))])


def default_speech() -> Path:
    """The first bundled recording."""
    known = speeches()
    if not known:
        raise ValueError("this installation has no bundled speech: give a recording with --speech")
    return next(iter(known.values()))
