"""Evaluation on real recordings and photographs from a folder: lip sync and identity.

There is no truth to compare with, so lips are held against what the sounds ask of a mouth (`phones.py`), and beside
them stand the r of a mouth that follows loudness only, the r against another recording, and the r that filmed
speakers reach: the measure's own ceiling. Nothing of the folder comes with the package. Knows files and frames; not
the model that is measured.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, UInt8

from livetalk.conditions.portrait import frame_portrait
from livetalk.conditions.prompt import DEFAULT_PROMPT
from livetalk.evaluation.clips import Player, play
from livetalk.evaluation.metrics import held_out, identity, phones
from livetalk.evaluation.metrics.landmarks import track
from livetalk.evaluation.metrics.lipsync import pearson
from livetalk.evaluation.metrics.phones import AlignedSpeech
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE
from livetalk.media import read_speech
from livetalk.media.files import ffmpeg_path
from livetalk.media.pictures import open_picture

SOUNDS = (".wav", ".flac", ".ogg", ".mp3", ".m4a")
PICTURES = (".png", ".jpg", ".jpeg")
FILMS = (".mpg", ".mp4")
LONGEST = 10.0  # s of a recording that are played
SHOWN = 5.0  # s that a photograph is made to talk
LOOK_EVERY = 8  # frames between two that are asked who they are
STRANGER = 1.0  # distance of a frame in which no face is found
NAN = float("nan")

# What is said in freely available recordings, by file name; for others a text file beside them says it. Names that
# the dictionary lacks are spelt as they sound.
TRANSCRIPTS = {
    "en_jfk": "And so my fellow Americans ask not what your country can do for you"
    " ask what you can do for your country",
    "en_LJ001-0001": "Printing in the only sense with which we are at present concerned differs from most"
    " if not from all the arts and crafts represented in the exhibition",
    "en_librispeech_198-209-0000": "Missus Allen said Catherine the next morning will there be any harm in my calling"
    " on Miss Tilney today I shall not be easy till I have explained everything"
    " Go by all means my dear only put on a white gown Miss Tilney always wears white",
    "en_librispeech_3436-172162-0000": "The adventure of the cart It befell in the month of May queen gwen of ear"
    " called to her knights of the table round and gave them warning that early upon the morrow"
    " she would ride a may ing into the woods and fields beside Westminster",
    "en_vctk_p234_003": "Six spoons of fresh snow peas five thick slabs of blue cheese"
    " and maybe a snack for her brother Bob",
    "real_grid_bbaf2n": "bin blue at f two now",
    "real_grid_lwbsza": "lay white by s zero again",
    "real_grid_pwij3p": "place white in j three please",
    "real_grid_swiz3n": "set white in z three now",
}

Picture = UInt8[np.ndarray, "h w 3"]
Frames = UInt8[np.ndarray, "t h w 3"]
Tell = Callable[[], None]


@dataclass(frozen=True)
class Followed:
    """How well one curve of lip gaps follows one recording; each r is 0 where it cannot be told."""

    r: float
    loudness: float  # of a mouth that follows loudness only
    swapped: float  # against the next recording; NaN if there is no other


def measure(
    player: Player, folder: Path, avatars: Mapping[str, Picture], tell: Tell = lambda: None
) -> dict[str, float]:
    """All figures of a folder; `tell` is called after each of its clips (see `clips`).

    Raises ValueError for a folder without anything that could be used.
    """
    said, photos = voices(folder), portraits(folder)
    if not said and not photos:
        raise ValueError(
            f"{folder} holds neither English voices with their words nor photographs: see docs/evaluation.md"
        )
    found = list(_followed(player, said, avatars, tell))
    filmed = [_r(gap, spoken) for gap, spoken in _filmed(folder)]
    far = [median for photo in photos.values() for median in [_kept(player, photo, said, tell)]]
    others = np.array([one.r - one.swapped for one in found])
    return {
        "real_voice_r": _median([one.r for one in found]),
        "real_voice_over_loudness": _median([one.r for one in found]) - _median([one.loudness for one in found]),
        "real_voice_over_swapped": float(np.nanmean(others)) if np.isfinite(others).any() else NAN,
        "real_voice_filmed": _median(filmed),
        "real_portrait_identity": _median(far),
        "real_portraits": float(len(photos)),
    }


def clips(folder: Path, avatars: int) -> int:
    """How many clips `measure` plays."""
    return len(files(folder, SOUNDS, "en_")) * avatars + len(files(folder, PICTURES + FILMS))


def voices(folder: Path, longest: float = LONGEST) -> dict[str, AlignedSpeech]:
    """The English recordings by name: the first seconds of files that begin with en_ and whose words are known."""
    found = {}
    for path in files(folder, SOUNDS, "en_"):
        if (text := transcript(path)) is not None:
            audio = np.concatenate(list(read_speech(path)))
            found[path.stem] = _cut(phones.align(audio, text), longest)
    return found


def transcript(path: Path) -> str | None:
    """Transcript of a recording: the text file beside it, or the one known by its name."""
    beside = path.with_suffix(".txt")
    return beside.read_text(encoding="utf-8") if beside.is_file() else TRANSCRIPTS.get(path.stem)


def portraits(folder: Path) -> dict[str, Picture]:
    """Photographs, and the first frames of films, framed as the model wants them, by name."""
    found = {path.stem: open_picture(path) for path in files(folder, PICTURES)}
    found |= {path.stem: film(path)[0][0] for path in files(folder, FILMS)}
    return {name: frame_portrait(picture) for name, picture in found.items()}


def follows(gap: Float[np.ndarray, " t"], spoken: AlignedSpeech, other: AlignedSpeech | None = None) -> Followed:
    """Hold a curve of lip gaps, one value per video frame, against a recording's sounds."""
    loud = held_out.loudness(spoken.audio, spoken.frames)
    return Followed(_r(gap, spoken), _r(loud, spoken), NAN if other is None else _r(gap, other))


