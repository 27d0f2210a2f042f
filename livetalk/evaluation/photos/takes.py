"""Takes of photographs: portrait, speech and acting of each clip, the model or puppet that draws it, its measures.

A take is a photograph, a scene (what the prompt asks for) and five seconds of a recorded voice; all three follow from
the photograph's name, so that any number of photographs is part of any larger number. What makes frames of a take is
either the model or a truth to hold it against: puppets of the photographs, or rendered people who act the same. Knows
takes one by one; figures of all of them are figures.py's business. Needs the `data` and `eval` extras.
"""

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from jaxtyping import Float, UInt8

from livetalk.conditions.portrait import frame_portrait
from livetalk.data.acting.performance import HELD_OUT_FROM, Performance, perform
from livetalk.data.acting.prompts import Acting
from livetalk.data.clips import CLIP_FRAMES
from livetalk.data.puppets.portraits import Portraits, open_portraits
from livetalk.evaluation import real
from livetalk.evaluation.clips import ASSETS, Player, play
from livetalk.evaluation.metrics import held_out, identity, phones, readback, vgg
from livetalk.evaluation.metrics.detail import detail
from livetalk.evaluation.metrics.landmarks import track_mesh
from livetalk.evaluation.metrics.lipsync import pearson
from livetalk.evaluation.metrics.motion import ranges
from livetalk.evaluation.metrics.phones import AlignedSpeech
from livetalk.evaluation.metrics.texture import shut, texture
from livetalk.evaluation.photos.log import Seen
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE
from livetalk.media.files import existing
from livetalk.media.pictures import open_picture
from livetalk.presets import TINY
from livetalk.voice.timing import Phoneme

EVERY = 4  # frames between two that are asked who they are and how they look; landmarks are found in all
LISTED = "held_out.txt"  # in a folder of photographs: the names, one a line, of those that nothing was trained on
FILM_EVERY = 12  # frames of a film between two that are taken as pictures of a real person
LONGEST = 60.0  # s of a recording that are cut into pieces

SCENES = {
    "calm": Acting(energy="calm", mentioned=("head", "gaze", "energy")),
    "smile_nod": Acting(mood="happy", head="nod", mentioned=("mood", "head")),
    "shake_surprise": Acting(mood="surprised", head="shake", mentioned=("mood", "head")),
}

Picture = UInt8[np.ndarray, "h w 3"]
Frames = UInt8[np.ndarray, "t h w 3"]
Windows = Mapping[str, AlignedSpeech]


@dataclass(frozen=True)
class Take:
    """One clip that is asked for."""

    photo: Path
    scene: str
    voice: str  # recording and second in it
    said: AlignedSpeech

    @property
    def seed(self) -> int:
        return HELD_OUT_FROM + _number(self.photo) % 1_000_000

    @cached_property
    def performance(self) -> Performance:
        """How it is to be acted, and the prompt that says so."""
        return perform(self.seed, self.said, 0, CLIP_FRAMES, acting=SCENES[self.scene])


class Maker(Protocol):
    """Makes the frames of takes."""

    def make(self, take: Take) -> tuple[Picture, Frames]:
        """The portrait that the clip begins from, and the clip, of one size."""
        ...


class ModelClips:
    """The model's clips: photograph, voice and prompt go in."""

    def __init__(self, player: Player) -> None:
        self.player = player

    def make(self, take: Take) -> tuple[Picture, Frames]:
        picture = open_picture(take.photo)
        portrait = frame_portrait(picture)
        made = play(self.player, portrait, take.said.audio, take.performance.prompt)
        if made.shape[1] != len(portrait):
            portrait = frame_portrait(picture, made.shape[1])
        return portrait, made[:CLIP_FRAMES]


