"""One training clip: a person, an utterance and a performance rendered together, with everything known about it.

What a seed fixes here: the look, which utterance of a shelf from which frame on, the performance and its prompt.
Seeds from HELD_OUT_FROM on use held-out people, voices, sentences and paraphrases only. Knows no models and no
training; how pixels, speech and motion come about is the business of heads/, speech.py and acting/.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from jaxtyping import Float, Float32, Int, UInt8

from livetalk import __version__
from livetalk.data.acting.performance import HELD_OUT_FROM, Performance, perform
from livetalk.data.acting.prompts import Acting
from livetalk.data.heads.look import Look, sample_look
from livetalk.data.speech import HELD_OUT_VOICES, SpeechDataset, Utterance, entries
from livetalk.geometry import FRAME_RATE, SAMPLE_RATE
from livetalk.voice.timing import Phoneme

CLIP_FRAMES = 81  # 21 latent frames, 7 blocks, 5.06 s
FROM_THE_START = 0.3  # of clips begin where their utterance begins, as a session does
_STREAM = 0xC11B


class Renderer(Protocol):
    """The part of `heads.HeadRenderer` and `puppets.PuppetRenderer` that clips need."""

    def dress(self, subject: Any, /) -> None: ...
    def render(self, weights: np.ndarray, pose: np.ndarray) -> UInt8[np.ndarray, "t h w 3"]: ...
    def boxes(self, weights: np.ndarray, pose: np.ndarray) -> Float[np.ndarray, "t 3 2"]: ...
    def opening(self, weights: np.ndarray) -> Float[np.ndarray, " t"]: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class UtteranceTimeline:
    """An utterance without its sound: what acting needs, light enough to hold by the ten thousand."""

    id: str
    voice: str
    frames: int  # whole video frames it lasts
    phonemes: tuple[Phoneme, ...]


SILENCE = UtteranceTimeline("", "", 0, ())


class Timelines:
    """The silent side of a shelf, in the order of its manifest; place n is the shelf's utterance n.

    Raises ValueError when the folder holds no speech.
    """

    def __init__(self, lines: Sequence[dict[str, Any]]) -> None:
        self._lines = lines
        self._held_out = np.array([line["voice"] in HELD_OUT_VOICES for line in lines])
        self._male = np.array([line["voice"][1:2] == "m" for line in lines])  # Kokoro's names: am_eric, bf_emma

    @classmethod
    def read(cls, folder: Path | str) -> "Timelines":
        lines = entries(Path(folder))
        if not lines:
            raise ValueError(f"no speech in {folder}: make some with `livetalk data speech --out {folder}`")
        return cls(lines)

    def spoken_by(self, man: bool, held_out: bool) -> Int[np.ndarray, " n"]:
        """Places of utterances by such a voice; by either sex if there is none of the wanted one."""
        kind = self._held_out == held_out
        wanted = np.flatnonzero(kind & (self._male == man))
        return wanted if len(wanted) else np.flatnonzero(kind)

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, place: int) -> UtteranceTimeline:
        line = self._lines[place]
        phonemes = tuple(Phoneme(*p) for p in line["phonemes"])
        return UtteranceTimeline(line["id"], line["voice"], int(line["seconds"] * FRAME_RATE), phonemes)


class Staged(Protocol):
    """Script of a clip for any renderer: all that a seed decides; `subject` is what the renderer puts on."""

    @property
    def subject(self) -> Any: ...
    @property
    def seed(self) -> int: ...
    @property
    def utterance(self) -> int: ...
    @property
    def start_frame(self) -> int: ...
    @property
    def performance(self) -> Performance: ...


@dataclass(frozen=True)
class ClipScript:
    """Script of a rendered head's clip: all that a seed decides before anything is drawn."""

    seed: int
    look: Look
    utterance: int  # place on the shelf
    start_frame: int  # of the utterance's frames, where the clip begins; the clip may outlast it (then silence)
    performance: Performance

    @property
    def subject(self) -> Look:
        return self.look


@dataclass(frozen=True)
class Clip:
    frames: UInt8[np.ndarray, "t h w 3"]
    audio: Float32[np.ndarray, " n"]  # 16 kHz, as long as the frames
    truth: dict[str, Any]
    kind: str = "rendered head"  # what made the pictures, for the file's mark