def _followed(
    player: Player, said: Mapping[str, AlignedSpeech], avatars: Mapping[str, Picture], tell: Tell
) -> Iterator[Followed]:
    spoken = list(said.values())
    for place, one in enumerate(spoken):
        other = spoken[(place + 1) % len(spoken)] if len(spoken) > 1 else None
        for face in avatars.values():
            yield follows(track(_played(player, face, one)).gap, one, other)
            tell()


def _kept(player: Player, photo: Picture, said: Mapping[str, AlignedSpeech], tell: Tell) -> float:
    """Median distance of a talking photograph from itself. Raises ValueError if there is no voice to talk with."""
    if not said:
        raise ValueError(
            "there is no English voice for the photographs to talk with: add one whose name begins with en_"
        )
    made = _played(player, photo, _cut(next(iter(said.values())), SHOWN))
    looked = identity.describe(np.concatenate([photo[None], made[LOOK_EVERY::LOOK_EVERY]]))
    tell()
    return float(np.median(np.nan_to_num(identity.distances(looked[1:], looked[0]), nan=STRANGER)))


def _played(player: Player, face: Picture, spoken: AlignedSpeech) -> Frames:
    return play(player, face, spoken.audio, DEFAULT_PROMPT)[: spoken.frames]


def _filmed(folder: Path) -> Iterator[tuple[Float[np.ndarray, " t"], AlignedSpeech]]:
    """Lip gaps of filmed speakers at our frame rate, with what they say."""
    for path in files(folder, FILMS):
        if (text := transcript(path)) is None:
            continue
        frames, rate = film(path)
        spoken = phones.align(np.concatenate(list(read_speech(path))), text)
        gap, times = track(frames).gap, np.arange(spoken.frames) / FRAME_RATE
        yield np.interp(times, np.arange(len(gap)) / rate, gap), spoken


def _r(curve: Float[np.ndarray, " t"], spoken: AlignedSpeech) -> float:
    t = min(len(curve), spoken.frames)
    known = phones.opening(spoken.phonemes, t)
    return float(np.nan_to_num(pearson(curve[:t], known, _speaking(spoken, t))))


def _speaking(spoken: AlignedSpeech, frames: int) -> Bool[np.ndarray, " t"]:
    return held_out.speaking(spoken.phonemes, frames)


def _cut(spoken: AlignedSpeech, seconds: float) -> AlignedSpeech:
    return AlignedSpeech(spoken.audio[: round(seconds * SAMPLE_RATE)], spoken.phonemes)


def film(path: Path) -> tuple[Frames, float]:
    """All frames and their rate."""
    import av

    with av.open(ffmpeg_path(path)) as source:
        rate = float(source.streams.video[0].average_rate or FRAME_RATE)
        return np.stack([frame.to_ndarray(format="rgb24") for frame in source.decode(video=0)]), rate


def files(folder: Path, kinds: Sequence[str], begin: str = "") -> list[Path]:
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder: give one with recordings and photographs")
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in kinds and path.name.startswith(begin))


def _median(values: Sequence[float]) -> float:
    return float(np.median(values)) if values else NAN
