"""Speech datasets (*shelves*): spoken utterances with the time of every phoneme, on disk and in memory.

A shelf is a folder: `manifest.jsonl` (one utterance a line, appended as it is made, so that a shelf can be
used while it grows and a killed run goes on where it stopped) and `audio/<id>.flac`, 16 kHz mono. Speech is
made by any engine with `speak(text, voice, speed)`; Kokoro is one. Knows no faces, no torch.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from jaxtyping import Float32

from livetalk.data.sentences import sentence
from livetalk.voice.timing import PAUSE, Phoneme, join

RATE = 16_000  # Hz, of every utterance here
HELD_OUT_VOICES = ("af_nova", "am_eric", "bf_alice", "bm_daniel", "ff_siwis", "jm_kumo")
ENGLISH = ("af_", "am_", "bf_", "bm_")  # prefixes of the voices whose mother tongue is English
FOREIGN_SHARE = 0.2  # of utterances spoken by other voices, with their accent
SPEEDS = (0.85, 1.2)
SHORTEST = 5.0  # s of speech at least, estimated from its letters
LETTERS = 15.0  # a second of speech, at speed 1
SILENT_SHARE = 0.08  # of utterances that are mostly silence
MANIFEST = "manifest.jsonl"


@dataclass(frozen=True)
class Utterance:
    """Something somebody says.

    `audio`: f32 [n] in [-1, 1] at 16 kHz. `phonemes`: contiguous from 0 to the end of the audio in Kokoro's
    alphabet; pauses are punctuation and spaces, marks of stress and length last 0 s.
    """

    id: str
    text: str
    voice: str
    audio: Float32[np.ndarray, "n"]
    phonemes: tuple[Phoneme, ...]

    @property
    def seconds(self) -> float:
        return len(self.audio) / RATE


@dataclass(frozen=True)
class Script:
    """Script of an utterance: sentences, voice and speed; pauses stand before, between and after the sentences."""

    id: str
    sentences: tuple[str, ...]
    voice: str
    speed: float
    pauses: tuple[float, ...]

    def __post_init__(self) -> None:
        assert len(self.pauses) == len(self.sentences) + 1


class Engine(Protocol):
    """Speech synthesiser: `livetalk.voice.kokoro.Kokoro`, or a fake in the tests."""

    def speak(self, text: str, voice: str, speed: float) -> "Sound": ...


class Sound(Protocol):
    """Synthesised speech: f32 [n] at 24 kHz and its phonemes."""

    @property
    def audio(self) -> Float32[np.ndarray, "n"]: ...
    @property
    def phonemes(self) -> tuple[Phoneme, ...]: ...


def scripts(seed: int, voices: Sequence[str], held_out: bool = False) -> Iterator[Script]:
    """An endless row of scripts, shuffled over voices so that any stretch of it is varied.

    `voices`: all that the engine has; of them the held-out six speak where `held_out`, else the others.
    Script n depends on the seed and n only.
    """
    cast = [voice for voice in voices if (voice in HELD_OUT_VOICES) == held_out]
    native = [voice for voice in cast if voice.startswith(ENGLISH)]
    foreign = [voice for voice in cast if not voice.startswith(ENGLISH)]
    if not cast:
        raise ValueError("the engine has none of the voices wanted: install all 54 of kokoro-js")
    n = 0
    while True:
        rng = np.random.default_rng([seed, n, int(held_out)])
        group = foreign if foreign and (not native or rng.random() < FOREIGN_SHARE) else native
        yield _script(rng, f"{'h' if held_out else 't'}{seed}_{n:05d}", _turn(group, seed, n), held_out)
        n += 1


def _turn(group: Sequence[str], seed: int, n: int) -> str:
    """Voice n of a group that goes round in a freshly shuffled order."""
    order = np.random.default_rng([seed, n // len(group)]).permutation(len(group))
    return group[int(order[n % len(group)])]


def _script(rng: np.random.Generator, name: str, voice: str, held_out: bool) -> Script:
    silent = rng.random() < SILENT_SHARE
    speed = float(rng.uniform(*SPEEDS))
    wanted = 1 if silent else int(rng.choice([1, 2, 3], p=[0.2, 0.5, 0.3]))
    spoken: list[str] = []
    while len(spoken) < wanted or (not silent and sum(map(len, spoken)) < SHORTEST * LETTERS * speed):
        spoken.append(sentence(rng, held_out))
    pauses = rng.uniform(0.2, 1.0, len(spoken) + 1)
    if silent:
        pauses = rng.permutation(rng.uniform([1.0, 3.0], [2.5, 6.0]))
    return Script(name, tuple(spoken), voice, speed, tuple(round(float(pause), 3) for pause in pauses))


def perform(script: Script, engine: Engine) -> Utterance:
    """Have an engine speak a script, with its pauses, at 16 kHz."""
    parts = [engine.speak(text, script.voice, script.speed) for text in script.sentences]
    before, *between, after = script.pauses
    audio, phonemes = join([(part.audio, part.phonemes) for part in parts], between, 24_000)
    audio = to_16k(audio)
    lead, tail = round(before * RATE), round(after * RATE)
    spoken_end = lead / RATE + len(audio) / RATE
    audio = np.concatenate([np.zeros(lead, np.float32), audio, np.zeros(tail, np.float32)])
    end = len(audio) / RATE
    moved = [Phoneme(p.symbol, p.start_s + lead / RATE, p.end_s + lead / RATE) for p in phonemes]
    moved[-1] = moved[-1]._replace(end_s=spoken_end)
    times = (Phoneme(PAUSE, 0.0, lead / RATE), *moved, Phoneme(PAUSE, spoken_end, end))
    return Utterance(script.id, " ".join(script.sentences), script.voice, audio, times)


def to_16k(audio: Float32[np.ndarray, "n"]) -> Float32[np.ndarray, "m"]:
    """24 kHz to 16 kHz."""
    from scipy.signal import resample_poly

    return np.clip(resample_poly(audio, 2, 3), -1.0, 1.0).astype(np.float32)


def synthesise(
    folder: Path,
    engine: Engine,
    voices: Sequence[str],
    seconds: float,
    seed: int = 0,
    held_out: bool = False,
    share: tuple[int, int] = (0, 1),
) -> Iterator[Utterance]:
    """Grow a shelf until it holds `seconds` of speech, yielding each utterance once it is safely on disk.

    Resumes: scripts already in the manifest are skipped. `share`: (i, n) for worker i of n that work on one
    shelf at once, each on its own scripts and for its part of the seconds.
    """
    worker, workers = share
    (folder / "audio").mkdir(parents=True, exist_ok=True)
    mine = [line for line in entries(folder) if int(line["id"].rpartition("_")[2]) % workers == worker]
    done, total = {line["id"] for line in mine}, sum(line["seconds"] for line in mine)
    for n, script in enumerate(scripts(seed, voices, held_out)):
        if total >= seconds / workers:
            return
        if n % workers != worker or script.id in done:
            continue
        utterance = perform(script, engine)
        add(folder, utterance)
        total += utterance.seconds
        yield utterance


def add(folder: Path, utterance: Utterance) -> None:
    """Put one utterance on a shelf: the sound first, its line in the manifest last, in one write."""
    (folder / "audio").mkdir(parents=True, exist_ok=True)
    path = _sound_of(folder, utterance.id)
    partial = path.with_suffix(f".part{path.suffix}")
    write_flac(partial, utterance.audio)
    partial.rename(path)
    line = {
        "id": utterance.id,
        "text": utterance.text,
        "voice": utterance.voice,
        "seconds": round(utterance.seconds, 4),
        "samples": len(utterance.audio),
        "phonemes": [[p.symbol, round(p.start_s, 4), round(p.end_s, 4)] for p in utterance.phonemes],
    }
    with (folder / MANIFEST).open("ab", buffering=0) as manifest:  # unbuffered: workers share the file, line by line
        manifest.write((json.dumps(line, ensure_ascii=False) + "\n").encode())


def entries(folder: Path) -> list[dict]:
    """The manifest's lines; a last line cut short by a kill is left out, an absent manifest has none."""
    path = folder / MANIFEST
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return found


