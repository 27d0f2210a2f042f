"""Inputs of a command's model: the bundled portrait and speech, recordings from files, prompts as they were typed."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32, UInt8

from livetalk.cli.console import avatars, err, speeches
from livetalk.media import read_speech

if TYPE_CHECKING:
    from livetalk.presets import Preset


def default_portrait(avatar: str | None = None) -> UInt8[np.ndarray, "h w 3"]:
    """A bundled face by its name, or the first one; it is framed already."""
    from livetalk.media.pictures import open_picture

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


def recordings(paths: Iterable[Path] | None = None) -> list[Float32[np.ndarray, " n"]]:
    """Recordings, each in one piece (mono, 16 kHz); the bundled ones if none are named."""
    return [np.concatenate(list(read_speech(path))) for path in paths or speeches().values()]


def typed_prompt(prompt: str, preset: "Preset") -> str:
    """A prompt as the model takes it; says so where the model does not read all of it."""
    from livetalk.voice.text.characters import unescaped
    from livetalk.voice.text.scripts import foreign

    prompt, longest = unescaped(prompt), preset.longest_prompt
    if len(prompt) > longest:
        err.print(f"note: --prompt has {len(prompt)} characters, of which {preset.name} reads the first {longest}")
    if not preset.published and (strange := foreign(prompt)):
        letters = next(iter(strange))
        err.print(f"note: words of --prompt in {letters} do nothing: {preset.name} knows English", markup=False)
    return prompt[:longest]