class RenderedClips:
    """Rendered people, one for each photograph, who act what is asked of it."""

    def __init__(self, renderer: Any) -> None:
        self.renderer = renderer

    def make(self, take: Take) -> tuple[Picture, Frames]:
        from livetalk.data.heads import sample_look

        self.renderer.dress(sample_look(take.seed))
        frames = self.renderer.render(take.performance.weights, take.performance.pose)
        return frames[0], frames


class PuppetClips:
    """Photo puppets: the photograph itself, moved with what is asked of it. What a good model would make of a take."""

    def __init__(self, renderer: Any, portraits: Portraits) -> None:
        self.renderer, self.portraits = renderer, portraits

    def make(self, take: Take) -> tuple[Picture, Frames]:
        from livetalk.data.puppets.acting import perform_puppet
        from livetalk.data.puppets.puppet import own_pose, own_weights

        portrait = self.portraits[self.portraits.names.index(take.photo.stem)]
        own, acting = (own_weights(portrait), own_pose(portrait)), SCENES[take.scene]
        acted = perform_puppet(take.seed, own, take.said, 0, CLIP_FRAMES, acting)
        self.renderer.dress(portrait)
        frames = self.renderer.render(acted.weights, acted.pose)
        return frames[0], frames


def open_model(preset: str, weights: Path | None, threads: int) -> ModelClips:
    """Load a model. Raises ValueError for missing weights."""
    import torch

    from livetalk.performer.performer import Performer

    torch.set_num_threads(threads)
    return ModelClips(Performer.load(preset, folder=weights))


def open_rendered() -> RenderedClips:
    """Raises ValueError for missing extras."""
    from livetalk.data.heads.renderer import HeadRenderer

    return RenderedClips(HeadRenderer(TINY.geometry.size))


def open_puppets(pack: Path) -> PuppetClips:
    """Raises ValueError for missing extras, and for a file that is no pack."""
    from livetalk.data.puppets.renderer import PuppetRenderer

    return PuppetClips(PuppetRenderer(TINY.geometry.size), open_portraits(pack))


def fingerprint(weights: Path | None) -> str:
    """Fingerprint of a model, from the files of its weights. Raises ValueError if there are none."""
    files = sorted((weights or ASSETS).glob("*.safetensors"))
    if not files:
        raise ValueError(f"there are no weights in {weights}: give a folder with .safetensors files")
    return f"model {_digest(files)}"


def fingerprint_of_pack(pack: Path) -> str:
    """Fingerprint of a pack of puppets."""
    return f"puppets {_digest([existing(pack, 'file of portraits')])}"


def photographs(folder: Path) -> list[Path]:
    """The photographs of a folder, in an order that looks random and stays; those that `LISTED` names, if it is there.

    Raises ValueError for a folder without photographs.
    """
    found = real.files(folder, real.PICTURES)
    if (listed := folder / LISTED).is_file():
        names = set(listed.read_text(encoding="utf-8").split())
        found = [path for path in found if path.name in names]
    if not found:
        raise ValueError(f"{folder} holds no photographs: give a folder with .jpg or .png files of one person each")
    return sorted(found, key=lambda path: (_number(path), path.name))


def windows(folder: Path | None) -> dict[str, AlignedSpeech]:
    """Recorded English in pieces as long as a clip, by name and second; the bundled recordings if no folder is given.

    Raises ValueError for a folder in which nothing is long enough.
    """
    seconds = CLIP_FRAMES / FRAME_RATE
    if folder is None:
        said = {one.id: AlignedSpeech(one.audio, one.phonemes) for one in held_out.bundled_speech()}
    else:
        said = real.voices(folder, longest=LONGEST)
    found = {
        f"{name}@{start * seconds:.2f}": _piece(spoken, start * seconds, seconds)
        for name, spoken in said.items()
        for start in range(int(len(spoken.audio) / SAMPLE_RATE / seconds))
    }
    if not found:
        raise ValueError(
            f"{folder} holds no English voice of {seconds:.1f} s whose words are known: see docs/evaluation.md"
        )
    return found