class SpeechDataset:
    """A shelf on disk: utterances in order of making, read when asked for, as they stood when it was opened.

    Raises ValueError when the folder holds no speech.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.lines = entries(self.folder)
        if not self.lines:
            raise ValueError(f"no speech in {self.folder}: make some with `livetalk data speech --out {self.folder}`")

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def seconds(self) -> float:
        return float(sum(line["seconds"] for line in self.lines))

    def __getitem__(self, index: int) -> Utterance:
        line = self.lines[index]
        audio = read_flac(_sound_of(self.folder, line["id"]))
        phonemes = tuple(Phoneme(*p) for p in line["phonemes"])
        return Utterance(line["id"], line["text"], line["voice"], audio, phonemes)


def _sound_of(folder: Path, name: str) -> Path:
    return folder / "audio" / f"{name}.flac"


def write_flac(path: Path, audio: Float32[np.ndarray, "n"]) -> None:
    """Write f32 [n] at 16 kHz as 16-bit FLAC."""
    import av

    from livetalk.media.files import ffmpeg_path

    samples = np.round(np.clip(audio, -1, 1) * 32767).astype(np.int16)
    with av.open(ffmpeg_path(path), "w", format="flac") as out:
        stream = out.add_stream("flac", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate = RATE
        for packet in (*stream.encode(frame), *stream.encode(None)):
            out.mux(packet)


def read_flac(path: Path) -> Float32[np.ndarray, "n"]:
    """Read a sound of the shelf as f32 [n] at 16 kHz."""
    import av

    from livetalk.media.files import ffmpeg_path

    with av.open(ffmpeg_path(path)) as source:
        blocks = [frame.to_ndarray().ravel() for frame in source.decode(audio=0)]
    samples = np.concatenate(blocks) if blocks else np.zeros(0, np.int16)
    return samples.astype(np.float32) / 32768.0