def stage(seed: int, speech: Timelines, frames: int = CLIP_FRAMES) -> ClipScript:
    """Sample the script of a seed. Raises ValueError if the shelf has no voice of the kind (held out or not)."""
    rng = np.random.default_rng((_STREAM, seed))
    look = sample_look(seed)
    held_out = seed >= HELD_OUT_FROM
    places = speech.spoken_by(look.is_man, held_out)
    if not len(places):
        kind = "held-out" if held_out else "training"
        raise ValueError(
            f"the shelf has no {kind} voices, which seed {seed} needs: add some with `livetalk data speech`"
        )
    utterance = int(places[rng.integers(len(places))])
    timeline = speech[utterance]
    last = max(0, timeline.frames - frames)
    start_frame = 0 if rng.random() < FROM_THE_START else int(rng.integers(last + 1))
    person = "man" if look.male > 0.7 else "woman" if look.male < 0.3 else None
    return ClipScript(seed, look, utterance, start_frame, perform(seed, timeline, start_frame, frames, person))


def render_clip(seed: int, shelf: SpeechDataset, renderer: Renderer, frames: int = CLIP_FRAMES) -> Clip:
    """Render the clip of a seed with its sound and truth; the same for the same seed, shelf and GL driver."""
    scene = stage(seed, Timelines(shelf.lines), frames)
    spoken = shelf[scene.utterance]
    renderer.dress(scene.look)
    weights, pose = scene.performance.weights, scene.performance.pose
    pixels = renderer.render(weights, pose)
    truth = describe(scene, spoken, frames)
    truth["opening"] = np.round(renderer.opening(weights), 4).tolist()
    truth["boxes"] = np.round(renderer.boxes(weights, pose), 1).tolist()
    return Clip(pixels, sound_of(spoken, scene.start_frame, frames), truth)


def render_still(seed: int, renderer: Renderer, frames: int = CLIP_FRAMES) -> Clip:
    """The person of a seed in silence, asked to hold still: breath, blinks and glances are all that moves."""
    look = sample_look(seed)
    acted = perform(seed, SILENCE, frames=frames, acting=Acting(mentioned=("head",)))
    renderer.dress(look)
    pixels = renderer.render(acted.weights, acted.pose)
    return Clip(pixels, np.zeros(frames * (SAMPLE_RATE // FRAME_RATE), np.float32), {"prompt": acted.prompt})


def sound_of(spoken: Utterance, start_frame: int, frames: int) -> Float32[np.ndarray, " n"]:
    """The sound under `frames` frames from `start_frame` on, silence past the end."""
    step = SAMPLE_RATE // FRAME_RATE
    sound = np.zeros(frames * step, np.float32)
    part = spoken.audio[start_frame * step : (start_frame + frames) * step]
    sound[: len(part)] = part
    return sound


def describe(scene: Staged, spoken: Utterance, frames: int) -> dict[str, Any]:
    """Description of a clip without drawing it, ready for JSON; times in seconds from the clip's start."""
    acting = scene.performance.acting
    begin = scene.start_frame / FRAME_RATE
    end = begin + frames / FRAME_RATE
    inside = [p for p in spoken.phonemes if p.end_s > begin and p.start_s < end]
    return {
        "seed": scene.seed,
        "held_out": scene.seed >= HELD_OUT_FROM,
        "prompt": scene.performance.prompt,
        "attributes": {key: value for key, value in asdict(acting).items() if key != "mentioned"},
        "mentioned": list(acting.mentioned),
        "utterance": spoken.id,
        "voice": spoken.voice,
        "text": spoken.text,
        "start_frame": scene.start_frame,
        "frame_rate": FRAME_RATE,
        "phonemes": [
            [p.symbol, round(max(p.start_s, begin) - begin, 4), round(min(p.end_s, end) - begin, 4)] for p in inside
        ],
        "pose": np.round(scene.performance.pose, 4).tolist(),
    }


def write_clip(clip: Clip, path: Path | str) -> Path:
    """Write the clip as mp4 (h264 and aac) under `path` and its truth beside it as .json; returns the json's path.

    The mp4 is marked as made by AI: the voice may be, and nobody was filmed.

    Raises ValueError, with what to do, if the file cannot be written.
    """
    from livetalk.media.video import Mp4Writer, ai_origin

    path = Path(path)
    origin = ai_origin(clip.kind, __version__, clip.truth["seed"], clip.truth["prompt"])
    height, width = clip.frames.shape[1:3]
    with Mp4Writer(path, size=(height, width), origin=origin) as writer:
        writer.write_frames(clip.frames)
        writer.write_audio(clip.audio)
    beside = path.with_suffix(".json")
    beside.write_text(json.dumps(clip.truth, ensure_ascii=False) + "\n", encoding="utf-8")
    return beside