def takes(photos: Sequence[Path], said: Windows) -> list[Take]:
    """All scenes of each photograph, each with another piece of speech."""
    names = sorted(said)
    return [
        Take(photo, scene, name, said[name])
        for photo in photos
        for place, scene in enumerate(SCENES)
        for name in [names[(_number(photo) + place) % len(names)]]
    ]


def look(portrait: Picture, frames: Frames, take: Take) -> Seen:
    """Measure a clip against the portrait that it begins from. Raises ValueError if that shows no face."""
    own, mesh = track_mesh(portrait[None])
    if not own.found[0]:
        raise ValueError(f"{take.photo}: no face was found in the framed photograph: leave it out")
    seen, meshes = track_mesh(frames)
    some = slice(EVERY, None, EVERY)
    fine = max(detail(portrait, mesh[0]), 1e-6)
    described = identity.describe(np.concatenate([portrait[None], frames[some]]))
    speaking, resting = (of(take.said.phonemes, len(frames)) for of in (held_out.speaking, held_out.resting))
    acting = SCENES[take.scene]
    lip_r = pearson(seen.gap, phones.opening(take.said.phonemes, len(frames)), speaking)
    return Seen(
        person=take.photo.name,
        asked={name: getattr(acting, name) for name in acting.mentioned},
        expression=readback.measures(seen, own),
        ranges=ranges(seen),
        lip_r=float(np.nan_to_num(lip_r)),
        rest=np.maximum(seen.gap[resting] - own.gap[0], 0),
        distances=identity.distances(described[1:], described[0]),
        descriptors=described[1:],
        pictures=pictured(frames[some]),
        texture=texture(frames[some], meshes[some], portrait, mesh[0]),
        shut=shut(seen, own)[some],
        detail=np.array([detail(*one) for one in zip(frames[some], meshes[some], strict=True)]) / fine,
    )


def pictured(frames: Frames) -> Float[np.ndarray, "t c"]:
    """How VGG16 sees the face of each frame, NaN without a face; no columns where it is not installed."""
    if not vgg.available():
        return np.zeros((len(frames), 0))
    found = np.full((len(frames), vgg.WIDTH), np.nan)
    for row, face in zip(found, identity.aligned(frames), strict=True):
        if face is not None:
            row[:] = vgg.features(face[None])[0]
    return found


def person(picture: Path) -> Float[np.ndarray, "n c"]:
    """Descriptors of a photograph, framed, or of a film's frames, and behind them how VGG16 sees them.

    None where no one face is found.
    """
    if picture.suffix.lower() in real.FILMS:
        return _described(real.film(picture)[0][::FILM_EVERY])
    try:
        framed = frame_portrait(open_picture(picture))
    except ValueError:
        return np.zeros((0, 128))
    seen = track_mesh(framed[None])[0].found
    return _described(framed[None][seen])


def _described(frames: Frames) -> Float[np.ndarray, "n c"]:
    found = np.concatenate([identity.describe(frames), pictured(frames)], axis=1)
    return found[np.isfinite(found[:, :128]).all(axis=1)]


def _piece(spoken: AlignedSpeech, start: float, seconds: float) -> AlignedSpeech:
    first, count = round(start * SAMPLE_RATE), round(seconds * SAMPLE_RATE)
    inside = [p for p in spoken.phonemes if p.end_s > start and p.start_s < start + seconds]
    moved = tuple(Phoneme(p.symbol, max(p.start_s - start, 0.0), p.end_s - start) for p in inside)
    return AlignedSpeech(spoken.audio[first : first + count], moved)


def _number(photo: Path) -> int:
    """A number that is a photograph's own, by its name."""
    return zlib.crc32(photo.stem.encode())


def _digest(files: Sequence[Path]) -> str:
    made = hashlib.sha256()
    for path in files:
        made.update(path.name.encode() + path.read_bytes())
    return made.hexdigest()[:12]
